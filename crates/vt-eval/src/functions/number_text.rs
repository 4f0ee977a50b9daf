//! CONV, BIN, OCT, HEX, FORMAT, CRC32, BIT_COUNT: numbers as text, and bits.

use vt_base::{Code, Error};
use vt_value::temporal::Locale;
use vt_value::{Collation, Decimal, Type, Value, float};

use crate::collate::coercibility::COERCIBLE;
use crate::convert;
use crate::function::{Call, Function, Signature, Text};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("bin", (1, 1), digits_kind, |call| in_base(call, 2)),
    Function::new("bit_count", (1, 1), bit_count_kind, bit_count),
    Function::new("conv", (3, 3), digits_kind, conv),
    Function::new("crc32", (1, 1), crc32_kind, crc32),
    Function::new("format", (2, 3), format_kind, format),
    Function::new("hex", (1, 1), hex_kind, hex),
    Function::new("oct", (1, 1), digits_kind, |call| in_base(call, 8)),
];

/// The most digits after the point that FORMAT gives.
const FORMAT_DIGITS_MAX: i64 = 30;
/// What a double is taken to be wide, where MySQL counts signs between its digits.
const DOUBLE_WIDTH: u32 = 22;
/// The same of a FLOAT.
const FLOAT_WIDTH: u32 = 23;

fn made(signature: &Signature<'_>, length: u32) -> Kind {
    let collation = signature.session().connection_collation;
    Kind { ascii: true, ..Kind::text(length, collation, COERCIBLE) }
}

/// A string may always become NULL where a strict mode is set: it may be too long.
fn nullable(signature: &Signature<'_>) -> bool {
    signature.session().sql_mode.is_strict() || signature.any_nullable()
}

/// Returns ASCII text as a string of the result's collation.
fn text(call: &mut Call<'_, '_>, text: String) -> Result<Value, Error> {
    let text = Text { bytes: text.into(), collation: Collation::UTF8MB4_0900_AI_CI };
    let collation = call.kind().collation;
    let bytes = convert::to_charset(text, collation, call.context())?;
    Ok(Value::Text(bytes, collation))
}

fn digits_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    // Of a constant date MySQL takes the digits of its text in one row, its number in the next.
    if signature.kind(0).typ.is_temporal() && signature.args()[0].is_constant() {
        return Err(signature.unsupported("of a constant date or time"));
    }
    // 64 binary digits and a sign.
    Ok(made(signature, 65))
}

fn conv(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let (from, to) = (call.int(1)?, call.int(2)?);
    let (Some(from), Some(to)) = (from, to) else { return Ok(Value::Null) };
    convert_base(call, from.clamped_i64(), to.clamped_i64())
}

fn in_base(call: &mut Call<'_, '_>, base: i64) -> Result<Value, Error> {
    convert_base(call, 10, base)
}

/// Reads a number in one base and writes it in another; a negative base is that of signed numbers.
fn convert_base(call: &mut Call<'_, '_>, from: i64, to: i64) -> Result<Value, Error> {
    let base =
        |base: i64| u32::try_from(base.unsigned_abs()).ok().filter(|base| (2..=36).contains(base));
    let (from_base, to_base) = (base(from), base(to));
    let number = if call.arg_kind(0).is_bits() {
        if from_base.is_none() || to_base.is_none() {
            return Ok(Value::Null);
        }
        match call.int(0)? {
            Some(number) if call.arg_kind(0).length > 0 => number.bits_u64(),
            _ => return Ok(Value::Null),
        }
    } else {
        let Some(text) = call.text(0)? else { return Ok(Value::Null) };
        let (Some(from_base), Some(_)) = (from_base, to_base) else { return Ok(Value::Null) };
        let bytes = convert::readable(&text)?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        let (number, whole) = read_in_base(&bytes, from_base, from < 0);
        // MySQL says nothing of sets whose digits are no single bytes.
        let single = text.collation.charset().is_none_or(|charset| charset.min_len() == 1);
        if !whole && single {
            convert::warn_text(call.context(), "DECIMAL", &text)?;
        }
        number
    };
    let (Some(_), Some(to_base)) = (from_base, to_base) else { return Ok(Value::Null) };
    let (negative, size) = match to < 0 && (number as i64) < 0 {
        true => (true, (number as i64).unsigned_abs()),
        false => (false, number),
    };
    text(call, write_in_base(size, to_base, negative))
}

