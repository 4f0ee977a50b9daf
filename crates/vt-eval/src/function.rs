//! What a function is, what its kind is made of, and what it is called with.
//!
//! A function says two things: the kind of its result, asked once when an expression is compiled
//! ([`Signature`]), and its value for a row ([`Call`]). As in MySQL, arguments have one type each,
//! and the function asks for them as what it needs: an integer, a double, a text. The conversions
//! have MySQL's rules and give MySQL's warnings.

mod call;
mod signature;

use std::fmt;

use vt_base::Error;
use vt_value::Value;

use crate::kind::Kind;

pub(crate) use call::Chosen;
pub use call::{Call, Text};
pub(crate) use signature::Kept;
pub use signature::{CollationUse, Signature};

/// How long a function gives the same result for the same arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volatility {
    /// Always, or as long as a compiled expression lives: a call with constant arguments is a
    /// constant, as it is to MySQL: also `DATABASE()` and `VERSION()`.
    Pure,
    /// While one statement runs, but no constant to MySQL before that: `NOW()`, `USER()`.
    Statement,
    /// Never: `RAND()`, `UUID()`.
    Row,
}

/// A function that is called by name, or an operator.
pub struct Function {
    /// In lower case; every other name of the function is an entry of its own.
    pub name: &'static str,
    pub least: usize,
    pub greatest: usize,
    /// Returns the result's kind from those of the arguments, which it may change.
    pub kind: fn(&mut Signature<'_>) -> Result<Kind, Error>,
    /// Computes the value for a row.
    pub eval: fn(&mut Call<'_, '_>) -> Result<Value, Error>,
    pub volatility: Volatility,
    /// No name of SQL: what an operator or a call with words among its arguments becomes.
    pub internal: bool,
}

/// Finds the argument that a call passes on; `None` where it gives NULL.
pub(crate) type Choose = fn(&mut Call<'_, '_>) -> Result<Option<usize>, Error>;

/// As many arguments as one likes.
pub const MANY: usize = usize::MAX;

impl Function {
    /// Makes a function that depends on its arguments alone.
    pub const fn new(
        name: &'static str,
        (least, greatest): (usize, usize),
        kind: fn(&mut Signature<'_>) -> Result<Kind, Error>,
        eval: fn(&mut Call<'_, '_>) -> Result<Value, Error>,
    ) -> Function {
        Function {
            name,
            least,
            greatest,
            kind,
            eval,
            volatility: Volatility::Pure,
            internal: false,
        }
    }

    /// Has the function give the same while a statement runs, and perhaps another in the next.
    #[must_use]
    pub const fn statement(mut self) -> Function {
        self.volatility = Volatility::Statement;
        self
    }

    /// Has the function computed anew for each row.
    #[must_use]
    pub const fn row(mut self) -> Function {
        self.volatility = Volatility::Row;
        self
    }

    /// Hides the name from SQL.
    #[must_use]
    pub const fn internal(mut self) -> Function {
        self.internal = true;
        self
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
