//! CHARSET, COLLATION, COERCIBILITY and WEIGHT_STRING: what is known of strings; and figures as
//! people read them.

use vt_base::Error;
use vt_value::{Collation, Type, Value};

use super::strings::{
    bytes, charset_of, claim_of, constant_int, from_args, from_itself, system, unknown,
};
use crate::convert::Int;
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;
use crate::node::Node;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("charset", (1, 1), name_kind, charset),
    Function::new("coercibility", (1, 1), coercibility_kind, coercibility),
    Function::new("collation", (1, 1), name_kind, collation),
    Function::new("format_bytes", (1, 1), bytes_kind, format_bytes),
    Function::new("format_pico_time", (1, 1), time_kind, format_pico_time),
    // WEIGHT_STRING(text [AS CHAR(n)]), with the word and the length behind the text.
    Function::new("weight_string", (1, 3), weight_kind, weight_string).internal(),
];

fn name_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(from_itself(signature, system(64, 4)))
}

/// Returns the collation that values of a node have in a result.
fn shown_collation(node: &Node) -> Collation {
    let kind = node.kind();
    let document = kind.typ == Type::JSON && node.is_column();
    match kind.typ.is_number() || kind.typ.is_temporal() || document {
        true => Collation::BINARY,
        false => kind.collation,
    }
}

fn charset(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let charset = charset_of(shown_collation(&call.args()[0]))?;
    Ok(call.made(charset.name().as_bytes()))
}

fn collation(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = shown_collation(&call.args()[0]);
    let name = collation.name().ok_or_else(|| unknown(collation, "the name of a collation"))?;
    Ok(call.made(name.as_bytes()))
}

fn coercibility_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(10).with_nullable(false))
}

fn coercibility(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let kind = call.arg_kind(0);
    charset_of(kind.collation)?;
    Ok(Value::Int(kind.coercibility.into()))
}

/// How WEIGHT_STRING takes its string.
#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    Whole,
    /// Of so many characters.
    Chars,
    /// Of so many bytes, whatever the character set.
    Bytes,
}

/// What WEIGHT_STRING keeps for its rows.
struct Weighed {
    how: As,
    collation: Collation,
}

fn weight_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if !signature.kind(0).is_string() && !signature.kind(0).is_null() {
        return Err(signature.unsupported("of what is no string"));
    }
    let how = match signature.constant(1).and_then(Value::text).as_deref() {
        None => As::Whole,
        Some(b"BINARY") => As::Bytes,
        Some(_) => As::Chars,
    };
    let (collation, _) = claim_of(signature, 0)?;
    signature.keep(Weighed { how, collation });
    let count = constant_int(signature, 2)?.flatten().map_or(0, Int::clamped_usize) as u64;
    let length = match how {
        As::Bytes => count,
        As::Whole | As::Chars => weights_len(collation, bytes(signature, 0).max(count)),
    };
    Ok(super::strings::binary(length.max(8)).with_nullable(true))
}

/// The languages whose order takes twice the levels.
const TWICE: [&str; 8] = ["bg", "bs", "hr", "ja", "mn_cyrl", "ru", "sr_latn", "zh"];

/// Returns the most bytes that the weights of a string of so many bytes have.
fn weights_len(collation: Collation, bytes: u64) -> u64 {
    let name = collation.name().unwrap_or_default();
    let widest = collation.charset().map_or(1, |charset| charset.max_len() as u64);
    let own = TWICE.iter().any(|language| name.starts_with(&format!("utf8mb4_{language}_0900")));
    // A level of weights, and the mark before the next.
    let levels = |count: u64| bytes * 16 * (count + u64::from(own)) + 2 * (count - 1);
    match name {
        "tis620_thai_ci" => bytes * 4,
        "cp1250_czech_cs" => bytes * 2,
        "latin2_czech_cs" => bytes * 5,
        _ if widest == 1 => bytes,
        "utf8mb4_ja_0900_as_cs_ks" => levels(4),
        _ if name.ends_with("_0900_bin") => bytes * 4,
        _ if name.ends_with("_0900_ai_ci") => levels(1),
        _ if name.ends_with("_0900_as_ci") => levels(2),
        _ if name.ends_with("_0900_as_cs") => levels(3),
        _ if widest == 4 && name.ends_with("_general_ci") => match name.starts_with("utf16") {
            true => bytes * 4,
            false => bytes * 2,
        },
        _ if widest == 4 && name.ends_with("_bin") => match name.starts_with("gb18030") {
            true => bytes * 4,
            false => bytes * 3,
        },
        _ if name.starts_with("utf8mb3") && collation.sort_len() <= 1 => bytes * 2,
        _ => bytes * u64::from(collation.sort_len()).max(1) * widest,
    }
}

