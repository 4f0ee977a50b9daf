//! Geometries as GeoJSON (RFC 7946), both ways.

use std::sync::Arc;

use vt_base::Error;
use vt_value::Value;
use vt_value::geometry::{NESTING_MAX, Point, Reference, Shape};
use vt_value::json::Json;
use vt_value::{Collation, Type};

use super::{check_shape, error, made_in, name_of, placed, system};
use crate::convert;
use crate::function::{Call, Signature};
use crate::functions::json::{document, json_kind};
use crate::functions::numeric::round_f64;
use crate::kind::Kind;

/// What the options of ST_ASGEOJSON add: a box, and the name of the reference system.
const WITH_BOX: i64 = 1;
const WITH_NAME: i64 = 2;
const WITH_LONG_NAME: i64 = 4;

/// The reference system of GeoJSON that names none.
const USUAL_SRID: u32 = 4326;

pub(super) fn kind(_: &mut Signature<'_>) -> Result<Kind, Error> {
    Ok(json_kind())
}

fn wrong_type(call: &Call<'_, '_>, what: &str) -> Error {
    let message = format!("Incorrect type for argument {what} in function {}.", name_of(call));
    error(3064, b"HY000", message)
}

fn wrong_value(call: &Call<'_, '_>, what: &str, value: i128) -> Error {
    let name = name_of(call);
    error(1411, b"HY000", format!("Incorrect {what} value: '{value}' for function {name}"))
}

/// How coordinates are told.
struct Printer {
    digits: Option<i64>,
}

impl Printer {
    fn number(&self, number: f64) -> Json {
        Json::Double(match self.digits {
            Some(digits) => round_f64(number, digits, false),
            None => number,
        })
    }

    fn point(&self, point: &Point) -> Result<Json, Error> {
        Json::array(vec![self.number(point.x), self.number(point.y)])
    }

    fn points(&self, points: &[Point]) -> Result<Json, Error> {
        Json::array(points.iter().map(|point| self.point(point)).collect::<Result<_, _>>()?)
    }

    fn lines(&self, lines: &[Vec<Point>]) -> Result<Json, Error> {
        Json::array(lines.iter().map(|line| self.points(line)).collect::<Result<_, _>>()?)
    }

    fn members(&self, shape: &Shape) -> Result<Vec<(Arc<str>, Json)>, Error> {
        let (name, coordinates) = match shape {
            Shape::Point(one) => ("Point", self.point(one)?),
            Shape::LineString(points) => ("LineString", self.points(points)?),
            Shape::MultiPoint(points) => ("MultiPoint", self.points(points)?),
            Shape::Polygon(rings) => ("Polygon", self.lines(rings)?),
            Shape::MultiLineString(parts) => ("MultiLineString", self.lines(parts)?),
            Shape::MultiPolygon(parts) => {
                let parts: Result<Vec<Json>, Error> =
                    parts.iter().map(|one| self.lines(one)).collect();
                ("MultiPolygon", Json::array(parts?)?)
            }
            Shape::Collection(parts) => {
                let parts: Result<Vec<Json>, Error> =
                    parts.iter().map(|part| Json::object(self.members(part)?)).collect();
                return Ok(vec![
                    ("type".into(), Json::string("GeometryCollection")),
                    ("geometries".into(), Json::array(parts?)?),
                ]);
            }
        };
        Ok(vec![("type".into(), Json::string(name)), ("coordinates".into(), coordinates)])
    }
}

pub(super) fn tell(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let kind = call.arg_kind(0);
    let bytes = kind.typ.is_binary() || kind.is_bits() || kind.is_null();
    if kind.typ != Type::GEOMETRY && !bytes {
        return Err(wrong_type(call, "geometry"));
    }
    let Some((geometry, reference)) = placed(call, 0)? else { return Ok(Value::Null) };
    let mut printer = Printer { digits: None };
    if call.len() > 1 {
        let Some(digits) = call.int(1)? else { return Ok(Value::Null) };
        let wrong = || wrong_value(call, "max decimal digits", digits.value);
        printer.digits = Some(
            i32::try_from(digits.value).ok().filter(|one| *one >= 0).ok_or_else(wrong)?.into(),
        );
    }
    let mut options = 0;
    if call.len() > 2 {
        let Some(given) = call.int(2)? else { return Ok(Value::Null) };
        let known = i64::try_from(given.value).ok().filter(|one| (0..=7).contains(one));
        options = known.ok_or_else(|| wrong_value(call, "options", given.value))?;
    }
    let mut members = printer.members(&geometry.shape)?;
    if options & WITH_BOX != 0
        && let Some(bounds) = geometry.shape.bounds()
    {
        let sides = [bounds.least.x, bounds.least.y, bounds.greatest.x, bounds.greatest.y];
        let sides = sides.iter().map(|side| printer.number(*side)).collect();
        members.push(("bbox".into(), Json::array(sides)?));
    }
    if options & (WITH_NAME | WITH_LONG_NAME) != 0 {
        let authority =
            if reference == Reference::Plane && geometry.srid == 0 { "MySQL" } else { "EPSG" };
        let name = match options & WITH_LONG_NAME != 0 {
            true => format!("urn:ogc:def:crs:{authority}::{}", geometry.srid),
            false => format!("{authority}:{}", geometry.srid),
        };
        let properties = Json::object(vec![("name".into(), Json::string(&name))])?;
        let crs = vec![("type".into(), Json::string("name")), ("properties".into(), properties)];
        members.push(("crs".into(), Json::object(crs)?));
    }
    Json::object(members).map(Value::Json)
}

