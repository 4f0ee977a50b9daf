//! SHOW: what the gateway knows by itself, and what one shard is asked.

mod databases;
pub mod filter;
mod fixed;
mod forwarded;
mod gtid;
pub(crate) mod processlist;
mod replication;
pub mod table;
mod tablets;
mod throttler;
mod variables;
mod vschema;
mod warnings;

use vt_base::{Error, Result};
use vt_sql::ast::{self, ShowKind, ShowVitess};
use vt_value::QueryResult;

use crate::gate::Gate;
use crate::query::Query;
use crate::session::Session;

pub use filter::Filter;

/// A SHOW statement.
#[derive(Debug)]
pub struct Show {
    kind: Kind,
    filter: Filter,
}

#[derive(Debug)]
enum Kind {
    Databases,
    Keyspaces,
    Shards,
    Tablets,
    ReplicationStatus,
    Target,
    Throttler(throttler::Asked),
    Metadata,
    VschemaKeyspaces,
    VschemaTables,
    VschemaVindexes { table: Option<(Option<String>, String)> },
    Gtid { keyspace: Option<String> },
    Vgtid { keyspace: Option<String> },
    Diagnostics { is_errors: bool, is_count: bool, limit: Option<(usize, usize)> },
    ProcessList { is_full: bool, is_of_one: bool },
    Engines,
    Plugins,
    CharacterSets,
    Variables { sql: String },
    Forwarded(forwarded::Forwarded),
    CreateDatabase(String),
    Unsupported(&'static str),
}

impl Show {
    /// Returns whether it shows the warnings of the statement before.
    pub fn is_diagnostic(&self) -> bool {
        matches!(self.kind, Kind::Diagnostics { .. })
    }
}

/// Reads a SHOW.
pub fn read(show: &ast::Show<'_>, query: &Query<'_>) -> Result<Show> {
    let filter = Filter::read(show.filter.as_ref());
    let kind = match &show.kind {
        ShowKind::Databases => Kind::Databases,
        ShowKind::Keyspaces => Kind::Keyspaces,
        ShowKind::Warnings { count, limit } => warnings::read(false, *count, limit.as_ref()),
        ShowKind::Errors { count, limit } => warnings::read(true, *count, limit.as_ref()),
        ShowKind::ProcessList { full } => {
            let is_of_one = processlist::is_of_one(query.sql);
            Kind::ProcessList { is_full: *full, is_of_one }
        }
        ShowKind::Engines => Kind::Engines,
        ShowKind::Plugins => Kind::Plugins,
        ShowKind::CharacterSet => Kind::CharacterSets,
        ShowKind::Variables { .. } => Kind::Variables { sql: query.sql.to_owned() },
        ShowKind::CreateDatabase { name, .. } => Kind::CreateDatabase(name.as_str().to_owned()),
        ShowKind::Vitess(one) => vitess_kind(one),
        _ => Kind::Forwarded(forwarded::read(show, query.sql)),
    };
    // The filter of what is forwarded goes with the text.
    let filter = match kind {
        Kind::Forwarded(_) | Kind::Variables { .. } => Filter::All,
        _ => filter?,
    };
    Ok(Show { kind, filter })
}

fn vitess_kind(show: &ShowVitess<'_>) -> Kind {
    let name = |name: &Option<ast::Ident<'_>>| name.map(|name| name.as_str().to_owned());
    match show {
        ShowVitess::Shards => Kind::Shards,
        ShowVitess::Tablets => Kind::Tablets,
        ShowVitess::ReplicationStatus => Kind::ReplicationStatus,
        ShowVitess::Target => Kind::Target,
        ShowVitess::MetadataVariables => Kind::Metadata,
        ShowVitess::VschemaKeyspaces => Kind::VschemaKeyspaces,
        ShowVitess::VschemaTables => Kind::VschemaTables,
        ShowVitess::VschemaVindexes { table } => {
            let table = table.map(|one| (name(&one.qualifier), one.name.as_str().to_owned()));
            Kind::VschemaVindexes { table }
        }
        ShowVitess::GtidExecuted { keyspace } => Kind::Gtid { keyspace: name(keyspace) },
        ShowVitess::VgtidExecuted { keyspace } => Kind::Vgtid { keyspace: name(keyspace) },
        ShowVitess::Migrations { .. } | ShowVitess::MigrationLogs { .. } => {
            Kind::Unsupported("SHOW VITESS_MIGRATIONS")
        }
        ShowVitess::ThrottledApps => Kind::Throttler(throttler::Asked::Apps),
        ShowVitess::ThrottlerStatus => Kind::Throttler(throttler::Asked::Status),
        ShowVitess::TransactionStatus { .. } | ShowVitess::UnresolvedTransactions { .. } => {
            Kind::Unsupported("SHOW of distributed transactions")
        }
    }
}

/// Answers a SHOW.
pub async fn run(gate: &Gate, session: &mut Session, show: Show) -> Result<QueryResult> {
    let filter = &show.filter;
    match show.kind {
        Kind::Databases => databases::databases(gate, filter),
        Kind::Keyspaces => databases::keyspaces(gate, filter),
        Kind::CreateDatabase(name) => databases::create_database(gate, &name),
        Kind::Shards => tablets::shards(gate, session, filter),
        Kind::Tablets => tablets::tablets(gate, filter),
        Kind::ReplicationStatus => replication::status(gate, session, filter).await,
        Kind::Target => tablets::target(session, filter),
        Kind::Throttler(asked) => throttler::show(gate, session, asked, filter).await,
        Kind::Metadata => variables::metadata(gate, filter).await,
        Kind::VschemaKeyspaces => vschema::keyspaces(gate, filter),
        Kind::VschemaTables => vschema::tables(gate, session, filter),
        Kind::VschemaVindexes { table: None } => vschema::vindexes(gate, session, filter),
        Kind::VschemaVindexes { table: Some((keyspace, table)) } => {
            vschema::vindexes_on(gate, session, keyspace.as_deref(), &table, filter)
        }
        Kind::Gtid { keyspace } => gtid::gtid(gate, session, keyspace, filter).await,
        Kind::Vgtid { keyspace } => gtid::vgtid(gate, session, keyspace, filter).await,
        Kind::Diagnostics { is_errors, is_count, limit } => {
            Ok(warnings::show(session, is_errors, is_count, limit))
        }
        Kind::ProcessList { is_full, is_of_one } => {
            processlist::show(gate, session, (is_full, is_of_one), filter).await
        }
        Kind::Engines => fixed::engines(filter),
        Kind::Plugins => fixed::plugins(filter),
        Kind::CharacterSets => fixed::character_sets(filter),
        Kind::Variables { sql } => variables::show(gate, session, &sql).await,
        Kind::Forwarded(forwarded) => forwarded::run(gate, session, forwarded).await,
        Kind::Unsupported(what) => Err(Error::unsupported(what)),
    }
}
