//! Following the shard's primary: replication set up, started, and pointed anew.

use std::time::Duration;

use vt_base::gtid::Position;
use vt_base::{Code, Error, Result, TabletAlias, TabletType};
use vt_mysql::Conn;
use vt_mysqld::replication::{self, SemiSync, Source};
use vt_proto::topodata;
use vt_recovery::Durability;
use vt_topo::ShardRecord;

use crate::core::Core;

/// How often the journal of reparents is looked at for an entry that replication brings.
const JOURNAL_POLL: Duration = Duration::from_millis(25);

/// Whether replication is started where it was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Always,
    /// It runs afterwards if it ran before.
    AsBefore,
}

impl Core {
    /// Makes the server follow another. The action lock must be held.
    pub async fn follow(&self, source: &Source, semi_sync: bool, start: Start) -> Result<()> {
        let mut conn = self.db.dba().await?;
        let status = replication::replica_status(&mut conn).await?;
        let before = status.as_ref().is_some_and(|status| status.is_started());
        let wanted = before || start == Start::Always;
        let same = status.as_ref().is_some_and(|status| {
            status.source_host == source.host
                && status.source_port == source.port
                && status.auto_position
                && status.source_user == source.user
        });
        let semi_before = SemiSync::state(&mut conn).await?;
        let semi_changes = semi_before.replica_enabled != semi_sync || semi_before.source_enabled;
        if semi_changes {
            SemiSync::set(&mut conn, false, semi_sync).await?;
        }
        {
            let mut role = self.role.lock();
            role.semi_sync = semi_sync;
            role.owes_follow = false;
        }
        if same && before && !semi_changes {
            return self.correct_heartbeat(&mut conn, source.heartbeat).await;
        }
        if status.is_some() {
            // The receiving thread takes notice of semi-sync only when it starts.
            replication::stop_replica(&mut conn).await?;
        }
        if !same {
            replication::set_source(&mut conn, source).await?;
            self.lag.lock().reset();
            tracing::info!(?source, "follows a new source");
        }
        if wanted {
            replication::start_replica(&mut conn).await?;
        }
        Ok(())
    }

    /// Sets how often a source that is followed already is to be heard of, if that is asked for.
    async fn correct_heartbeat(&self, conn: &mut Conn, wanted: Duration) -> Result<()> {
        if wanted.is_zero() {
            return Ok(());
        }
        let sql = "select heartbeat_interval from \
                   performance_schema.replication_connection_configuration limit 1";
        let told = crate::db::first_text(&conn.query(sql, 1).await?).parse().unwrap_or(0.0);
        if Duration::try_from_secs_f64(told).is_ok_and(|known| known == wanted) {
            return Ok(());
        }
        tracing::info!(?wanted, "the heartbeat of the source is corrected");
        replication::set_heartbeat(conn, wanted).await
    }

    /// Follows the primary that the shard's record names, if it names another than this tablet.
    pub async fn follow_shard(&self, shard: &ShardRecord) -> Result<()> {
        if self.config.db.unmanaged || !self.config.replication.manage {
            return Ok(());
        }
        let Some(primary) = shard.primary_alias().filter(|alias| *alias != self.config.alias)
        else {
            return Ok(());
        };
        let record = self.topo.get_tablet(&primary).await?;
        let semi_sync = self.acknowledges(&primary).await?;
        let source = self.source_of(&record.message, Duration::ZERO)?;
        self.follow(&source, semi_sync, Start::Always).await
    }

    /// Follows the shard's primary where that failed when the server got its role.
    pub async fn follow_owed(&self) -> Result<()> {
        if !self.role.lock().owes_follow {
            return Ok(());
        }
        let _action = self.action.lock().await;
        // It may have been promoted, or told whom to follow, while this waited for its turn.
        if !self.role.lock().owes_follow || self.tablet_type() == TabletType::Primary {
            return Ok(());
        }
        let shard = self.topo.get_shard(&self.config.keyspace, &self.config.shard).await?;
        self.follow_shard(&shard).await
    }

    /// Stops replication because someone said so, which also ends every intent to start it.
    pub async fn stop_following(&self, conn: &mut Conn) -> Result<()> {
        self.role.lock().owes_follow = false;
        replication::stop_replica(conn).await
    }

    /// Returns whether this tablet acknowledges the writes of a primary, by the keyspace's policy.
    pub async fn acknowledges(&self, primary: &TabletAlias) -> Result<bool> {
        let policy = self.durability().await?;
        Ok(policy.may_ack(primary, &self.config.alias, self.tablet_type()))
    }

    /// Returns the keyspace's durability policy.
    pub async fn durability(&self) -> Result<Durability> {
        let keyspace = self.topo.get_keyspace(&self.config.keyspace).await?;
        keyspace.durability_policy().parse()
    }

    /// Returns the record of a tablet that is to be followed.
    pub async fn parent(&self, alias: Option<&topodata::TabletAlias>) -> Result<topodata::Tablet> {
        let alias = alias
            .map(TabletAlias::from)
            .ok_or_else(|| Error::new(Code::InvalidArgument, "no tablet to follow was given"))?;
        let record = self.topo.get_tablet(&alias).await?.message;
        if record.keyspace != self.config.keyspace || record.shard != self.config.shard {
            let text = format!(
                "tablet {alias} is of {}/{}, not of {}/{}",
                record.keyspace, record.shard, self.config.keyspace, self.config.shard
            );
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        Ok(record)
    }

    /// Waits until the journal of reparents has the entry of a moment, which comes by replication.
    pub async fn wait_for_journal(&self, time_created_ns: i64, timeout: Duration) -> Result<()> {
        let sidecar = crate::db::quote_name(&self.sidecar.load());
        let sql = format!(
            "select 1 from {sidecar}.reparent_journal where time_created_ns = {time_created_ns}"
        );
        let arrived = async {
            loop {
                // The table may itself still be on its way.
                if self.db.dba_query(&sql).await.is_ok_and(|result| !result.rows.is_empty()) {
                    return;
                }
                tokio::time::sleep(JOURNAL_POLL).await;
            }
        };
        tokio::time::timeout(timeout, arrived).await.map_err(|_| {
            Error::new(Code::DeadlineExceeded, "timed out waiting for the reparent journal")
        })
    }

    /// Waits until the server has the transactions of a position.
    pub async fn wait_for_position(&self, position: &Position, timeout: Duration) -> Result<()> {
        // A connection of its own: it is held for long.
        let mut conn = self.db.connect(crate::db::Role::Dba, None).await?;
        let waited = replication::wait_for_position(&mut conn, position, timeout).await;
        conn.close().await;
        waited
    }

    /// Starts replication again that stands still without being told to.
    pub async fn ensure_started(&self, conn: &mut Conn) -> Result<()> {
        if let Some(status) = replication::replica_status(conn).await?
            && !status.is_started()
            && self.tablet_type() != TabletType::Primary
        {
            replication::start_replica(conn).await?;
        }
        Ok(())
    }
}
