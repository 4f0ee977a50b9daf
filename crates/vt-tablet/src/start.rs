//! Taking one's place in the cluster: the record in the topology, and the role that it means.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use vt_base::{Error, Result, TabletType};
use vt_mysqld::replication::{self, Access};
use vt_proto::topodata;
use vt_rpc::dial::FRAMED_PORT;
use vt_topo::ShardRecord;
use vt_topo::records::shard::{to_proto_time, to_system_time};
use vt_topo::records::srv_keyspace::Gaps;

use crate::core::Core;
use crate::lease::Start;

/// Where the tablet listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub http: u16,
    pub grpc: u16,
    pub framed: Option<u16>,
}

/// The collation that connections have unless they say another: `utf8mb4_0900_ai_ci`.
const DEFAULT_COLLATION: u32 = 255;

const RETRY: Duration = Duration::from_millis(500);

impl Core {
    /// Puts the tablet into the topology; tries until the time for that is over.
    pub async fn register(&self, ports: Ports) -> Result<()> {
        let deadline = tokio::time::Instant::now() + self.config.init_timeout;
        loop {
            let error = match tokio::time::timeout_at(deadline, self.register_once(ports)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => error,
                Err(_) => Error::new(
                    vt_base::Code::DeadlineExceeded,
                    "the topology does not answer: is its server running at the address given?",
                ),
            };
            let passing = matches!(
                error.code(),
                vt_base::Code::Unavailable | vt_base::Code::Aborted | vt_base::Code::Canceled
            );
            if !passing || tokio::time::Instant::now() + RETRY >= deadline {
                return Err(error.context(format_args!("tablet {}", self.config.alias)));
            }
            tracing::warn!(%error, "cannot register yet");
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn register_once(&self, ports: Ports) -> Result<()> {
        let (keyspace, shard) = (&self.config.keyspace, &self.config.shard);
        let shard = self.topo.get_or_create_shard(keyspace, shard).await?;
        let keyspace = self.topo.get_keyspace(keyspace).await?;
        self.sidecar.store(keyspace.sidecar_db_name().to_owned().into());
        let former = match self.topo.get_tablet(&self.config.alias).await {
            Ok(record) => Some(record.message),
            Err(err) if err.is_no_node() => None,
            Err(err) => return Err(err.into()),
        };
        let (tablet_type, term_start) = self.starting_role(&shard, former.as_ref());
        let mut record = self.make_record(&shard, tablet_type, term_start, ports);
        keep_mysql_port(&mut record, former.as_ref());
        self.topo.init_tablet(&record).await?;
        self.record.store(record.into());
        {
            let mut role = self.role.lock();
            role.tablet_type = tablet_type;
            role.term_start = term_start;
            if tablet_type != TabletType::Primary {
                role.base_type = tablet_type;
            }
        }
        self.evaluate();
        // A type that lost its term must not stay in the topology as primary.
        self.write_record().await?;
        self.ensure_serving_graph().await
    }

    /// Decides what the tablet starts as: primary if it is still its term, else what it was told.
    fn starting_role(
        &self,
        shard: &ShardRecord,
        former: Option<&topodata::Tablet>,
    ) -> (TabletType, Option<SystemTime>) {
        let own_term = former
            .filter(|former| former.r#type == TabletType::Primary as i32)
            .and_then(|former| former.primary_term_start_time.as_ref())
            .and_then(to_system_time);
        let shard_term = shard.primary_term_start();
        if shard.primary_alias().as_ref() == Some(&self.config.alias) {
            let term = shard_term.or(own_term).unwrap_or_else(SystemTime::now);
            return (TabletType::Primary, Some(own_term.map_or(term, |own| own.max(term))));
        }
        // A promotion that the shard's record has not heard of yet.
        if let Some(own) = own_term
            && shard_term.is_none_or(|term| own > term)
        {
            return (TabletType::Primary, Some(own));
        }
        if former.is_some_and(|former| former.r#type == TabletType::Restore as i32) {
            tracing::error!("a restore was broken off: the tablet does not serve before another");
            return (TabletType::Restore, None);
        }
        let kept = former
            .filter(|_| self.config.init_type_lookup)
            .map(|former| TabletType::from_i32(former.r#type))
            .filter(|kept| !matches!(kept, TabletType::Primary | TabletType::Unknown));
        (kept.unwrap_or(self.config.init_type), None)
    }

    fn make_record(
        &self,
        shard: &ShardRecord,
        tablet_type: TabletType,
        term_start: Option<SystemTime>,
        ports: Ports,
    ) -> topodata::Tablet {
        let config = &self.config;
        let mut port_map: BTreeMap<String, i32> =
            [("vt".to_owned(), i32::from(ports.http)), ("grpc".to_owned(), i32::from(ports.grpc))]
                .into();
        if let Some(framed) = ports.framed {
            port_map.insert(FRAMED_PORT.to_owned(), i32::from(framed));
        }
        topodata::Tablet {
            alias: Some((&config.alias).into()),
            hostname: config.hostname.clone(),
            port_map,
            keyspace: config.keyspace.clone(),
            shard: shard.name.clone(),
            key_range: shard.message.key_range.clone(),
            r#type: tablet_type as i32,
            db_name_override: config.db.name_override.clone().unwrap_or_default(),
            tags: config.tags.clone(),
            mysql_hostname: match config.db.mysql_hostname.as_str() {
                "" => config.hostname.clone(),
                host => host.to_owned(),
            },
            mysql_port: i32::from(config.db.mysql_port),
            primary_term_start_time: term_start.map(to_proto_time),
            default_conn_collation: DEFAULT_COLLATION,
            tablet_start_time: Some(to_proto_time(self.started)),
            tablet_shutdown_time: None,
        }
    }

    /// Makes the cell's serving graph where it lacks this keyspace or this shard.
    async fn ensure_serving_graph(&self) -> Result<()> {
        let (cell, keyspace) = (self.config.alias.cell.to_string(), &self.config.keyspace);
        let present = match self.topo.get_srv_keyspace(&cell, keyspace).await {
            Ok(srv) => srv.partitions.iter().any(|partition| {
                partition.shard_references.iter().any(|one| one.name == self.config.shard)
            }),
            Err(err) if err.is_no_node() => false,
            Err(err) => return Err(err.into()),
        };
        if !present {
            // Another tablet may do the same; and a shard that is not to serve yet is left out.
            let built = self
                .topo
                .rebuild_srv_keyspace(
                    keyspace,
                    std::slice::from_ref(&cell),
                    Gaps::AllowedForSnapshots,
                )
                .await;
            if let Err(err) = built {
                tracing::warn!(%err, "cannot build the serving graph of the keyspace");
            }
        }
        self.topo.ensure_vschema(keyspace).await?;
        let known = match self.topo.get_srv_vschema(&cell).await {
            Ok(srv) => srv.keyspaces.contains_key(keyspace),
            Err(err) if err.is_no_node() => false,
            Err(err) => return Err(err.into()),
        };
        if !known {
            self.topo.rebuild_srv_vschema(&[cell]).await?;
        }
        Ok(())
    }

    /// Gives the server the role that the tablet has; after a start of either.
    pub async fn restore_role(&self) -> Result<()> {
        let _action = self.action.lock().await;
        self.tell_mysql_port().await?;
        let shard = self.topo.get_shard(&self.config.keyspace, &self.config.shard).await?;
        let (tablet_type, term_start, base_type) = {
            let role = self.role.lock();
            (role.tablet_type, role.term_start, role.base_type)
        };
        if tablet_type == TabletType::Primary {
            let own = term_start.unwrap_or(SystemTime::UNIX_EPOCH);
            let named = shard.primary_alias();
            let superseded = named.as_ref().is_some_and(|alias| *alias != self.config.alias)
                && shard.primary_term_start().is_some_and(|term| term >= own);
            if !superseded {
                let semi_sync = self.durability().await?.primary_waits();
                return self.become_primary(own, semi_sync, Start::Resumed).await;
            }
            tracing::warn!(primary = ?named, "another tablet has become primary meanwhile");
            self.role.lock().stopped = Some((crate::state::Serving::NotServing, "superseded"));
            return self.become_and_follow(base_type, &shard).await;
        }
        self.restore_if_empty().await?;
        let tablet_type = self.tablet_type();
        self.become_and_follow(tablet_type, &shard).await
    }

    async fn become_and_follow(&self, tablet_type: TabletType, shard: &ShardRecord) -> Result<()> {
        let semi_sync = match shard.primary_alias() {
            Some(primary) => self.acknowledges(&primary).await?,
            None => false,
        };
        if !self.config.db.unmanaged {
            let mut conn = self.db.dba().await?;
            replication::set_access(&mut conn, Access::SuperReadOnly).await?;
            if shard.primary_alias().is_none() {
                self.ensure_started(&mut conn).await?;
            }
        }
        self.become_follower(tablet_type, semi_sync).await?;
        if tablet_type == TabletType::Restore {
            // What it has is to be replaced.
            return Ok(());
        }
        if let Err(err) = self.follow_shard(shard).await {
            // The primary may be starting too, and its record not yet say where its server listens.
            tracing::warn!(%err, "cannot follow the shard's primary yet");
            self.role.lock().owes_follow = true;
        }
        if let Err(err) = self.reload_schema().await {
            tracing::warn!(%err, "cannot read the schema");
        }
        Ok(())
    }

    /// Tells the topology where the server listens, if only the server knew.
    async fn tell_mysql_port(&self) -> Result<()> {
        if self.config.db.mysql_port != 0 {
            return Ok(());
        }
        let mut conn = self.db.dba().await?;
        let port = i32::from(replication::server_facts(&mut conn).await?.port);
        drop(conn);
        if self.record.load().mysql_port != port {
            self.change_record(|record| record.mysql_port = port).await;
        }
        Ok(())
    }
}

/// Keeps what the record said of where the server listens, while the server is not there to tell:
/// others follow it by that.
fn keep_mysql_port(record: &mut topodata::Tablet, former: Option<&topodata::Tablet>) {
    if record.mysql_port == 0
        && let Some(former) = former.filter(|one| one.mysql_hostname == record.mysql_hostname)
    {
        record.mysql_port = former.mysql_port;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tablet_that_starts_before_its_server_leaves_where_that_listens() {
        let tablet = |host: &str, port| topodata::Tablet {
            mysql_hostname: host.to_owned(),
            mysql_port: port,
            ..topodata::Tablet::default()
        };
        let kept = |mut record: topodata::Tablet, former: Option<&topodata::Tablet>| {
            keep_mysql_port(&mut record, former);
            record.mysql_port
        };
        let former = tablet("a", 17100);
        assert_eq!(kept(tablet("a", 0), Some(&former)), 17100);
        assert_eq!(kept(tablet("a", 3306), Some(&former)), 3306, "it is told");
        assert_eq!(kept(tablet("b", 0), Some(&former)), 0, "it has moved");
        assert_eq!(kept(tablet("a", 0), None), 0);
    }
}
