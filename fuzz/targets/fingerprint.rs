//! Any text: the fingerprint numbers literals as the parser does, on a small stack, and its text
//! with binds is a statement if the text is.
//!
//! `cargo +nightly fuzz run --sanitizer none fingerprint fuzz/corpus/sql fuzz/seeds/sql -- -dict=fuzz/targets/sql.dict`
//!
//! The first byte chooses the modes of `sql_mode`, the rest is the text.

#![no_main]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use libfuzzer_sys::fuzz_target;
use vt_sql::{
    Arena, Modes,
    fingerprint::{BindStyle, fingerprint, literal_value},
    normalize::normalize,
    parse,
};

const STACK_BYTES: usize = 256 * 1024;

type Channel = (SyncSender<(String, u8)>, Receiver<()>);

thread_local! {
    /// One worker for all runs: starting a thread would cost more than most of them.
    static WORKER: Channel = worker();
}

fuzz_target!(|data: (u8, &str)| {
    WORKER.with(|(requests, answers)| {
        requests.send((data.1.to_owned(), data.0)).expect("the worker lives");
        answers.recv().expect("the worker answered");
    });
});

fn worker() -> Channel {
    let (requests, inbox) = sync_channel::<(String, u8)>(0);
    let (outbox, answers) = sync_channel(0);
    std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || {
            for (sql, bits) in inbox {
                check(&sql, modes(bits));
                outbox.send(()).expect("the fuzzer waits");
            }
        })
        .expect("a thread");
    (requests, answers)
}

fn modes(bits: u8) -> Modes {
    let bit = |place: u8| bits >> place & 1 == 1;
    Modes {
        ansi_quotes: bit(0),
        pipes_as_concat: bit(1),
        no_backslash_escapes: bit(2),
        ignore_space: bit(3),
        high_not_precedence: bit(4),
        ..Modes::default()
    }
}

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
