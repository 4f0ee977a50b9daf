//! Any text: where statements end is found on a small stack, no piece is empty, and a piece splits
//! into itself.
//!
//! `cargo +nightly fuzz run --sanitizer none split fuzz/corpus/split fuzz/seeds/sql -- -dict=fuzz/targets/sql.dict`
//!
//! The first byte chooses the modes of `sql_mode`, the rest is the text.

#![no_main]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use libfuzzer_sys::fuzz_target;
use vt_sql::{Modes, split_script, split_statements};

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
