//! Cells, and the aliases that group them.

use std::collections::BTreeMap;

use vt_proto::topodata::{CellInfo, CellsAlias};

use crate::paths::{self, check_name};
use crate::server::{Missing, names_below, read, update};
use crate::store::Expect;
use crate::{Result, TopoError, TopoServer};

impl TopoServer {
    /// Returns the names of all cells, in order.
    pub async fn get_cell_names(&self) -> Result<Vec<String>> {
        names_below(self.global().as_ref(), paths::CELLS).await
    }

    pub async fn get_cell_info(&self, cell: &str) -> Result<CellInfo> {
        check_name("cell", cell)?;
        Ok(read(self.global().as_ref(), &paths::cell_info(cell)).await?.0)
    }

    /// Adds a cell; `NodeExists` if there is one of that name.
    pub async fn create_cell_info(&self, cell: &str, info: &CellInfo) -> Result<()> {
        check_name("cell", cell)?;
        let path = paths::cell_info(cell);
        self.global().create(&path, crate::server::encode(info)).await?;
        Ok(())
    }

    /// Changes a cell, or adds it where there is none.
    pub async fn update_cell_info(
        &self,
        cell: &str,
        change: impl FnMut(&mut CellInfo) -> Result<()> + Send,
    ) -> Result<CellInfo> {
        check_name("cell", cell)?;
        let path = paths::cell_info(cell);
        let (info, _) = update(self.global().as_ref(), &path, Missing::Create, change).await?;
        self.forget_cell(cell).await;
        Ok(info)
    }

    /// Deletes a cell; refuses while its serving graph names keyspaces, unless forced.
    pub async fn delete_cell_info(&self, cell: &str, force: bool) -> Result<()> {
        check_name("cell", cell)?;
        match self.get_srv_keyspace_names(cell).await {
            Ok(names) if !names.is_empty() && !force => {
                return Err(TopoError::Refused(format!(
                    "cell {cell} has serving keyspaces; remove them with RemoveKeyspaceCell first"
                )));
            }
            Ok(_) => {}
            Err(err) if force || err.is_no_node() => {}
            Err(err) => return Err(err),
        }
        self.global().delete(&paths::cell_info(cell), Expect::Any).await?;
        self.forget_cell(cell).await;
        Ok(())
    }

    /// Returns the names of all aliases, in order.
    pub async fn get_cells_alias_names(&self) -> Result<Vec<String>> {
        names_below(self.global().as_ref(), paths::CELLS_ALIASES).await
    }

    pub async fn get_cells_alias(&self, alias: &str) -> Result<CellsAlias> {
        check_name("cells alias", alias)?;
        Ok(read(self.global().as_ref(), &paths::cells_alias(alias)).await?.0)
    }

    pub async fn get_cells_aliases(&self) -> Result<BTreeMap<String, CellsAlias>> {
        let mut aliases = BTreeMap::new();
        for name in self.get_cells_alias_names().await? {
            match self.get_cells_alias(&name).await {
                Ok(alias) => drop(aliases.insert(name, alias)),
                Err(err) if err.is_no_node() => {}
                Err(err) => return Err(err),
            }
        }
        Ok(aliases)
    }

    /// Adds an alias; refuses one that shares a cell with another.
    pub async fn create_cells_alias(&self, alias: &str, cells: &CellsAlias) -> Result<()> {
        check_name("cells alias", alias)?;
        self.check_alias_overlap(alias, cells).await?;
        let path = paths::cells_alias(alias);
        self.global().create(&path, crate::server::encode(cells)).await?;
        Ok(())
    }

    /// Changes an alias, or adds it where there is none.
    pub async fn update_cells_alias(
        &self,
        alias: &str,
        change: impl FnMut(&mut CellsAlias) -> Result<()> + Send,
    ) -> Result<CellsAlias> {
        check_name("cells alias", alias)?;
        let known = self.get_cells_aliases().await?;
        let mut change = change;
        let checked = |cells: &mut CellsAlias| {
            change(cells)?;
            check_overlap(&known, alias, cells)
        };
        let path = paths::cells_alias(alias);
        Ok(update(self.global().as_ref(), &path, Missing::Create, checked).await?.0)
    }

    pub async fn delete_cells_alias(&self, alias: &str) -> Result<()> {
        check_name("cells alias", alias)?;
        self.global().delete(&paths::cells_alias(alias), Expect::Any).await
    }

    /// Replaces each alias in a list by its cells; a name that is neither is an error.
    pub async fn expand_cells(&self, names: &[String]) -> Result<Vec<String>> {
        let cells = self.get_cell_names().await?;
        if names.is_empty() {
            return Ok(cells);
        }
        let mut expanded: Vec<String> = Vec::new();
        for name in names {
            let found = if cells.contains(name) {
                vec![name.clone()]
            } else {
                self.get_cells_alias(name).await?.cells
            };
            for cell in found {
                if !expanded.contains(&cell) {
                    expanded.push(cell);
                }
            }
        }
        Ok(expanded)
    }

    /// Returns the alias that a cell is grouped under, or the cell's own name.
    pub async fn get_alias_by_cell(&self, cell: &str) -> Result<String> {
        let aliases = self.get_cells_aliases().await?;
        let found = aliases.into_iter().find(|(_, one)| one.cells.iter().any(|c| c == cell));
        Ok(found.map_or_else(|| cell.to_owned(), |(alias, _)| alias))
    }

    async fn check_alias_overlap(&self, alias: &str, cells: &CellsAlias) -> Result<()> {
        check_overlap(&self.get_cells_aliases().await?, alias, cells)
    }
}

/// A cell may be in one alias only, since the alias is what replicas of a cell are shared under.
fn check_overlap(
    known: &BTreeMap<String, CellsAlias>,
    alias: &str,
    cells: &CellsAlias,
) -> Result<()> {
    for (other, has) in known.iter().filter(|(name, _)| *name != alias) {
        if let Some(cell) = cells.cells.iter().find(|cell| has.cells.contains(cell)) {
            return Err(TopoError::Refused(format!(
                "unsupported: you can't over lap aliases: cell {cell} is already part of alias \
                 {other}"
            )));
        }
    }
    Ok(())
}
