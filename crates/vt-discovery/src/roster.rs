//! The task that follows the topology and keeps a listener for each tablet in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::Notify;
use vt_base::TabletAlias;
use vt_service::Tasks;

use crate::config::Config;
use crate::rules::Nearness;
use crate::source::{Dialer, TabletSource};
use crate::stream::Listener;
use crate::table::Table;
use crate::tablet::TabletInfo;

/// The least pause between two readings of the topology, however often one is asked for.
const READ_PAUSE_MIN: Duration = Duration::from_millis(250);
/// The pause until every cell has been read once.
const READ_PAUSE_STARTING: Duration = Duration::from_secs(1);
/// How long a listener may take to end.
const LISTENER_GRACE: Duration = Duration::from_secs(5);

/// Follows the topology.
pub(crate) struct Roster {
    pub(crate) config: Arc<Config>,
    pub(crate) source: Arc<dyn TabletSource>,
    pub(crate) dialer: Arc<dyn Dialer>,
    pub(crate) table: Arc<Table>,
    pub(crate) tasks: Tasks,
    /// Asks for a reading before its time.
    pub(crate) nudge: Arc<Notify>,
    listeners: BTreeMap<TabletAlias, Running>,
    cells_read: BTreeSet<String>,
}

struct Running {
    tablet: Arc<TabletInfo>,
    tasks: Tasks,
}

impl Roster {
    pub(crate) fn new(
        config: Arc<Config>,
        source: Arc<dyn TabletSource>,
        dialer: Arc<dyn Dialer>,
        table: Arc<Table>,
        tasks: Tasks,
        nudge: Arc<Notify>,
    ) -> Roster {
        let (listeners, cells_read) = (BTreeMap::new(), BTreeSet::new());
        Roster { config, source, dialer, table, tasks, nudge, listeners, cells_read }
    }

    /// Follows for as long as the future is polled.
    pub(crate) async fn run(mut self) {
        loop {
            self.read().await;
            let starting = self.cells_read.len() < self.config.cells_to_watch.len();
            let pause = if starting { READ_PAUSE_STARTING } else { self.config.refresh_interval };
            tokio::time::sleep(READ_PAUSE_MIN).await;
            let changed = any_changed(&*self.source, &self.config.cells_to_watch);
            tokio::select! {
                biased;
                () = self.nudge.notified() => {}
                () = changed => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Reads all cells. A cell that cannot be read keeps the tablets that it had.
    async fn read(&mut self) {
        match self.source.cell_aliases().await {
            Ok(aliases) => self.table.set_nearness(Nearness::new(&self.config.cell, &aliases)),
            Err(error) => {
                tracing::warn!(%error, "cannot read cell aliases; keeping the known ones")
            }
        }
        for cell in self.config.cells_to_watch.clone() {
            match self.source.tablets(&cell).await {
                Ok(records) => {
                    let wanted = records
                        .into_iter()
                        .filter_map(TabletInfo::new)
                        .filter(|tablet| self.config.takes(tablet));
                    let wanted = wanted.map(|one| (one.alias.clone(), one)).collect();
                    self.keep(&cell, wanted).await;
                    self.cells_read.insert(cell);
                }
                Err(error) => {
                    tracing::warn!(%cell, %error, "cannot read tablets; keeping the known ones");
                }
            }
        }
    }

    /// Makes the listeners of a cell be those of its tablets.
    async fn keep(&mut self, cell: &str, mut wanted: BTreeMap<TabletAlias, TabletInfo>) {
        let known: Vec<TabletAlias> =
            self.listeners.keys().filter(|alias| *alias.cell == *cell).cloned().collect();
        for alias in known {
            match wanted.remove(&alias) {
                Some(tablet) if self.listeners[&alias].tablet.is_same_place(&tablet) => {}
                Some(tablet) => {
                    self.end(&alias).await;
                    self.begin(tablet);
                }
                None => {
                    let ended = self.end(&alias).await;
                    self.table.remove(&alias);
                    if let Some(tablet) = ended {
                        self.dialer.forget(&tablet.record).await;
                    }
                }
            }
        }
        for tablet in wanted.into_values() {
            self.begin(tablet);
        }
    }

    fn begin(&mut self, tablet: TabletInfo) {
        let tablet = Arc::new(tablet);
        let tasks = self.tasks.child();
        let listener = Listener {
            tablet: tablet.clone(),
            dialer: self.dialer.clone(),
            table: self.table.clone(),
            config: self.config.clone(),
        };
        tasks.spawn_until_cancelled("tablet-health", listener.run());
        self.listeners.insert(tablet.alias.clone(), Running { tablet, tasks });
    }

    async fn end(&mut self, alias: &TabletAlias) -> Option<Arc<TabletInfo>> {
        let running = self.listeners.remove(alias)?;
        if !running.tasks.shutdown(LISTENER_GRACE).await {
            tracing::error!(tablet = %alias, "health stream did not end in time");
        }
        Some(running.tablet)
    }
}

/// Waits until any of the cells changes.
async fn any_changed(source: &dyn TabletSource, cells: &[String]) {
    let mut changes: FuturesUnordered<_> = cells.iter().map(|cell| source.changed(cell)).collect();
    if changes.next().await.is_none() {
        std::future::pending::<()>().await;
    }
}

impl Config {
    /// Returns whether a tablet is one of those to watch.
    fn takes(&self, tablet: &TabletInfo) -> bool {
        let keyspaces = &self.keyspaces_to_watch;
        let filters = &self.tablet_filters;
        let tags = &tablet.record.tags;
        (keyspaces.is_empty() || keyspaces.iter().any(|one| **one == *tablet.keyspace))
            && (filters.is_empty()
                || filters.iter().any(|one| one.takes(&tablet.keyspace, &tablet.shard)))
            && self.tablet_filter_tags.iter().all(|(key, value)| tags.get(key) == Some(value))
    }
}
