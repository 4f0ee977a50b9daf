//! Restoring a tablet: its data are replaced by those of another tablet of its shard, so that
//! transactions which only it has are gone.
//!
//! While that goes on the tablet is of type RESTORE: nobody reads from it, nobody waits for its
//! acknowledgements, and it is never promoted. Where it fails before anything was removed, the
//! tablet becomes again what it was; where it fails later, or the tablet dies, it stays RESTORE, and
//! the same command again begins anew.

mod plan;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use vt_base::{Code, Error, Result, TabletAlias, TabletType};
use vt_mysql::{Address, Conn};
use vt_mysqld::clone::{self, Encryption, Taken};
use vt_mysqld::replication::{self, Access};
use vt_proto::logutil::{Event, Level};
use vt_proto::tabletmanagerdata::{RestoreFromBackupRequest, RestoreFromBackupResponse};
use vt_recovery::DonorRule;
use vt_topo::records::shard::to_proto_time;

use self::plan::{Plan, refused};
use crate::core::Core;
use crate::db::Role;

/// The name of the only engine that there is: another tablet's server gives its data.
const ENGINE: &str = "clone";
/// How often the server is looked for that ends with its old data.
const POLL: Duration = Duration::from_millis(250);
/// How long whoever looks after the server has to start it, before the tablet does.
const LEFT_TO_OTHERS: Duration = Duration::from_secs(15);

/// How a tablet is restored.
#[derive(Clone, Debug)]
pub struct RestoreConfig {
    /// `--restore-with-clone`: a server that has nothing takes another tablet's data at the start.
    pub at_start: bool,
    /// `--clone-from-primary`, `--clone-from-tablet`.
    pub donor: DonorRule,
    /// `--clone-restart-wait-timeout`: how long the server may take to be back with its new data.
    pub restart_wait: Duration,
    /// `--db-clone-use-ssl`, where it is given.
    pub encryption: Encryption,
}

impl Default for RestoreConfig {
    fn default() -> RestoreConfig {
        RestoreConfig {
            at_start: false,
            donor: DonorRule::Any,
            restart_wait: Duration::from_secs(300),
            encryption: Encryption::default(),
        }
    }
}

/// Tells what happens, to the log and to whoever listens.
pub(crate) struct Told(Option<mpsc::Sender<Result<RestoreFromBackupResponse, tonic::Status>>>);

impl Told {
    pub(crate) fn to(
        listener: mpsc::Sender<Result<RestoreFromBackupResponse, tonic::Status>>,
    ) -> Told {
        Told(Some(listener))
    }

    fn tell(&self, text: String) {
        tracing::info!(event = text, "restore");
        let Some(listener) = &self.0 else { return };
        let event = Event {
            time: Some(to_proto_time(std::time::SystemTime::now())),
            level: Level::Info as i32,
            value: text,
            ..Event::default()
        };
        // Who has gone, or does not keep up, hears no more.
        drop(listener.try_send(Ok(RestoreFromBackupResponse { event: Some(event) })));
    }
}

/// Refuses what needs a backup: there is none.
fn check(request: &RestoreFromBackupRequest) -> Result<()> {
    let to_a_moment = request.backup_time.is_some()
        || request.restore_to_timestamp.is_some()
        || !request.restore_to_pos.is_empty();
    if to_a_moment {
        return Err(refused(
            "there is no backup to restore from: this release keeps none; without a moment or a \
             position, --allowed-backup-engines clone takes another tablet's data as they are",
        ));
    }
    if !request.allowed_backup_engines.iter().any(|one| one == ENGINE) {
        return Err(refused(
            "there is no backup to restore from: this release keeps none; \
             --allowed-backup-engines clone takes another tablet's data",
        ));
    }
    Ok(())
}

