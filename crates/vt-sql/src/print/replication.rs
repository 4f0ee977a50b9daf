//! Replication, binary logs, clones.

use super::{Print, Printer};
use crate::ast::{
    CloneInstance, FilterRules, Literal, ReplicaThread, Replication, ReplicationFilter, Reset,
    SourceOption, SourceValue, StartReplica,
};

impl Print for Replication<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Replication::ChangeSource { options, channel } => {
                printer.word("change replication source to ");
                printer.list(options);
                printer.channel(*channel);
            }
            Replication::ChangeFilter { filters, channel } => {
                printer.word("change replication filter ");
                printer.list(filters);
                printer.channel(*channel);
            }
            Replication::StartReplica(start) => printer.node(*start),
            Replication::StopReplica { threads, channel } => {
                printer.word("stop replica");
                printer.threads(threads);
                printer.channel(*channel);
            }
            Replication::StartGroup(options) => {
                printer.word("start group_replication");
                printer.word_if(!options.is_empty(), " ");
                printer.list_with(options, |printer, (option, text)| {
                    printer.word(option.text());
                    printer.word(" = ");
                    printer.node(*text);
                });
            }
            Replication::StopGroup => printer.word("stop group_replication"),
            Replication::Reset(resets) => {
                printer.word("reset ");
                printer.list(resets);
            }
            Replication::ResetPersist { if_exists, variable } => {
                printer.word("reset persist");
                printer.word_if(*if_exists, " if exists");
                if let Some(variable) = variable {
                    printer.word(" ");
                    printer.variable_name(variable);
                }
            }
            Replication::PurgeTo(log) => {
                printer.word("purge binary logs to ");
                printer.node(*log);
            }
            Replication::PurgeBefore(time) => {
                printer.word("purge binary logs before ");
                printer.node(time);
            }
            Replication::Binlog(event) => {
                printer.word("binlog ");
                printer.node(*event);
            }
            Replication::CloneLocal(path) => {
                printer.word("clone local data directory = ");
                printer.node(*path);
            }
            Replication::CloneInstance(clone) => printer.node(*clone),
        }
    }
}

impl Printer<'_> {
    fn channel(&mut self, channel: Option<&Literal<'_>>) {
        self.optional(" for channel ", channel);
    }

    fn threads(&mut self, threads: &[ReplicaThread]) {
        self.word_if(!threads.is_empty(), " ");
        self.list_with(threads, |printer, thread| {
            printer.word(match thread {
                ReplicaThread::Sql => "sql_thread",
                ReplicaThread::Io => "io_thread",
            });
        });
    }
}

impl Print for SourceOption<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(self.name);
        if self.value == SourceValue::Word("") {
            return;
        }
        printer.word(" = ");
        match &self.value {
            SourceValue::String(text) => printer.node(*text),
            SourceValue::Number(text) | SourceValue::Word(text) => printer.word(text),
            SourceValue::Account(account) => printer.node(account),
            SourceValue::Numbers(numbers) => {
                printer.word("(");
                printer.list_with(numbers, |printer, number| printer.word(number));
                printer.word(")");
            }
        }
    }
}

impl Print for ReplicationFilter<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word(self.kind.text());
        printer.word(" = (");
        match &self.rules {
            FilterRules::Databases(names) => printer.list(names),
            FilterRules::Tables(names) => printer.list(names),
            FilterRules::Patterns(patterns) => {
                printer.list_with(patterns, |printer, pattern| printer.node(*pattern));
            }
            FilterRules::Pairs(pairs) => printer.list_with(pairs, |printer, (from, to)| {
                printer.word("(");
                printer.node(from);
                printer.word(", ");
                printer.node(to);
                printer.word(")");
            }),
        }
        printer.word(")");
    }
}

impl Print for StartReplica<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("start replica");
        printer.threads(self.threads);
        if !self.until.is_empty() {
            printer.word(" until ");
            printer.list(self.until);
        }
        for option in self.login {
            printer.word(" ");
            printer.node(option);
        }
        printer.channel(self.channel);
    }
}

impl Print for Reset<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Reset::Replica { all, channel } => {
                printer.word("replica");
                printer.word_if(*all, " all");
                printer.channel(*channel);
            }
            Reset::BinaryLogs { to } => {
                printer.word("binary logs and gtids");
                if let Some(to) = to {
                    printer.word(" to ");
                    printer.word(to);
                }
            }
        }
    }
}

impl Print for CloneInstance<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("clone instance from ");
        printer.node(&self.from);
        printer.word(":");
        printer.word(self.port);
        printer.word(" identified by ");
        printer.node(self.password);
        printer.optional(" data directory = ", self.directory);
        printer.word(match self.ssl {
            None => "",
            Some(true) => " require ssl",
            Some(false) => " require no ssl",
        });
    }
}
