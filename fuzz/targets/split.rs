//! Any text: where statements end is found on a small stack, no piece is empty, and a piece splits
//! into itself.
//!
//! `cargo +nightly fuzz run --sanitizer none split fuzz/corpus/split fuzz/seeds/sql -- -dict=fuzz/targets/sql.dict`
//!
//! The first byte chooses the modes of `sql_mode`, the rest is the text.

#![no_main]

mod small_stack;

use libfuzzer_sys::fuzz_target;
use small_stack::Worker;
use vt_sql::{Modes, split_script, split_statements};

thread_local! {
    static WORKER: Worker = Worker::start(check);
}

fuzz_target!(|data: (u8, &str)| WORKER.with(|worker| worker.check(data.0, data.1)));

fn check(sql: &str, modes: Modes) {
    let mut length = 0;
    for piece in split_statements(sql, modes) {
        assert!(!piece.is_empty());
        length += piece.len();
        let again: Vec<&str> = split_statements(piece, modes).collect();
        assert_eq!(again, [piece], "{sql}");
    }
    assert!(length <= sql.len());
    let length: usize = split_script(sql, modes).map(str::len).sum();
    assert!(length <= sql.len());
}
