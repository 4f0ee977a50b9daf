//! VDiffs of the tablet: what [`vt_vdiff`] needs of it, and when it runs.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::StreamExt;
use vt_base::gtid::Position;
use vt_base::{Code, Error, Result, TabletType};
use vt_proto::binlogdata::VStreamRowsRequest;
use vt_proto::{query, tabletmanagerdata as tm};
use vt_rpc::dial::TabletDialer;
use vt_rpc::status::from_status;
use vt_value::QueryResult;
use vt_vdiff::{Engine, Host, Identity, RowStream, Side};
use vt_vreplication::{SourceTablet, Sources, Wish};
use vt_vstream::SourceTable;

use super::{Call, vreplication};
use crate::core::Core;
use crate::db::{ROWS_MAX, Role};
use crate::state::Serving;
use crate::streams::source;

/// The tablet as its VDiffs see it.
struct TabletHost {
    core: Weak<Core>,
    dialer: TabletDialer,
    sources: Sources,
}

/// A tablet that rows are read from.
struct TabletSide {
    tablet: SourceTablet,
    core: Weak<Core>,
    dialer: TabletDialer,
}

fn upgrade(core: &Weak<Core>) -> Result<Arc<Core>> {
    core.upgrade().ok_or_else(|| Error::new(Code::Unavailable, "tablet is shutting down"))
}

/// Makes the engine of a tablet; it runs nothing yet.
pub(crate) fn engine(core: &Arc<Core>) -> Arc<Engine> {
    let dialer = TabletDialer::default();
    let sources = Sources::new(core.topo.clone(), dialer.clone(), &core.config.alias.cell);
    let host = TabletHost { core: Arc::downgrade(core), dialer, sources };
    let identity = Identity {
        keyspace: core.config.keyspace.clone(),
        shard: core.config.shard.clone(),
        database: core.db.name().to_owned(),
    };
    Arc::new(Engine::new(Arc::new(host), identity, core.tasks.clone(), &core.stats))
}

/// Runs the engine for as long as the tablet is primary and serves, again and again.
pub(crate) async fn mind(core: Arc<Core>) {
    let mut changes = core.state.watch();
    loop {
        let state = core.state.get();
        let runs = state.target.tablet_type == TabletType::Primary
            && state.serving != Serving::NotConnected;
        match runs {
            true => {
                if let Err(err) = core.vdiffs().open().await {
                    tracing::warn!(%err, "cannot go on with unfinished vdiffs");
                    core.vdiffs().close();
                    tokio::time::sleep(REOPEN).await;
                    continue;
                }
            }
            false => core.vdiffs().close(),
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// How long until the tables are read again when they could not be.
const REOPEN: Duration = Duration::from_secs(2);
/// No stream is waited for any longer.
const WAIT_MAX: Duration = Duration::from_secs(3600);

#[async_trait]
impl Host for TabletHost {
    fn sidecar(&self) -> String {
        let sidecar = self.core.upgrade().map(|core| core.sidecar.load_full());
        sidecar.map_or("_vt".to_owned(), |name| String::clone(&name))
    }

    async fn query(&self, sql: &str) -> Result<QueryResult> {
        let core = upgrade(&self.core)?;
        let mut conn = core.db.connect(Role::Dba, Some(core.db.name())).await?;
        conn.query("set names utf8mb4, time_zone = '+00:00'", 0).await?;
        let result = conn.query(sql, ROWS_MAX).await;
        conn.close().await;
        result
    }

    async fn apply(&self, sql: &str) -> Result<()> {
        let core = upgrade(&self.core)?;
        let request = tm::VReplicationExecRequest { query: sql.to_owned() };
        vreplication::execute(&core, request, Call { deadline: None }).await.map(drop)
    }

    async fn wait_for_stream(&self, stream: i64, position: &str) -> Result<()> {
        let core = upgrade(&self.core)?;
        let id = i32::try_from(stream).map_err(|_| Error::bug("a stream's id is no int"))?;
        let request = tm::VReplicationWaitForPosRequest { id, position: position.to_owned() };
        // Whoever waits ends that in its own time.
        let call = Call { deadline: Instant::now().checked_add(WAIT_MAX) };
        vreplication::wait_for_pos(&core, request, call).await.map(drop)
    }

    async fn position(&self) -> Result<String> {
        let core = upgrade(&self.core)?;
        let gtid_set = source(&core).position().await?;
        Ok(Position { gtid_set }.to_string())
    }

    async fn table(&self, name: &str) -> Result<SourceTable> {
        source(&*upgrade(&self.core)?).table(name).await
    }

    async fn tables(&self) -> Result<Vec<String>> {
        source(&*upgrade(&self.core)?).tables().await
    }

    async fn tenant_column(&self) -> Result<Option<String>> {
        let core = upgrade(&self.core)?;
        let record = match core.topo.get_srv_vschema(&core.config.alias.cell).await {
            Ok(record) => record,
            Err(error) if error.is_no_node() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let keyspace = record.keyspaces.get(&core.config.keyspace);
        let spec = keyspace.and_then(|keyspace| keyspace.multi_tenant_spec.as_ref());
        Ok(spec.map(|spec| spec.tenant_id_column_name.clone()))
    }

    async fn pick(&self, wish: &Wish) -> Result<Arc<dyn Side>> {
        let tablet = self.sources.pick(wish, &[]).await?;
        let (core, dialer) = (self.core.clone(), self.dialer.clone());
        Ok(Arc::new(TabletSide { tablet, core, dialer }))
    }
}

#[async_trait]
impl Side for TabletSide {
    fn alias(&self) -> String {
        self.tablet.alias.to_string()
    }

    async fn wait_for_position(&self, position: &str, patience: Duration) -> Result<()> {
        let core = upgrade(&self.core)?;
        let record = core.topo.get_tablet(&self.tablet.alias).await?;
        let mut manager = self.dialer.tablet_manager(&record.message)?;
        let message = tm::WaitForPositionRequest { position: position.to_owned() };
        let mut request = tonic::Request::new(message);
        request.set_timeout(patience);
        let waited = manager.wait_for_position(request).await;
        waited.map(drop).map_err(|status| from_status(&status))
    }

    async fn rows(&self, query: &str, after: Option<query::QueryResult>) -> Result<RowStream> {
        let request = VStreamRowsRequest {
            query: query.to_owned(),
            lastpk: after,
            ..VStreamRowsRequest::default()
        };
        let rows = self.tablet.v_stream_rows(request).await?;
        Ok(rows.map(|part| part.map_err(|status| from_status(&status))).boxed())
    }
}

/// Carries out what the control asks of VDiffs.
pub(super) async fn act(
    core: &Arc<Core>,
    request: tm::VDiffRequest,
    _: Call,
) -> Result<tm::VDiffResponse> {
    core.vdiffs().act(request).await
}
