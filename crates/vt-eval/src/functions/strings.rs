//! What the functions of strings share: their kinds, and the limit of their results.

use bytes::Bytes;
use vt_base::{Code, Error};
use vt_collation::Charset;
use vt_value::{Collation, Type, Value};

use crate::constant;
use crate::context::Context;
use crate::convert::{self, Int, not_convertible};
use crate::function::{Call, CollationUse, Signature};
use crate::kind::{Kind, NOT_FIXED};
use crate::node::Node;

/// The most bytes of a result whose length is computed (`MAX_BLOB_WIDTH`).
pub(super) const BLOB_MAX: u64 = 1 << 24;
/// The most bytes of a VARCHAR.
const VARCHAR_MAX: u64 = 65535;

/// A collation with its coercibility.
pub(super) type Claim = (Collation, u8);

/// What few functions make of numbers: strings of the server's own default, `latin1_swedish_ci`.
pub(super) const OF_NUMBERS: Claim = (Collation(8), 5);

/// Returns the character set of a collation, or refuses what is not known.
pub(super) fn charset_of(collation: Collation) -> Result<Charset, Error> {
    collation.charset().ok_or_else(|| Error::unsupported("a string of an unknown character set"))
}

/// Refuses what a collation is not known to do.
pub(super) fn unknown(collation: Collation, what: &str) -> Error {
    let name = collation.name().unwrap_or("an unknown collation");
    Error::unsupported(format_args!("{what} in {name}"))
}

/// The most bytes of a character.
pub(super) fn max_len(collation: Collation) -> u64 {
    collation.charset().map_or(4, |charset| charset.max_len() as u64)
}

/// The kind of strings of so many characters; beyond what a result may have, they are cut.
pub(super) fn sized(chars: u64, claim: Claim) -> Kind {
    let most = BLOB_MAX / max_len(claim.0);
    unlimited(chars.min(most), claim).with_nullable(chars > most)
}

/// The same, however long they are.
pub(super) fn unlimited(chars: u64, (collation, coercibility): Claim) -> Kind {
    let bytes = chars.saturating_mul(max_len(collation));
    let kind = Kind::text(u32::try_from(chars).unwrap_or(u32::MAX), collation, coercibility);
    let typ = match (bytes > VARCHAR_MAX, collation == Collation::BINARY) {
        (false, _) => kind.typ,
        (true, true) => Type::BLOB,
        (true, false) => Type::TEXT,
    };
    Kind { typ, nullable: false, ..kind }
}

/// The same, counted in 32 bits: what is beyond begins at zero again, as in MySQL.
pub(super) fn wrapped(chars: u64, claim: Claim) -> Kind {
    let each = max_len(claim.0);
    let bytes = chars.saturating_mul(each) & u64::from(u32::MAX);
    unlimited(bytes / each, claim)
}

/// The kind of a result that is NULL where an argument is; under a strict mode every string may be.
pub(super) fn from_args(signature: &Signature<'_>, kind: Kind) -> Kind {
    let nullable = kind.nullable || signature.any_nullable();
    from_itself(signature, kind.with_nullable(nullable))
}

/// The kind of a string that arguments cannot make NULL.
pub(super) fn from_itself(signature: &Signature<'_>, kind: Kind) -> Kind {
    let nullable = kind.nullable || signature.session().sql_mode.is_strict();
    kind.with_nullable(nullable)
}

/// The kind of a string that is made of some arguments alone: where these are of ASCII, so is it.
pub(super) fn made_of(
    signature: &Signature<'_>,
    places: std::ops::Range<usize>,
    kind: Kind,
) -> Kind {
    let ascii = signature.args().get(places).unwrap_or_default().iter().all(|arg| arg.kind().ascii);
    from_args(signature, Kind { ascii, ..kind })
}

/// The kind of bytes.
pub(super) fn binary(length: u64) -> Kind {
    unlimited(length, (Collation::BINARY, 4))
}

/// The kind of text that the server makes itself, in its own character set.
pub(super) fn system(chars: u64, coercibility: u8) -> Kind {
    unlimited(chars, (Collation(33), coercibility))
}

/// The kind of text in the connection's character set.
pub(super) fn of_connection(signature: &Signature<'_>, chars: u64) -> Kind {
    sized(chars, (signature.session().connection_collation, 4))
}

/// The characters of a double at most.
const DOUBLE: u64 = 22;

/// Returns the characters that an argument has at most.
pub(super) fn chars(signature: &Signature<'_>, place: usize) -> u64 {
    let kind = signature.kind(place);
    let column = signature.args().get(place).is_some_and(Node::is_column);
    match kind.typ {
        Type::FLOAT64 if kind.decimals == NOT_FIXED || !column => DOUBLE,
        _ => u64::from(kind.length),
    }
}

/// The same for an argument that is brought to the character set of another: a constant number
/// becomes a string of its own length, unless the set is that of numbers.
pub(super) fn chars_brought(signature: &Signature<'_>, place: usize, claim: Claim) -> u64 {
    let kind = signature.kind(place);
    let own = if kind.is_string() { kind.collation } else { OF_NUMBERS.0 };
    if own.charset() == claim.0.charset() {
        return chars(signature, place);
    }
    match signature.constant(place) {
        Some(Value::Null) if kind.is_null() => 0,
        Some(value) if kind.typ.is_number() || kind.typ.is_temporal() => {
            value.text().map_or(0, |text| text.len() as u64)
        }
        _ => chars(signature, place),
    }
}

