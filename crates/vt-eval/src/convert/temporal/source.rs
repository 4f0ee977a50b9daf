//! The text of a date or time: how it is read, how warnings show it, and those warnings.

use bytes::Bytes;
use vt_base::Error;
use vt_value::Collation;
use vt_value::temporal::Notes;

use crate::context::Context;
use crate::convert::number::{SHOWN_BYTES, cut};
use crate::function::Text;

/// A string as it is read, and as a warning shows it.
pub(super) struct Source {
    bytes: Bytes,
    binary: bool,
}

impl std::ops::Deref for Source {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Source {
    pub(super) fn new(bytes: &Bytes, collation: Collation) -> Result<Source, Error> {
        let text = Text { bytes: bytes.clone(), collation };
        Ok(Source { bytes: readable(&text)?, binary: collation == Collation::BINARY })
    }

    pub(super) fn of_text(text: &[u8]) -> Source {
        Source { bytes: Bytes::copy_from_slice(text), binary: false }
    }

    /// Returns the text; of a string of bytes what is no printable ASCII as hexadecimal digits.
    pub(super) fn shown(&self) -> String {
        if !self.binary {
            // Messages have no characters beyond the first 65536.
            let text = self.told();
            let shown = text.chars().map(|one| if u32::from(one) > 0xffff { '?' } else { one });
            return cut(&shown.collect::<String>());
        }
        cut(&self.told())
    }

    /// Returns the same as a whole.
    fn told(&self) -> String {
        if !self.binary {
            let end = self.bytes.iter().position(|byte| *byte == 0).unwrap_or(self.bytes.len());
            return String::from_utf8_lossy(&self.bytes[..end]).into_owned();
        }
        let mut out = String::new();
        for byte in self.bytes.iter().take(SHOWN_BYTES) {
            match byte {
                b' '..=b'~' => out.push(char::from(*byte)),
                _ => out.push_str(&format!("\\x{byte:02X}")),
            }
        }
        out
    }
}

/// Returns the bytes of a string whose digits, signs and letters are those of ASCII.
pub(crate) fn readable(text: &Text) -> Result<Bytes, Error> {
    if text.collation == Collation::BINARY {
        return Ok(text.bytes.clone());
    }
    let converted = crate::convert::converted(text, Collation::UTF8MB4_0900_AI_CI)?;
    Ok(converted.unwrap_or_else(|| text.bytes.clone()))
}

/// Warning 1292.
pub(super) fn warn(ctx: &mut Context<'_>, way: &str, what: &str, text: &Source) {
    ctx.warn(1292, format!("{way} {what} value: '{}'", text.shown()));
}

/// Warning 1292 of a text of some collation.
pub(crate) fn warn_text(ctx: &mut Context<'_>, what: &str, text: &Text) -> Result<(), Error> {
    let text = Source::new(&text.bytes, text.collation)?;
    warn(ctx, "Truncated incorrect", what, &text);
    Ok(())
}

/// Warning 1292 of a text that was made, or is of UTF-8.
pub(crate) fn warn_temporal(ctx: &mut Context<'_>, way: &str, what: &str, text: &[u8]) {
    warn(ctx, way, what, &Source::of_text(text));
}

/// Warning 1441.
pub(crate) fn overflow(ctx: &mut Context<'_>, what: &str) {
    ctx.warn(1441, format!("Datetime function: {what} field overflow"));
}

/// Warns of delimiters that MySQL will not take for ever.
pub(super) fn deprecation(notes: &Notes, text: &Source, ctx: &mut Context<'_>) {
    /// How much of the text is shown.
    const SHOWN: usize = 39;
    let Some(seen) = notes.deprecation else { return };
    let text = text.told();
    let text = &text[..text.floor_char_boundary(SHOWN)];
    let (place, row) = (seen.position, ctx.row);
    let delimiter = match seen.delimiter {
        0x0b => "\\v".to_owned(),
        0x0c => "\\f".to_owned(),
        byte => char::from(byte).escape_default().to_string(),
    };
    let start = format!(
        "Delimiter '{delimiter}' in position {place} in datetime value '{text}' at row {row} is"
    );
    match seen.standard.map(char::from) {
        Some(standard) => {
            ctx.warn(4095, format!("{start} deprecated. Prefer the standard '{standard}'."));
        }
        None => ctx.warn(4096, format!("{start} superfluous and is deprecated. Please remove.")),
    }
}
