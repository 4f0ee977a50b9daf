//! Convex hulls.

use super::{Point, Shape};

/// Returns the least convex shape around all points: a point, a line or a polygon that turns
/// counterclockwise from its leftmost point; `None` for what has no point.
///
/// `turn` tells whether the third point lies left of the line through the others (above 0), right
/// of it (below 0), or on it.
pub fn convex_hull(shape: &Shape, turn: fn(Point, Point, Point) -> f64) -> Option<Shape> {
    let mut points = Vec::new();
    shape.each_point(&mut |point| points.push(*point));
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup();
    let [first, .., last] = points.as_slice() else {
        return points.first().map(|point| Shape::Point(*point));
    };
    let mut lower = half(points.iter(), turn);
    let upper = half(points.iter().rev(), turn);
    if lower.len() == 2 && upper.len() == 2 {
        return Some(Shape::LineString(vec![*first, *last]));
    }
    lower.extend(upper.into_iter().skip(1));
    Some(Shape::Polygon(vec![lower]))
}

/// Returns the points of which each next turns left, from the first to the last.
fn half<'p>(
    points: impl Iterator<Item = &'p Point>,
    turn: fn(Point, Point, Point) -> f64,
) -> Vec<Point> {
    let mut chain: Vec<Point> = Vec::new();
    for point in points {
        while let [.., before, last] = chain.as_slice()
            && turn(*before, *last, *point) <= 0.0
        {
            chain.pop();
        }
        chain.push(*point);
    }
    chain
}
