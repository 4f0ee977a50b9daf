//! Distributed transactions.

use super::{Print, Printer};
use crate::ast::{Xa, XaJoin, XaSuspend, Xid};

impl Print for Xa<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Xa::Start { xid, join } => {
                printer.word("xa start ");
                printer.node(xid);
                printer.word(match join {
                    None => "",
                    Some(XaJoin::Join) => " join",
                    Some(XaJoin::Resume) => " resume",
                });
            }
            Xa::End { xid, suspend } => {
                printer.word("xa end ");
                printer.node(xid);
                printer.word(match suspend {
                    None => "",
                    Some(XaSuspend::Suspend) => " suspend",
                    Some(XaSuspend::ForMigrate) => " suspend for migrate",
                });
            }
            Xa::Prepare(xid) => {
                printer.word("xa prepare ");
                printer.node(xid);
            }
            Xa::Commit { xid, one_phase } => {
                printer.word("xa commit ");
                printer.node(xid);
                printer.word_if(*one_phase, " one phase");
            }
            Xa::Rollback(xid) => {
                printer.word("xa rollback ");
                printer.node(xid);
            }
            Xa::Recover { convert_xid } => {
                printer.word("xa recover");
                printer.word_if(*convert_xid, " convert xid");
            }
        }
    }
}

impl Print for Xid<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(self.gtrid);
        printer.optional(", ", self.bqual);
        if let Some(format) = self.format {
            printer.word(", ");
            printer.word(format);
        }
    }
}
