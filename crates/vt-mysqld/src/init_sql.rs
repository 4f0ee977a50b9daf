//! The statements that make a fresh server ours: accounts, and nothing that others could use.

/// Returns what is run on a fresh server where the user gives no file of their own.
///
/// Nothing of it is written to the binary log: each server of a shard is made ready by itself, and
/// a shard's history begins with its first election.
pub fn default_init_sql() -> &'static str {
    include_str!("init_db.sql")
}
