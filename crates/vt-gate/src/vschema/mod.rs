//! The vschema of the moment: what the topology serves, with the columns and keys that tablets tell.

pub mod columns;
pub mod definition;
pub mod follow;
pub mod tracker;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use vt_proto::vschema::SrvVSchema;
use vt_vschema::VSchema;
use vt_vschema::spec::TrackedTable;

/// A vschema, with a number that no other has had.
pub struct Snapshot {
    pub version: u64,
    pub vschema: Arc<VSchema>,
    /// The record that it was built from.
    pub record: Arc<SrvVSchema>,
    mirrored: OnceLock<Arc<VSchema>>,
}

impl Snapshot {
    fn new(version: u64, vschema: Arc<VSchema>, record: Arc<SrvVSchema>) -> Snapshot {
        Snapshot { version, vschema, record, mirrored: OnceLock::new() }
    }

    /// Returns the snapshot in which tables with a mirror are where that is.
    pub fn mirrored(&self) -> Snapshot {
        let vschema = self.mirrored.get_or_init(|| Arc::new(self.vschema.mirrored()));
        Snapshot::new(self.version, vschema.clone(), self.record.clone())
    }
}

/// What is known of a keyspace's tables.
pub type Tables = BTreeMap<String, TrackedTable>;

/// Views of a keyspace: the statements that make them by name.
pub type Views = BTreeMap<String, String>;

/// The current vschema. Readers never wait.
pub struct VSchemas {
    current: ArcSwap<Snapshot>,
    parts: Mutex<Parts>,
    version: tokio::sync::watch::Sender<u64>,
}

#[derive(Default)]
struct Parts {
    record: Arc<SrvVSchema>,
    tables: BTreeMap<String, Tables>,
    views: BTreeMap<String, Views>,
    /// How often what is known of a keyspace has changed.
    heard: BTreeMap<String, u64>,
}

impl Default for VSchemas {
    fn default() -> VSchemas {
        let snapshot = Snapshot::new(0, Arc::default(), Arc::default());
        VSchemas {
            current: ArcSwap::from_pointee(snapshot),
            parts: Mutex::default(),
            version: tokio::sync::watch::channel(0).0,
        }
    }
}

impl VSchemas {
    pub fn current(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.current.load()
    }

    /// Returns the number of the current vschema as it changes.
    pub fn version(&self) -> tokio::sync::watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Takes a record of the topology.
    pub fn set_record(&self, record: Arc<SrvVSchema>) {
        let mut parts = self.parts.lock();
        parts.record = record;
        self.rebuild(&parts);
    }

    /// Changes what is known of a keyspace's tables.
    pub fn update_tables(&self, keyspace: &str, change: impl FnOnce(&mut Tables)) {
        let mut parts = self.parts.lock();
        let tables = parts.tables.entry(keyspace.to_owned()).or_default();
        let before = tables.clone();
        change(tables);
        if *tables != before {
            *parts.heard.entry(keyspace.to_owned()).or_default() += 1;
            self.rebuild(&parts);
        }
    }

    /// Changes what is known of a keyspace's views.
    pub fn update_views(&self, keyspace: &str, change: impl FnOnce(&mut Views)) {
        let mut parts = self.parts.lock();
        let views = parts.views.entry(keyspace.to_owned()).or_default();
        let before = views.clone();
        change(views);
        if *views != before {
            *parts.heard.entry(keyspace.to_owned()).or_default() += 1;
            self.rebuild(&parts);
        }
    }

    /// Returns how often what is known of a keyspace's tables and views has changed.
    pub fn heard(&self, keyspace: &str) -> u64 {
        self.parts.lock().heard.get(keyspace).copied().unwrap_or_default()
    }

    /// Returns what is known of a table.
    pub fn table(&self, keyspace: &str, table: &str) -> Option<TrackedTable> {
        self.parts.lock().tables.get(keyspace)?.get(table).cloned()
    }

    fn rebuild(&self, parts: &Parts) {
        let spec = vt_rpc::vschema::spec_from_proto(&parts.record);
        let mut vschema = VSchema::build(&spec);
        for (keyspace, tables) in &parts.tables {
            let tables: Vec<_> =
                tables.iter().map(|(name, table)| (name.clone(), table.clone())).collect();
            vschema = vschema.with_tables(keyspace, &tables);
        }
        for (keyspace, views) in &parts.views {
            let views: Vec<_> = views.iter().map(|(a, b)| (a.clone(), b.clone())).collect();
            vschema = vschema.with_views(keyspace, &views);
        }
        for (name, keyspace) in &vschema.keyspaces {
            if let Some(error) = &keyspace.error {
                tracing::warn!(keyspace = %name, %error, "vschema has an error");
            }
        }
        let version = self.current.load().version + 1;
        let (vschema, record) = (Arc::new(vschema), parts.record.clone());
        self.current.store(Arc::new(Snapshot::new(version, vschema, record)));
        self.version.send_replace(version);
    }
}
