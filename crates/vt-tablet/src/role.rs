//! What the tablet is in its shard, and the ways from one role to another.
//!
//! A role changes under the action lock, step by step so that at every moment at most one tablet of
//! a shard takes writes that count: a primary is closed before it is another's turn, and serves
//! only when its server is open and its semi-synchronous replication is as it was told.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use vt_base::{Code, Error, ErrorId, Result, TabletType};
use vt_mysql::Conn;
use vt_mysqld::replication::{self, Access, PrimaryStatus, SemiSync};

use crate::core::Core;
use crate::db::quote_name;
use crate::health::Lag;
use crate::lease::Start;
use crate::sidecar;
use crate::state::Serving;

/// How long closing a server to writes may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a primary does not serve that was closed and has not become another thing yet.
pub(crate) const DEMOTED: &str = "demoted";

/// How long calls under way may take to end when a primary is closed in order.
const IDLE_GRACE: Duration = Duration::from_secs(1);

/// How long sessions and calls may take to end when a primary is closed by force.
const FORCE_GRACE: Duration = Duration::from_millis(100);

/// How long the two parts of closing by force may take: whoever replaces the primary waits for it.
const FENCE_TIMEOUT: Duration = Duration::from_secs(1);
const FORCE_TIMEOUT: Duration = Duration::from_millis(1500);

/// Why a tablet does not serve whose query service the topology has switched off.
const DISABLED: &str = "TabletControl.DisableQueryService set";

/// How long transactions may take to end when the query service is switched off: their clients'
/// next statements wait at the gateways for so long.
const DISABLE_GRACE: Duration = Duration::from_secs(1);

/// What the tablet is, and whether it may serve as that.
#[derive(Clone, Debug)]
pub struct Role {
    pub tablet_type: TabletType,
    /// What it is when it is not primary.
    pub base_type: TabletType,
    pub term_start: Option<SystemTime>,
    /// A primary that is going, or has gone but not yet become another thing, and why.
    pub stopped: Option<(Serving, &'static str)>,
    /// The topology has switched the query service off.
    pub disabled: bool,
    /// It is to be off, and transactions that are open may end first.
    pub draining: bool,
    /// The server has the role: a primary's takes writes.
    pub ready: bool,
    /// Whether the server answers.
    pub mysqld: Result<(), String>,
    /// Whether the disk of its data takes writes, and by what name it does not.
    pub disk: Result<(), &'static str>,
    /// Whether commits were told to wait for replicas, and this server to acknowledge.
    pub semi_sync: bool,
    /// The shard's primary could not be followed when the server got its role.
    pub owes_follow: bool,
    /// It is primary, and its lease has ended.
    pub lapsed: bool,
    /// It is primary, and its commits wait in vain for a tablet that acknowledges.
    pub blocked: bool,
}

/// What the health of a primary says whose commits wait in vain.
const BLOCKED: &str = "commits wait: no tablet acknowledges them";

impl Role {
    /// Makes the role of a tablet that has not started.
    pub fn new(base_type: TabletType) -> Role {
        Role {
            tablet_type: base_type,
            base_type,
            term_start: None,
            stopped: None,
            disabled: false,
            draining: false,
            ready: false,
            mysqld: Err("mysqld has not answered yet".to_owned()),
            disk: Ok(()),
            semi_sync: false,
            owes_follow: false,
            lapsed: false,
            blocked: false,
        }
    }
}

/// Returns whether tablets of a type run the query service.
fn runs_queries(tablet_type: TabletType) -> bool {
    !matches!(tablet_type, TabletType::Unknown | TabletType::Backup | TabletType::Restore)
}

/// Judges whether the tablet serves, and why not.
pub fn judge(role: &Role, lag: &Lag, unhealthy: Duration) -> (Serving, String) {
    let no = |reason: &str| (Serving::NotServing, reason.to_owned());
    if let Err(reason) = &role.mysqld {
        return (Serving::NotConnected, reason.clone());
    }
    if let Some((serving, reason)) = role.stopped {
        return (serving, reason.to_owned());
    }
    if !runs_queries(role.tablet_type) {
        let name = role.tablet_type.as_str().to_ascii_uppercase();
        return (Serving::NotServing, format!("not a serving tablet type({name})"));
    }
    if role.disabled {
        return no(DISABLED);
    }
    if role.draining {
        return (Serving::Draining, DISABLED.to_owned());
    }
    if !role.ready {
        return no("the server is being prepared");
    }
    if role.lapsed && role.tablet_type == TabletType::Primary {
        return no("the lease of the primary's term has ended");
    }
    if role.tablet_type != TabletType::Primary {
        // A primary answers reads until another takes its place.
        if let Err(disk) = role.disk {
            return no(disk);
        }
        if let Some(error) = &lag.error {
            return no(error);
        }
        if u64::from(lag.seconds) > unhealthy.as_secs() {
            return no("replication lag is above the unhealthy threshold");
        }
    }
    if role.blocked && role.tablet_type == TabletType::Primary {
        // It answers reads, and commits go on by themselves once somebody acknowledges.
        return (Serving::Serving, BLOCKED.to_owned());
    }
    (Serving::Serving, String::new())
}

impl Core {
    /// Judges anew whether the tablet serves; tells health if that changes.
    pub fn evaluate(&self) {
        let role = self.role.lock().clone();
        let lag = self.health.lag();
        let (serving, reason) = judge(&role, &lag, self.config.health.unhealthy_threshold);
        let grace = self.config.health.serving_grace_period;
        let changed = self.state.update(|state| {
            let former = state.target.tablet_type;
            if former != role.tablet_type {
                state.also = (!grace.is_zero() && former.serves_queries())
                    .then(|| (former, Instant::now() + grace));
            }
            state.target.tablet_type = role.tablet_type;
            state.term_start = role.term_start;
            state.serving = serving;
            state.reason.clone_from(&reason);
        });
        if changed {
            self.health.tell();
        }
    }

