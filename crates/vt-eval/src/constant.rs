//! Expressions that need no row: values for vindexes, counts for LIMIT.

use vt_base::Error;
use vt_value::{BindVars, BoundValue, TypedBytes};

use crate::{Env, Expr};

impl Expr {
    /// Returns the value with its type; a literal or a bind variable as it was given.
    pub fn typed(&self, binds: &BindVars) -> Result<TypedBytes, Error> {
        match self {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Bind(name) => match find(name, binds)? {
                BoundValue::One(value) => Ok(value.clone()),
                BoundValue::Tuple(_) => {
                    Err(Error::bug(format_args!("bind variable {name} is a list")))
                }
            },
            _ => Ok(self.compile(&[], &Env::new(binds))?.eval(&[])?.to_typed()),
        }
    }

    /// Returns the values of a tuple, or of a list bind variable.
    pub fn typed_list(&self, binds: &BindVars) -> Result<Vec<TypedBytes>, Error> {
        match self {
            Expr::Tuple(members) => members.iter().map(|member| member.typed(binds)).collect(),
            Expr::BindTuple(name) | Expr::Bind(name) => match find(name, binds)? {
                BoundValue::Tuple(values) => Ok(values.clone()),
                BoundValue::One(value) => Ok(vec![value.clone()]),
            },
            _ => Ok(vec![self.typed(binds)?]),
        }
    }
}

/// Returns what a bind variable holds.
pub(crate) fn find<'a>(name: &str, binds: &'a BindVars) -> Result<&'a BoundValue, Error> {
    binds.get(name).ok_or_else(|| {
        let message = format!("query arguments missing for {name}");
        Error::new(vt_base::Code::InvalidArgument, message)
    })
}
