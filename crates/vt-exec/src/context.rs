//! What an execution is given besides its plan.

use std::sync::Arc;

use vt_base::{Code, Error};
use vt_eval::{Compiled, Context, Env, Session};
use vt_value::BindVars;

pub use crate::kept::Kept;
use crate::{Cascading, ShardQueries};

/// The surroundings of one execution.
#[derive(Clone, Copy)]
pub struct ExecContext<'a> {
    pub shards: &'a dyn ShardQueries,
    /// The statement's bind variables, with those that the plan needs of the session.
    pub binds: &'a Arc<BindVars>,
    /// What the session decides about evaluation.
    pub session: &'a Session,
    pub limits: Limits,
    /// The session holds a connection to each shard, so that no two calls to a shard may overlap:
    /// a join then reads its left side to the end before it asks for the right.
    pub exclusive: bool,
    /// The rows that steps around this one keep.
    pub kept: Option<&'a Kept<'a>>,
    /// The cascades that changes of rows may bring about.
    pub cascading: Option<&'a Cascading<'a>>,
    /// Spreads statements that any shard can answer: taken modulo the number of shards.
    pub any_shard: usize,
    /// Who wants to know what each step did.
    pub observer: Option<&'a dyn Observer>,
}

/// Hears what the steps of a plan do.
pub trait Observer: Send + Sync {
    /// A step has run, once, and gave so many rows.
    fn ran(&self, node: &vt_plan::Node, rows: usize);
}

impl<'a> ExecContext<'a> {
    /// Returns what expressions look up while they are compiled.
    pub(crate) fn env(&self) -> Env<'a> {
        Env::new(self.binds, self.session)
    }

    /// Keeps the warnings that an expression gives once for SHOW WARNINGS.
    pub(crate) fn keep_notes(&self, compiled: &Compiled) {
        for note in compiled.notes() {
            self.shards.warn(note.errno, note.message.to_string());
        }
    }

    /// Keeps the warnings of an evaluation for SHOW WARNINGS.
    pub(crate) fn keep_warnings(&self, evaluated: &mut Context<'_>) {
        for warning in evaluated.warnings.take() {
            self.shards.warn(warning.errno, warning.message.to_string());
        }
    }
}

/// How much an execution may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The rows that one step may hold in memory (`--max-memory-rows`).
    pub memory_rows: usize,
    /// How often a recursive common table may grow (`cte_max_recursion_depth`).
    pub recursion_depth: u64,
}

/// What a row is taken for where bytes are counted, as in the texts that aggregates hold.
const ROW_BYTES: usize = 1024;

impl Default for Limits {
    fn default() -> Limits {
        Limits { memory_rows: 300_000, recursion_depth: 1000 }
    }
}

impl Limits {
    /// Returns the error of a step that would have to hold more rows than it may.
    pub fn check(self, rows: usize) -> Result<(), Error> {
        self.check_within(rows, self.memory_rows)
    }

    /// Returns the same error where a part of the room is taken.
    pub(crate) fn check_within(self, rows: usize, room: usize) -> Result<(), Error> {
        if rows <= room {
            return Ok(());
        }
        Err(self.exceeded())
    }

    /// Returns how many bytes a step may hold.
    pub fn bytes(self) -> usize {
        self.memory_rows.saturating_mul(ROW_BYTES)
    }

    /// Returns the error of a step that would have to hold more bytes than it may.
    pub fn check_bytes(self, bytes: usize) -> Result<(), Error> {
        if bytes <= self.bytes() {
            return Ok(());
        }
        Err(self.exceeded())
    }

    fn exceeded(self) -> Error {
        let message = format!("in-memory row count exceeded allowed limit of {}", self.memory_rows);
        Error::new(Code::ResourceExhausted, message).with_mysql(1153, *b"08S01")
    }
}
