//! How a test says that something is not as it should be.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// What a test gives back; the error says what was seen in place of what.
pub(crate) type Outcome = Result<(), String>;

/// Fails unless both are equal.
pub(crate) fn equal<T: PartialEq + Debug>(what: &str, seen: T, wanted: T) -> Outcome {
    if seen == wanted {
        Ok(())
    } else {
        Err(format!("{what}:\n  seen   {seen:?}\n  wanted {wanted:?}"))
    }
}

/// Fails unless the text holds the part.
pub(crate) fn contains(what: &str, text: &str, part: &str) -> Outcome {
    if text.contains(part) { Ok(()) } else { Err(format!("{what}: no {part:?} in:\n{text}")) }
}

/// Returns the error that was expected.
pub(crate) fn fails<T: Debug>(what: &str, result: Result<T, String>) -> Result<String, String> {
    match result {
        Err(err) => Ok(err),
        Ok(value) => Err(format!("{what}: an error was expected, and there was {value:?}")),
    }
}

/// Tries until it holds, or returns the last reason why it does not.
pub(crate) fn within(limit: Duration, mut holds: impl FnMut() -> Outcome) -> Outcome {
    let started = Instant::now();
    loop {
        match holds() {
            Ok(()) => return Ok(()),
            Err(err) if started.elapsed() >= limit => {
                return Err(format!("after {limit:?}: {err}"));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(200)),
        }
    }
}
