//! The form that expressions have between planner and executor.

use std::sync::Arc;

use vt_value::{Collation, TemporalKind, TypedBytes};

use crate::function::{Choose, Function};
use crate::functions;
use crate::kind::Kind;
use crate::operators;
use crate::registry::FunctionId;

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
    /// The same, of strings whose collation is known, which a result does not tell.
    CollatedColumn(usize, Collation),
    /// The same, of which more is known than a result tells: its collation, its members.
    TypedColumn(usize, Arc<Kind>),
    Tuple(Vec<Expr>),
    Call(Func, Vec<Expr>),
}

impl Expr {
    /// Tells the collations of columns, where they are known.
    #[must_use]
    pub fn with_collations(self, of: &dyn Fn(usize) -> Option<Collation>) -> Expr {
        let each =
            |parts: Vec<Expr>| parts.into_iter().map(|part| part.with_collations(of)).collect();
        match self {
            Expr::Column(place) => match of(place) {
                Some(collation) => Expr::CollatedColumn(place, collation),
                None => Expr::Column(place),
            },
            Expr::Tuple(parts) => Expr::Tuple(each(parts)),
            Expr::Call(func, parts) => Expr::Call(func, each(parts)),
            other => other,
        }
    }
}

/// What a call computes; operators are functions too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Func {
    /// A function that is called by name.
    Named(FunctionId),
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
    /// `!x`
    Bang,
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
    /// Condition and value in turn, and perhaps the value of ELSE.
    Case,
    /// The operand of `CASE x WHEN`, then values to compare it with and results in turn, and
    /// perhaps the value of ELSE.
    CaseOf,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    BitNot,
    /// `CAST(x AS ...)`, `CONVERT(x, ...)`, `BINARY x`.
    Cast(CastTarget),
    /// `BINARY x`
    Binary,
    /// `CONVERT(x USING ...)`: the default collation of the character set.
    ConvertUsing(Collation),
    /// `x COLLATE ...`
    Collate(Collation),
    /// `N'x'`: a literal in utf8mb3.
    National,
    /// `_utf8mb4 'x'`: the bytes of a literal are of this collation's character set.
    Introducer(Collation),
    /// `DATE 'x'`, `TIME 'x'`, `TIMESTAMP 'x'`.
    TemporalLiteral(TemporalKind),
}

/// What a cast makes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CastTarget {
    Signed,
    Unsigned,
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// Of a character set, by its default collation; `None` is that of the connection.
    Char {
        length: Option<u32>,
        collation: Option<Collation>,
    },
    /// NCHAR: CHAR of utf8mb3, of which MySQL warns in other words.
    NationalChar {
        length: Option<u32>,
    },
    Binary {
        length: Option<u32>,
    },
    Date,
    Time {
        decimals: u8,
    },
    DateTime {
        decimals: u8,
    },
    Year,
    Float,
    /// Also the number that `x + 0.0e0` would be.
    Double,
    /// DOUBLE, or FLOAT under REAL_AS_FLOAT.
    Real,
    Json,
}

impl Func {
    /// Returns the function that a call by this name (any letter case) means, if it can be
    /// evaluated here.
    pub fn from_name(name: &str) -> Option<Func> {
        if name.eq_ignore_ascii_case("mod") {
            return Some(Func::Mod);
        }
        // In a statement AVG is an aggregate; this is what it comes to of a sum and a count.
        if name.eq_ignore_ascii_case("avg") {
            return Some(Func::Average);
        }
        FunctionId::from_name(name).map(Func::Named)
    }

    /// Returns the function of a name that no SQL text can call.
    pub fn internal(name: &str) -> Option<Func> {
        FunctionId::internal(name).map(Func::Named)
    }

    /// Returns whether arguments may be tuples.
    pub(crate) fn takes_tuples(self) -> bool {
        let one = matches!(self, Func::In | Func::NotIn | Func::Eq | Func::Ne | Func::NullSafeEq);
        one || matches!(self, Func::Lt | Func::Le | Func::Gt | Func::Ge)
    }

    pub(crate) fn is_arithmetic(self) -> bool {
        let sum = matches!(self, Func::Add | Func::Sub | Func::Mul | Func::Div);
        sum || matches!(self, Func::Mod | Func::Negate)
    }

