//! Other clusters that this one may copy from.

use vt_proto::topodata::ExternalVitessCluster;

use crate::paths::{self, check_name};
use crate::server::{encode, read};
use crate::store::{EntryKind, Expect};
use crate::{Result, TopoServer};

impl TopoServer {
    /// Returns the names of the mounted clusters, in order.
    pub async fn get_external_clusters(&self) -> Result<Vec<String>> {
        let entries = match self.global().list_dir(paths::EXTERNAL_CLUSTERS).await {
            Ok(entries) => entries,
            Err(err) if err.is_no_node() => return Ok(Vec::new()),
            Err(err) => return Err(err),
        };
        let files = entries.into_iter().filter(|entry| entry.kind == EntryKind::File);
        Ok(files.map(|entry| entry.name).collect())
    }

    pub async fn get_external_cluster(&self, name: &str) -> Result<ExternalVitessCluster> {
        check_name("cluster", name)?;
        Ok(read(self.global().as_ref(), &paths::external_cluster(name)).await?.0)
    }

    pub async fn create_external_cluster(
        &self,
        name: &str,
        cluster: &ExternalVitessCluster,
    ) -> Result<()> {
        check_name("cluster", name)?;
        self.global().create(&paths::external_cluster(name), encode(cluster)).await?;
        Ok(())
    }

    pub async fn delete_external_cluster(&self, name: &str) -> Result<()> {
        check_name("cluster", name)?;
        self.global().delete(&paths::external_cluster(name), Expect::Any).await
    }
}
