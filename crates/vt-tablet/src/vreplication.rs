//! Streams into this tablet: they run while it is primary.

use std::sync::Arc;

use vt_base::TabletType;
use vt_vreplication::Store;

use crate::core::Core;
use crate::db::Role;

impl Core {
    /// Opens the streams when the tablet becomes primary, and closes them when it is that no more.
    pub async fn run_streams(self: Arc<Core>) {
        let mut changes = self.state.watch();
        loop {
            changes.mark_unchanged();
            let changed = if self.may_run_streams() {
                let opening = async {
                    self.vreplication.open(self.stream_store(Role::Filtered)).await;
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    biased;
                    changed = changes.changed() => changed,
                    () = opening => Ok(()),
                }
            } else {
                self.vreplication.close().await;
                changes.changed().await
            };
            if changed.is_err() {
                return;
            }
        }
    }

    /// A primary applies streams whether it serves queries or not; one that is going does not.
    fn may_run_streams(&self) -> bool {
        let role = self.role.lock();
        role.tablet_type == TabletType::Primary && role.ready && role.stopped.is_none()
    }

    /// Returns the tables of streams, as an account reaches them.
    pub(crate) fn stream_store(&self, role: Role) -> Store {
        Store::new(self.db.params(role), &self.sidecar.load(), self.db.name())
    }
}
