//! `SHOW`, MySQL's and Vitess's.

use super::{Account, Comments, Expr, Ident, Limit, Literal, TableName, VariableScope};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Show<'a> {
    pub comments: Comments<'a>,
    pub kind: ShowKind<'a>,
    pub filter: Option<ShowFilter<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShowFilter<'a> {
    /// A literal or a bind.
    Like(Expr<'a>),
    Where(Expr<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShowKind<'a> {
    /// `DATABASES` and `SCHEMAS`.
    Databases,
    /// `KEYSPACES` and `VITESS_KEYSPACES`.
    Keyspaces,
    Tables {
        full: bool,
        extended: bool,
        schema: Option<Ident<'a>>,
    },
    TableStatus {
        schema: Option<Ident<'a>>,
    },
    OpenTables {
        schema: Option<Ident<'a>>,
    },
    Columns {
        full: bool,
        extended: bool,
        table: TableName<'a>,
    },
    /// `INDEX`, `INDEXES` and `KEYS`.
    Index {
        extended: bool,
        table: TableName<'a>,
    },
    Triggers {
        full: bool,
        schema: Option<Ident<'a>>,
    },
    Events {
        schema: Option<Ident<'a>>,
    },
    CreateTable(TableName<'a>),
    CreateDatabase {
        if_not_exists: bool,
        name: Ident<'a>,
    },
    CreateObject {
        kind: ShowObject,
        name: TableName<'a>,
    },
    CreateUser(Account<'a>),
    Variables {
        scope: Option<VariableScope>,
    },
    Status {
        scope: Option<VariableScope>,
    },
    CharacterSet,
    Collation,
    Engines,
    Plugins,
    Privileges,
    Profiles,
    Profile {
        types: &'a [&'a str],
        query: Option<Expr<'a>>,
        limit: Option<Limit<'a>>,
    },
    ProcessList {
        full: bool,
    },
    Warnings {
        count: bool,
        limit: Option<Limit<'a>>,
    },
    Errors {
        count: bool,
        limit: Option<Limit<'a>>,
    },
    Grants {
        account: Option<Account<'a>>,
        using: &'a [Account<'a>],
    },
    FunctionStatus,
    ProcedureStatus,
    FunctionCode(TableName<'a>),
    ProcedureCode(TableName<'a>),
    /// `ENGINE name STATUS|MUTEX|LOGS`
    Engine {
        name: &'a str,
        what: &'a str,
    },
    BinaryLogs,
    /// `BINARY LOG STATUS`; `MASTER STATUS` on servers before 8.2.
    BinaryLogStatus {
        master: bool,
    },
    BinlogEvents {
        relay: bool,
        log: Option<&'a Literal<'a>>,
        position: Option<Expr<'a>>,
        limit: Option<Limit<'a>>,
        channel: Option<&'a Literal<'a>>,
    },
    /// `REPLICAS`, and `SLAVE HOSTS` of old.
    Replicas,
    /// `REPLICA STATUS`, and `SLAVE STATUS` of old.
    ReplicaStatus {
        channel: Option<&'a Literal<'a>>,
    },
    LibraryStatus,
    Vitess(ShowVitess<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowObject {
    View,
    Procedure,
    Function,
    Trigger,
    Event,
    Library,
    MaskingPolicy,
}

/// The forms that only Vitess has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShowVitess<'a> {
    Shards,
    Tablets,
    ReplicationStatus,
    Target,
    MetadataVariables,
    VschemaKeyspaces,
    VschemaTables,
    VschemaVindexes {
        table: Option<TableName<'a>>,
    },
    /// `SHOW GLOBAL GTID_EXECUTED [FROM keyspace]`
    GtidExecuted {
        keyspace: Option<Ident<'a>>,
    },
    /// `SHOW GLOBAL VGTID_EXECUTED [FROM keyspace]`
    VgtidExecuted {
        keyspace: Option<Ident<'a>>,
    },
    Migrations {
        keyspace: Option<Ident<'a>>,
    },
    MigrationLogs {
        uuid: Expr<'a>,
    },
    ThrottledApps,
    ThrottlerStatus,
    TransactionStatus {
        dtid: Expr<'a>,
    },
    UnresolvedTransactions {
        keyspace: Option<Ident<'a>>,
    },
}