fn weight_string(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(Weighed { how, collation }) = call.kept() else {
        return Err(Error::bug("WEIGHT_STRING without a collation"));
    };
    let text = match how {
        As::Bytes => call.bytes(0)?,
        As::Whole | As::Chars => call.text_in(0, *collation)?,
    };
    let Some(text) = text else { return Ok(Value::Null) };
    // Bits weigh as the integer that they are.
    if *how != As::Bytes && call.arg_kind(0).typ == Type::BIT {
        let mut bits = vec![0; 8usize.saturating_sub(text.len())];
        bits.extend_from_slice(&text);
        return Ok(call.made(bits));
    }
    if *how == As::Whole {
        return weights(call, &text, *collation);
    }
    let Some(count) = call.int(2)? else { return Ok(Value::Null) };
    let count = count.clamped_usize();
    if *how == As::Bytes {
        let mut text = text.to_vec();
        if super::strings::too_long(call, "weight_string", count as u64) {
            return Ok(Value::Null);
        }
        if text.len() > count {
            let shown = crate::convert::shown(&text, Collation::BINARY);
            let message = format!("Truncated incorrect BINARY({count}) value: '{shown}'");
            call.warn(1292, message);
        }
        text.resize(count, 0);
        return Ok(call.made(text));
    }
    let charset = charset_of(*collation)?;
    let mut text = charset.substr(&text, 0, count).to_vec();
    if collation.pads() {
        let missing = count - charset.count(&text).min(count);
        let length = missing as u64 * charset.max_len() as u64;
        if super::strings::too_long(call, "weight_string", length) {
            return Ok(Value::Null);
        }
        for _ in 0..missing {
            charset.encode(u32::from(b' '), &mut text);
        }
    }
    weights(call, &text, *collation)
}

fn weights(call: &Call<'_, '_>, text: &[u8], collation: Collation) -> Result<Value, Error> {
    let mut out = Vec::new();
    if !collation.sort_key(text, &mut out) {
        return Err(unknown(collation, "the weights of a string"));
    }
    Ok(call.made(out))
}

fn bytes_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(from_args(signature, system(11, 4)))
}

fn time_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(system(11, 4).with_nullable(true))
}

const BYTES: &[(f64, &str)] = &[
    (1_152_921_504_606_846_976.0, "EiB"),
    (1_125_899_906_842_624.0, "PiB"),
    (1_099_511_627_776.0, "TiB"),
    (1_073_741_824.0, "GiB"),
    (1_048_576.0, "MiB"),
    (1024.0, "KiB"),
];

const PICOSECONDS: &[(f64, &str)] = &[
    (86_400e12, "d"),
    (3_600e12, "h"),
    (60e12, "min"),
    (1e12, "s"),
    (1e9, "ms"),
    (1e6, "us"),
    (1e3, "ns"),
];

fn format_bytes(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(number) = call.real(0)? else { return Ok(Value::Null) };
    let text = in_unit(number, BYTES).unwrap_or_else(|| format!("{:4} bytes", number as i64));
    Ok(call.made(text))
}

fn format_pico_time(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(number) = call.real(0)? else { return Ok(Value::Null) };
    let text = in_unit(number, PICOSECONDS).unwrap_or_else(|| format!("{:3} ps", number as i64));
    Ok(call.made(text))
}

/// Writes a number in the greatest unit that it has one of; `None` if it has none.
fn in_unit(number: f64, units: &[(f64, &str)]) -> Option<String> {
    let (unit, name) = units.iter().find(|(unit, _)| number.abs() >= *unit)?;
    let count = number / unit;
    if count.abs() < 100_000.0 {
        return Some(format!("{count:.2} {name}"));
    }
    let text = format!("{count:.2e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    Some(format!("{digits}e{sign}{exponent:0>2} {name}"))
}

#[cfg(test)]
mod tests;
