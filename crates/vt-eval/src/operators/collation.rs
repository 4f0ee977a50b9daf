//! COLLATE, and CONVERT ... USING.

use vt_base::{Code, Error};
use vt_collation::Charset;
use vt_value::{Collation, Value};

use crate::Func;
use crate::collate::coercibility::{EXPLICIT, IMPLICIT};
use crate::function::{Call, Signature, Text};
use crate::kind::Kind;

pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let Func::Collate(collation) = signature.func() else {
        return Err(Error::bug("COLLATE without a collation"));
    };
    let kind = signature.kind(0);
    let own = if kind.is_string() || kind.is_null() {
        kind.collation
    } else {
        signature.session().connection_collation
    };
    if own.charset() != collation.charset() && own != Collation::UNKNOWN {
        let message = format!(
            "COLLATION '{}' is not valid for CHARACTER SET '{}'",
            collation.name().unwrap_or("unknown"),
            own.charset().map_or("unknown", Charset::name)
        );
        return Err(Error::mysql(1253, b"42000", message).with_code(Code::InvalidArgument));
    }
    let nullable = kind.nullable || signature.session().sql_mode.is_strict();
    let (length, ascii) = (kind.text_length(), kind.ascii);
    Ok(Kind { ascii, ..Kind::text(length, collation, EXPLICIT) }.with_nullable(nullable))
}

pub(super) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = call.kind().collation;
    Ok(match call.text(0)? {
        None => Value::Null,
        Some(text) => Value::Text(text.bytes, collation),
    })
}

/// The character set of `N'x'` and NCHAR.
pub(crate) const NATIONAL: Collation = Collation(33);

/// The warning of `N'x'` and NCHAR.
pub(crate) const NATIONAL_WARNING: &str = "NATIONAL/NCHAR/NVARCHAR implies the character set UTF8MB3, which will be replaced by \
     UTF8MB4 in a future release. Please consider using CHAR(x) CHARACTER SET UTF8MB4 in order \
     to be unambiguous.";

/// Returns the warning of a character set that MySQL will not have for ever.
pub(crate) fn deprecated(collation: Collation) -> Option<String> {
    let charset = collation.charset()?;
    let old = matches!(charset.name(), "utf8mb3" | "ucs2" | "macroman" | "macce" | "hp8" | "dec8");
    old.then(|| {
        let name = charset.name();
        format!(
            "'{name}' is deprecated and will be removed in a future release. \
             Please use utf8mb4 instead"
        )
    })
}

pub(super) fn using_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let Func::ConvertUsing(collation) = signature.func() else {
        return Err(Error::bug("CONVERT without a character set"));
    };
    if let Some(warning) = deprecated(collation) {
        signature.note(1287, warning);
    }
    let kind = signature.kind(0);
    let nullable = kind.nullable || signature.session().sql_mode.is_strict();
    let length = match collation {
        Collation::BINARY if kind.is_string() => kind.byte_length(),
        // As many whole characters as bytes make of a wide set.
        _ if kind.is_string() && kind.collation == Collation::BINARY => {
            let least = collation.charset().map_or(1, |charset| charset.min_len()) as u32;
            kind.text_length().div_ceil(least.max(1))
        }
        _ => kind.text_length(),
    };
    Ok(Kind { ascii: kind.ascii, nullable, ..Kind::text(length, collation, IMPLICIT) })
}

pub(super) fn using(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = call.kind().collation;
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let Some(text) = of_bytes(text, collation, call) else { return Ok(Value::Null) };
    let bytes = crate::convert::to_charset(text, collation, call.context())?;
    Ok(Value::Text(bytes, collation))
}

/// How many bytes the message shows of those that are no text.
const SHOWN_BYTES: usize = 3;

/// Takes bytes for text of a collation's character set, and warns where they are none. Of a set of
/// several bytes nothing is left then where the mode is strict, else what is right up to there.
pub(super) fn of_bytes(text: Text, collation: Collation, call: &mut Call<'_, '_>) -> Option<Text> {
    let charset = collation.charset().filter(|charset| *charset != Charset::Binary);
    let Some(charset) = charset.filter(|_| text.collation == Collation::BINARY) else {
        return Some(text);
    };
    let bytes = crate::constant::filled(charset, text.bytes);
    let whole = charset.known(&bytes);
    if whole == bytes.len() {
        return Some(Text { bytes, collation });
    }
    let broken = bytes.get(whole..).unwrap_or_default();
    let shown: String = broken.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02X}")).collect();
    call.warn(1300, format!("Invalid {} character string: '{shown}'", charset.name()));
    if charset.max_len() == 1 {
        return Some(Text { bytes, collation });
    }
    let strict = call.session().sql_mode.is_strict();
    (!strict).then(|| Text { bytes: bytes.slice(..whole), collation })
}
