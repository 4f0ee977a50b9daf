//! What a command that takes a while says meanwhile.

use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Says what is being done: a line that changes on a terminal, a line a step elsewhere.
pub(crate) struct Progress {
    live: bool,
    began: Instant,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        Progress { live: std::io::stderr().is_terminal(), began: Instant::now() }
    }

    pub(crate) fn step(&self, what: &str) {
        match self.live {
            true => self.show(what),
            false => self.say(&format!("{what} ...\n")),
        }
    }

    pub(crate) fn show(&self, what: &str) {
        if self.live {
            self.say(&format!("\r{:4} s  {what} ...\x1b[K", self.began.elapsed().as_secs()));
        }
    }

    pub(crate) fn end(&self) {
        if self.live {
            self.say("\r\x1b[K");
        }
    }

    /// A reader that has gone away is no failure of ours.
    fn say(&self, text: &str) {
        let mut out = std::io::stderr().lock();
        let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}
