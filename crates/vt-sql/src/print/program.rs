//! Stored programs.

use super::{Print, Printer};
use crate::ast::{
    AlterRoutine, Characteristic, CreateLibrary, CreateLoadable, CreateRoutine, CreateTrigger,
    DropProgram, Event, LibraryUse, Parameter, Program, RoutineBody, Schedule, ViewSecurity,
};

impl Print for Program<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Program::CreateRoutine(create) => printer.node(*create),
            Program::AlterRoutine(alter) => printer.node(*alter),
            Program::CreateLoadable(create) => printer.node(*create),
            Program::CreateTrigger(create) => printer.node(*create),
            Program::CreateEvent(event) => printer.event("create", event),
            Program::AlterEvent(event) => printer.event("alter", event),
            Program::CreateLibrary(create) => printer.node(*create),
            Program::AlterLibrary { name, comment } => {
                printer.word("alter library ");
                printer.node(name);
                printer.word(" comment ");
                printer.node(*comment);
            }
            Program::Drop(drop) => printer.node(*drop),
        }
    }
}

impl Print for CreateRoutine<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("create");
        printer.comments(&self.comments);
        printer.optional(" definer = ", self.definer.as_ref());
        printer.word(if self.returns.is_some() { " function " } else { " procedure " });
        printer.word_if(self.if_not_exists, "if not exists ");
        printer.node(&self.name);
        printer.word(" ");
        printer.paren_list(self.parameters);
        printer.optional(" returns ", self.returns.as_ref());
        printer.characteristics(self.characteristics);
        match self.body {
            RoutineBody::Sql(text) => {
                printer.word(" ");
                printer.word(text);
            }
            RoutineBody::Code(code) => {
                printer.word(" as ");
                printer.node(&code);
            }
        }
    }
}

impl Print for Parameter<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        if let Some(mode) = self.mode {
            printer.word(mode.text());
            printer.word(" ");
        }
        printer.node(&self.name);
        printer.word(" ");
        printer.node(&self.data_type);
    }
}

impl Printer<'_> {
    fn characteristics(&mut self, characteristics: &[Characteristic<'_>]) {
        for characteristic in characteristics {
            self.word(" ");
            self.node(characteristic);
        }
    }

    fn event(&mut self, verb: &str, event: &Event<'_>) {
        self.word(verb);
        self.comments(&event.comments);
        self.optional(" definer = ", event.definer.as_ref());
        self.word(" event ");
        self.word_if(event.if_not_exists, "if not exists ");
        self.node(&event.name);
        self.optional(" on schedule ", event.schedule.as_ref());
        self.word(match event.preserve {
            None => "",
            Some(true) => " on completion preserve",
            Some(false) => " on completion not preserve",
        });
        self.optional(" rename to ", event.rename.as_ref());
        if let Some(status) = event.status {
            self.word(" ");
            self.word(status.text());
        }
        self.optional(" comment ", event.comment);
        if let Some(body) = event.body {
            self.word(" do ");
            self.word(body);
        }
    }
}

impl Print for Characteristic<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Characteristic::Comment(text) => {
                printer.word("comment ");
                printer.node(*text);
            }
            Characteristic::Language(language) => {
                printer.word("language ");
                printer.node(language);
            }
            Characteristic::Deterministic(true) => printer.word("deterministic"),
            Characteristic::Deterministic(false) => printer.word("not deterministic"),
            Characteristic::ContainsSql => printer.word("contains sql"),
            Characteristic::NoSql => printer.word("no sql"),
            Characteristic::ReadsSqlData => printer.word("reads sql data"),
            Characteristic::ModifiesSqlData => printer.word("modifies sql data"),
            Characteristic::Security(ViewSecurity::Definer) => {
                printer.word("sql security definer");
            }
            Characteristic::Security(ViewSecurity::Invoker) => {
                printer.word("sql security invoker");
            }
            Characteristic::Using(libraries) => {
                printer.word("using ");
                printer.paren_list(libraries);
            }
        }
    }
}

impl Print for LibraryUse<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.node(&self.name);
        printer.optional(" as ", self.alias.as_ref());
    }
}

impl Print for AlterRoutine<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(if self.function { "alter function " } else { "alter procedure " });
        printer.node(&self.name);
        printer.characteristics(self.characteristics);
    }
}

impl Print for CreateLoadable<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("create ");
        printer.word_if(self.aggregate, "aggregate ");
        printer.word("function ");
        printer.word_if(self.if_not_exists, "if not exists ");
        printer.node(&self.name);
        printer.word(" returns ");
        printer.word(self.returns.text());
        printer.word(" soname ");
        printer.node(self.file);
    }
}

impl Print for CreateTrigger<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("create");
        printer.comments(&self.comments);
        printer.optional(" definer = ", self.definer.as_ref());
        printer.word(" trigger ");
        printer.word_if(self.if_not_exists, "if not exists ");
        printer.node(&self.name);
        printer.word(if self.before { " before " } else { " after " });
        printer.word(self.event.text());
        printer.word(" on ");
        printer.node(&self.table);
        printer.word(" for each row ");
        if let Some(order) = self.order {
            printer.word(if order.follows { "follows " } else { "precedes " });
            printer.node(&order.other);
            printer.word(" ");
        }
        printer.word(self.body);
    }
}

impl Print for Schedule<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Schedule::At { time } => {
                printer.word("at ");
                printer.node(time);
            }
            Schedule::Every { amount, unit, starts, ends } => {
                printer.word("every ");
                printer.node(amount);
                printer.word(" ");
                printer.word(unit.text());
                printer.optional(" starts ", starts.as_ref());
                printer.optional(" ends ", ends.as_ref());
            }
        }
    }
}

impl Print for CreateLibrary<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("create library ");
        printer.word_if(self.if_not_exists, "if not exists ");
        printer.node(&self.name);
        printer.optional(" comment ", self.comment);
        printer.word(" language ");
        printer.node(&self.language);
        printer.word(" as ");
        printer.node(&self.code);
    }
}

impl Print for DropProgram<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("drop ");
        printer.word(self.kind.text());
        printer.word_if(self.if_exists, " if exists");
        printer.word(" ");
        printer.node(&self.name);
    }
}
