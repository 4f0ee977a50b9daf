//! Where statements come from: scripts, and lines of JSON.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use serde_json::Value;
use vt_base::{Error, Result};
use vt_collation::Charset;
use vt_sql::split_script;

use super::{Flow, Reading, wrong};

/// The longest script, and the longest line, in bytes.
const BYTES_MAX: usize = 1 << 30;
/// What stands for bytes that are no text.
const REPLACEMENT: char = '\u{fffd}';

/// What is to be answered.
pub(super) enum Item<'s> {
    Statement(&'s str),
    Broken {
        error: Error,
        /// The input itself is at fault, not a statement.
        is_unreadable: bool,
    },
}

/// A file, or standard input.
pub(super) struct Source {
    reader: Box<dyn BufRead>,
}

impl Source {
    pub(super) fn open(name: &str) -> Result<Source> {
        if name == "-" {
            return Ok(Source { reader: Box::new(BufReader::new(std::io::stdin())) });
        }
        let file = File::open(name).map_err(|err| wrong(err.to_string()))?;
        Ok(Source { reader: Box::new(BufReader::new(file)) })
    }

    #[cfg(test)]
    pub(super) fn of(bytes: &'static [u8]) -> Source {
        Source { reader: Box::new(bytes) }
    }

    /// Goes through the statements of a script.
    pub(super) fn each_statement(
        self,
        reading: &Reading,
        answer: &mut dyn FnMut(Item<'_>) -> Flow,
    ) -> Result<Flow> {
        let mut bytes = Vec::new();
        let read = self.reader.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|err| wrong(err.to_string()))?;
        if bytes.len() > BYTES_MAX {
            return Err(wrong(format!("more than {BYTES_MAX} bytes")));
        }
        let (text, is_exact) = decode(&bytes, reading.charset);
        for sql in split_script(&text, reading.modes) {
            let item = match is_exact || !sql.contains(REPLACEMENT) {
                true => Item::Statement(sql),
                false => Item::Broken { error: no_text(reading.charset), is_unreadable: false },
            };
            if answer(item) == Flow::Closed {
                return Ok(Flow::Closed);
            }
        }
        Ok(Flow::On)
    }

    /// Goes through lines of JSON.
    pub(super) fn each_line(
        mut self,
        reading: &Reading,
        answer: &mut dyn FnMut(Item<'_>) -> Flow,
    ) -> Result<Flow> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut limited = (&mut self.reader).take(BYTES_MAX as u64 + 1);
            let read =
                limited.read_until(b'\n', &mut line).map_err(|err| wrong(err.to_string()))?;
            if read == 0 {
                return Ok(Flow::On);
            }
            if line.len() > BYTES_MAX {
                return Err(wrong(format!("a line has more than {BYTES_MAX} bytes")));
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let (text, is_exact) = decode(&line, reading.charset);
            let flow = match (statement(&text), is_exact) {
                (_, false) => {
                    answer(Item::Broken { error: no_text(reading.charset), is_unreadable: true })
                }
                (Ok(sql), true) => answer(Item::Statement(&sql)),
                (Err(error), true) => answer(Item::Broken { error, is_unreadable: true }),
            };
            if flow == Flow::Closed {
                return Ok(Flow::Closed);
            }
        }
    }
}

/// Reads `{"sql": "..."}`; other members are for others.
fn statement(line: &str) -> Result<String> {
    let document: Value =
        serde_json::from_str(line).map_err(|err| wrong(format!("no line of JSON: {err}")))?;
    match document.get("sql") {
        Some(Value::String(sql)) => Ok(sql.clone()),
        Some(_) => Err(wrong("\"sql\" is no string")),
        None => Err(wrong("no member \"sql\"")),
    }
}

/// Returns bytes of a character set as text, and whether all of them were text.
fn decode(bytes: &[u8], charset: Charset) -> (Cow<'_, str>, bool) {
    if matches!(charset, Charset::Utf8mb4 | Charset::Utf8mb3 | Charset::Binary) {
        let text = String::from_utf8_lossy(bytes);
        let is_exact = matches!(text, Cow::Borrowed(_));
        return (text, is_exact);
    }
    let mut text = Vec::with_capacity(bytes.len());
    let conversion = charset.convert(bytes, Charset::Utf8mb4, &mut text);
    let is_exact = conversion.is_exact();
    (String::from_utf8_lossy(&text).into_owned().into(), is_exact)
}

/// MySQL's error for bytes that are no text of the connection's character set.
fn no_text(charset: Charset) -> Error {
    Error::mysql(1300, b"HY000", format!("Invalid {} character string", charset.name()))
}
