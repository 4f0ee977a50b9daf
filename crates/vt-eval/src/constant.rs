//! Literals, and expressions that need no row: values for vindexes, counts for LIMIT.

use std::cell::RefCell;

use bytes::Bytes;
use vt_base::{Code, Error};
use vt_collation::Charset;
use vt_value::{BindVars, BoundValue, Collation, TemporalKind, Type, TypedBytes, Value};

use crate::collate::coercibility::COERCIBLE;
use crate::context::Context;
use crate::kind::Kind;
use crate::node::{CallOp, Folded, Node, Op};
use crate::session::Session;
use crate::warning::Warning;
use crate::{Env, Expr, Func, convert};

impl Expr {
    /// Returns the value with its type; a literal or a bind variable as it was given.
    pub fn typed(&self, binds: &BindVars) -> Result<TypedBytes, Error> {
        match self {
            Expr::Literal(value) => Ok(value.clone()),
            Expr::Bind(name) => match find(name, binds)? {
                BoundValue::One(value) => Ok(value.clone()),
                BoundValue::Tuple(_) => {
                    Err(Error::bug(format_args!("bind variable {name} is a list")))
                }
            },
            _ => {
                let session = Session::default();
                let compiled = self.compile(&[], &Env::new(binds, &session))?;
                Ok(compiled.eval(&[], &mut Context::new(&session))?.to_typed())
            }
        }
    }

    /// Returns the values of a tuple, or of a list bind variable.
    pub fn typed_list(&self, binds: &BindVars) -> Result<Vec<TypedBytes>, Error> {
        match self {
            Expr::Tuple(members) => members.iter().map(|member| member.typed(binds)).collect(),
            Expr::BindTuple(name) | Expr::Bind(name) => match find(name, binds)? {
                BoundValue::Tuple(values) => Ok(values.clone()),
                BoundValue::One(value) => Ok(vec![value.clone()]),
            },
            _ => Ok(vec![self.typed(binds)?]),
        }
    }
}

/// Returns what a bind variable holds.
pub(crate) fn find<'a>(name: &str, binds: &'a BindVars) -> Result<&'a BoundValue, Error> {
    binds.get(name).ok_or_else(|| {
        let message = format!("query arguments missing for {name}");
        Error::new(Code::InvalidArgument, message)
    })
}

/// Makes a constant of a literal or a bind variable; strings become ones of this collation, and
/// what they lose there is noted.
pub(crate) fn literal(
    typed: &TypedBytes,
    collation: Collation,
    notes: &RefCell<Vec<Warning>>,
) -> Result<Node, Error> {
    let charset = collation.charset().unwrap_or(Charset::Utf8mb4);
    if typed.typ.is_text() && charset != Charset::Utf8mb4 {
        return in_charset(&typed.bytes, charset, collation, notes);
    }
    if let Some(bytes) = literal_bytes(typed)? {
        let kind = Kind::text(bytes.len() as u32, Collation::BINARY, COERCIBLE);
        let unsigned = typed.typ != Type::BITNUM;
        let kind = Kind { typ: typed.typ, nullable: false, unsigned, decimals: 0, ..kind };
        return Ok(Node::new(kind, Op::Constant(Value::Text(bytes, Collation::BINARY))));
    }
    let kind = Kind::of_typed(typed, collation);
    let value = match Value::of_typed(typed, collation)? {
        // A literal longer than any number is cut by MySQL with an error of its own.
        Value::Float(number) if !number.is_finite() => {
            return Err(Error::mysql(1367, b"22007", "Illegal double value found during parsing"));
        }
        value => value,
    };
    let op = match value {
        Value::Float(_) => Op::Written(value, typed.bytes.clone()),
        value => Op::Constant(value),
    };
    Ok(Node::new(kind, op))
}

/// How much the message shows of a string that cannot be converted.
const SHOWN_BYTES: usize = 6;

/// Makes a string constant of UTF-8 text in another character set.
fn in_charset(
    bytes: &Bytes,
    charset: Charset,
    collation: Collation,
    notes: &RefCell<Vec<Warning>>,
) -> Result<Node, Error> {
    let mut out = Vec::with_capacity(bytes.len());
    let lost = Charset::Utf8mb4.convert(bytes, charset, &mut out);
    if lost.first.is_some() {
        let shown: String = bytes
            .iter()
            .take(SHOWN_BYTES)
            .map(|byte| match byte {
                b' '..=b'~' => char::from(*byte).to_string(),
                byte => format!("\\x{byte:02X}"),
            })
            .collect();
        let more = if bytes.len() > SHOWN_BYTES { "..." } else { "" };
        let message =
            format!("Cannot convert string '{shown}{more}' from utf8mb4 to {}", charset.name());
        notes.borrow_mut().push(Warning::new(1300, message));
    }
    let length = charset.count(&out);
    let kind = Kind::text(u32::try_from(length).unwrap_or(u32::MAX), collation, COERCIBLE);
    let kind = Kind { nullable: false, ascii: bytes.is_ascii(), ..kind };
    Ok(Node::new(kind, Op::Constant(Value::Text(out.into(), collation))))
}

