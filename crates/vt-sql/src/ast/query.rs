//! Queries: `SELECT`, set operations, `VALUES`, `TABLE`, and what they read from.

use super::{
    Comments, DataType, Expr, Ident, JsonFallback, Literal, OrderItem, TableName, WindowSpec,
};

/// A query expression: a body with what stands around it.
///
/// A plain `SELECT ... ORDER BY ... LIMIT` is a query whose body is [`QueryBody::Select`]; its
/// order and limit are the query's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Query<'a> {
    pub with: Option<&'a With<'a>>,
    pub body: QueryBody<'a>,
    pub order_by: &'a [OrderItem<'a>],
    pub limit: Option<Limit<'a>>,
    pub locks: &'a [Lock<'a>],
    pub into: Option<&'a SelectInto<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum QueryBody<'a> {
    Select(&'a Select<'a>),
    Set(&'a SetOperation<'a>),
    /// `VALUES ROW(1, 2), ROW(3, 4)`
    Values(&'a [&'a [Expr<'a>]]),
    /// `TABLE name`
    Table(TableName<'a>),
    /// A query in parentheses that has an order, a limit, a lock or a `WITH` of its own.
    Query(&'a Query<'a>),
}

/// `first UNION second EXCEPT third ...`, applied from left to right.
///
/// `INTERSECT` binds tighter, and then is a nested operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SetOperation<'a> {
    pub first: QueryBody<'a>,
    /// One or more.
    pub rest: &'a [SetTail<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SetTail<'a> {
    pub op: SetOp,
    /// `ALL`; without it the result is distinct.
    pub all: bool,
    pub body: QueryBody<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetOp {
    Union,
    Intersect,
    Except,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct With<'a> {
    pub recursive: bool,
    pub tables: &'a [CommonTable<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommonTable<'a> {
    pub name: Ident<'a>,
    pub columns: &'a [Ident<'a>],
    pub query: &'a Query<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Select<'a> {
    pub comments: Comments<'a>,
    pub options: SelectOptions,
    pub items: &'a [SelectItem<'a>],
    /// Tables joined by commas; empty if there is no `FROM`, or `FROM dual`.
    pub from: &'a [TableRef<'a>],
    pub filter: Option<Expr<'a>>,
    pub group_by: Option<&'a GroupBy<'a>>,
    pub having: Option<Expr<'a>>,
    pub windows: &'a [NamedWindow<'a>],
    /// MySQL's `QUALIFY` of 9.x.
    pub qualify: Option<Expr<'a>>,
}

/// The words between `SELECT` and the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelectOptions {
    pub distinct: bool,
    /// `ALL` written out.
    pub all: bool,
    pub high_priority: bool,
    pub straight_join: bool,
    pub small_result: bool,
    pub big_result: bool,
    pub buffer_result: bool,
    pub no_cache: bool,
    pub calc_found_rows: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SelectItem<'a> {
    /// `*`, or `t.*`.
    Star(Option<TableName<'a>>),
    Expr(SelectExpr<'a>),
    /// `NEXT n VALUES`, of a sequence.
    Next(Expr<'a>),
}

#[derive(Clone, Copy, Debug)]
pub struct SelectExpr<'a> {
    pub expr: Expr<'a>,
    pub alias: Option<Ident<'a>>,
    /// The result column's name as MySQL gives it: the alias, the column's name, a string's
    /// value, or else the expression's text as written.
    pub name: &'a str,
}

/// The name only matters where there is no alias, and then follows from the text.
impl PartialEq for SelectExpr<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr && self.alias == other.alias
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupBy<'a> {
    pub exprs: &'a [Expr<'a>],
    pub modifier: GroupModifier<'a>,
}

impl GroupBy<'_> {
    /// Tells whether there are more groups than the expressions alone make.
    pub fn is_extended(&self) -> bool {
        self.modifier != GroupModifier::None
    }
}

