//! The loops of a tablet: watching its server, its shard, its schema; telling its health.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};
use vt_base::{Error, Result, TabletType};
use vt_mysqld::replication::{self, SemiSync, SemiSyncState};
use vt_proto::topodata;
use vt_topo::records::shard::{tablet_control, to_proto_time};
use vt_topo::{ShardRecord, TopoError, WatchEvent};

use crate::core::Core;
use crate::db::quote_name;
use crate::query::rules::Denied;
use crate::reconnect::Reconnect;
use crate::schema::text;

/// How long the server may take to answer before it counts as away.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a change of primary is left to whoever made it.
const FOLLOW_DELAY: Duration = Duration::from_secs(3);

/// What was last seen of the server.
#[derive(Default)]
struct Seen {
    uptime: u64,
    restored: bool,
    queries: u64,
    at: Option<Instant>,
    /// How many times in a row it took too long to answer.
    misses: u32,
    reconnect: Reconnect,
    /// How many commits were acknowledged when some were seen to wait.
    waiting: Option<u64>,
    is_blocked: bool,
    /// A write of our own is under way that lets commits go on.
    pushing: Arc<AtomicBool>,
}

/// How many answers in a row may be missing before the server counts as away.
const MISSES_MAX: u32 = 2;

/// Returns whether an error only says that there are too many connections: the server lives.
fn is_crowded(err: &Error) -> bool {
    err.errno() == 1040 || err.code() == vt_base::Code::ResourceExhausted
}

