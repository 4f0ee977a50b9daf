//! Geometries: made of numbers and texts, told in texts, and taken apart.
//!
//! Only the plane without a reference system (SRID 0) is computed here; what other systems mean
//! the servers know.

use vt_base::{Code, Error};
use vt_value::geometry::{Geometry, Point, Shape};
use vt_value::json::Json;
use vt_value::{Collation, Type, Value};

use super::json::json_kind;
use crate::collate::coercibility::{COERCIBLE, IMPLICIT};
use crate::convert;
use crate::function::{Call, Function, Signature};
use crate::kind::Kind;

pub(crate) const FUNCTIONS: &[Function] = &[
    Function::new("point", (2, 2), geometry_kind, point),
    Function::new("st_asbinary", (1, 1), bytes_kind, as_binary),
    Function::new("st_asgeojson", (1, 1), |_| Ok(json_kind()), as_geojson),
    Function::new("st_astext", (1, 1), text_kind, as_text),
    Function::new("st_aswkb", (1, 1), bytes_kind, as_binary),
    Function::new("st_aswkt", (1, 1), text_kind, as_text),
    Function::new("st_dimension", (1, 1), |_| Ok(Kind::int(10)), dimension),
    Function::new("st_endpoint", (1, 1), geometry_kind, end_point),
    Function::new("st_exteriorring", (1, 1), geometry_kind, exterior_ring),
    Function::new("st_geometryn", (2, 2), geometry_kind, geometry_n),
    Function::new("st_geometrytype", (1, 1), name_kind, geometry_type),
    Function::new("st_geomfromtext", (1, 1), geometry_kind, of_text),
    Function::new("st_geomfromwkb", (1, 1), geometry_kind, of_binary),
    Function::new("st_interiorringn", (2, 2), geometry_kind, interior_ring),
    Function::new("st_isclosed", (1, 1), |_| Ok(Kind::truth()), is_closed),
    Function::new("st_isempty", (1, 1), |_| Ok(Kind::truth()), is_empty),
    Function::new("st_numgeometries", (1, 1), |_| Ok(Kind::int(10)), number_of_geometries),
    Function::new("st_numinteriorrings", (1, 1), |_| Ok(Kind::int(10)), number_of_rings),
    Function::new("st_numpoints", (1, 1), |_| Ok(Kind::int(10)), number_of_points),
    Function::new("st_pointn", (2, 2), geometry_kind, point_n),
    Function::new("st_srid", (1, 1), |_| Ok(Kind::int(10)), srid),
    Function::new("st_startpoint", (1, 1), geometry_kind, start_point),
    Function::new("st_x", (1, 1), |_| Ok(Kind::float()), x),
    Function::new("st_y", (1, 1), |_| Ok(Kind::float()), y),
];

const TEXT_LENGTH: u32 = 16_777_216;
const NAME_LENGTH: u32 = 15;

fn geometry_kind(_signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind { coercibility: IMPLICIT, ..Kind::new(Type::GEOMETRY, u32::MAX, 0) })
}

fn bytes_kind(_signature: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(Kind::text(u32::MAX, Collation::BINARY, COERCIBLE))
}

fn text_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let collation = signature.session().connection_collation;
    Ok(Kind::text(TEXT_LENGTH, collation, COERCIBLE))
}

fn name_kind(signature: &mut Signature<'_>) -> Result<Kind, Error> {
    let collation = signature.session().connection_collation;
    Ok(Kind::text(NAME_LENGTH, collation, COERCIBLE))
}

fn name_of(call: &Call<'_, '_>) -> &'static str {
    match call.func().function().name {
        "st_aswkt" => "st_astext",
        "st_asbinary" => "st_aswkb",
        name => name,
    }
}

/// `3037`: neither a geometry nor what could be read as one.
fn invalid(call: &Call<'_, '_>) -> Error {
    let message = format!("Invalid GIS data provided to function {}.", name_of(call));
    Error::mysql(3037, b"22023", message).with_code(Code::InvalidArgument)
}

/// `3516`: a geometry of another type than the function is for.
fn unexpected(call: &Call<'_, '_>, wanted: &str, found: &Shape) -> Error {
    let message = format!(
        "{wanted} value is a geometry of unexpected type {} in {}.",
        found.name(),
        name_of(call)
    );
    Error::mysql(3516, b"22S01", message).with_code(Code::InvalidArgument)
}

