//! Values that come with a statement: parameters of COM_STMT_EXECUTE and query attributes, from the
//! binary form to text.

use bytes::Bytes;
use vt_value::{Type, TypedBytes};

use crate::binary;
use crate::command::execute_flag;
use crate::scan::{Malformed, Scan, text};
use crate::{Capabilities, put};

/// The type of a parameter as the client told it; remembered from one execution to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamType {
    /// The protocol's type byte.
    pub kind: u8,
    pub is_unsigned: bool,
}

impl ParamType {
    fn decode(scan: &mut Scan<'_>) -> Result<ParamType, Malformed> {
        let word = scan.u16("type of parameter")?;
        Ok(ParamType { kind: word as u8, is_unsigned: word & 0x8000 != 0 })
    }

    /// Returns the type that the value has for us.
    ///
    /// Clients send text as any of the string types and bytes as BLOB; a string's collation is that
    /// of the connection.
    fn typ(self) -> Type {
        match self.kind {
            249..=252 => Type::BLOB,
            253 | 254 | 15 => Type::VARCHAR,
            kind => {
                let flags = if self.is_unsigned { 32 } else { 0 };
                Type::from_mysql(kind, flags, 63)
            }
        }
    }
}

/// What COM_STMT_EXECUTE says of an earlier prepared statement.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub param_count: u16,
    /// Types of the last execution that told them; empty if none did.
    pub types: &'a [ParamType],
    /// Values that came ahead by COM_STMT_SEND_LONG_DATA, by parameter; may be shorter than the
    /// parameters.
    pub long_data: &'a [Option<Bytes>],
}

/// The values of one execution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Execution {
    pub params: Vec<TypedBytes>,
    /// Types of the statement's own parameters, for the next execution.
    pub types: Vec<ParamType>,
    pub attributes: Vec<(String, TypedBytes)>,
}

/// Reads the values of COM_STMT_EXECUTE (protocol page "COM_STMT_EXECUTE").
pub fn decode_execution(
    values: &Bytes,
    flags: u8,
    known: Known<'_>,
    capabilities: Capabilities,
) -> Result<Execution, Malformed> {
    let own = usize::from(known.param_count);
    let has_attributes = capabilities.has(Capabilities::QUERY_ATTRIBUTES);
    let mut scan = Scan::new(values);
    let mut count = own;
    if has_attributes && (own > 0 || flags & execute_flag::PARAMETER_COUNT != 0) {
        let told = scan.lenenc("count of parameters")?;
        count = usize::try_from(told).map_err(|_| Malformed("count of parameters"))?;
    }
    if count < own {
        return Err(Malformed("count of parameters"));
    }
    if count == 0 {
        return Ok(Execution::default());
    }
    // The bitmap bounds the count by what was really sent, before anything is allocated for it.
    let nulls = scan.bytes(count.div_ceil(8), "NULL bitmap")?;
    let (types, names) = if scan.u8("flag of new types")? == 1 {
        decode_types(&mut scan, count, has_attributes)?
    } else if known.types.len() == own && count == own {
        (known.types.to_vec(), Vec::new())
    } else {
        return Err(Malformed("types of parameters"));
    };
    let mut execution = Execution::default();
    for (index, kind) in types.iter().enumerate() {
        let ahead = known.long_data.get(index).and_then(Option::as_ref).filter(|_| index < own);
        let value = match ahead {
            Some(data) => TypedBytes::new(long_data_type(*kind), data.clone()),
            None if nulls[index / 8] >> (index % 8) & 1 == 1 => TypedBytes::NULL,
            None => binary::decode_value(values, &mut scan, kind.kind, kind.is_unsigned)
                .map(|bytes| typed(*kind, bytes))?,
        };
        if index < own {
            execution.params.push(value);
        } else {
            let name = names.get(index).map(|name| text(name)).unwrap_or_default();
            execution.attributes.push((name, value));
        }
    }
    execution.types = types;
    execution.types.truncate(own);
    Ok(execution)
}

fn typed(kind: ParamType, bytes: Option<Bytes>) -> TypedBytes {
    match bytes {
        Some(bytes) => TypedBytes::new(kind.typ(), bytes),
        None => TypedBytes::NULL,
    }
}

