//! How two geometries lie to each other, by the matrix of their insides, edges and outsides (OGC
//! 06-103r4, 6.1.15).
//!
//! The matrix of an invalid geometry is not defined, and that of a collection MySQL makes in ways
//! of its own: both are refused.

use geo::Relate;
use geo::Validation;
use geo::algorithm::kernels::{Kernel, RobustKernel};
use geo::algorithm::relate::IntersectionMatrix;
use geo::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Polygon};
use vt_base::Error;
use vt_value::Value;
use vt_value::geometry::{Point, Shape};

use super::shapes;
use crate::function::Call;

/// The most points of both geometries together.
const POINTS_MAX: usize = 1 << 16;

fn coordinate(point: &Point) -> Coord {
    Coord { x: point.x, y: point.y }
}

fn line(points: &[Point]) -> LineString {
    LineString::new(points.iter().map(coordinate).collect())
}

fn polygon(rings: &[Vec<Point>]) -> Polygon {
    let mut rings = rings.iter().map(|ring| line(ring));
    let outer = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
    Polygon::new(outer, rings.collect())
}

/// Returns the shape in the library's form; `None` for a collection.
pub(super) fn form(shape: &Shape) -> Option<Geometry> {
    Some(match shape {
        Shape::Point(point) => Geometry::Point(coordinate(point).into()),
        Shape::LineString(points) => Geometry::LineString(line(points)),
        Shape::Polygon(rings) => Geometry::Polygon(polygon(rings)),
        Shape::MultiPoint(points) => {
            Geometry::MultiPoint(points.iter().map(coordinate).collect::<MultiPoint>())
        }
        Shape::MultiLineString(parts) => Geometry::MultiLineString(MultiLineString::new(
            parts.iter().map(|part| line(part)).collect(),
        )),
        Shape::MultiPolygon(parts) => Geometry::MultiPolygon(MultiPolygon::new(
            parts.iter().map(|rings| polygon(rings)).collect(),
        )),
        Shape::Collection(_) => return None,
    })
}

/// Returns on which side of the line through two points a third lies: above 0 left of it.
pub(super) fn turn(from: Point, to: Point, third: Point) -> f64 {
    use geo::algorithm::kernels::Orientation;
    match RobustKernel::orient2d(coordinate(&from), coordinate(&to), coordinate(&third)) {
        Orientation::CounterClockwise => 1.0,
        Orientation::Clockwise => -1.0,
        Orientation::Collinear => 0.0,
    }
}

fn matrix(one: &Shape, two: &Shape) -> Result<IntersectionMatrix, Error> {
    let mut count = 0_usize;
    for shape in [one, two] {
        shape.each_point(&mut |_| count += 1);
    }
    if count > POINTS_MAX {
        return Err(super::measure::too_much());
    }
    let refused = || Error::unsupported("comparing collections of geometries");
    let (one, two) = (form(one).ok_or_else(refused)?, form(two).ok_or_else(refused)?);
    if !one.is_valid() || !two.is_valid() {
        return Err(Error::unsupported("comparing geometries that are not valid"));
    }
    Ok(one.relate(&two))
}

pub(super) fn meet(one: &Shape, two: &Shape) -> Result<bool, Error> {
    Ok(matrix(one, two)?.is_intersects())
}

/// Returns the answer for two geometries; NULL if one has no point.
fn answer(
    call: &mut Call<'_, '_>,
    test: fn(&IntersectionMatrix) -> bool,
    defined: fn(u8, u8) -> bool,
) -> Result<Value, Error> {
    let Some((one, two)) = shapes(call)? else { return Ok(Value::Null) };
    let (Some(first), Some(second)) = (one.dimension(), two.dimension()) else {
        return Ok(Value::Null);
    };
    if !defined(first, second) {
        return Ok(Value::Null);
    }
    Ok(Value::from(test(&matrix(&one, &two)?)))
}

fn always(_: u8, _: u8) -> bool {
    true
}

pub(super) fn contains(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    answer(call, IntersectionMatrix::is_contains, always)
}

pub(super) fn within(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    answer(call, IntersectionMatrix::is_within, always)
}

pub(super) fn disjoint(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    answer(call, IntersectionMatrix::is_disjoint, always)
}

pub(super) fn intersects(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    answer(call, IntersectionMatrix::is_intersects, always)
}

pub(super) fn touches(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    answer(call, IntersectionMatrix::is_touches, |one, two| one > 0 || two > 0)
}

/// Points and lines cross what has more dimensions, and lines also lines.
pub(super) fn crosses(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    answer(call, IntersectionMatrix::is_crosses, |one, two| one < 2 && two > 0)
}

pub(super) fn overlaps(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    answer(call, IntersectionMatrix::is_overlaps, |one, two| one == two)
}

/// Empty geometries are equal to each other alone.
pub(super) fn equals(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((one, two)) = shapes(call)? else { return Ok(Value::Null) };
    if one.is_empty() || two.is_empty() {
        return Ok(Value::from(one.is_empty() && two.is_empty()));
    }
    Ok(Value::from(matrix(&one, &two)?.is_equal_topo()))
}