impl Core {
    /// Looks at the server again and again; gives it its role when it comes up.
    pub async fn watch_mysqld(self: Arc<Core>) {
        let mut ticks = interval(self.config.health.poll_interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = Seen::default();
        loop {
            tokio::select! {
                biased;
                () = self.queries.mysqld_suspect.notified() => {}
                _ = ticks.tick() => {}
            }
            self.measure_qps(&mut seen);
            let looked = tokio::time::timeout(ANSWER_TIMEOUT, self.look(&mut seen)).await;
            match looked {
                Ok(Ok(())) => seen.misses = 0,
                Ok(Err(err)) if is_crowded(&err) => {
                    tracing::warn!(%err, "mysqld has no connection to spare");
                }
                Ok(Err(err)) => self.lost_mysqld(&mut seen, &err),
                Err(_) => {
                    seen.misses += 1;
                    if seen.misses >= MISSES_MAX {
                        self.lost_mysqld(&mut seen, &timed_out());
                    }
                }
            }
            if !seen.restored && seen.uptime > 0 {
                match self.restore_role().await {
                    Ok(()) => {
                        seen.restored = true;
                        self.set_mysqld(Ok(()));
                    }
                    Err(err) => {
                        tracing::warn!(%err, "cannot give the server its role yet");
                        tokio::time::sleep(self.config.health.poll_interval).await;
                    }
                }
            } else if let Err(err) = self.follow_owed().await {
                tracing::warn!(%err, "cannot follow the shard's primary yet");
            }
        }
    }

    fn lost_mysqld(&self, seen: &mut Seen, err: &Error) {
        if self.role.lock().mysqld.is_ok() {
            tracing::warn!(%err, "mysqld does not answer");
        }
        *seen = Seen { queries: seen.queries, at: seen.at, ..Seen::default() };
        self.role.lock().ready = false;
        self.set_mysqld(Err(format!("mysqld does not answer: {}", err.message())));
    }

    async fn look(self: &Arc<Core>, seen: &mut Seen) -> Result<()> {
        let mut conn = self.db.dba().await?;
        let result = conn.query("show global status like 'Uptime'", 1).await?;
        let uptime = result.rows.iter().next().and_then(|row| text(row, 1).parse().ok());
        let uptime = uptime.unwrap_or(1).max(1);
        if uptime < seen.uptime {
            // It was away between two looks, and has forgotten its role.
            seen.restored = false;
            self.role.lock().ready = false;
            self.evaluate();
        }
        seen.uptime = uptime;
        if seen.restored {
            self.set_mysqld(Ok(()));
        }
        let (is_primary, semi_sync) = {
            let role = self.role.lock();
            (role.tablet_type == TabletType::Primary, role.semi_sync)
        };
        if is_primary || self.config.db.unmanaged {
            let state = match is_primary && semi_sync && !self.config.db.unmanaged {
                true => SemiSync::state(&mut conn).await?,
                false => SemiSyncState::default(),
            };
            self.note_blocked(seen, &state);
            if seen.is_blocked && state.clients > 0 {
                self.push_commits(seen);
            }
            return Ok(());
        }
        let status = replication::replica_status(&mut conn).await?;
        let lag = self.lag.lock().judge(status.as_ref(), Instant::now());
        if self.health.set_lag(lag) {
            self.evaluate();
            self.health.tell();
        }
        drop(conn);
        match &status {
            Some(status) => self.reconnect(&mut seen.reconnect, status).await,
            None => Ok(()),
        }
    }

    /// Takes note of whether commits wait and none has been acknowledged since the last look.
    fn note_blocked(&self, seen: &mut Seen, state: &SemiSyncState) {
        let waiting = (state.waiting > 0).then_some(state.acknowledged);
        let blocked = waiting.is_some() && waiting == seen.waiting;
        seen.waiting = waiting;
        seen.is_blocked = blocked;
        if std::mem::replace(&mut self.role.lock().blocked, blocked) == blocked {
            return;
        }
        match blocked {
            true => tracing::error!(
                waiting = state.waiting,
                "commits wait: no tablet acknowledges them"
            ),
            false => tracing::info!("commits are acknowledged again, or none waits"),
        }
        self.evaluate();
    }

    /// Writes a row of our own, of which replicas tell that they have it.
    ///
    /// A replica that connects anew acknowledges what comes then, and with it all before; a commit
    /// that it had already received would wait for the next one, and that may never come.
    fn push_commits(self: &Arc<Core>, seen: &Seen) {
        if seen.pushing.swap(true, Ordering::AcqRel) {
            return;
        }
        let (core, pushing) = (self.clone(), seen.pushing.clone());
        self.tasks.spawn_until_cancelled("semi-sync push", async move {
            let table = format!("{}.semisync_heartbeat", quote_name(&core.sidecar.load()));
            let written = async {
                core.db.dba_query(&format!("insert into {table} (ts) values (now(6))")).await?;
                core.db.dba_query(&format!("delete from {table}")).await
            };
            if let Ok(Err(err)) = tokio::time::timeout(ANSWER_TIMEOUT, written).await {
                tracing::warn!(%err, "cannot write what would let commits go on");
            }
            pushing.store(false, Ordering::Release);
        });
    }

    fn measure_qps(&self, seen: &mut Seen) {
        let (now, queries) = (Instant::now(), self.queries.stats.total.get());
        if let Some(at) = seen.at {
            let took = now.saturating_duration_since(at).as_secs_f64();
            if took < 0.5 {
                return;
            }
            self.health.set_qps((queries - seen.queries) as f64 / took);
        }
        (seen.at, seen.queries) = (Some(now), queries);
    }

    /// Tells the health every so often, and at every change of the state.
    pub async fn tell_health(self: Arc<Core>) {
        let mut ticks = interval(self.config.health.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut changes = self.state.watch();
        loop {
            tokio::select! {
                biased;
                changed = changes.changed() => if changed.is_err() { return },
                _ = ticks.tick() => {}
            }
            self.health.tell();
        }
    }

    /// Reads the schema every so often, and after each statement that changed it.
    pub async fn watch_schema(self: Arc<Core>) {
        let period = self.config.queries.schema_reload_time.max(Duration::from_secs(1));
        loop {
            let wait = tokio::time::timeout(period, self.queries.schema_changed.notified());
            drop(wait.await);
            if self.role.lock().mysqld.is_ok()
                && let Err(err) = self.reload_schema().await
            {
                tracing::warn!(%err, "cannot read the schema");
            }
        }
    }

    /// Writes the record to the topology until that succeeds, each time it could not be written.
    pub async fn publish_record(self: Arc<Core>) {
        loop {
            self.publish.notified().await;
            while let Err(err) = self.write_record().await {
                tracing::warn!(%err, "cannot write the tablet's record");
                tokio::time::sleep(self.config.shard_sync_retry_delay.min(RECORD_RETRY)).await;
            }
        }
    }

    /// Keeps tablet and shard of one mind: at every change of either, and every so often.
    pub async fn watch_shard(self: Arc<Core>) {
        let path = vt_topo::paths::shard(&self.config.keyspace, &self.config.shard);
        let mut known: Option<ShardRecord> = None;
        loop {
            let watched = self.topo.global().watch(&path).await;
            let mut watch = match watched {
                Ok((_, watch)) => Some(watch),
                Err(err) => {
                    tracing::warn!(%err, "cannot watch the shard");
                    None
                }
            };
            loop {
                if let Err(err) = self.sync_shard(&mut known).await {
                    tracing::warn!(%err, "shard and tablet are not of one mind yet");
                }
                let event = async {
                    match &mut watch {
                        Some(watch) => watch.next().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    () = self.sync.notified() => {}
                    event = event => match event {
                        Ok(WatchEvent::Lost(err)) => {
                            tracing::warn!(%err, "the topology is away");
                        }
                        Ok(_) => {}
                        Err(_) => break,
                    },
                    () = tokio::time::sleep(self.config.shard_sync_retry_delay) => {
                        if watch.is_none() {
                            break;
                        }
                    }
                }
            }
            tokio::time::sleep(RECORD_RETRY).await;
        }
    }

    /// Brings shard and tablet to agree; `known` is the shard as it was last.
    pub async fn sync_shard(&self, known: &mut Option<ShardRecord>) -> Result<()> {
        let shard = self.topo.get_shard(&self.config.keyspace, &self.config.shard).await?;
        self.take_controls(&shard).await;
        let former = known.replace(shard.clone());
        let (tablet_type, term, ready) = {
            let role = self.role.lock();
            (role.tablet_type, role.term_start, role.ready)
        };
        if tablet_type == TabletType::Primary {
            let Some(term) = term.filter(|_| ready) else { return Ok(()) };
            return self.agree_on_primary(&shard, term).await;
        }
        let news = former.is_some_and(|former| former.primary_alias() != shard.primary_alias());
        if news && ready && tablet_type.serves_queries() {
            tokio::time::sleep(FOLLOW_DELAY).await;
            let _action = self.action.lock().await;
            // It may have been told, or have been promoted, meanwhile.
            if self.tablet_type() != TabletType::Primary {
                let shard = self.topo.get_shard(&self.config.keyspace, &self.config.shard).await?;
                self.follow_shard(&shard).await?;
            }
        }
        Ok(())
    }

    /// Makes the shard's record name this primary, or gives way to one of a later term.
    async fn agree_on_primary(
        &self,
        shard: &ShardRecord,
        term: std::time::SystemTime,
    ) -> Result<()> {
        let named = shard.primary_alias();
        let own = named.as_ref() == Some(&self.config.alias);
        let later = shard.primary_term_start().is_some_and(|theirs| theirs > term);
        if !own && later {
            tracing::warn!(primary = ?named, "gives way to a primary of a later term");
            let _action = self.action.lock().await;
            if self.tablet_type() != TabletType::Primary {
                return Ok(());
            }
            let base = self.role.lock().base_type;
            self.become_follower(base, false).await?;
            return self.follow_shard(shard).await;
        }
        if own && shard.primary_term_start() == Some(term) {
            return Ok(());
        }
        if own && later {
            // Whoever promoted it has found its clock to be behind.
            let _action = self.action.lock().await;
            self.take_term(term, shard.primary_term_start()).await;
            return Ok(());
        }
        let alias = topodata::TabletAlias::from(&self.config.alias);
        self.topo
            .update_shard_fields(&self.config.keyspace, &self.config.shard, |record| {
                let theirs = record.primary_term_start_time.as_ref();
                let theirs = theirs.and_then(vt_topo::records::shard::to_system_time);
                if theirs.is_some_and(|theirs| theirs > term) {
                    let path = format!("{}/{}", self.config.keyspace, self.config.shard);
                    return Err(TopoError::NoUpdateNeeded(path));
                }
                record.primary_alias = Some(alias.clone());
                record.primary_term_start_time = Some(to_proto_time(term));
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Takes what the topology says of serving: tables denied, the query service switched off.
    pub async fn take_controls(&self, shard: &ShardRecord) {
        // Who asks for it is told when it is done, also where another has begun it.
        let _turn = self.controls.lock().await;
        let tablet_type = self.tablet_type();
        let cell = &*self.config.alias.cell;
        let proto_type = topodata::TabletType::try_from(tablet_type as i32).unwrap_or_default();
        let denied = tablet_control(&shard.message, proto_type)
            .filter(|control| {
                control.cells.is_empty() || control.cells.iter().any(|one| one == cell)
            })
            .map(|control| Denied {
                tables: control.denied_tables.clone(),
                allow_reads: control.allow_reads,
            })
            .unwrap_or_default();
        self.queries.rules.deny("denied tables", denied);
        // While the graph cannot be read, what it said last holds.
        if let Ok(srv) = self.topo.get_srv_keyspace(cell, &self.config.keyspace).await {
            let disabled = vt_topo::records::srv_keyspace::partition(&srv, proto_type)
                .into_iter()
                .flat_map(|partition| &partition.shard_tablet_controls)
                .any(|one| one.name == self.config.shard && one.query_service_disabled);
            self.take_disabled(disabled).await;
        }
    }
}

/// How long a write to the topology that failed waits for its next turn.
const RECORD_RETRY: Duration = Duration::from_secs(2);

fn timed_out() -> Error {
    Error::new(vt_base::Code::DeadlineExceeded, "no answer in time")
}
