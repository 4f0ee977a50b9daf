//! What a command that takes a while says meanwhile.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Says what is being done: a line that changes on a terminal, a line a step elsewhere.
pub(crate) struct Progress {
    live: bool,
    began: Instant,
    /// When it was last said how far a step is, where every word is a line of its own.
    said: Instant,
}

/// How often it is said how far a step is, where nobody looks on.
const SAY_EVERY: Duration = Duration::from_secs(5);

impl Progress {
    pub(crate) fn new() -> Progress {
        let now = Instant::now();
        Progress { live: std::io::stderr().is_terminal(), began: now, said: now }
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

    /// Says how far the step is.
    pub(crate) fn now(&mut self, what: &str) {
        if self.live {
            return self.show(what);
        }
        if self.said.elapsed() >= SAY_EVERY {
            self.said = Instant::now();
            self.say(&format!("{what}\n"));
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
