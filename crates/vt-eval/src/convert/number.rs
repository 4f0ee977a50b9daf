//! Values as numbers.

use vt_base::Error;
use vt_collation::Charset;
use vt_value::{Collation, Decimal, Temporal, TemporalKind, Type, Value, float};

use crate::context::Context;
use crate::kind::Kind;
use crate::sql_mode::SqlMode;

/// An integer of 64 bits, signed or unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub struct Int {
    /// Between `i64::MIN` and `u64::MAX`.
    pub value: i128,
    pub unsigned: bool,
}

impl Int {
    pub fn signed(value: i64) -> Int {
        Int { value: value.into(), unsigned: false }
    }

    pub fn unsigned(value: u64) -> Int {
        Int { value: value.into(), unsigned: true }
    }

    /// Returns the bits as a signed integer has them.
    pub fn bits_i64(self) -> i64 {
        self.value as i64
    }

    /// Returns the bits as an unsigned integer has them.
    pub fn bits_u64(self) -> u64 {
        self.value as u64
    }

    /// Returns the integer, or the nearest that `i64` holds.
    pub fn clamped_i64(self) -> i64 {
        self.value.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// Returns the integer as a length: none is negative, and none too great.
    pub fn clamped_usize(self) -> usize {
        usize::try_from(self.value.max(0)).unwrap_or(usize::MAX)
    }

    pub fn to_value(self) -> Value {
        if self.unsigned { Value::UInt(self.bits_u64()) } else { Value::Int(self.bits_i64()) }
    }
}

/// How much of a value messages show.
pub(super) const SHOWN_BYTES: usize = 128;

/// Warns that a string is not wholly the number that was asked for.
pub(crate) fn truncated(ctx: &mut Context<'_>, what: &str, text: &[u8], kind: &Kind) {
    // Of a column of no fixed length MySQL shows the bytes as they are.
    let varies = matches!(kind.typ, Type::VARCHAR | Type::VARBINARY | Type::TEXT | Type::BLOB);
    let shown = match ctx.reads_column && varies {
        true => cut(&as_it_is(text)),
        false => shown(text, kind.collation),
    };
    ctx.warn(1292, format!("Truncated incorrect {what} value: '{shown}'"));
}

/// Returns bytes as a message shows them that takes them for UTF-8 of three bytes: each byte that
/// is none is a question mark.
pub(crate) fn as_it_is(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for one in chunk.valid().chars() {
            match u32::from(one) > 0xffff {
                true => out.push_str("????"),
                false => out.push(one),
            }
        }
        out.extend(std::iter::repeat_n('?', chunk.invalid().len()));
    }
    out
}

/// Writes a string as messages show it: not all of a long one, and bytes in hexadecimal digits.
pub(crate) fn shown(text: &[u8], collation: Collation) -> String {
    cut(&shown_whole(text, collation))
}

