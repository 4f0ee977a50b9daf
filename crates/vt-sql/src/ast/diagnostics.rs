//! `SIGNAL`, `RESIGNAL`, `GET DIAGNOSTICS`.

use super::{Expr, Ident, IntoVariable, Literal};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Diagnostics<'a> {
    Signal { condition: SignalCondition<'a>, items: &'a [SignalItem<'a>] },
    Resignal { condition: Option<SignalCondition<'a>>, items: &'a [SignalItem<'a>] },
    Get(&'a GetDiagnostics<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SignalCondition<'a> {
    /// `SQLSTATE '45000'`
    State(&'a Literal<'a>),
    Named(Ident<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignalItem<'a> {
    pub item: DiagnosticsItem,
    pub value: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GetDiagnostics<'a> {
    /// `STACKED`, not `CURRENT`.
    pub stacked: bool,
    /// The number of the condition; `None` for the statement as a whole.
    pub condition: Option<Expr<'a>>,
    pub targets: &'a [(IntoVariable<'a>, DiagnosticsItem)],
}

/// What is known of a condition, or, the first two, of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiagnosticsItem {
    Number,
    RowCount,
    ClassOrigin,
    SubclassOrigin,
    ReturnedSqlstate,
    MessageText,
    MysqlErrno,
    ConstraintCatalog,
    ConstraintSchema,
    ConstraintName,
    CatalogName,
    SchemaName,
    TableName,
    ColumnName,
    CursorName,
}