/// Returns the bytes of a hexadecimal or bit literal, which is written `x'4D'`, `0x4D`, `b'101'`
/// or `0b101`.
fn literal_bytes(typed: &TypedBytes) -> Result<Option<Bytes>, Error> {
    let bits = match typed.typ {
        Type::HEXNUM | Type::HEXVAL => 4,
        Type::BITNUM => 1,
        _ => return Ok(None),
    };
    let body = typed.bytes.get(2..).unwrap_or_default();
    let digits = body.strip_suffix(b"'").unwrap_or(body);
    let wrong = || Error::bug(format_args!("a literal of {} that is none", typed.typ));
    let total = digits.len() * bits;
    let mut bytes = vec![0u8; total.div_ceil(8)];
    for (place, digit) in digits.iter().rev().enumerate() {
        let value = char::from(*digit).to_digit(1 << bits).ok_or_else(wrong)?;
        let at = bytes.len() - 1 - place * bits / 8;
        bytes[at] |= (value as u8) << (place * bits % 8);
    }
    Ok(Some(bytes.into()))
}

/// Makes a constant of a literal whose character set is told.
pub(crate) fn introduced(collation: Collation, typed: &TypedBytes) -> Result<Node, Error> {
    let bytes = match literal_bytes(typed)? {
        Some(bytes) => bytes,
        None => typed.bytes.clone(),
    };
    let charset = collation.charset();
    let bytes = charset.map_or(bytes.clone(), |charset| filled(charset, bytes));
    let length = charset.map_or(bytes.len(), |charset| charset.count(&bytes));
    let ascii = charset.is_none_or(|charset| charset.is_ascii(&bytes));
    let kind = Kind::text(length as u32, collation, COERCIBLE);
    let kind = Kind { nullable: false, ascii, ..kind };
    let written = crate::describe::introduced(&bytes, collation).into();
    Ok(Node::new(kind, Op::Written(Value::Text(bytes, collation), written)))
}

/// Fills the first character of a wide character set up with zeros in front.
pub(crate) fn filled(charset: Charset, bytes: Bytes) -> Bytes {
    let width = match charset {
        Charset::Utf16 | Charset::Utf16le | Charset::Ucs2 => 2,
        Charset::Utf32 => 4,
        _ => return bytes,
    };
    let missing = bytes.len().next_multiple_of(width) - bytes.len();
    if missing == 0 {
        return bytes;
    }
    let mut all = vec![0; missing];
    all.extend_from_slice(&bytes);
    all.into()
}

/// Makes a constant of `DATE 'x'`, `TIME 'x'` or `TIMESTAMP 'x'`.
pub(crate) fn temporal(
    kind: TemporalKind,
    typed: &TypedBytes,
    session: &Session,
) -> Result<Node, Error> {
    let (name, typ, width) = match kind {
        TemporalKind::Date => ("DATE", Type::DATE, 10),
        TemporalKind::DateTime => ("DATETIME", Type::DATETIME, 19),
        TemporalKind::Time => ("TIME", Type::TIME, 10),
    };
    let Some((value, warnings)) = convert::literal(kind, &typed.bytes, session)? else {
        let text = String::from_utf8_lossy(&typed.bytes);
        let message = format!("Incorrect {name} value: '{text}'");
        return Err(Error::mysql(1525, b"HY000", message).with_code(Code::InvalidArgument));
    };
    let func = Func::TemporalLiteral(kind);
    let decimals = value.fraction_digits;
    let length = if decimals > 0 { width + 1 + u32::from(decimals) } else { width };
    let kind = Kind { nullable: false, ..Kind::new(typ, length, decimals) };
    let value = Value::Temporal(value);
    if !warnings.is_empty() {
        let call = CallOp { func, function: func.function(), args: Vec::new(), kept: None };
        return Ok(Node::new(
            kind,
            Op::Folded(Box::new(Folded { value, warnings, later: None, call })),
        ));
    }
    Ok(Node::new(kind, Op::Constant(value)))
}
