//! Geohashes: places as texts of 32 letters, of which each halves both ranges in turn.

use vt_base::Error;
use vt_value::geometry::{Point, Reference, Shape};
use vt_value::{Collation, Type, Value};

use super::{error, made_in, name_of, out_of_range, placed, system};
use crate::collate::coercibility::COERCIBLE;
use crate::convert;
use crate::function::{Call, Signature};
use crate::functions::numeric::round_f64;
use crate::kind::Kind;

const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
const LENGTH_MAX: i64 = 100;
/// How much of a text a message shows.
const SHOWN_BYTES: usize = 128;
/// Beyond this many letters doubles are too coarse to halve every range.
const EXACT_MAX: i64 = 20;
/// The same where the last digits of a range decide on how it is rounded.
const ROUNDED_MAX: usize = 19;
/// The most digits after the point that a coordinate is rounded to.
const DIGITS_MAX: i64 = 15;

pub(super) fn text_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    if signature.len() == 3 {
        measured(signature, 0, "longitude")?;
        measured(signature, 1, "latitude")?;
        let letters = signature.kind(2);
        let number = letters.typ.is_integral() && letters.typ != Type::YEAR;
        if !(number || letters.is_null() || letters.typ.is_text() || is_member(letters)) {
            return Err(wrong_type("geohash max length", signature.name()));
        }
    }
    let collation = signature.session().connection_collation;
    let kind = Kind::text(LENGTH_MAX as u32, collation, COERCIBLE);
    Ok(kind.with_nullable(signature.any_nullable()))
}

/// Refuses a coordinate that is neither a number nor text.
fn measured(signature: &Signature<'_>, place: usize, what: &str) -> Result<(), Error> {
    let kind = signature.kind(place);
    let number = kind.typ.is_number() && kind.typ != Type::YEAR && !kind.is_bits();
    match number || kind.is_null() || kind.typ.is_text() || is_member(kind) {
        true => Ok(()),
        false => Err(wrong_type(what, signature.name())),
    }
}

fn is_member(kind: &Kind) -> bool {
    matches!(kind.typ, Type::ENUM | Type::SET)
}

pub(super) fn number_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let kind = signature.kind(0);
    if !kind.typ.is_text() && !kind.is_null() && !is_member(kind) {
        return Err(wrong_type("geohash", &signature.name().to_uppercase()));
    }
    Ok(Kind::float().with_nullable(signature.any_nullable()))
}

/// A range that halves.
#[derive(Clone, Copy)]
struct Range {
    least: f64,
    greatest: f64,
}

const LONGITUDES: Range = Range { least: -180.0, greatest: 180.0 };
const LATITUDES: Range = Range { least: -90.0, greatest: 90.0 };

impl Range {
    fn middle(self) -> f64 {
        self.least + (self.greatest - self.least) / 2.0
    }

    fn halve(&mut self, upper: bool) {
        let middle = self.middle();
        if upper {
            self.least = middle;
        } else {
            self.greatest = middle;
        }
    }

    fn holds(self, value: f64) -> bool {
        (self.least..=self.greatest).contains(&value)
    }

    /// Returns the middle with as few digits as stay within the range.
    fn rounded(self) -> f64 {
        let middle = self.middle();
        let mut error = self.greatest - self.least;
        let mut digits = 0;
        while error < 0.1 && digits <= DIGITS_MAX {
            digits += 1;
            error *= 10.0;
        }
        loop {
            let rounded = round_f64(middle, digits, false);
            digits += 1;
            if self.holds(rounded) || digits > DIGITS_MAX {
                return rounded + 0.0;
            }
        }
    }
}