/// The same; of a result of bytes the bytes.
pub(super) fn chars_in(signature: &Signature<'_>, place: usize, claim: Claim) -> u64 {
    let text = signature.kind(place).collation != Collation::BINARY;
    match claim.0 == Collation::BINARY && text {
        true => bytes(signature, place),
        false => chars(signature, place),
    }
}

/// Returns the bytes that an argument has at most.
pub(super) fn bytes(signature: &Signature<'_>, place: usize) -> u64 {
    let kind = signature.kind(place);
    let text = !kind.typ.is_number() && kind.collation != Collation::BINARY;
    u64::from(kind.length) * if text { max_len(kind.collation) } else { 1 }
}

/// Returns the collation of one argument as a string; that of NULL is that of bytes.
pub(super) fn claim_of(signature: &mut Signature<'_>, place: usize) -> Result<Claim, Error> {
    if signature.kind(place).typ == Type::BIT {
        return Ok((Collation::BINARY, 2));
    }
    signature.aggregate_collation(place..place + 1, CollationUse::Result)
}

/// Returns a constant argument as an integer: `None` if it is none, `Some(None)` for NULL.
///
/// MySQL asks for it where it finds the type, so that its warnings come once more than the values.
pub(super) fn constant_int(
    signature: &Signature<'_>,
    place: usize,
) -> Result<Option<Option<Int>>, Error> {
    let Some(arg) = signature.args().get(place) else { return Ok(None) };
    if !arg.is_constant() {
        crate::collate::constant::fail_now(arg, signature.session())?;
        return Ok(None);
    }
    let mut ctx = Context::new(signature.session());
    let value = arg.eval(&[], &mut ctx)?;
    let number = convert::int(&value, arg.kind(), &mut ctx)?;
    if let Value::Text(bytes, collation) = &value
        && arg.call().is_some()
        && !arg.kind().is_bits()
        && convert::is_beyond_signed(&convert::plain(bytes, *collation))
    {
        let message =
            "Cast to signed converted positive out-of-range integer to its negative complement";
        ctx.warn(1105, message);
    }
    for warning in ctx.warnings.take() {
        signature.note(warning.errno, warning.message);
    }
    let text = matches!(value, Value::Text(..)) && !arg.kind().is_bits();
    let signed = |number: Int| if text { Int::signed(number.bits_i64()) } else { number };
    Ok(Some(number.map(signed)))
}

/// Returns the bytes of an argument in the result's character set.
pub(super) fn own(call: &mut Call<'_, '_>, place: usize) -> Result<Option<Bytes>, Error> {
    let collation = call.kind().collation;
    brought(call, place, collation)
}

/// Returns the bytes of an argument in the character set of a collation.
///
/// # Errors
/// MySQL's 3854 for a string that has no place there.
pub(super) fn brought(
    call: &mut Call<'_, '_>,
    place: usize,
    collation: Collation,
) -> Result<Option<Bytes>, Error> {
    let Some(text) = call.text(place)? else { return Ok(None) };
    let (Some(from), Some(to)) = (text.collation.charset(), collation.charset()) else {
        return call.text_in(place, collation);
    };
    let binary = |charset: Charset| charset.name() == "binary";
    if from == to || binary(to) {
        return Ok(Some(text.bytes));
    }
    if binary(from) {
        let bytes = constant::filled(to, text.bytes);
        return match to.well_formed(&bytes) == bytes.len() {
            true => Ok(Some(bytes)),
            false => Err(not_convertible(&bytes, from, to)),
        };
    }
    let mut out = Vec::with_capacity(text.bytes.len());
    match from.convert(&text.bytes, to, &mut out).is_exact() {
        true => Ok(Some(out.into())),
        false => Err(not_convertible(&text.bytes, from, to)),
    }
}

/// Returns whether a result of so many bytes is too long; then there is a warning, and the result
/// is NULL.
pub(super) fn too_long(call: &mut Call<'_, '_>, name: &str, bytes: u64) -> bool {
    let most = call.session().max_allowed_packet;
    if bytes <= most {
        return false;
    }
    let message =
        format!("Result of {name}() was larger than max_allowed_packet ({most}) - truncated");
    call.warn(1301, message);
    true
}

/// Returns a string of the result, unless it is too long.
pub(super) fn limited(call: &mut Call<'_, '_>, name: &str, text: Vec<u8>) -> Value {
    if too_long(call, name, text.len() as u64) { Value::Null } else { call.made(text) }
}

/// Returns MySQL's error of a number.
pub(super) fn error(errno: u16, message: impl Into<String>) -> Error {
    Error::mysql(errno, b"HY000", message).with_code(Code::InvalidArgument)
}

/// Warns of an argument that a function cannot take (1411), and gives NULL.
pub(super) fn wrong_value(
    call: &mut Call<'_, '_>,
    place: usize,
    what: &str,
    name: &str,
) -> Result<Value, Error> {
    let shown = call.args().get(place).map(|arg| arg.describe()).unwrap_or_default();
    let shown = convert::cut(&shown);
    let message = format!("Incorrect {what} value: '{shown}' for function {name}");
    call.null_with_warning(1411, message)
}

/// Returns where `part` next stands in `text` as whole characters, from a byte on.
pub(super) fn find_exact(charset: Charset, text: &[u8], part: &[u8], from: usize) -> Option<usize> {
    let mut place = from;
    loop {
        let rest = text.get(place..)?;
        if rest.len() < part.len() {
            return None;
        }
        if rest.starts_with(part) {
            return Some(place);
        }
        place += charset.char_len(rest).max(1);
    }
}