/// Returns the refusal of a text whose fault MySQL tells in words of its own.
fn refused() -> Error {
    Error::unsupported("GeoJSON that is incomplete, or has a system or dimensions of its own")
}

struct Reader {
    /// More than two numbers of a point are left out.
    strips: bool,
}

impl Reader {
    fn point(&self, json: &Json) -> Result<Point, Error> {
        let number = |json: &Json| match json {
            Json::Int(number) => Some(*number as f64),
            Json::UInt(number) => Some(*number as f64),
            Json::Double(number) => Some(*number),
            Json::Decimal(number) => Some(number.to_f64()),
            _ => None,
        };
        let Json::Array(numbers) = json else { return Err(refused()) };
        match numbers.items() {
            [x, y, rest @ ..] if rest.is_empty() || (self.strips && rest.len() == 1) => {
                let (x, y) = (number(x).ok_or_else(refused)?, number(y).ok_or_else(refused)?);
                Ok(Point { x, y })
            }
            _ => Err(refused()),
        }
    }

    fn list<T>(
        &self,
        json: &Json,
        least: usize,
        read: &dyn Fn(&Json) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        match json {
            Json::Array(parts) if parts.items().len() >= least => {
                parts.items().iter().map(read).collect()
            }
            _ => Err(refused()),
        }
    }

    fn points(&self, json: &Json, least: usize) -> Result<Vec<Point>, Error> {
        self.list(json, least, &|one| self.point(one))
    }

    fn rings(&self, json: &Json) -> Result<Vec<Vec<Point>>, Error> {
        self.list(json, 1, &|one| {
            let ring = self.points(one, 4)?;
            if ring.first() == ring.last() { Ok(ring) } else { Err(refused()) }
        })
    }

    /// Reads an object; `None` for a feature without geometry.
    fn shape(&self, json: &Json, nesting: usize) -> Result<Option<Shape>, Error> {
        let Json::Object(object) = json else { return Err(refused()) };
        if nesting >= NESTING_MAX || object.get("crs").is_some() {
            return Err(refused());
        }
        let Some(Json::String(name)) = object.get("type") else { return Err(refused()) };
        let member = |name: &str| object.get(name).ok_or_else(refused);
        let coordinates = || member("coordinates");
        Ok(Some(match &**name {
            "Point" => Shape::Point(self.point(coordinates()?)?),
            "LineString" => Shape::LineString(self.points(coordinates()?, 2)?),
            "Polygon" => Shape::Polygon(self.rings(coordinates()?)?),
            "MultiPoint" => Shape::MultiPoint(self.points(coordinates()?, 1)?),
            "MultiLineString" => {
                Shape::MultiLineString(self.list(coordinates()?, 1, &|one| self.points(one, 2))?)
            }
            "MultiPolygon" => {
                Shape::MultiPolygon(self.list(coordinates()?, 1, &|one| self.rings(one))?)
            }
            "GeometryCollection" => self.collection(member("geometries")?, nesting)?,
            "Feature" => match member("geometry")? {
                Json::Null => return Ok(None),
                geometry => return self.shape(geometry, nesting + 1),
            },
            "FeatureCollection" => self.collection(member("features")?, nesting)?,
            _ => return Err(refused()),
        }))
    }

    fn collection(&self, parts: &Json, nesting: usize) -> Result<Shape, Error> {
        let parts =
            self.list(parts, 0, &|one| self.shape(one, nesting + 1)?.ok_or_else(refused))?;
        Ok(Shape::Collection(parts))
    }
}

pub(super) fn read(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let kind = call.arg_kind(0);
    let readable = kind.is_string() || kind.typ == Type::JSON || kind.is_null();
    if !readable {
        return Err(wrong_type(call, "geojson"));
    }
    if kind.is_string() && kind.collation == Collation::BINARY {
        return Err(Error::unsupported("GeoJSON that is no text"));
    }
    let Some(json) = document(call, 0)? else { return Ok(Value::Null) };
    let mut strips = false;
    if call.len() > 1 {
        let Some(option) = call.int(1)? else { return Ok(Value::Null) };
        if !(1..=4).contains(&option.value) {
            return Err(wrong_value(call, "option", option.value));
        }
        strips = option.value > 1;
    }
    let (srid, reference) = match call.len() {
        3 => match system(call, 2)? {
            Some(system) => system,
            None => return Ok(Value::Null),
        },
        _ => (USUAL_SRID, Reference::Degrees),
    };
    let Some(shape) = (Reader { strips }).shape(&json, 0)? else { return Ok(Value::Null) };
    if reference == Reference::Degrees {
        check_shape(call, &shape)?;
    }
    Ok(made_in(srid, shape))
}

/// Returns text in UTF-8; `None` where it is not.
pub(super) fn utf8(call: &mut Call<'_, '_>, place: usize) -> Result<Option<String>, Error> {
    let Some(text) = call.text(place)? else { return Ok(None) };
    let bytes = convert::to_charset(text, Collation::UTF8MB4_BIN, call.context())?;
    let text = String::from_utf8(bytes.into());
    text.map(Some).map_err(|_| Error::unsupported("text that is no UTF-8"))
}
