//! COLLATE, and CONVERT ... USING.

use vt_base::{Code, Error};
use vt_collation::Charset;
use vt_value::Value;

use crate::Func;
use crate::collate::coercibility::{EXPLICIT, IMPLICIT};
use crate::function::{Call, Signature};
use crate::kind::Kind;

pub(super) fn kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let Func::Collate(collation) = signature.func() else {
        return Err(Error::bug("COLLATE without a collation"));
    };
    let kind = signature.kind(0);
    let own =
        if kind.is_string() { kind.collation } else { signature.session().connection_collation };
    if own.charset() != collation.charset()
        && own != vt_value::Collation::UNKNOWN
        && !kind.is_null()
    {
        let message = format!(
            "COLLATION '{}' is not valid for CHARACTER SET '{}'",
            collation.name().unwrap_or("unknown"),
            own.charset().map_or("unknown", Charset::name)
        );
        return Err(Error::mysql(1253, b"42000", message).with_code(Code::InvalidArgument));
    }
    let (length, ascii) = (kind.length, kind.ascii);
    Ok(Kind { ascii, ..Kind::text(length, collation, EXPLICIT) }.with_nullable(kind.nullable))
}

pub(super) fn eval(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = call.kind().collation;
    Ok(match call.text(0)? {
        None => Value::Null,
        Some(text) => Value::Text(text.bytes, collation),
    })
}

pub(super) fn using_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let Func::ConvertUsing(collation) = signature.func() else {
        return Err(Error::bug("CONVERT without a character set"));
    };
    let kind = signature.kind(0);
    Ok(Kind { ascii: kind.ascii, nullable: true, ..Kind::text(kind.length, collation, IMPLICIT) })
}

pub(super) fn using(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = call.kind().collation;
    Ok(match call.text_in(0, collation)? {
        None => Value::Null,
        Some(bytes) => Value::Text(bytes, collation),
    })
}
