//! Replication, binary logs, clones.

use super::{Account, Expr, Ident, Literal, TableName};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Replication<'a> {
    /// `CHANGE REPLICATION SOURCE TO ...`
    ChangeSource {
        options: &'a [SourceOption<'a>],
        channel: Option<&'a Literal<'a>>,
    },
    /// `CHANGE REPLICATION FILTER ...`
    ChangeFilter {
        filters: &'a [ReplicationFilter<'a>],
        channel: Option<&'a Literal<'a>>,
    },
    StartReplica(&'a StartReplica<'a>),
    StopReplica {
        threads: &'a [ReplicaThread],
        channel: Option<&'a Literal<'a>>,
    },
    /// `START GROUP_REPLICATION USER = 'u', ...`
    StartGroup(&'a [(GroupOption, &'a Literal<'a>)]),
    StopGroup,
    Reset(&'a [Reset<'a>]),
    /// `RESET PERSIST [[IF EXISTS] name]`
    ResetPersist {
        if_exists: bool,
        variable: Option<&'a str>,
    },
    PurgeTo(&'a Literal<'a>),
    PurgeBefore(Expr<'a>),
    Binlog(&'a Literal<'a>),
    /// `CLONE LOCAL DATA DIRECTORY 'path'`
    CloneLocal(&'a Literal<'a>),
    CloneInstance(&'a CloneInstance<'a>),
}

/// An option of `CHANGE REPLICATION SOURCE`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceOption<'a> {
    /// Lower case.
    pub name: &'a str,
    pub value: SourceValue<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SourceValue<'a> {
    String(&'a Literal<'a>),
    /// As written; also a minus before it.
    Number(&'a str),
    /// A word, lower case: `NULL`, `LOCAL`, `OFF`, `STREAM`, ...
    Word(&'a str),
    Account(Account<'a>),
    /// Of `IGNORE_SERVER_IDS`.
    Numbers(&'a [&'a str]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplicationFilter<'a> {
    pub kind: FilterKind,
    pub rules: FilterRules<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterKind {
    DoDb,
    IgnoreDb,
    DoTable,
    IgnoreTable,
    WildDoTable,
    WildIgnoreTable,
    RewriteDb,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FilterRules<'a> {
    Databases(&'a [Ident<'a>]),
    Tables(&'a [TableName<'a>]),
    Patterns(&'a [&'a Literal<'a>]),
    Pairs(&'a [(Ident<'a>, Ident<'a>)]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StartReplica<'a> {
    pub threads: &'a [ReplicaThread],
    pub until: &'a [SourceOption<'a>],
    /// `USER`, `PASSWORD`, `DEFAULT_AUTH`, `PLUGIN_DIR`.
    pub login: &'a [SourceOption<'a>],
    pub channel: Option<&'a Literal<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaThread {
    /// `SQL_THREAD`
    Sql,
    /// `IO_THREAD` and `RELAY_THREAD`.
    Io,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupOption {
    User,
    Password,
    DefaultAuth,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reset<'a> {
    Replica {
        all: bool,
        channel: Option<&'a Literal<'a>>,
    },
    /// `BINARY LOGS AND GTIDS [TO n]`
    BinaryLogs {
        to: Option<&'a str>,
    },
}

/// `CLONE INSTANCE FROM user@host:port IDENTIFIED BY 'password' ...`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloneInstance<'a> {
    pub from: Account<'a>,
    pub port: &'a str,
    pub password: &'a Literal<'a>,
    pub directory: Option<&'a Literal<'a>>,
    /// `REQUIRE [NO] SSL`
    pub ssl: Option<bool>,
}
