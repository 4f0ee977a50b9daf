//! Tablespaces, log files, servers, resource groups, spatial reference systems.

use super::{Print, Printer};
use crate::ast::{
    CreateSpatialReference, CreateTablespace, OptionValue, ResourceGroup, ServerOption,
    ServerValue, SpatialAttribute, Storage, TableOption, TablespaceAction,
};

impl Print for Storage<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Storage::CreateTablespace(create) => printer.node(*create),
            Storage::AlterTablespace { undo, name, action, options } => {
                printer.word(if *undo { "alter undo tablespace " } else { "alter tablespace " });
                printer.node(name);
                printer.node(action);
                printer.storage_options(options);
            }
            Storage::DropTablespace { undo, name, options } => {
                printer.word(if *undo { "drop undo tablespace " } else { "drop tablespace " });
                printer.node(name);
                printer.storage_options(options);
            }
            Storage::LogfileGroup { alter, name, file, options } => {
                printer.word(if *alter { "alter" } else { "create" });
                printer.word(" logfile group ");
                printer.node(name);
                printer.word(" add undofile ");
                printer.node(*file);
                printer.storage_options(options);
            }
            Storage::DropLogfileGroup { name, options } => {
                printer.word("drop logfile group ");
                printer.node(name);
                printer.storage_options(options);
            }
            Storage::CreateServer { name, wrapper, options } => {
                printer.word("create server ");
                printer.name(name);
                printer.word(" foreign data wrapper ");
                printer.name(wrapper);
                printer.word(" options ");
                printer.paren_list(options);
            }
            Storage::AlterServer { name, options } => {
                printer.word("alter server ");
                printer.name(name);
                printer.word(" options ");
                printer.paren_list(options);
            }
            Storage::DropServer { if_exists, name } => {
                printer.word("drop server ");
                printer.word_if(*if_exists, "if exists ");
                printer.name(name);
            }
            Storage::ResourceGroup(group) => printer.node(*group),
            Storage::DropResourceGroup { name, force } => {
                printer.word("drop resource group ");
                printer.node(name);
                printer.word_if(*force, " force");
            }
            Storage::SetResourceGroup { name, threads } => {
                printer.word("set resource group ");
                printer.node(name);
                printer.word_if(!threads.is_empty(), " for ");
                printer.list_with(threads, |printer, thread| printer.word(thread));
            }
            Storage::CreateSpatialReference(create) => printer.node(*create),
            Storage::DropSpatialReference { if_exists, srid } => {
                printer.word("drop spatial reference system ");
                printer.word_if(*if_exists, "if exists ");
                printer.word(srid);
            }
        }
    }
}

impl Printer<'_> {
    fn storage_options(&mut self, options: &[TableOption<'_>]) {
        for option in options {
            self.word(" ");
            self.word(option.name);
            match option.value {
                OptionValue::Word("") => {}
                // Sizes begin with digits, and are no names.
                OptionValue::Word(word) if word.starts_with(|c: char| c.is_ascii_digit()) => {
                    self.word(" = ");
                    self.word(word);
                }
                OptionValue::Word(word) => {
                    self.word(" = ");
                    self.name(word);
                }
                OptionValue::String(text) => {
                    self.word(" = ");
                    self.node(text);
                }
                OptionValue::Null => self.word(" = null"),
                OptionValue::Tables(tables) => self.paren_list(tables),
            }
        }
    }
}

impl Print for TablespaceAction<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            TablespaceAction::Options => {}
            TablespaceAction::AddFile(file) => {
                printer.word(" add datafile ");
                printer.node(*file);
            }
            TablespaceAction::DropFile(file) => {
                printer.word(" drop datafile ");
                printer.node(*file);
            }
            TablespaceAction::Rename(name) => {
                printer.word(" rename to ");
                printer.node(name);
            }
            TablespaceAction::SetActive(true) => printer.word(" set active"),
            TablespaceAction::SetActive(false) => printer.word(" set inactive"),
        }
    }
}

impl Print for CreateTablespace<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(if self.undo { "create undo tablespace " } else { "create tablespace " });
        printer.node(&self.name);
        printer.optional(" add datafile ", self.file);
        printer.optional(" use logfile group ", self.logfile_group.as_ref());
        printer.storage_options(self.options);
    }
}

impl Print for ServerOption<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(self.kind.text());
        printer.word(" ");
        match self.value {
            ServerValue::String(text) => printer.node(text),
            ServerValue::Number(number) => printer.word(number),
        }
    }
}

impl Print for ResourceGroup<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(if self.alter { "alter" } else { "create" });
        printer.word(" resource group ");
        printer.node(&self.name);
        printer.word(match self.system {
            None => "",
            Some(true) => " type = system",
            Some(false) => " type = user",
        });
        if !self.cpus.is_empty() {
            printer.word(" vcpu = ");
            printer.list_with(self.cpus, |printer, (from, to)| {
                printer.word(from);
                if let Some(to) = to {
                    printer.word("-");
                    printer.word(to);
                }
            });
        }
        if let Some(priority) = self.priority {
            printer.word(" thread_priority = ");
            printer.word(priority);
        }
        printer.word(match self.enable {
            None => "",
            Some(true) => " enable",
            Some(false) => " disable",
        });
        printer.word_if(self.force, " force");
    }
}

impl Print for CreateSpatialReference<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("create ");
        printer.word_if(self.or_replace, "or replace ");
        printer.word("spatial reference system ");
        printer.word_if(self.if_not_exists, "if not exists ");
        printer.word(self.srid);
        for attribute in self.attributes {
            let (word, text) = match attribute {
                SpatialAttribute::Name(text) => (" name ", text),
                SpatialAttribute::Definition(text) => (" definition ", text),
                SpatialAttribute::Organization { name, .. } => (" organization ", name),
                SpatialAttribute::Description(text) => (" description ", text),
            };
            printer.word(word);
            printer.node(*text);
            if let SpatialAttribute::Organization { id, .. } = attribute {
                printer.word(" identified by ");
                printer.word(id);
            }
        }
    }
}
