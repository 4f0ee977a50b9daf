//! Well-known text.

use super::{NESTING_MAX, Point, Shape, is_ring};
use crate::float;

impl Shape {
    /// Reads a text; `None` if it is no shape.
    pub fn of_wkt(text: &str) -> Option<Shape> {
        let mut reader = Reader { rest: text };
        let shape = reader.shape(0)?;
        reader.skip_space();
        reader.rest.is_empty().then_some(shape)
    }

    /// Returns the text that MySQL prints.
    pub fn to_wkt(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Shape::Collection(parts) if parts.is_empty() => {
                out.push_str("GEOMETRYCOLLECTION EMPTY");
                return;
            }
            Shape::Collection(_) => out.push_str("GEOMETRYCOLLECTION"),
            _ => out.push_str(self.name()),
        }
        match self {
            Shape::Point(point) => write_points(&[*point], out),
            Shape::LineString(points) => write_points(points, out),
            Shape::Polygon(rings) | Shape::MultiLineString(rings) => write_lines(rings, out),
            Shape::MultiPoint(points) => {
                list(points, out, |point, out| write_points(&[*point], out));
            }
            Shape::MultiPolygon(parts) => list(parts, out, |rings, out| write_lines(rings, out)),
            Shape::Collection(parts) => list(parts, out, Shape::write),
        }
    }
}

fn list<T>(parts: &[T], out: &mut String, write: fn(&T, &mut String)) {
    out.push('(');
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write(part, out);
    }
    out.push(')');
}

fn write_points(points: &[Point], out: &mut String) {
    list(points, out, |point, out| {
        let mut text = Vec::new();
        float::write_f64(point.x, &mut text);
        text.push(b' ');
        float::write_f64(point.y, &mut text);
        out.push_str(&String::from_utf8_lossy(&text));
    });
}

fn write_lines(lines: &[Vec<Point>], out: &mut String) {
    list(lines, out, |points, out| write_points(points, out));
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    }

    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self) -> String {
        self.skip_space();
        let end = self.rest.find(|one: char| !one.is_ascii_alphabetic());
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word.to_ascii_uppercase()
    }

    fn coordinate(&mut self) -> Option<f64> {
        self.skip_space();
        let known = |one: char| one.is_ascii_digit() || matches!(one, '+' | '-' | '.' | 'e' | 'E');
        let end = self.rest.find(|one: char| !known(one)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        if !number.contains(|one: char| one.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        number.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn point(&mut self) -> Option<Point> {
        Some(Point { x: self.coordinate()?, y: self.coordinate()? })
    }

    /// Reads `(part, part)`.
    fn list<T>(&mut self, read: &mut dyn FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        if !self.take('(') {
            return None;
        }
        let mut parts = vec![read(self)?];
        while self.take(',') {
            parts.push(read(self)?);
        }
        self.take(')').then_some(parts)
    }

    fn points(&mut self) -> Option<Vec<Point>> {
        self.list(&mut Reader::point)
    }

    fn line(&mut self) -> Option<Vec<Point>> {
        self.points().filter(|points| points.len() >= 2)
    }

    fn rings(&mut self) -> Option<Vec<Vec<Point>>> {
        self.list(&mut |reader| reader.points().filter(|ring| is_ring(ring)))
    }

    /// Reads a point of several, which may stand in parentheses.
    fn wrapped_point(&mut self) -> Option<Point> {
        if self.take('(') {
            let point = self.point()?;
            return self.take(')').then_some(point);
        }
        self.point()
    }

    fn shape(&mut self, nesting: usize) -> Option<Shape> {
        Some(match self.word().as_str() {
            "POINT" => match self.points()?.as_slice() {
                [point] => Shape::Point(*point),
                _ => return None,
            },
            "LINESTRING" => Shape::LineString(self.line()?),
            "POLYGON" => Shape::Polygon(self.rings()?),
            "MULTIPOINT" => Shape::MultiPoint(self.list(&mut Reader::wrapped_point)?),
            "MULTILINESTRING" => Shape::MultiLineString(self.list(&mut Reader::line)?),
            "MULTIPOLYGON" => Shape::MultiPolygon(self.list(&mut Reader::rings)?),
            "GEOMETRYCOLLECTION" | "GEOMCOLLECTION" if nesting < NESTING_MAX => {
                self.collection(nesting)?
            }
            _ => return None,
        })
    }

    fn collection(&mut self, nesting: usize) -> Option<Shape> {
        let whole = self.rest;
        if self.take('(') && self.take(')') {
            return Some(Shape::Collection(Vec::new()));
        }
        self.rest = whole;
        if self.word() == "EMPTY" {
            return Some(Shape::Collection(Vec::new()));
        }
        self.rest = whole;
        self.list(&mut |reader| reader.shape(nesting + 1)).map(Shape::Collection)
    }
}
