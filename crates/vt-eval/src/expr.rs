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
    Div,
    IntDiv,
    Mod,
    Negate,
    And,
    Or,
    Not,
    Eq,
    NullSafeEq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
    IsNull,
    IsNotNull,
    Between,
    Like,
    Coalesce,
    IfNull,
    NullIf,
    If,
    Case,
    Concat,
    Lower,
    Upper,
    Length,
}

impl Func {
    /// Returns the function that a call by this name (any letter case) means, if it can be
    /// evaluated here.
    pub fn from_name(name: &str) -> Option<Func> {
        let known: &[(&str, Func)] = &[
            ("coalesce", Func::Coalesce),
            ("ifnull", Func::IfNull),
            ("nullif", Func::NullIf),
            ("if", Func::If),
            ("concat", Func::Concat),
            ("lower", Func::Lower),
            ("lcase", Func::Lower),
            ("upper", Func::Upper),
            ("ucase", Func::Upper),
            ("length", Func::Length),
            ("octet_length", Func::Length),
        ];
        known.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, func)| *func)
    }
}
