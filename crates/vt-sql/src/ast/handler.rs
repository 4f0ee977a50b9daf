//! `HANDLER`: direct access to a table's rows.

use super::{BinaryOp, Expr, Ident, Limit, TableName};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Handler<'a> {
    Open { table: TableName<'a>, alias: Option<Ident<'a>> },
    Close(Ident<'a>),
    Read(&'a HandlerRead<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandlerRead<'a> {
    pub table: Ident<'a>,
    pub index: Option<Ident<'a>>,
    pub from: HandlerFrom<'a>,
    pub filter: Option<Expr<'a>>,
    pub limit: Option<Limit<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HandlerFrom<'a> {
    First,
    Next,
    Previous,
    Last,
    /// `= (values)` and its kin, of an index.
    Key {
        op: BinaryOp,
        values: &'a [Expr<'a>],
    },
}
