//! What the functions of JSON ask of their arguments: documents, paths, `'one'` or `'all'`.

use std::borrow::Cow;

use vt_base::{Code, Error};
use vt_value::json::{Json, ParseError, Path};
use vt_value::{Collation, Type, Value};

use super::name_of;
use crate::context::Context;
use crate::convert;
use crate::function::{Call, Signature, Text};
use crate::kind::Kind;

/// The paths among a call's arguments that are constant, read once.
pub(super) struct Paths(Vec<Option<Path>>);

/// Reads the paths among the arguments from `first` on, every `step`th.
pub(super) fn keep_paths(signature: &mut Signature<'_>, first: usize, step: usize) {
    let read = |place: usize| match signature.constant(place)? {
        Value::Text(bytes, collation) if *collation != Collation::BINARY => {
            // One that is wrong, or of another character set, is read again for its row.
            let plain = bytes.is_ascii() || collation.charset() == UTF8MB4.charset();
            Path::parse(std::str::from_utf8(bytes).ok().filter(|_| plain)?).ok()
        }
        _ => None,
    };
    let is_path = |place: usize| place >= first && (place - first).is_multiple_of(step);
    let paths: Vec<Option<Path>> =
        (0..signature.len()).map(|place| if is_path(place) { read(place) } else { None }).collect();
    signature.keep(Paths(paths));
}

const UTF8MB4: Collation = Collation::UTF8MB4_BIN;

/// `3144`: bytes are no text.
pub(super) fn not_text() -> Error {
    let message = "Cannot create a JSON value from a string with CHARACTER SET 'binary'.";
    Error::mysql(3144, b"22032", message).with_code(Code::InvalidArgument)
}

/// `3146`: neither a string nor a document.
pub(super) fn not_json(place: usize, function: &str) -> Error {
    let message = format!(
        "Invalid data type for JSON data in argument {} to function {function}; a JSON string \
         or JSON type is required.",
        place + 1
    );
    Error::mysql(3146, b"22032", message).with_code(Code::InvalidArgument)
}

/// Returns a string as UTF-8; one of bytes is none.
pub(super) fn utf8(text: Text, ctx: &mut Context<'_>) -> Result<String, Error> {
    if text.collation == Collation::BINARY {
        return Err(not_text());
    }
    let bytes = convert::to_charset(text, UTF8MB4, ctx)?;
    String::from_utf8(bytes.into()).map_err(|_| Error::unsupported("text that is no UTF-8"))
}

/// Computes an argument as a document; strings are read as such. `None` for NULL.
pub(crate) fn document(call: &mut Call<'_, '_>, place: usize) -> Result<Option<Json>, Error> {
    document_for(call, place, name_of(call))
}

/// The same, for errors that name another function.
pub(super) fn document_for(
    call: &mut Call<'_, '_>,
    place: usize,
    function: &str,
) -> Result<Option<Json>, Error> {
    // What can be no document is refused before it is computed.
    if !may_be_document(call.arg_kind(place)) {
        return Err(not_json(place, function));
    }
    let text = match call.value(place)? {
        Value::Null => return Ok(None),
        Value::Json(json) => return Ok(Some(json)),
        Value::Text(bytes, collation) => Text { bytes, collation },
        // A sum of dates or times that were strings is one too.
        value @ Value::Temporal(_) => match convert::text(value, call.arg_kind(place))? {
            Some(text) => text,
            None => return Ok(None),
        },
        _ => return Err(not_json(place, function)),
    };
    let wrong =
        |error: ParseError| error.in_argument(place + 1, function).with_code(Code::InvalidArgument);
    if text.collation == Collation::BINARY {
        return Err(not_text());
    }
    let bytes = convert::to_charset(text, UTF8MB4, call.context())?;
    Json::parse(&bytes).map(Some).map_err(wrong)
}

/// Returns whether values are documents, or strings that may be read as such.
pub(super) fn may_be_document(kind: &Kind) -> bool {
    let other =
        matches!(kind.typ, Type::ENUM | Type::SET | Type::GEOMETRY | Type::VECTOR | Type::BIT);
    !other && (kind.typ == Type::JSON || kind.is_string() || kind.is_null())
}

/// Whether a path may lead to several values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    Anywhere,
    ToOne,
}

/// Computes an argument as a path; `None` for NULL.
pub(super) fn path<'c>(
    call: &mut Call<'c, '_>,
    place: usize,
    leads: Leads,
) -> Result<Option<Cow<'c, Path>>, Error> {
    let kept = call.kept::<Paths>().and_then(|paths| paths.0.get(place)?.as_ref());
    let path = match kept {
        Some(path) => Cow::Borrowed(path),
        None => {
            let Some(text) = call.text(place)? else { return Ok(None) };
            let text = utf8(text, call.context())?;
            let path = Path::parse(&text).map_err(Error::from);
            Cow::Owned(path.map_err(|error| error.with_code(Code::InvalidArgument))?)
        }
    };
    if leads == Leads::ToOne && path.is_many() {
        let message = "In this situation, path expressions may not contain the * and ** tokens or \
                       an array range.";
        return Err(Error::mysql(3149, b"42000", message).with_code(Code::InvalidArgument));
    }
    Ok(Some(path))
}

/// Computes an argument that is `'one'` or `'all'`: whether it is `'all'`. `None` for NULL.
pub(super) fn wants_all(call: &mut Call<'_, '_>, place: usize) -> Result<Option<bool>, Error> {
    let Some(word) = call.bytes(place)? else { return Ok(None) };
    if word.eq_ignore_ascii_case(b"all") {
        return Ok(Some(true));
    }
    if word.eq_ignore_ascii_case(b"one") {
        return Ok(Some(false));
    }
    let function = name_of(call);
    let message =
        format!("The oneOrAll argument to {function} may take these values: 'one' or 'all'.");
    Err(Error::mysql(3154, b"42000", message).with_code(Code::InvalidArgument))
}
