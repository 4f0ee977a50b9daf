//! Locks of keyspaces, shards and names: a lease in the store, and the guard that holds it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::paths::{self, check_name};
use crate::store::{LockDir, LockRequest, LockWait, StoreLock};
use crate::{Result, TopoError, TopoServer};

/// Who a lock says it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockIdentity {
    pub host_name: String,
    pub user_name: String,
}

impl LockIdentity {
    /// Returns this machine's name and the user that the process runs as, as far as they are known.
    pub fn of_process() -> LockIdentity {
        let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname")
            .map(|name| name.trim().to_owned())
            .unwrap_or_else(|_| "unknown".to_owned());
        let user_name = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
        LockIdentity { host_name, user_name }
    }
}

/// What others read at the key of a held lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LockContents {
    pub action: String,
    pub host_name: String,
    pub user_name: String,
    /// RFC 3339, UTC.
    pub time: String,
    pub status: String,
    #[serde(default)]
    pub options: LockContentsOptions,
}

/// The options part of a lock's contents; the reference writes an empty object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockContentsOptions {}

impl LockContents {
    fn new(identity: &LockIdentity, action: &str, now: SystemTime) -> LockContents {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        LockContents {
            action: action.to_owned(),
            host_name: identity.host_name.clone(),
            user_name: identity.user_name.clone(),
            time: rfc3339(since.as_secs()),
            status: "Running".to_owned(),
            options: LockContentsOptions {},
        }
    }

    fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|err| TopoError::Invalid(format!("cannot write lock contents: {err}")))
    }
}

/// What a lock is on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LockTarget {
    Keyspace(String),
    Shard(String, String),
    Named(String),
    RoutingRules,
}

impl LockTarget {
    pub fn keyspace(keyspace: &str) -> LockTarget {
        LockTarget::Keyspace(keyspace.to_owned())
    }

    pub fn shard(keyspace: &str, shard: &str) -> LockTarget {
        LockTarget::Shard(keyspace.to_owned(), shard.to_owned())
    }

    pub fn named(name: &str) -> LockTarget {
        LockTarget::Named(name.to_owned())
    }

    /// Returns the folder whose `locks` the lock is in.
    pub fn dir(&self) -> String {
        match self {
            LockTarget::Keyspace(keyspace) => paths::keyspace_dir(keyspace),
            LockTarget::Shard(keyspace, shard) => paths::shard_dir(keyspace, shard),
            LockTarget::Named(name) => paths::named_lock(name),
            LockTarget::RoutingRules => paths::KEYSPACE_ROUTING_RULES_DIR.to_owned(),
        }
    }

    fn check_names(&self) -> Result<()> {
        match self {
            LockTarget::Keyspace(keyspace) => check_name("keyspace", keyspace),
            LockTarget::Shard(keyspace, shard) => {
                check_name("keyspace", keyspace)?;
                check_name("shard", shard)
            }
            LockTarget::Named(name) => check_name("lock", name),
            LockTarget::RoutingRules => Ok(()),
        }
    }

    /// Keyspaces and shards must exist; names and the routing rules need not.
    fn exists(&self) -> LockDir {
        match self {
            LockTarget::Keyspace(_) | LockTarget::Shard(..) => LockDir::MustExist,
            LockTarget::Named(_) | LockTarget::RoutingRules => LockDir::Any,
        }
    }
}

/// A held lock. Dropped, it is released in the background; `unlock` reports how that went.
pub struct LockGuard {
    target: LockTarget,
    action: String,
    lock: Box<dyn StoreLock>,
}

impl std::fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LockGuard")
            .field("target", &self.target)
            .field("action", &self.action)
            .finish_non_exhaustive()
    }
}

impl LockGuard {
    pub fn target(&self) -> &LockTarget {
        &self.target
    }

    /// Returns what the lock was taken for.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Asks the store whether the lock is still held; to be called before each step that relies
    /// on it.
    pub async fn check(&self) -> Result<()> {
        self.lock.check().await
    }

    /// Like [`LockGuard::check`], and fails as well if the lock is on something else.
    pub async fn check_locked(&self, target: &LockTarget) -> Result<()> {
        if self.target != *target {
            return Err(TopoError::Refused(format!(
                "{} is not locked (no lock held on it, only on {})",
                target.dir(),
                self.target.dir()
            )));
        }
        self.check().await
    }