/// What makes super-aggregate rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GroupModifier<'a> {
    None,
    /// `WITH ROLLUP` and `ROLLUP (...)`.
    Rollup,
    /// `CUBE (...)`
    Cube,
    /// `GROUPING SETS ((...), ...)`; then the expressions are empty.
    Sets(&'a [&'a [Expr<'a>]]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NamedWindow<'a> {
    pub name: Ident<'a>,
    pub spec: WindowSpec<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit<'a> {
    pub offset: Option<Expr<'a>>,
    pub count: Expr<'a>,
}

/// A locking clause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lock<'a> {
    pub strength: LockStrength,
    /// `OF t1, t2`
    pub of: &'a [TableName<'a>],
    pub wait: LockWait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockStrength {
    /// `FOR UPDATE`
    Update,
    /// `FOR SHARE`
    Share,
    /// `LOCK IN SHARE MODE`
    ShareMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockWait {
    Wait,
    NoWait,
    SkipLocked,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SelectInto<'a> {
    /// User variables; names without `@` are locals of a program.
    Variables(&'a [IntoVariable<'a>]),
    OutFile {
        path: &'a Literal<'a>,
        charset: Option<&'a str>,
        format: FileFormat<'a>,
    },
    DumpFile(&'a Literal<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntoVariable<'a> {
    User(&'a str),
    Local(Ident<'a>),
}

/// `FIELDS ... LINES ...` of `INTO OUTFILE` and `LOAD DATA`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FileFormat<'a> {
    pub fields_terminated: Option<&'a Literal<'a>>,
    pub fields_enclosed: Option<&'a Literal<'a>>,
    pub fields_optionally: bool,
    pub fields_escaped: Option<&'a Literal<'a>>,
    pub lines_starting: Option<&'a Literal<'a>>,
    pub lines_terminated: Option<&'a Literal<'a>>,
}

/// What a `FROM` reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TableRef<'a> {
    Table(&'a TableFactor<'a>),
    Derived(&'a Derived<'a>),
    JsonTable(&'a JsonTable<'a>),
    Join(&'a Join<'a>),
    /// Tables in parentheses.
    Paren(&'a [TableRef<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableFactor<'a> {
    pub name: TableName<'a>,
    pub partitions: &'a [Ident<'a>],
    pub alias: Option<Ident<'a>>,
    pub sample: Option<&'a TableSample<'a>>,
    pub hints: &'a [IndexHint<'a>],
}

/// `TABLESAMPLE SYSTEM (percent)`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TableSample<'a> {
    /// `SYSTEM`, not `BERNOULLI`.
    pub system: bool,
    pub percent: Expr<'a>,
}

impl<'a> TableFactor<'a> {
    /// Returns the name by which columns refer to the table.
    pub fn exposed_name(&self) -> Ident<'a> {
        self.alias.unwrap_or(self.name.name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndexHint<'a> {
    pub action: HintAction,
    pub kind: HintKind,
    pub scope: Option<HintScope>,
    pub names: &'a [Ident<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintAction {
    Use,
    Ignore,
    Force,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintKind {
    Index,
    /// Vitess's `USE VINDEX (...)`, which MySQL must not see.
    Vindex,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintScope {
    Join,
    OrderBy,
    GroupBy,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Derived<'a> {
    pub lateral: bool,
    pub query: &'a Query<'a>,
    pub alias: Option<Ident<'a>>,
    pub columns: &'a [Ident<'a>],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Join<'a> {
    pub kind: JoinKind,
    pub left: TableRef<'a>,
    pub right: TableRef<'a>,
    pub condition: JoinCondition<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// `JOIN`, `INNER JOIN` and `CROSS JOIN`, which MySQL does not tell apart.
    Inner,
    Straight,
    Left,
    Right,
    NaturalInner,
    NaturalLeft,
    NaturalRight,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JoinCondition<'a> {
    None,
    On(Expr<'a>),
    Using(&'a [Ident<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JsonTable<'a> {
    pub doc: Expr<'a>,
    pub path: Expr<'a>,
    pub columns: &'a [JsonColumn<'a>],
    pub alias: Option<Ident<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JsonColumn<'a> {
    /// `name FOR ORDINALITY`
    Ordinality(Ident<'a>),
    Path {
        name: Ident<'a>,
        data_type: DataType<'a>,
        exists: bool,
        path: Expr<'a>,
        on_empty: Option<JsonFallback<'a>>,
        on_error: Option<JsonFallback<'a>>,
    },
    Nested {
        path: Expr<'a>,
        columns: &'a [JsonColumn<'a>],
    },
}
