//! The suite that every store passes: [`store_suite`] for the seam, [`typed_suite`] for what the
//! typed layer does with it. Called from tests; a failure panics and says what was expected.
#![expect(clippy::unwrap_used, reason = "this is test code that several crates share")]

mod locks;
mod typed;
mod values;
mod watches;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use typed::typed_suite;

use crate::store::Store;

/// How long a wait may take that should end at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long to look for something that should not happen.
const MOMENT: Duration = Duration::from_millis(100);

/// Opens a store below a root; two of one root are two clients of the same data.
pub type Open<'a> = &'a (dyn Fn(&str) -> Arc<dyn Store> + Sync);

/// Runs every check of the seam, each below a root of its own under `root`.
pub async fn store_suite(root: &str, open: Open<'_>) {
    values::suite(&format!("{root}/values"), open).await;
    watches::suite(&format!("{root}/watches"), open).await;
    locks::suite(&format!("{root}/locks"), open).await;
}

/// Waits for what should come soon.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: it did not come within {PATIENCE:?}"),
    }
}

/// Checks that something does not come.
async fn not_yet<T>(what: &str, future: impl Future<Output = T>) {
    assert!(tokio::time::timeout(MOMENT, future).await.is_err(), "{what}: it came");
}
