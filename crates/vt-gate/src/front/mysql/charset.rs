//! What clients of other character sets write and read, to and from utf8mb4.

use std::borrow::Cow;

use vt_base::{Error, Result};
use vt_collation::Charset;
use vt_mysql::server::Encode;
use vt_value::{Field, Fields, Rows, RowsBuilder, TypedBytes};

use super::introduced::to_utf8;
use crate::query::binary_text::to_text;
use crate::session::Session;

/// The collation id of what is no text.
const BINARY: u16 = 63;

/// Returns a statement as text, whatever character set its client writes.
pub(super) fn statement_text<'a>(session: &Session, sql: &'a [u8]) -> Result<Cow<'a, str>> {
    if session.charsets.client_is_utf8() || sql.is_ascii() && session.charsets.client.keeps_ascii()
    {
        return to_text(sql, session.modes);
    }
    let out = to_utf8(sql, session.charsets.client, session.modes);
    let text = String::from_utf8(out).map_err(|_| Error::bug("a conversion gave no UTF-8"))?;
    Ok(Cow::Owned(text))
}

/// Returns a parameter's value, text in utf8mb4.
pub(super) fn param(session: &Session, value: TypedBytes) -> TypedBytes {
    let is_plain = session.charsets.client_is_utf8() || !value.typ.is_text();
    if is_plain || value.bytes.is_ascii() && session.charsets.client.keeps_ascii() {
        return value;
    }
    let mut out = Vec::with_capacity(value.bytes.len() + value.bytes.len() / 2);
    session.charsets.client.convert(&value.bytes, Charset::Utf8mb4, &mut out);
    TypedBytes::new(value.typ, out)
}

/// Returns a name in a character set, with question marks for what the set has not.
fn name_in(text: &str, to: Charset) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    Charset::Utf8mb4.convert(text.as_bytes(), to, &mut out);
    out
}

/// Returns a message in a character set. A character that the set has not is told by its number;
/// messages have none beyond the basic plane.
fn message_in(text: &str, to: Charset) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    if Charset::Utf8mb4.convert(text.as_bytes(), to, &mut out).is_exact() {
        return out;
    }
    out.clear();
    let mut one = [0; 4];
    for char in text.chars() {
        let start = out.len();
        let bytes = char.encode_utf8(&mut one).as_bytes();
        if Charset::Utf8mb4.convert(bytes, to, &mut out).is_exact() {
            continue;
        }
        out.truncate(start);
        let number = u32::from(char);
        let told = if number > 0xffff { "?".to_owned() } else { format!("\\{number:04X}") };
        Charset::Utf8mb4.convert(told.as_bytes(), to, &mut out);
    }
    out
}

/// Turns results into a client's character set.
pub(super) struct Recoder {
    to: Charset,
    /// Whether each column is text.
    texts: Vec<bool>,
}

impl Recoder {
    /// Makes one for a session; `None` where results go out as they are.
    pub(super) fn of(session: &Session) -> Option<Recoder> {
        let to = session.charsets.conversion()?;
        Some(Recoder { to, texts: Vec::new() })
    }

    /// Returns how names and messages are written.
    pub(super) fn encode(&self) -> Encode {
        let to = self.to;
        Encode {
            name: Box::new(move |text| name_in(text, to)),
            message: Box::new(move |text| message_in(text, to)),
        }
    }

    /// Notes which columns are text, and returns them as the client will see them.
    pub(super) fn fields(&mut self, fields: &Fields) -> Fields {
        self.texts = fields.iter().map(|field| field.charset != BINARY).collect();
        fields.iter().map(|field| self.field(field)).collect()
    }

    fn field(&self, field: &Field) -> Field {
        if field.charset == BINARY {
            return field.clone();
        }
        let longest = u32::try_from(Charset::Utf8mb4.max_len()).unwrap_or(4);
        let own = u32::try_from(self.to.max_len()).unwrap_or(1);
        Field {
            charset: self.to.default_collation().0,
            column_length: (field.column_length / longest).saturating_mul(own),
            ..field.clone()
        }
    }

    /// Returns rows in the client's character set.
    pub(super) fn rows(&self, rows: &Rows) -> Rows {
        if self.to.keeps_ascii() && rows.data().is_ascii() {
            return rows.clone();
        }
        let mut out = RowsBuilder::with_capacity(rows.len(), rows.data().len());
        let mut text = Vec::new();
        for row in rows.iter() {
            for (column, value) in row.columns().enumerate() {
                match value {
                    Some(value) if self.texts.get(column).copied().unwrap_or_default() => {
                        text.clear();
                        Charset::Utf8mb4.convert(value, self.to, &mut text);
                        out.value(Some(&text));
                    }
                    value => out.value(value),
                }
            }
            out.end_row();
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use vt_base::TabletType;
    use vt_tablet_api::Caller;
    use vt_value::Type;

    use super::*;
    use crate::config::Config;
    use crate::session::Charsets;
    use crate::target::SessionTarget;

    fn session(collation: u16) -> Session {
        let target = SessionTarget::nothing(TabletType::Primary);
        let mut session = Session::new(&Config::default(), Caller::default(), target);
        session.charsets = Charsets::of_login(collation);
        session
    }

    #[test]
    fn statements_and_values_come_from_latin1() {
        let session = session(8);
        let text = |sql: &[u8]| statement_text(&session, sql).map(Cow::into_owned);
        assert_eq!(text(b"select 'caf\xe9'").unwrap(), "select 'café'");
        assert_eq!(text(b"select _binary'a'").unwrap(), "select _binary'a'");
        assert_eq!(text(b"select _utf8mb4 '\xe9'").unwrap(), "select _utf8mb4  x'e9'");
        let value = param(&session, TypedBytes::new(Type::VARCHAR, b"\xe9".to_vec()));
        assert_eq!(&*value.bytes, "é".as_bytes());
        let bytes = param(&session, TypedBytes::new(Type::BLOB, b"\xe9".to_vec()));
        assert_eq!(&*bytes.bytes, b"\xe9");
    }

    #[test]
    fn text_alone_is_turned_on_its_way_out() {
        let mut recoder = Recoder::of(&session(8)).unwrap();
        let text = Field { column_length: 40, ..Field::new("t", Type::VARCHAR) };
        let fields = recoder.fields(&vec![text, Field::new("b", Type::BLOB)].into());
        assert_eq!((fields[0].charset, fields[0].column_length), (8, 10));
        let mut rows = RowsBuilder::default();
        rows.push([Some("é€😀".as_bytes()), Some("é".as_bytes())]);
        let rows = recoder.rows(&rows.finish());
        // latin1 is cp1252 to MySQL: it has the euro, and no faces.
        assert_eq!(rows.get(0).column(0), Some(&b"\xe9\x80?"[..]));
        assert_eq!(rows.get(0).column(1), Some("é".as_bytes()));
        assert!(Recoder::of(&session(255)).is_none());
    }

    #[test]
    fn names_and_messages_are_turned_too() {
        let encode = Recoder::of(&session(8)).unwrap().encode();
        assert_eq!((encode.name)("昞é😀"), b"?\xe9?");
        assert_eq!((encode.message)("no '昞é😀'"), b"no '\\661E\xe9?'");
    }
}
