//! `ALTER TABLE`.

use super::{Print, Printer, ddl::named};
use crate::ast::{AddColumn, AlterAction, AlterTable, ColumnPosition, ConstraintKind, Ident};

impl Print for AlterTable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("alter");
        printer.comments(&self.comments);
        printer.word(" table ");
        printer.node(&self.name);
        for (index, action) in self.actions.iter().enumerate() {
            let partitioning =
                matches!(action, AlterAction::PartitionBy(_) | AlterAction::RemovePartitioning);
            printer.word_if(index > 0 && !partitioning, ",");
            printer.word_if(!matches!(action, AlterAction::PartitionBy(_)), " ");
            printer.node(action);
        }
    }
}

impl Print for AlterAction<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            AlterAction::AddColumns { columns, parenthesised } => {
                printer.word(if *parenthesised { "add column (" } else { "add column " });
                printer.list(columns);
                printer.word_if(*parenthesised, ")");
            }
            AlterAction::AddElements(elements) => {
                printer.word("add column ");
                printer.paren_list(elements);
            }
            AlterAction::Add(element) => {
                printer.word("add ");
                printer.node(element);
            }
            AlterAction::Modify { column, position } => {
                printer.word("modify column ");
                printer.node(*column);
                printer.node(position);
            }
            AlterAction::Change { from, column, position } => {
                printer.word("change column ");
                printer.node(from);
                printer.word(" ");
                printer.node(*column);
                printer.node(position);
            }
            AlterAction::SetDefault { column, value, parenthesised } => {
                printer.word("alter column ");
                printer.node(column);
                printer.word(if *parenthesised { " set default (" } else { " set default " });
                printer.node(value);
                printer.word_if(*parenthesised, ")");
            }
            AlterAction::DropDefault { column } => {
                printer.word("alter column ");
                printer.node(column);
                printer.word(" drop default");
            }
            AlterAction::SetColumnVisible { column, visible } => {
                printer.word("alter column ");
                printer.node(column);
                printer.word(if *visible { " set visible" } else { " set invisible" });
            }
            AlterAction::SetIndexVisible { index, visible } => {
                printer.word("alter index ");
                printer.node(index);
                printer.word(if *visible { " visible" } else { " invisible" });
            }
            AlterAction::SetEnforced { kind, name, enforced } => {
                printer.word("alter ");
                printer.node(kind);
                printer.node(name);
                printer.word(if *enforced { " enforced" } else { " not enforced" });
            }
            AlterAction::DropColumn(name) => named(printer, "drop column ", name),
            AlterAction::DropIndex(name) => named(printer, "drop key ", name),
            AlterAction::DropPrimaryKey => printer.word("drop primary key"),
            AlterAction::DropForeignKey(name) => named(printer, "drop foreign key ", name),
            AlterAction::DropConstraint { kind, name } => {
                printer.word("drop ");
                printer.node(kind);
                printer.node(name);
            }
            AlterAction::RenameColumn { from, to } => {
                named(printer, "rename column ", from);
                named(printer, " to ", to);
            }
            AlterAction::RenameIndex { from, to } => {
                named(printer, "rename index ", from);
                named(printer, " to ", to);
            }
            AlterAction::RenameTable(name) => named(printer, "rename ", name),
            _ => print_rarer(self, printer),
        }
    }
}

fn print_rarer(action: &AlterAction<'_>, printer: &mut Printer<'_>) {
    match action {
        AlterAction::OrderBy(items) => {
            printer.word("order by ");
            printer.list(items);
        }
        AlterAction::ConvertCharset { charset, collate } => {
            printer.word("convert to character set ");
            match *charset {
                "default" => printer.word("default"),
                charset => printer.charset(charset),
            }
            if let Some(collate) = collate {
                printer.word(" collate ");
                printer.name(collate);
            }
        }
        AlterAction::DisableKeys => printer.word("disable keys"),
        AlterAction::EnableKeys => printer.word("enable keys"),
        AlterAction::DiscardTablespace => printer.word("discard tablespace"),
        AlterAction::ImportTablespace => printer.word("import tablespace"),
        AlterAction::Force => printer.word("force"),
        AlterAction::Options(options) => {
            for (index, option) in options.iter().enumerate() {
                printer.word_if(index > 0, " ");
                printer.node(option);
            }
        }
        AlterAction::Algorithm(word) => {
            printer.word("algorithm = ");
            printer.option_word(word);
        }
        AlterAction::Lock(word) => {
            printer.word("lock ");
            printer.option_word(word);
        }
        AlterAction::Validation(with) => {
            printer.word(if *with { "with validation" } else { "without validation" });
        }
        AlterAction::SetMaskingPolicy { column, policy } => {
            named(printer, "alter column ", column);
            match policy {
                Some(policy) => named(printer, " set masking policy ", policy),
                None => printer.word(" drop masking policy"),
            }
        }
        AlterAction::SecondaryLoad(names) => secondary(printer, "secondary_load", names),
        AlterAction::SecondaryUnload(names) => secondary(printer, "secondary_unload", names),
        _ => print_partition_action(action, printer),
    }
}

fn secondary(printer: &mut Printer<'_>, word: &str, partitions: &[Ident<'_>]) {
    printer.word(word);
    if !partitions.is_empty() {
        printer.word(" partition ");
        printer.paren_list(partitions);
    }
}

fn print_partition_action(action: &AlterAction<'_>, printer: &mut Printer<'_>) {
    match action {
        AlterAction::PartitionBy(partitioning) => printer.node(*partitioning),
        AlterAction::RemovePartitioning => printer.word("remove partitioning"),
        AlterAction::AddPartitions { partitions, count } => {
            printer.word("add partition");
            if let Some(count) = count {
                printer.word(" partitions ");
                printer.word(count);
            } else if !partitions.is_empty() {
                printer.word(" ");
                printer.paren_list(partitions);
            }
        }
        AlterAction::DropPartitions(names) => {
            printer.word("drop partition ");
            printer.list(names);
        }
        AlterAction::CoalescePartition(count) => {
            printer.word("coalesce partition ");
            printer.word(count);
        }
        AlterAction::ReorganizePartition { names, into } => {
            printer.word("reorganize partition");
            if !names.is_empty() {
                printer.word(" ");
                printer.list(names);
                printer.word(" into ");
                printer.paren_list(into);
            }
        }
        AlterAction::ExchangePartition { name, table, validation } => {
            named(printer, "exchange partition ", name);
            named(printer, " with table ", table);
            printer.word(match validation {
                None => "",
                Some(true) => " with validation",
                Some(false) => " without validation",
            });
        }
        AlterAction::PartitionWork { work, names, options } => {
            printer.word(work);
            printer.word(" partition ");
            if names.is_empty() {
                printer.word("all");
            }
            printer.list(names);
            for option in *options {
                printer.word(" ");
                printer.word(option);
            }
        }
        _ => {}
    }
}

impl Print for ConstraintKind {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(match self {
            ConstraintKind::Check => "check ",
            ConstraintKind::Constraint => "constraint ",
        });
    }
}

impl Print for AddColumn<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(self.column);
        printer.node(&self.position);
    }
}

impl Print for ColumnPosition<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            ColumnPosition::Unsaid => {}
            ColumnPosition::First => printer.word(" first"),
            ColumnPosition::After(name) => named(printer, " after ", name),
        }
    }
}
