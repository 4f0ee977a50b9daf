//! The kind that several values have in common, and how each is brought to it: what IF, CASE,
//! COALESCE and their like share.

use bytes::Bytes;
use vt_base::Error;
use vt_value::{Collation, TemporalKind, Type, Value};

use crate::Func;
use crate::collate;
use crate::context::Context;
use crate::function::{Call, CollationUse, Signature, Text};
use crate::kind::{Class, Kind, NOT_FIXED};
use crate::node::{CallOp, Node, ZERO_YEAR};

/// Returns the kind that some arguments have in common, nullable or not as they are.
pub(crate) fn common_kind(signature: &mut Signature<'_>, places: &[usize]) -> Result<Kind, Error> {
    let operation = signature.func.message_name();
    let session = signature.session;
    let picked: Vec<&Node> = signature
        .args
        .iter()
        .enumerate()
        .filter(|(place, node)| places.contains(place) && !node.kind.is_null())
        .map(|(_, node)| node)
        .collect();
    // A BIT column among others becomes a decimal or bytes, by rules of its own.
    let is_bit = |node: &&Node| node.kind.typ == Type::BIT && node.is_column();
    let others = picked.len() > 1 || places.len() > 1 && signature.func.passes_on();
    if picked.iter().any(is_bit) && (others || operation == "case") {
        return Err(Error::unsupported("a choice among BIT values"));
    }
    let kind = match typed(&picked.iter().map(|node| &node.kind).collect::<Vec<_>>())? {
        Common::Kind(kind) => kind,
        Common::Text(typ, length) => {
            let purpose = CollationUse::Result;
            let mut notes = Vec::new();
            let mut all: Vec<&mut Node> = signature
                .args
                .iter_mut()
                .enumerate()
                .filter(|(place, _)| places.contains(place))
                .map(|(_, node)| node)
                .collect();
            let (collation, coercibility) =
                collate::aggregate_all(&mut all, purpose, &operation, session, &mut notes)?;
            signature.notes.borrow_mut().append(&mut notes);
            let picked: Vec<&Node> =
                all.iter().filter(|node| !node.kind.is_null()).map(|node| &**node).collect();
            let ascii = picked.iter().all(|node| node.kind.ascii);
            let bytes = || picked.iter().map(|node| node.kind.text_bytes()).max().unwrap_or(0);
            let binary = collation == Collation::BINARY;
            // A constant that is NULL was brought to the character set, and has no length.
            let brought = picked.iter().map(|node| node.kind.text_length()).max().unwrap_or(0);
            let length = if binary { bytes() } else { length.min(brought) };
            let kind = Kind::text(length, collation, coercibility);
            let typ = match typ {
                Type::TEXT if binary => Type::BLOB,
                Type::TEXT => Type::TEXT,
                _ if matches!(kind.typ, Type::TEXT | Type::BLOB) => kind.typ,
                Type::CHAR if binary => Type::BINARY,
                Type::CHAR => Type::CHAR,
                _ => kind.typ,
            };
            Kind { ascii, typ, ..kind }
        }
    };
    let year = |place: &usize| {
        let arg = &signature.args[*place];
        arg.kind.typ == Type::YEAR && arg.is_column()
    };
    if kind.typ == Type::DECIMAL && signature.func.choice().is_some() && places.iter().any(year) {
        return Err(Error::unsupported("a choice between a year and decimals"));
    }
    let short = |place: &usize| {
        let arg = &signature.args[*place];
        arg.kind.typ == Type::FLOAT32 && arg.is_column()
    };
    if kind.typ != Type::FLOAT32 && places.iter().any(short) {
        return Err(Error::unsupported("computing with FLOAT values"));
    }
    let nullable = places.iter().any(|place| signature.args[*place].kind.nullable);
    Ok(kind.with_nullable(nullable))
}

/// Returns whether a call chooses among strings, and passes on what it chose.
pub(crate) fn passes_strings(call: &CallOp) -> bool {
    let count = call.args.len();
    let otherwise = |place: usize, results: usize| place + 1 == count && place % 2 != results;
    let is_result = |place: usize| match call.func {
        Func::Case => place % 2 == 1 || otherwise(place, 1),
        Func::CaseOf => place > 0 && (place.is_multiple_of(2) || otherwise(place, 0)),
        _ if call.func.passes_first() => place == 0,
        _ if call.func.choice().is_some() => place > 0,
        _ => false,
    };
    let mut results = (0..count).filter(|place| is_result(*place)).peekable();
    results.peek().is_some()
        && results.all(|place| {
            let kind = &call.args[place].kind;
            kind.is_null() || kind.is_string() || kind.members.is_some()
        })
}

enum Common {
    Kind(Kind),
    Text(Type, u32),
}

