//! The moment of the switch: the server's writers are held, or let go.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use vt_base::{Code, Error, Result};
use vt_mysql::client::Conn;
use vt_proto::vtctldata::GetShardRequest;

use super::{Importing, SHARD};
use crate::external::External;
use crate::job::{Direction, Job, is_switched};

/// How long the server is watched for writers that are not held.
const WATCHED: Duration = Duration::from_millis(500);
/// The accounts of connections to the database that are not ours and that read_only does not hold.
const NOT_HELD: &str = "select distinct p.user from information_schema.processlist p \
    where p.db = database() and p.id not in \
    (select processlist_id from performance_schema.session_account_connect_attrs \
    where attr_name = '_client_name' and attr_value = 'vitrum') \
    and exists (select 1 from information_schema.user_privileges u \
    where u.privilege_type in ('SUPER', 'CONNECTION_ADMIN') \
    and substring_index(u.grantee, '@', 1) = concat('\\'', p.user, '\\''))";
const USERS_MAX: usize = 1000;

impl Importing {
    /// Holds the server's writers and leads traffic to the keyspace, or lets the writers go and
    /// leads it back; returns how long nothing could be written.
    pub(super) async fn switch(&mut self, direction: Direction) -> Result<Duration> {
        let Importing { job, external, password, source, .. } = self;
        let (keyspace, workflow) = match direction {
            Direction::Forward => (job.keyspace.clone(), job.workflow.clone()),
            Direction::Back => (source.clone(), format!("{}_reverse", job.workflow)),
        };
        let server = Server { external, password, source };
        let attempt = async |job: &mut Job| {
            // One that is new each time: a connection may go with an attempt.
            let mut conn = server.external.connect(server.password).await?;
            match direction {
                Direction::Forward => server.switch(job, &mut conn).await?,
                Direction::Back => {
                    job.switch_writes(Direction::Back).await?;
                    conn.query("set global read_only = off", 0).await?;
                }
            }
            conn.close().await;
            Ok(())
        };
        job.switch_soon(direction, (&keyspace, &workflow), attempt).await
    }
}

/// The server and the keyspace that it is.
struct Server<'a> {
    external: &'a External,
    password: &'a str,
    source: &'a str,
}

impl Server<'_> {
    async fn switch(&self, job: &mut Job, conn: &mut Conn) -> Result<()> {
        let was_held = is_read_only(conn).await?;
        let held = async {
            conn.query("set global read_only = on", 0).await?;
            self.check_held(job, conn).await?;
            job.switch_writes(Direction::Forward).await
        };
        let Err(error) = held.await else { return Ok(()) };
        if !was_held && self.serves_source(job).await {
            // The server serves on as before; the connection may have gone with the failure.
            let mut conn = self.external.connect(self.password).await?;
            conn.query("set global read_only = off", 0).await?;
            conn.close().await;
            return Err(error);
        }
        Err(error.context(format!(
            "read_only stays on at {}, for the switch may have gone too far; the same command \
             finishes it or takes it back",
            self.external.shown()
        )))
    }

    /// Returns whether the server's tables are served as before: what cannot be known is no.
    async fn serves_source(&self, job: &mut Job) -> bool {
        let is_switched = match job.status().await {
            Ok(status) => status.as_ref().is_some_and(is_switched),
            Err(_) => true,
        };
        let request =
            GetShardRequest { keyspace: self.source.to_owned(), shard_name: SHARD.to_owned() };
        let Ok(reply) = job.control.client.get_shard(request).await else { return false };
        let record = reply.into_inner().shard.and_then(|shard| shard.shard);
        let denies = |record: &vt_proto::topodata::Shard| {
            record.tablet_controls.iter().any(|one| !one.denied_tables.is_empty())
        };
        !is_switched && record.is_some_and(|record| !denies(&record))
    }

    /// Makes sure that nobody writes to the server any more beside the gateway, which the switch
    /// holds: accounts with CONNECTION_ADMIN or SUPER are not held by read_only, and what they write
    /// would be lost.
    async fn check_held(&self, job: &Job, conn: &mut Conn) -> Result<()> {
        let before = executed(conn).await?;
        let until = Instant::now() + WATCHED;
        let mut users = BTreeSet::new();
        while Instant::now() < until {
            let found = conn.query(NOT_HELD, USERS_MAX).await?;
            users.extend(found.rows.iter().map(|row| {
                String::from_utf8_lossy(row.column(0).unwrap_or_default()).into_owned()
            }));
            tokio::time::sleep(WATCHED / 10).await;
        }
        if users.is_empty() || executed(conn).await? == before {
            return Ok(());
        }
        let users: Vec<String> = users.into_iter().collect();
        Err(Error::new(
            Code::FailedPrecondition,
            format!(
                "{} is written to, and read_only does not hold the account {}, which has \
                 CONNECTION_ADMIN or SUPER; nothing was switched: let applications use an account \
                 without these rights, or lead them to the gateway at 127.0.0.1:{} first, which \
                 serves the same tables; then the same command goes on",
                self.external.shown(),
                users.join(", "),
                job.ports.gate_mysql()
            ),
        ))
    }
}

async fn is_read_only(conn: &mut Conn) -> Result<bool> {
    let found = conn.query("select @@global.read_only", 1).await?;
    Ok(found.rows.iter().next().and_then(|row| row.column(0)) == Some(b"1"))
}

/// Returns the transactions that the server has committed.
async fn executed(conn: &mut Conn) -> Result<Vec<u8>> {
    let found = conn.query("select @@global.gtid_executed", 1).await?;
    let text = found.rows.iter().next().and_then(|row| row.column(0)).unwrap_or_default();
    Ok(text.to_vec())
}
