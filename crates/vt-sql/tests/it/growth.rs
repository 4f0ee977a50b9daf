//! Memory grows as the input does, whatever the input; `cargo xtask speed growth` does the same
//! with instructions.
#![expect(unsafe_code, reason = "to count what is allocated, one has to be the allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use vt_sql::{
    Arena, Modes, fingerprint::fingerprint, normalize::normalize, parse, preview, split_script,
    split_statements, to_sql, visit::table_names,
};

use crate::growth_shapes::{SHAPES, Shape};

/// The system's allocator, which notes how many bytes each thread asks for.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static BYTES: Cell<u64> = const { Cell::new(0) };
}

fn note(bytes: usize) {
    // A thread that ends has none any more.
    let _ = BYTES.try_with(|count| count.set(count.get() + bytes as u64));
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps to the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: the caller keeps to the contract.
        unsafe { System.realloc(memory, layout, size) }
    }
}

/// Returns how many bytes are asked for by all that a statement meets.
fn allocated(shape: &Shape, bytes: usize) -> u64 {
    let sql = shape.text(bytes);
    let modes = Modes::default();
    let before = BYTES.get();
    let print = fingerprint(&sql, modes);
    let _ = preview(&sql);
    let _ = split_statements(&sql, modes).count();
    let _ = split_script(&sql, modes).count();
    let arena = Arena::new();
    if let Ok(statement) = parse(&arena, &sql, modes) {
        let _ = table_names(&statement);
        let _ = to_sql(&normalize(&arena, &statement).statement);
    }
    drop(print);
    BYTES.get() - before
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
