//! Memory grows as the input does, whatever the input; `cargo xtask speed growth` does the same
//! with instructions.

use vt_sql::{
    Arena, Modes, fingerprint::fingerprint, normalize::normalize, parse, preview, split_script,
    split_statements, to_sql, visit::table_names,
};

use crate::growth_shapes::{SHAPES, Shape};

/// Returns how many bytes are asked for by all that a statement meets.
fn allocated(shape: &Shape, bytes: usize) -> u64 {
    let sql = shape.text(bytes);
    let modes = Modes::default();
    let counted = allocation_counter::measure(|| {
        let _ = fingerprint(&sql, modes);
        let _ = preview(&sql);
        let _ = split_statements(&sql, modes).count();
        let _ = split_script(&sql, modes).count();
        let arena = Arena::new();
        if let Ok(statement) = parse(&arena, &sql, modes) {
            let _ = table_names(&statement);
            let _ = to_sql(&normalize(&arena, &statement).statement);
        }
    });
    counted.bytes_total
}

#[test]
fn memory_of_hostile_texts_grows_as_they_do() {
    const SMALL: usize = 4 << 10;
    for shape in SHAPES {
        let small = allocated(shape, SMALL);
        let large = allocated(shape, 16 * SMALL);
        // What grows by doubling may take twice as much; with the square it would be 256 times.
        assert!(large <= 40 * small.max(SMALL as u64), "{}: {small}, then {large}", shape.name);
        // A tree of rows takes most: some 40 bytes for each of its text, twice over while it grows.
        assert!(large <= 300 * 16 * SMALL as u64, "{}: {large}", shape.name);
    }
}
