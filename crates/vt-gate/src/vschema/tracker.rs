//! The task that reads table definitions from primaries when they change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use vt_base::{KeyspaceShard, Result, TabletType, Target};
use vt_discovery::Event;
use vt_tablet_api::{QueryService, SchemaTables};

use super::{VSchemas, definition};
use crate::tablets::Tablets;

/// How long a failed reading waits to be tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How long a reading may take.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Tracks the schema of every primary that discovery tells of.
pub struct Tracker {
    pub tablets: Arc<Tablets>,
    pub vschemas: Arc<VSchemas>,
    /// Whether views are read too (`--enable-views`).
    pub tracks_views: bool,
}

/// What is to be read of a shard: all tables, or those named.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Named(BTreeSet<String>),
}

type Pending = BTreeMap<KeyspaceShard, Wanted>;

impl Tracker {
    /// Tracks for as long as the future is polled.
    pub async fn run(self) {
        let mut events = self.tablets.discovery.events();
        let mut pending = self.everything();
        loop {
            for (shard, wanted) in std::mem::take(&mut pending) {
                if let Err(error) = self.read(&shard, &wanted).await {
                    tracing::warn!(%shard, %error, "cannot read the schema; trying again");
                    pending.insert(shard, wanted);
                }
            }
            let first = if pending.is_empty() {
                Some(events.recv().await)
            } else {
                tokio::time::timeout(RETRY_PAUSE, events.recv()).await.ok()
            };
            match first {
                Some(Ok(event)) => note(&mut pending, event),
                Some(Err(RecvError::Lagged(_))) => pending.extend(self.everything()),
                Some(Err(RecvError::Closed)) => return,
                None => {}
            }
            loop {
                match events.try_recv() {
                    Ok(event) => note(&mut pending, event),
                    Err(TryRecvError::Lagged(_)) => pending.extend(self.everything()),
                    Err(_) => break,
                }
            }
        }
    }

    /// Returns every shard that has a primary.
    fn everything(&self) -> Pending {
        let tablets = self.tablets.discovery.snapshot();
        let primaries = tablets.iter().filter(|one| one.target.tablet_type == TabletType::Primary);
        let shard = |target: &Target| KeyspaceShard {
            keyspace: target.keyspace.clone(),
            shard: target.shard.clone(),
        };
        primaries.map(|one| (shard(&one.target), Wanted::All)).collect()
    }

    async fn read(&self, shard: &KeyspaceShard, wanted: &Wanted) -> Result<()> {
        let target = Target::new(&shard.keyspace, &shard.shard, TabletType::Primary);
        let Some(primary) = self.tablets.discovery.pick(&target, &[]) else {
            // The next primary is told of, and read then.
            return Ok(());
        };
        let Some(service) = &primary.service else { return Ok(()) };
        let names: Vec<String> = match wanted {
            Wanted::All => Vec::new(),
            Wanted::Named(names) => names.iter().cloned().collect(),
        };
        let mut found = BTreeMap::new();
        let tables = definitions(service.as_ref(), &target, SchemaTables::Tables, &names).await?;
        for (name, text) in tables {
            match definition::table(&text) {
                Some(table) => drop(found.insert(name, table)),
                None => tracing::warn!(%shard, table = name, "cannot read a table's definition"),
            }
        }
        self.vschemas.update_tables(&shard.keyspace, |known| match wanted {
            Wanted::All => *known = found,
            Wanted::Named(names) => {
                known.retain(|name, _| !names.contains(name));
                known.extend(found);
            }
        });
        if !self.tracks_views {
            return Ok(());
        }
        let found = definitions(service.as_ref(), &target, SchemaTables::Views, &names).await?;
        let found: BTreeMap<String, String> = found.into_iter().collect();
        self.vschemas.update_views(&shard.keyspace, |known| match wanted {
            Wanted::All => *known = found,
            Wanted::Named(names) => {
                known.retain(|name, _| !names.contains(name));
                known.extend(found);
            }
        });
        Ok(())
    }
}

/// Reads definitions of a kind, of all where no names are given.
async fn definitions(
    service: &dyn QueryService,
    target: &Target,
    which: SchemaTables,
    names: &[String],
) -> Result<Vec<(String, String)>> {
    let call = service.get_schema(target, which, names);
    match tokio::time::timeout(READ_TIMEOUT, call).await {
        Ok(reply) => Ok(reply?.definitions),
        Err(_) => {
            let message = "reading the schema took too long";
            Err(vt_base::Error::new(vt_base::Code::DeadlineExceeded, message))
        }
    }
}

fn note(pending: &mut Pending, event: Event) {
    match event {
        Event::PrimaryChanged { shard, .. } => drop(pending.insert(shard, Wanted::All)),
        Event::SchemaChanged { shard, tables, views } => {
            match pending.entry(shard).or_insert_with(|| Wanted::Named(BTreeSet::new())) {
                Wanted::All => {}
                Wanted::Named(names) => names.extend(tables.into_iter().chain(views)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, LONG};

    #[tokio::test(start_paused = true)]
    async fn columns_come_from_primaries() {
        let running = FakeCluster::default().keyspace("ks", &["-"]).start().await;
        let definition = ("t".to_owned(), "create table t (id bigint, name varchar(9))".to_owned());
        running.tablet(1).schema.lock().push(definition);
        let vschemas = Arc::new(VSchemas::default());
        let tracker = Tracker {
            tablets: running.tablets.clone(),
            vschemas: vschemas.clone(),
            tracks_views: false,
        };
        let mut version = vschemas.version();
        running.tasks.spawn_until_cancelled("tracker", tracker.run());
        version.wait_for(|version| *version > 0).await.unwrap();
        let names: Vec<_> =
            vschemas.table("ks", "t").unwrap().columns.into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["id", "name"]);
        assert!(running.tasks.shutdown(LONG).await);
    }
}