    fn set_role(&self, change: impl FnOnce(&mut Role)) {
        change(&mut self.role.lock());
        self.evaluate();
    }

    /// Takes note of whether the topology lets the tablet serve. Returns when it does, or when
    /// nothing runs on its server any more that a gateway has sent.
    pub async fn take_disabled(&self, disabled: bool) {
        if self.role.lock().disabled == disabled {
            return;
        }
        if !disabled {
            return self.set_role(|role| role.disabled = false);
        }
        if self.state.is_serving() {
            self.set_role(|role| role.draining = true);
            let grace = self.config.queries.shutdown_grace_period;
            let grace = if grace.is_zero() { DISABLE_GRACE } else { grace.min(DISABLE_GRACE) };
            self.queries.end_sessions(grace).await;
            self.state.wait_idle(DISABLE_GRACE).await;
        }
        self.set_role(|role| {
            role.draining = false;
            role.disabled = true;
        });
        self.queries.live.terminate_all(Duration::ZERO).await;
        // Those that were killed still say so to their callers.
        self.state.wait_idle(DISABLE_GRACE).await;
    }

    /// Makes the tablet primary of its shard for a term. The action lock must be held.
    pub async fn become_primary(
        &self,
        term_start: SystemTime,
        semi_sync: bool,
        start: Start,
    ) -> Result<()> {
        let begun = Instant::now();
        let managed = !self.config.db.unmanaged;
        let mut conn = self.db.dba().await?;
        if managed {
            if replication::replica_status(&mut conn).await?.is_some() {
                replication::reset_replica_all(&mut conn).await?;
            }
            replication::set_access(&mut conn, Access::ReadWrite).await?;
        }
        let opened = begun.elapsed();
        // Before commits wait for replicas: those come only when they know of this primary.
        self.prepare_databases(&mut conn).await?;
        let prepared = begun.elapsed();
        if managed {
            SemiSync::set(&mut conn, semi_sync, semi_sync).await?;
        }
        self.queries.sequences.reset(None);
        self.state.lease.begin(start, managed && semi_sync);
        self.set_role(|role| {
            role.tablet_type = TabletType::Primary;
            role.term_start = Some(term_start);
            role.semi_sync = semi_sync;
            role.lapsed = false;
            role.stopped = None;
            role.ready = true;
            role.mysqld = Ok(());
        });
        tracing::info!(?opened, ?prepared, served = ?begun.elapsed(), "became primary");
        drop(conn);
        self.record_role().await;
        self.sync.notify_one();
        // It serves already: nobody has to wait for this.
        self.queries.schema_changed.notify_one();
        Ok(())
    }

    /// Takes note that the server is primary without touching it: another system made it so.
    pub async fn assume_primary(&self, term_start: SystemTime) -> Result<()> {
        self.queries.sequences.reset(None);
        self.state.lease.free();
        self.set_role(|role| {
            role.tablet_type = TabletType::Primary;
            role.term_start = Some(term_start);
            role.stopped = None;
            role.ready = true;
        });
        self.record_role().await;
        self.sync.notify_one();
        self.reload_schema().await
    }

    /// Takes a later term than its own, of which it still is primary. The action lock must be held.
    pub async fn take_term(&self, own: SystemTime, later: Option<SystemTime>) {
        let same =
            |role: &Role| role.tablet_type == TabletType::Primary && role.term_start == Some(own);
        if same(&self.role.lock()) {
            self.set_role(|role| role.term_start = later);
            self.record_role().await;
        }
    }

