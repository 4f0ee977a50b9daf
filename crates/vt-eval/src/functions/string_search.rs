//! INSTR, FIELD, FIND_IN_SET, ELT and their like: where a string is among others.

use vt_base::Error;
use vt_collation::Charset;
use vt_value::{Collation, Decimal, Type, Value};

use super::strings::{
    Claim, brought, chars, chars_in, charset_of, claim_of, made_of, max_len, own, sized, too_long,
    unknown, wrapped,
};
use crate::function::{Call, CollationUse, Function, MANY, Signature};
use crate::kind::Kind;
use crate::node::Node;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("elt", (2, MANY), elt_kind, elt),
    Function::new("export_set", (3, 5), export_set_kind, export_set),
    Function::new("field", (2, MANY), field_kind, field),
    Function::new("find_in_set", (2, 2), find_in_set_kind, find_in_set),
    Function::new("instr", (2, 2), instr_kind, instr),
    Function::new("locate", (2, 3), locate_kind, locate),
    Function::new("make_set", (2, MANY), make_set_kind, make_set),
    Function::new("position", (2, 2), locate_kind, locate),
    Function::new("strcmp", (2, 2), strcmp_kind, strcmp),
];

/// The collation that two strings are compared by.
struct Compared(Collation);

fn pair_kind(signature: &mut Signature<'_>, purpose: CollationUse) -> Result<Kind, Error> {
    let (collation, _) = signature.aggregate_collation(0..2, purpose)?;
    signature.keep(Compared(collation));
    Ok(Kind::int(11).with_nullable(signature.any_nullable()))
}

fn instr_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    found_kind(signature, 0)
}

fn locate_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    found_kind(signature, 1)
}

fn find_in_set_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.kind(1).typ == Type::SET {
        return Err(signature.unsupported("in the members of a SET"));
    }
    // Bytes are taken for whatever they may be.
    let bytes = |kind: &Kind| kind.is_string() && kind.collation == Collation::BINARY;
    let bytes = signature.kinds().any(bytes);
    let purpose = if bytes { CollationUse::Result } else { CollationUse::Comparison };
    let kind = pair_kind(signature, purpose)?;
    let collation = signature.kept.as_ref().and_then(|kept| kept.downcast_ref::<Compared>());
    let set = collation.and_then(|kept| kept.0.charset());
    // What a row has may have no place in the set of an explicit collation.
    let foreign = |node: &Node| {
        let own = node.kind.collation.charset();
        !node.is_constant() && !node.kind.ascii && own.is_some() && own != set
    };
    if !bytes && !set.is_some_and(Charset::is_unicode) && signature.args().iter().any(foreign) {
        return Err(signature.unsupported("of strings of different character sets"));
    }
    Ok(kind)
}

/// The collation of what is searched decides alone.
fn found_kind(signature: &mut Signature<'_>, text: usize) -> Result<Kind, Error> {
    let (collation, coercibility) = claim_of(signature, text)?;
    signature.simplify(1 - text, collation)?;
    signature.keep(Compared(collation));
    // As a string the answer has the collation that it was found by.
    let kind = Kind { collation, coercibility, ..Kind::int(11) };
    Ok(kind.with_nullable(signature.any_nullable()))
}

fn strcmp_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let temporal = (0..2).any(|place| signature.kind(place).typ.is_temporal());
    if (0..2).any(|place| signature.kind(place).typ == Type::BIT) {
        return Err(signature.unsupported("of bits"));
    }
    let number = (0..2).any(|place| signature.kind(place).typ.is_number());
    if temporal && (number || (0..2).any(|place| signature.kind(place).is_string())) {
        return Err(signature.unsupported("of a time and a string"));
    }
    // MySQL brings a constant to the type of such a column first.
    let wide = signature.args().iter().any(|arg| {
        arg.is_column() && matches!(arg.kind().typ, Type::INT64 | Type::UINT64 | Type::YEAR)
    });
    if wide && signature.args().iter().any(Node::is_constant) {
        return Err(signature.unsupported("of a column of integers and a constant"));
    }
    // Beside a number, strings are compared byte by byte.
    if signature.kinds().any(|kind| kind.typ.is_number()) {
        signature.keep(Compared(Collation::BINARY));
        return Ok(Kind::int(2).with_nullable(signature.any_nullable()));
    }
    let kind = pair_kind(signature, CollationUse::Pair)?;
    Ok(Kind { length: 2, ..kind })
}

fn compared(call: &Call<'_, '_>) -> Collation {
    call.kept::<Compared>().map_or(Collation::UNKNOWN, |kept| kept.0)
}

fn strcmp(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = compared(call);
    let Some(a) = brought(call, 0, collation)? else { return Ok(Value::Null) };
    let Some(b) = brought(call, 1, collation)? else { return Ok(Value::Null) };
    match collation.compare(&a, &b) {
        Some(order) => Ok(Value::Int(order as i64)),
        None => Err(unknown(collation, "comparing strings")),
    }
}

fn instr(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    find(call, 0, 1)
}

fn locate(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    find(call, 1, 0)
}

