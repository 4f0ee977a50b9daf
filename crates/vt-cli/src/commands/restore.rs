//! RestoreFromBackup.

use vt_base::TabletAlias;
use vt_proto::vtctldata::*;

use super::{Answer, Arguments, Command, Context};
use crate::Failure;
use crate::flags::{Flag, Kind};
use crate::output::lines;
use crate::values::parse_alias;

const FLAGS: &[Flag] = &[
    Flag::new(
        "allowed-backup-engines",
        Kind::List,
        "clone: take the data of another tablet of the shard",
    ),
    Flag::new("backup-timestamp", Kind::Text, "refused: no backups are kept in this release")
        .short('t'),
    Flag::new("dry-run", Kind::Switch, "say what would be done, and do nothing"),
    Flag::new("restore-to-pos", Kind::Text, "refused: no backups are kept in this release"),
    Flag::new("restore-to-timestamp", Kind::Text, "refused: no backups are kept in this release"),
];

pub(super) const COMMANDS: &[Command] = &[Command::new(
    "RestoreFromBackup",
    "Replaces a tablet's data by those of another tablet of its shard",
    restore,
)
.takes(Arguments::Exactly(1), "--allowed-backup-engines clone [--dry-run] <tablet_alias>")
.details(
    "The tablet leaves service, MySQL clones the data of a tablet without errant transactions, and it \
     follows the primary again. Transactions that only it had are named and are gone.",
)
.flags(FLAGS)];

fn restore(cx: &Context) -> Answer<'_> {
    Box::pin(async {
        for flag in ["backup-timestamp", "restore-to-pos", "restore-to-timestamp"] {
            if cx.args.has(flag) {
                return Err(Failure::Usage(format!(
                    "--{flag} needs a backup, and this release keeps none; \
                     --allowed-backup-engines clone takes the data of another tablet as they are"
                )));
            }
        }
        let request = RestoreFromBackupRequest {
            tablet_alias: Some(parse_alias(cx.args.argument(0))?),
            dry_run: cx.args.is_on("dry-run"),
            allowed_backup_engines: cx.args.list("allowed-backup-engines"),
            ..Default::default()
        };
        let told = cx.client()?.restore_from_backup(request).await?;
        Ok(lines(told.into_iter().map(|one| {
            let alias = one.tablet_alias.as_ref().map(TabletAlias::from);
            let alias = alias.map(|alias| alias.to_string()).unwrap_or_default();
            let event = one.event.unwrap_or_default().value;
            format!("{}/{} ({alias}): {event}", one.keyspace, one.shard)
        })))
    })
}
