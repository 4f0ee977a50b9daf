//! Views.

use super::{Comments, Ident, Query, TableName};

/// `CREATE VIEW` and `ALTER VIEW`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View<'a> {
    pub comments: Comments<'a>,
    pub alter: bool,
    pub or_replace: bool,
    pub if_not_exists: bool,
    pub algorithm: Option<&'a str>,
    /// The account as written.
    pub definer: Option<super::Account<'a>>,
    pub security: Option<ViewSecurity>,
    pub kind: ViewKind,
    pub name: TableName<'a>,
    pub columns: &'a [Ident<'a>],
    pub query: &'a Query<'a>,
    pub check: Option<ViewCheck>,
}

/// What of a view's definition is not told by its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewKind {
    Plain,
    Materialized,
    /// `JSON [RELATIONAL] DUALITY VIEW`
    JsonDuality,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewSecurity {
    Definer,
    Invoker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewCheck {
    /// `WITH CHECK OPTION`, which means cascaded.
    Unsaid,
    Cascaded,
    Local,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropView<'a> {
    pub comments: Comments<'a>,
    pub if_exists: bool,
    pub views: &'a [TableName<'a>],
    pub behaviour: Option<&'a str>,
}
