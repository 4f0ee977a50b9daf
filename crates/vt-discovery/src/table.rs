//! All known tablets by shard, kept so that a choice needs no lock and no copy.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use papaya::HashMap as SharedMap;
use parking_lot::Mutex;
use tokio::sync::{broadcast, watch};
use vt_base::{KeyspaceShard, TabletAlias, TabletType, Target};

use crate::balance::{Balance, Choice, Shares};
use crate::rules::{LagRule, Nearness, primary};
use crate::tablet::{TabletHealth, TabletInfo};

/// How many events a slow listener may be behind before it misses some.
const EVENTS_MAX: usize = 1_024;

/// What listeners are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Another tablet serves as the shard's primary, or the same one for another term.
    PrimaryChanged { shard: KeyspaceShard, alias: TabletAlias },
    /// The primary says that definitions changed. All of them may have if no name is given.
    SchemaChanged { shard: KeyspaceShard, tables: Vec<String>, views: Vec<String> },
}

/// What can be asked of one shard, computed when a tablet's news comes.
#[derive(Default)]
struct Shard {
    all: Vec<Arc<TabletHealth>>,
    primary: Option<Arc<TabletHealth>>,
    replicas: Choice,
    rdonly: Choice,
}

type Cell = Arc<ArcSwap<Shard>>;
type Shards = HashMap<Arc<str>, HashMap<Arc<str>, Cell>>;

/// The table.
pub struct Table {
    shards: ArcSwap<Shards>,
    by_alias: SharedMap<TabletAlias, KeyspaceShard>,
    /// The names of databases that are not made of their keyspace's.
    databases: SharedMap<Arc<str>, Arc<str>>,
    nearness: ArcSwap<Nearness>,
    lag: LagRule,
    balance: Balance,
    /// Writers take turns; readers never wait.
    writing: Mutex<()>,
    generation: watch::Sender<u64>,
    events: broadcast::Sender<Event>,
}

impl Table {
    pub(crate) fn new(lag: LagRule, nearness: Nearness, balance: Balance) -> Table {
        Table {
            shards: ArcSwap::default(),
            by_alias: SharedMap::new(),
            databases: SharedMap::new(),
            nearness: ArcSwap::from_pointee(nearness),
            lag,
            balance,
            writing: Mutex::new(()),
            generation: watch::channel(0).0,
            events: broadcast::channel(EVENTS_MAX).0,
        }
    }