impl Core {
    /// Replaces the server's data by another tablet's, as a request says.
    pub(crate) async fn restore(
        &self,
        request: &RestoreFromBackupRequest,
        told: &Told,
    ) -> Result<()> {
        check(request)?;
        self.require(false)?;
        let _action = self.action.lock().await;
        self.require(false)?;
        let mut plan = self.plan_restore().await?;
        if self.tablet_type() == TabletType::Restore {
            // What it had acknowledged has been handed over, or is gone.
            plan.keepers = None;
        }
        if plan.keepers.as_ref().is_some_and(Vec::is_empty) {
            let (keyspace, shard) = (&self.config.keyspace, &self.config.shard);
            return Err(refused(format!(
                "no other tablet acknowledges the writes of {keyspace}/{shard}: they would wait, and \
                 what this one has acknowledged would be gone; start another replica first, or run \
                 SetKeyspaceDurabilityPolicy --durability-policy=none {keyspace}"
            )));
        }
        if request.dry_run {
            told.tell(format!("it would {}", plan.describe()));
            return Ok(());
        }
        self.restore_as(&plan, told).await
    }

    /// Takes another tablet's data where the server has none and is to have some (`--restore-with-clone`).
    /// The action lock must be held.
    pub(crate) async fn restore_if_empty(&self) -> Result<()> {
        if !self.config.restore.at_start {
            return Ok(());
        }
        let position = replication::position(&mut *self.db.dba().await?).await?;
        let shard = self.topo.get_shard(&self.config.keyspace, &self.config.shard).await?;
        let primary = shard.primary_alias().filter(|alias| *alias != self.config.alias);
        if !position.is_empty() || primary.is_none() {
            return Ok(());
        }
        // It has acknowledged nothing.
        let plan = Plan { keepers: None, ..self.plan_restore().await? };
        self.restore_as(&plan, &Told(None)).await
    }

    async fn restore_as(&self, plan: &Plan, told: &Told) -> Result<()> {
        let mut conn = self.db.connect(Role::Dba, None).await?;
        clone::check(&mut conn).await?;
        let (before, after) = (self.tablet_type(), self.type_afterwards());
        self.become_follower(TabletType::Restore, false).await?;
        told.tell(plan.describe());
        let cloned = self.clone_from(conn, plan, told).await;
        if let Err((err, Touched::Yes)) = cloned {
            return Err(err.context(
                "the tablet's data are gone, and it stays out of service: restore it once more",
            ));
        }
        if let Err((err, Touched::No)) = cloned {
            if let Err(err) = self.rejoin(before, Touched::No).await {
                tracing::warn!(%err, "cannot follow the shard's primary yet");
            }
            return Err(err.context("nothing was removed, and the tablet goes on as before"));
        }
        let rejoined = self.rejoin(after, Touched::Yes).await;
        match rejoined {
            Ok(()) => {
                let name = after.as_str().to_ascii_uppercase();
                told.tell(format!("it has the data of {}, and is {name}", plan.decided.donor));
            }
            Err(err) => told.tell(format!(
                "it has the data of {}, and will follow the primary once that can be: {err}",
                plan.decided.donor
            )),
        }
        Ok(())
    }

    /// Returns what the tablet is once it is restored: what it was, or what it began as where it had
    /// been taken out of service.
    fn type_afterwards(&self) -> TabletType {
        match self.tablet_type() {
            TabletType::Drained | TabletType::Restore | TabletType::Backup => self.config.init_type,
            other => other,
        }
    }

    async fn clone_from(
        &self,
        mut conn: Conn,
        plan: &Plan,
        told: &Told,
    ) -> Result<(), (Error, Touched)> {
        let prepared = async {
            if replication::replica_status(&mut conn).await?.is_some() {
                self.stop_following(&mut conn).await?;
            }
            self.hand_over(plan, &mut conn).await?;
            replication::set_access(&mut conn, Access::ReadOnly).await
        };
        prepared.await.map_err(|err| (err, Touched::No))?;
        if let Err(err) = clone::take(&mut conn, &plan.donor).await {
            let removed = clone::has_removed_data(&mut conn).await.unwrap_or(true);
            return Err((err, if removed { Touched::Yes } else { Touched::No }));
        }
        told.tell("the data are here; the server starts with them".to_owned());
        self.wait_for_server(plan).await.map_err(|err| (err, Touched::Yes))
    }