/// Cuts a text as messages do; of a character that is cut each byte is a question mark.
pub(crate) fn cut(text: &str) -> String {
    let text = text.split('\0').next().unwrap_or_default();
    if text.len() <= SHOWN_BYTES {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(SHOWN_BYTES);
    let mut out = text[..end].to_owned();
    out.extend(std::iter::repeat_n('?', SHOWN_BYTES - end));
    out
}

/// Returns a string in UTF-8 of three bytes, and bytes that are no characters by their numbers;
/// what follows a zero is lost.
pub(crate) fn shown_whole(text: &[u8], collation: Collation) -> String {
    let mut out = String::new();
    let charset = collation.charset().filter(|charset| charset.name() != "binary");
    let Some(charset) = charset else {
        for byte in text {
            match byte {
                b' '..=b'~' => out.push(char::from(*byte)),
                byte => out.push_str(&format!("\\x{byte:02X}")),
            }
        }
        return out;
    };
    for one in charset.chars(text) {
        let code = charset.decode(one).and_then(|(code, _)| char::from_u32(code));
        match code {
            Some('\0') => break,
            Some(c) if u32::from(c) > 0xffff => out.push('?'),
            Some(c) => out.push(c),
            None => one.iter().for_each(|byte| out.push_str(&format!("\\x{byte:02X}"))),
        }
    }
    out
}

/// Returns the number that bytes stand for; of too many, with a warning, none.
pub(crate) fn bits_of(bytes: &[u8], ctx: &mut Context<'_>) -> u64 {
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    if bytes.len() - leading <= 8 {
        return bits(bytes);
    }
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    ctx.warn(1292, format!("Truncated incorrect BINARY value: 'x'{digits}''"));
    0
}

/// Returns the place of an ENUM's member, counted from 1, or the bits of a SET's.
fn member_number(text: &[u8], kind: &Kind) -> Option<u64> {
    let members = kind.members.as_ref()?;
    let place = |text: &[u8]| members.iter().position(|member| member == text);
    if kind.typ == Type::ENUM {
        return Some(place(text).map_or(0, |place| place as u64 + 1));
    }
    let parts = text.split(|byte| *byte == b',').filter(|part| !part.is_empty());
    Some(parts.filter_map(place).fold(0, |bits, place| bits | 1u64 << (place % 64)))
}

/// Returns a value as an integer; `None` for NULL.
pub(crate) fn int(value: &Value, kind: &Kind, ctx: &mut Context<'_>) -> Result<Option<Int>, Error> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Int(number) => Int::signed(*number),
        Value::UInt(number) => Int::unsigned(*number),
        Value::Float(number) => {
            const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
            if ctx.reads_column && !(-TWO_TO_63..TWO_TO_63).contains(number) {
                let mut text = Vec::new();
                float::write_f64(*number, &mut text);
                truncated(ctx, "INTEGER", &text, kind);
            }
            int_of_real(*number, kind.unsigned)
        }
        Value::Decimal(number) => {
            let whole = number.to_i128();
            let least = if kind.unsigned { 0 } else { i128::from(i64::MIN) };
            let most = if kind.unsigned { i128::from(u64::MAX) } else { i128::from(i64::MAX) };
            if !whole.is_some_and(|whole| (least..=most).contains(&whole)) {
                let text = number.to_string();
                ctx.warn(1292, format!("Truncated incorrect DECIMAL value: '{text}'"));
            }
            int_of_decimal(number, kind.unsigned)
        }
        Value::Text(bytes, _) if kind.is_bits() => Int::unsigned(bits_of(bytes, ctx)),
        Value::Text(bytes, _) if kind.members.is_some() => {
            Int::unsigned(member_number(bytes, kind).unwrap_or(0))
        }
        Value::Text(bytes, collation) => {
            let (number, whole) = integer_of_text(&plain(bytes, *collation));
            if !(whole || ctx.reads_column && kind.is_long()) {
                truncated(ctx, "INTEGER", bytes, kind);
            }
            number
        }
        Value::Temporal(value) => Int::signed(whole_of_temporal(value, ctx)),
        Value::Json(_) => return Err(Error::unsupported("JSON as an integer")),
    }))
}

/// Returns a string whose digits are those of ASCII.
pub(crate) fn plain(bytes: &[u8], collation: Collation) -> std::borrow::Cow<'_, [u8]> {
    match collation.charset() {
        Some(charset) if !charset.keeps_ascii() && charset != Charset::Binary => {
            let mut out = Vec::with_capacity(bytes.len());
            charset.convert(bytes, Charset::Utf8mb4, &mut out);
            out.into()
        }
        _ => bytes.into(),
    }
}

/// Returns the digits of a date or time, rounded to seconds; beyond the last day of all, those of
/// that day without a time.
fn whole_of_temporal(value: &Temporal, ctx: &mut Context<'_>) -> i64 {
    let dated = value.kind == TemporalKind::DateTime;
    // A column is rounded under every mode.
    let column = ctx.reads_column;
    if ctx.session.sql_mode.has(SqlMode::TIME_TRUNCATE_FRACTIONAL) && !column {
        return vt_value::temporal::truncate_to(*value, 0).to_i64();
    }
    if dated && value.micros() >= 500_000 && value.ymd() == (9999, 12, 31) {
        let last = 24 * 3600 * 1_000_000 - 1_000_000;
        if value.clock() >= last {
            super::temporal::overflow(ctx, "datetime");
            return value.to_date().to_datetime().to_i64();
        }
    }
    value.to_i64()
}

