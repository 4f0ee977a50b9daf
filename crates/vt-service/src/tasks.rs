//! Tasks that have an owner: named, cancelled together, and waited for.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of one owner. Cloning gives another handle to the same set.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    token: CancellationToken,
}

impl Tasks {
    pub fn new() -> Tasks {
        Tasks::default()
    }

    /// Makes a set that is cancelled with this one, and can be cancelled and awaited alone.
    pub fn child(&self) -> Tasks {
        Tasks { tracker: TaskTracker::new(), token: self.token.child_token() }
    }

    /// Returns the token that says when to stop.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Runs a future as a task of this set; it is expected to watch [`Tasks::token`].
    ///
    /// A panic ends the task alone, and is logged with the name.
    pub fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) {
        // Boxed: a future that another one captures takes its room twice.
        let guarded = AssertUnwindSafe(Box::pin(future)).catch_unwind();
        self.tracker.spawn(async move {
            if guarded.await.is_err() {
                tracing::error!(task = name, "task panicked");
            }
        });
    }

    /// Runs a future on one of the lanes; it is dropped as soon as the set is cancelled.
    ///
    /// A panic ends the task alone.
    pub fn spawn_on_lane(
        &self,
        lanes: &crate::Lanes,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        let (token, future) = (self.token.clone(), Box::pin(future));
        lanes.spawn(&self.tracker, async move {
            token.run_until_cancelled_owned(future).await;
        });
    }

    /// Runs a future that is dropped as soon as the set is cancelled.
    pub fn spawn_until_cancelled(
        &self,
        name: &'static str,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        let (token, future) = (self.token.clone(), Box::pin(future));
        self.spawn(name, async move {
            token.run_until_cancelled_owned(future).await;
        });
    }

    /// Tells every task to stop and waits for them, `grace` at most; returns whether all ended.
    pub async fn shutdown(&self, grace: Duration) -> bool {
        self.token.cancel();
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait()).await.is_ok()
    }
}

/// Waits for SIGTERM or SIGINT.
pub async fn termination() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        biased;
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shutdown_ends_tasks_and_reports_those_that_stay() {
        let tasks = Tasks::new();
        tasks.spawn_until_cancelled("sleeper", std::future::pending());
        assert!(tasks.shutdown(Duration::from_secs(5)).await);

        let stubborn = Tasks::new();
        stubborn.spawn("deaf", std::future::pending());
        assert!(!stubborn.shutdown(Duration::from_millis(20)).await);
    }

    #[tokio::test]
    async fn a_panic_ends_its_task_alone() {
        let tasks = Tasks::new();
        tasks.spawn("broken", async { panic!("on purpose") });
        assert!(tasks.shutdown(Duration::from_secs(5)).await);
    }
}