    pub(crate) fn generation(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Takes other cell aliases into account, for every shard.
    pub(crate) fn set_nearness(&self, nearness: Nearness) {
        let _turn = self.writing.lock();
        if **self.nearness.load() == nearness {
            return;
        }
        self.nearness.store(Arc::new(nearness));
        for cell in self.shards.load().values().flat_map(HashMap::values) {
            cell.store(Arc::new(self.arrange(cell.load().all.clone())));
        }
        self.bump();
    }

    /// Sets what is known of a tablet, and tells what that changes.
    pub(crate) fn put(&self, health: Arc<TabletHealth>) {
        let turn = self.writing.lock();
        let shard = KeyspaceShard {
            keyspace: health.target.keyspace.clone(),
            shard: health.target.shard.clone(),
        };
        self.move_to(health.alias(), &shard);
        self.note_database(&health.tablet);
        let cell = self.cell(&shard);
        let before = cell.load_full();
        let tables = health.stats.table_schema_changed.clone();
        let views = health.stats.view_schema_changed.clone();
        let mut all: Vec<_> =
            before.all.iter().filter(|one| one.alias() != health.alias()).cloned().collect();
        all.push(health.clone());
        all.sort_by(|a, b| a.alias().cmp(b.alias()));
        let after = Arc::new(self.arrange(all));
        cell.store(after.clone());
        drop(turn);
        self.bump();
        if let Some(now) = &after.primary {
            let same = before.primary.as_ref().is_some_and(|was| {
                was.alias() == now.alias() && was.primary_term_start == now.primary_term_start
            });
            if !same {
                let alias = now.alias().clone();
                self.tell(Event::PrimaryChanged { shard: shard.clone(), alias });
            }
            let is_news = !tables.is_empty() || !views.is_empty();
            if is_news && now.alias() == health.alias() {
                self.tell(Event::SchemaChanged { shard, tables, views });
            }
        }
    }

    /// Forgets a tablet.
    pub(crate) fn remove(&self, alias: &TabletAlias) {
        let turn = self.writing.lock();
        if let Some(shard) = self.by_alias.pin().remove(alias) {
            self.take_out(alias, shard);
        }
        drop(turn);
        self.bump();
    }

    /// Notes which shard a tablet belongs to, and takes it out of the one that it left.
    fn move_to(&self, alias: &TabletAlias, shard: &KeyspaceShard) {
        let by_alias = self.by_alias.pin();
        let was = by_alias.get(alias);
        if was == Some(shard) {
            return;
        }
        if let Some(was) = was {
            self.take_out(alias, was);
        }
        by_alias.insert(alias.clone(), shard.clone());
    }

    fn note_database(&self, tablet: &TabletInfo) {
        let name = tablet.record.db_name_override.as_str();
        let databases = self.databases.pin();
        let known = databases.get(&tablet.keyspace).map_or("", |known| &**known);
        if name == known {
            return;
        }
        match name.is_empty() {
            true => drop(databases.remove(&tablet.keyspace).is_some()),
            false => drop(databases.insert(tablet.keyspace.clone(), name.into()).is_some()),
        }
    }

    /// Returns the name of a keyspace's database on its tablets, if they name another than usual.
    pub(crate) fn database_of(&self, keyspace: &str) -> Option<Arc<str>> {
        self.databases.pin().get(keyspace).cloned()
    }

    fn take_out(&self, alias: &TabletAlias, shard: &KeyspaceShard) {
        let cell = self.cell(shard);
        let all = cell.load().all.iter().filter(|one| one.alias() != alias).cloned().collect();
        cell.store(Arc::new(self.arrange(all)));
    }

    /// Returns a shard's cell, made if it is new.
    fn cell(&self, shard: &KeyspaceShard) -> Cell {
        let shards = self.shards.load();
        if let Some(cell) = shards.get(&shard.keyspace).and_then(|one| one.get(&shard.shard)) {
            return cell.clone();
        }
        let mut next = HashMap::clone(&shards);
        let cell = Cell::default();
        next.entry(shard.keyspace.clone()).or_default().insert(shard.shard.clone(), cell.clone());
        self.shards.store(Arc::new(next));
        cell
    }

    fn arrange(&self, all: Vec<Arc<TabletHealth>>) -> Shard {
        let of_type = |wanted: TabletType| {
            let usable = all
                .iter()
                .filter(|one| one.is_usable() && one.target.tablet_type == wanted)
                .cloned()
                .collect();
            let keyspace = all.first().map_or("", |one| &*one.target.keyspace);
            self.balance.order(keyspace, &self.nearness.load(), self.lag.healthy(usable))
        };
        Shard {
            primary: primary(&all),
            replicas: of_type(TabletType::Replica),
            rdonly: of_type(TabletType::Rdonly),
            all,
        }
    }

    fn bump(&self) {
        self.generation.send_modify(|number| *number += 1);
    }

    fn tell(&self, event: Event) {
        // Nobody listening is no error.
        let _listeners = self.events.send(event);
    }

    fn find(&self, keyspace: &str, shard: &str) -> Option<Arc<Shard>> {
        self.shards.load().get(keyspace)?.get(shard).map(|cell| cell.load_full())
    }

    /// Returns a tablet that serves the target, not one of `except`; of several, as reads are shared.
    pub(crate) fn pick(
        &self,
        target: &Target,
        except: &[TabletAlias],
        session: Option<u64>,
    ) -> Option<Arc<TabletHealth>> {
        let shard = self.find(&target.keyspace, &target.shard)?;
        let choice = match target.tablet_type {
            TabletType::Primary => {
                let primary = shard.primary.as_ref()?;
                return (!except.contains(primary.alias())).then(|| primary.clone());
            }
            TabletType::Replica => &shard.replicas,
            TabletType::Rdonly => &shard.rdonly,
            _ => return None,
        };
        choice.pick(except, session)
    }

    pub(crate) fn get(&self, alias: &TabletAlias) -> Option<Arc<TabletHealth>> {
        let by_alias = self.by_alias.pin();
        let shard = by_alias.get(alias)?;
        let shard = self.find(&shard.keyspace, &shard.shard)?;
        shard.all.iter().find(|one| one.alias() == alias).cloned()
    }

    /// Returns the tablets of a shard.
    pub(crate) fn of_shard(&self, shard: &KeyspaceShard) -> Vec<Arc<TabletHealth>> {
        self.find(&shard.keyspace, &shard.shard).map_or_else(Vec::new, |known| known.all.clone())
    }

    /// Returns every shard that has tablets.
    pub(crate) fn known_shards(&self) -> Vec<KeyspaceShard> {
        self.by_alias.pin().values().cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Returns every tablet, by keyspace, shard and alias.
    pub(crate) fn snapshot(&self) -> Vec<Arc<TabletHealth>> {
        let mut sorted: BTreeMap<(Arc<str>, Arc<str>), Arc<Shard>> = BTreeMap::new();
        for (keyspace, shards) in self.shards.load().iter() {
            for (shard, cell) in shards {
                sorted.insert((keyspace.clone(), shard.clone()), cell.load_full());
            }
        }
        sorted.values().flat_map(|shard| shard.all.iter().cloned()).collect()
    }

    /// Returns, by shard and type, the tablets that reads go to, with the part that each gets.
    pub(crate) fn shares(&self) -> Vec<(Target, Shares)> {
        let mut all = Vec::new();
        for known in self.known_shards() {
            let Some(shard) = self.find(&known.keyspace, &known.shard) else { continue };
            let of = [(TabletType::Replica, &shard.replicas), (TabletType::Rdonly, &shard.rdonly)];
            for (tablet_type, choice) in of {
                let target = Target::new(&known.keyspace, &known.shard, tablet_type);
                all.push((target, choice.parts()));
            }
        }
        all.retain(|(_, parts)| !parts.is_empty());
        all
    }
}
