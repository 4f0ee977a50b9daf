//! What the gateways of a cell read.

use vt_proto::vtctldata::*;

use super::{Answer, Arguments, Command, Context};

pub(super) const COMMANDS: &[Command] = &[
    Command::new("GetSrvKeyspaceNames", "Lists the keyspaces that cells serve", get_names)
        .takes(Arguments::AtLeast(0), "[<cell> ...]"),
    Command::new(
        "GetSrvKeyspaces",
        "Prints the serving graph of a keyspace by cell",
        get_keyspaces,
    )
    .takes(Arguments::AtLeast(1), "<keyspace> [<cell> ...]"),
    Command::new("GetSrvVSchema", "Prints the serving VSchema of a cell", get_vschema)
        .takes(Arguments::Exactly(1), "cell"),
    Command::new("GetSrvVSchemas", "Prints the serving VSchema of cells", get_vschemas)
        .takes(Arguments::AtLeast(0), "[<cell> ...]"),
    Command::new("DeleteSrvVSchema", "Deletes the serving VSchema of a cell", delete_vschema)
        .takes(Arguments::Exactly(1), "<cell>"),
];

fn get_names(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = GetSrvKeyspaceNamesRequest { cells: cx.args.positional.clone() };
        let reply = cx.client()?.get_srv_keyspace_names(request).await?;
        Ok(cx.layout.object("vtctldata.GetSrvKeyspaceNamesResponse.NameList", &reply.names)?)
    })
}

fn get_keyspaces(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = GetSrvKeyspacesRequest {
            keyspace: cx.args.argument(0).to_owned(),
            cells: cx.args.positional[1..].to_vec(),
        };
        let reply = cx.client()?.get_srv_keyspaces(request).await?;
        Ok(cx.layout.object("topodata.SrvKeyspace", &reply.srv_keyspaces)?)
    })
}

fn get_vschema(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = GetSrvVSchemaRequest { cell: cx.args.argument(0).to_owned() };
        let reply = cx.client()?.get_srv_v_schema(request).await?;
        cx.layout.found("vschema.SrvVSchema", reply.srv_v_schema.as_ref())
    })
}

fn get_vschemas(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = GetSrvVSchemasRequest { cells: cx.args.positional.clone() };
        let reply = cx.client()?.get_srv_v_schemas(request).await?;
        Ok(cx.layout.object("vschema.SrvVSchema", &reply.srv_v_schemas)?)
    })
}

fn delete_vschema(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let request = DeleteSrvVSchemaRequest { cell: cx.args.argument(0).to_owned() };
        cx.client()?.delete_srv_v_schema(request).await?;
        Ok(String::new())
    })
}