fn find(call: &mut Call<'_, '_>, text: usize, part: usize) -> Result<Value, Error> {
    let collation = compared(call);
    let Some(text) = brought(call, text, collation)? else { return Ok(Value::Null) };
    let Some(part) = brought(call, part, collation)? else { return Ok(Value::Null) };
    let start = match call.len() {
        3 => call.int(2)?.map(crate::convert::Int::clamped_i64),
        _ => Some(1),
    };
    let Some(start) = start else { return Ok(Value::Null) };
    let Some(start) = usize::try_from(start).ok().and_then(|start| start.checked_sub(1)) else {
        return Ok(Value::Int(0));
    };
    if start > charset_of(collation)?.count(&text) {
        return Ok(Value::Int(0));
    }
    if part.is_empty() {
        return Ok(Value::Int(start as i64 + 1));
    }
    match collation.find(&text, &part, start) {
        Some(place) => Ok(Value::Int(place.map_or(0, |place| place as i64 + 1))),
        None => Err(unknown(collation, "searching strings")),
    }
}

/// Returns the parts of a string between commas.
fn members(charset: Charset, text: &[u8]) -> Vec<&[u8]> {
    let mut comma = Vec::new();
    charset.encode(u32::from(b','), &mut comma);
    let mut parts = Vec::new();
    let (mut start, mut place) = (0, 0);
    while place < text.len() {
        let rest = &text[place..];
        let length = charset.char_len(rest).max(1);
        if rest.starts_with(&comma) {
            parts.push(&text[start..place]);
            start = place + length;
        }
        place += length;
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// Returns an argument in a character set; bytes are taken for whatever they may be there.
fn as_it_is(
    call: &mut Call<'_, '_>,
    place: usize,
    collation: Collation,
) -> Result<Option<bytes::Bytes>, Error> {
    match call.arg_kind(place).collation == Collation::BINARY {
        true if call.arg_kind(place).is_string() => call.bytes(place),
        _ => brought(call, place, collation),
    }
}

fn find_in_set(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let collation = compared(call);
    let Some(wanted) = as_it_is(call, 0, collation)? else { return Ok(Value::Null) };
    let Some(set) = as_it_is(call, 1, collation)? else { return Ok(Value::Null) };
    if set.is_empty() {
        return Ok(Value::Int(0));
    }
    for (index, member) in members(charset_of(collation)?, &set).into_iter().enumerate() {
        // Spaces at the end count, whatever the collation.
        match collation.equal_unpadded(member, &wanted) {
            Some(true) => return Ok(Value::Int(index as i64 + 1)),
            Some(false) => {}
            None => return Err(unknown(collation, "comparing strings")),
        }
    }
    Ok(Value::Int(0))
}

/// As what the arguments of FIELD are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CompareAs {
    Text(Collation),
    Int,
    Decimal,
    Real,
}

fn compare_as(a: CompareAs, b: CompareAs) -> CompareAs {
    use CompareAs::{Decimal, Int, Real, Text};
    match (a, b) {
        (Text(collation), Text(_)) => Text(collation),
        (Int, Int) => Int,
        (Int | Decimal, Int | Decimal) => Decimal,
        _ => Real,
    }
}

fn field_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let each = signature.kinds().map(|kind| match kind.typ {
        Type::DECIMAL => CompareAs::Decimal,
        typ if typ.is_float() => CompareAs::Real,
        typ if typ.is_integral() || typ == Type::BIT => CompareAs::Int,
        _ => CompareAs::Text(Collation::UNKNOWN),
    });
    let mut compared = each.reduce(compare_as).unwrap_or(CompareAs::Real);
    let mut kind = Kind::int(11);
    if matches!(compared, CompareAs::Text(_)) {
        let (collation, coercibility) = claim_of(signature, 0)?;
        compared = CompareAs::Text(collation);
        kind = Kind { collation, coercibility, ..kind };
    }
    signature.keep(compared);
    Ok(kind.with_nullable(false))
}

fn field(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(compared) = call.kept::<CompareAs>().copied() else {
        return Err(Error::bug("FIELD without a way to compare"));
    };
    let wanted = Wanted::of(call, compared)?;
    if matches!(wanted, Wanted::Null) {
        return Ok(Value::Int(0));
    }
    for place in 1..call.len() {
        let equal = wanted.equals(call, place)?;
        if equal {
            return Ok(Value::Int(place as i64));
        }
    }
    Ok(Value::Int(0))
}

/// What FIELD looks for.
enum Wanted {
    Null,
    Text(bytes::Bytes, Collation),
    Int(i64),
    Decimal(Decimal),
    Real(f64),
}

impl Wanted {
    fn of(call: &mut Call<'_, '_>, compared: CompareAs) -> Result<Wanted, Error> {
        Ok(match compared {
            CompareAs::Text(collation) => {
                brought(call, 0, collation)?.map(|text| Wanted::Text(text, collation))
            }
            CompareAs::Int => call.int(0)?.map(|number| Wanted::Int(number.bits_i64())),
            CompareAs::Decimal => call.decimal(0)?.map(Wanted::Decimal),
            CompareAs::Real => call.real(0)?.map(Wanted::Real),
        }
        .unwrap_or(Wanted::Null))
    }

