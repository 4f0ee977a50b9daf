//! What a function knows of its arguments before any row.

use std::any::Any;
use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use vt_base::Error;
use vt_value::{Collation, Value};

use crate::Func;
use crate::collate;
use crate::kind::Kind;
use crate::node::{Node, Op};
use crate::session::Session;
use crate::warning::Warning;

/// What the strings of several arguments are combined for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollationUse {
    /// They become parts of a new string.
    Result,
    /// They are compared, which needs one collation.
    Comparison,
    /// Two are compared by an operator, which lets an explicit collation decide only where the
    /// other is a constant.
    Pair,
}

/// The arguments of a call, while it is compiled.
pub struct Signature<'a> {
    pub(crate) func: Func,
    pub(crate) name: &'static str,
    pub(crate) args: &'a mut [Node],
    pub(crate) session: &'a Session,
    pub(crate) kept: Option<Kept>,
    pub(crate) notes: &'a RefCell<Vec<Warning>>,
    /// The call stands below NOT, which MySQL takes into it.
    pub(crate) negated: bool,
}

/// What a call keeps from its compilation for the rows: a compiled pattern, a parsed path.
pub(crate) type Kept = Arc<dyn Any + Send + Sync>;

impl Signature<'_> {
    /// Returns the function's name in lower case.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what is called, with the data of an operator.
    pub fn func(&self) -> Func {
        self.func
    }

    /// Returns what is called to MySQL: the opposite of a comparison below NOT.
    pub(crate) fn func_told(&self) -> Func {
        if self.negated { self.func.negated() } else { self.func }
    }

    pub fn len(&self) -> usize {
        self.args.len()
    }

    pub fn is_empty(&self) -> bool {
        self.args.is_empty()
    }

    pub fn args(&self) -> &[Node] {
        self.args
    }

    /// Returns the kind of an argument.
    pub fn kind(&self, place: usize) -> &Kind {
        &self.args[place].kind
    }

    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.args.iter().map(|arg| &arg.kind)
    }

    /// Returns whether any argument may be NULL.
    pub fn any_nullable(&self) -> bool {
        self.kinds().any(|kind| kind.nullable)
    }

    /// Returns the value of an argument that is constant.
    pub fn constant(&self, place: usize) -> Option<&Value> {
        self.args.get(place).and_then(Node::constant)
    }

    pub fn session(&self) -> &Session {
        self.session
    }

    /// Finds the collation that the strings among some arguments have in common, and brings those
    /// that are constant to its character set; returns it with its coercibility.
    ///
    /// # Errors
    /// MySQL's 1267, 1270 and 1271 for strings that do not go together.
    pub fn aggregate_collation(
        &mut self,
        places: Range<usize>,
        purpose: CollationUse,
    ) -> Result<(Collation, u8), Error> {
        let name = self.func.message_name();
        let args = self.args.get_mut(places).unwrap_or_default();
        collate::aggregate(args, purpose, &name, self.session, &mut self.notes.borrow_mut())
    }

    /// Brings a constant argument to the character set of a collation, as a string that takes its
    /// place.
    pub(crate) fn simplify(&mut self, place: usize, collation: Collation) -> Result<(), Error> {
        let Some(arg) = self.args.get_mut(place) else { return Ok(()) };
        collate::constant::simplify(arg, collation, self.session, &mut self.notes.borrow_mut())
    }

    /// Gives a warning once, whatever the rows.
    pub fn note(&self, errno: u16, message: impl Into<Arc<str>>) {
        self.notes.borrow_mut().push(Warning::new(errno, message));
    }

    /// Keeps something for the rows; [`super::Call::kept`] gives it back.
    pub fn keep(&mut self, what: impl Any + Send + Sync) {
        self.kept = Some(Arc::new(what));
    }

    /// Replaces an argument by a constant of the same kind as the value has.
    pub fn replace(&mut self, place: usize, value: Value, kind: Kind) {
        if let Some(arg) = self.args.get_mut(place) {
            *arg = Node::new(kind, Op::Constant(value));
        }
    }

    /// Refuses a call that cannot be computed as MySQL does.
    pub fn unsupported(&self, why: impl std::fmt::Display) -> Error {
        Error::unsupported(format_args!("{}() {why}", self.name))
    }
}
