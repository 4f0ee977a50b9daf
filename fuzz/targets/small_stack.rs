//! Runs checks of any text on a thread with a small stack: what recurses without bound dies here.

use std::{
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::Builder,
};

use vt_sql::Modes;

const STACK_BYTES: usize = 256 * 1024;

/// A thread that checks one text after another: starting one for each would cost more than most of
/// the checks.
pub struct Worker {
    requests: SyncSender<(String, u8)>,
    answers: Receiver<()>,
}

impl Worker {
    /// Starts the thread.
    pub fn start(check: fn(&str, Modes)) -> Worker {
        let (requests, inbox) = sync_channel::<(String, u8)>(0);
        let (outbox, answers) = sync_channel(0);
        Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || {
                for (sql, bits) in inbox {
                    check(&sql, modes(bits));
                    outbox.send(()).expect("the fuzzer waits");
                }
            })
            .expect("a thread");
        Worker { requests, answers }
    }

    /// Checks a text under the modes that the bits choose, and waits for the end of it.
    pub fn check(&self, bits: u8, sql: &str) {
        self.requests.send((sql.to_owned(), bits)).expect("the worker lives");
        self.answers.recv().expect("the worker answered");
    }
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
