//! What changes while a statement runs.

use crate::node::Node;
use crate::session::Session;
use crate::warning::{Warning, Warnings};

/// What changes while a statement runs.
#[derive(Debug)]
pub struct Context<'s> {
    pub session: &'s Session,
    pub warnings: Warnings,
    /// A value that does not fit is an error, as where rows are written under a strict mode.
    pub strict: bool,
    /// The number of the row that is computed, from 1: some warnings name it.
    pub row: u64,
    /// What is converted is a column, whose bytes messages show as they are.
    pub(crate) reads_column: bool,
    /// Where chance comes from: the session's seed, carried on.
    chance: u64,
    /// The constants that have given their warnings.
    warned: Vec<usize>,
}

impl<'s> Context<'s> {
    pub fn new(session: &'s Session) -> Context<'s> {
        let warnings = Warnings::new(session.max_error_count);
        Context {
            session,
            warnings,
            strict: false,
            row: 1,
            reads_column: false,
            chance: session.seed,
            warned: Vec::new(),
        }
    }

    pub fn warn(&mut self, errno: u16, message: impl Into<std::sync::Arc<str>>) {
        self.warnings.push(Warning::new(errno, message));
    }

    /// Does something with a constant, whose warnings MySQL gives but once.
    pub(crate) fn once<T>(&mut self, constant: &Node, run: impl FnOnce(&mut Self) -> T) -> T {
        let key = std::ptr::from_ref(constant).addr();
        let known = self.warned.contains(&key);
        let before = self.warnings.count();
        let muted = known.then(|| self.warnings.mute(true));
        let result = run(self);
        if let Some(muted) = muted {
            self.warnings.mute(muted);
        } else if self.warnings.count() > before {
            self.warned.push(key);
        }
        result
    }

    /// Returns whether a constant has not given its warnings before.
    pub(crate) fn is_first(&mut self, constant: &Node) -> bool {
        let key = std::ptr::from_ref(constant).addr();
        let first = !self.warned.contains(&key);
        if first && !self.warnings.is_muted() {
            self.warned.push(key);
        }
        first
    }

    /// Returns 64 bits by chance.
    pub fn random(&mut self) -> u64 {
        // SplitMix64: every seed gives a good sequence.
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.chance ^ (self.chance >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
