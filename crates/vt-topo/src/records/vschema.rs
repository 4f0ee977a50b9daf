//! The VSchema of each keyspace.

use vt_proto::vschema;

use crate::paths::{self, check_name};
use crate::server::{read, write};
use crate::store::{Expect, Version};
use crate::{Result, TopoServer};

impl TopoServer {
    /// Returns a keyspace's VSchema; `NoNode` if none was ever saved.
    pub async fn get_vschema(&self, keyspace: &str) -> Result<vschema::Keyspace> {
        Ok(self.get_vschema_version(keyspace).await?.0)
    }

    /// Returns a keyspace's VSchema with the version that a compare-and-set needs.
    pub async fn get_vschema_version(
        &self,
        keyspace: &str,
    ) -> Result<(vschema::Keyspace, Version)> {
        check_name("keyspace", keyspace)?;
        read(self.global().as_ref(), &paths::vschema(keyspace)).await
    }

    /// Saves a keyspace's VSchema; the serving copies follow with
    /// [`TopoServer::rebuild_srv_vschema`].
    pub async fn save_vschema(&self, keyspace: &str, message: &vschema::Keyspace) -> Result<()> {
        check_name("keyspace", keyspace)?;
        write(self.global().as_ref(), &paths::vschema(keyspace), message).await?;
        Ok(())
    }

    /// Saves a keyspace's VSchema if it is still at the version that was read.
    pub async fn update_vschema(
        &self,
        keyspace: &str,
        message: &vschema::Keyspace,
        read_at: Version,
    ) -> Result<Version> {
        check_name("keyspace", keyspace)?;
        let contents = crate::server::encode(message);
        let path = paths::vschema(keyspace);
        self.global().update(&path, contents, Expect::Version(read_at)).await
    }

    /// Adds an empty VSchema where a keyspace has none.
    pub async fn ensure_vschema(&self, keyspace: &str) -> Result<()> {
        check_name("keyspace", keyspace)?;
        let contents = crate::server::encode(&vschema::Keyspace::default());
        match self.global().create(&paths::vschema(keyspace), contents).await {
            Err(err) if !err.is_node_exists() => Err(err),
            _ => Ok(()),
        }
    }
}