/// Returns the digits of a sum of times, or of a text that was read by a pattern: MySQL rounds the
/// seconds, and does not carry what becomes 60.
pub(crate) fn whole_of_sum(value: &Temporal, ctx: &Context<'_>) -> i64 {
    let cut = vt_value::temporal::truncate_to(*value, 0).to_i64();
    let truncates = ctx.session.sql_mode.has(SqlMode::TIME_TRUNCATE_FRACTIONAL);
    match value.micros() >= 500_000 && !truncates {
        true if value.packed() < 0 => cut - 1,
        true => cut + 1,
        false => cut,
    }
}

/// Rounds half away from what is even, as the C library does; what is too great is cut.
fn int_of_real(number: f64, unsigned: bool) -> Int {
    let whole = number.round_ties_even();
    if unsigned && whole >= 0.0 { Int::unsigned(whole as u64) } else { Int::signed(whole as i64) }
}

fn int_of_decimal(number: &Decimal, unsigned: bool) -> Int {
    let whole = number.to_i128();
    let limit = |negative| if negative { i128::MIN } else { i128::MAX };
    let whole = whole.unwrap_or_else(|| limit(number.is_negative()));
    if unsigned {
        return Int::unsigned(whole.clamp(0, u64::MAX.into()) as u64);
    }
    Int::signed(whole.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}

/// Returns the number that the last eight bytes make.
pub(crate) fn bits(bytes: &[u8]) -> u64 {
    bytes.iter().rev().take(8).rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// Reads the integer at the start of a string, and whether the string is wholly one.
pub(crate) fn integer_of_text(text: &[u8]) -> (Int, bool) {
    let start = text.iter().take_while(|byte| is_space(**byte)).count();
    let body = &text[start..];
    let negative = body.first() == Some(&b'-');
    let sign = usize::from(matches!(body.first(), Some(b'+' | b'-')));
    let digits = body[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return (Int::signed(0), false);
    }
    let rest = &body[sign + digits..];
    let mut whole = rest.iter().all(|byte| is_space(*byte));
    let mut size = 0u128;
    for digit in &body[sign..sign + digits] {
        size = size.saturating_mul(10).saturating_add(u128::from(digit - b'0'));
    }
    let number = if negative {
        let most = 1u128 << 63;
        whole &= size <= most;
        Int::signed((size.min(most) as i128).wrapping_neg() as i64)
    } else {
        whole &= size <= u64::MAX.into();
        let size = size.min(u64::MAX.into()) as u64;
        i64::try_from(size).map_or(Int::unsigned(size), Int::signed)
    };
    (number, whole)
}

/// Returns whether a string begins with an integer of 64 bits that has no place among the signed.
pub(crate) fn is_beyond_signed(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = text.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok());
    number.and_then(|digits| digits.parse::<u64>().ok()).is_some_and(|one| one > i64::MAX as u64)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Returns a value as a double; `None` for NULL.
pub(crate) fn real(
    value: &Value,
    kind: &Kind,
    ctx: &mut Context<'_>,
) -> Result<Option<f64>, Error> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Int(number) => *number as f64,
        Value::UInt(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Decimal(number) => number.to_f64(),
        Value::Text(bytes, _) if kind.is_bits() => bits_of(bytes, ctx) as f64,
        Value::Text(bytes, _) if kind.members.is_some() => {
            member_number(bytes, kind).unwrap_or(0) as f64
        }
        Value::Text(bytes, collation) => {
            let (number, whole) = float::parse_number(&plain(bytes, *collation));
            if !(whole || ctx.reads_column && kind.is_long()) {
                truncated(ctx, "DOUBLE", bytes, kind);
            }
            number
        }
        Value::Temporal(_) => decimal(value, kind, ctx)?.unwrap_or(Decimal::ZERO).to_f64(),
        Value::Json(_) => return Err(Error::unsupported("JSON as a number")),
    }))
}

