//! Connections that do nothing: what each costs the gateway.

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::Outcome;
use crate::load::connect;
use crate::setup::Target;
use crate::usage;

/// Connections that are opened first, so that what is made once does not count.
const FIRST: usize = 50;
/// How many are opened at the same time.
const AT_ONCE: usize = 32;
/// How long after the last one memory is read.
const PAUSE: Duration = Duration::from_secs(2);

/// What idle connections cost.
#[derive(Clone, Debug)]
pub(crate) struct Idle {
    pub(crate) connections: usize,
    pub(crate) before: u64,
    pub(crate) after: u64,
}

impl Idle {
    pub(crate) fn bytes_each(&self) -> u64 {
        self.after.saturating_sub(self.before) / self.connections.max(1) as u64
    }
}

/// Opens connections, asks each once, and reads the gateway's memory before and after.
pub(crate) fn measure(target: &Target, count: usize, runtime: &Runtime) -> Outcome<Idle> {
    let gateway = target.processes.first().ok_or("no process to measure")?.pid;
    runtime.block_on(async {
        let first = open(target, FIRST).await?;
        tokio::time::sleep(PAUSE).await;
        let before = usage::resident(gateway);
        let conns = open(target, count).await?;
        tokio::time::sleep(PAUSE).await;
        let after = usage::resident(gateway);
        drop((first, conns));
        Ok(Idle { connections: count, before, after })
    })
}

async fn open(target: &Target, count: usize) -> Outcome<Vec<vt_mysql::client::Conn>> {
    let mut conns = Vec::with_capacity(count);
    while conns.len() < count {
        let wanted = AT_ONCE.min(count - conns.len());
        let mut set = tokio::task::JoinSet::new();
        for _ in 0..wanted {
            let target = target.clone();
            set.spawn(async move {
                let mut conn = connect(&target, &target.database).await?;
                conn.query("select c from sbtest1 where id = 1", 1).await?;
                Ok::<_, vt_base::Error>(conn)
            });
        }
        for opened in set.join_all().await {
            conns.push(opened.map_err(|err| format!("connection {}: {err}", conns.len()))?);
        }
    }
    Ok(conns)
}
