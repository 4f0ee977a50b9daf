//! Any text: the fingerprint numbers literals as the parser does, on a small stack, and its text
//! with binds is a statement if the text is.
//!
//! `cargo +nightly fuzz run --sanitizer none fingerprint fuzz/corpus/sql fuzz/seeds/sql -- -dict=fuzz/targets/sql.dict`
//!
//! The first byte chooses the modes of `sql_mode`, the rest is the text.

#![no_main]

mod small_stack;

use libfuzzer_sys::fuzz_target;
use small_stack::Worker;
use vt_sql::{
    Arena, Modes,
    fingerprint::{BindStyle, fingerprint, literal_value},
    normalize::normalize,
    parse,
};

thread_local! {
    static WORKER: Worker = Worker::start(check);
}

fuzz_target!(|data: (u8, &str)| WORKER.with(|worker| worker.check(data.0, data.1)));

fn check(sql: &str, modes: Modes) {
    let print = fingerprint(sql, modes);
    let arena = Arena::new();
    let statement = parse(&arena, sql, modes);
    let Some(print) = print else { return };
    assert_eq!(fingerprint(sql, modes).as_ref(), Some(&print));
    for literal in &print.literals {
        assert!(literal.start < literal.end && literal.end as usize <= sql.len());
        let _ = literal_value(sql, literal, modes);
    }
    let texts = [BindStyle::Named, BindStyle::Question].map(|style| print.text(sql, modes, style));
    let Ok(statement) = statement else { return };
    for ordinal in normalize(&arena, &statement).bound {
        assert!((ordinal as usize) < print.literals.len(), "{sql}");
    }
    for text in texts {
        let arena = Arena::new();
        if let Err(error) = parse(&arena, &text, modes) {
            panic!("{sql}\n{text}\n{error}");
        }
    }
}
