//! SHOW VITESS_REPLICATION_STATUS: every replica is asked how it follows.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use vt_base::{Result, TabletType};
use vt_discovery::TabletHealth;
use vt_tablet_api::ExecuteRequest;
use vt_value::QueryResult;

use super::Filter;
use super::table::Table;
use crate::gate::Gate;
use crate::session::Session;

/// How long a tablet may take to answer.
const ASK_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn status(gate: &Gate, session: &Session, filter: &Filter) -> Result<QueryResult> {
    let mut table = Table::new(&[
        "Keyspace",
        "Shard",
        "TabletType",
        "Alias",
        "Hostname",
        "ReplicationSource",
        "ReplicationHealth",
        "ReplicationLag",
        "ThrottlerStatus",
    ]);
    let all = gate.tablets.discovery.snapshot();
    let replicas: Vec<&Arc<TabletHealth>> = all
        .iter()
        .filter(|one| matches!(one.target.tablet_type, TabletType::Replica | TabletType::Rdonly))
        .collect();
    let answers = join_all(replicas.iter().map(|one| ask(session, one))).await;
    for (tablet, answer) in replicas.iter().zip(answers) {
        let answer = answer.unwrap_or_default();
        table.push([
            Some(tablet.target.keyspace.to_string()),
            Some(tablet.target.shard.to_string()),
            Some(tablet.target.tablet_type.as_str().to_uppercase()),
            Some(tablet.alias().to_string()),
            Some(tablet.tablet.hostname().to_owned()),
            Some(answer.source),
            Some(answer.health),
            Some(answer.lag.unwrap_or_else(|| tablet.stats.replication_lag_seconds.to_string())),
            // The throttler does not run yet, so that there is no state to tell.
            Some(String::new()),
        ]);
    }
    Ok(table.filter(filter, 0)?.finish())
}

#[derive(Default)]
struct Answer {
    source: String,
    health: String,
    lag: Option<String>,
}

async fn ask(session: &Session, tablet: &TabletHealth) -> Option<Answer> {
    let service = tablet.service.as_ref()?;
    let request = ExecuteRequest {
        caller: session.caller.clone(),
        target: tablet.target.clone(),
        sql: "show replica status".into(),
        options: Arc::new(session.execute_options()),
        ..ExecuteRequest::default()
    };
    let reply = tokio::time::timeout(ASK_TIMEOUT, service.execute(request)).await.ok()?;
    let result = reply.result.ok()?;
    let row = (!result.rows.is_empty()).then(|| result.rows.get(0))?;
    let value = |name: &str| {
        let place = result.fields.iter().position(|field| &*field.name == name)?;
        row.column(place).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let text = |name: &str| value(name).unwrap_or_default();
    let error = [text("Last_IO_Error"), text("Last_SQL_Error")].join("");
    let health = json!({
        "EventStreamRunning": text("Replica_IO_Running"),
        "EventApplierRunning": text("Replica_SQL_Running"),
        "LastError": error,
    });
    Some(Answer {
        source: format!("{}:{}", text("Source_Host"), text("Source_Port")),
        health: health.to_string(),
        lag: value("Seconds_Behind_Source"),
    })
}
