//! The form that expressions have between planner and executor.

use std::sync::Arc;

use vt_value::TypedBytes;

/// An expression over the columns of a row and the bind variables of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Literal(TypedBytes),
    /// The bind variable of this name.
    Bind(Arc<str>),
    /// The list bind variable of this name, `::name`.
    BindTuple(Arc<str>),
    /// The column at this place of the input row.
    Column(usize),
    Tuple(Vec<Expr>),
    Call(Func, Vec<Expr>),
}

/// What a call computes; operators are functions too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Func {
    Add,
    Sub,
    Mul,
    /// `/`
    Div,
    /// AVG of a sum and a count: the quotient keeps digits for what is computed with it.
    Average,
    /// `DIV`
    IntDiv,
    /// `%`
    Mod,
    /// `-x`
    Negate,
    /// Of two or more.
    And,
    /// Of two or more.
    Or,
    Xor,
    Not,
    Eq,
    /// `<=>`
    NullSafeEq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// The right side is an [`Expr::Tuple`] or an [`Expr::BindTuple`].
    In,
    NotIn,
    IsNull,
    IsNotNull,
    IsTrue,
    IsNotTrue,
    IsFalse,
    IsNotFalse,
    /// Value, least, greatest.
    Between,
    NotBetween,
    /// String, pattern, and perhaps the character that escapes.
    Like,
    NotLike,
    Coalesce,
    IfNull,
    NullIf,
    If,
    /// Condition and value in turn, and perhaps the value of ELSE; `CASE x WHEN y` is a condition
    /// `x = y`.
    Case,
    Concat,
    ConcatWs,
    Lower,
    Upper,
    /// Bytes.
    Length,
    CharLength,
    Left,
    Right,
    Abs,
    Ceiling,
    Floor,
    Round,
    Truncate,
    Sign,
    Greatest,
    Least,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    BitNot,
    /// `CAST(x AS SIGNED)`
    CastSigned,
    /// `CAST(x AS UNSIGNED)`
    CastUnsigned,
    /// `CAST(x AS DOUBLE)`, and the number that `x + 0.0e0` would be.
    CastDouble,
    /// `CAST(x AS CHAR)`
    CastChar,
}

/// The functions that are called by name, and how many arguments each takes.
const NAMED: &[(&str, Func, usize, usize)] = &[
    ("abs", Func::Abs, 1, 1),
    // In a statement AVG is an aggregate; this is what it comes to of two of them.
    ("avg", Func::Average, 2, 2),
    ("ceil", Func::Ceiling, 1, 1),
    ("ceiling", Func::Ceiling, 1, 1),
    ("char_length", Func::CharLength, 1, 1),
    ("character_length", Func::CharLength, 1, 1),
    ("coalesce", Func::Coalesce, 1, usize::MAX),
    ("concat", Func::Concat, 1, usize::MAX),
    ("concat_ws", Func::ConcatWs, 2, usize::MAX),
    ("floor", Func::Floor, 1, 1),
    ("greatest", Func::Greatest, 2, usize::MAX),
    ("if", Func::If, 3, 3),
    ("ifnull", Func::IfNull, 2, 2),
    ("isnull", Func::IsNull, 1, 1),
    ("lcase", Func::Lower, 1, 1),
    ("least", Func::Least, 2, usize::MAX),
    ("left", Func::Left, 2, 2),
    ("length", Func::Length, 1, 1),
    ("lower", Func::Lower, 1, 1),
    ("mod", Func::Mod, 2, 2),
    ("nullif", Func::NullIf, 2, 2),
    ("octet_length", Func::Length, 1, 1),
    ("right", Func::Right, 2, 2),
    ("round", Func::Round, 1, 2),
    ("sign", Func::Sign, 1, 1),
    ("truncate", Func::Truncate, 2, 2),
    ("ucase", Func::Upper, 1, 1),
    ("upper", Func::Upper, 1, 1),
];

impl Func {
    /// Returns the function that a call by this name (any letter case) means, if it can be
    /// evaluated here.
    pub fn from_name(name: &str) -> Option<Func> {
        let known = NAMED.iter().find(|(one, ..)| one.eq_ignore_ascii_case(name));
        known.map(|(_, func, ..)| *func)
    }

    /// Returns the least and the greatest number of arguments.
    pub fn arity(self) -> (usize, usize) {
        match self {
            Func::Negate
            | Func::Not
            | Func::IsNull
            | Func::IsNotNull
            | Func::IsTrue
            | Func::IsNotTrue
            | Func::IsFalse
            | Func::IsNotFalse
            | Func::BitNot
            | Func::CastSigned
            | Func::CastUnsigned
            | Func::CastDouble
            | Func::CastChar => (1, 1),
            Func::Between | Func::NotBetween => (3, 3),
            Func::Like | Func::NotLike => (2, 3),
            Func::Case | Func::And | Func::Or => (2, usize::MAX),
            _ => {
                let named = NAMED.iter().find(|(_, func, ..)| *func == self);
                named.map_or((2, 2), |(_, _, least, greatest)| (*least, *greatest))
            }
        }
    }

    /// Returns how MySQL writes an operator between two operands in its messages.
    pub(crate) fn operator(self) -> Option<&'static str> {
        Some(match self {
            Func::Add => "+",
            Func::Sub => "-",
            Func::Mul => "*",
            Func::Div => "/",
            Func::IntDiv => "DIV",
            Func::Mod => "%",
            Func::And => "and",
            Func::Or => "or",
            Func::Xor => "xor",
            Func::Eq => "=",
            Func::NullSafeEq => "<=>",
            Func::Ne => "<>",
            Func::Lt => "<",
            Func::Le => "<=",
            Func::Gt => ">",
            Func::Ge => ">=",
            Func::Like => "like",
            Func::BitAnd => "&",
            Func::BitOr => "|",
            Func::BitXor => "^",
            Func::ShiftLeft => "<<",
            Func::ShiftRight => ">>",
            _ => return None,
        })
    }
}
