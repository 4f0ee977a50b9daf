//! Lengths, areas, centres and distances in the plane.
//!
//! Sums go in the order of the points, as a server has them, so that the last digits agree.

use super::{Point, Shape};

impl Point {
    fn minus(self, other: Point) -> Point {
        Point { x: self.x - other.x, y: self.y - other.y }
    }

    fn dot(self, other: Point) -> f64 {
        self.x * other.x + self.y * other.y
    }

    /// Returns the distance of two points.
    pub fn distance(self, other: Point) -> f64 {
        let away = self.minus(other);
        away.dot(away).sqrt()
    }

    /// Returns the point so far on the way to another, where 1 is the other.
    pub fn toward(self, other: Point, part: f64) -> Point {
        let mixed = |from: f64, to: f64| from * (1.0 - part) + to * part;
        Point { x: mixed(self.x, other.x), y: mixed(self.y, other.y) }
    }
}

/// A sum that keeps what its additions lose (Neumaier's), as if it had more digits.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExactSum {
    sum: f64,
    lost: f64,
}

impl ExactSum {
    pub fn add(&mut self, number: f64) {
        let sum = self.sum + number;
        self.lost += match self.sum.abs() >= number.abs() {
            true => (self.sum - sum) + number,
            false => (number - sum) + self.sum,
        };
        self.sum = sum;
    }

    pub fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// Returns the length of lines.
pub fn length<'p>(lines: impl IntoIterator<Item = &'p [Point]>) -> f64 {
    let mut sum = ExactSum::default();
    for line in lines {
        line.windows(2).for_each(|pair| sum.add(pair[0].distance(pair[1])));
    }
    sum.value()
}

/// Returns the area of a ring, which is positive where it turns clockwise.
fn ring_area<'p>(ring: impl Iterator<Item = &'p Point>) -> f64 {
    let (mut sum, mut before) = (0.0, None::<&Point>);
    for point in ring {
        if let Some(before) = before {
            sum += (before.x + point.x) * (before.y - point.y);
        }
        before = Some(point);
    }
    sum / 2.0
}

/// Returns the area of a polygon: the outer ring's less those of its holes.
pub fn area(rings: &[Vec<Point>]) -> f64 {
    let mut areas = rings.iter().enumerate().map(|(place, ring)| {
        // Outer rings are summed up clockwise and holes the other way, which the last digit shows.
        let area = ring_area(ring.iter());
        let turned = (area < 0.0) == (place == 0);
        if turned { ring_area(ring.iter().rev()).abs() } else { area.abs() }
    });
    let outer = areas.next().unwrap_or(0.0);
    areas.fold(outer, |area, hole| area - hole)
}

/// A sum of weighted places.
#[derive(Clone, Copy, Debug, Default)]
struct Centre {
    x: f64,
    y: f64,
    weight: f64,
}

impl Centre {
    fn point(self) -> Option<Point> {
        let point = Point { x: self.x / self.weight, y: self.y / self.weight };
        (self.weight != 0.0 && point.x.is_finite() && point.y.is_finite()).then_some(point)
    }

    /// Adds the places of points, counted from an origin.
    fn add_points(&mut self, points: &[Point], origin: Point) {
        for point in points {
            let point = point.minus(origin);
            self.x += point.x;
            self.y += point.y;
            self.weight += 1.0;
        }
    }

    fn add_line(&mut self, points: &[Point], origin: Point) {
        for pair in points.windows(2) {
            let (from, to) = (pair[0].minus(origin), pair[1].minus(origin));
            let length = pair[0].distance(pair[1]);
            let half = length / 2.0;
            self.x += (from.x + to.x) * half;
            self.y += (from.y + to.y) * half;
            self.weight += length;
        }
    }

    fn add_ring<'p>(&mut self, ring: impl Iterator<Item = &'p Point>, origin: Point) {
        let mut before = None::<Point>;
        for point in ring {
            let to = point.minus(origin);
            if let Some(from) = before {
                let area = from.x * to.y - to.x * from.y;
                self.weight += area;
                self.x += area * (from.x + to.x);
                self.y += area * (from.y + to.y);
            }
            before = Some(to);
        }
    }

    fn add_polygon(&mut self, rings: &[Vec<Point>], origin: Point) {
        for (place, ring) in rings.iter().enumerate() {
            // The outer ring turns counterclockwise and holes clockwise, so that they count against.
            let clockwise = ring_area(ring.iter()) > 0.0;
            match clockwise == (place == 0) {
                true => self.add_ring(ring.iter().rev(), origin),
                false => self.add_ring(ring.iter(), origin),
            }
        }
    }
}

