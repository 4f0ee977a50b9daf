//! The kinds of dates and times, and how many digits of a fraction they have.

use vt_value::{Type, Value};

use crate::convert;
use crate::function::Signature;
use crate::kind::Kind;
use crate::node::Node;

const DATE_WIDTH: u32 = 10;
const DATETIME_WIDTH: u32 = 19;
const TIME_WIDTH: u32 = 10;
/// What MySQL makes of a date in a string: its widest text, with room.
const DATE_TEXT_WIDTH: u32 = 29;

pub(super) fn date_kind() -> Kind {
    Kind::new(Type::DATE, DATE_WIDTH, 0)
}

pub(super) fn datetime_kind(digits: u8) -> Kind {
    Kind::new(Type::DATETIME, DATETIME_WIDTH + fraction_width(digits), digits.min(6))
}

pub(super) fn time_kind(digits: u8) -> Kind {
    Kind::new(Type::TIME, TIME_WIDTH + fraction_width(digits), digits.min(6))
}

fn fraction_width(digits: u8) -> u32 {
    if digits == 0 { 0 } else { u32::from(digits.min(6)) + 1 }
}

/// A string that shows a date, a datetime or a time.
pub(super) fn text_kind(signature: &Signature<'_>) -> Kind {
    let collation = signature.session().connection_collation;
    let coercibility = crate::collate::coercibility::COERCIBLE;
    let kind = Kind::text(DATE_TEXT_WIDTH, collation, coercibility);
    Kind { typ: Type::CHAR, ascii: true, ..kind }
}

/// Returns how many digits of a second's fraction an argument has as a datetime.
pub(super) fn datetime_digits(signature: &Signature<'_>, place: usize) -> u8 {
    digits(signature, place, false)
}

/// Returns how many digits of a second's fraction an argument has as a time.
pub(super) fn time_digits(signature: &Signature<'_>, place: usize) -> u8 {
    digits(signature, place, true)
}

/// Returns how many digits of a second's fraction an argument has as a number of seconds.
pub(super) fn second_digits(signature: &Signature<'_>, place: usize) -> u8 {
    let kind = signature.kind(place);
    if kind.is_bits() {
        return 0;
    }
    let text = kind.is_string() || kind.members.is_some();
    if text || kind.typ == Type::JSON { 6 } else { kind.decimals.min(6) }
}

fn digits(signature: &Signature<'_>, place: usize, as_time: bool) -> u8 {
    let node: &Node = &signature.args()[place];
    if let Some(Value::Json(json)) = node.constant() {
        let mut text = Vec::new();
        json.write(&mut text);
        return convert::digits_of_text(&text, as_time);
    }
    if node.kind().is_string() {
        // MySQL computes a constant string to look at its digits, and its warnings come once more.
        for warning in node.folded_warnings() {
            signature.note(warning.errno, warning.message.clone());
        }
    }
    if node.kind().is_bits() {
        return 0;
    }
    if node.kind().is_string()
        && let Some(Value::Text(text, _)) = node.constant()
    {
        return convert::digits_of_text(text, as_time);
    }
    if node.kind().is_string()
        && let Some(Value::Temporal(value)) = node.constant()
    {
        return value.fraction_digits.min(6);
    }
    let open = node.kind().is_string()
        || matches!(node.kind().typ, Type::ENUM | Type::SET)
        || node.kind().typ == Type::JSON;
    if open { 6 } else { node.kind().decimals.min(6) }
}