/// Long data is always a string: a client may have declared the parameter NULL or a number.
fn long_data_type(kind: ParamType) -> Type {
    match kind.typ() {
        typ if typ.is_quoted() => typ,
        _ => Type::BLOB,
    }
}

type TypesAndNames<'a> = (Vec<ParamType>, Vec<&'a [u8]>);

fn decode_types<'a>(
    scan: &mut Scan<'a>,
    count: usize,
    has_names: bool,
) -> Result<TypesAndNames<'a>, Malformed> {
    let mut types = Vec::with_capacity(count.min(scan.rest().len() / 2));
    let mut names = Vec::new();
    for _ in 0..count {
        types.push(ParamType::decode(scan)?);
        if has_names {
            names.push(scan.lenenc_bytes("name of parameter")?);
        }
    }
    Ok((types, names))
}

/// Reads `count` query attributes; `whole` is the memory that `scan` goes over.
pub(crate) fn decode_attributes(
    whole: &Bytes,
    scan: &mut Scan<'_>,
    count: u64,
) -> Result<Vec<(String, TypedBytes)>, Malformed> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let count = usize::try_from(count).map_err(|_| Malformed("count of query attributes"))?;
    let nulls = scan.bytes(count.div_ceil(8), "NULL bitmap")?;
    if scan.u8("flag of new types")? != 1 {
        return Err(Malformed("flag of new types"));
    }
    let (types, names) = decode_types(scan, count, true)?;
    let mut attributes = Vec::with_capacity(types.len());
    for (index, (kind, name)) in types.iter().zip(names).enumerate() {
        let value = if nulls[index / 8] >> (index % 8) & 1 == 1 {
            TypedBytes::NULL
        } else {
            typed(*kind, binary::decode_value(whole, scan, kind.kind, kind.is_unsigned)?)
        };
        attributes.push((text(name), value));
    }
    Ok(attributes)
}

/// A value of an execution, as it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent<'a> {
    Null,
    /// In the connection's character set.
    Text(&'a [u8]),
    Bytes(&'a [u8]),
}

impl<'a> Sent<'a> {
    fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Sent::Null => None,
            Sent::Text(bytes) | Sent::Bytes(bytes) => Some(bytes),
        }
    }
}

/// Appends the values of an execution, for connections without query attributes.
pub(crate) fn encode_values(out: &mut Vec<u8>, values: &[Sent<'_>]) {
    if values.is_empty() {
        return;
    }
    let mut nulls = vec![0_u8; values.len().div_ceil(8)];
    for (index, value) in values.iter().enumerate() {
        nulls[index / 8] |= u8::from(*value == Sent::Null) << (index % 8);
    }
    out.extend_from_slice(&nulls);
    out.push(1);
    for value in values {
        let typ = if matches!(value, Sent::Bytes(_)) { Type::BLOB } else { Type::VARCHAR };
        let (kind, _) = typ.to_mysql();
        out.extend_from_slice(&[kind, 0]);
    }
    let size = values.iter().filter_map(|value| value.bytes()).map(|one| one.len() + 9).sum();
    out.reserve(size);
    for bytes in values.iter().filter_map(|value| value.bytes()) {
        put::lenenc_bytes(out, bytes);
    }
}

/// Appends query attributes, every value as a string.
pub(crate) fn encode_attributes(out: &mut Vec<u8>, attributes: &[(String, TypedBytes)]) {
    if attributes.is_empty() {
        return;
    }
    let mut nulls = vec![0_u8; attributes.len().div_ceil(8)];
    for (index, (_, value)) in attributes.iter().enumerate() {
        nulls[index / 8] |= u8::from(value.is_null()) << (index % 8);
    }
    out.extend_from_slice(&nulls);
    out.push(1);
    for (name, _) in attributes {
        let (kind, _) = Type::VARCHAR.to_mysql();
        out.extend_from_slice(&[kind, 0]);
        put::lenenc_bytes(out, name.as_bytes());
    }
    for (_, value) in attributes.iter().filter(|(_, value)| !value.is_null()) {
        put::lenenc_bytes(out, &value.bytes);
    }
}

#[cfg(test)]
mod tests;
