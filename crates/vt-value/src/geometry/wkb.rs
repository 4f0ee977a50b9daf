//! Well-known binary, of which nothing is trusted.

use super::{NESTING_MAX, Point, Shape, is_ring};

const POINT: u32 = 1;
const LINE_STRING: u32 = 2;
const POLYGON: u32 = 3;
const MULTI_POINT: u32 = 4;
const MULTI_LINE_STRING: u32 = 5;
const MULTI_POLYGON: u32 = 6;
const COLLECTION: u32 = 7;

/// The least bytes of a point, and of a part with its header.
const POINT_WIDTH: usize = 16;
const PART_WIDTH: usize = 9;

impl Shape {
    /// Reads a whole text of bytes; `None` if it is no shape.
    pub fn of_wkb(bytes: &[u8]) -> Option<Shape> {
        let mut reader = Reader { rest: bytes };
        let shape = reader.shape(0)?;
        reader.rest.is_empty().then_some(shape)
    }

    /// Appends the bytes, the lowest of each number first.
    pub fn write_wkb(&self, out: &mut Vec<u8>) {
        out.push(1);
        match self {
            Shape::Point(point) => {
                number(POINT, out);
                write_point(point, out);
            }
            Shape::LineString(points) => {
                number(LINE_STRING, out);
                write_points(points, out);
            }
            Shape::Polygon(rings) => {
                number(POLYGON, out);
                number(rings.len() as u32, out);
                rings.iter().for_each(|ring| write_points(ring, out));
            }
            Shape::MultiPoint(parts) => {
                number(MULTI_POINT, out);
                number(parts.len() as u32, out);
                parts.iter().for_each(|one| Shape::Point(*one).write_wkb(out));
            }
            Shape::MultiLineString(parts) => {
                number(MULTI_LINE_STRING, out);
                number(parts.len() as u32, out);
                for one in parts {
                    out.push(1);
                    number(LINE_STRING, out);
                    write_points(one, out);
                }
            }
            Shape::MultiPolygon(parts) => {
                number(MULTI_POLYGON, out);
                number(parts.len() as u32, out);
                for rings in parts {
                    out.push(1);
                    number(POLYGON, out);
                    number(rings.len() as u32, out);
                    rings.iter().for_each(|ring| write_points(ring, out));
                }
            }
            Shape::Collection(parts) => {
                number(COLLECTION, out);
                number(parts.len() as u32, out);
                parts.iter().for_each(|one| one.write_wkb(out));
            }
        }
    }
}

fn number(number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn write_point(point: &Point, out: &mut Vec<u8>) {
    out.extend_from_slice(&point.x.to_le_bytes());
    out.extend_from_slice(&point.y.to_le_bytes());
}

fn write_points(points: &[Point], out: &mut Vec<u8>) {
    number(points.len() as u32, out);
    points.iter().for_each(|point| write_point(point, out));
}

struct Reader<'b> {
    rest: &'b [u8],
}

/// How the bytes of a shape's numbers are ordered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    LowFirst,
    HighFirst,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*bytes)
    }

    fn number(&mut self, order: Order) -> Option<u32> {
        let bytes = self.take()?;
        Some(match order {
            Order::LowFirst => u32::from_le_bytes(bytes),
            Order::HighFirst => u32::from_be_bytes(bytes),
        })
    }

    fn coordinate(&mut self, order: Order) -> Option<f64> {
        let bytes = self.take()?;
        let number = match order {
            Order::LowFirst => f64::from_le_bytes(bytes),
            Order::HighFirst => f64::from_be_bytes(bytes),
        };
        number.is_finite().then_some(number)
    }

    /// Reads how many things follow, each of so many bytes at least.
    fn count(&mut self, order: Order, width: usize) -> Option<usize> {
        let count = usize::try_from(self.number(order)?).ok()?;
        (count.checked_mul(width)? <= self.rest.len()).then_some(count)
    }

    fn header(&mut self) -> Option<(Order, u32)> {
        let order = match self.take()? {
            [0] => Order::HighFirst,
            [1] => Order::LowFirst,
            _ => return None,
        };
        Some((order, self.number(order)?))
    }

    fn point(&mut self, order: Order) -> Option<Point> {
        Some(Point { x: self.coordinate(order)?, y: self.coordinate(order)? })
    }

    fn points(&mut self, order: Order) -> Option<Vec<Point>> {
        let count = self.count(order, POINT_WIDTH)?;
        (0..count).map(|_| self.point(order)).collect()
    }

    fn line(&mut self, order: Order) -> Option<Vec<Point>> {
        self.points(order).filter(|points| points.len() >= 2)
    }

    fn rings(&mut self, order: Order) -> Option<Vec<Vec<Point>>> {
        let count = self.count(order, 4)?;
        let rings: Option<Vec<_>> = (0..count).map(|_| self.points(order)).collect();
        rings.filter(|rings| !rings.is_empty() && rings.iter().all(|ring| is_ring(ring)))
    }

    /// Reads parts that are all of one type.
    fn parts<T>(
        &mut self,
        order: Order,
        typ: u32,
        read: fn(&mut Self, Order) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.count(order, PART_WIDTH)?;
        let part = |reader: &mut Self| {
            let (order, found) = reader.header()?;
            if found == typ { read(reader, order) } else { None }
        };
        let parts: Option<Vec<T>> = (0..count).map(|_| part(self)).collect();
        parts.filter(|parts| !parts.is_empty())
    }

    fn shape(&mut self, nesting: usize) -> Option<Shape> {
        let (order, typ) = self.header()?;
        Some(match typ {
            POINT => Shape::Point(self.point(order)?),
            LINE_STRING => Shape::LineString(self.line(order)?),
            POLYGON => Shape::Polygon(self.rings(order)?),
            MULTI_POINT => Shape::MultiPoint(self.parts(order, POINT, Reader::point)?),
            MULTI_LINE_STRING => {
                Shape::MultiLineString(self.parts(order, LINE_STRING, Reader::line)?)
            }
            MULTI_POLYGON => Shape::MultiPolygon(self.parts(order, POLYGON, Reader::rings)?),
            COLLECTION if nesting < NESTING_MAX => {
                let count = self.count(order, PART_WIDTH)?;
                let parts: Option<Vec<Shape>> =
                    (0..count).map(|_| self.shape(nesting + 1)).collect();
                Shape::Collection(parts?)
            }
            _ => return None,
        })
    }
}
