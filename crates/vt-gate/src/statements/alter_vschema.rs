//! ALTER VSCHEMA: one change to a keyspace's vschema, in the topology.

use vt_base::{Code, Error, ErrorId, Result};
use vt_sql::ast;
use vt_topo::TopoServer;
use vt_value::QueryResult;
use vt_vschema::change::VSchemaChange;

use crate::gate::Gate;
use crate::session::Session;

/// How long the gateway waits to see its own change.
const SEEN_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// How often a change is tried again when another came first.
const ATTEMPTS_MAX: u32 = 20;

/// A change to a keyspace.
#[derive(Debug)]
pub struct AlterVschema {
    pub keyspace: String,
    pub change: VSchemaChange,
}

/// Reads the statement; names without a keyspace are of the session's.
pub fn read(alter: &ast::AlterVschema<'_>, keyspace: Option<&str>) -> Result<AlterVschema> {
    let (keyspace, change) = vt_planner::vschema_change(alter, keyspace)?;
    Ok(AlterVschema { keyspace, change })
}

/// Makes the change by compare-and-set and waits until it is in force here.
pub async fn run(gate: &Gate, session: &mut Session, alter: AlterVschema) -> Result<QueryResult> {
    check_allowed(gate, session)?;
    let keyspace = &alter.keyspace;
    if !gate.has_keyspace(keyspace) {
        return Err(Error::vt(ErrorId::VT05003, keyspace));
    }
    let topo = gate.topo_server();
    let mut version = gate.vschemas.version();
    version.mark_unchanged();
    change(topo, keyspace, &alter.change).await?;
    topo.rebuild_srv_vschema(&[]).await?;
    // Other gateways follow by themselves; this client expects its next statement to see it.
    if tokio::time::timeout(SEEN_TIMEOUT, version.changed()).await.is_err() {
        tracing::warn!(keyspace, "the changed vschema has not come back yet");
    }
    Ok(QueryResult::default())
}

/// Changes the stored vschema; tries again while others change it too.
async fn change(topo: &TopoServer, keyspace: &str, change: &VSchemaChange) -> Result<()> {
    for _ in 0..ATTEMPTS_MAX {
        let (record, version) = match topo.get_vschema_version(keyspace).await {
            Err(error) if error.is_no_node() => {
                topo.ensure_vschema(keyspace).await?;
                continue;
            }
            found => found?,
        };
        let spec = vt_rpc::vschema::keyspace_spec_from_proto(&record);
        let next = vt_vschema::change::apply(keyspace, &spec, change)?;
        let next = vt_rpc::vschema::keyspace_spec_to_proto(&next);
        match topo.update_vschema(keyspace, &next, version).await {
            Err(error) if error.is_bad_version() => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        }
    }
    let message = format!("the vschema of {keyspace} is changed by others all the time");
    Err(Error::new(Code::Aborted, message))
}

/// Fails unless the user may change the vschema (`--vschema-ddl-authorized-users`).
pub fn check_allowed(gate: &Gate, session: &Session) -> Result<()> {
    let allowed = gate.config.vschema_ddl_users.trim();
    let user = &*session.caller.username;
    if allowed == "%" || allowed.split(',').any(|one| !one.is_empty() && one.trim() == user) {
        return Ok(());
    }
    let message = format!("User '{user}' is not authorized to perform vschema operations");
    Err(Error::new(Code::PermissionDenied, message))
}
