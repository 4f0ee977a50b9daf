//! `PARTITION BY`.

use super::{Print, Printer};
use crate::ast::{PartitionDef, PartitionMethod, PartitionValues, Partitioning};

impl Print for Partitioning<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(" partition by ");
        printer.node(&self.method);
        if let Some(count) = self.partitions_count {
            printer.word(" partitions ");
            printer.word(count);
        }
        if let Some(method) = &self.subpartition {
            printer.word(" subpartition by ");
            printer.node(method);
        }
        if let Some(count) = self.subpartitions_count {
            printer.word(" subpartitions ");
            printer.word(count);
        }
        if !self.partitions.is_empty() {
            printer.word(" ");
            printer.paren_list(self.partitions);
        }
    }
}

impl Print for PartitionMethod<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        let of = |printer: &mut Printer<'_>, words: &str, expr| {
            printer.word(words);
            printer.word(" (");
            printer.node(expr);
            printer.word(")");
        };
        match self {
            PartitionMethod::Hash { linear, expr } => {
                of(printer, if *linear { "linear hash" } else { "hash" }, expr);
            }
            PartitionMethod::Key { linear, algorithm, columns } => {
                printer.word(if *linear { "linear key " } else { "key " });
                if let Some(algorithm) = algorithm {
                    printer.word("algorithm = ");
                    printer.word(algorithm);
                    printer.word(" ");
                }
                printer.paren_list(columns);
            }
            PartitionMethod::Range(expr) => of(printer, "range", expr),
            PartitionMethod::List(expr) => of(printer, "list", expr),
            PartitionMethod::RangeColumns(columns) => {
                printer.word("range columns ");
                printer.paren_list(columns);
            }
            PartitionMethod::ListColumns(columns) => {
                printer.word("list columns ");
                printer.paren_list(columns);
            }
        }
    }
}

impl PartitionDef<'_> {
    fn print_as(&self, word: &str, printer: &mut Printer<'_>) {
        printer.word(word);
        printer.node(&self.name);
        match &self.values {
            None => {}
            Some(PartitionValues::LessThanMax) => printer.word(" values less than maxvalue"),
            Some(PartitionValues::LessThan(values)) => {
                printer.word(" values less than (");
                printer.list_with(values, |printer, value| match value {
                    Some(value) => printer.node(value),
                    None => printer.word("maxvalue"),
                });
                printer.word(")");
            }
            Some(PartitionValues::In(values)) => {
                printer.word(" values in ");
                printer.paren_list(values);
            }
        }
        printer.table_options(self.options);
        if !self.subpartitions.is_empty() {
            printer.word(" (");
            printer.list_with(self.subpartitions, |printer, part| {
                part.print_as("subpartition ", printer);
            });
            printer.word(")");
        }
    }
}

impl Print for PartitionDef<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        self.print_as("partition ", printer);
    }
}
