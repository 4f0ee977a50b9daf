//! Administration of tables and server: maintenance, locks, `FLUSH`.

use super::{Ident, TableName};

/// `ANALYZE`, `CHECK`, `CHECKSUM`, `OPTIMIZE` and `REPAIR TABLE`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Maintenance<'a> {
    pub kind: MaintenanceKind,
    /// `NO_WRITE_TO_BINLOG` or `LOCAL`.
    pub local: bool,
    pub tables: &'a [TableName<'a>],
    /// The words behind the tables, as written.
    pub options: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MaintenanceKind {
    Analyze,
    Check,
    Checksum,
    Optimize,
    Repair,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableLock<'a> {
    pub table: TableName<'a>,
    pub alias: Option<Ident<'a>>,
    pub kind: TableLockKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TableLockKind {
    Read,
    ReadLocal,
    Write,
    LowPriorityWrite,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flush<'a> {
    /// `NO_WRITE_TO_BINLOG` or `LOCAL`.
    pub local: bool,
    pub what: FlushWhat<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FlushWhat<'a> {
    Tables {
        tables: &'a [TableName<'a>],
        with_read_lock: bool,
        for_export: bool,
    },
    /// `LOGS`, `PRIVILEGES`, `STATUS`, ...: lower case, in the order of the text.
    Options(&'a [&'a str]),
}