    pub(crate) fn is_bitwise(self) -> bool {
        let operator = matches!(self, Func::BitAnd | Func::BitOr | Func::BitXor | Func::BitNot);
        operator || matches!(self, Func::ShiftLeft | Func::ShiftRight)
    }

    /// Returns whether the call gives strings that become numbers without a warning.
    pub(crate) fn is_silent(self) -> bool {
        const NAMES: [&str; 6] =
            ["coalesce", "ifnull", "greatest", "least", "regexp_replace", "regexp_substr"];
        matches!(self, Func::Named(id) if NAMES.contains(&id.function().name))
    }

    /// Returns whether the call makes a string by a pattern.
    pub(crate) fn is_regex(self) -> bool {
        matches!(self, Func::Named(id) if matches!(id.function().name, "regexp_replace" | "regexp_substr"))
    }

    /// Returns whether a result beyond 64 bits is an error where an integer is wanted.
    pub(crate) fn gives_reals(self) -> bool {
        const NAMES: [&str; 17] = [
            "abs", "ceil", "ceiling", "coalesce", "cot", "degrees", "exp", "floor", "greatest",
            "ifnull", "least", "pow", "power", "radians", "round", "tan", "truncate",
        ];
        match self {
            Func::Cast(CastTarget::Double | CastTarget::Float | CastTarget::Real) => true,
            Func::Named(id) => NAMES.contains(&id.function().name),
            _ => self.is_arithmetic(),
        }
    }

    /// Returns whether values only pass through, or are asked for NULL alone.
    pub(crate) fn passes_on(self) -> bool {
        match self {
            Func::IsNull | Func::IsNotNull => true,
            Func::Named(id) => matches!(id.function().name, "coalesce" | "ifnull" | "isnull"),
            _ => false,
        }
    }

    /// Returns whether the call is a NULLIF.
    pub(crate) fn passes_first(self) -> bool {
        matches!(self, Func::Named(id) if id.function().name == "nullif")
    }

    /// Returns what finds the argument whose number the call passes on: a choice, or ELT.
    pub(crate) fn number_choice(self) -> Option<Choose> {
        match self {
            Func::Named(id) if id.function().name == "elt" => Some(functions::choose_elt),
            _ => self.choice(),
        }
    }

    /// Returns what finds the argument that the call passes on, for calls that choose one.
    pub(crate) fn choice(self) -> Option<Choose> {
        match self {
            Func::Case => Some(operators::choose_case),
            Func::CaseOf => Some(operators::choose_case_of),
            Func::Named(id) => match id.function().name {
                "if" => Some(functions::choose_if),
                "nullif" => Some(functions::choose_null_if),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns what the function is.
    pub fn function(self) -> &'static Function {
        match self {
            Func::Named(id) => id.function(),
            _ => operators::function(self),
        }
    }

    /// Returns the name that a plan shows.
    pub fn name(self) -> String {
        match self {
            Func::Named(id) => id.function().name.to_owned(),
            Func::Cast(target) => format!("cast{target:?}").to_lowercase(),
            _ => format!("{self:?}").to_lowercase(),
        }
    }

    /// Returns the comparison that NOT makes of this one; every other call stays what it is.
    pub(crate) fn negated(self) -> Func {
        match self {
            Func::Eq => Func::Ne,
            Func::Ne => Func::Eq,
            Func::Lt => Func::Ge,
            Func::Ge => Func::Lt,
            Func::Le => Func::Gt,
            Func::Gt => Func::Le,
            Func::In => Func::NotIn,
            Func::NotIn => Func::In,
            other => other,
        }
    }

    /// Returns the operation's name in MySQL's messages.
    pub(crate) fn message_name(self) -> String {
        match (self, self.operator()) {
            (Func::NotLike, _) => "like".to_owned(),
            (_, Some(operator)) => operator.to_owned(),
            (Func::In | Func::NotIn, _) => " IN ".to_owned(),
            (Func::Between | Func::NotBetween, _) => "between".to_owned(),
            (Func::Case | Func::CaseOf, _) => "case".to_owned(),
            _ => self.function().name.to_owned(),
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
            Func::NotLike => "not like",
            Func::BitAnd => "&",
            Func::BitOr => "|",
            Func::BitXor => "^",
            Func::ShiftLeft => "<<",
            Func::ShiftRight => ">>",
            _ => return None,
        })
    }
}
