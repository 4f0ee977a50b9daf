//! Column definitions, to and from fields (protocol page "Column Definition").

use std::sync::Arc;

use vt_value::{Field, Type};

use crate::put;
use crate::scan::{Malformed, Scan};

/// Collation id of bytes that are no text.
const BINARY_COLLATION: u16 = 63;
/// `utf8mb4_0900_ai_ci`, for text whose collation nobody told.
const DEFAULT_COLLATION: u16 = 255;
/// Length of the part of fixed width.
const FIXED_LENGTH: u64 = 0x0c;

/// Appends the payload of a column definition.
pub fn encode(out: &mut Vec<u8>, field: &Field) {
    write(out, field, names(field).map(str::as_bytes));
}

/// Appends the payload of a column definition with its names in another character set.
pub fn encode_in(out: &mut Vec<u8>, field: &Field, encode: &dyn Fn(&str) -> Vec<u8>) {
    let names = names(field).map(encode);
    write(out, field, names.each_ref().map(Vec::as_slice));
}

/// The names of a column, in the order of the packet.
fn names(field: &Field) -> [&str; 5] {
    [&field.database, &field.table, &field.org_table, &field.name, &field.org_name]
}

fn write(out: &mut Vec<u8>, field: &Field, names: [&[u8]; 5]) {
    let (kind, type_flags) = field.typ.to_mysql();
    let charset = match field.charset {
        0 if field.typ.is_text() => DEFAULT_COLLATION,
        0 => BINARY_COLLATION,
        told => told,
    };
    put::lenenc_bytes(out, b"def");
    for name in names {
        put::lenenc_bytes(out, name);
    }
    put::lenenc(out, FIXED_LENGTH);
    out.extend_from_slice(&charset.to_le_bytes());
    out.extend_from_slice(&field.column_length.to_le_bytes());
    out.push(kind);
    out.extend_from_slice(&(field.flags | type_flags).to_le_bytes());
    out.push(field.decimals);
    out.extend_from_slice(&[0, 0]);
}

/// Reads a column definition.
pub fn decode(payload: &[u8]) -> Result<Field, Malformed> {
    let mut scan = Scan::new(payload);
    scan.lenenc_bytes("catalog of column")?;
    let database = name(&mut scan, "database of column")?;
    let table = name(&mut scan, "table of column")?;
    let org_table = name(&mut scan, "original table of column")?;
    let column = name(&mut scan, "name of column")?;
    let org_name = name(&mut scan, "original name of column")?;
    let fixed_length = scan.lenenc("fixed part of column")?;
    let fixed_length = usize::try_from(fixed_length).map_err(|_| Malformed("fixed part"))?;
    let mut fixed = Scan::new(scan.bytes(fixed_length, "fixed part of column")?);
    let charset = fixed.u16("collation of column")?;
    let column_length = fixed.u32("length of column")?;
    let kind = fixed.u8("type of column")?;
    let flags = fixed.u16("flags of column")?;
    let decimals = fixed.u8("decimals of column")?;
    Ok(Field {
        name: column,
        typ: Type::from_mysql(kind, flags, charset),
        table,
        org_table,
        database,
        org_name,
        column_length,
        charset,
        decimals,
        flags,
        column_type: Arc::default(),
    })
}

/// Takes a name; columns of expressions have empty ones, which all share one empty string.
fn name(scan: &mut Scan<'_>, part: &'static str) -> Result<Arc<str>, Malformed> {
    let bytes = scan.lenenc_bytes(part)?;
    if bytes.is_empty() {
        return Ok(Arc::default());
    }
    Ok(String::from_utf8_lossy(bytes).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_type_comes_back() {
        for (typ, name) in Type::ALL {
            // Types of literals and of the planner have no byte of their own.
            if ["TUPLE", "EXPRESSION", "HEXNUM", "HEXVAL", "BITNUM", "RAW", "ROW_TUPLE"]
                .contains(name)
            {
                continue;
            }
            let field = Field::new("c", *typ);
            let mut payload = Vec::new();
            encode(&mut payload, &field);
            assert_eq!(decode(&payload), Ok(field), "{name}");
        }
    }

    #[test]
    fn a_field_of_a_bare_type_gets_its_flags() {
        let field = Field { typ: Type::UINT64, name: "c".into(), ..Field::default() };
        let mut payload = Vec::new();
        encode(&mut payload, &field);
        let told = decode(&payload).unwrap();
        assert_eq!((told.typ, told.charset, told.flags), (Type::UINT64, 63, 32));
    }

    proptest! {
        #[test]
        fn definitions_come_back(names in prop::collection::vec(".{0,300}", 5),
            length: u32, decimals: u8, flags in 0_u16..32)
        {
            let field = Field {
                name: names[0].as_str().into(),
                table: names[1].as_str().into(),
                org_table: names[2].as_str().into(),
                database: names[3].as_str().into(),
                org_name: names[4].as_str().into(),
                column_length: length,
                decimals,
                flags,
                ..Field::new("", Type::VARCHAR)
            };
            let mut payload = Vec::new();
            encode(&mut payload, &field);
            prop_assert_eq!(decode(&payload), Ok(field));
            for end in 0..payload.len() - 2 {
                prop_assert!(decode(&payload[..end]).is_err());
            }
        }

        #[test]
        fn garbage_does_no_harm(payload in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&payload);
        }
    }
}