    /// A token that is cancelled when the loss of the lock is noticed; long work stops at it.
    pub fn lost(&self) -> CancellationToken {
        self.lock.lost()
    }

    pub async fn unlock(self) -> Result<()> {
        self.lock.unlock().await
    }
}

impl TopoServer {
    /// Takes a lock, waiting as long as the options say; `action` tells others what for.
    pub async fn lock(&self, target: LockTarget, action: &str) -> Result<LockGuard> {
        self.lock_with(target, action, LockWait::For(self.options().lock_timeout), None).await
    }

    /// Takes a lock if nobody holds it; else `NodeExists`.
    pub async fn try_lock(&self, target: LockTarget, action: &str) -> Result<LockGuard> {
        self.lock_with(target, action, LockWait::Never, None).await
    }

    /// Takes a lock with its own patience and lease.
    pub async fn lock_with(
        &self,
        target: LockTarget,
        action: &str,
        wait: LockWait,
        ttl: Option<Duration>,
    ) -> Result<LockGuard> {
        target.check_names()?;
        let contents = LockContents::new(&self.options().identity, action, SystemTime::now());
        let contents = contents.to_json()?;
        let dir = target.dir();
        let exists = target.exists();
        let request = LockRequest { dir: &dir, contents: &contents, exists, wait, ttl };
        let lock = self.global().lock(request).await?;
        tracing::debug!(dir, action, "lock taken");
        Ok(LockGuard { target, action: action.to_owned(), lock })
    }

    pub async fn lock_keyspace(&self, keyspace: &str, action: &str) -> Result<LockGuard> {
        self.lock(LockTarget::keyspace(keyspace), action).await
    }

    pub async fn lock_shard(&self, keyspace: &str, shard: &str, action: &str) -> Result<LockGuard> {
        self.lock(LockTarget::shard(keyspace, shard), action).await
    }

    pub async fn try_lock_shard(
        &self,
        keyspace: &str,
        shard: &str,
        action: &str,
    ) -> Result<LockGuard> {
        self.try_lock(LockTarget::shard(keyspace, shard), action).await
    }

    pub async fn lock_name(&self, name: &str, action: &str) -> Result<LockGuard> {
        self.lock(LockTarget::named(name), action).await
    }

    pub async fn lock_routing_rules(&self, action: &str) -> Result<LockGuard> {
        self.lock(LockTarget::RoutingRules, action).await
    }

    /// Returns who holds the lock of a target, if anyone does.
    pub async fn lock_holder(&self, target: &LockTarget) -> Result<Option<LockContents>> {
        let Some(text) = holder(self.global().as_ref(), &target.dir()).await? else {
            return Ok(None);
        };
        let parsed = serde_json::from_slice(&text)
            .map_err(|err| TopoError::Corrupt { path: target.dir(), detail: err.to_string() })?;
        Ok(Some(parsed))
    }
}

/// Returns the contents of the lock that is held in a folder.
pub(crate) async fn holder(store: &dyn crate::Store, dir: &str) -> Result<Option<bytes::Bytes>> {
    let locks = store.list(&format!("{dir}/{}/", paths::LOCKS)).await?;
    let first = locks.into_iter().min_by_key(|one| one.created);
    Ok(first.map(|one| one.value.contents))
}

/// Prints seconds since 1970 as `2026-03-09T09:34:35Z`.
pub fn rfc3339(unix_seconds: u64) -> String {
    let (days, seconds) = (unix_seconds / 86_400, unix_seconds % 86_400);
    // Days are counted from 1 March of year 0, so that the leap day is the last of a year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_the_json_that_others_read() {
        let identity = LockIdentity { host_name: "host1".into(), user_name: "ann".into() };
        let at = UNIX_EPOCH + Duration::from_secs(1_773_048_875);
        let json = LockContents::new(&identity, "PlannedReparentShard", at).to_json().unwrap();
        let expect = r#"{
  "Action": "PlannedReparentShard",
  "HostName": "host1",
  "UserName": "ann",
  "Time": "2026-03-09T09:34:35Z",
  "Status": "Running",
  "Options": {}
}"#;
        assert_eq!(json, expect);
    }

    #[test]
    fn contents_of_others_are_read() {
        let text = r#"{"Action":"a","HostName":"h","UserName":"u","Time":"t","Status":"s"}"#;
        let read: LockContents = serde_json::from_str(text).unwrap();
        assert_eq!(read.action, "a");
    }

    #[test]
    fn times_print_as_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_704_067_199, "2023-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