/// Reads the digits at the start of a text; returns the number's bits, and whether there were
/// digits and none too many.
fn read_in_base(text: &[u8], base: u32, signed: bool) -> (u64, bool) {
    let text = text.trim_ascii_start();
    let negative = text.first() == Some(&b'-');
    let sign = usize::from(negative || text.first() == Some(&b'+'));
    let mut size = 0u128;
    let mut any = false;
    for digit in text[sign..].iter().map_while(|byte| char::from(*byte).to_digit(base)) {
        size = size.saturating_mul(base.into()).saturating_add(digit.into());
        any = true;
    }
    let most = match (signed, negative) {
        (true, true) => 1u128 << 63,
        (true, false) => (1u128 << 63) - 1,
        (false, _) => u64::MAX.into(),
    };
    let number = size.min(most) as u64;
    let overflow = size > most;
    let number = match negative {
        true if overflow && !signed => 0,
        true => number.wrapping_neg(),
        false => number,
    };
    (number, any && !overflow)
}

fn write_in_base(mut size: u64, base: u32, negative: bool) -> String {
    let mut digits = Vec::with_capacity(65);
    loop {
        let digit = (size % u64::from(base)) as u32;
        digits.push(char::from_digit(digit, base).unwrap_or('0').to_ascii_uppercase());
        size /= u64::from(base);
        if size == 0 {
            break;
        }
    }
    if negative {
        digits.push('-');
    }
    digits.into_iter().rev().collect()
}

fn hex_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    let length = match kind.typ {
        Type::NULL_TYPE => 0,
        typ if typ.is_number() || typ == Type::BIT => 16,
        typ if typ.is_text() || matches!(typ, Type::ENUM | Type::SET) => {
            let widest = kind.collation.charset().map_or(1, |charset| charset.max_len()) as u32;
            kind.length.saturating_mul(widest).saturating_mul(2)
        }
        _ => kind.length.saturating_mul(2),
    };
    // Two digits a byte, in characters of as many bytes as the set has.
    let widest = signature.session().connection_collation.charset();
    let widest = widest.map_or(4, |charset| charset.max_len()) as u32;
    let length = length.min((u32::MAX / widest) & !1);
    Ok(made(signature, length).with_nullable(nullable(signature)))
}

fn hex(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let typ = call.arg_kind(0).typ;
    if typ.is_number() || typ == Type::BIT {
        let value = call.value(0)?;
        if let Value::Float(number) = value
            && number.abs() >= i64::MAX as f64
            && call.args()[0].call().is_some()
        {
            // A double that was computed is not cut to the integers, as one that was written is.
            let shown = call.args()[0].describe();
            let message = format!("BIGINT value is out of range in '{shown}'");
            return Err(Error::mysql(1690, b"22003", message).with_code(Code::InvalidArgument));
        }
        if let Value::Float(number) = value
            && number.abs() >= i64::MAX as f64
            && call.args()[0].is_column()
        {
            let shown = value.text().unwrap_or_default();
            convert::warn_temporal(call.context(), "Truncated incorrect", "INTEGER", &shown);
        }
        let value = match value {
            Value::Decimal(seconds) if call.args()[0].cuts_fraction() => {
                Value::Decimal(seconds.truncate(0))
            }
            value => value,
        };
        let kind = call.arg_kind(0);
        return match convert::int(&value, kind, call.context())? {
            Some(number) => text(call, format!("{:X}", number.bits_u64())),
            None => Ok(Value::Null),
        };
    }
    let Some(bytes) = call.bytes(0)? else { return Ok(Value::Null) };
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes.iter() {
        for half in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
        }
    }
    text(call, out)
}

