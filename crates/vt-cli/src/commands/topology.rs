//! The topology as it is stored.

use vt_proto::vtctldata::GetTopologyPathRequest;

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::start::topo_flags;

const GET_FLAGS: &[Flag] = &[
    Flag::new("data-as-json", Kind::Switch, "print the record alone"),
    Flag::new("version", Kind::Int, "print the record as it was at this version"),
];

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        "GetTopologyPath",
        "Prints a record of the topology, or what is below a folder",
        get,
    )
    .takes(Arguments::Exactly(1), "<path>")
    .details("A path begins with /global or /<cell>; / lists the cells.")
    .flags(GET_FLAGS),
    Command::new("WriteTopologyPath", "Writes a file into the topology as it is", write)
        .takes(Arguments::Exactly(2), "<path> <file>")
        .details("Meant for repair. It goes to the topology of the --topo flags, past any vtctld.")
        .without_server(),
];

fn get(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let as_json = cx.args.is_on("data-as-json");
        let path = cx.args.argument(0).to_owned();
        let version = cx.args.int("version");
        let request = GetTopologyPathRequest { path: path.clone(), version, as_json };
        let reply = cx.client()?.get_topology_path(request).await?;
        if !as_json {
            return Ok(cx.layout.message("vtctldata.GetTopologyPathResponse", &reply)?);
        }
        let data = reply.cell.unwrap_or_default().data;
        if data.is_empty() {
            return Err(Failure::Usage(format!("no data found for path {path}")));
        }
        match serde_json::from_str::<serde_json::Value>(&data) {
            Ok(value) => Ok(cx.layout.value(&value)),
            Err(_) => Ok(data + "\n"),
        }
    })
}

fn write(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let file = cx.args.argument(1);
        let contents = std::fs::read(file)
            .map_err(|err| Failure::Usage(format!("cannot read the file {file}: {err}")))?;
        let topo = vt_topo_etcd::open(&topo_flags(&cx.args)).await.map_err(vt_base::Error::from)?;
        let written = topo.write_topology_path(cx.args.argument(0), contents.into()).await;
        topo.close().await;
        written.map_err(vt_base::Error::from)?;
        Ok(String::new())
    })
}
