//! Expressions.
//!
//! An [`Expr`] is a tag and a reference, so that it is copied freely; the parts lie in the arena.
//! `AND` and `OR` are lists, not trees, so that long conditions stay flat. Parentheses are not
//! kept: the printer sets them where precedence asks for them.

use super::{Aggregate, ColumnName, Function, Match, Query, Span, Special, WindowFunction};

/// An expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Expr<'a> {
    Null,
    True,
    False,
    Literal(&'a Literal<'a>),
    /// `:name`, `::name`, or `?`, which is named `v1`, `v2`, ... in the order of the text.
    Bind(&'a Bind<'a>),
    Column(&'a ColumnName<'a>),
    Variable(&'a Variable<'a>),
    /// `@name := value`.
    Assign(&'a AssignExpr<'a>),
    Unary(&'a Unary<'a>),
    Binary(&'a Binary<'a>),
    /// Two or more operands.
    And(&'a [Expr<'a>]),
    /// Two or more operands.
    Or(&'a [Expr<'a>]),
    /// `left > ALL (query)`.
    Quantified(&'a Quantified<'a>),
    In(&'a In<'a>),
    Between(&'a Between<'a>),
    Like(&'a Like<'a>),
    Is(&'a Is<'a>),
    /// `value MEMBER OF (json)`.
    MemberOf(&'a MemberOf<'a>),
    Case(&'a Case<'a>),
    /// `CAST(e AS t)` and `CONVERT(e, t)`.
    Cast(&'a Cast<'a>),
    /// `CONVERT(e USING charset)`.
    ConvertUsing(&'a ConvertUsing<'a>),
    Collate(&'a Collate<'a>),
    /// `_utf8mb4 'text'`.
    Introducer(&'a Introducer<'a>),
    /// `DATE '2026-01-31'`.
    Temporal(&'a Temporal<'a>),
    Function(&'a Function<'a>),
    Aggregate(&'a Aggregate<'a>),
    /// A function that exists only with `OVER`: `row_number() over (...)`.
    Window(&'a WindowFunction<'a>),
    /// A function with words among its arguments: `extract(day from d)`.
    Special(&'a Special<'a>),
    Match(&'a Match<'a>),
    /// `INTERVAL amount unit`, an operand of date arithmetic.
    Interval(&'a Interval<'a>),
    Subquery(&'a Query<'a>),
    Exists(&'a Query<'a>),
    /// `(a, b)` or `ROW(a, b)`.
    Row(&'a [Expr<'a>]),
    /// `DEFAULT`, or `DEFAULT(column)`.
    Default(Option<&'a ColumnName<'a>>),
    /// `VALUES(column)` in `ON DUPLICATE KEY UPDATE`.
    Values(&'a ColumnName<'a>),
}

/// What a literal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiteralKind {
    /// Digits that fit into 64 bits; in a folded list perhaps with a minus.
    Int,
    /// Digits with a point, or more of them than 64 bits hold.
    Decimal,
    /// A number with an exponent.
    Float,
    /// A character string.
    Str,
    /// `N'...'`.
    NationalStr,
    /// `x'4D'` and `0x4D`; the value is the bytes that the digits stand for.
    Hex,
    /// `b'101'` and `0b101`; the value is the bytes that the digits stand for.
    Bit,
}

/// A literal of the text.
#[derive(Clone, Copy, Debug)]
pub struct Literal<'a> {
    pub kind: LiteralKind,
    /// Numbers as written; strings without quotes and escapes; hex and bit literals as bytes.
    pub value: &'a [u8],
    pub span: Span,
    /// The literal's number in the statement, as the fingerprint counts, from 0. Literals of a
    /// folded list have the list's number; literals that were made, not read, have
    /// [`Literal::MADE`].
    pub ordinal: u32,
}

impl Literal<'_> {
    /// The ordinal of a literal that does not come from the text.
    pub const MADE: u32 = u32::MAX;

    /// Returns the value as text, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.value).ok()
    }
}

/// Places and ordinals do not matter: two literals are equal if they have the same value.
impl PartialEq for Literal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.value == other.value
    }
}

/// An argument that comes beside the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bind<'a> {
    pub name: &'a str,
    /// `::name`: a list of values.
    pub list: bool,
}

/// A variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable<'a> {
    /// `@name`, without the `@`.
    User(&'a str),
    System(SystemVariable<'a>),
}

/// `@@scope.name`, or a plain name in `SET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemVariable<'a> {
    pub scope: Option<VariableScope>,
    /// The name as written; names of components have a point: `keycache.key_buffer_size`.
    pub name: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableScope {
    Global,
    /// `SESSION` or `LOCAL`.
    Session,
    Persist,
    PersistOnly,
    /// Vitess's own `@@vitess_metadata.name`.
    VitessMetadata,
}

/// `@name := value`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AssignExpr<'a> {
    pub variable: &'a str,
    pub value: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unary<'a> {
    pub op: UnaryOp,
    pub expr: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Plus,
    Minus,
    /// `~`
    BitNot,
    /// `!`, which binds tighter than `NOT`.
    Bang,
    Not,
    /// `NOT` under HIGH_NOT_PRECEDENCE, which binds as `!` does.
    HighNot,
    /// `BINARY expr`
    Binary,
}

