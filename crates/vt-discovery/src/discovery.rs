//! The face of the crate: starts the tasks, answers from the table.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, broadcast, watch};
use vt_base::{Code, Error, Result, TabletAlias, Target};
use vt_service::Tasks;

use crate::balance::Shares;
use crate::config::Config;
use crate::ended;
use crate::roster::Roster;
use crate::rules::{LagRule, Nearness};
use crate::source::{Dialer, TabletSource};
use crate::table::{Event, Table};
use crate::tablet::TabletHealth;

/// Knows the tablets of some cells. Cheap to share; no call waits but those that say so.
pub struct Discovery {
    config: Arc<Config>,
    table: Arc<Table>,
    nudge: Arc<Notify>,
}

impl Discovery {
    /// Starts following the topology and the tablets, by tasks of `tasks`.
    pub fn start(
        config: Config,
        source: Arc<dyn TabletSource>,
        dialer: Arc<dyn Dialer>,
        tasks: &Tasks,
    ) -> Arc<Discovery> {
        let config = Arc::new(config);
        let lag =
            LagRule { low: config.lag_low, high: config.lag_high, serving_min: config.serving_min };
        let nearness = Nearness::new(&config.cell, &std::collections::BTreeMap::new());
        let table = Arc::new(Table::new(lag, nearness, config.balance.clone()));
        let nudge = Arc::new(Notify::new());
        let roster = Roster::new(
            config.clone(),
            source,
            dialer,
            table.clone(),
            tasks.child(),
            nudge.clone(),
        );
        tasks.spawn_until_cancelled("tablet-roster", roster.run());
        tasks.spawn_until_cancelled("ended-terms", ended::follow(table.clone()));
        Arc::new(Discovery { config, table, nudge })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Picks a tablet for a target, not one of `except`: as the mode of balancing says, which by
    /// default is any of the local cell if there is one, then of the cells of its alias. A target that names a cell takes no other.
    pub fn pick(&self, target: &Target, except: &[TabletAlias]) -> Option<Arc<TabletHealth>> {
        self.pick_for(target, except, None)
    }

    /// As [`Discovery::pick`], for a session, which keeps to a tablet where the mode is so.
    pub fn pick_for(
        &self,
        target: &Target,
        except: &[TabletAlias],
        session: Option<u64>,
    ) -> Option<Arc<TabletHealth>> {
        self.table
            .pick(target, except, session)
            .filter(|one| target.cell.is_empty() || target.cell == one.alias().cell)
    }

    /// Returns, by shard and type, the tablets that reads go to, with the part that each gets.
    pub fn shares(&self) -> Vec<(Target, Shares)> {
        self.table.shares()
    }

    /// Returns what is known of a tablet.
    pub fn get(&self, alias: &TabletAlias) -> Option<Arc<TabletHealth>> {
        self.table.get(alias)
    }

    /// Returns the name of a keyspace's database on its tablets, if their records name one.
    pub fn database_of(&self, keyspace: &str) -> Option<Arc<str>> {
        self.table.database_of(keyspace)
    }

    /// Returns every known tablet, by keyspace, shard and alias.
    pub fn snapshot(&self) -> Vec<Arc<TabletHealth>> {
        self.table.snapshot()
    }

    /// Returns a number that grows whenever something of a tablet changes.
    pub fn generation(&self) -> watch::Receiver<u64> {
        self.table.generation()
    }

    /// Returns the events from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.table.events()
    }

    /// Asks for the topology to be read soon, as when a tablet is missing.
    pub fn refresh(&self) {
        self.nudge.notify_one();
    }

    /// Waits until a target has a tablet to ask, not one of `except`, and returns it.
    pub async fn wait_for(
        &self,
        target: &Target,
        except: &[TabletAlias],
        limit: Duration,
    ) -> Result<Arc<TabletHealth>> {
        let mut generation = self.generation();
        let wait = async {
            loop {
                generation.mark_unchanged();
                if let Some(found) = self.pick(target, except) {
                    return found;
                }
                if generation.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(limit, wait).await.map_err(|_| {
            let message = format!("no healthy tablet available for '{target}'");
            Error::new(Code::Unavailable, message)
        })
    }

    /// Waits until each target has a tablet to ask; says which have none when the time is over.
    pub async fn wait_for_all(&self, targets: &[Target], limit: Duration) -> Result<()> {
        let mut generation = self.generation();
        let missing = || -> Vec<String> {
            targets
                .iter()
                .filter(|target| self.pick(target, &[]).is_none())
                .map(Target::to_string)
                .collect()
        };
        let wait = async {
            loop {
                generation.mark_unchanged();
                if missing().is_empty() {
                    return;
                }
                if generation.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(limit, wait).await.map_err(|_| {
            let message = format!("no healthy tablet available for {}", missing().join(", "));
            Error::new(Code::DeadlineExceeded, message)
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
