//! Changes of a JSON document, as a partial update logs them.

use vt_base::Error;
use vt_value::json::{Edit, Json, Path};
use vt_wire::{Malformed, Scan};

use crate::CellError;

const PART: &str = "changes of JSON";

/// Carries out changes on the document before them.
///
/// # Errors
/// The bytes are malformed, or a path leads nowhere: the document is another one.
pub fn apply(mut document: Json, changes: &[u8]) -> Result<Json, CellError> {
    let mut scan = Scan::new(changes);
    while !scan.is_empty() {
        let operation = scan.u8(PART)?;
        let text = scan.lenenc_bytes(PART)?;
        let text = std::str::from_utf8(text).map_err(|_| Malformed(PART))?;
        let path = Path::parse(text).map_err(Error::from)?;
        let found = document.seek(&path).is_some();
        document = match operation {
            0 if found => document.edit(Edit::Replace, &path, value(&mut scan)?)?,
            1 if found => document.edit(Edit::ArrayInsert, &path, value(&mut scan)?)?,
            1 => document.edit(Edit::Insert, &path, value(&mut scan)?)?,
            2 if found => document.remove(&path)?,
            0 | 2 => return Err(Malformed("changes of JSON: a path that is not there").into()),
            _ => return Err(Malformed("changes of JSON: an unknown operation").into()),
        };
    }
    Ok(document)
}

fn value(scan: &mut Scan<'_>) -> Result<Json, CellError> {
    Ok(Json::from_binary(scan.lenenc_bytes(PART)?)?)
}