/// Computes an argument as a geometry; `None` for NULL.
fn geometry(call: &mut Call<'_, '_>) -> Result<Option<Geometry>, Error> {
    let bytes = match call.value(0)? {
        Value::Null => return Ok(None),
        Value::Text(bytes, _) => bytes,
        _ => return Err(invalid(call)),
    };
    Geometry::parse(&bytes).map(Some).ok_or_else(|| invalid(call))
}

/// The same, in the plane.
fn shape(call: &mut Call<'_, '_>) -> Result<Option<Shape>, Error> {
    match geometry(call)? {
        None => Ok(None),
        Some(Geometry { srid: 0, shape }) => Ok(Some(shape)),
        Some(Geometry { srid, .. }) => {
            Err(Error::unsupported(format_args!("a geometry with the SRID {srid}")))
        }
    }
}

fn made(shape: Shape) -> Value {
    Value::Text(Geometry { srid: 0, shape }.to_bytes().into(), Collation::BINARY)
}

fn counted(count: usize) -> Value {
    Value::Int(count as i64)
}

fn point(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(x) = call.real(0)? else { return Ok(Value::Null) };
    let Some(y) = call.real(1)? else { return Ok(Value::Null) };
    Ok(made(Shape::Point(Point { x, y })))
}

fn of_text(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(text) = call.text(0)? else { return Ok(Value::Null) };
    let text = convert::to_charset(text, Collation::UTF8MB4_BIN, call.context())?;
    let shape = std::str::from_utf8(&text).ok().and_then(Shape::of_wkt);
    shape.map(made).ok_or_else(|| invalid(call))
}

/// Bytes in either order, or a geometry, which stays as it is.
fn of_binary(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    if call.arg_kind(0).typ == Type::GEOMETRY {
        return Err(Error::unsupported("ST_GeomFromWKB of a geometry"));
    }
    let bytes = match call.value(0)? {
        Value::Null => return Ok(Value::Null),
        Value::Text(bytes, _) => bytes,
        _ => return Err(invalid(call)),
    };
    Shape::of_wkb(&bytes).map(made).ok_or_else(|| invalid(call))
}

fn as_text(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(shape(call)?.map_or(Value::Null, |shape| call.made(shape.to_wkt())))
}

fn as_binary(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(shape) = shape(call)? else { return Ok(Value::Null) };
    let mut bytes = Vec::new();
    shape.write_wkb(&mut bytes);
    Ok(call.made(bytes))
}

fn as_geojson(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let kind = call.arg_kind(0);
    let bytes = kind.typ.is_binary() || kind.is_bits() || kind.is_null();
    if kind.typ != Type::GEOMETRY && !bytes {
        let message = "Incorrect type for argument geometry in function st_asgeojson.";
        return Err(Error::mysql(3064, b"HY000", message).with_code(Code::InvalidArgument));
    }
    let Some(shape) = shape(call)? else { return Ok(Value::Null) };
    geojson(&shape).map(Value::Json)
}

/// Returns a shape as GeoJSON has it.
fn geojson(shape: &Shape) -> Result<Json, Error> {
    let (name, coordinates) = match shape {
        Shape::Point(one) => ("Point", position(one)?),
        Shape::LineString(points) => ("LineString", positions(points)?),
        Shape::MultiPoint(points) => ("MultiPoint", positions(points)?),
        Shape::Polygon(rings) => ("Polygon", lines(rings)?),
        Shape::MultiLineString(parts) => ("MultiLineString", lines(parts)?),
        Shape::MultiPolygon(parts) => {
            let parts: Result<Vec<Json>, Error> = parts.iter().map(|one| lines(one)).collect();
            ("MultiPolygon", Json::array(parts?)?)
        }
        Shape::Collection(parts) => {
            let parts: Result<Vec<Json>, Error> = parts.iter().map(geojson).collect();
            return Json::object(vec![
                ("type".into(), Json::string("GeometryCollection")),
                ("geometries".into(), Json::array(parts?)?),
            ]);
        }
    };
    Json::object(vec![("type".into(), Json::string(name)), ("coordinates".into(), coordinates)])
}

fn position(point: &Point) -> Result<Json, Error> {
    Json::array(vec![Json::Double(point.x), Json::Double(point.y)])
}