    /// Waits until the server answers with its new data; starts it where nobody else does.
    async fn wait_for_server(&self, plan: &Plan) -> Result<()> {
        let limit = self.config.restore.restart_wait;
        let deadline = Instant::now() + limit;
        let mut start_at = Instant::now() + LEFT_TO_OTHERS;
        loop {
            match self.taken(plan).await {
                Ok(Taken::Done) => return Ok(()),
                Ok(Taken::Failed(why)) => return Err(Error::new(Code::Aborted, why)),
                Ok(Taken::NotYet | Taken::Unknown) => {}
                Err(err) if Instant::now() >= deadline => {
                    let text = format!("the server has not come back within {limit:?}");
                    return Err(err.context(text));
                }
                Err(_) if Instant::now() >= start_at => {
                    start_at = Instant::now() + LEFT_TO_OTHERS;
                    if let Address::Unix(socket) = &self.config.db.address
                        && let Err(err) = clone::start_again(socket).await
                    {
                        tracing::warn!(%err, "cannot start the server");
                    }
                }
                Err(_) => {}
            }
            if Instant::now() >= deadline {
                let text = format!("the server has not taken over its new data within {limit:?}");
                return Err(Error::new(Code::DeadlineExceeded, text));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn taken(&self, plan: &Plan) -> Result<Taken> {
        let mut conn = self.db.connect(Role::Dba, None).await?;
        let mut taken = clone::taken(&mut conn, &plan.donor).await?;
        if taken == Taken::Unknown {
            let executed = replication::position(&mut conn).await?.gtid_set;
            taken = match plan.decided.is_done(&executed) {
                true => Taken::Done,
                false => Taken::Failed(format!("the server has {executed} now")),
            };
        }
        conn.close().await;
        Ok(taken)
    }

    /// Makes the tablet one that follows, with the data that it has now.
    async fn rejoin(&self, tablet_type: TabletType, touched: Touched) -> Result<()> {
        let mut left = self.config.db.dba_pool_size + 1;
        loop {
            match self.rejoin_once(tablet_type, touched).await {
                // Connections to the server that has ended are still in the pool.
                Err(err) if left > 0 && clone::is_lost(&err) => {
                    left -= 1;
                    tokio::time::sleep(POLL).await;
                }
                done => return done,
            }
        }
    }

    async fn rejoin_once(&self, tablet_type: TabletType, touched: Touched) -> Result<()> {
        let shard = self.topo.get_shard(&self.config.keyspace, &self.config.shard).await?;
        if touched == Touched::Yes {
            let mut conn = self.db.connect(Role::Dba, None).await?;
            // What the donor followed came with its data.
            if replication::replica_status(&mut conn).await?.is_some() {
                replication::reset_replica_all(&mut conn).await?;
            }
            conn.close().await;
        }
        let policy = self.durability().await?;
        let acknowledges =
            |primary: TabletAlias| policy.may_ack(&primary, &self.config.alias, tablet_type);
        let semi_sync = shard.primary_alias().is_some_and(acknowledges);
        self.become_follower(tablet_type, semi_sync).await?;
        self.role.lock().base_type = tablet_type;
        self.lag.lock().reset();
        if tablet_type == TabletType::Restore {
            return Ok(());
        }
        if let Err(err) = self.reload_schema().await {
            tracing::warn!(%err, "cannot read the schema");
        }
        if let Err(err) = self.follow_shard(&shard).await {
            self.role.lock().owes_follow = true;
            return Err(err);
        }
        Ok(())
    }
}

/// Whether a restore that failed had removed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Touched {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_backup_is_refused_with_a_way_out() {
        let clone = RestoreFromBackupRequest {
            allowed_backup_engines: vec!["builtin".into(), "clone".into()],
            ..Default::default()
        };
        assert!(check(&clone).is_ok());
        for request in [
            RestoreFromBackupRequest::default(),
            RestoreFromBackupRequest {
                allowed_backup_engines: vec!["builtin".into()],
                ..Default::default()
            },
            RestoreFromBackupRequest { restore_to_pos: "x".into(), ..clone },
        ] {
            let err = check(&request).unwrap_err();
            assert_eq!(err.code(), Code::FailedPrecondition);
            assert!(err.message().contains("there is no backup to restore from"), "{err}");
            assert!(err.message().contains("--allowed-backup-engines clone"), "{err}");
        }
    }
}
