//! Constants that are brought to the character set of what they meet: MySQL computes them then and
//! there, with their warnings and errors, whether a row ever needs them or not.

use vt_base::{Error, ErrorId};
use vt_collation::Charset;
use vt_value::{Collation, Value};

use super::coercibility::NUMERIC;
use crate::context::Context;
use crate::function::{CollationUse, Text, Volatility};
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
        Value::Text(bytes, own) => in_charset(bytes, *own, collation)?,
        // Digits are the same in all sets, but for how wide they are.
        _ => return Ok(()),
    };
    if arg.is_literal() {
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
        Some(Charset::Binary) => purpose == CollationUse::Comparison || to.min_len() > 1,
        Some(own) => own != to,
    }
}

/// Fails if the argument is constant and an error: MySQL computes it to convert it.
pub(crate) fn fail_now(arg: &Node, session: &Session) -> Result<(), Error> {
    let Op::Call(call) = &arg.op else { return Ok(()) };
    let pure = call.function.volatility == Volatility::Pure;
    if !pure || !call.args.iter().all(Node::is_constant) {
        return Ok(());
    }
    match arg.eval(&[], &mut Context::new(session)) {
        Err(err) if err.id() != Some(ErrorId::VT12001) => Err(err),
        _ => Ok(()),
    }
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
