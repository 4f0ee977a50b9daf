//! Geometries: made of numbers and texts, told in texts, taken apart, measured and compared.
//!
//! What looks at coordinates alone is computed in each reference system that is known
//! ([`Reference`]); what measures or compares, in the plane without a system (SRID 0), where
//! numbers have no unit. The rest the servers know, and is refused.

mod bounds;
mod buffer;
mod build;
mod coordinate;
mod geohash;
mod geojson;
mod line;
mod measure;
mod parts;
mod read;
mod relate;
mod tell;
mod valid;

use vt_base::{Code, Error};
use vt_value::geometry::{Geometry, Point, Reference, Shape};
use vt_value::{Collation, Type, Value};

use crate::collate::coercibility::{COERCIBLE, IMPLICIT};
use crate::function::{Call, Function, MANY, Signature};
use crate::kind::Kind;

/// The name of a function, and the least and the most arguments that it takes.
type Named = (&'static str, (usize, usize));

const fn of_text(name: &'static str) -> Function {
    Function::new(name, (1, 3), geometry_kind, read::of_text)
}

const fn of_binary(name: &'static str) -> Function {
    Function::new(name, (1, 3), geometry_kind, read::of_binary)
}

const fn number(
    name: &'static str,
    args: (usize, usize),
    eval: fn(&mut Call<'_, '_>) -> Result<Value, Error>,
) -> Function {
    Function::new(name, args, float_kind, eval)
}

const fn predicate(
    (name, args): Named,
    eval: fn(&mut Call<'_, '_>) -> Result<Value, Error>,
) -> Function {
    Function::new(name, args, truth_kind, eval)
}

const fn shaped(
    name: &'static str,
    args: (usize, usize),
    eval: fn(&mut Call<'_, '_>) -> Result<Value, Error>,
) -> Function {
    Function::new(name, args, geometry_kind, eval)
}

const fn counted(
    name: &'static str,
    args: (usize, usize),
    eval: fn(&mut Call<'_, '_>) -> Result<Value, Error>,
) -> Function {
    Function::new(name, args, count_kind, eval)
}

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("geomcollection", (0, MANY), build::kind, build::collection),
    Function::new("geometrycollection", (0, MANY), build::kind, build::collection),
    Function::new("linestring", (1, MANY), build::kind, build::line_string),
    predicate(("mbrcontains", (2, 2)), bounds::contains),
    predicate(("mbrcoveredby", (2, 2)), bounds::covered_by),
    predicate(("mbrcovers", (2, 2)), bounds::covers),
    predicate(("mbrdisjoint", (2, 2)), bounds::disjoint),
    predicate(("mbrequals", (2, 2)), bounds::equals),
    predicate(("mbrintersects", (2, 2)), bounds::intersects),
    predicate(("mbroverlaps", (2, 2)), bounds::overlaps),
    predicate(("mbrtouches", (2, 2)), bounds::touches),
    predicate(("mbrwithin", (2, 2)), bounds::within),
    Function::new("multilinestring", (1, MANY), build::kind, build::multi_line_string),
    Function::new("multipoint", (1, MANY), build::kind, build::multi_point),
    Function::new("multipolygon", (1, MANY), build::kind, build::multi_polygon),
    shaped("point", (2, 2), build::point),
    Function::new("polygon", (1, MANY), build::kind, build::polygon),
    number("st_area", (1, 1), measure::area),
    Function::new("st_asbinary", (1, 2), bytes_kind, tell::as_binary),
    Function::new("st_asgeojson", (1, 3), geojson::kind, geojson::tell),
    Function::new("st_astext", (1, 2), text_kind, tell::as_text),
    Function::new("st_aswkb", (1, 2), bytes_kind, tell::as_binary),
    Function::new("st_aswkt", (1, 2), text_kind, tell::as_text),
    Function::new("st_buffer_strategy", (1, 2), buffer::kind, buffer::strategy),
    shaped("st_centroid", (1, 1), measure::centroid),
    predicate(("st_contains", (2, 2)), relate::contains),
    shaped("st_convexhull", (1, 1), measure::convex_hull),
    predicate(("st_crosses", (2, 2)), relate::crosses),
    counted("st_dimension", (1, 1), parts::dimension),
    predicate(("st_disjoint", (2, 2)), relate::disjoint),
    number("st_distance", (2, 3), measure::distance),
    number("st_distance_sphere", (2, 3), measure::distance_sphere),
    shaped("st_endpoint", (1, 1), parts::end_point),
    shaped("st_envelope", (1, 1), bounds::envelope),
    predicate(("st_equals", (2, 2)), relate::equals),
    shaped("st_exteriorring", (1, 1), parts::exterior_ring),
    number("st_frechetdistance", (2, 3), line::frechet),
    Function::new("st_geohash", (2, 3), geohash::text_kind, geohash::of_place),
    of_text("st_geomcollfromtext"),
    of_text("st_geomcollfromtxt"),
    of_binary("st_geomcollfromwkb"),
    of_text("st_geometrycollectionfromtext"),
    of_binary("st_geometrycollectionfromwkb"),
    of_text("st_geometryfromtext"),
    of_binary("st_geometryfromwkb"),
    shaped("st_geometryn", (2, 2), parts::geometry_n),
    Function::new("st_geometrytype", (1, 1), name_kind, parts::geometry_type),
    shaped("st_geomfromgeojson", (1, 3), geojson::read),
    of_text("st_geomfromtext"),
    of_binary("st_geomfromwkb"),
    number("st_hausdorffdistance", (2, 3), line::hausdorff),
    shaped("st_interiorringn", (2, 2), parts::interior_ring),
    predicate(("st_intersects", (2, 2)), relate::intersects),
    predicate(("st_isclosed", (1, 1)), parts::is_closed),
    predicate(("st_isempty", (1, 1)), parts::is_empty),
    predicate(("st_issimple", (1, 1)), valid::is_simple),
    predicate(("st_isvalid", (1, 1)), valid::is_valid),
    Function::new("st_latfromgeohash", (1, 1), geohash::number_kind, geohash::latitude),
    Function::new("st_latitude", (1, 2), coordinate::kind, coordinate::latitude),
    number("st_length", (1, 2), measure::length),
    of_text("st_linefromtext"),
    of_binary("st_linefromwkb"),
    shaped("st_lineinterpolatepoint", (2, 2), line::interpolate_point),
    of_text("st_linestringfromtext"),
    of_binary("st_linestringfromwkb"),
    Function::new("st_longfromgeohash", (1, 1), geohash::number_kind, geohash::longitude),
    Function::new("st_longitude", (1, 2), coordinate::kind, coordinate::longitude),
    shaped("st_makeenvelope", (2, 2), bounds::make_envelope),
    of_text("st_mlinefromtext"),
    of_binary("st_mlinefromwkb"),
    of_text("st_mpointfromtext"),
    of_binary("st_mpointfromwkb"),
    of_text("st_mpolyfromtext"),
    of_binary("st_mpolyfromwkb"),
    of_text("st_multilinestringfromtext"),
    of_binary("st_multilinestringfromwkb"),
    of_text("st_multipointfromtext"),
    of_binary("st_multipointfromwkb"),
    of_text("st_multipolygonfromtext"),
    of_binary("st_multipolygonfromwkb"),
    counted("st_numgeometries", (1, 1), parts::number_of_geometries),
    counted("st_numinteriorring", (1, 1), parts::number_of_rings),
    counted("st_numinteriorrings", (1, 1), parts::number_of_rings),
    counted("st_numpoints", (1, 1), parts::number_of_points),
    predicate(("st_overlaps", (2, 2)), relate::overlaps),
    shaped("st_pointatdistance", (2, 2), line::point_at_distance),
    shaped("st_pointfromgeohash", (2, 2), geohash::point),
    of_text("st_pointfromtext"),
    of_binary("st_pointfromwkb"),
    shaped("st_pointn", (2, 2), parts::point_n),
    of_text("st_polyfromtext"),
    of_binary("st_polyfromwkb"),
    of_text("st_polygonfromtext"),
    of_binary("st_polygonfromwkb"),
    Function::new("st_srid", (1, 2), coordinate::srid_kind, coordinate::srid),
    shaped("st_startpoint", (1, 1), parts::start_point),
    shaped("st_swapxy", (1, 1), coordinate::swap),
    predicate(("st_touches", (2, 2)), relate::touches),
    shaped("st_validate", (1, 1), valid::validate),
    predicate(("st_within", (2, 2)), relate::within),
    Function::new("st_x", (1, 2), coordinate::kind, coordinate::x),
    Function::new("st_y", (1, 2), coordinate::kind, coordinate::y),
];

