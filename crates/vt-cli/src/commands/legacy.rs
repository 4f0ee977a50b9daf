//! Commands that scripts of old use.

use super::{Answer, Arguments, Command, Context};

pub(super) const COMMANDS: &[Command] = &[
    Command::new("ListAllTablets", "Lists tablets; the same as GetTablets", list_all_tablets)
        .takes(Arguments::AtLeast(0), "[<cell1> [<cell2> ...]]"),
    Command::new("LegacyVtctlCommand", "Runs a command of the old vtctl", legacy)
        .takes(Arguments::AtLeast(1), "-- <command> [flags ...] [args ...]"),
];

fn list_all_tablets(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        let mut args = vec!["ListAllTablets".to_owned()];
        args.extend(cx.args.positional.iter().cloned());
        Ok(cx.client()?.execute_vtctl_command(args).await?)
    })
}

fn legacy(cx: &Context) -> Answer<'_> {
    Box::pin(async { Ok(cx.client()?.execute_vtctl_command(cx.args.positional.clone()).await?) })
}