    /// Takes note that the server follows another without touching it.
    pub async fn assume_follower(&self) {
        self.state.lease.free();
        self.set_role(|role| {
            role.tablet_type = role.base_type;
            role.term_start = None;
            role.stopped = None;
        });
        self.record_role().await;
    }

    /// Makes the keyspace's database and the system's own, if they are not there.
    async fn prepare_databases(&self, conn: &mut Conn) -> Result<()> {
        let name = self.db.name();
        let sql = format!("show databases like {}", crate::db::quote_text(&like(name)));
        if conn.query(&sql, 10).await?.rows.is_empty() {
            conn.query(format!("create database if not exists {}", quote_name(name)), 0).await?;
        }
        let sidecar = self.sidecar.load_full();
        let made = sidecar::create(conn, &sidecar).await?;
        if made > 0 {
            tracing::info!(database = %sidecar, statements = made, "sidecar database is up to date");
        }
        Ok(())
    }

    /// Closes a primary: its sessions end, its server takes no more writes. The action lock must be
    /// held. On failure the primary is open again.
    pub async fn close_primary(&self) -> Result<PrimaryStatus> {
        self.fence(self.config.queries.shutdown_grace_period, IDLE_GRACE).await;
        match tokio::time::timeout(CLOSE_TIMEOUT, self.close_server(false)).await {
            Ok(Ok(status)) => Ok(status),
            Ok(Err(error)) => {
                self.unfence();
                Err(error)
            }
            Err(_) => {
                self.unfence();
                Err(Error::vt(ErrorId::VT09031, ""))
            }
        }
    }

    /// Closes a primary that is to be replaced, or has been. The action lock must be held. From then
    /// on it serves nobody, whatever comes of it; `None` where its server does not say that it is
    /// closed.
    pub async fn close_primary_by_force(&self) -> Result<Option<PrimaryStatus>> {
        // What is open cannot be committed any more, and a server that hangs ends nothing.
        self.state.lease.end();
        let fenced = self.fence(FORCE_GRACE, FORCE_GRACE);
        if tokio::time::timeout(FENCE_TIMEOUT, fenced).await.is_err() {
            tracing::warn!("statements under way could not be ended yet");
            self.set_role(|role| role.stopped = Some((Serving::NotServing, DEMOTED)));
        }
        match tokio::time::timeout(FORCE_TIMEOUT, self.close_server(true)).await {
            Ok(Ok(status)) => Ok(Some(status)),
            Ok(Err(err)) => {
                tracing::warn!(%err, "the server of the closed primary does not answer");
                Ok(None)
            }
            Err(_) => {
                tracing::warn!("the server of the closed primary hangs");
                Ok(None)
            }
        }
    }

    /// Lets nobody in any more, and ends what is under way.
    async fn fence(&self, sessions: Duration, calls: Duration) {
        self.set_role(|role| role.stopped = Some((Serving::Draining, "demotion in progress")));
        self.queries.end_sessions(sessions).await;
        self.state.wait_idle(calls).await;
        self.state.lease.end();
        self.set_role(|role| role.stopped = Some((Serving::NotServing, DEMOTED)));
        // Statements that came before still run on pooled connections.
        self.queries.live.terminate_all(Duration::ZERO).await;
    }

    /// Lets callers in again that were shut out for a demotion that failed.
    fn unfence(&self) {
        let needed = self.role.lock().semi_sync && !self.config.db.unmanaged;
        self.state.lease.begin(Start::Resumed, needed);
        self.set_role(|role| {
            role.stopped = None;
            role.lapsed = false;
        });
    }

    async fn close_server(&self, force: bool) -> Result<PrimaryStatus> {
        let mut conn = self.db.dba().await?;
        if !self.config.db.unmanaged {
            if force {
                // Commits that wait for replicas would keep the server from closing.
                SemiSync::set(&mut conn, false, false).await?;
            }
            // Semi-sync stays as it is in order: switching it off takes MySQL a second, in which nobody
            // could write, and who makes this server a replica, or primary again, sets it anyway.
            replication::set_access(&mut conn, Access::SuperReadOnly).await?;
        }
        replication::primary_status(&mut conn).await
    }