const TEXT_LENGTH: u32 = 16_777_216;
const NAME_LENGTH: u32 = 15;

fn geometry_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind { coercibility: IMPLICIT, ..Kind::new(Type::GEOMETRY, u32::MAX, 0) })
}

fn bytes_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::text(u32::MAX, Collation::BINARY, COERCIBLE))
}

fn float_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::float())
}

fn truth_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::truth())
}

fn count_kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::int(10))
}

fn text_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let collation = signature.session().connection_collation;
    Ok(Kind::text(TEXT_LENGTH, collation, COERCIBLE))
}

fn name_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let collation = signature.session().connection_collation;
    Ok(Kind::text(NAME_LENGTH, collation, COERCIBLE))
}

/// Returns the function's name in messages.
fn name_of(call: &Call<'_, '_>) -> &'static str {
    match call.func().function().name {
        "st_aswkt" => "st_astext",
        "st_asbinary" => "st_aswkb",
        "st_numinteriorring" => "st_numinteriorrings",
        name => name,
    }
}

fn error(errno: u16, state: &[u8; 5], message: String) -> Error {
    Error::mysql(errno, state, message).with_code(Code::InvalidArgument)
}

/// `3037`: neither a geometry nor what could be read as one.
fn invalid(call: &Call<'_, '_>) -> Error {
    let message = format!("Invalid GIS data provided to function {}.", name_of(call));
    error(3037, b"22023", message)
}