fn positions(points: &[Point]) -> Result<Json, Error> {
    Json::array(points.iter().map(position).collect::<Result<_, _>>()?)
}

fn lines(lines: &[Vec<Point>]) -> Result<Json, Error> {
    Json::array(lines.iter().map(|line| positions(line)).collect::<Result<_, _>>()?)
}

fn geometry_type(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(shape(call)?.map_or(Value::Null, |shape| call.made(shape.name().as_bytes())))
}

fn dimension(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let dimension = shape(call)?.and_then(|shape| shape.dimension());
    Ok(dimension.map_or(Value::Null, |dimension| Value::Int(dimension.into())))
}

fn is_empty(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(shape(call)?.map_or(Value::Null, |shape| Value::from(shape.is_empty())))
}

fn srid(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(geometry(call)?.map_or(Value::Null, |geometry| Value::Int(geometry.srid.into())))
}

fn x(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    coordinate(call, |point| point.x)
}

fn y(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    coordinate(call, |point| point.y)
}

fn coordinate(call: &mut Call<'_, '_>, pick: fn(&Point) -> f64) -> Result<Value, Error> {
    match shape(call)? {
        None => Ok(Value::Null),
        Some(Shape::Point(point)) => Ok(Value::Float(pick(&point))),
        Some(other) => Err(unexpected(call, "POINT", &other)),
    }
}

/// Returns the points of a line; `None` for every other shape.
fn line(call: &mut Call<'_, '_>) -> Result<Option<Vec<Point>>, Error> {
    Ok(match shape(call)? {
        Some(Shape::LineString(points)) => Some(points),
        _ => None,
    })
}

fn number_of_points(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(line(call)?.map_or(Value::Null, |points| counted(points.len())))
}

fn a_point(point: Option<&Point>) -> Value {
    point.map_or(Value::Null, |point| made(Shape::Point(*point)))
}

fn start_point(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(a_point(line(call)?.unwrap_or_default().first()))
}

fn end_point(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(a_point(line(call)?.unwrap_or_default().last()))
}

fn point_n(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let points = line(call)?.unwrap_or_default();
    let Some(place) = place(call)? else { return Ok(Value::Null) };
    Ok(a_point(points.get(place)))
}

/// Computes the second argument, a place that counts from one, as one that counts from zero.
fn place(call: &mut Call<'_, '_>) -> Result<Option<usize>, Error> {
    Ok(call.int(1)?.and_then(|place| usize::try_from(place.value).ok()?.checked_sub(1)))
}

fn is_closed(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let closed = |points: &Vec<Point>| points.first() == points.last();
    Ok(match shape(call)? {
        Some(Shape::LineString(points)) => Value::from(closed(&points)),
        Some(Shape::MultiLineString(parts)) => Value::from(parts.iter().all(closed)),
        _ => Value::Null,
    })
}

fn parts(call: &mut Call<'_, '_>) -> Result<Option<Vec<Shape>>, Error> {
    Ok(shape(call)?.and_then(|shape| shape.parts()))
}

fn number_of_geometries(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(parts(call)?.map_or(Value::Null, |parts| counted(parts.len())))
}

fn geometry_n(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let parts = parts(call)?.unwrap_or_default();
    let Some(place) = place(call)? else { return Ok(Value::Null) };
    Ok(parts.get(place).cloned().map_or(Value::Null, made))
}

/// Returns the rings of a polygon; `None` for every other shape.
fn rings(call: &mut Call<'_, '_>) -> Result<Option<Vec<Vec<Point>>>, Error> {
    Ok(match shape(call)? {
        Some(Shape::Polygon(rings)) => Some(rings),
        _ => None,
    })
}

fn a_ring(ring: Option<&Vec<Point>>) -> Value {
    ring.map_or(Value::Null, |ring| made(Shape::LineString(ring.clone())))
}

fn exterior_ring(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(a_ring(rings(call)?.unwrap_or_default().first()))
}

fn number_of_rings(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    Ok(rings(call)?.map_or(Value::Null, |rings| counted(rings.len().saturating_sub(1))))
}

fn interior_ring(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let rings = rings(call)?.unwrap_or_default();
    let Some(place) = place(call)? else { return Ok(Value::Null) };
    Ok(a_ring(rings.get(place.saturating_add(1))))
}
