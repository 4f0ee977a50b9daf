//! Statements that define tables, views, indexes and databases.

use super::{Charset, Comments, Expr, Ident, Literal, Query, TableName};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreateTable<'a> {
    pub comments: Comments<'a>,
    pub temporary: bool,
    pub external: bool,
    pub if_not_exists: bool,
    pub name: TableName<'a>,
    /// `LIKE other`; then all that follows is empty.
    pub like: Option<TableName<'a>>,
    /// Columns, keys and constraints in the order of the text.
    pub elements: &'a [TableElement<'a>],
    pub options: &'a [TableOption<'a>],
    pub partitioning: Option<&'a Partitioning<'a>>,
    pub source: Option<TableSource<'a>>,
}

/// `[IGNORE|REPLACE] AS SELECT ...`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableSource<'a> {
    pub duplicates: Option<super::LoadDuplicates>,
    pub query: &'a Query<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TableElement<'a> {
    Column(&'a ColumnDef<'a>),
    Index(&'a IndexDef<'a>),
    ForeignKey(&'a ForeignKey<'a>),
    Check(&'a Check<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnDef<'a> {
    pub name: Ident<'a>,
    pub data_type: DataType<'a>,
    /// In the order of the text.
    pub options: &'a [ColumnOption<'a>],
}

/// A column's type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DataType<'a> {
    pub kind: TypeKind,
    /// Digits as written.
    pub length: Option<&'a str>,
    pub scale: Option<&'a str>,
    pub unsigned: bool,
    pub zerofill: bool,
    pub charset: Option<Charset<'a>>,
    /// `BINARY` behind a character type.
    pub binary: bool,
    pub collate: Option<&'a str>,
    /// Of `ENUM` and `SET`.
    pub values: &'a [Literal<'a>],
}