/// `3516`: a geometry of another type than the function is for.
fn unexpected(call: &Call<'_, '_>, wanted: &str, found: &Shape) -> Error {
    let (name, found) = (name_of(call), found.name());
    let message = format!("{wanted} value is a geometry of unexpected type {found} in {name}.");
    error(3516, b"22S01", message)
}

/// `1690`: an argument beyond what it may be.
fn out_of_range(call: &Call<'_, '_>, what: &str) -> Error {
    let message = format!("{what} value is out of range in '{}'", name_of(call));
    error(1690, b"22003", message)
}

/// `3704`: shapes of these types are not measured.
fn not_implemented(call: &Call<'_, '_>, one: &Shape, two: &Shape) -> Error {
    let message = format!(
        "{}({}, {}) has not been implemented for Cartesian spatial reference systems.",
        name_of(call),
        one.name(),
        two.name()
    );
    error(3704, b"22S00", message)
}

fn other_system(srid: u32) -> Error {
    Error::unsupported(format_args!("this of a geometry with the SRID {srid}"))
}

/// Computes an argument as a geometry; `None` for NULL.
fn geometry(call: &mut Call<'_, '_>, place: usize) -> Result<Option<Geometry>, Error> {
    let bytes = match call.value(place)? {
        Value::Null => return Ok(None),
        Value::Text(bytes, _) => bytes,
        _ => match call.bytes(place)? {
            Some(bytes) => bytes,
            None => return Err(invalid(call)),
        },
    };
    Geometry::parse(&bytes).map(Some).ok_or_else(|| match other_order(call, &bytes) {
        true => error(3055, b"22023", "Geometry byte string must be little endian.".to_owned()),
        false => invalid(call),
    })
}

/// Returns whether bytes are long enough for a geometry, and say that their numbers begin with the
/// highest byte; what measures a geometry looks at its reference system before.
fn other_order(call: &Call<'_, '_>, bytes: &[u8]) -> bool {
    const HEADER: usize = 13;
    const ORDER: usize = 4;
    let measures = ["st_area", "st_latitude", "st_longitude", "st_x", "st_y"];
    let long = bytes.len() >= HEADER && !measures.contains(&name_of(call));
    long && bytes.get(ORDER) != Some(&1)
}