fn format_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    let length = match kind.typ {
        Type::FLOAT32 => FLOAT_WIDTH,
        typ if typ.is_float() => DOUBLE_WIDTH,
        _ => kind.length,
    };
    // Signs between the digits, and thirty digits behind a point.
    let length = length.saturating_add(length / 3).saturating_add(32);
    if let Some(Value::Text(name, _)) = signature.constant(2) {
        let found = std::str::from_utf8(name).ok().and_then(Locale::of_name);
        signature.keep(found);
    }
    Ok(made(signature, length).with_nullable(nullable(signature)))
}

/// Finds the locale of the third argument.
fn locale(call: &mut Call<'_, '_>) -> Result<Locale, Error> {
    if call.len() < 3 {
        return Ok(Locale::default());
    }
    if let Some(Some(locale)) = call.kept::<Option<Locale>>() {
        return Ok(*locale);
    }
    let name = match call.text(2)? {
        Some(name) => convert::readable(&name)?,
        None => "NULL".into(),
    };
    let name = String::from_utf8_lossy(&name).into_owned();
    Ok(Locale::of_name(&name).unwrap_or_else(|| {
        call.warn(1649, format!("Unknown locale: '{name}'"));
        Locale::default()
    }))
}

fn format(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(digits) = call.int(1)? else { return Ok(Value::Null) };
    let digits = digits.clamped_i64().clamp(0, FORMAT_DIGITS_MAX) as u8;
    let kind = call.arg_kind(0);
    let exact = kind.typ == Type::DECIMAL || kind.typ.is_integral();
    let number = if exact {
        let Some(number) = call.decimal(0)? else { return Ok(Value::Null) };
        fixed(number, digits)
    } else {
        let Some(number) = call.real(0)? else { return Ok(Value::Null) };
        let mut out = Vec::new();
        let rounded = super::numeric::round_f64(number, digits.into(), false);
        float::write_fixed(rounded, digits, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    let locale = locale(call)?;
    let mut out = String::with_capacity(number.len() * 4 / 3 + 1);
    locale.write_number(&number, &mut out);
    let made = Text { bytes: out.into(), collation: Collation::UTF8MB4_0900_AI_CI };
    let collation = call.kind().collation;
    let bytes = convert::to_charset(made, collation, call.context())?;
    Ok(Value::Text(bytes, collation))
}

/// Writes a decimal with so many digits after the point.
fn fixed(number: Decimal, digits: u8) -> String {
    let mut text = number.round(digits).to_string();
    let shown = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let missing = usize::from(digits).saturating_sub(shown);
    if shown == 0 && missing > 0 {
        text.push('.');
    }
    text.extend(std::iter::repeat_n('0', missing));
    text
}

fn crc32_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::uint(10).with_nullable(signature.any_nullable()))
}

/// The remainders of the polynomial of IEEE 802.3 for each byte.
const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut rest = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            rest = if rest & 1 == 1 { rest >> 1 ^ 0xedb8_8320 } else { rest >> 1 };
            bit += 1;
        }
        table[byte] = rest;
        byte += 1;
    }
    table
};

fn crc32(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(bytes) = call.bytes(0)? else { return Ok(Value::Null) };
    let rest = bytes
        .iter()
        .fold(u32::MAX, |rest, byte| rest >> 8 ^ CRC_TABLE[usize::from(rest as u8 ^ byte)]);
    Ok(Value::UInt((!rest).into()))
}

fn bit_count_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(21).with_nullable(signature.any_nullable()))
}

fn bit_count(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let kind = call.arg_kind(0);
    let bytes = kind.is_string() && !kind.is_bits() && kind.collation == Collation::BINARY;
    let count = if bytes {
        let bytes = call.bytes(0)?;
        bytes.map(|bytes| bytes.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>())
    } else {
        call.int(0)?.map(|number| number.bits_u64().count_ones().into())
    };
    Ok(count.map_or(Value::Null, |count| Value::Int(count as i64)))
}
