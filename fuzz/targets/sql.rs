//! Any text: the SQL front answers or refuses, on a small stack, and what it prints means the same.
//!
//! `cargo +nightly fuzz run --sanitizer none sql fuzz/corpus/sql fuzz/seeds/sql -- -dict=fuzz/targets/sql.dict`
//!
//! The first byte chooses the modes of `sql_mode`, the rest is the text. A sanitizer makes frames
//! several times as large, and would test another stack.

#![no_main]

mod small_stack;

use libfuzzer_sys::fuzz_target;
use small_stack::Worker;
use vt_sql::{Arena, Modes, normalize::normalize, parse, preview, to_sql, visit::table_names};

thread_local! {
    static WORKER: Worker = Worker::start(check);
}

fuzz_target!(|data: (u8, &str)| WORKER.with(|worker| worker.check(data.0, data.1)));

fn check(sql: &str, modes: Modes) {
    let _ = preview(sql);
    let arena = Arena::new();
    let Ok(statement) = parse(&arena, sql, modes) else { return };
    let printed = to_sql(&statement);
    // The text is for the default modes.
    let again = parse(&arena, &printed, Modes::default());
    let again = again.unwrap_or_else(|error| panic!("{printed}\n{error}"));
    assert_eq!(to_sql(&again), printed);
    let _ = table_names(&statement);
    let _ = to_sql(&normalize(&arena, &statement).statement);
}
