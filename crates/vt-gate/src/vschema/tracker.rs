//! The task that reads table definitions from primaries when they change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use vt_base::{KeyspaceShard, Result, TabletType, Target};
use vt_discovery::Event;
use vt_tablet_api::{QueryService, SchemaTables};

use super::{VSchemas, definition};
use crate::tablets::Tablets;

/// How long a failed reading waits to be tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// How long a reading may take.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// So many shards are read at once; one that does not answer keeps none of the others waiting.
const READS_MAX: usize = 16;

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
        let mut failed = Pending::new();
        let mut retry_at = Instant::now();
        let mut reading: BTreeSet<KeyspaceShard> = BTreeSet::new();
        let mut reads = FuturesUnordered::new();
        loop {
            while let Some(next) = next_to_read(&pending, &reading) {
                let Some(wanted) = pending.remove(&next) else { break };
                reading.insert(next.clone());
                reads.push(self.read_one(next, wanted));
            }
            tokio::select! {
                biased;
                Some((shard, wanted, done)) = reads.next(), if !reads.is_empty() => {
                    reading.remove(&shard);
                    if let Err(error) = done {
                        tracing::warn!(%shard, %error, "cannot read the schema; trying again");
                        add(&mut failed, shard, wanted);
                        retry_at = Instant::now() + RETRY_PAUSE;
                    }
                }
                event = events.recv() => match event {
                    Ok(event) => note(&mut pending, event),
                    Err(RecvError::Lagged(_)) => pending.extend(self.everything()),
                    Err(RecvError::Closed) => return,
                },
                () = tokio::time::sleep_until(retry_at), if !failed.is_empty() => {
                    for (shard, wanted) in std::mem::take(&mut failed) {
                        add(&mut pending, shard, wanted);
                    }
                }
            }
        }
    }

    async fn read_one(
        &self,
        shard: KeyspaceShard,
        wanted: Wanted,
    ) -> (KeyspaceShard, Wanted, Result<()>) {
        let done = self.read(&shard, &wanted).await;
        (shard, wanted, done)
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
        Event::PrimaryChanged { shard, .. } => add(pending, shard, Wanted::All),
        Event::SchemaChanged { shard, tables, views } => {
            add(pending, shard, Wanted::Named(tables.into_iter().chain(views).collect()));
        }
    }
}

/// Adds what is to be read of a shard to what is wanted of it already.
fn add(pending: &mut Pending, shard: KeyspaceShard, wanted: Wanted) {
    let before = pending.entry(shard).or_insert_with(|| Wanted::Named(BTreeSet::new()));
    match (before, wanted) {
        (Wanted::All, _) => {}
        (before, Wanted::All) => *before = Wanted::All,
        (Wanted::Named(names), Wanted::Named(more)) => names.extend(more),
    }
}

/// Returns the next shard to be read: a shard is not read twice at once, for the older reading
/// might be the later one to come in.
fn next_to_read(pending: &Pending, reading: &BTreeSet<KeyspaceShard>) -> Option<KeyspaceShard> {
    if reading.len() >= READS_MAX {
        return None;
    }
    pending.keys().find(|shard| !reading.contains(*shard)).cloned()
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

    #[test]
    fn what_is_wanted_of_a_shard_adds_up() {
        let shard = |name: &str| KeyspaceShard { keyspace: "ks".into(), shard: name.into() };
        let named =
            |names: &[&str]| Wanted::Named(names.iter().map(|name| (*name).to_owned()).collect());
        let mut pending = Pending::new();
        add(&mut pending, shard("-80"), named(&["a"]));
        add(&mut pending, shard("-80"), named(&["b"]));
        add(&mut pending, shard("80-"), named(&["a"]));
        assert_eq!(pending[&shard("-80")], named(&["a", "b"]));
        add(&mut pending, shard("80-"), Wanted::All);
        add(&mut pending, shard("80-"), named(&["c"]));
        assert_eq!(pending[&shard("80-")], Wanted::All);
        // One that is being read waits, and the others do not.
        let mut reading = BTreeSet::from([shard("-80")]);
        assert_eq!(next_to_read(&pending, &reading), Some(shard("80-")));
        reading.insert(shard("80-"));
        assert_eq!(next_to_read(&pending, &reading), None);
        let many = (0..READS_MAX).map(|number| shard(&number.to_string())).collect();
        assert_eq!(next_to_read(&pending, &many), None);
    }
}
