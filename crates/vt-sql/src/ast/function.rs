//! Calls: functions, aggregates, windows.

use super::{CastType, Expr, Ident, TimeUnit};

/// A call `name(args)`, and the calls without parentheses such as `CURRENT_DATE`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Function<'a> {
    pub schema: Option<Ident<'a>>,
    /// As written; compare with [`Ident::is`].
    pub name: Ident<'a>,
    /// A stored or loadable function, though a built-in function of that name has a grammar of its
    /// own: only quotes, `` `count`(1) ``, or a blank, `count (1)`, make such a call.
    pub quoted: bool,
    pub args: &'a [Expr<'a>],
    /// The names that a loadable function gets for its arguments, `f(a AS b)`: as many as there
    /// are arguments, or none.
    pub aliases: &'a [Option<Ident<'a>>],
}

impl<'a> Function<'a> {
    /// A call of a built-in function.
    pub fn new(name: &'a str, args: &'a [Expr<'a>]) -> Function<'a> {
        Function { schema: None, name: Ident::new(name), quoted: false, args, aliases: &[] }
    }
}

/// An aggregate; with `over` it is a window function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aggregate<'a> {
    pub kind: AggregateKind,
    pub distinct: bool,
    /// Empty for `count(*)`.
    pub args: &'a [Expr<'a>],
    /// Of `GROUP_CONCAT`.
    pub order_by: &'a [OrderItem<'a>],
    /// Of `GROUP_CONCAT`.
    pub separator: Option<Expr<'a>>,
    /// `NULL ON NULL` or `ABSENT ON NULL` of `JSON_ARRAYAGG`, if said.
    pub keeps_nulls: Option<bool>,
    pub over: Option<&'a Over<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateKind {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    BitAnd,
    BitOr,
    BitXor,
    GroupConcat,
    JsonArrayAgg,
    JsonObjectAgg,
    Std,
    StdDev,
    StdDevPop,
    StdDevSamp,
    VarPop,
    VarSamp,
    Variance,
    /// `ST_COLLECT`
    StCollect,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowFunction<'a> {
    pub kind: WindowKind,
    pub args: &'a [Expr<'a>],
    /// Of `NTH_VALUE`: `FROM LAST`.
    pub from_last: bool,
    /// `IGNORE NULLS`.
    pub ignore_nulls: bool,
    pub over: &'a Over<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowKind {
    RowNumber,
    Rank,
    DenseRank,
    CumeDist,
    PercentRank,
    Ntile,
    Lead,
    Lag,
    FirstValue,
    LastValue,
    NthValue,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Over<'a> {
    Name(Ident<'a>),
    Spec(WindowSpec<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowSpec<'a> {
    /// The window that this one builds on.
    pub base: Option<Ident<'a>>,
    pub partition_by: &'a [Expr<'a>],
    pub order_by: &'a [OrderItem<'a>],
    pub frame: Option<Frame<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame<'a> {
    pub unit: FrameUnit,
    pub start: FrameBound<'a>,
    /// `None` if the text has no `BETWEEN`.
    pub end: Option<FrameBound<'a>>,
    /// `EXCLUDE ...`, which MySQL reads and refuses.
    pub exclude: Option<FrameExclude>,
}

/// What a frame leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameExclude {
    CurrentRow,
    Group,
    Ties,
    NoOthers,
}

impl FrameExclude {
    /// Returns the words behind `EXCLUDE`.
    pub fn text(self) -> &'static str {
        match self {
            FrameExclude::CurrentRow => "current row",
            FrameExclude::Group => "group",
            FrameExclude::Ties => "ties",
            FrameExclude::NoOthers => "no others",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameUnit {
    Rows,
    Range,
    Groups,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FrameBound<'a> {
    CurrentRow,
    UnboundedPreceding,
    UnboundedFollowing,
    Preceding(Expr<'a>),
    Following(Expr<'a>),
}

/// One key of `ORDER BY`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OrderItem<'a> {
    pub expr: Expr<'a>,
    pub descending: bool,
}

/// Calls with words among their arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Special<'a> {
    /// `EXTRACT(unit FROM expr)`
    Extract { unit: TimeUnit, expr: Expr<'a> },
    /// `TRIM([BOTH|LEADING|TRAILING] [what] FROM expr)`
    Trim { side: Option<TrimSide>, what: Option<Expr<'a>>, expr: Expr<'a> },
    /// `CHAR(args USING charset)`
    Char { args: &'a [Expr<'a>], charset: Option<&'a str> },
    /// `WEIGHT_STRING(expr AS type)`
    WeightString { expr: Expr<'a>, target: Option<CastType<'a>> },
    /// `GET_FORMAT(kind, expr)`
    GetFormat { kind: FormatKind, expr: Expr<'a> },
    /// `TIMESTAMPADD(unit, amount, expr)`
    TimestampAdd { unit: TimeUnit, amount: Expr<'a>, expr: Expr<'a> },
    /// `TIMESTAMPDIFF(unit, from, to)`
    TimestampDiff { unit: TimeUnit, from: Expr<'a>, to: Expr<'a> },
    /// `JSON_VALUE(doc, path RETURNING type ... ON EMPTY ... ON ERROR)`
    JsonValue {
        doc: Expr<'a>,
        path: Expr<'a>,
        returning: Option<CastType<'a>>,
        on_empty: Option<JsonFallback<'a>>,
        on_error: Option<JsonFallback<'a>>,
    },
    /// `JSON_DUALITY_OBJECT([WITH (INSERT, ...)] 'key': value, ...)`
    DualityObject { changes: Option<DualityChanges>, pairs: &'a [DualityPair<'a>] },
}

/// What a JSON duality view lets its users do with a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DualityChanges {
    /// `INSERT` or `NO INSERT`, if said; and so on.
    pub insert: Option<bool>,
    pub update: Option<bool>,
    pub delete: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DualityPair<'a> {
    pub key: &'a super::Literal<'a>,
    pub value: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrimSide {
    Both,
    Leading,
    Trailing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatKind {
    Date,
    Time,
    Datetime,
}

/// What stands in for a missing or bad JSON value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JsonFallback<'a> {
    Null,
    Error,
    Default(Expr<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match<'a> {
    pub columns: &'a [Expr<'a>],
    pub against: Expr<'a>,
    pub mode: MatchMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchMode {
    /// No mode given.
    Default,
    NaturalLanguage,
    NaturalLanguageWithExpansion,
    Boolean,
    WithExpansion,
}