/// Types by their canonical names; synonyms (`INTEGER`, `DEC`, `BOOL`) are read as these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypeKind {
    TinyInt,
    SmallInt,
    MediumInt,
    Int,
    BigInt,
    /// `BIGINT UNSIGNED NOT NULL AUTO_INCREMENT UNIQUE`
    Serial,
    Decimal,
    Float,
    Double,
    Bit,
    Date,
    Time,
    Datetime,
    Timestamp,
    Year,
    Char,
    VarChar,
    Binary,
    VarBinary,
    TinyText,
    Text,
    MediumText,
    LongText,
    TinyBlob,
    Blob,
    MediumBlob,
    LongBlob,
    Enum,
    Set,
    Json,
    Vector,
    Geometry,
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
    GeometryCollection,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ColumnOption<'a> {
    Null,
    NotNull,
    /// `DEFAULT` and a literal, or the current time.
    Default(Expr<'a>),
    /// `DEFAULT (expression)`
    DefaultExpr(Expr<'a>),
    OnUpdate(Expr<'a>),
    AutoIncrement,
    /// `MASKING POLICY name`
    MaskingPolicy(Ident<'a>),
    PrimaryKey,
    Unique,
    /// `KEY` alone, which in a column means the primary key.
    Key,
    Comment(&'a Literal<'a>),
    Collate(&'a str),
    ColumnFormat(&'a str),
    Storage(&'a str),
    EngineAttribute(&'a Literal<'a>),
    SecondaryEngineAttribute(&'a Literal<'a>),
    Generated {
        expr: Expr<'a>,
        storage: Option<GeneratedStorage>,
    },
    Visible,
    Invisible,
    References(&'a References<'a>),
    Check(&'a Check<'a>),
    Srid(&'a str),
    SerialDefaultValue,
    NotSecondary,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneratedStorage {
    Virtual,
    Stored,
}

/// A key of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndexDef<'a> {
    pub kind: IndexKind,
    /// `CONSTRAINT name` of a primary or unique key.
    pub constraint: Option<Ident<'a>>,
    pub name: Option<Ident<'a>>,
    pub parts: &'a [IndexPart<'a>],
    pub options: &'a [IndexOption<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexKind {
    Plain,
    Unique,
    Primary,
    FullText,
    Spatial,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndexPart<'a> {
    pub key: IndexPartKey<'a>,
    pub order: Option<SortOrder>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortOrder {
    Asc,
    Desc,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IndexPartKey<'a> {
    Column { name: Ident<'a>, length: Option<&'a str> },
    Expr(Expr<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IndexOption<'a> {
    KeyBlockSize(&'a str),
    /// `USING BTREE`
    Using(&'a str),
    Parser(Ident<'a>),
    Comment(&'a Literal<'a>),
    Visible,
    Invisible,
    EngineAttribute(&'a Literal<'a>),
    SecondaryEngineAttribute(&'a Literal<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForeignKey<'a> {
    pub constraint: Option<Ident<'a>>,
    pub name: Option<Ident<'a>>,
    pub columns: &'a [IndexPart<'a>],
    pub references: References<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct References<'a> {
    pub table: TableName<'a>,
    pub columns: &'a [IndexPart<'a>],
    pub matching: Option<&'a str>,
    pub on_delete: Option<ReferenceAction>,
    pub on_update: Option<ReferenceAction>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReferenceAction {
    Restrict,
    Cascade,
    SetNull,
    NoAction,
    SetDefault,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check<'a> {
    pub constraint: Option<Ident<'a>>,
    pub expr: Expr<'a>,
    /// `[NOT] ENFORCED`, if written.
    pub enforced: Option<bool>,
}

/// An option of a table, a partition or a database: `engine = InnoDB`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableOption<'a> {
    /// Lower case, words separated by one space, without a leading `DEFAULT`.
    pub name: &'a str,
    pub value: OptionValue<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptionValue<'a> {
    /// A word or a number as written.
    Word(&'a str),
    String(&'a Literal<'a>),
    /// Of `SECONDARY_ENGINE`.
    Null,
    /// Of `UNION`.
    Tables(&'a [TableName<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Partitioning<'a> {
    pub method: PartitionMethod<'a>,
    pub partitions_count: Option<&'a str>,
    pub subpartition: Option<PartitionMethod<'a>>,
    pub subpartitions_count: Option<&'a str>,
    pub partitions: &'a [PartitionDef<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PartitionMethod<'a> {
    Hash { linear: bool, expr: Expr<'a> },
    Key { linear: bool, algorithm: Option<&'a str>, columns: &'a [Ident<'a>] },
    Range(Expr<'a>),
    RangeColumns(&'a [Ident<'a>]),
    List(Expr<'a>),
    ListColumns(&'a [Ident<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartitionDef<'a> {
    pub name: Ident<'a>,
    pub values: Option<PartitionValues<'a>>,
    pub options: &'a [TableOption<'a>],
    pub subpartitions: &'a [PartitionDef<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PartitionValues<'a> {
    /// `LESS THAN MAXVALUE`
    LessThanMax,
    /// `LESS THAN (...)`; `MAXVALUE` among the values is `None`.
    LessThan(&'a [Option<Expr<'a>>]),
    In(&'a [Expr<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlterTable<'a> {
    pub comments: Comments<'a>,
    pub name: TableName<'a>,
    pub actions: &'a [AlterAction<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AlterAction<'a> {
    AddColumns {
        columns: &'a [AddColumn<'a>],
        parenthesised: bool,
    },
    /// `ADD COLUMN (...)` with keys or constraints among the columns.
    AddElements(&'a [TableElement<'a>]),
    /// Keys and constraints; columns come as [`AlterAction::AddColumns`].
    Add(TableElement<'a>),
    /// `MODIFY [COLUMN]`
    Modify {
        column: &'a ColumnDef<'a>,
        position: ColumnPosition<'a>,
    },
    /// `CHANGE [COLUMN]`
    Change {
        from: Ident<'a>,
        column: &'a ColumnDef<'a>,
        position: ColumnPosition<'a>,
    },
    /// With `parenthesised`, an expression; else a literal.
    SetDefault {
        column: Ident<'a>,
        value: Expr<'a>,
        parenthesised: bool,
    },
    DropDefault {
        column: Ident<'a>,
    },
    /// `SET MASKING POLICY name`, or with `None` `DROP MASKING POLICY`.
    SetMaskingPolicy {
        column: Ident<'a>,
        policy: Option<Ident<'a>>,
    },
    SetColumnVisible {
        column: Ident<'a>,
        visible: bool,
    },
    SetIndexVisible {
        index: Ident<'a>,
        visible: bool,
    },
    SetEnforced {
        kind: ConstraintKind,
        name: Ident<'a>,
        enforced: bool,
    },
    DropColumn(Ident<'a>),
    DropIndex(Ident<'a>),
    DropPrimaryKey,
    DropForeignKey(Ident<'a>),
    DropConstraint {
        kind: ConstraintKind,
        name: Ident<'a>,
    },
    RenameColumn {
        from: Ident<'a>,
        to: Ident<'a>,
    },
    RenameIndex {
        from: Ident<'a>,
        to: Ident<'a>,
    },
    RenameTable(TableName<'a>),
    OrderBy(&'a [super::OrderItem<'a>]),
    ConvertCharset {
        charset: &'a str,
        collate: Option<&'a str>,
    },
    DisableKeys,
    EnableKeys,
    DiscardTablespace,
    ImportTablespace,
    Force,
    Options(&'a [TableOption<'a>]),
    Algorithm(&'a str),
    Lock(&'a str),
    Validation(bool),
    PartitionBy(&'a Partitioning<'a>),
    RemovePartitioning,
    AddPartitions {
        partitions: &'a [PartitionDef<'a>],
        count: Option<&'a str>,
    },
    DropPartitions(&'a [Ident<'a>]),
    CoalescePartition(&'a str),
    ReorganizePartition {
        names: &'a [Ident<'a>],
        into: &'a [PartitionDef<'a>],
    },
    ExchangePartition {
        name: Ident<'a>,
        table: TableName<'a>,
        validation: Option<bool>,
    },
    /// `TRUNCATE`, `ANALYZE`, `CHECK`, `OPTIMIZE`, `REBUILD`, `REPAIR`, `DISCARD`, `IMPORT`.
    PartitionWork {
        work: &'a str,
        names: &'a [Ident<'a>],
        options: &'a [&'a str],
    },
    /// `SECONDARY_LOAD [PARTITION (...)]`
    SecondaryLoad(&'a [Ident<'a>]),
    SecondaryUnload(&'a [Ident<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AddColumn<'a> {
    pub column: &'a ColumnDef<'a>,
    pub position: ColumnPosition<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnPosition<'a> {
    Unsaid,
    First,
    After(Ident<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    Check,
    Constraint,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropTable<'a> {
    pub comments: Comments<'a>,
    pub temporary: bool,
    pub if_exists: bool,
    pub tables: &'a [TableName<'a>],
    /// `RESTRICT` or `CASCADE`, which MySQL ignores.
    pub behaviour: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreateIndex<'a> {
    pub comments: Comments<'a>,
    pub table: TableName<'a>,
    /// Its name is always there.
    pub index: IndexDef<'a>,
    pub algorithm: Option<&'a str>,
    pub lock: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropIndex<'a> {
    pub comments: Comments<'a>,
    /// `PRIMARY` for the primary key.
    pub name: Ident<'a>,
    pub table: TableName<'a>,
    pub algorithm: Option<&'a str>,
    pub lock: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreateDatabase<'a> {
    pub comments: Comments<'a>,
    pub if_not_exists: bool,
    pub name: Ident<'a>,
    pub options: &'a [TableOption<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlterDatabase<'a> {
    /// `None` means the session's database.
    pub name: Option<Ident<'a>>,
    pub options: &'a [TableOption<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropDatabase<'a> {
    pub comments: Comments<'a>,
    pub if_exists: bool,
    pub name: Ident<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenamePair<'a> {
    pub from: TableName<'a>,
    pub to: TableName<'a>,
}
