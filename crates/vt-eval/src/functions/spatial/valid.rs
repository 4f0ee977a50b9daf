//! Whether geometries are well formed, and simple.

use geo::Validation;
use vt_base::Error;
use vt_value::Value;
use vt_value::geometry::{Point, Shape};

use super::measure::{PAIRS_MAX, too_much};
use super::relate::{form, turn};
use super::{made_in, placed, shape};
use crate::function::Call;

/// A line with two points that differ.
fn has_length(points: &[Point]) -> bool {
    points.iter().any(|point| Some(point) != points.first())
}

fn valid(shape: &Shape) -> Result<bool, Error> {
    Ok(match shape {
        Shape::Point(_) | Shape::MultiPoint(_) => true,
        Shape::LineString(points) => has_length(points),
        Shape::MultiLineString(parts) => parts.iter().all(|part| has_length(part)),
        Shape::Polygon(_) | Shape::MultiPolygon(_) => {
            let form = form(shape).ok_or_else(|| Error::bug("an area without form"))?;
            let valid = form.is_valid();
            // Where rings meet in points, what is inside may fall apart, which is not told.
            if valid && touching_rings(shape) {
                return Err(Error::unsupported("the validity of an area whose rings meet"));
            }
            valid
        }
        Shape::Collection(parts) => {
            let mut all = true;
            for part in parts {
                all &= valid(part)?;
            }
            all
        }
    })
}

/// Returns whether an area has a point that two of its rings, or one of them twice, pass.
fn touching_rings(shape: &Shape) -> bool {
    let rings: Vec<&Vec<Point>> = match shape {
        Shape::Polygon(rings) => rings.iter().collect(),
        Shape::MultiPolygon(parts) => parts.iter().flatten().collect(),
        _ => return false,
    };
    rings.len() > 1
}

pub(super) fn is_valid(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(shape) = shape(call, 0)? else { return Ok(Value::Null) };
    Ok(Value::from(valid(&shape)?))
}

pub(super) fn validate(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some((geometry, _)) = placed(call, 0)? else { return Ok(Value::Null) };
    if geometry.srid != 0 {
        return Err(super::other_system(geometry.srid));
    }
    Ok(if valid(&geometry.shape)? { made_in(0, geometry.shape) } else { Value::Null })
}

/// What a line and another segment have in common.
#[derive(PartialEq, Eq)]
enum Meeting {
    Nothing,
    /// A point that is an end of both.
    Ends,
    Inside,
}

fn within(point: Point, from: Point, to: Point) -> bool {
    let inside = |value: f64, one: f64, two: f64| one.min(two) <= value && value <= one.max(two);
    turn(from, to, point) == 0.0 && inside(point.x, from.x, to.x) && inside(point.y, from.y, to.y)
}

fn meeting((a, b): (Point, Point), (c, d): (Point, Point)) -> Meeting {
    let shared = a == c || a == d || b == c || b == d;
    let touching = [within(a, c, d), within(b, c, d), within(c, a, b), within(d, a, b)];
    let count = touching.iter().filter(|one| **one).count();
    if shared {
        // Each shared end counts for both; more than that is a common stretch.
        return if count > 2 { Meeting::Inside } else { Meeting::Ends };
    }
    let (one, two) = (turn(a, b, c) * turn(a, b, d), turn(c, d, a) * turn(c, d, b));
    if count > 0 || (one < 0.0 && two < 0.0) { Meeting::Inside } else { Meeting::Nothing }
}

/// Returns whether a line passes no point twice, but for its ends.
fn simple_line(points: &[Point]) -> bool {
    let closed = points.first() == points.last();
    let segments: Vec<(Point, Point)> = points.windows(2).map(|pair| (pair[0], pair[1])).collect();
    if segments.iter().any(|(from, to)| from == to) {
        return false;
    }
    let last = segments.len().saturating_sub(1);
    for (place, one) in segments.iter().enumerate() {
        for (other, two) in segments.iter().enumerate().skip(place + 1) {
            let neighbours = other == place + 1 || (closed && place == 0 && other == last);
            match meeting(*one, *two) {
                Meeting::Nothing => {}
                Meeting::Ends if neighbours => {}
                Meeting::Ends | Meeting::Inside => return false,
            }
        }
    }
    true
}

pub(super) fn is_simple(call: &mut Call<'_, '_>) -> Result<Value, Error> {
    let Some(shape) = shape(call, 0)? else { return Ok(Value::Null) };
    let mut count = 0_usize;
    shape.each_point(&mut |_| count += 1);
    if count.saturating_mul(count) > PAIRS_MAX {
        return Err(too_much());
    }
    Ok(Value::from(match &shape {
        Shape::Point(_) | Shape::Polygon(_) | Shape::MultiPolygon(_) => true,
        Shape::MultiPoint(points) => {
            points.iter().enumerate().all(|(place, point)| !points[..place].contains(point))
        }
        Shape::LineString(points) => simple_line(points),
        Shape::Collection(parts) if parts.is_empty() => true,
        Shape::MultiLineString(_) | Shape::Collection(_) => {
            return Err(Error::unsupported("whether several lines are simple"));
        }
    }))
}
