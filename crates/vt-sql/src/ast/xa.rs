//! Distributed transactions.

use super::Literal;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Xa<'a> {
    /// `XA START` and `XA BEGIN`.
    Start {
        xid: Xid<'a>,
        join: Option<XaJoin>,
    },
    End {
        xid: Xid<'a>,
        suspend: Option<XaSuspend>,
    },
    Prepare(Xid<'a>),
    Commit {
        xid: Xid<'a>,
        one_phase: bool,
    },
    Rollback(Xid<'a>),
    Recover {
        convert_xid: bool,
    },
}

/// `'gtrid' [, 'bqual' [, format]]`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Xid<'a> {
    pub gtrid: &'a Literal<'a>,
    pub bqual: Option<&'a Literal<'a>>,
    /// As written.
    pub format: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XaJoin {
    Join,
    Resume,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XaSuspend {
    Suspend,
    ForMigrate,
}
