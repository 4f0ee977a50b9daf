use proptest::prelude::*;

use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn texts_become_the_bytes_of_a_server() {
    for (text, bytes) in [
        ("point(1 2)", "000000000101000000000000000000F03F0000000000000040"),
        (
            "linestring(1 2,3 4)",
            "00000000010200000002000000000000000000F03F0000000000000040000000000000084000000000\
             00001040",
        ),
        (
            "multipoint((1 2),3 4)",
            "000000000104000000020000000101000000000000000000F03F00000000000000400101000000000000\
             00000008400000000000001040",
        ),
        ("geometrycollection empty", "00000000010700000000000000"),
    ] {
        let geometry = Geometry { srid: 0, shape: Shape::of_wkt(text).unwrap() };
        assert_eq!(hex(&geometry.to_bytes()), bytes, "{text}");
        assert_eq!(Geometry::parse(&geometry.to_bytes()), Some(geometry));
    }
}

#[test]
fn texts_print_as_a_server_prints_them() {
    for (text, want) in [
        (" POINT ( 1   2 ) ", "POINT(1 2)"),
        ("point(1.5 -2e20)", "POINT(1.5 -2e20)"),
        ("multipoint(1 2,3 4)", "MULTIPOINT((1 2),(3 4))"),
        ("geometrycollection()", "GEOMETRYCOLLECTION EMPTY"),
        ("multipolygon(((0 0,1 0,1 1,0 0)))", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))"),
        (
            "geometrycollection(point(1 2),geometrycollection(point(3 4)))",
            "GEOMETRYCOLLECTION(POINT(1 2),GEOMETRYCOLLECTION(POINT(3 4)))",
        ),
    ] {
        assert_eq!(Shape::of_wkt(text).unwrap().to_wkt(), want);
    }
}

#[test]
fn what_a_server_refuses_is_no_shape() {
    for text in [
        "x",
        "",
        "point(1)",
        "point(1 2",
        "point(1 2) x",
        "linestring(1 2)",
        "polygon((0 0,1 1,0 0))",
        "polygon((0 0,1 0,1 1,0 1))",
        "point(1e400 2)",
    ] {
        assert_eq!(Shape::of_wkt(text), None, "{text}");
    }
    let deep = "geometrycollection(".repeat(100_000);
    assert_eq!(Shape::of_wkt(&deep), None);
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(0u8..8, 0..80), text in "[a-z0-9(), .]{0,40}") {
        let _ = Geometry::parse(&bytes);
        let _ = Shape::of_wkt(&text);
    }

    #[test]
    fn shapes_come_back(points in prop::collection::vec((-1e6f64..1e6, -1e6f64..1e6), 2..9)) {
        let points: Vec<Point> = points.into_iter().map(|(x, y)| Point { x, y }).collect();
        let shape = Shape::Collection(vec![
            Shape::LineString(points.clone()),
            Shape::MultiPoint(points.clone()),
            Shape::MultiLineString(vec![points.clone(), points]),
        ]);
        prop_assert_eq!(Shape::of_wkt(&shape.to_wkt()), Some(shape.clone()));
        let mut bytes = Vec::new();
        shape.write_wkb(&mut bytes);
        prop_assert_eq!(Shape::of_wkb(&bytes), Some(shape));
    }
}
