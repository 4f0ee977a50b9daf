//! The server itself: plugins, components, instance, key caches, help.

use super::{Print, Printer, expr::scope_word};
use crate::ast::{
    CachedPartitions, CachedTable, InstanceAction, Literal, ServerStatement, SetItem, Variable,
};

impl Print for ServerStatement<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            ServerStatement::InstallPlugin { name, file } => {
                printer.word("install plugin ");
                printer.node(name);
                printer.word(" soname ");
                printer.node(*file);
            }
            ServerStatement::UninstallPlugin(name) => {
                printer.word("uninstall plugin ");
                printer.node(name);
            }
            ServerStatement::InstallComponent { names, set } => {
                printer.word("install component ");
                printer.literals(names);
                printer.word_if(!set.is_empty(), " set ");
                printer.list_with(set, |printer, item| match item {
                    SetItem::Variable { variable: Variable::System(variable), value } => {
                        if let Some(scope) = variable.scope {
                            printer.word(scope_word(scope));
                            printer.word(" ");
                        }
                        printer.variable_name(variable.name);
                        printer.word(" = ");
                        printer.node(value);
                    }
                    other => printer.node(other),
                });
            }
            ServerStatement::UninstallComponent(names) => {
                printer.word("uninstall component ");
                printer.literals(names);
            }
            ServerStatement::AlterInstance(action) => {
                printer.word("alter instance ");
                printer.node(action);
            }
            ServerStatement::LockInstance => printer.word("lock instance for backup"),
            ServerStatement::UnlockInstance => printer.word("unlock instance"),
            ServerStatement::Shutdown => printer.word("shutdown"),
            ServerStatement::Restart => printer.word("restart"),
            ServerStatement::Help(topic) => {
                printer.word("help ");
                printer.string(topic);
            }
            ServerStatement::ImportTable(files) => {
                printer.word("import table from ");
                printer.literals(files);
            }
            ServerStatement::CacheIndex { tables, cache } => {
                printer.word("cache index ");
                printer.list(tables);
                printer.word(" in ");
                match cache {
                    Some(cache) => printer.node(cache),
                    None => printer.word("default"),
                }
            }
            ServerStatement::LoadIndex(tables) => {
                printer.word("load index into cache ");
                printer.list(tables);
            }
            ServerStatement::CreateMaskingPolicy(policy) => {
                printer.word("create masking policy ");
                printer.word_if(policy.if_not_exists, "if not exists ");
                printer.node(&policy.name);
                printer.word(" (");
                printer.node(&policy.parameter);
                printer.word(") ");
                printer.node(&policy.expr);
            }
            ServerStatement::DropMaskingPolicy { if_exists, name } => {
                printer.word("drop masking policy ");
                printer.word_if(*if_exists, "if exists ");
                printer.node(name);
            }
        }
    }
}

impl Printer<'_> {
    fn literals(&mut self, literals: &[&Literal<'_>]) {
        self.list_with(literals, |printer, literal| printer.node(*literal));
    }
}

impl Print for InstanceAction<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            InstanceAction::RotateInnodbKey => printer.word("rotate innodb master key"),
            InstanceAction::RotateBinlogKey => printer.word("rotate binlog master key"),
            InstanceAction::ReloadTls { channel, no_rollback } => {
                printer.word("reload tls");
                printer.optional(" for channel ", channel.as_ref());
                printer.word_if(*no_rollback, " no rollback on error");
            }
            InstanceAction::ReloadKeyring => printer.word("reload keyring"),
            InstanceAction::RedoLog { enable: true } => printer.word("enable innodb redo_log"),
            InstanceAction::RedoLog { enable: false } => printer.word("disable innodb redo_log"),
        }
    }
}

impl Print for CachedTable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.table);
        match self.partitions {
            None => {}
            Some(CachedPartitions::All) => printer.word(" partition (all)"),
            Some(CachedPartitions::Named(names)) => {
                printer.word(" partition ");
                printer.paren_list(names);
            }
        }
        if let Some(indexes) = self.indexes {
            printer.word(" index ");
            printer.index_names(indexes);
        }
        printer.word_if(self.ignore_leaves, " ignore leaves");
    }
}
