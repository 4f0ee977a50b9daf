//! Time limits of which zero means that there is none.

use std::time::Duration;

/// Waits for `work` no longer than `limit`; `None` if that was too short. Zero waits for ever.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    if limit.is_zero() {
        return Some(work.await);
    }
    tokio::time::timeout(limit, work).await.ok()
}