/// Returns the centre of the parts of the highest dimension; `None` where they have no size.
pub fn centroid(shape: &Shape) -> Option<Point> {
    let mut parts = Vec::new();
    flatten(shape, &mut parts);
    let dimension = parts.iter().filter_map(|part| part.dimension()).max()?;
    parts.retain(|part| part.dimension() == Some(dimension));
    let mut origin = None;
    parts.first()?.each_point(&mut |point| {
        origin.get_or_insert(*point);
    });
    // Only areas are summed up from a point near by.
    let origin = if dimension == 2 { origin? } else { Point { x: 0.0, y: 0.0 } };
    let mut centre = Centre::default();
    for part in &parts {
        match part {
            Shape::Point(point) => centre.add_points(&[*point], origin),
            Shape::MultiPoint(points) => centre.add_points(points, origin),
            Shape::LineString(points) => centre.add_line(points, origin),
            Shape::MultiLineString(lines) => {
                lines.iter().for_each(|line| centre.add_line(line, origin));
            }
            Shape::Polygon(rings) => centre.add_polygon(rings, origin),
            Shape::MultiPolygon(polygons) => {
                polygons.iter().for_each(|rings| centre.add_polygon(rings, origin));
            }
            Shape::Collection(_) => {}
        }
    }
    if dimension == 2 {
        centre.weight *= 3.0;
    }
    let point = centre.point()?;
    Some(Point { x: point.x + origin.x, y: point.y + origin.y })
}

/// Appends the shapes of a collection, and of those within it, each by itself.
pub fn flatten<'s>(shape: &'s Shape, out: &mut Vec<&'s Shape>) {
    match shape {
        Shape::Collection(parts) => parts.iter().for_each(|part| flatten(part, out)),
        other => out.push(other),
    }
}

/// Returns the distance of a point from the line between two others.
pub fn from_segment(point: Point, from: Point, to: Point) -> f64 {
    let (along, away) = (to.minus(from), point.minus(from));
    let reach = away.dot(along);
    if reach <= 0.0 {
        return point.distance(from);
    }
    let whole = along.dot(along);
    if whole <= reach {
        return point.distance(to);
    }
    let part = reach / whole;
    let foot = Point { x: from.x + along.x * part, y: from.y + along.y * part };
    point.distance(foot)
}

/// Returns the discrete Fréchet distance of two lines; `None` if one has no point.
///
/// The work is the product of their lengths, the memory that of the shorter.
pub fn frechet(one: &[Point], two: &[Point]) -> Option<f64> {
    let (long, short) = if one.len() < two.len() { (two, one) } else { (one, two) };
    let mut row: Vec<f64> = Vec::with_capacity(short.len());
    for (place, point) in long.iter().enumerate() {
        let mut corner = f64::NEG_INFINITY;
        for (column, other) in short.iter().enumerate() {
            let above = (place > 0).then(|| row.get(column).copied()).flatten();
            let before = column.checked_sub(1).and_then(|before| row.get(before)).copied();
            let reached = match (above, before) {
                (None, None) => f64::NEG_INFINITY,
                (Some(above), None) => above,
                (None, Some(before)) => before,
                (Some(above), Some(before)) => above.min(before).min(corner),
            };
            let value = reached.max(point.distance(*other));
            match above {
                Some(above) => {
                    corner = above;
                    row[column] = value;
                }
                None => row.push(value),
            }
        }
    }
    row.last().copied()
}

/// Returns how far the farthest point of the first is from the nearest of the second.
pub fn directed_hausdorff(one: &[Point], two: &[Point]) -> Option<f64> {
    let nearest = |point: &Point| two.iter().map(|other| point.distance(*other)).reduce(f64::min);
    one.iter().filter_map(nearest).reduce(f64::max)
}

/// Returns the point of a line at a distance from its start; the end where it is shorter.
pub fn along(points: &[Point], distance: f64) -> Option<Point> {
    let mut before = 0.0;
    for pair in points.windows(2) {
        let step = pair[0].distance(pair[1]);
        let next = before + step;
        if next >= distance && step > 0.0 {
            return Some(pair[0].toward(pair[1], (distance - before) / step));
        }
        before = next;
    }
    points.last().copied()
}
