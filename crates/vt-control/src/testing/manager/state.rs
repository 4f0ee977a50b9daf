//! What a pretended tablet is, and how it becomes another.

use tonic::Status;
use vt_base::TabletType;
use vt_proto::replicationdata;
use vt_rpc::status::to_status;

use super::super::FakeMysql;
use super::{FakeManager, PATIENCE, POLL};

impl FakeManager {
    /// Begins a call: fails it where the test says so, and notes it.
    pub(super) fn begin(&self, call: &'static str) -> Result<(), Status> {
        self.with(|mysql| {
            if mysql.down {
                return Err(Status::unavailable("the tablet is down"));
            }
            mysql.calls.push(call);
            match mysql.failing.get(call) {
                Some(text) => Err(Status::failed_precondition(text.clone())),
                None => Ok(()),
            }
        })
    }

    pub(super) fn with<T>(&self, look: impl FnOnce(&mut FakeMysql) -> T) -> T {
        let mut servers = self.world.servers.lock();
        look(servers.get_mut(&self.alias).expect("the tablet has a MySQL"))
    }

    pub(super) fn position(&self) -> String {
        self.with(|mysql| mysql.position())
    }

    pub(super) fn status(&self) -> Option<replicationdata::Status> {
        self.with(|mysql| {
            let source = mysql.source.clone()?;
            let running = if mysql.replicating { 3 } else { 1 };
            Some(replicationdata::Status {
                position: mysql.position(),
                relay_log_position: mysql.received(),
                source_host: "127.0.0.1".to_owned(),
                source_port: 17_000 + i32::try_from(source.uid).unwrap_or_default(),
                io_state: running,
                sql_state: running,
                auto_position: true,
                using_gtid: true,
                ..Default::default()
            })
        })
    }

    /// Waits until some replica would acknowledge a write, if the primary waits for that.
    pub(super) async fn acknowledged(&self) -> Result<(), Status> {
        let wait = async {
            loop {
                let done = {
                    let servers = self.world.servers.lock();
                    let waits = servers.get(&self.alias).is_some_and(|one| one.waits);
                    let follows = |one: &FakeMysql| {
                        one.replicating
                            && one.acks
                            && !one.down
                            && one.source.as_ref() == Some(&self.alias)
                    };
                    !waits || servers.values().any(follows)
                };
                if done {
                    return;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .map_err(|_elapsed| Status::deadline_exceeded("no replica acknowledges the write"))
    }

    pub(super) async fn become_primary(&self, semi_sync: bool) -> Result<String, Status> {
        self.with(|mysql| {
            mysql.source = None;
            mysql.replicating = false;
            mysql.read_only = false;
            mysql.waits = semi_sync;
            mysql.acks = false;
        });
        let changed = self.world.set_type(&self.alias, TabletType::Primary).await;
        changed.map_err(|err| to_status(&err))?;
        Ok(self.position())
    }
}
