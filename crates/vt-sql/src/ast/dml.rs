//! `INSERT`, `REPLACE`, `UPDATE`, `DELETE`, `LOAD DATA`, `CALL`, `DO`.

use super::{
    ColumnName, Comments, Expr, FileFormat, Ident, Limit, Literal, OrderItem, Query, TableName,
    TableRef, With,
};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Insert<'a> {
    pub comments: Comments<'a>,
    pub replace: bool,
    pub priority: Option<Priority>,
    pub ignore: bool,
    pub table: TableName<'a>,
    pub partitions: &'a [Ident<'a>],
    /// Empty if the text names none. `INSERT ... SET a = 1` is read as columns and one row.
    pub columns: &'a [Ident<'a>],
    pub source: InsertSource<'a>,
    /// `AS new(a, b)` behind the rows.
    pub row_alias: Option<RowAlias<'a>>,
    pub on_duplicate: &'a [Assignment<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    Low,
    High,
    Delayed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InsertSource<'a> {
    /// Rows; `DEFAULT` is [`Expr::Default`]; a row may be empty.
    Values(&'a [&'a [Expr<'a>]]),
    Query(&'a Query<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowAlias<'a> {
    pub name: Ident<'a>,
    pub columns: &'a [Ident<'a>],
}

/// `column = value`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assignment<'a> {
    pub column: ColumnName<'a>,
    pub value: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update<'a> {
    pub with: Option<&'a With<'a>>,
    pub comments: Comments<'a>,
    pub low_priority: bool,
    pub ignore: bool,
    pub tables: &'a [TableRef<'a>],
    pub assignments: &'a [Assignment<'a>],
    pub filter: Option<Expr<'a>>,
    pub order_by: &'a [OrderItem<'a>],
    pub limit: Option<Limit<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delete<'a> {
    pub with: Option<&'a With<'a>>,
    pub comments: Comments<'a>,
    pub low_priority: bool,
    pub quick: bool,
    pub ignore: bool,
    /// The tables that lose rows, in the multi-table forms; empty in `DELETE FROM t`.
    pub targets: &'a [TableName<'a>],
    pub tables: &'a [TableRef<'a>],
    pub filter: Option<Expr<'a>>,
    pub order_by: &'a [OrderItem<'a>],
    pub limit: Option<Limit<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoadData<'a> {
    pub xml: bool,
    pub priority: Option<LoadPriority>,
    pub local: bool,
    pub path: &'a Literal<'a>,
    pub on_duplicate: Option<LoadDuplicates>,
    pub table: TableName<'a>,
    pub partitions: &'a [Ident<'a>],
    pub charset: Option<&'a str>,
    /// `ROWS IDENTIFIED BY '<row>'` of `LOAD XML`.
    pub row_tag: Option<&'a Literal<'a>>,
    pub format: FileFormat<'a>,
    pub ignore_lines: Option<&'a Literal<'a>>,
    /// Columns and user variables.
    pub columns: &'a [Expr<'a>],
    pub assignments: &'a [Assignment<'a>],
    /// What only bulk loading has.
    pub bulk: Option<&'a BulkLoad<'a>>,
}

/// Where a bulk load reads from, and how; everything may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BulkLoad<'a> {
    /// `FROM` before the source.
    pub from: bool,
    /// `URL` or `S3` instead of `INFILE`.
    pub source: LoadSource,
    /// Of files, as written.
    pub count: Option<&'a str>,
    pub in_primary_key_order: bool,
    pub compression: Option<&'a Literal<'a>>,
    pub parallel: Option<&'a str>,
    pub memory: Option<&'a str>,
    /// `ALGORITHM = BULK`
    pub algorithm_bulk: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadSource {
    #[default]
    InFile,
    Url,
    S3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadPriority {
    Low,
    Concurrent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadDuplicates {
    Replace,
    Ignore,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call<'a> {
    pub name: TableName<'a>,
    pub args: &'a [Expr<'a>],
}
