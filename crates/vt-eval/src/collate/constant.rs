//! Constants that are brought to the character set of what they meet: MySQL computes them then and
//! there, with their warnings and errors, whether a row ever needs them or not.

use vt_base::{Error, ErrorId};
use vt_collation::Charset;
use vt_value::{Collation, Type, Value};

use super::coercibility::NUMERIC;
use crate::context::Context;
use crate::function::{CollationUse, Text};
use crate::kind::Kind;
use crate::node::{Node, Op};
use crate::session::Session;
use crate::warning::Warning;

/// Brings a constant to a collation's character set.
///
/// # Errors
/// MySQL's 3854 for a string that has no place there, and whatever error the constant is.
pub(super) fn convert(
    arg: &mut Node,
    collation: Collation,
    purpose: CollationUse,
    session: &Session,
    notes: &mut Vec<Warning>,
) -> Result<(), Error> {
    if !collation.charset().is_some_and(|to| needs(&arg.kind, to, purpose)) {
        return Ok(());
    }
    let Some(value) = arg.constant() else { return fail_now(arg, session) };
    let bytes = match value {
        Value::Null if arg.is_literal() => return Ok(()),
        Value::Null => {
            notes.extend(arg.folded_warnings().iter().cloned());
            *arg = Node::new(Kind { collation, ..Kind::null() }, Op::Constant(Value::Null));
            return Ok(());
        }
        Value::Text(bytes, own) => Some(in_charset(bytes, *own, collation)?),
        // Digits are the same in all sets, but for how wide they are.
        _ => None,
    };
    // What was computed is kept, and does not warn again.
    if let Op::Folded(folded) = &mut arg.op {
        notes.append(&mut folded.warnings);
    }
    if let Some(bytes) = bytes {
        arg.kind.collation = collation;
        arg.op = Op::Constant(Value::Text(bytes, collation));
    }
    Ok(())
}

/// Returns whether values have to be brought to a character set: digits not, where the set has
/// them as ASCII has, and bytes only to be compared.
fn needs(kind: &Kind, to: Charset, purpose: CollationUse) -> bool {
    if to == Charset::Binary {
        return false;
    }
    if kind.coercibility == NUMERIC {
        return !to.keeps_ascii();
    }
    match kind.collation.charset() {
        None => false,
        Some(Charset::Binary) => purpose != CollationUse::Result || to.min_len() > 1,
        Some(own) => own != to,
    }
}

/// Fails if the argument is constant and an error: MySQL computes it to convert it.
pub(crate) fn fail_now(arg: &Node, session: &Session) -> Result<(), Error> {
    if arg.is_constant() || !arg.is_fixed() {
        return Ok(());
    }
    match arg.eval(&[], &mut Context::new(session)) {
        Err(err) if err.id() != Some(ErrorId::VT12001) => Err(err),
        _ => Ok(()),
    }
}

/// Brings a constant argument of a function to the character set of its result, where it has
/// another: MySQL puts the string that it becomes in its place, before any row.
///
/// # Errors
/// MySQL's 3854 for a string that has no place there, and whatever error the constant is.
pub(crate) fn simplify(
    arg: &mut Node,
    collation: Collation,
    session: &Session,
    notes: &mut Vec<Warning>,
) -> Result<(), Error> {
    /// What numbers and times are strings of, to MySQL.
    const OF_NUMBERS: Collation = Collation(8);
    if matches!(arg.kind.typ, Type::GEOMETRY | Type::VECTOR) {
        return Ok(());
    }
    if arg.call().is_some_and(|call| call.function.name == "name_const") {
        return Ok(());
    }
    let string = arg.kind.is_string() || arg.kind.typ == Type::JSON;
    let own = if string { arg.kind.collation } else { OF_NUMBERS };
    let (Some(from), Some(to)) = (own.charset(), collation.charset()) else { return Ok(()) };
    if from == to || from == Charset::Binary || to == Charset::Binary {
        return Ok(());
    }
    fail_now(arg, session)?;
    if !arg.is_constant() || arg.kind.is_null() {
        return Ok(());
    }
    let mut ctx = Context::new(session);
    let text = arg.text(&[], &mut ctx)?;
    notes.append(&mut ctx.warnings.take());
    let Some(text) = text else {
        // Of NULL nothing is left but of a document.
        let kind = match arg.kind.typ {
            Type::JSON => arg.kind.clone(),
            _ => Kind { collation, ..Kind::null() },
        };
        *arg = Node::new(kind, Op::Constant(Value::Null));
        return Ok(());
    };
    let bytes = in_charset(&text.bytes, text.collation, collation)?;
    let length = u32::try_from(to.count(&bytes)).unwrap_or(u32::MAX);
    let Kind { coercibility, ascii, nullable, .. } = arg.kind;
    let kind = Kind { nullable, ascii, ..Kind::text(length, collation, coercibility) };
    *arg = Node::new(kind, Op::Constant(Value::Text(bytes, collation)));
    Ok(())
}

fn in_charset(
    bytes: &bytes::Bytes,
    own: Collation,
    collation: Collation,
) -> Result<bytes::Bytes, Error> {
    let (Some(from), Some(to)) = (own.charset(), collation.charset()) else {
        return Ok(bytes.clone());
    };
    if from == Charset::Binary {
        let filled = crate::constant::filled(to, bytes.clone());
        return match to.well_formed(&filled) == filled.len() {
            true => Ok(filled),
            false => Err(crate::convert::not_convertible(bytes, from, to)),
        };
    }
    let text = Text { bytes: bytes.clone(), collation: own };
    crate::convert::converted(&text, collation)?
        .ok_or_else(|| crate::convert::not_convertible(bytes, from, to))
}
