//! `HANDLER`.

use super::{Print, Printer};
use crate::ast::{Handler, HandlerFrom, HandlerRead};

impl Print for Handler<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("handler ");
        match self {
            Handler::Open { table, alias } => {
                printer.node(table);
                printer.word(" open");
                printer.optional(" as ", alias.as_ref());
            }
            Handler::Close(table) => {
                printer.node(table);
                printer.word(" close");
            }
            Handler::Read(read) => printer.node(*read),
        }
    }
}

impl Print for HandlerRead<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.table);
        printer.word(" read ");
        if let Some(index) = self.index {
            printer.quoted(index.text, '`');
            printer.word(" ");
        }
        match self.from {
            HandlerFrom::First => printer.word("first"),
            HandlerFrom::Next => printer.word("next"),
            HandlerFrom::Previous => printer.word("prev"),
            HandlerFrom::Last => printer.word("last"),
            HandlerFrom::Key { op, values } => {
                printer.word(op.text());
                printer.word(" ");
                printer.paren_list(values);
            }
        }
        printer.optional(" where ", self.filter.as_ref());
        printer.optional(" ", self.limit.as_ref());
    }
}
