//! The servers and tablets of a cluster that runs: what its description gains is started, what it
//! loses is stopped and removed.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_mysqld::{CnfOptions, Mysqld, Server};

use crate::children::keep_mysqld;
use crate::layout::{Ports, instance};
use crate::spec::{Spec, TabletSpec};
use crate::state::Health;
use crate::supervisor::{Cluster, Groups, mysqld_name, tablet_name};

/// What ends a tablet and its server.
#[derive(Clone, Debug)]
pub(crate) struct Ends {
    tablet: CancellationToken,
    mysqld: CancellationToken,
}

/// How often the description is read again.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a part may take to end.
const END_LIMIT: Duration = Duration::from_secs(120);

impl Cluster {
    /// Follows the description for as long as the cluster runs.
    pub(crate) async fn follow(&self, groups: &Groups) {
        let mut tablets = self.spec.tablets();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let wanted = match Spec::load(&self.files.spec()) {
                Ok(Some(spec)) => spec.tablets(),
                Ok(None) => continue,
                Err(err) => {
                    tracing::warn!(%err, "the description of the cluster is not read");
                    continue;
                }
            };
            if wanted == tablets || self.spec.one_process {
                continue;
            }
            let gone: Vec<TabletSpec> =
                tablets.iter().filter(|one| !wanted.contains(one)).cloned().collect();
            let fresh: Vec<TabletSpec> =
                wanted.iter().filter(|one| !tablets.contains(one)).cloned().collect();
            for tablet in &gone {
                if let Err(err) = self.retire(tablet).await {
                    tracing::error!(uid = tablet.uid, %err, "a tablet is not removed");
                }
            }
            match self.start_tablets(groups, &fresh).await {
                Ok(()) => tablets = wanted,
                // It is tried again; what is there already is kept.
                Err(err) => {
                    tracing::error!(%err, "new tablets are not started");
                    tablets.retain(|one| !gone.contains(one));
                }
            }
        }
    }

    /// Returns the tokens of a tablet, which are made when it first has some.
    fn ends(&self, groups: &Groups, uid: u32) -> Ends {
        let mut tokens = self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let ends = tokens.entry(uid).or_insert_with(|| Ends {
            tablet: groups.tablets.token().child_token(),
            mysqld: groups.mysqlds.token().child_token(),
        });
        ends.clone()
    }

    pub(crate) fn keep_server(&self, groups: &Groups, uid: u32, mysqld: Mysqld) {
        let token = self.ends(groups, uid).mysqld;
        let keeping = keep_mysqld(mysqld_name(uid), mysqld, self.board.clone(), token);
        groups.mysqlds.spawn("mysqld", keeping);
    }

    pub(crate) fn keep_tablet(&self, groups: &Groups, tablet: &TabletSpec) {
        let program = self.tablet_program(tablet, Ports::new(self.spec.port_base));
        let token = self.ends(groups, tablet.uid).tablet;
        self.keep_until(&groups.tablets, program, token);
    }

    async fn start_tablets(&self, groups: &Groups, fresh: &[TabletSpec]) -> Result<()> {
        if fresh.is_empty() {
            return Ok(());
        }
        // A server that is kept already came with an attempt before this.
        let is_kept = |uid: u32| {
            let tokens = self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            tokens.contains_key(&uid)
        };
        let is_own = |tablet: &TabletSpec| tablet.external.is_none();
        let without: Vec<TabletSpec> =
            fresh.iter().filter(|one| !is_kept(one.uid) && is_own(one)).cloned().collect();
        let server = Server::find_in_environment().await?;
        for (uid, mysqld) in self.make_mysqlds(&server, &without).await? {
            self.keep_server(groups, uid, mysqld);
        }
        for tablet in fresh {
            let name = tablet_name(tablet.uid);
            if !self.board.snapshot().parts.iter().any(|part| part.name == name) {
                if is_own(tablet) {
                    self.wait_up(&mysqld_name(tablet.uid)).await?;
                }
                self.keep_tablet(groups, tablet);
            }
        }
        Ok(())
    }

    /// Stops a tablet and its server, and removes their data; a server of somebody else is left.
    async fn retire(&self, tablet: &TabletSpec) -> Result<()> {
        let uid = tablet.uid;
        let ends = {
            let mut tokens = self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            tokens.remove(&uid)
        };
        if let Some(ends) = ends {
            ends.tablet.cancel();
            self.wait_down(&tablet_name(uid)).await?;
            ends.mysqld.cancel();
            self.wait_down(&mysqld_name(uid)).await?;
        }
        self.board.remove(&tablet_name(uid));
        if tablet.external.is_some() {
            return Ok(());
        }
        let server = Server::find_in_environment().await?;
        let instance = instance(&self.files, Ports::new(self.spec.port_base), uid);
        Mysqld::new(instance, server).teardown(true).await?;
        self.board.remove(&mysqld_name(uid));
        Ok(())
    }

    async fn wait_down(&self, name: &str) -> Result<()> {
        let deadline = tokio::time::Instant::now() + END_LIMIT;
        loop {
            let state = self.board.snapshot();
            let part = state.parts.iter().find(|part| part.name == name);
            if part.is_none_or(|part| part.pid == 0 && part.health == Health::Down) {
                return Ok(());
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(Error::new(Code::DeadlineExceeded, format!("{name} does not stop")));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Makes the servers that are missing, by copying one that is initialised once.
    pub(crate) async fn make_mysqlds(
        &self,
        server: &Server,
        tablets: &[TabletSpec],
    ) -> Result<Vec<(u32, Mysqld)>> {
        let ports = Ports::new(self.spec.port_base);
        let small = self.files.small_cnf();
        let text = include_str!("small.cnf");
        std::fs::write(&small, text)
            .map_err(|err| Error::new(Code::Internal, format!("{}: {err}", small.display())))?;
        let mut options = CnfOptions::from_environment(None);
        options.extra.insert(0, small);
        let seed_port = tablets.first().map_or(0, |first| ports.tablet_mysql(first.uid));
        let seed = Mysqld::new(
            vt_mysqld::Instance { uid: 0, dir: self.files.seed(), mysql_port: seed_port },
            server.clone(),
        );
        let mut made = Vec::new();
        for TabletSpec { uid, .. } in tablets {
            let uid = *uid;
            let mysqld = Mysqld::new(instance(&self.files, ports, uid), server.clone());
            if mysqld.is_running() {
                // Left by a supervisor that was killed; it is ours to start again.
                mysqld.shutdown().await?;
            }
            if !mysqld.instance.exists() {
                if !seed.instance.exists() {
                    self.board.note(&mysqld_name(uid), Health::Starting, "initialising");
                    seed.teardown(true).await?;
                    seed.init(&options, None).await?;
                    seed.shutdown().await?;
                }
                mysqld.init_from(&seed.instance, &options).await?;
            } else {
                mysqld.reinit_config(&options)?;
            }
            made.push((uid, mysqld));
        }
        seed.teardown(true).await?;
        Ok(made)
    }
}