    fn equals(&self, call: &mut Call<'_, '_>, place: usize) -> Result<bool, Error> {
        Ok(match self {
            Wanted::Null => false,
            Wanted::Text(wanted, collation) => {
                let Some(text) = brought(call, place, *collation)? else { return Ok(false) };
                let equal = collation.equal(&text, wanted);
                equal.ok_or_else(|| unknown(*collation, "comparing strings"))?
            }
            Wanted::Int(wanted) => {
                call.int(place)?.is_some_and(|number| number.bits_i64() == *wanted)
            }
            Wanted::Decimal(wanted) => call.decimal(place)?.is_some_and(|one| one == *wanted),
            Wanted::Real(wanted) => call.real(place)?.is_some_and(|one| one == *wanted),
        })
    }
}

fn elt_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let count = signature.len();
    let claim = signature.aggregate_collation(1..count, CollationUse::Result)?;
    let length = (1..count).map(|place| part_length(signature, place, claim)).max().unwrap_or(0);
    let kind = wrapped(length, claim).with_nullable(true);
    Ok(made_of(signature, 1..count, kind))
}

/// Returns how long MySQL takes an argument of ELT or MAKE_SET for: among bytes a literal counts
/// its bytes, all else its characters.
fn part_length(signature: &Signature<'_>, place: usize, claim: Claim) -> u64 {
    match signature.args()[place].is_literal() {
        true => chars_in(signature, place, claim),
        false => chars(signature, place),
    }
}

/// Finds the argument that ELT passes on.
pub(crate) fn choose_elt(call: &mut Call<'_, '_>) -> Result<Option<usize>, Error> {
    let index = call.int(0)?.map_or(0, |index| index.clamped_usize());
    Ok((index > 0 && index < call.len()).then_some(index))
}

fn elt(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(index) = choose_elt(call)? else { return Ok(Value::Null) };
    Ok(own(call, index)?.map_or(Value::Null, |text| call.made(text)))
}

fn make_set_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let count = signature.len();
    let claim = signature.aggregate_collation(1..count, CollationUse::Result)?;
    let parts: u64 = (1..count).map(|place| part_length(signature, place, claim)).sum();
    let nullable = signature.any_nullable();
    let length = parts + (count as u64).saturating_sub(2);
    let kind = made_of(signature, 1..count, wrapped(length, claim));
    // Strict modes make no difference here.
    Ok(kind.with_nullable(nullable))
}

fn make_set(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(bits) = call.int(0)? else { return Ok(Value::Null) };
    let bits = bits.bits_u64();
    let mut comma = Vec::new();
    charset_of(call.kind().collation)?.encode(u32::from(b','), &mut comma);
    let mut all = Vec::new();
    let mut first = true;
    for place in 1..call.len().min(65) {
        if bits >> (place - 1) & 1 == 0 {
            continue;
        }
        let Some(text) = own(call, place)? else { continue };
        if !first {
            all.extend_from_slice(&comma);
        }
        first = false;
        if too_long(call, "make_set", (all.len() + text.len()) as u64) {
            return Ok(Value::Null);
        }
        all.extend_from_slice(&text);
    }
    Ok(call.made(all))
}

fn export_set_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let end = signature.len().min(4);
    let claim = signature.aggregate_collation(1..end, CollationUse::Result)?;
    let each = chars_in(signature, 1, claim).max(chars_in(signature, 2, claim));
    let separator = if signature.len() > 3 { chars_in(signature, 3, claim) } else { 1 };
    Ok(made_of(signature, 1..end, sized(each * 64 + separator * 63, claim)))
}

fn export_set(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(bits) = call.int(0)? else { return Ok(Value::Null) };
    let Some(on) = own(call, 1)? else { return Ok(Value::Null) };
    let Some(off) = own(call, 2)? else { return Ok(Value::Null) };
    let collation = call.kind().collation;
    let separator = match call.len() {
        3 => {
            let mut comma = Vec::new();
            charset_of(collation)?.encode(u32::from(b','), &mut comma);
            Some(comma.into())
        }
        _ => own(call, 3)?,
    };
    let Some(separator) = separator else { return Ok(Value::Null) };
    let count = if call.len() == 5 { call.int(4)?.map(|count| count.value) } else { Some(64) };
    let Some(count) = count else { return Ok(Value::Null) };
    let count = if (0..=64).contains(&count) { count as usize } else { 64 };
    let bits = bits.bits_u64();
    let most = on.len().max(off.len()) + separator.len();
    if too_long(call, "export_set", most as u64 * count as u64) {
        return Ok(Value::Null);
    }
    let mut all = Vec::with_capacity(count * max_len(collation) as usize);
    for bit in 0..count {
        if bit > 0 {
            all.extend_from_slice(&separator);
        }
        all.extend_from_slice(if bits >> bit & 1 == 1 { &on } else { &off });
    }
    Ok(call.made(all))
}
