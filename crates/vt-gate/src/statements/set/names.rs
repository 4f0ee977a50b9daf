//! SET NAMES, SET CHARACTER SET, and the variables that they set.
//!
//! Tablets always get statements, and give results, in utf8mb4: the gateway turns what clients of
//! other character sets write and read. What literals are compared by is for tablets to know too.

use vt_base::{Code, Error, Result};
use vt_collation::{Charset, Collation};
use vt_value::TypedBytes;

use super::{first_value, setting};
use crate::gate::Gate;
use crate::query::run_on_any_shard;
use crate::session::Session;
use crate::session::charsets::{Charsets, charset_named, collation_named};

/// `SET NAMES charset [COLLATE collation]`; `None`, or `DEFAULT`, is what sessions begin with.
pub(super) async fn set_names(
    gate: &Gate,
    session: &mut Session,
    charset: Option<&str>,
    collation: Option<&str>,
) -> Result<()> {
    let charset = charset.filter(|name| !name.eq_ignore_ascii_case("default"));
    let mut next = match charset {
        None => Charsets::default(),
        Some(name) => {
            let set = charset_named(name)?;
            let collation = set.default_collation();
            let mut next = Charsets { collation, results: Some(set), ..session.charsets };
            next.set_client(set)?;
            next
        }
    };
    if let Some(name) = collation {
        let collation = collation_named(name)?;
        if collation.charset() != Some(next.client) {
            let set = next.client.name();
            let message = format!("COLLATION '{name}' is not valid for CHARACTER SET '{set}'");
            return Err(Error::mysql(1253, b"42000", message).with_code(Code::InvalidArgument));
        }
        next.collation = collation;
    }
    adopt(gate, session, next).await
}

/// `SET CHARACTER SET charset`: literals are compared as the database's default says.
pub(super) async fn set_character_set(
    gate: &Gate,
    session: &mut Session,
    charset: Option<&str>,
) -> Result<()> {
    let charset = charset.filter(|name| !name.eq_ignore_ascii_case("default"));
    let set = charset.map_or(Ok(Charset::Utf8mb4), charset_named)?;
    let answer = run_on_any_shard(gate, session, "select @@collation_database").await?;
    let name = String::from_utf8_lossy(&first_value(&answer).bytes).into_owned();
    let mut next =
        Charsets { collation: collation_named(&name)?, results: Some(set), ..session.charsets };
    next.set_client(set)?;
    adopt(gate, session, next).await
}

/// Sets one of the four variables; no value is the default.
pub(super) async fn set_one(
    gate: &Gate,
    session: &mut Session,
    name: &str,
    value: Option<&TypedBytes>,
) -> Result<()> {
    let mut next = session.charsets;
    let is_null = value.is_some_and(TypedBytes::is_null);
    let text = value.filter(|_| !is_null).map(read_name).transpose()?;
    let is_default = text.as_deref().is_none_or(|text| text.eq_ignore_ascii_case("default"));
    if is_null && name != "character_set_results" {
        let message = format!("Variable '{name}' can't be set to the value of 'NULL'");
        return Err(Error::mysql(1231, b"42000", message).with_code(Code::InvalidArgument));
    }
    let plain = Charsets::default();
    let named = text.as_deref().unwrap_or_default();
    match name {
        "character_set_client" if is_default => next.client = plain.client,
        "character_set_client" => next.set_client(charset_of(named)?)?,
        "character_set_results" if is_null => next.results = None,
        "character_set_results" if is_default => next.results = plain.results,
        "character_set_results" => next.results = Some(charset_of(named)?),
        "character_set_connection" if is_default => next.collation = plain.collation,
        "character_set_connection" => next.collation = charset_of(named)?.default_collation(),
        _ if is_default => next.collation = plain.collation,
        _ => next.collation = collation_of(named)?,
    }
    adopt(gate, session, next).await
}

fn read_name(value: &TypedBytes) -> Result<String> {
    Ok(String::from_utf8_lossy(&value.bytes).into_owned())
}

/// Finds a character set by name, or by the number of one of its collations.
fn charset_of(text: &str) -> Result<Charset> {
    match text.parse::<u16>() {
        Ok(number) => Collation(number).charset().ok_or(text).or_else(charset_named),
        Err(_) => charset_named(text),
    }
}

fn collation_of(text: &str) -> Result<Collation> {
    match text.parse::<u16>() {
        Ok(number) if Collation(number).name().is_some() => Ok(Collation(number)),
        _ => collation_named(text),
    }
}

/// Makes the sets the session's: tablets are told of the collation of literals.
pub(crate) async fn adopt(gate: &Gate, session: &mut Session, next: Charsets) -> Result<()> {
    let is_plain = next.collation == Charsets::default().collation;
    let value = (!is_plain).then(|| TypedBytes::varchar(next.collation_name()));
    if next.collation != session.charsets.collation {
        setting::set(gate, session, "collation_connection", value).await?;
    }
    session.charsets = next;
    Ok(())
}
