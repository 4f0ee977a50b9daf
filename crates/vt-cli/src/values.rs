//! The forms of values on the command line.

use std::time::Duration;

use vt_base::{KeyspaceShard, TabletAlias, TabletType};
use vt_proto::{topodata, vttime};

use crate::Failure;

/// Reads a duration as `1h2m3.5s`, `250ms`; `0` needs no unit.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let wrong = || "a duration is needed, as in 30s or 1h2m3s".to_owned();
    let mut total = 0.0;
    let mut rest = text;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let amount: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match &rest[..unit_end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            "" => return Err(format!("a unit is missing, as in {text}s")),
            _ => return Err(wrong()),
        };
        total += amount * unit;
        rest = &rest[unit_end..];
    }
    Duration::try_from_secs_f64(total).map_err(|_| "it is too long".to_owned())
}

/// Returns the message of a duration; none for zero, which stands for the server's own.
pub(crate) fn proto_duration(duration: Duration) -> Option<vttime::Duration> {
    (!duration.is_zero()).then(|| vttime::Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or_default(),
    })
}

pub(crate) fn parse_alias(text: &str) -> Result<topodata::TabletAlias, Failure> {
    let alias: TabletAlias = text.parse().map_err(|err| usage(&err))?;
    Ok((&alias).into())
}

/// Reads an alias that may be left out.
pub(crate) fn parse_alias_if_given(text: &str) -> Result<Option<topodata::TabletAlias>, Failure> {
    if text.is_empty() { Ok(None) } else { parse_alias(text).map(Some) }
}

pub(crate) fn parse_shard(text: &str) -> Result<KeyspaceShard, Failure> {
    text.parse().map_err(|err| usage(&err))
}

pub(crate) fn parse_tablet_type(text: &str) -> Result<i32, Failure> {
    text.parse::<TabletType>().map(|one| one as i32).map_err(|err| usage(&err))
}

/// Reads `true` and `false`, in the forms that the reference takes.
pub(crate) fn parse_bool(text: &str) -> Result<bool, Failure> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" => Ok(true),
        "false" | "f" | "0" => Ok(false),
        _ => Err(Failure::Usage(format!("{text:?} is neither true nor false"))),
    }
}

/// Says that an argument is wrong.
pub(crate) fn usage(err: &vt_base::Error) -> Failure {
    Failure::Usage(err.message().to_owned())
}

/// Returns the text of a flag's value or of the file that another flag names.
pub(crate) fn text_or_file(
    (text_flag, text): (&str, &str),
    (file_flag, path): (&str, &str),
) -> Result<String, Failure> {
    match (text.is_empty(), path.is_empty()) {
        (false, true) => Ok(text.to_owned()),
        (true, false) => read_file(path),
        _ => {
            Err(Failure::Usage(format!("must pass exactly one of --{text_flag} or --{file_flag}")))
        }
    }
}

pub(crate) fn read_file(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|err| Failure::Usage(format!("cannot read the file {path}: {err}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, millis) in
            [("30s", 30_000), ("1h0m0s", 3_600_000), ("1.5s", 1_500), ("250ms", 250), ("0", 0)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for wrong in ["", "10", "s", "1x", "-1s", "1e400h", "999999999999999999999999h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong} was taken");
        }
    }
}
