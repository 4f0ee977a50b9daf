//! JSON paths: `$.a[0]`, `$**.b`, `$[last-1]`, `$[1 to 3]`, `$."a key"`.

use std::sync::Arc;

use vt_base::Error;

use super::{Json, quote};

/// A path from the root of a document.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Path {
    pub legs: Vec<Leg>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leg {
    /// `.name`
    Member(Arc<str>),
    /// `.*`
    AnyMember,
    /// `[2]`
    Cell(Index),
    /// `[1 to last]`
    Range(Index, Index),
    /// `[*]`
    AnyCell,
    /// `**`: the value itself and everything inside of it.
    Inside,
}

/// A place in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    FromStart(u32),
    /// `last-N`
    FromEnd(u32),
}

/// Where a text is not a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathError {
    pub position: usize,
}

impl From<PathError> for Error {
    fn from(error: PathError) -> Error {
        Error::mysql(
            3143,
            b"42000",
            format!(
                "Invalid JSON path expression. The error is around character position {}.",
                error.position
            ),
        )
    }
}

impl Leg {
    /// Returns whether the step can lead to several values.
    pub fn is_many(&self) -> bool {
        !matches!(self, Leg::Member(_) | Leg::Cell(_))
    }
}

impl Index {
    /// Returns the place in an array of this length; `None` before its start.
    ///
    /// The place may be beyond the end.
    pub fn place(self, length: usize) -> Option<usize> {
        match self {
            Index::FromStart(place) => Some(place as usize),
            Index::FromEnd(back) => length.checked_sub(1)?.checked_sub(back as usize),
        }
    }
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// The text is no path; the position is that of a byte.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        let mut reader = Reader { text, place: 0 };
        reader.skip_space();
        if !reader.take('$') {
            return Err(reader.error_behind());
        }
        let mut legs = Vec::new();
        reader.skip_space();
        while reader.peek().is_some() {
            legs.push(reader.leg()?);
            reader.skip_space();
        }
        match legs.last() {
            Some(Leg::Inside) => Err(reader.error()),
            _ => Ok(Path { legs }),
        }
    }

    /// Returns whether the path can lead to several values.
    pub fn is_many(&self) -> bool {
        self.legs.iter().any(Leg::is_many)
    }

    /// Appends the path's text, as `JSON_SEARCH()` gives it.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(b'$');
        let mut before = None;
        for leg in &self.legs {
            match leg {
                Leg::Inside if before == Some(leg) => out.extend_from_slice(b" **"),
                Leg::Member(name) if is_plain_name(name) => {
                    out.push(b'.');
                    out.extend_from_slice(name.as_bytes());
                }
                Leg::Member(name) => {
                    out.push(b'.');
                    quote(name, out);
                }
                Leg::AnyMember => out.extend_from_slice(b".*"),
                Leg::AnyCell => out.extend_from_slice(b"[*]"),
                Leg::Inside => out.extend_from_slice(b"**"),
                Leg::Cell(index) => {
                    out.push(b'[');
                    index.write(out);
                    out.push(b']');
                }
                Leg::Range(first, last) => {
                    out.push(b'[');
                    first.write(out);
                    out.extend_from_slice(b" to ");
                    last.write(out);
                    out.push(b']');
                }
            }
            before = Some(leg);
        }
    }
}

impl Index {
    fn write(self, out: &mut Vec<u8>) {
        let text = match self {
            Index::FromStart(place) => place.to_string(),
            Index::FromEnd(0) => "last".to_owned(),
            Index::FromEnd(back) => format!("last-{back}"),
        };
        out.extend_from_slice(text.as_bytes());
    }
}

/// Returns whether a name may stand without quotes: an identifier of ECMAScript.
fn is_plain_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(starts_name) && chars.all(continues_name)
}

fn starts_name(one: char) -> bool {
    one.is_alphabetic() || one == '_' || one == '$'
}

fn continues_name(one: char) -> bool {
    // Besides letters: digits, and the two joiners that ECMAScript allows.
    starts_name(one) || one.is_numeric() || matches!(one, '\u{200c}' | '\u{200d}')
}