/// Two operands; left-deep where the text is a chain such as `a + b + c`.
#[derive(Clone, Copy, Debug)]
pub struct Binary<'a> {
    pub op: BinaryOp,
    pub left: Expr<'a>,
    pub right: Expr<'a>,
}

/// Goes down the left side without recursion.
impl PartialEq for Binary<'_> {
    fn eq(&self, other: &Self) -> bool {
        let (mut one, mut two) = (self, other);
        loop {
            if one.op != two.op || one.right != two.right {
                return false;
            }
            match (&one.left, &two.left) {
                (Expr::Binary(left), Expr::Binary(other)) => (one, two) = (left, other),
                (left, other) => return left == other,
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Xor,
    Eq,
    NullSafeEq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    SoundsLike,
    Regexp,
    NotRegexp,
    BitOr,
    BitAnd,
    ShiftLeft,
    ShiftRight,
    Add,
    Sub,
    Mul,
    /// `/`
    Div,
    /// `DIV`
    IntDiv,
    /// `%` and `MOD`
    Mod,
    BitXor,
    /// `||` under PIPES_AS_CONCAT
    Concat,
    /// `->`
    JsonExtract,
    /// `->>`
    JsonUnquote,
}

impl BinaryOp {
    /// Tells whether this is `=`, `<=>`, `<>`, `<`, `<=`, `>` or `>=`.
    pub fn is_comparison(self) -> bool {
        use BinaryOp::{Eq, Ge, Gt, Le, Lt, Ne, NullSafeEq};
        matches!(self, Eq | NullSafeEq | Ne | Lt | Le | Gt | Ge)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantified<'a> {
    pub op: BinaryOp,
    pub left: Expr<'a>,
    pub quantifier: Quantifier,
    pub query: &'a Query<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    All,
    /// `ANY` and `SOME`
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct In<'a> {
    pub expr: Expr<'a>,
    pub list: InList<'a>,
    pub negated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InList<'a> {
    /// A list of nothing but literals; all have the ordinal of the list.
    Literals(&'a [Literal<'a>]),
    Exprs(&'a [Expr<'a>]),
    Query(&'a Query<'a>),
    /// `::name`
    Bind(&'a Bind<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Between<'a> {
    pub expr: Expr<'a>,
    pub low: Expr<'a>,
    pub high: Expr<'a>,
    pub negated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Like<'a> {
    pub expr: Expr<'a>,
    pub pattern: Expr<'a>,
    pub escape: Option<Expr<'a>>,
    pub negated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Is<'a> {
    pub expr: Expr<'a>,
    pub what: IsWhat,
    pub negated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsWhat {
    Null,
    True,
    False,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemberOf<'a> {
    pub value: Expr<'a>,
    pub json: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Case<'a> {
    pub operand: Option<Expr<'a>>,
    pub whens: &'a [When<'a>],
    pub otherwise: Option<Expr<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct When<'a> {
    pub condition: Expr<'a>,
    pub value: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cast<'a> {
    pub expr: Expr<'a>,
    pub target: CastType<'a>,
    /// `AT TIME ZONE 'text'`
    pub time_zone: Option<&'a Literal<'a>>,
}

/// The type of a cast; lengths and scales stay as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CastType<'a> {
    pub kind: CastKind,
    pub length: Option<&'a str>,
    pub scale: Option<&'a str>,
    pub charset: Option<Charset<'a>>,
    /// `BINARY` as an attribute: the set's binary collation.
    pub binary: bool,
    /// `ARRAY`, in functional indexes.
    pub array: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CastKind {
    Binary,
    Char,
    NChar,
    Date,
    Datetime,
    Time,
    Year,
    Decimal,
    Double,
    Float,
    Real,
    Json,
    Signed,
    Unsigned,
    Vector,
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
    GeometryCollection,
}

/// A character set as a type names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset<'a> {
    Named(&'a str),
    Ascii,
    Unicode,
    Byte,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvertUsing<'a> {
    pub expr: Expr<'a>,
    pub charset: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Collate<'a> {
    pub expr: Expr<'a>,
    pub collation: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Introducer<'a> {
    /// Without the `_`, as written.
    pub charset: &'a str,
    /// A literal or a bind.
    pub expr: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temporal<'a> {
    pub kind: TemporalKind,
    /// A literal or a bind.
    pub expr: Expr<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TemporalKind {
    Date,
    Time,
    Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval<'a> {
    pub amount: Expr<'a>,
    pub unit: TimeUnit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    Microsecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    SecondMicrosecond,
    MinuteMicrosecond,
    MinuteSecond,
    HourMicrosecond,
    HourSecond,
    HourMinute,
    DayMicrosecond,
    DaySecond,
    DayMinute,
    DayHour,
    YearMonth,
}
