//! Cells and their aliases.

use vt_proto::topodata::{CellInfo, CellsAlias};
use vt_proto::vtctldata::*;

use super::{Answer, Arguments, Command, Context};
use crate::flags::{Flag, Kind};
use crate::output::lines;

const INFO_FLAGS: &[Flag] = &[
    Flag::new("root", Kind::Text, "path of the cell's data in its topology").short('r'),
    Flag::new("server-address", Kind::Text, "address of the cell's topology").short('a'),
];
const CELLS_FLAG: &[Flag] =
    &[Flag::new("cells", Kind::List, "the cells that the alias stands for").short('c')];
const FORCE: &[Flag] =
    &[Flag::new("force", Kind::Switch, "delete it though it is in use or cannot be reached")
        .short('f')];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("AddCellInfo", "Adds a cell", add_cell_info)
        .takes(Arguments::Exactly(1), "--root <root> [--server-address <addr>] <cell>")
        .flags(INFO_FLAGS),
    Command::new("UpdateCellInfo", "Changes a cell's address or root, or adds the cell", update_cell_info)
        .takes(Arguments::Exactly(1), "[--root <root>] [--server-address <addr>] <cell>")
        .flags(INFO_FLAGS),
    Command::new("DeleteCellInfo", "Deletes a cell", delete_cell_info)
        .takes(Arguments::Exactly(1), "[--force] <cell>")
        .flags(FORCE),
    Command::new("GetCellInfo", "Prints a cell's record", get_cell_info)
        .takes(Arguments::Exactly(1), "<cell>"),
    Command::new("GetCellInfoNames", "Lists the cells", get_cell_info_names),
    Command::new("AddCellsAlias", "Adds an alias of some cells", add_cells_alias)
        .takes(Arguments::Exactly(1), "--cells <cell1,cell2,...> [--cells <cell3> ...] <alias>")
        .details("A gateway takes replicas of another cell for its own where both cells are in one alias.")
        .flags(CELLS_FLAG),
    Command::new("UpdateCellsAlias", "Changes the cells of an alias, or adds the alias", update_cells_alias)
        .takes(Arguments::Exactly(1), "[--cells <cell1,cell2,...> [--cells <cell4> ...]] <alias>")
        .flags(CELLS_FLAG),
    Command::new("DeleteCellsAlias", "Deletes an alias", delete_cells_alias)
        .takes(Arguments::Exactly(1), "<alias>"),
    Command::new("GetCellsAliases", "Prints all aliases", get_cells_aliases),
];

fn info(cx: &Context) -> CellInfo {
    CellInfo {
        server_address: cx.args.text("server-address").to_owned(),
        root: cx.args.text("root").to_owned(),
    }
}

fn add_cell_info(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let name = cx.args.argument(0).to_owned();
        let request = AddCellInfoRequest { name: name.clone(), cell_info: Some(info(cx)) };
        cx.client()?.add_cell_info(request).await?;
        Ok(format!("Created cell: {name}\n"))
    })
}

fn update_cell_info(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let name = cx.args.argument(0).to_owned();
        let request = UpdateCellInfoRequest { name, cell_info: Some(info(cx)) };
        let reply = cx.client()?.update_cell_info(request).await?;
        let json = cx.layout.found("topodata.CellInfo", reply.cell_info.as_ref())?;
        Ok(format!("Updated cell {}. New CellInfo:\n{json}", reply.name))
    })
}

fn delete_cell_info(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let name = cx.args.argument(0).to_owned();
        let request = DeleteCellInfoRequest { name: name.clone(), force: cx.args.is_on("force") };
        cx.client()?.delete_cell_info(request).await?;
        Ok(format!("Deleted cell {name}\n"))
    })
}

fn get_cell_info(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = GetCellInfoRequest { cell: cx.args.argument(0).to_owned() };
        let reply = cx.client()?.get_cell_info(request).await?;
        cx.layout.found("topodata.CellInfo", reply.cell_info.as_ref())
    })
}

fn get_cell_info_names(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        Ok(lines(cx.client()?.get_cell_info_names(GetCellInfoNamesRequest {}).await?.names))
    })
}

fn add_cells_alias(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let name = cx.args.argument(0).to_owned();
        let cells = cx.args.list("cells");
        let shown = cells.join(" ");
        let request = AddCellsAliasRequest { name: name.clone(), cells };
        cx.client()?.add_cells_alias(request).await?;
        Ok(format!("Created cells alias: {name} (cells = [{shown}])\n"))
    })
}

fn update_cells_alias(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let alias = CellsAlias { cells: cx.args.list("cells") };
        let name = cx.args.argument(0).to_owned();
        let request = UpdateCellsAliasRequest { name, cells_alias: Some(alias) };
        let reply = cx.client()?.update_cells_alias(request).await?;
        let json = cx.layout.found("topodata.CellsAlias", reply.cells_alias.as_ref())?;
        Ok(format!("Updated alias {}. New CellsAlias:\n{json}", reply.name))
    })
}

fn delete_cells_alias(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let name = cx.args.argument(0).to_owned();
        cx.client()?.delete_cells_alias(DeleteCellsAliasRequest { name: name.clone() }).await?;
        Ok(format!("Delete cells alias {name}\n"))
    })
}

fn get_cells_aliases(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let reply = cx.client()?.get_cells_aliases(GetCellsAliasesRequest {}).await?;
        Ok(cx.layout.object("topodata.CellsAlias", &reply.aliases)?)
    })
}