struct Reader<'t> {
    text: &'t str,
    place: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.place..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.place += wanted.len_utf8();
        }
        there
    }

    fn take_word(&mut self, word: &str) -> bool {
        let there = self.rest().starts_with(word);
        if there {
            self.place += word.len();
        }
        there
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|one| matches!(one, ' ' | '\t' | '\n' | '\r')) {
            self.place += 1;
        }
    }

    fn error(&self) -> PathError {
        PathError { position: self.place }
    }

    /// The error of a character that should not be there: MySQL points behind it.
    fn error_behind(&self) -> PathError {
        PathError { position: self.text.len().min(self.place + 1) }
    }

    fn leg(&mut self) -> Result<Leg, PathError> {
        match self.peek() {
            Some('.') => self.member(),
            Some('[') => self.cell(),
            Some('*') => {
                self.place += 1;
                if !self.take('*') {
                    return Err(self.error_behind());
                }
                if self.peek() == Some('*') {
                    return Err(self.error());
                }
                Ok(Leg::Inside)
            }
            _ => Err(self.error()),
        }
    }

    fn member(&mut self) -> Result<Leg, PathError> {
        self.place += 1;
        self.skip_space();
        if self.take('*') {
            return Ok(Leg::AnyMember);
        }
        let start = self.place;
        if self.peek() == Some('"') {
            return self.quoted_name(start);
        }
        while self
            .peek()
            .is_some_and(|one| !matches!(one, ' ' | '\t' | '\n' | '\r' | '.' | '[' | '*'))
        {
            self.place += self.peek().map_or(0, char::len_utf8);
        }
        let name = &self.text[start..self.place];
        match is_plain_name(name) {
            true => Ok(Leg::Member(name.into())),
            false => Err(self.error()),
        }
    }

    /// Reads a name in quotes, which is a JSON string.
    fn quoted_name(&mut self, start: usize) -> Result<Leg, PathError> {
        let mut escaped = false;
        let inside = &self.text.as_bytes()[start + 1..];
        let end = inside.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        });
        let Some(end) = end else {
            return Err(PathError { position: self.text.len() });
        };
        self.place = start + end + 2;
        match Json::parse(&self.text.as_bytes()[start..self.place]) {
            Ok(Json::String(name)) => Ok(Leg::Member(name)),
            _ => Err(self.error()),
        }
    }

    fn cell(&mut self) -> Result<Leg, PathError> {
        self.place += 1;
        self.skip_space();
        if self.take('*') {
            self.skip_space();
            return self.close(Leg::AnyCell);
        }
        let first = self.index()?;
        let number_end = self.place;
        self.skip_space();
        let spaced = self.place > number_end;
        if !spaced || !self.rest().starts_with("to") {
            return self.close(Leg::Cell(first));
        }
        let word = self.error_behind();
        self.place += "to".len();
        if !self.peek().is_some_and(|one| one.is_ascii_whitespace()) {
            return Err(word);
        }
        self.skip_space();
        let last = self.index()?;
        let backwards = match (first, last) {
            (Index::FromStart(first), Index::FromStart(last)) => first > last,
            (Index::FromEnd(first), Index::FromEnd(last)) => first < last,
            _ => false,
        };
        if backwards {
            return Err(self.error());
        }
        self.skip_space();
        self.close(Leg::Range(first, last))
    }

    fn close(&mut self, leg: Leg) -> Result<Leg, PathError> {
        if self.take(']') { Ok(leg) } else { Err(self.error_behind()) }
    }

    fn index(&mut self) -> Result<Index, PathError> {
        if !self.take_word("last") {
            return self.number().map(Index::FromStart);
        }
        let after = self.place;
        self.skip_space();
        if !self.take('-') {
            self.place = after;
            return Ok(Index::FromEnd(0));
        }
        self.skip_space();
        self.number().map(Index::FromEnd)
    }

    fn number(&mut self) -> Result<u32, PathError> {
        let width = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let Ok(number) = self.rest()[..width].parse() else { return Err(self.error()) };
        self.place += width;
        Ok(number)
    }
}
