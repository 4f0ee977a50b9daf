//! Whose data a tablet takes, and that nothing acknowledged goes with its own.

use std::time::Duration;

use vt_base::gtid::Position;
use vt_base::{Code, Error, Result, TabletAlias};
use vt_mysql::Conn;
use vt_mysqld::clone::Donor;
use vt_mysqld::replication;
use vt_proto::tabletmanagerdata::{FullStatusRequest, WaitForPositionRequest};
use vt_recovery::{RestorePlan, RestoreView, plan_restore};
use vt_topo::TabletRecord;

use crate::core::Core;

/// How long one tablet may take to say where it stands.
const ANSWER: Duration = Duration::from_secs(5);

/// What a restore does, and from where.
pub(super) struct Plan {
    pub(super) decided: RestorePlan,
    pub(super) donor: Donor,
    pub(super) primary: TabletAlias,
    /// The other tablets that acknowledge, of which one is to have what this one has acknowledged;
    /// `None` where nobody has to.
    pub(super) keepers: Option<Vec<TabletRecord>>,
}

impl Plan {
    /// Says what is done, and what is lost by it.
    pub(super) fn describe(&self) -> String {
        let RestorePlan { donor, errant, .. } = &self.decided;
        let losing = match errant.is_empty() {
            true => "no transaction is lost".to_owned(),
            false => format!("{errant} is lost, which the primary {} lacks", self.primary),
        };
        format!("take the data of {donor}: {losing}")
    }
}

pub(super) fn refused(text: impl Into<String>) -> Error {
    Error::new(Code::FailedPrecondition, text.into())
}

impl Core {
    /// Looks where the tablets of the shard stand, and decides.
    pub(super) async fn plan_restore(&self) -> Result<Plan> {
        if self.config.db.unmanaged {
            return Err(refused("the server is not managed by its tablet (--unmanaged)"));
        }
        let (keyspace, shard) = (&self.config.keyspace, &self.config.shard);
        let record = self.topo.get_shard(keyspace, shard).await?;
        let primary = record.primary_alias().filter(|alias| *alias != self.config.alias);
        let primary = primary.ok_or_else(|| {
            refused(format!("shard {keyspace}/{shard} has no primary to follow afterwards"))
        })?;
        let found = self.topo.find_tablets_by_shard(keyspace, shard).await?;
        let is_other = |one: &&TabletRecord| one.alias() != self.config.alias;
        let asked = found.records.iter().filter(is_other).map(|one| self.view_of(one));
        let views = futures::future::join_all(asked).await;
        let mut others = Vec::new();
        let mut of_primary = Err(refused(format!("the primary {primary} has no record")));
        let policy = self.durability().await?;
        let mut keepers = Vec::new();
        for (record, view) in found.records.iter().filter(is_other).zip(views) {
            match view {
                view if record.alias() == primary => of_primary = view,
                Ok(view) => {
                    if policy.may_ack(&primary, &view.alias, view.tablet_type) && view.lag.is_some()
                    {
                        keepers.push(record.clone());
                    }
                    others.push(view);
                }
                Err(err) => {
                    tracing::info!(alias = %record.alias(), %err, "it does not give its data");
                }
            }
        }
        let of_primary = of_primary.map_err(|err| {
            err.context(format!("what {primary} has is to be known before anything is removed"))
        })?;
        let own = self.own_view().await?;
        let decided = plan_restore(&own, &of_primary, &others, &self.config.restore.donor)?;
        let donor = self.topo.get_tablet(&decided.donor).await?.message;
        let source = self.source_of(&donor, Duration::ZERO)?;
        let account = &self.config.db.clone;
        let donor = Donor {
            host: source.host,
            port: source.port,
            user: account.user.clone(),
            password: account.password.clone(),
            encryption: self.config.restore.encryption,
        };
        let keepers = policy.primary_waits().then_some(keepers);
        Ok(Plan { decided, donor, primary, keepers })
    }

    async fn own_view(&self) -> Result<RestoreView> {
        let mut conn = self.db.dba().await?;
        let status = replication::primary_status(&mut conn).await?;
        Ok(RestoreView {
            alias: self.config.alias.clone(),
            tablet_type: self.tablet_type(),
            uuid: status.server_uuid,
            executed: status.position,
            lag: None,
        })
    }

    /// Asks a tablet where it stands.
    async fn view_of(&self, record: &TabletRecord) -> Result<RestoreView> {
        let asked = async {
            let mut client = self.dialer.tablet_manager(&record.message)?;
            let reply = client.full_status(FullStatusRequest {}).await;
            let reply = reply.map_err(|status| vt_rpc::status::from_status(&status))?.into_inner();
            let status = reply.status.unwrap_or_default();
            let own = status.primary_status.unwrap_or_default();
            let mut executed: Position = own.position.parse()?;
            let mut lag = None;
            if let Some(replication) = &status.replication_status {
                let replicated: Position = replication.position.parse()?;
                executed.gtid_set = executed.gtid_set.union(&replicated.gtid_set);
                let seconds = u64::from(replication.replication_lag_seconds);
                lag = (!replication.replication_lag_unknown).then(|| Duration::from_secs(seconds));
            }
            Ok::<_, Error>(RestoreView {
                alias: record.alias(),
                tablet_type: record.tablet_type(),
                uuid: status.server_uuid,
                executed,
                lag,
            })
        };
        let late = || Error::new(Code::DeadlineExceeded, "no answer in time");
        tokio::time::timeout(ANSWER, asked).await.unwrap_or_else(|_| Err(late()))
    }

    /// Waits until another tablet has what this one has acknowledged: before its data go, the shard
    /// is to have every acknowledged write twice, as its policy says.
    pub(super) async fn hand_over(&self, plan: &Plan, conn: &mut Conn) -> Result<()> {
        let Some(keepers) = &plan.keepers else { return Ok(()) };
        let Some(status) = replication::replica_status(conn).await? else { return Ok(()) };
        let all = status.executed.gtid_set.union(&status.received.gtid_set);
        let position = Position { gtid_set: all.subtract(&plan.decided.errant) };
        let limit = self.config.replication.wait_timeout;
        let asked = keepers.iter().map(|keeper| {
            Box::pin(async {
                let mut client = self.dialer.tablet_manager(&keeper.message)?;
                let wanted = WaitForPositionRequest { position: position.to_string() };
                let mut request = tonic::Request::new(wanted);
                request.set_timeout(limit);
                let reply = client.wait_for_position(request).await;
                reply.map(drop).map_err(|status| vt_rpc::status::from_status(&status))
            })
        });
        let held = futures::future::select_ok(asked);
        let late = || Error::new(Code::DeadlineExceeded, format!("not within {limit:?}"));
        let held = tokio::time::timeout(limit, held).await.unwrap_or_else(|_| Err(late()));
        held.map(drop).map_err(|err: Error| err.context("no other tablet has what it acknowledged"))
    }
}
