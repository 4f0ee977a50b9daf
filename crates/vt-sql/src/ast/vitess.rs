//! Statements that only Vitess has.

use super::{Comments, Expr, Ident, Limit, Literal, SelectItem, TableName};

/// `ALTER VSCHEMA ...`
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AlterVschema<'a> {
    CreateVindex {
        name: TableName<'a>,
        spec: VindexSpec<'a>,
    },
    DropVindex {
        name: TableName<'a>,
    },
    AddTable(TableName<'a>),
    DropTable(TableName<'a>),
    AddSequence(TableName<'a>),
    DropSequence(TableName<'a>),
    /// `ON table ADD VINDEX name (columns) USING ...`
    AddColumnVindex {
        table: TableName<'a>,
        name: Ident<'a>,
        columns: &'a [Ident<'a>],
        spec: VindexSpec<'a>,
    },
    DropColumnVindex {
        table: TableName<'a>,
        name: Ident<'a>,
    },
    AddAutoIncrement {
        table: TableName<'a>,
        column: Ident<'a>,
        sequence: TableName<'a>,
    },
    DropAutoIncrement {
        table: TableName<'a>,
    },
}

/// `USING type WITH a = b, ...`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VindexSpec<'a> {
    pub vindex_type: Option<Ident<'a>>,
    pub params: &'a [VindexParam<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VindexParam<'a> {
    pub key: Ident<'a>,
    pub value: &'a str,
}

/// `ALTER VITESS_MIGRATION ...`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlterMigration<'a> {
    /// `None` stands for `ALL`.
    pub uuid: Option<&'a Literal<'a>>,
    pub action: MigrationAction<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MigrationAction<'a> {
    Retry,
    Cleanup,
    Launch { shards: Option<&'a Literal<'a>> },
    Complete { shards: Option<&'a Literal<'a>> },
    PostponeComplete,
    Cancel,
    Throttle { expire: Option<&'a Literal<'a>>, ratio: Option<&'a Literal<'a>> },
    Unthrottle,
    ForceCutover,
    CutoverThreshold(&'a Literal<'a>),
}

/// `STREAM * FROM t` and `VSTREAM * FROM t ...`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stream<'a> {
    pub comments: Comments<'a>,
    /// `VSTREAM`
    pub vstream: bool,
    pub item: SelectItem<'a>,
    pub table: TableName<'a>,
    /// Of `VSTREAM`.
    pub filter: Option<Expr<'a>>,
    /// Of `VSTREAM`.
    pub limit: Option<Limit<'a>>,
}
