//! Reading the text form, with MySQL's words for what is wrong and where.

use std::sync::Arc;

use vt_base::Error;

use super::{DEPTH_MAX, Json, too_deep};

/// Why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// What is wrong, and at which byte.
    Syntax(&'static str, usize),
    /// Arrays and objects nest too deep.
    TooDeep,
}

impl ParseError {
    /// The error of a function that was given the text, whose arguments count from one.
    pub fn in_argument(self, argument: usize, function: &str) -> Error {
        match self {
            ParseError::TooDeep => too_deep(),
            ParseError::Syntax(what, position) => Error::mysql(
                3141,
                b"22032",
                format!(
                    "Invalid JSON text in argument {argument} to function {function}: \
                     \"{what}\" at position {position}."
                ),
            ),
        }
    }

    /// The error of a column, or a conversion, that was given the text.
    pub fn in_column(self, column: &str) -> Error {
        match self {
            ParseError::TooDeep => too_deep(),
            ParseError::Syntax(what, position) => Error::mysql(
                3140,
                b"22032",
                format!(
                    "Invalid JSON text: \"{what}\" at position {position} in value for \
                     column '{column}'."
                ),
            ),
        }
    }
}

const DOCUMENT_EMPTY: &str = "The document is empty.";
const NOT_SINGULAR: &str = "The document root must not be followed by other values.";
const VALUE_INVALID: &str = "Invalid value.";
const NAME_MISSING: &str = "Missing a name for object member.";
const COLON_MISSING: &str = "Missing a colon after a name of object member.";
const BRACE_MISSING: &str = "Missing a comma or '}' after an object member.";
const BRACKET_MISSING: &str = "Missing a comma or ']' after an array element.";
const HEX_INVALID: &str = "Incorrect hex digit after \\u escape in string.";
const SURROGATE_INVALID: &str = "The surrogate pair in string is invalid.";
const ESCAPE_INVALID: &str = "Invalid escape character in string.";
const QUOTE_MISSING: &str = "Missing a closing quotation mark in string.";
const ENCODING_INVALID: &str = "Invalid encoding in string.";
const NUMBER_TOO_BIG: &str = "Number too big to be stored in double.";
const FRACTION_MISSING: &str = "Miss fraction part in number.";
const EXPONENT_MISSING: &str = "Miss exponent in number.";

/// The greatest power of ten of a double.
const EXPONENT_MAX: i64 = 308;

