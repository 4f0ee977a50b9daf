//! Geometries: what they are made of, and MySQL's bytes for them.
//!
//! A value of GEOMETRY is the number of its reference system and well-known binary (manual,
//! "Internal Geometry Storage Format"). Shapes are bounded: collections nest at most
//! [`NESTING_MAX`] deep, by construction.

mod bounds;
mod hull;
pub mod measure;
mod reference;
mod wkb;
mod wkt;

pub use bounds::Bounds;
pub use hull::convex_hull;
pub use reference::Reference;

/// How deep collections may nest.
pub const NESTING_MAX: usize = 100;

/// A pair of coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A shape in a plane.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Point(Point),
    /// Two points or more.
    LineString(Vec<Point>),
    /// Closed rings of four points or more, the outer one first.
    Polygon(Vec<Vec<Point>>),
    MultiPoint(Vec<Point>),
    MultiLineString(Vec<Vec<Point>>),
    MultiPolygon(Vec<Vec<Vec<Point>>>),
    Collection(Vec<Shape>),
}

/// A shape with the number of its reference system.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    pub srid: u32,
    pub shape: Shape,
}

impl Shape {
    /// Returns the name as `ST_GeometryType()` has it.
    pub fn name(&self) -> &'static str {
        match self {
            Shape::Point(_) => "POINT",
            Shape::LineString(_) => "LINESTRING",
            Shape::Polygon(_) => "POLYGON",
            Shape::MultiPoint(_) => "MULTIPOINT",
            Shape::MultiLineString(_) => "MULTILINESTRING",
            Shape::MultiPolygon(_) => "MULTIPOLYGON",
            Shape::Collection(_) => "GEOMCOLLECTION",
        }
    }

    /// Returns 0 for points, 1 for lines, 2 for areas; `None` for what is empty.
    pub fn dimension(&self) -> Option<u8> {
        match self {
            Shape::Point(_) | Shape::MultiPoint(_) => Some(0),
            Shape::LineString(_) | Shape::MultiLineString(_) => Some(1),
            Shape::Polygon(_) | Shape::MultiPolygon(_) => Some(2),
            Shape::Collection(parts) => parts.iter().filter_map(Shape::dimension).max(),
        }
    }

    /// Returns how many levels of collections there are.
    pub fn nesting(&self) -> usize {
        match self {
            Shape::Collection(parts) => 1 + parts.iter().map(Shape::nesting).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// Returns whether there is no point in it.
    pub fn is_empty(&self) -> bool {
        matches!(self, Shape::Collection(parts) if parts.iter().all(Shape::is_empty))
    }

    /// Returns the parts of what is made of several; `None` for what is one.
    pub fn parts(&self) -> Option<Vec<Shape>> {
        Some(match self {
            Shape::MultiPoint(parts) => parts.iter().map(|one| Shape::Point(*one)).collect(),
            Shape::MultiLineString(parts) => {
                parts.iter().map(|one| Shape::LineString(one.clone())).collect()
            }
            Shape::MultiPolygon(parts) => {
                parts.iter().map(|one| Shape::Polygon(one.clone())).collect()
            }
            Shape::Collection(parts) => parts.clone(),
            Shape::Point(_) | Shape::LineString(_) | Shape::Polygon(_) => return None,
        })
    }
}

impl Geometry {
    /// Reads MySQL's bytes; `None` if they are no geometry.
    pub fn parse(bytes: &[u8]) -> Option<Geometry> {
        let (srid, rest) = bytes.split_first_chunk()?;
        Some(Geometry { srid: u32::from_le_bytes(*srid), shape: Shape::of_wkb(rest)? })
    }

    /// Returns MySQL's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.srid.to_le_bytes().to_vec();
        self.shape.write_wkb(&mut out);
        out
    }
}

/// Returns whether points make a ring: four or more, the last where the first is.
fn is_ring(points: &[Point]) -> bool {
    points.len() >= 4 && points.first() == points.last()
}

#[cfg(test)]
mod tests;
