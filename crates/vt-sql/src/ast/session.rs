//! Statements of the session: `SET`, transactions, `KILL`, `EXPLAIN`, prepared statements.

use super::{Comments, Expr, Ident, Statement, TableName, Variable, VariableScope};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Set<'a> {
    pub comments: Comments<'a>,
    pub items: &'a [SetItem<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SetItem<'a> {
    Variable {
        variable: Variable<'a>,
        value: SetValue<'a>,
    },
    /// `NAMES charset COLLATE collation`; no charset means `DEFAULT`.
    Names {
        charset: Option<&'a str>,
        collate: Option<&'a str>,
    },
    /// `CHARACTER SET charset`
    CharacterSet(Option<&'a str>),
    Transaction(SetTransaction),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SetValue<'a> {
    Expr(Expr<'a>),
    Default,
    /// A bare word, such as `ON` or the name of a character set, as written.
    Word(&'a str),
}

/// `SET [GLOBAL|SESSION] TRANSACTION ...`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetTransaction {
    /// `None` concerns the next transaction only.
    pub scope: Option<VariableScope>,
    pub isolation: Option<Isolation>,
    pub access: Option<AccessMode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isolation {
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessMode {
    ReadOnly,
    ReadWrite,
}

/// `BEGIN` or `START TRANSACTION`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Begin {
    /// Written as `START TRANSACTION`.
    pub start: bool,
    pub access: Option<AccessMode>,
    pub consistent_snapshot: bool,
}

/// The end of `COMMIT` and `ROLLBACK`; `None` where nothing was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// `AND [NO] CHAIN`
    pub chain: Option<bool>,
    /// `[NO] RELEASE`
    pub release: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kill<'a> {
    /// `KILL QUERY`: the statement, not the connection.
    pub query: bool,
    pub id: Expr<'a>,
}

/// `EXPLAIN`, `DESCRIBE` and `DESC`; the text does not count for equality.
#[derive(Clone, Copy, Debug)]
pub enum Explain<'a> {
    /// A table's columns, perhaps one, or those like a pattern.
    Table { table: TableName<'a>, column: Option<ExplainColumn<'a>> },
    Statement {
        analyze: bool,
        /// `TRADITIONAL`, `TREE`, `JSON`, `VITESS`, as written.
        format: Option<&'a str>,
        /// `INTO @variable`
        into: Option<&'a str>,
        /// `FOR SCHEMA name`
        schema: Option<Ident<'a>>,
        statement: &'a Statement<'a>,
        /// The explained statement's text.
        text: &'a str,
    },
    /// `EXPLAIN FOR CONNECTION id`
    Connection { format: Option<&'a str>, into: Option<&'a str>, id: Expr<'a> },
}

impl PartialEq for Explain<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Explain::Table { table, column }, Explain::Table { table: t, column: c }) => {
                (table, column) == (t, c)
            }
            (
                Explain::Statement { analyze, format, into, schema, statement, .. },
                Explain::Statement {
                    analyze: a, format: f, into: i, schema: s, statement: st, ..
                },
            ) => (analyze, format, into, schema, statement) == (a, f, i, s, st),
            (
                Explain::Connection { format, into, id },
                Explain::Connection { format: f, into: n, id: i },
            ) => (format, into, id) == (f, n, i),
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ExplainColumn<'a> {
    Name(Ident<'a>),
    Like(Expr<'a>),
}

/// Vitess's `VEXPLAIN`; the text does not count for equality.
#[derive(Clone, Copy, Debug)]
pub struct Vexplain<'a> {
    pub comments: Comments<'a>,
    pub kind: VexplainKind,
    pub statement: &'a Statement<'a>,
    /// The explained statement's text.
    pub text: &'a str,
}

impl PartialEq for Vexplain<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.comments, self.kind, self.statement) == (other.comments, other.kind, other.statement)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VexplainKind {
    /// Also if nothing is said.
    Queries,
    All,
    Plan,
    Trace,
    Keys,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prepare<'a> {
    pub name: Ident<'a>,
    /// A string literal or a user variable.
    pub source: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Execute<'a> {
    pub name: Ident<'a>,
    /// Names of user variables, without `@`.
    pub using: &'a [&'a str],
}
