//! Table maintenance, table locks, `FLUSH`.

use super::{Print, Printer};
use crate::ast::{Flush, FlushOption, FlushWhat, Histogram, Maintenance, TableLock, TableLockKind};

impl Print for Maintenance<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(self.kind.text());
        printer.word_if(self.local, " local");
        printer.word(" table ");
        printer.list(self.tables);
        for option in self.options {
            printer.word(" ");
            printer.word(option.text());
        }
        printer.optional(" ", self.histogram.as_ref());
    }
}

impl Print for Histogram<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match *self {
            Histogram::Drop { columns } => {
                printer.word("drop histogram on ");
                printer.list(columns);
            }
            Histogram::Update { columns, buckets, automatic, data } => {
                printer.word("update histogram on ");
                printer.list(columns);
                if let Some(buckets) = buckets {
                    printer.word(" with ");
                    printer.word(buckets);
                    printer.word(" buckets");
                }
                printer.word(match automatic {
                    None => "",
                    Some(true) => " auto update",
                    Some(false) => " manual update",
                });
                printer.optional(" using data ", data);
            }
        }
    }
}

impl Print for TableLock<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.table);
        printer.optional(" as ", self.alias.as_ref());
        printer.word(match self.kind {
            TableLockKind::Read => " read",
            TableLockKind::ReadLocal => " read local",
            TableLockKind::Write => " write",
        });
    }
}

impl Print for Flush<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("flush ");
        printer.word_if(self.local, "local ");
        match self.what {
            FlushWhat::Options(options) => {
                printer.list_with(options, |printer, option| match option {
                    FlushOption::Named(name) => printer.word(name),
                    FlushOption::RelayLogs { channel } => {
                        printer.word("relay logs");
                        printer.optional(" for channel ", *channel);
                    }
                });
            }
            FlushWhat::Tables { tables, with_read_lock, for_export } => {
                printer.word("tables");
                printer.word_if(!tables.is_empty(), " ");
                printer.list(tables);
                printer.word_if(with_read_lock, " with read lock");
                printer.word_if(for_export, " for export");
            }
        }
    }
}
