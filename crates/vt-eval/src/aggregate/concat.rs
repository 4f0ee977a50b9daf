//! GROUP_CONCAT.

use bytes::Bytes;
use vt_base::Error;
use vt_value::{Collation, Type, Value};

use crate::context::Context;
use crate::convert;
use crate::kind::Kind;

/// What a value takes up beside its text.
const VALUE_BYTES: usize = 48;

/// The text of a group so far, and what waits to be ordered.
#[derive(Clone, Debug, Default)]
pub(super) struct Concat {
    text: Option<Vec<u8>>,
    cut: bool,
    waiting: Vec<(Vec<Value>, Vec<u8>)>,
}

/// How texts are put one after the other.
#[derive(Clone, Copy)]
pub(super) struct Glue<'g> {
    pub(super) separator: &'g [u8],
    pub(super) bytes_max: usize,
    pub(super) collation: Collation,
}

/// Returns the arguments of a row as one text in the result's character set.
pub(super) fn joined(
    row: &[Value],
    kinds: &[Kind],
    result: &Kind,
    ctx: &mut Context<'_>,
) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    for (value, kind) in row.iter().zip(kinds) {
        if let (Type::YEAR, Some(year)) = (kind.typ, value.to_f64()) {
            out.extend_from_slice(format!("{year:04}").as_bytes());
            continue;
        }
        if let Some(text) = convert::text(value.clone(), kind)? {
            out.extend_from_slice(&convert::to_charset(text, result.collation, ctx)?);
        }
    }
    Ok(out)
}

impl Concat {
    /// Appends a text, the `number`th of all, and returns how many bytes more are held; what is too
    /// long is cut with a warning.
    pub(super) fn append(
        &mut self,
        text: &[u8],
        glue: Glue<'_>,
        number: u64,
        ctx: &mut Context<'_>,
    ) -> usize {
        if self.cut {
            return 0;
        }
        let before = self.text.as_ref().map_or(0, Vec::len);
        let whole = match &mut self.text {
            Some(whole) => {
                whole.extend_from_slice(glue.separator);
                whole
            }
            none => none.insert(Vec::new()),
        };
        whole.extend_from_slice(text);
        if whole.len() > glue.bytes_max {
            whole.truncate(fitting(whole, glue.bytes_max, glue.collation));
            self.cut = true;
            ctx.warn(1260, format!("Row {number} was cut by GROUP_CONCAT()"));
        }
        whole.len().saturating_sub(before)
    }

    /// Keeps a text until all are known, and returns how many bytes that takes.
    pub(super) fn hold(&mut self, text: Vec<u8>, keys: Vec<Value>) -> usize {
        let of_keys = keys.iter().map(|key| VALUE_BYTES + key.text().map_or(0, |key| key.len()));
        let held = text.len() + of_keys.sum::<usize>();
        self.waiting.push((keys, text));
        held
    }

    /// Takes out the texts that were kept, in their order.
    pub(super) fn take_ordered(&mut self, descending: &[bool]) -> Result<Vec<Vec<u8>>, Error> {
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut unknown = false;
        waiting.sort_by(|(a, _), (b, _)| {
            let order = crate::window::compare_keys(a, b, descending);
            order.unwrap_or_else(|| {
                unknown = true;
                std::cmp::Ordering::Equal
            })
        });
        if unknown {
            return Err(Error::unsupported("GROUP_CONCAT() in an order that is unknown"));
        }
        Ok(waiting.into_iter().map(|(_, text)| text).collect())
    }

    pub(super) fn value(self, collation: Collation) -> Value {
        self.text.map_or(Value::Null, |text| Value::Text(Bytes::from(text), collation))
    }
}

/// Returns how many bytes fit without cutting a character in two.
fn fitting(text: &[u8], bytes_max: usize, collation: Collation) -> usize {
    match collation.charset() {
        Some(charset) => charset.well_formed(&text[..bytes_max.min(text.len())]),
        None => bytes_max,
    }
}