/// `ST_GEOHASH(longitude, latitude, letters)`, or of a point.
pub(super) fn of_place(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let place = if call.len() == 2 {
        let Some((geometry, _)) = placed(call, 0)? else { return Ok(Value::Null) };
        match geometry.shape {
            Shape::Point(point) => point,
            _ => return Err(wrong_type("point", name_of(call))),
        }
    } else {
        let Some(x) = call.real(0)? else { return Ok(Value::Null) };
        let Some(y) = call.real(1)? else { return Ok(Value::Null) };
        Point { x, y }
    };
    let Some(letters) = call.int(call.len() - 1)? else { return Ok(Value::Null) };
    let letters = letters.clamped_i64();
    if !LONGITUDES.holds(place.x) {
        return Err(out_of_range(call, "longitude"));
    }
    if !LATITUDES.holds(place.y) {
        return Err(out_of_range(call, "latitude"));
    }
    if !(1..=LENGTH_MAX).contains(&letters) {
        return Err(out_of_range(call, "max geohash length"));
    }
    if letters > EXACT_MAX {
        return Err(Error::unsupported("a geohash of more than 20 letters"));
    }
    let (mut longitudes, mut latitudes) = (LONGITUDES, LATITUDES);
    let mut text = Vec::new();
    let mut bits = 0;
    for _ in 0..letters {
        let mut letter = 0;
        for _ in 0..5 {
            let (range, value) = match bits % 2 {
                0 => (&mut longitudes, place.x),
                _ => (&mut latitudes, place.y),
            };
            let upper = value >= range.middle();
            range.halve(upper);
            letter = letter * 2 + usize::from(upper);
            bits += 1;
        }
        text.push(LETTERS[letter]);
    }
    Ok(call.made(text))
}

const LATIN1: Collation = Collation(8);

fn wrong_type(what: &str, name: &str) -> Error {
    error(3064, b"HY000", format!("Incorrect type for argument {what} in function {name}."))
}

/// Reads the first argument; `None` for NULL.
fn ranges(call: &mut Call<'_, '_>, name: &str) -> Result<Option<(Range, Range)>, Error> {
    let kind = call.arg_kind(0);
    if !kind.typ.is_text() && !kind.is_null() && !is_member(kind) {
        return Err(wrong_type("geohash", name));
    }
    let Some(text) = call.text(0)? else { return Ok(None) };
    // What is of no set with ASCII in it is brought to one of single bytes.
    let wide = text.collation.charset().is_some_and(|charset| !charset.keeps_ascii());
    let single = if wide { LATIN1 } else { text.collation };
    let text = convert::to_charset(text, single, call.context())?;
    let text = convert::as_it_is(text.split(|byte| *byte == 0).next().unwrap_or_default());
    let wrong = || {
        let shown = &text[..text.floor_char_boundary(SHOWN_BYTES)];
        error(1411, b"HY000", format!("Incorrect geohash value: '{shown}' for function {name}"))
    };
    if text.is_empty() {
        return Err(wrong());
    }
    if text.len() > ROUNDED_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::unsupported("a geohash of more than 19 letters"));
    }
    let (mut longitudes, mut latitudes) = (LONGITUDES, LATITUDES);
    let mut bits = 0;
    for letter in text.bytes() {
        let found = LETTERS.iter().position(|one| *one == letter.to_ascii_lowercase());
        let number = found.ok_or_else(wrong)?;
        for bit in (0..5).rev() {
            let range = if bits % 2 == 0 { &mut longitudes } else { &mut latitudes };
            range.halve(number >> bit & 1 == 1);
            bits += 1;
        }
    }
    Ok(Some((longitudes, latitudes)))
}

pub(super) fn longitude(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let ranges = ranges(call, "ST_LONGFROMGEOHASH")?;
    Ok(ranges.map_or(Value::Null, |(longitudes, _)| Value::Float(longitudes.rounded())))
}

pub(super) fn latitude(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let ranges = ranges(call, "ST_LATFROMGEOHASH")?;
    Ok(ranges.map_or(Value::Null, |(_, latitudes)| Value::Float(latitudes.rounded())))
}

pub(super) fn point(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((longitudes, latitudes)) = ranges(call, "st_pointfromgeohash")? else {
        return Ok(Value::Null);
    };
    let Some((srid, reference)) = system(call, 1)? else { return Ok(Value::Null) };
    if reference == Reference::Plane && srid != 0 {
        return Err(super::other_system(srid));
    }
    let point = Point { x: longitudes.rounded(), y: latitudes.rounded() };
    Ok(made_in(srid, Shape::Point(point)))
}
