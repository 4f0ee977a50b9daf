//! What two values are compared as, and how they compare.

mod constants;
mod eval;
mod order;

use vt_base::Error;
use vt_value::{Collation, Type};

use crate::collate;
use crate::compile::columns_wanted;
use crate::function::CollationUse;
use crate::functions::json;
use crate::kind::{Class, Kind};
use crate::node::{Node, Op};
use crate::session::Session;
use crate::warning::Warning;

pub(crate) use constants::bring_bounds;
pub(crate) use eval::Pair;
pub(super) use eval::{eval, is_nullable, is_number, kind};
pub(crate) use order::{Side, order, prepared};

/// What two values are compared as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// One of them is the literal NULL.
    Null,
    Int,
    Decimal,
    Real,
    /// Strings, under a collation.
    Text(Collation),
    /// Dates of the calendar, with their time or without; a string that is none has this type's
    /// name in its warning.
    Calendar(Type),
    /// Times of the day.
    Time,
    /// Documents, or a document and a value that becomes one; whether either is the answer of a
    /// predicate.
    Json(bool, bool),
    /// Tuples, member by member.
    Tuple(Vec<How>),
}

impl How {
    /// Returns whether values of a kind become numbers of another type.
    pub(crate) fn converts(&self, kind: &Kind) -> bool {
        match self {
            How::Int => !kind.typ.is_integral(),
            How::Decimal => kind.typ != Type::DECIMAL,
            How::Real => !kind.typ.is_float(),
            _ => false,
        }
    }
}

/// What a comparison is part of.
pub(crate) struct Comparing<'c> {
    /// The operation's name in messages.
    pub(crate) operation: &'c str,
    pub(crate) session: &'c Session,
    /// Warnings that come once, whatever the rows.
    pub(crate) notes: Vec<Warning>,
    /// One of several members of a list is compared, where a string that is no date is no error.
    pub(crate) among: bool,
    /// What warnings call dates, where it is not the type of the other.
    pub(crate) calendar: Option<Type>,
    /// The collation that all strings have in common, where there are more than two.
    settled: Option<Collation>,
    /// Tuples are ordered: their members are compared as they are, and constants among them become
    /// nothing else before that.
    pub(crate) by_row: bool,
}

