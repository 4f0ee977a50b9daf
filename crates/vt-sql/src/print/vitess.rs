//! Statements that only Vitess has.

use super::{Print, Printer};
use crate::ast::{AlterMigration, AlterVschema, MigrationAction, Stream, VindexSpec};

impl Print for AlterVschema<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        let simple = |printer: &mut Printer<'_>, words: &str, name| {
            printer.word(words);
            printer.node(name);
        };
        printer.word("alter vschema ");
        match self {
            AlterVschema::CreateVindex { name, spec } => {
                simple(printer, "create vindex ", name);
                printer.node(spec);
            }
            AlterVschema::DropVindex { name } => simple(printer, "drop vindex ", name),
            AlterVschema::AddTable(name) => simple(printer, "add table ", name),
            AlterVschema::DropTable(name) => simple(printer, "drop table ", name),
            AlterVschema::AddSequence(name) => simple(printer, "add sequence ", name),
            AlterVschema::DropSequence(name) => simple(printer, "drop sequence ", name),
            AlterVschema::AddColumnVindex { table, name, columns, spec } => {
                simple(printer, "on ", table);
                printer.word(" add vindex ");
                printer.node(name);
                printer.word(" ");
                printer.paren_list(columns);
                printer.node(spec);
            }
            AlterVschema::DropColumnVindex { table, name } => {
                simple(printer, "on ", table);
                printer.word(" drop vindex ");
                printer.node(name);
            }
            AlterVschema::AddAutoIncrement { table, column, sequence } => {
                simple(printer, "on ", table);
                printer.word(" add auto_increment ");
                printer.node(column);
                printer.word(" using ");
                printer.node(sequence);
            }
            AlterVschema::DropAutoIncrement { table } => {
                simple(printer, "on ", table);
                printer.word(" drop auto_increment");
            }
        }
    }
}

impl Print for VindexSpec<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.optional(" using ", self.vindex_type.as_ref());
        printer.word_if(!self.params.is_empty(), " with ");
        printer.list_with(self.params, |printer, param| {
            printer.node(&param.key);
            printer.word("=");
            printer.string(param.value);
        });
    }
}

impl Print for AlterMigration<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("alter vitess_migration ");
        if let Some(uuid) = self.uuid {
            printer.node(uuid);
            printer.word(" ");
        }
        printer.word(match self.action {
            MigrationAction::Retry => "retry",
            MigrationAction::Cleanup => "cleanup",
            MigrationAction::Launch { .. } => "launch",
            MigrationAction::Complete { .. } => "complete",
            MigrationAction::PostponeComplete => "postpone complete",
            MigrationAction::Cancel => "cancel",
            MigrationAction::Throttle { .. } => "throttle",
            MigrationAction::Unthrottle => "unthrottle",
            MigrationAction::ForceCutover => "force_cutover",
            MigrationAction::CutoverThreshold(_) => "cutover_threshold",
        });
        printer.word_if(self.uuid.is_none(), " all");
        match self.action {
            MigrationAction::Launch { shards } | MigrationAction::Complete { shards } => {
                printer.optional(" vitess_shards ", shards);
            }
            MigrationAction::Throttle { expire, ratio } => {
                printer.optional(" expire ", expire);
                printer.optional(" ratio ", ratio);
            }
            MigrationAction::CutoverThreshold(threshold) => {
                printer.word(" ");
                printer.node(threshold);
            }
            _ => {}
        }
    }
}

impl Print for Stream<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(if self.vstream { "vstream" } else { "stream" });
        printer.comments(&self.comments);
        printer.word(" ");
        printer.node(&self.item);
        printer.word(" from ");
        printer.node(&self.table);
        printer.optional(" where ", self.filter.as_ref());
        printer.limit(self.limit.as_ref());
    }
}
