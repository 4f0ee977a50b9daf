//! ST_COLLECT: geometries as the narrowest collection that holds them.

use vt_base::{Code, Error};
use vt_value::geometry::{Geometry, NESTING_MAX, Shape};
use vt_value::{Collation, Value};

/// What a shape takes up beside its bytes.
const OVERHEAD: usize = 64;

/// The geometries of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected {
    /// The reference system, which is that of all.
    srid: Option<u32>,
    shapes: Vec<Shape>,
}

impl Collected {
    /// Takes a geometry in; returns how many bytes it holds.
    pub(super) fn add(&mut self, value: &Value) -> Result<usize, Error> {
        let (geometry, bytes) = self.read(value)?;
        self.shapes.push(geometry.shape);
        Ok(bytes + OVERHEAD)
    }

    /// Takes in what the geometries of a shard came to; returns how many bytes they hold.
    pub(super) fn add_part(&mut self, value: &Value) -> Result<usize, Error> {
        let (geometry, bytes) = self.read(value)?;
        let parts = geometry.shape.parts();
        let parts = parts.ok_or_else(|| Error::bug("a part of a collection that is none"))?;
        let held = bytes + OVERHEAD * parts.len();
        self.shapes.extend(parts);
        Ok(held)
    }

    fn read(&mut self, value: &Value) -> Result<(Geometry, usize), Error> {
        let bytes = value.text().unwrap_or_default();
        let geometry = Geometry::parse(&bytes).ok_or_else(|| {
            let message = "Invalid GIS data provided to function st_collect.".to_owned();
            Error::mysql(3037, b"22023", message).with_code(Code::InvalidArgument)
        })?;
        let held = *self.srid.get_or_insert(geometry.srid);
        if held != geometry.srid {
            let message = format!(
                "Arguments to function st_collect contains geometries with different SRIDs: {held} \
                 and {}. All geometries must have the same SRID.",
                geometry.srid
            );
            return Err(Error::mysql(4034, b"22S05", message).with_code(Code::InvalidArgument));
        }
        Ok((geometry, bytes.len()))
    }

    /// Returns the collection; NULL of no geometries.
    pub(super) fn value(self) -> Result<Value, Error> {
        let Some(srid) = self.srid else { return Ok(Value::Null) };
        if self.shapes.iter().any(|shape| shape.nesting() >= NESTING_MAX) {
            return Err(Error::unsupported("collections that nest so deep"));
        }
        let geometry = Geometry { srid, shape: narrowest(self.shapes) };
        Ok(Value::Text(geometry.to_bytes().into(), Collation::BINARY))
    }
}

/// Returns the collection of one kind of shapes where they are of one kind.
fn narrowest(shapes: Vec<Shape>) -> Shape {
    let all = |is: fn(&Shape) -> bool| shapes.iter().all(is);
    if all(|shape| matches!(shape, Shape::Point(_))) {
        let point = |shape| match shape {
            Shape::Point(point) => Some(point),
            _ => None,
        };
        return Shape::MultiPoint(shapes.into_iter().filter_map(point).collect());
    }
    if all(|shape| matches!(shape, Shape::LineString(_))) {
        let line = |shape| match shape {
            Shape::LineString(points) => Some(points),
            _ => None,
        };
        return Shape::MultiLineString(shapes.into_iter().filter_map(line).collect());
    }
    if all(|shape| matches!(shape, Shape::Polygon(_))) {
        let polygon = |shape| match shape {
            Shape::Polygon(rings) => Some(rings),
            _ => None,
        };
        return Shape::MultiPolygon(shapes.into_iter().filter_map(polygon).collect());
    }
    Shape::Collection(shapes)
}
