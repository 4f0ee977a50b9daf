//! Bounding rectangles, and how two of them lie to each other.

use super::{Point, Shape};

/// The least rectangle around a shape; it may be a line or a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub least: Point,
    pub greatest: Point,
}

impl Shape {
    /// Calls for every point of the shape, in their order.
    pub fn each_point(&self, act: &mut dyn FnMut(&Point)) {
        match self {
            Shape::Point(point) => act(point),
            Shape::LineString(points) | Shape::MultiPoint(points) => points.iter().for_each(act),
            Shape::Polygon(lines) | Shape::MultiLineString(lines) => {
                lines.iter().flatten().for_each(act);
            }
            Shape::MultiPolygon(parts) => parts.iter().flatten().flatten().for_each(act),
            Shape::Collection(parts) => parts.iter().for_each(|part| part.each_point(act)),
        }
    }

    /// Changes every point of the shape.
    #[must_use]
    pub fn map_points(mut self, change: &dyn Fn(Point) -> Point) -> Shape {
        self.change_points(change);
        self
    }

    fn change_points(&mut self, change: &dyn Fn(Point) -> Point) {
        let each = |point: &mut Point| *point = change(*point);
        match self {
            Shape::Point(point) => each(point),
            Shape::LineString(points) | Shape::MultiPoint(points) => {
                points.iter_mut().for_each(each);
            }
            Shape::Polygon(lines) | Shape::MultiLineString(lines) => {
                lines.iter_mut().flatten().for_each(each);
            }
            Shape::MultiPolygon(parts) => parts.iter_mut().flatten().flatten().for_each(each),
            Shape::Collection(parts) => {
                parts.iter_mut().for_each(|part| part.change_points(change));
            }
        }
    }

    /// Returns the least rectangle around the shape; `None` for what has no point.
    pub fn bounds(&self) -> Option<Bounds> {
        let mut bounds: Option<Bounds> = None;
        self.each_point(&mut |point| {
            let known = bounds.get_or_insert(Bounds { least: *point, greatest: *point });
            known.least.x = known.least.x.min(point.x);
            known.least.y = known.least.y.min(point.y);
            known.greatest.x = known.greatest.x.max(point.x);
            known.greatest.y = known.greatest.y.max(point.y);
        });
        bounds
    }
}

impl Bounds {
    /// Returns the rectangle as a shape: a point, a line from the least corner, or a polygon.
    pub fn shape(&self) -> Shape {
        let Bounds { least, greatest } = *self;
        if least == greatest {
            return Shape::Point(least);
        }
        if least.x == greatest.x || least.y == greatest.y {
            return Shape::LineString(vec![least, greatest]);
        }
        let second = Point { x: greatest.x, y: least.y };
        let fourth = Point { x: least.x, y: greatest.y };
        Shape::Polygon(vec![vec![least, second, greatest, fourth, least]])
    }

    /// Returns whether there is a point in both.
    pub fn intersects(&self, other: &Bounds) -> bool {
        self.sides(other).iter().all(|(one, two)| one.0 <= two.1 && two.0 <= one.1)
    }

    /// Returns whether the other has no point outside.
    pub fn covers(&self, other: &Bounds) -> bool {
        self.sides(other).iter().all(|(one, two)| one.0 <= two.0 && two.1 <= one.1)
    }

    /// Returns whether the insides have a point in common; the inside of a point is itself, and
    /// that of a line all but its ends.
    pub fn overlaps_inside(&self, other: &Bounds) -> bool {
        self.sides(other).iter().all(|(one, two)| match (one.0 == one.1, two.0 == two.1) {
            (true, true) => one.0 == two.0,
            (true, false) => two.0 < one.0 && one.0 < two.1,
            (false, true) => one.0 < two.0 && two.0 < one.1,
            (false, false) => one.0 < two.1 && two.0 < one.1,
        })
    }

    /// Returns the ranges of both, by axis.
    fn sides(&self, other: &Bounds) -> [((f64, f64), (f64, f64)); 2] {
        [
            ((self.least.x, self.greatest.x), (other.least.x, other.greatest.x)),
            ((self.least.y, self.greatest.y), (other.least.y, other.greatest.y)),
        ]
    }
}
