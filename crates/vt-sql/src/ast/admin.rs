//! Administration of tables and server: maintenance, locks, `FLUSH`.

use super::{Ident, Literal, TableName};

/// `ANALYZE`, `CHECK`, `CHECKSUM`, `OPTIMIZE` and `REPAIR TABLE`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Maintenance<'a> {
    pub kind: MaintenanceKind,
    /// `NO_WRITE_TO_BINLOG` or `LOCAL`.
    pub local: bool,
    pub tables: &'a [TableName<'a>],
    /// In the order of the text.
    pub options: &'a [MaintenanceOption],
    /// Of `ANALYZE TABLE`.
    pub histogram: Option<Histogram<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MaintenanceOption {
    Changed,
    Extended,
    Fast,
    ForUpgrade,
    Medium,
    Quick,
    UseFrm,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Histogram<'a> {
    Update {
        columns: &'a [Ident<'a>],
        /// As written.
        buckets: Option<&'a str>,
        /// `AUTO UPDATE` or `MANUAL UPDATE`
        automatic: Option<bool>,
        data: Option<&'a Literal<'a>>,
    },
    Drop {
        columns: &'a [Ident<'a>],
    },
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
    /// In the order of the text.
    Options(&'a [FlushOption<'a>]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FlushOption<'a> {
    /// `LOGS`, `PRIVILEGES`, `BINARY LOGS`, ...: lower case.
    Named(&'a str),
    /// `RELAY LOGS [FOR CHANNEL 'name']`
    RelayLogs { channel: Option<&'a Literal<'a>> },
}