/// Returns a value as a decimal; `None` for NULL.
pub(crate) fn decimal(
    value: &Value,
    kind: &Kind,
    ctx: &mut Context<'_>,
) -> Result<Option<Decimal>, Error> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Int(number) => Decimal::from(*number),
        Value::UInt(number) => Decimal::from(*number),
        Value::Float(number) => {
            Decimal::from_f64(*number).unwrap_or_else(|| match number.abs() < 1.0 {
                true => Decimal::ZERO,
                false => greatest(*number, ctx),
            })
        }
        Value::Decimal(number) => *number,
        Value::Text(bytes, _) if kind.is_bits() => Decimal::from(bits_of(bytes, ctx)),
        Value::Text(bytes, _) if kind.members.is_some() => {
            Decimal::from(member_number(bytes, kind).unwrap_or(0))
        }
        Value::Text(bytes, collation) => {
            let plain = plain(bytes, *collation);
            let (number, read) = decimal_of_text(&plain);
            if read == Read::Beyond {
                warn_beyond(&plain, ctx);
            }
            if read != Read::Whole {
                truncated(ctx, "DECIMAL", bytes, kind);
            }
            number
        }
        Value::Temporal(temporal) => decimal_of_temporal(temporal, kind),
        Value::Json(_) => return Err(Error::unsupported("JSON as a number")),
    }))
}

/// Returns the greatest decimal for a double beyond all; the warning has the double's digits.
fn greatest(number: f64, ctx: &mut Context<'_>) -> Decimal {
    let mut text = Vec::new();
    float::write_f64(number, &mut text);
    let digits = text.split(|byte| *byte == b'e').next().unwrap_or_default();
    let digits = String::from_utf8_lossy(digits);
    ctx.warn(1292, format!("Truncated incorrect DECIMAL value: '{digits}'"));
    Decimal::max_value(number.is_sign_negative())
}

/// How much of a string is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Nothing,
    Start,
    Whole,
    /// A number that is too great; it counts as the greatest.
    Beyond,
}

/// Warns of a number with an exponent that is too great: of what stands before that.
pub(crate) fn warn_beyond(text: &[u8], ctx: &mut Context<'_>) {
    let digits = text.split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or_default();
    let digits = String::from_utf8_lossy(digits.trim_ascii());
    ctx.warn(1292, format!("Truncated incorrect DECIMAL value: '{digits}'"));
}

/// Returns whether a text begins with a number whose exponent makes it greater than all decimals.
fn is_beyond(text: &[u8]) -> bool {
    let exponent = text.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (number, _) = float::parse_number(text);
    exponent.is_some() && number.abs() > 1.0
}

pub(crate) fn decimal_of_text(text: &[u8]) -> (Decimal, Read) {
    let start = text.iter().take_while(|byte| is_space(**byte)).count();
    match Decimal::parse_prefix(&text[start..]) {
        Some((number, rest)) if rest.iter().all(|byte| is_space(*byte)) => (number, Read::Whole),
        Some((number, _)) => (number, Read::Start),
        None => match is_beyond(&text[start..]) {
            true => (Decimal::max_value(text.get(start) == Some(&b'-')), Read::Beyond),
            false => (Decimal::ZERO, Read::Nothing),
        },
    }
}

/// Writes the digits of a date or time one after the other: 20240131102030.5.
fn decimal_of_temporal(temporal: &vt_value::Temporal, _kind: &Kind) -> Decimal {
    let mut text = Vec::with_capacity(26);
    temporal.write(&mut text);
    let sign = usize::from(temporal.kind == TemporalKind::Time && text.first() == Some(&b'-'));
    let mut place = 0;
    text.retain(|byte| {
        place += 1;
        byte.is_ascii_digit() || *byte == b'.' || place <= sign
    });
    Decimal::parse(&text).unwrap_or(Decimal::ZERO)
}

/// Returns whether a value is true; `None` for NULL.
pub(crate) fn truth(
    value: &Value,
    kind: &Kind,
    ctx: &mut Context<'_>,
) -> Result<Option<bool>, Error> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Int(number) => *number != 0,
        Value::UInt(number) => *number != 0,
        Value::Decimal(number) => !number.is_zero(),
        Value::Float(number) => *number != 0.0,
        Value::Temporal(temporal) => temporal.packed() != 0,
        Value::Text(..) => return Ok(real(value, kind, ctx)?.map(|number| number != 0.0)),
        Value::Json(json) => crate::functions::json::cast::truth(json),
    }))
}
