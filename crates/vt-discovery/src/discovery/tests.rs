//! Discovery over a topology in memory and tablets that say what they are told to.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use vt_base::TabletType;
use vt_proto::topodata;
use vt_tablet_api::{
    Caller, ExecuteOptions, ExecuteReply, ExecuteRequest, HealthState, HealthStream, QueryService,
    RealtimeStats, SchemaReply, SchemaTables, StreamPart, TxState,
};

use super::*;

/// A tablet that answers nothing.
pub(crate) struct Deaf;

fn silence() -> Error {
    Error::new(Code::Unavailable, "nobody here")
}

#[async_trait]
impl QueryService for Deaf {
    async fn execute(&self, _: ExecuteRequest) -> ExecuteReply {
        ExecuteReply::failed(silence())
    }
    async fn stream_execute(&self, _: ExecuteRequest, _: mpsc::Sender<StreamPart>) -> ExecuteReply {
        ExecuteReply::failed(silence())
    }
    async fn begin(&self, _: &Caller, _: &Target, _: &ExecuteOptions) -> Result<TxState> {
        Err(silence())
    }
    async fn commit(&self, _: &Caller, _: &Target, _: i64) -> Result<TxState> {
        Err(silence())
    }
    async fn rollback(&self, _: &Caller, _: &Target, _: i64) -> Result<i64> {
        Err(silence())
    }
    async fn release(&self, _: &Caller, _: &Target, _: i64, _: i64) -> Result<()> {
        Err(silence())
    }
    async fn stream_health(&self) -> Result<HealthStream> {
        Err(silence())
    }
    async fn get_schema(&self, _: &Target, _: SchemaTables, _: &[String]) -> Result<SchemaReply> {
        Err(silence())
    }
}

/// A tablet whose health stream the test feeds.
struct Talker {
    streams: Mutex<Vec<mpsc::Sender<HealthState>>>,
}

#[async_trait]
impl QueryService for Talker {
    async fn execute(&self, _: ExecuteRequest) -> ExecuteReply {
        ExecuteReply::failed(silence())
    }
    async fn stream_execute(&self, _: ExecuteRequest, _: mpsc::Sender<StreamPart>) -> ExecuteReply {
        ExecuteReply::failed(silence())
    }
    async fn begin(&self, _: &Caller, _: &Target, _: &ExecuteOptions) -> Result<TxState> {
        Err(silence())
    }
    async fn commit(&self, _: &Caller, _: &Target, _: i64) -> Result<TxState> {
        Err(silence())
    }
    async fn rollback(&self, _: &Caller, _: &Target, _: i64) -> Result<i64> {
        Err(silence())
    }
    async fn release(&self, _: &Caller, _: &Target, _: i64, _: i64) -> Result<()> {
        Err(silence())
    }
    async fn stream_health(&self) -> Result<HealthStream> {
        let (sender, receiver) = mpsc::channel(16);
        self.streams.lock().push(sender);
        Ok(receiver.into())
    }
    async fn get_schema(&self, _: &Target, _: SchemaTables, _: &[String]) -> Result<SchemaReply> {
        Err(silence())
    }
}

/// The world: records by cell, tablets by alias, and whether the topology answers.
#[derive(Default)]
struct World {
    cells: Mutex<BTreeMap<String, Vec<topodata::Tablet>>>,
    tablets: Mutex<HashMap<TabletAlias, Arc<Talker>>>,
    is_away: Mutex<bool>,
    change: Notify,
}

impl World {
    fn record(&self, alias: &str) {
        let alias: TabletAlias = alias.parse().unwrap();
        let record = topodata::Tablet {
            alias: Some((&alias).into()),
            hostname: "h".into(),
            keyspace: "ks".into(),
            shard: "-80".into(),
            r#type: TabletType::Replica as i32,
            ..topodata::Tablet::default()
        };
        self.cells.lock().entry(alias.cell.to_string()).or_default().push(record);
        self.change.notify_waiters();
    }

    fn erase(&self, alias: &str) {
        let alias: TabletAlias = alias.parse().unwrap();
        let wire = topodata::TabletAlias::from(&alias);
        for records in self.cells.lock().values_mut() {
            records.retain(|one| one.alias.as_ref() != Some(&wire));
        }
        self.change.notify_waiters();
    }