    /// Opens a primary again that was closed and has not become another thing; one that is open goes
    /// on, with commits that wait for replicas or do not, and so do the calls under way.
    pub async fn reopen_primary(&self, semi_sync: bool) -> Result<()> {
        let is_open = {
            let role = self.role.lock();
            role.ready && role.stopped.is_none() && !role.lapsed
        };
        let mut conn = self.db.dba().await?;
        if !self.config.db.unmanaged {
            SemiSync::set(&mut conn, semi_sync, semi_sync).await?;
            replication::set_access(&mut conn, Access::ReadWrite).await?;
        }
        let needed = semi_sync && !self.config.db.unmanaged;
        let lease = &self.state.lease;
        match is_open {
            true => lease.set_needed(lease.generation(), needed),
            false => lease.begin(Start::Resumed, needed),
        }
        self.set_role(|role| {
            role.stopped = None;
            role.semi_sync = semi_sync;
            role.lapsed = false;
        });
        Ok(())
    }

    /// Makes the tablet one of those that follow. The action lock must be held.
    pub async fn become_follower(&self, tablet_type: TabletType, semi_sync: bool) -> Result<()> {
        if self.tablet_type() == TabletType::Primary {
            self.close_primary_by_force().await?;
            self.lag.lock().reset();
        }
        if !self.config.db.unmanaged {
            let mut conn = self.db.dba().await?;
            replication::set_access(&mut conn, Access::SuperReadOnly).await?;
            SemiSync::set(&mut conn, false, semi_sync).await?;
        }
        self.set_role(|role| {
            role.tablet_type = tablet_type;
            role.term_start = None;
            role.stopped = None;
            role.semi_sync = semi_sync;
            role.ready = true;
            role.lapsed = false;
        });
        self.state.lease.free();
        self.record_role().await;
        // What the shard denies depends on the type.
        self.sync.notify_one();
        Ok(())
    }

    /// Notes whether the server answers; judges anew.
    pub fn set_mysqld(&self, mysqld: Result<(), String>) {
        let news = self.role.lock().mysqld != mysqld;
        if news {
            self.set_role(|role| role.mysqld = mysqld);
        }
    }

    /// Refuses what only a primary, or only another than a primary, does.
    pub fn require(&self, primary: bool) -> Result<()> {
        let tablet_type = self.tablet_type();
        if (tablet_type == TabletType::Primary) == primary {
            return Ok(());
        }
        let name = tablet_type.as_str().to_ascii_uppercase();
        let alias = &self.config.alias;
        let text = if primary {
            format!("tablet {alias} is not primary, but {name}")
        } else {
            format!("tablet {alias} is primary")
        };
        Err(Error::new(Code::FailedPrecondition, text))
    }

    /// Gives a handle for a task.
    pub fn handle(self: &Arc<Core>) -> Arc<Core> {
        Arc::clone(self)
    }
}

/// Escapes what a LIKE pattern would take for a wildcard.
fn like(name: &str) -> String {
    name.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tablet_serves_when_nothing_speaks_against_it() {
        let unhealthy = Duration::from_secs(100);
        let ready = Role { ready: true, mysqld: Ok(()), ..Role::new(TabletType::Replica) };
        let well = Lag { seconds: 3, error: None };
        let serving = |role: &Role, lag: &Lag| judge(role, lag, unhealthy).0;
        assert_eq!(serving(&ready, &well), Serving::Serving);
        let away = Role { mysqld: Err("away".into()), ..ready.clone() };
        assert_eq!(judge(&away, &well, unhealthy), (Serving::NotConnected, "away".into()));
        let late = Lag { seconds: 101, error: None };
        assert_eq!(serving(&ready, &late), Serving::NotServing);
        let broken = Lag { seconds: 0, error: Some("replication is not running".into()) };
        assert_eq!(serving(&ready, &broken), Serving::NotServing);
        let full = Role { disk: Err("the disk is full"), ..ready.clone() };
        assert_eq!(judge(&full, &well, unhealthy).1, "the disk is full");
        let primary = Role { tablet_type: TabletType::Primary, ..ready.clone() };
        assert_eq!(serving(&primary, &broken), Serving::Serving);
        let closing = Role { stopped: Some((Serving::Draining, "demotion")), ..primary.clone() };
        assert_eq!(serving(&closing, &well), Serving::Draining);
        let draining = Role { draining: true, ..primary.clone() };
        assert_eq!(serving(&draining, &well), Serving::Draining);
        let blocked = Role { blocked: true, ..primary.clone() };
        assert_eq!(judge(&blocked, &well, unhealthy), (Serving::Serving, BLOCKED.into()));
        let disabled = Role { disabled: true, ..primary };
        assert_eq!(serving(&disabled, &well), Serving::NotServing);
        let backup = Role { tablet_type: TabletType::Backup, ..ready };
        assert_eq!(judge(&backup, &well, unhealthy).1, "not a serving tablet type(BACKUP)");
    }
}
