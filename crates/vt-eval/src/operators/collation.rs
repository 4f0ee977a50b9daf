//! COLLATE, and CONVERT ... USING.

use vt_base::{Code, Error};
use vt_collation::Charset;
use vt_value::{Collation, Value};

use crate::Func;
use crate::collate::coercibility::{EXPLICIT, IMPLICIT};
use crate::function::{Call, Signature};
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
        _ => kind.text_length(),
    };
    Ok(Kind { ascii: kind.ascii, nullable, ..Kind::text(length, collation, IMPLICIT) })
}

pub(super) fn using(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = call.kind().collation;
    Ok(match call.text_in(0, collation)? {
        None => Value::Null,
        Some(bytes) => Value::Text(bytes, collation),
    })
}
