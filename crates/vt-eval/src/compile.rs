//! From an expression to a form that runs per row.

use vt_base::Error;
use vt_value::{BindVars, Collation, Field, Value};

use crate::Expr;

/// What an expression may look up while it is compiled.
#[derive(Clone, Copy, Debug)]
pub struct Env<'a> {
    pub binds: &'a BindVars,
    /// The collation of literals (`collation_connection`).
    pub collation: Collation,
}

impl<'a> Env<'a> {
    /// Makes surroundings with MySQL's default collation.
    pub fn new(binds: &'a BindVars) -> Env<'a> {
        Env { binds, collation: Collation::UTF8MB4_0900_AI_CI }
    }
}

/// An expression whose types are known and whose constant parts are computed.
#[derive(Debug)]
pub struct Compiled {}

impl Expr {
    /// Compiles for rows of these columns; an expression that cannot be computed exactly as MySQL
    /// would is refused.
    pub fn compile(&self, columns: &[Field], env: &Env<'_>) -> Result<Compiled, Error> {
        let _ = (columns, env);
        Err(Error::unsupported("expression"))
    }
}

impl Compiled {
    /// Computes the value for a row; of the row, only [`Compiled::columns`] are read.
    pub fn eval(&self, row: &[Value]) -> Result<Value, Error> {
        let _ = row;
        Err(Error::unsupported("expression"))
    }

    /// Returns whether the value for a row is true: neither false nor NULL.
    pub fn is_true(&self, row: &[Value]) -> Result<bool, Error> {
        let _ = row;
        Err(Error::unsupported("expression"))
    }

    /// Returns the places of the columns that the expression reads, ascending.
    pub fn columns(&self) -> &[usize] {
        &[]
    }

    /// Returns the column that the values make in a result.
    pub fn field(&self, name: &str) -> Field {
        Field::new(name, vt_value::Type::NULL_TYPE)
    }
}