fn typed(kinds: &[&Kind]) -> Result<Common, Error> {
    let Some(first) = kinds.first() else { return Ok(Common::Kind(Kind::null())) };
    let length = kinds.iter().map(|kind| kind.length).max().unwrap_or(0);
    let same = kinds.iter().all(|kind| kind.typ == first.typ);
    if same && matches!(first.typ, Type::JSON | Type::GEOMETRY | Type::VECTOR | Type::YEAR) {
        return Ok(Common::Kind(Kind { length, ..(*first).clone() }));
    }
    if kinds.iter().all(|kind| kind.typ.is_number()) {
        return number_of(kinds, length).map(Common::Kind);
    }
    if kinds.iter().all(|kind| kind.typ.is_temporal()) {
        return Ok(Common::Kind(temporal_of(kinds)));
    }
    if kinds.iter().any(|kind| matches!(kind.typ, Type::GEOMETRY | Type::VECTOR)) {
        return Err(Error::unsupported(format_args!("choosing between {} and others", first.typ)));
    }
    Ok(Common::Text(
        string_type(kinds),
        kinds.iter().map(|kind| kind.text_length()).max().unwrap_or(0),
    ))
}

/// What a string made of a value is, beside another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Number,
    Temporal,
    /// An ENUM or a SET.
    Member,
    Char,
    VarChar,
    Text,
}

impl Shape {
    fn of(kind: &Kind) -> Shape {
        match kind.typ {
            Type::TEXT | Type::BLOB => Shape::Text,
            Type::CHAR | Type::BINARY => Shape::Char,
            Type::ENUM | Type::SET => Shape::Member,
            typ if typ.is_number() => Shape::Number,
            typ if typ.is_temporal() => Shape::Temporal,
            _ => Shape::VarChar,
        }
    }

    /// Returns what both have in common, the earlier first.
    fn join(self, other: Shape) -> Shape {
        match (self, other) {
            (Shape::Text, _) | (_, Shape::Text) => Shape::Text,
            (Shape::VarChar, _) | (_, Shape::VarChar) => Shape::VarChar,
            (Shape::Char, _) | (_, Shape::Char) => Shape::Char,
            (one, other) if one == other && one != Shape::Member => one,
            _ => Shape::VarChar,
        }
    }
}

/// Returns CHAR where no string is of another type, TEXT where one is.
fn string_type(kinds: &[&Kind]) -> Type {
    match kinds.iter().map(|kind| Shape::of(kind)).reduce(Shape::join) {
        Some(Shape::Text) => Type::TEXT,
        Some(Shape::Char) => Type::CHAR,
        _ => Type::VARCHAR,
    }
}

/// Dates and times of different types are all datetimes.
fn temporal_of(kinds: &[&Kind]) -> Kind {
    let decimals = kinds.iter().map(|kind| kind.decimals).max().unwrap_or(0);
    let all = |typ: Type| kinds.iter().all(|kind| kind.typ == typ);
    let (typ, width) = if all(Type::DATE) {
        (Type::DATE, 10)
    } else if all(Type::TIME) {
        (Type::TIME, 10)
    } else if all(Type::TIMESTAMP) {
        (Type::TIMESTAMP, 19)
    } else {
        (Type::DATETIME, 19)
    };
    let fraction = if decimals > 0 { 1 + u32::from(decimals) } else { 0 };
    Kind::new(typ, width + fraction, decimals)
}

fn number_of(kinds: &[&Kind], length: u32) -> Result<Kind, Error> {
    let classes = kinds.iter().map(|kind| kind.class()).collect::<Result<Vec<Class>, Error>>()?;
    let greatest = classes.iter().max().copied().unwrap_or(Class::Int);
    let has = |typ: Type| kinds.iter().any(|kind| kind.typ == typ);
    // Beside a FLOAT the integers of 24 bits and less, and of 64, are FLOATs to MySQL.
    let fits = |kind: &&Kind| {
        matches!(
            kind.typ,
            Type::FLOAT32
                | Type::INT8
                | Type::UINT8
                | Type::INT16
                | Type::UINT16
                | Type::INT24
                | Type::UINT24
                | Type::INT64
                | Type::UINT64
                | Type::YEAR
        )
    };
    // What comes before the FLOAT counts too.
    let long = |kind: &&Kind| matches!(kind.typ, Type::INT64 | Type::UINT64);
    let before = kinds.iter().take_while(|kind| kind.typ != Type::FLOAT32);
    let short =
        has(Type::FLOAT32) && kinds.iter().all(fits) && !before.copied().any(|kind| long(&kind));
    Ok(match greatest {
        _ if short => Kind::new(Type::FLOAT32, 23, NOT_FIXED),
        Class::Float => {
            let decimals = kinds.iter().map(|kind| kind.decimals.min(NOT_FIXED)).max();
            let decimals = decimals.unwrap_or(0);
            let whole = |kind: &&Kind| kind.length.saturating_sub(kind.decimals.into());
            let whole = kinds.iter().map(whole).max().unwrap_or(0);
            let length = if decimals < NOT_FIXED { whole + u32::from(decimals) } else { 23 };
            Kind { decimals, length, ..Kind::float() }
        }
        Class::Decimal => decimal_of(kinds),
        // Signed and the greatest unsigned together fit a decimal alone.
        Class::UInt if classes.contains(&Class::Int) && has(Type::UINT64) => decimal_of(kinds),
        _ => integer_of(kinds, length),
    })
}