impl<'c> Comparing<'c> {
    pub(crate) fn new(operation: &'c str, session: &'c Session) -> Comparing<'c> {
        let (among, by_row) = (false, false);
        let (calendar, settled) = (None, None);
        Comparing { operation, session, notes: Vec::new(), among, calendar, settled, by_row }
    }

    /// Finds the collation under which a string compares with each of others, if one of these
    /// becomes a string too.
    pub(crate) fn settle<'n>(
        &mut self,
        value: &'n mut Node,
        others: impl Iterator<Item = &'n mut Node>,
        becomes_text: fn(&Kind) -> bool,
    ) -> Result<Option<Collation>, Error> {
        let text = is_text(&value.kind);
        let mut all = vec![value];
        all.extend(others);
        if text && all.iter().skip(1).any(|node| becomes_text(&node.kind)) {
            self.settled = Some(self.common(&mut all, CollationUse::Comparison)?);
        }
        Ok(self.settled)
    }

    /// Finds out how two values, or two tuples, compare; brings constants to the type of the
    /// other.
    pub(crate) fn how(&mut self, a: &mut Node, b: &mut Node) -> Result<How, Error> {
        match (&mut a.op, &mut b.op) {
            (Op::Tuple(a), Op::Tuple(b)) => {
                if a.len() != b.len() {
                    return Err(columns_wanted(a.len(), b.len()));
                }
                let pairs = a.iter_mut().zip(b);
                let members = pairs.map(|(a, b)| self.how(a, b));
                return Ok(How::Tuple(members.collect::<Result<_, _>>()?));
            }
            (Op::Tuple(members), _) | (_, Op::Tuple(members)) => {
                return Err(columns_wanted(members.len(), 1));
            }
            _ => {}
        }
        if a.kind.is_null() || b.kind.is_null() {
            return Ok(How::Null);
        }
        if a.kind.typ == Type::JSON || b.kind.typ == Type::JSON {
            return Ok(How::Json(json::is_truth(a), json::is_truth(b)));
        }
        // Of tuples that are ordered, constants stay what they are beside columns.
        if !(self.by_row && a.is_column())
            && let Some(how) = self.constant(a, b)?
        {
            return Ok(how);
        }
        if !(self.by_row && b.is_column())
            && let Some(how) = self.constant(b, a)?
        {
            return Ok(how);
        }
        refuse_unknown(a, b)?;
        let strings = is_text(&a.kind) && is_text(&b.kind);
        if let Some(how) = special(&a.kind, &b.kind) {
            return Ok(how);
        }
        if strings || timely(a, b) || timely(b, a) {
            return self.text(&mut [a, b]).map(How::Text);
        }
        number(&[&a.kind, &b.kind])
    }

    /// Finds the collation that two strings compare under.
    pub(crate) fn text(&mut self, nodes: &mut [&mut Node]) -> Result<Collation, Error> {
        match self.settled {
            Some(collation) => Ok(collation),
            None => self.common(nodes, CollationUse::Pair),
        }
    }

    /// Notes what the constant members at the start of a tuple warn of: MySQL computes them once
    /// more, to know whether one is NULL.
    pub(crate) fn note_members(&mut self, node: &Node) {
        let members = node.tuple().unwrap_or_default();
        for member in members.iter().take_while(|member| member.is_constant()) {
            self.notes.extend(member.folded_warnings().iter().cloned());
            self.note_members(member);
        }
    }

    /// Finds the collation that strings have in common.
    pub(crate) fn common(
        &mut self,
        nodes: &mut [&mut Node],
        purpose: CollationUse,
    ) -> Result<Collation, Error> {
        let (operation, session) = (self.operation, self.session);
        collate::aggregate_all(nodes, purpose, operation, session, &mut self.notes)
            .map(|(collation, _)| collation)
    }
}

/// A TIME and a string are compared as strings.
fn timely(a: &Node, b: &Node) -> bool {
    a.kind.typ == Type::TIME && is_text(&b.kind)
}

pub(crate) fn is_text(kind: &Kind) -> bool {
    (kind.is_string() && kind.typ != Type::BIT) || matches!(kind.typ, Type::ENUM | Type::SET)
}

pub(crate) fn is_date(kind: &Kind) -> bool {
    kind.typ.is_temporal() && kind.typ != Type::TIME
}

/// Finds out how values compare that are neither both strings nor numbers.
fn special(a: &Kind, b: &Kind) -> Option<How> {
    if a.typ == Type::TIME && b.typ == Type::TIME {
        return Some(How::Time);
    }
    let other = if is_date(a) { b } else { a };
    let date = if is_date(a) { a } else { b };
    let calendar = is_date(date) && (other.typ.is_temporal() || is_text(other));
    calendar.then_some(How::Calendar(date.typ))
}

/// Finds out which numbers values compare as.
pub(crate) fn number(kinds: &[&Kind]) -> Result<How, Error> {
    let mut greatest = Class::Int;
    for kind in kinds {
        // Dates that are compared with numbers are doubles.
        let class = if kind.typ.is_temporal() { Class::Float } else { kind.class()? };
        greatest = greatest.max(class);
    }
    Ok(match greatest {
        Class::Float => How::Real,
        Class::Decimal => How::Decimal,
        Class::Int | Class::UInt => How::Int,
    })
}

fn refuse_unknown(a: &Node, b: &Node) -> Result<(), Error> {
    for (one, other) in [(a, b), (b, a)] {
        let bytes = matches!(one.kind.typ, Type::GEOMETRY | Type::VECTOR);
        if bytes && one.kind.typ != other.kind.typ {
            let (a, b) = (one.kind.typ, other.kind.typ);
            return Err(Error::unsupported(format_args!("comparing {a} with {b}")));
        }
    }
    Ok(())
}
