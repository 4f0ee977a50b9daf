//! The VSchema of all keyspaces with all rules, as each cell's gateways read it.

use std::collections::BTreeMap;

use vt_proto::vschema::SrvVSchema;

use crate::paths;
use crate::server::{read, write};
use crate::store::Expect;
use crate::{Result, TopoError, TopoServer};

impl TopoServer {
    pub async fn get_srv_vschema(&self, cell: &str) -> Result<SrvVSchema> {
        let store = self.cell(cell).await?;
        Ok(read(store.as_ref(), paths::SRV_VSCHEMA).await?.0)
    }

    /// Returns the serving VSchema of each cell that has one.
    pub async fn get_srv_vschemas(&self) -> Result<BTreeMap<String, SrvVSchema>> {
        let mut found = BTreeMap::new();
        for cell in self.get_cell_names().await? {
            match self.get_srv_vschema(&cell).await {
                Ok(srv) => drop(found.insert(cell, srv)),
                Err(err) if err.is_no_node() => {}
                Err(err) => return Err(err),
            }
        }
        Ok(found)
    }

    pub async fn update_srv_vschema(&self, cell: &str, srv: &SrvVSchema) -> Result<()> {
        let store = self.cell(cell).await?;
        write(store.as_ref(), paths::SRV_VSCHEMA, srv).await?;
        Ok(())
    }

    pub async fn delete_srv_vschema(&self, cell: &str) -> Result<()> {
        let store = self.cell(cell).await?;
        store.delete(paths::SRV_VSCHEMA, Expect::Any).await
    }

    /// Gathers the VSchema of all keyspaces and all rules. A keyspace without a VSchema has an
    /// empty one.
    pub async fn build_srv_vschema(&self) -> Result<SrvVSchema> {
        let mut keyspaces = BTreeMap::new();
        for name in self.get_keyspaces().await? {
            let vschema = match self.get_vschema(&name).await {
                Ok(vschema) => vschema,
                Err(err) if err.is_no_node() => vt_proto::vschema::Keyspace::default(),
                Err(err) => return Err(err),
            };
            keyspaces.insert(name, vschema);
        }
        Ok(SrvVSchema {
            keyspaces,
            routing_rules: Some(self.get_routing_rules().await?),
            shard_routing_rules: Some(self.get_shard_routing_rules().await?),
            keyspace_routing_rules: Some(self.get_keyspace_routing_rules().await?),
            mirror_rules: Some(self.get_mirror_rules().await?),
        })
    }

    /// Writes the serving VSchema anew in the given cells, or in all.
    ///
    /// A cell that fails does not keep the others from it; the error names those that failed.
    pub async fn rebuild_srv_vschema(&self, cells: &[String]) -> Result<()> {
        let built = self.build_srv_vschema().await?;
        let cells = match cells.is_empty() {
            true => self.get_cell_names().await?,
            false => cells.to_vec(),
        };
        let mut failed = Vec::new();
        for cell in &cells {
            if let Err(err) = self.update_srv_vschema(cell, &built).await {
                failed.push(format!("{cell}: {err}"));
            }
        }
        match failed.is_empty() {
            true => Ok(()),
            false => Err(TopoError::PartialResult(format!(
                "cannot write the serving vschema of every cell: {}",
                failed.join("; ")
            ))),
        }
    }
}
