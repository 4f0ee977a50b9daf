//! The fields and lines of a file, as FIELDS and LINES describe them.

use vt_base::{Code, Error, Result};
use vt_sql::ast::{Literal, LoadData};

use super::refused;

/// The longest row.
const ROW_BYTES_MAX: usize = 64 << 20;

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    field_end: Vec<u8>,
    enclosed: Option<u8>,
    escape: Option<u8>,
    line_start: Vec<u8>,
    line_end: Vec<u8>,
    skipped_lines: u64,
}

impl Format {
    pub(super) fn of(load: &LoadData<'_>) -> Result<Format> {
        if load.xml {
            return Err(refused("of XML"));
        }
        if load.bulk.is_some() {
            return Err(refused("with options of bulk loading"));
        }
        let given = &load.format;
        let text = |literal: Option<&Literal<'_>>, default: &[u8]| match literal {
            Some(literal) => literal.value.to_vec(),
            None => default.to_vec(),
        };
        let single = |literal: Option<&Literal<'_>>, default: Option<u8>| match literal {
            None => Ok(default),
            Some(literal) => match literal.value {
                [] => Ok(None),
                [byte] => Ok(Some(*byte)),
                _ => {
                    let message =
                        "Field separator argument is not what is expected; check the manual";
                    Err(Error::mysql(1083, b"42000", message).with_code(Code::InvalidArgument))
                }
            },
        };
        let format = Format {
            field_end: text(given.fields_terminated, b"\t"),
            enclosed: single(given.fields_enclosed, None)?,
            escape: single(given.fields_escaped, Some(b'\\'))?,
            line_start: text(given.lines_starting, b""),
            line_end: text(given.lines_terminated, b"\n"),
            skipped_lines: match load.ignore_lines.and_then(Literal::text) {
                None => 0,
                Some(text) => text.parse().map_err(|_| refused("IGNORE that is no number"))?,
            },
        };
        if format.field_end.is_empty() || format.line_end.is_empty() {
            return Err(refused("with fields of fixed width, or lines without an end"));
        }
        Ok(format)
    }
}

/// A field; `None` is NULL.
pub(super) type FieldText = Option<Vec<u8>>;

/// Cuts a file, which comes in pieces, into rows.
pub(super) struct Splitter {
    format: Format,
    input: Vec<u8>,
    /// Where the next row begins in the input.
    at: usize,
    is_ended: bool,
    to_skip: u64,
}

/// What a reader of fields came to.
enum Read<T> {
    Got(T),
    /// More of the file may change what this is.
    NeedsMore,
}

impl Splitter {
    pub(super) fn new(format: Format) -> Splitter {
        let to_skip = format.skipped_lines;
        Splitter { format, input: Vec::new(), at: 0, is_ended: false, to_skip }
    }

    /// Takes a piece of the file.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<()> {
        self.input.drain(..self.at);
        self.at = 0;
        if self.input.len() + piece.len() > ROW_BYTES_MAX {
            return Err(Error::new(Code::ResourceExhausted, "a row of the file is too long"));
        }
        self.input.extend_from_slice(piece);
        Ok(())
    }

    /// Says that the file has ended.
    pub(super) fn end(&mut self) {
        self.is_ended = true;
    }

    /// Returns the next row if it has come whole.
    pub(super) fn next_row(&mut self) -> Result<Option<Vec<FieldText>>> {
        while self.to_skip > 0 {
            // Lines that are skipped are not read as fields.
            match find(&self.input[self.at..], &self.format.line_end) {
                Some(place) => self.at += place + self.format.line_end.len(),
                None if self.is_ended => {
                    self.at = self.input.len();
                    return Ok(None);
                }
                None => return Ok(None),
            }
            self.to_skip -= 1;
        }
        let start = match self.format.line_start.as_slice() {
            [] => self.at,
            prefix => match find(&self.input[self.at..], prefix) {
                Some(place) => self.at + place + prefix.len(),
                None => return Ok(None),
            },
        };
        if start >= self.input.len() {
            return Ok(None);
        }
        let Read::Got((fields, next)) = self.read_row(start) else { return Ok(None) };
        self.at = next;
        Ok(Some(fields))
    }

    /// Reads the fields of the row at a place; returns also where the next begins.
    fn read_row(&self, start: usize) -> Read<(Vec<FieldText>, usize)> {
        let mut fields = Vec::new();
        let mut at = start;
        loop {
            let Read::Got((field, next, is_last)) = self.read_field(at) else {
                return Read::NeedsMore;
            };
            fields.push(field);
            at = next;
            if is_last {
                return Read::Got((fields, at));
            }
        }
    }

    /// Reads a field; returns also what follows it, and whether it ends the row.
    fn read_field(&self, start: usize) -> Read<(FieldText, usize, bool)> {
        let Format { enclosed, escape, .. } = self.format;
        let is_enclosed = enclosed.is_some() && self.input.get(start).copied() == enclosed;
        let mut at = start + usize::from(is_enclosed);
        let mut text = Vec::new();
        // `\N` alone is NULL, and so is the bare word where fields may be enclosed.
        let (mut is_null_mark, mut is_escaped) = (false, false);
        loop {
            let Some(byte) = self.input.get(at).copied() else {
                if !self.is_ended {
                    return Read::NeedsMore;
                }
                return Read::Got((self.value(text, is_enclosed, is_null_mark), at, true));
            };
            if escape == Some(byte) && !(enclosed == Some(byte) && self.is_doubled(at)) {
                let Some(next) = self.input.get(at + 1).copied() else {
                    if !self.is_ended {
                        return Read::NeedsMore;
                    }
                    text.push(byte);
                    at += 1;
                    continue;
                };
                is_null_mark = next == b'N' && text.is_empty() && !is_escaped;
                is_escaped = true;
                text.push(unescaped(next));
                at += 2;
                continue;
            }
            if is_enclosed && enclosed == Some(byte) {
                match self.after_quote(at) {
                    Read::NeedsMore => return Read::NeedsMore,
                    Read::Got(AfterQuote::Doubled) => {
                        text.push(byte);
                        at += 2;
                        continue;
                    }
                    Read::Got(AfterQuote::End { next, is_last }) => {
                        return Read::Got((Some(text), next, is_last));
                    }
                    Read::Got(AfterQuote::Text) => {}
                }
            } else if !is_enclosed {
                match self.ends_at(at) {
                    Read::NeedsMore => return Read::NeedsMore,
                    Read::Got(Some((next, is_last))) => {
                        let value = self.value(text, is_enclosed, is_null_mark);
                        return Read::Got((value, next, is_last));
                    }
                    Read::Got(None) => {}
                }
            }
            is_null_mark = false;
            text.push(byte);
            at += 1;
        }
    }

    fn value(&self, text: Vec<u8>, is_enclosed: bool, is_null_mark: bool) -> FieldText {
        let is_word = !is_enclosed && self.format.enclosed.is_some() && text == b"NULL";
        let is_null = is_word || is_null_mark && text.len() == 1 && !is_enclosed;
        (!is_null).then_some(text)
    }

    fn is_doubled(&self, at: usize) -> bool {
        self.input.get(at + 1) == self.input.get(at)
    }

    /// Returns whether a field, or the row, ends at a place, and where what follows begins.
    fn ends_at(&self, at: usize) -> Read<Option<(usize, bool)>> {
        let rest = &self.input[at..];
        for (end, is_last) in [(&self.format.field_end, false), (&self.format.line_end, true)] {
            if rest.starts_with(end) {
                return Read::Got(Some((at + end.len(), is_last)));
            }
            if !self.is_ended && end.starts_with(rest) {
                return Read::NeedsMore;
            }
        }
        Read::Got(None)
    }

    fn after_quote(&self, at: usize) -> Read<AfterQuote> {
        match self.input.get(at + 1) {
            None if self.is_ended => Read::Got(AfterQuote::End { next: at + 1, is_last: true }),
            None => Read::NeedsMore,
            Some(_) if self.is_doubled(at) => Read::Got(AfterQuote::Doubled),
            Some(_) => match self.ends_at(at + 1) {
                Read::NeedsMore => Read::NeedsMore,
                Read::Got(Some((next, is_last))) => Read::Got(AfterQuote::End { next, is_last }),
                Read::Got(None) => Read::Got(AfterQuote::Text),
            },
        }
    }
}

