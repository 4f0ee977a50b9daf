//! Reading the parameters of vindexes.

use vt_base::{Code, Error};

use super::Params;

/// Makes the error of a wrong parameter.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidArgument, message)
}

/// Returns a parameter that must be there.
pub(crate) fn required<'a>(vindex: &str, params: &'a Params, name: &str) -> Result<&'a str, Error> {
    params
        .get(name)
        .map(String::as_str)
        .ok_or_else(|| invalid(format!("{vindex}: missing {name} param")))
}

/// Reads a yes-or-no parameter; absent means no.
pub(crate) fn boolean(params: &Params, name: &str) -> Result<bool, Error> {
    match params.get(name).map(String::as_str) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(invalid(format!("{name} value must be 'true' or 'false': '{other}'"))),
    }
}

/// Reads a JSON object of numbers out of a parameter that once named a file.
pub(crate) fn number_map(
    vindex: &str,
    param: &str,
    text: &str,
) -> Result<std::collections::HashMap<String, u64>, Error> {
    if !text.trim_start().starts_with('{') {
        return Err(invalid(format!("{vindex}: the file {text} of {param} could not be read")));
    }
    serde_json::from_str(text)
        .map_err(|error| invalid(format!("{vindex}: {param} is no map to numbers: {error}")))
}
