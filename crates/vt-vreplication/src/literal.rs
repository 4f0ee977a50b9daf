//! Values as literals of MySQL's grammar, for connections whose `sql_mode` takes backslashes.

use vt_base::{Code, Error, Result};
use vt_value::Type;

/// Writes a value of a type, as a stream has it; `None` is NULL.
///
/// # Errors
/// What should be a number is none.
pub(crate) fn write(typ: Type, value: Option<&[u8]>, out: &mut Vec<u8>) -> Result<()> {
    let Some(bytes) = value else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    match typ {
        Type::BIT | Type::HEXNUM | Type::HEXVAL | Type::BITNUM => write_hex(bytes, out),
        Type::BINARY | Type::VARBINARY | Type::BLOB | Type::GEOMETRY | Type::VECTOR => {
            out.extend_from_slice(b"_binary");
            write_quoted(bytes, out);
        }
        typ if typ.is_number() => {
            if bytes.is_empty() || !bytes.iter().all(|byte| is_numeric(*byte)) {
                let shown = String::from_utf8_lossy(bytes);
                return Err(Error::new(
                    Code::InvalidArgument,
                    format!("a value of type {typ} is no number: {shown:?}"),
                ));
            }
            out.extend_from_slice(bytes);
        }
        _ => write_quoted(bytes, out),
    }
    Ok(())
}

fn is_numeric(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"x'");
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out.push(b'\'');
}

/// Writes bytes between quotes.
pub(crate) fn write_quoted(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    out.push(b'\'');
    let mut rest = bytes;
    // Most values have nothing to escape: what lies between is copied at once.
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\'' | b'\\' | 0)) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            0 => out.extend_from_slice(b"\\0"),
            byte => out.extend_from_slice(&[b'\\', byte]),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'\'');
}

/// Writes a value into a line of a file that `LOAD DATA` reads: values are parted by tabs, lines by
/// line feeds, and a backslash takes their meaning away.
pub(crate) fn write_in_file(value: Option<&[u8]>, out: &mut Vec<u8>) {
    let Some(bytes) = value else {
        out.extend_from_slice(b"\\N");
        return;
    };
    out.reserve(bytes.len() + 1);
    let mut rest = bytes;
    let is_special = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\\' | 0);
    while let Some(at) = rest.iter().position(is_special) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            0 => out.extend_from_slice(b"\\0"),
            byte => out.extend_from_slice(&[b'\\', byte]),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_a_file_do_not_end_their_lines() {
        let written = |value: Option<&[u8]>| {
            let mut out = Vec::new();
            write_in_file(value, &mut out);
            out
        };
        assert_eq!(written(None), b"\\N");
        assert_eq!(written(Some(b"")), b"");
        assert_eq!(written(Some(b"a\tb\nc\\N\0'\r\xff")), b"a\\\tb\\\nc\\\\N\\0'\r\xff");
    }

    fn written(typ: Type, value: Option<&[u8]>) -> String {
        let mut out = Vec::new();
        write(typ, value, &mut out).unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn values_are_written_by_their_types() {
        assert_eq!(written(Type::INT64, Some(b"-12")), "-12");
        assert_eq!(written(Type::FLOAT64, Some(b"1e-7")), "1e-7");
        assert_eq!(written(Type::VARCHAR, Some(b"it's \\ \0.")), "'it\\'s \\\\ \\0.'");
        assert_eq!(written(Type::BLOB, Some(b"'")), "_binary'\\''");
        assert_eq!(written(Type::BIT, Some(&[5, 255])), "x'05ff'");
        assert_eq!(written(Type::DATETIME, Some(b"2026-01-31 00:00:00")), "'2026-01-31 00:00:00'");
        assert_eq!(written(Type::JSON, None), "null");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for wrong in [&b"1; drop table t"[..], b"", b"1 or 1=1", b"x"] {
            assert!(write(Type::INT64, Some(wrong), &mut Vec::new()).is_err());
        }
    }
}