/// What a quote within an enclosed field is.
enum AfterQuote {
    Doubled,
    End { next: usize, is_last: bool },
    Text,
}

fn unescaped(byte: u8) -> u8 {
    match byte {
        b'0' => 0,
        b'b' => 8,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'Z' => 26,
        other => other,
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|part| part == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv() -> Format {
        Format {
            field_end: b",".to_vec(),
            enclosed: Some(b'"'),
            escape: Some(b'\\'),
            line_start: Vec::new(),
            line_end: b"\r\n".to_vec(),
            skipped_lines: 0,
        }
    }

    fn plain() -> Format {
        Format { field_end: b"\t".to_vec(), enclosed: None, line_end: b"\n".to_vec(), ..csv() }
    }

    /// Reads a file in pieces of every size; all must give the same rows.
    fn rows(format: &Format, text: &str) -> Vec<Vec<Option<String>>> {
        let read = |size: usize| {
            let mut splitter = Splitter::new(format.clone());
            let mut rows = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                splitter.push(piece).unwrap();
                while let Some(row) = splitter.next_row().unwrap() {
                    rows.push(row);
                }
            }
            splitter.end();
            while let Some(row) = splitter.next_row().unwrap() {
                rows.push(row);
            }
            let show = |field: FieldText| field.map(|text| String::from_utf8(text).unwrap());
            rows.into_iter().map(|row| row.into_iter().map(show).collect()).collect::<Vec<_>>()
        };
        let whole = read(text.len().max(1));
        for size in 1..=text.len().min(9) {
            assert_eq!(read(size), whole, "pieces of {size}");
        }
        whole
    }

    fn row(fields: &[&str]) -> Vec<Option<String>> {
        fields.iter().map(|field| (*field != "-").then(|| (*field).to_owned())).collect()
    }

    #[test]
    fn tabs_and_escapes() {
        assert_eq!(
            rows(&plain(), "1\ta\\tb\t\\N\n2\t\\\\N\tx\\\ny\n3\t\tlast"),
            [row(&["1", "a\tb", "-"]), row(&["2", "\\N", "x\ny"]), row(&["3", "", "last"])]
        );
    }

    #[test]
    fn quotes_and_commas() {
        assert_eq!(
            rows(&csv(), "1,\"a,\"\"b\"\"\",NULL\r\n\"NULL\",\"x\r\ny\",\"a\"b\"\r\n"),
            [row(&["1", "a,\"b\"", "-"]), row(&["NULL", "x\r\ny", "a\"b"])]
        );
    }

    #[test]
    fn lines_with_a_start_and_lines_to_skip() {
        let format = Format { line_start: b">>".to_vec(), skipped_lines: 1, ..plain() };
        assert_eq!(
            rows(&format, "head\njunk>>1\ta\nnothing\n>>2\tb\n"),
            [row(&["1", "a"]), row(&["2", "b"])]
        );
    }
}
