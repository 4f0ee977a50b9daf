//! AddCellInfo, UpdateCellInfo, DeleteCellInfo, GetCellInfo(Names), and the same for aliases.

use vt_base::Result;
use vt_proto::topodata::CellsAlias;
use vt_proto::vtctldata::*;

use crate::Control;
use crate::control::invalid;

impl Control {
    pub async fn add_cell_info(&self, request: AddCellInfoRequest) -> Result<AddCellInfoResponse> {
        let info = request.cell_info.unwrap_or_default();
        if info.root.is_empty() {
            return Err(invalid("CellInfo.Root must be non-empty"));
        }
        self.topo.create_cell_info(&request.name, &info).await?;
        Ok(AddCellInfoResponse {})
    }

    /// Changes the address or the root of a cell, whichever the request has; adds an unknown cell.
    pub async fn update_cell_info(
        &self,
        request: UpdateCellInfoRequest,
    ) -> Result<UpdateCellInfoResponse> {
        let wanted = request.cell_info.unwrap_or_default();
        let changed = self
            .topo
            .update_cell_info(&request.name, |info| {
                if !wanted.server_address.is_empty() {
                    info.server_address.clone_from(&wanted.server_address);
                }
                if !wanted.root.is_empty() {
                    info.root.clone_from(&wanted.root);
                }
                Ok(())
            })
            .await?;
        Ok(UpdateCellInfoResponse { name: request.name, cell_info: Some(changed) })
    }

    pub async fn delete_cell_info(
        &self,
        request: DeleteCellInfoRequest,
    ) -> Result<DeleteCellInfoResponse> {
        self.topo.delete_cell_info(&request.name, request.force).await?;
        Ok(DeleteCellInfoResponse {})
    }

    pub async fn get_cell_info(&self, request: GetCellInfoRequest) -> Result<GetCellInfoResponse> {
        if request.cell.is_empty() {
            return Err(invalid("cell field is required"));
        }
        let cell_info = Some(self.topo.get_cell_info(&request.cell).await?);
        Ok(GetCellInfoResponse { cell_info })
    }

    pub async fn get_cell_info_names(
        &self,
        _request: GetCellInfoNamesRequest,
    ) -> Result<GetCellInfoNamesResponse> {
        Ok(GetCellInfoNamesResponse { names: self.topo.get_cell_names().await? })
    }

    pub async fn add_cells_alias(
        &self,
        request: AddCellsAliasRequest,
    ) -> Result<AddCellsAliasResponse> {
        let alias = CellsAlias { cells: request.cells };
        self.topo.create_cells_alias(&request.name, &alias).await?;
        Ok(AddCellsAliasResponse {})
    }

    pub async fn update_cells_alias(
        &self,
        request: UpdateCellsAliasRequest,
    ) -> Result<UpdateCellsAliasResponse> {
        let wanted = request.cells_alias.unwrap_or_default();
        let changed = self
            .topo
            .update_cells_alias(&request.name, |alias| {
                alias.cells.clone_from(&wanted.cells);
                Ok(())
            })
            .await?;
        Ok(UpdateCellsAliasResponse { name: request.name, cells_alias: Some(changed) })
    }

    pub async fn delete_cells_alias(
        &self,
        request: DeleteCellsAliasRequest,
    ) -> Result<DeleteCellsAliasResponse> {
        self.topo.delete_cells_alias(&request.name).await?;
        Ok(DeleteCellsAliasResponse {})
    }

    pub async fn get_cells_aliases(
        &self,
        _request: GetCellsAliasesRequest,
    ) -> Result<GetCellsAliasesResponse> {
        Ok(GetCellsAliasesResponse { aliases: self.topo.get_cells_aliases().await? })
    }
}