    fn talker(&self, alias: &TabletAlias) -> Arc<Talker> {
        let make = || Arc::new(Talker { streams: Mutex::default() });
        self.tablets.lock().entry(alias.clone()).or_insert_with(make).clone()
    }

    /// Lets a tablet say how it is, once it is listened to.
    async fn say(&self, alias: &str, tablet_type: TabletType, term: i64) {
        self.say_all(alias, tablet_type, term, RealtimeStats::default()).await;
    }

    async fn say_all(&self, alias: &str, tablet_type: TabletType, term: i64, stats: RealtimeStats) {
        let alias: TabletAlias = alias.parse().unwrap();
        let talker = self.talker(&alias);
        let news = HealthState {
            target: Target::new("ks", "-80", tablet_type),
            serving: true,
            primary_term_start: term,
            alias: Some(alias),
            stats,
        };
        loop {
            let stream = talker.streams.lock().last().cloned();
            if let Some(stream) = stream
                && stream.send(news.clone()).await.is_ok()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[async_trait]
impl TabletSource for World {
    async fn tablets(&self, cell: &str) -> Result<Vec<topodata::Tablet>> {
        if *self.is_away.lock() {
            return Err(Error::new(Code::Unavailable, "topology is away"));
        }
        Ok(self.cells.lock().get(cell).cloned().unwrap_or_default())
    }
    async fn cell_aliases(&self) -> Result<BTreeMap<String, Vec<String>>> {
        Ok([("east".to_owned(), vec!["z1".to_owned(), "z2".to_owned()])].into())
    }
    async fn changed(&self, _: &str) {
        self.change.notified().await;
    }
}

#[async_trait]
impl Dialer for World {
    async fn dial(&self, tablet: &topodata::Tablet) -> Result<Arc<dyn QueryService>> {
        Ok(self.talker(&tablet.alias.as_ref().unwrap().into()))
    }
}

fn start(world: &Arc<World>, tasks: &Tasks) -> Arc<Discovery> {
    let cells_to_watch = vec!["z1".to_owned(), "z2".to_owned()];
    let config = Config { cell: "z1".into(), cells_to_watch, ..Config::default() };
    Discovery::start(config, world.clone(), world.clone(), tasks)
}

async fn until(discovery: &Discovery, what: &str, mut holds: impl FnMut() -> bool) {
    let mut generation = discovery.generation();
    let wait = async {
        while !holds() {
            generation.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(600), wait).await.unwrap_or_else(|_| panic!("{what}"));
}

fn target(tablet_type: TabletType) -> Target {
    Target::new("ks", "-80", tablet_type)
}

const LONG: Duration = Duration::from_secs(600);

#[tokio::test(start_paused = true)]
async fn the_primary_with_the_highest_term_is_picked_and_told() {
    let (world, tasks) = (Arc::new(World::default()), Tasks::new());
    world.record("z1-100");
    world.record("z2-101");
    let discovery = start(&world, &tasks);
    let mut events = discovery.events();
    let primary = target(TabletType::Primary);
    assert!(discovery.pick(&primary, &[]).is_none());

    world.say("z1-100", TabletType::Primary, 10).await;
    let found = discovery.wait_for(&primary, &[], LONG).await.unwrap();
    assert_eq!(found.alias().uid, 100);
    world.say("z2-101", TabletType::Primary, 20).await;
    for uid in [100, 101] {
        let Event::PrimaryChanged { alias, .. } = events.recv().await.unwrap() else { panic!() };
        assert_eq!(alias.uid, uid);
    }
    assert_eq!(discovery.pick(&primary, &[]).unwrap().alias().uid, 101);
    assert!(tasks.shutdown(LONG).await, "a task stayed");
}

#[tokio::test(start_paused = true)]
async fn a_local_replica_is_preferred_and_exclusion_falls_back_to_the_alias() {
    let (world, tasks) = (Arc::new(World::default()), Tasks::new());
    world.record("z1-100");
    world.record("z2-101");
    let discovery = start(&world, &tasks);
    world.say("z2-101", TabletType::Replica, 0).await;
    world.say("z1-100", TabletType::Replica, 0).await;
    let replica = target(TabletType::Replica);
    until(&discovery, "the local replica comes", || {
        discovery.pick(&replica, &[]).is_some_and(|one| one.alias().uid == 100)
    })
    .await;
    let local = TabletAlias::new("z1", 100);
    assert_eq!(discovery.pick(&replica, &[local]).unwrap().alias().uid, 101);
    let both = [TabletAlias::new("z1", 100), TabletAlias::new("z2", 101)];
    assert!(discovery.pick(&replica, &both).is_none());
    tasks.shutdown(LONG).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_tablet_is_given_up_and_taken_back() {
    let (world, tasks) = (Arc::new(World::default()), Tasks::new());
    world.record("z1-100");
    let discovery = start(&world, &tasks);
    let primary = target(TabletType::Primary);
    world.say("z1-100", TabletType::Primary, 1).await;
    discovery.wait_for(&primary, &[], LONG).await.unwrap();
    until(&discovery, "silence is noticed", || discovery.pick(&primary, &[]).is_none()).await;
    let alias = TabletAlias::new("z1", 100);
    let error = discovery.get(&alias).unwrap().error.clone().unwrap();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    world.say("z1-100", TabletType::Primary, 1).await;
    discovery.wait_for(&primary, &[], LONG).await.unwrap();
    tasks.shutdown(LONG).await;
}

#[tokio::test(start_paused = true)]
async fn while_the_topology_is_away_known_tablets_serve() {
    let (world, tasks) = (Arc::new(World::default()), Tasks::new());
    world.record("z1-100");
    let discovery = start(&world, &tasks);
    let primary = target(TabletType::Primary);
    world.say("z1-100", TabletType::Primary, 1).await;
    discovery.wait_for(&primary, &[], LONG).await.unwrap();
    *world.is_away.lock() = true;
    discovery.refresh();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(discovery.pick(&primary, &[]).is_some());
    *world.is_away.lock() = false;
    world.erase("z1-100");
    until(&discovery, "the record is gone", || discovery.snapshot().is_empty()).await;
    assert!(discovery.pick(&primary, &[]).is_none());
    tasks.shutdown(LONG).await;
}

#[tokio::test(start_paused = true)]
async fn changes_of_the_primarys_schema_are_told() {
    let (world, tasks) = (Arc::new(World::default()), Tasks::new());
    world.record("z1-100");
    let discovery = start(&world, &tasks);
    let mut events = discovery.events();
    let table_schema_changed = vec!["t".to_owned()];
    let stats = RealtimeStats { table_schema_changed, ..RealtimeStats::default() };
    world.say_all("z1-100", TabletType::Primary, 1, stats).await;
    assert!(matches!(events.recv().await.unwrap(), Event::PrimaryChanged { .. }));
    match events.recv().await.unwrap() {
        Event::SchemaChanged { tables, .. } => assert_eq!(tables, ["t"]),
        other => panic!("{other:?}"),
    }
    tasks.shutdown(LONG).await;
}

#[tokio::test(start_paused = true)]
async fn waiting_names_what_is_missing() {
    let (world, tasks) = (Arc::new(World::default()), Tasks::new());
    let discovery = start(&world, &tasks);
    let wanted = [target(TabletType::Primary)];
    let error = discovery.wait_for_all(&wanted, Duration::from_secs(1)).await.unwrap_err();
    assert!(error.message().contains("ks.-80.primary"), "{error}");
    tasks.shutdown(LONG).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_may_name_the_database_of_its_keyspace() {
    let (world, tasks) = (Arc::new(World::default()), Tasks::new());
    world.record("z1-100");
    let discovery = start(&world, &tasks);
    until(&discovery, "the tablet is known", || !discovery.snapshot().is_empty()).await;
    assert_eq!(discovery.database_of("ks"), None);
    world.record("z1-101");
    world.cells.lock().get_mut("z1").unwrap()[1].db_name_override = "own".into();
    until(&discovery, "the other is known", || discovery.snapshot().len() == 2).await;
    assert_eq!(discovery.database_of("ks").as_deref(), Some("own"));
    assert_eq!(discovery.database_of("other"), None);
    tasks.shutdown(LONG).await;
}
