//! Mount: other clusters that `Migrate` copies from.

use vt_proto::vtctldata::*;

use super::streams::require;
use super::{Answer, Command, Context, Family};
use crate::flags::{Flag, Kind};

pub(super) const FAMILY: Family = Family {
    name: "Mount",
    about: "Says where other clusters are that Migrate copies from",
    flags: &[],
};

const NAME: Flag = Flag::new("name", Kind::Text, "the name under which the cluster is mounted");
const REGISTER_FLAGS: &[Flag] = &[
    NAME,
    Flag::new("topo-root", Kind::Text, "path of the global data in its topology"),
    Flag::new("topo-server", Kind::Text, "host:port of its topology"),
    Flag::new("topo-type", Kind::Text, "kind of its topology, etcd2 say"),
];
const NAME_FLAGS: &[Flag] = &[NAME];

pub(super) const COMMANDS: &[Command] = &[
    Command::new("Mount register", "Mounts another cluster", register).flags(REGISTER_FLAGS),
    Command::new("Mount list", "Lists the mounted clusters", list),
    Command::new("Mount show", "Prints where a mounted cluster is", show).flags(NAME_FLAGS),
    Command::new("Mount unregister", "Forgets a mounted cluster", unregister).flags(NAME_FLAGS),
];

fn register(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        require(cx, &["name", "topo-root", "topo-server", "topo-type"])?;
        let text = |name: &str| cx.args.text(name).to_owned();
        let request = MountRegisterRequest {
            topo_type: text("topo-type"),
            topo_server: text("topo-server"),
            topo_root: text("topo-root"),
            name: text("name"),
        };
        cx.client()?.mount_register(request).await?;
        Ok(String::new())
    })
}

fn list(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let reply = cx.client()?.mount_list(MountListRequest {}).await?;
        Ok(cx.layout.message("vtctldata.MountListResponse", &reply)?)
    })
}

fn show(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        require(cx, &["name"])?;
        let request = MountShowRequest { name: cx.args.text("name").to_owned() };
        let reply = cx.client()?.mount_show(request).await?;
        Ok(cx.layout.message("vtctldata.MountShowResponse", &reply)?)
    })
}

fn unregister(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        require(cx, &["name"])?;
        let request = MountUnregisterRequest { name: cx.args.text("name").to_owned() };
        cx.client()?.mount_unregister(request).await?;
        Ok(String::new())
    })
}