impl Json {
    /// Reads a document.
    ///
    /// # Errors
    /// The text is not JSON, or nests deeper than MySQL allows.
    pub fn parse(text: &[u8]) -> Result<Json, ParseError> {
        let text = match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => return Err(ParseError::Syntax(ENCODING_INVALID, error.valid_up_to())),
        };
        let mut parser = Parser { text, bytes: text.as_bytes(), place: 0 };
        parser.skip_space();
        if parser.peek() == 0 {
            return Err(parser.error(DOCUMENT_EMPTY));
        }
        let value = parser.value(0)?;
        parser.skip_space();
        match parser.peek() {
            0 => Ok(value),
            _ => Err(parser.error(NOT_SINGULAR)),
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    place: usize,
}

impl Parser<'_> {
    /// Returns the next byte; zero at the end, which a zero byte in the text is too.
    fn peek(&self) -> u8 {
        self.bytes.get(self.place).copied().unwrap_or(0)
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == byte;
        self.place += usize::from(there);
        there
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.place += 1;
        }
    }

    fn error(&self, what: &'static str) -> ParseError {
        ParseError::Syntax(what, self.place)
    }

    /// Reads a value inside of so many arrays and objects.
    fn value(&mut self, levels: u8) -> Result<Json, ParseError> {
        match self.peek() {
            b'{' | b'[' if levels >= DEPTH_MAX => Err(ParseError::TooDeep),
            b'{' => self.object(levels + 1),
            b'[' => self.array(levels + 1),
            b'"' => self.string().map(Json::String),
            b'n' => self.word(b"null", Json::Null),
            b't' => self.word(b"true", Json::Bool(true)),
            b'f' => self.word(b"false", Json::Bool(false)),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8], value: Json) -> Result<Json, ParseError> {
        for byte in word {
            if !self.take(*byte) {
                return Err(self.error(VALUE_INVALID));
            }
        }
        Ok(value)
    }

    fn array(&mut self, levels: u8) -> Result<Json, ParseError> {
        self.place += 1;
        let mut items = Vec::new();
        self.skip_space();
        if !self.take(b']') {
            loop {
                items.push(self.value(levels)?);
                self.skip_space();
                if self.take(b',') {
                    self.skip_space();
                } else if self.take(b']') {
                    break;
                } else {
                    return Err(self.error(BRACKET_MISSING));
                }
            }
        }
        Json::array(items).map_err(|_| ParseError::TooDeep)
    }

    fn object(&mut self, levels: u8) -> Result<Json, ParseError> {
        self.place += 1;
        let mut members = Vec::new();
        self.skip_space();
        if !self.take(b'}') {
            loop {
                members.push(self.member(levels)?);
                self.skip_space();
                if self.take(b',') {
                    self.skip_space();
                } else if self.take(b'}') {
                    break;
                } else {
                    return Err(self.error(BRACE_MISSING));
                }
            }
        }
        Json::object(members).map_err(|_| ParseError::TooDeep)
    }

    fn member(&mut self, levels: u8) -> Result<(Arc<str>, Json), ParseError> {
        if self.peek() != b'"' {
            return Err(self.error(NAME_MISSING));
        }
        let name = self.string()?;
        self.skip_space();
        if !self.take(b':') {
            return Err(self.error(COLON_MISSING));
        }
        self.skip_space();
        Ok((name, self.value(levels)?))
    }

    /// Reads a string; most have no escapes and are cut out as they are.
    fn string(&mut self) -> Result<Arc<str>, ParseError> {
        self.place += 1;
        let start = self.place;
        self.plain();
        if self.take(b'"') {
            return Ok(self.text[start..self.place - 1].into());
        }
        let mut text = String::from(&self.text[start..self.place]);
        loop {
            match self.peek() {
                b'"' => {
                    self.place += 1;
                    return Ok(text.into());
                }
                b'\\' => text.push(self.escape()?),
                0 => return Err(self.error(QUOTE_MISSING)),
                byte if byte < 0x20 => return Err(self.error(ENCODING_INVALID)),
                _ => {
                    let start = self.place;
                    self.plain();
                    text.push_str(&self.text[start..self.place]);
                }
            }
        }
    }

    /// Skips what stands for itself in a string.
    fn plain(&mut self) {
        while !matches!(self.peek(), b'"' | b'\\' | 0..0x20) {
            self.place += 1;
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let start = self.place;
        let fail = |what| Err(ParseError::Syntax(what, start));
        self.place += 1;
        let byte = self.peek();
        self.place += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let Some(high) = self.hex() else { return fail(HEX_INVALID) };
                if let Some(one) = char::from_u32(high) {
                    return Ok(one);
                }
                if high >= 0xdc00 || !(self.take(b'\\') && self.take(b'u')) {
                    return fail(SURROGATE_INVALID);
                }
                let Some(low) = self.hex() else { return fail(HEX_INVALID) };
                if !(0xdc00..0xe000).contains(&low) {
                    return fail(SURROGATE_INVALID);
                }
                let both = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                char::from_u32(both).ok_or(ParseError::Syntax(SURROGATE_INVALID, start))?
            }
            _ => return fail(ESCAPE_INVALID),
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code << 4 | char::from(self.peek()).to_digit(16)?;
            self.place += 1;
        }
        Some(code)
    }

    fn digits(&mut self) -> usize {
        let start = self.place;
        while self.peek().is_ascii_digit() {
            self.place += 1;
        }
        self.place - start
    }

    /// Reads a number: an integer if it is written as one and has 64 bits, else a double.
    fn number(&mut self) -> Result<Json, ParseError> {
        let start = self.place;
        let too_big = ParseError::Syntax(NUMBER_TOO_BIG, start);
        let negative = self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return Err(self.error(VALUE_INVALID));
        }
        let integer = &self.text[start..self.place];
        let mut fraction = 0;
        if self.take(b'.') {
            fraction = self.digits() as i64;
            if fraction == 0 {
                return Err(self.error(FRACTION_MISSING));
            }
        }
        if self.take(b'e') || self.take(b'E') {
            let down = self.peek() == b'-';
            self.place += usize::from(matches!(self.peek(), b'-' | b'+'));
            let exponent = self.place;
            if self.digits() == 0 {
                return Err(self.error(EXPONENT_MISSING));
            }
            // The exponent alone decides, even of a zero.
            let exponent = self.text[exponent..self.place].parse().unwrap_or(i64::MAX);
            if !down && exponent > EXPONENT_MAX + fraction {
                return Err(too_big);
            }
        } else if fraction == 0 {
            if negative && let Ok(number) = integer.parse() {
                return Ok(Json::Int(number));
            }
            if let Ok(number) = integer.parse::<u64>() {
                // What has 32 bits counts as signed; so MySQL tells the types of the two.
                return Ok(match u32::try_from(number) {
                    Ok(number) => Json::Int(number.into()),
                    Err(_) => Json::UInt(number),
                });
            }
        }
        match self.text[start..self.place].parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Json::Double(number)),
            _ => Err(too_big),
        }
    }
}