/// The widest of the integers' types, or the next where only some are unsigned.
fn integer_of(kinds: &[&Kind], length: u32) -> Kind {
    const SIGNED: [Type; 5] = [Type::INT8, Type::INT16, Type::INT24, Type::INT32, Type::INT64];
    const UNSIGNED: [Type; 5] =
        [Type::UINT8, Type::UINT16, Type::UINT24, Type::UINT32, Type::UINT64];
    let rank = |kind: &Kind| {
        // A year among other integers has the least of types.
        if kind.typ == Type::YEAR {
            return 0;
        }
        let place = |types: &[Type; 5]| types.iter().position(|typ| *typ == kind.typ);
        place(&SIGNED).or_else(|| place(&UNSIGNED)).unwrap_or(4)
    };
    let unsigned = |kind: &&&Kind| kind.typ.is_unsigned() || kind.typ == Type::YEAR;
    let all = kinds.iter().filter(unsigned).count() == kinds.len();
    let widest = kinds.iter().map(|kind| rank(kind)).max().unwrap_or(4);
    let above = kinds.iter().filter(unsigned).map(|kind| rank(kind) + 1).max().unwrap_or(0);
    let rank = if all { widest } else { widest.max(above) }.min(4);
    // One byte does not hold the digits of a year.
    let year = kinds.iter().any(|kind| kind.typ == Type::YEAR);
    let rank = if all && year { rank.max(1) } else { rank };
    let typ = if all { UNSIGNED[rank] } else { SIGNED[rank] };
    Kind::new(typ, length, 0)
}

fn decimal_of(kinds: &[&Kind]) -> Kind {
    let decimals = kinds.iter().map(|kind| kind.decimals.min(30)).max().unwrap_or(0);
    let integer = |kind: &&Kind| kind.precision().saturating_sub(u32::from(kind.decimals));
    let integer = kinds.iter().map(integer).max().unwrap_or(0);
    Kind::decimal(integer + u32::from(decimals), decimals)
}

/// Brings the value of an argument that a call passes on to the kind of the call.
pub(crate) fn passed(call: &mut Call<'_, '_>, place: usize, value: Value) -> Result<Value, Error> {
    let (node, kind) = (&call.args()[place], call.kind());
    // IF and CASE give what they chose with the digits that it has by itself.
    let value = match call.func().choice() {
        Some(_) => crate::convert::typed(value, &node.kind),
        None => value,
    };
    if kind.is_string() && node.is_zero_year(&value) {
        let bytes = Bytes::from_static(ZERO_YEAR);
        let text = Text { bytes, collation: Collation::UTF8MB4_0900_AI_CI };
        let bytes = crate::convert::to_charset(text, kind.collation, call.context())?;
        return Ok(Value::Text(bytes, kind.collation));
    }
    convert(value, &node.kind, kind, call.context())
}

/// Brings a value of one kind to another.
fn convert(value: Value, from: &Kind, to: &Kind, ctx: &mut Context<'_>) -> Result<Value, Error> {
    if value.is_null() {
        return Ok(value);
    }
    Ok(match to.typ {
        Type::DECIMAL => {
            crate::convert::decimal(&value, from, ctx)?.map_or(Value::Null, Value::Decimal)
        }
        Type::FLOAT64 | Type::FLOAT32 => {
            crate::convert::real(&value, from, ctx)?.map_or(Value::Null, Value::Float)
        }
        _ if to.typ.is_temporal() => temporal(value, to, ctx),
        _ if to.is_string() => match value {
            Value::Text(bytes, own) if own == to.collation => Value::Text(bytes, own),
            other => match crate::convert::text(other, from)? {
                None => Value::Null,
                Some(text) => {
                    Value::Text(crate::convert::exactly(&text, to.collation)?, to.collation)
                }
            },
        },
        _ => value,
    })
}

/// Brings a date or time to the type and the digits of a kind.
fn temporal(value: Value, to: &Kind, ctx: &Context<'_>) -> Value {
    let Value::Temporal(temporal) = value else { return value };
    let made = match (to.typ, temporal.kind) {
        (Type::DATETIME | Type::TIMESTAMP, TemporalKind::Time) => {
            let today = crate::convert::now(ctx.session).day_number();
            temporal.on_day(today)
        }
        (Type::DATETIME | Type::TIMESTAMP, TemporalKind::Date) => Some(temporal.to_datetime()),
        _ => Some(temporal),
    };
    let digits = if to.typ == Type::DATE { 0 } else { to.decimals };
    made.map_or(Value::Null, |made| Value::Temporal(made.with_digits(digits)))
}