/// The same, with what its coordinates are.
fn placed(call: &mut Call<'_, '_>, place: usize) -> Result<Option<(Geometry, Reference)>, Error> {
    let Some(geometry) = geometry(call, place)? else { return Ok(None) };
    let reference = Reference::of(geometry.srid).ok_or_else(|| other_system(geometry.srid))?;
    Ok(Some((geometry, reference)))
}

/// Computes an argument as a shape without a reference system; `None` for NULL.
fn shape(call: &mut Call<'_, '_>, place: usize) -> Result<Option<Shape>, Error> {
    match geometry(call, place)? {
        None => Ok(None),
        Some(Geometry { srid: 0, shape }) => Ok(Some(shape)),
        Some(Geometry { srid, .. }) => Err(other_system(srid)),
    }
}

/// Computes two arguments as shapes without a reference system; `None` if one is NULL.
fn shapes(call: &mut Call<'_, '_>) -> Result<Option<(Shape, Shape)>, Error> {
    // Behind a NULL the other is not computed.
    let one = call.value(0)?;
    if one.is_null() {
        return Ok(None);
    }
    let two = call.value(1)?;
    if two.is_null() {
        return Ok(None);
    }
    let parsed = |value: &Value| match value {
        Value::Text(bytes, _) => Geometry::parse(bytes),
        _ => None,
    };
    let (Some(one), Some(two)) = (parsed(&one), parsed(&two)) else {
        return Err(invalid(call));
    };
    if one.srid != two.srid {
        let message = format!(
            "Binary geometry function {} given two geometries of different srids: {} and {}, \
             which should have been identical.",
            name_of(call),
            one.srid,
            two.srid
        );
        return Err(error(3033, b"HY000", message));
    }
    if one.srid != 0 {
        return Err(other_system(one.srid));
    }
    Ok(Some((one.shape, two.shape)))
}

fn made(shape: Shape) -> Value {
    made_in(0, shape)
}

fn made_in(srid: u32, shape: Shape) -> Value {
    Value::Text(Geometry { srid, shape }.to_bytes().into(), Collation::BINARY)
}

/// Computes an argument as the number of a reference system that is known; `None` for NULL.
fn system(call: &mut Call<'_, '_>, place: usize) -> Result<Option<(u32, Reference)>, Error> {
    let Some(number) = call.int(place)? else { return Ok(None) };
    let srid = u32::try_from(number.value).map_err(|_| out_of_range(call, "SRID"))?;
    let reference = Reference::of(srid);
    reference.map(|one| Some((srid, one))).ok_or_else(|| other_system(srid))
}

/// Checks that a point is on the globe.
fn check_degrees(call: &Call<'_, '_>, point: Point) -> Result<(), Error> {
    check_longitude(call, point.x)?;
    check_latitude(call, point.y)
}

fn check_longitude(call: &Call<'_, '_>, longitude: f64) -> Result<(), Error> {
    if longitude > -180.0 && longitude <= 180.0 {
        return Ok(());
    }
    let message = format!(
        "Longitude {longitude:.6} is out of range in function {}. It must be within \
         (-180.000000, 180.000000].",
        name_of(call)
    );
    Err(error(3616, b"22S02", message))
}

fn check_latitude(call: &Call<'_, '_>, latitude: f64) -> Result<(), Error> {
    if (-90.0..=90.0).contains(&latitude) {
        return Ok(());
    }
    let message = format!(
        "Latitude {latitude:.6} is out of range in function {}. It must be within \
         [-90.000000, 90.000000].",
        name_of(call)
    );
    Err(error(3617, b"22S03", message))
}

/// Checks each point of a shape, from the first on.
fn check_shape(call: &Call<'_, '_>, shape: &Shape) -> Result<(), Error> {
    let mut result = Ok(());
    shape.each_point(&mut |point| {
        if result.is_ok() {
            result = check_degrees(call, *point);
        }
    });
    result
}
