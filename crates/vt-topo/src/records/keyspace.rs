//! Keyspace records.

use vt_proto::topodata::{Keyspace, KeyspaceType};

use crate::paths::{self, check_name};
use crate::server::{Missing, encode, names_below, read, update};
use crate::store::{Expect, Version};
use crate::{Result, TopoServer};

/// The sidecar database of a keyspace that names none.
pub const DEFAULT_SIDECAR_DB: &str = "_vt";

/// The durability policy of a keyspace that names none.
pub const DEFAULT_DURABILITY_POLICY: &str = "none";

/// A keyspace as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyspaceRecord {
    pub name: String,
    pub message: Keyspace,
    pub version: Version,
}

impl KeyspaceRecord {
    pub fn is_snapshot(&self) -> bool {
        self.message.keyspace_type() == KeyspaceType::Snapshot
    }

    /// Returns whether somebody has chosen a durability policy, be it `none`.
    pub fn names_policy(&self) -> bool {
        !self.message.durability_policy.is_empty()
    }

    /// Returns the name of the durability policy, `none` where none is set.
    pub fn durability_policy(&self) -> &str {
        match self.message.durability_policy.as_str() {
            "" => DEFAULT_DURABILITY_POLICY,
            policy => policy,
        }
    }

    /// Returns the database of the system's own tables, `_vt` unless set.
    pub fn sidecar_db_name(&self) -> &str {
        match self.message.sidecar_db_name.as_str() {
            "" => DEFAULT_SIDECAR_DB,
            name => name,
        }
    }
}

impl TopoServer {
    /// Returns the names of all keyspaces, in order.
    pub async fn get_keyspaces(&self) -> Result<Vec<String>> {
        names_below(self.global().as_ref(), paths::KEYSPACES).await
    }

    pub async fn get_keyspace(&self, keyspace: &str) -> Result<KeyspaceRecord> {
        check_name("keyspace", keyspace)?;
        let (message, version) = read(self.global().as_ref(), &paths::keyspace(keyspace)).await?;
        Ok(KeyspaceRecord { name: keyspace.to_owned(), message, version })
    }

    /// Adds a keyspace; `NodeExists` if there is one of that name.
    pub async fn create_keyspace(&self, keyspace: &str, message: &Keyspace) -> Result<()> {
        check_name("keyspace", keyspace)?;
        self.global().create(&paths::keyspace(keyspace), encode(message)).await?;
        Ok(())
    }

    /// Changes a keyspace by compare-and-set; `change` may run several times.
    pub async fn update_keyspace_fields(
        &self,
        keyspace: &str,
        change: impl FnMut(&mut Keyspace) -> Result<()> + Send,
    ) -> Result<KeyspaceRecord> {
        check_name("keyspace", keyspace)?;
        let path = paths::keyspace(keyspace);
        let (message, version) =
            update(self.global().as_ref(), &path, Missing::Fail, change).await?;
        Ok(KeyspaceRecord { name: keyspace.to_owned(), message, version })
    }

    /// Deletes a keyspace's record and its VSchema. Its shards must have been deleted before.
    pub async fn delete_keyspace(&self, keyspace: &str) -> Result<()> {
        check_name("keyspace", keyspace)?;
        self.global().delete(&paths::keyspace(keyspace), Expect::Any).await?;
        match self.global().delete(&paths::vschema(keyspace), Expect::Any).await {
            Err(err) if !err.is_no_node() => Err(err),
            _ => Ok(()),
        }
    }

    /// Returns the database of the system's own tables in a keyspace.
    pub async fn get_sidecar_db_name(&self, keyspace: &str) -> Result<String> {
        Ok(self.get_keyspace(keyspace).await?.sidecar_db_name().to_owned())
    }
}
