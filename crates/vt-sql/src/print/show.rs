//! `SHOW`.

use super::{Print, Printer, expr::scope_word};
use crate::ast::{Ident, Show, ShowFilter, ShowKind, ShowObject, ShowVitess, VariableScope};

impl Print for Show<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        printer.word("show");
        printer.comments(&self.comments);
        printer.word(" ");
        printer.node(&self.kind);
        match &self.filter {
            None => {}
            Some(ShowFilter::Like(pattern)) => {
                printer.word(" like ");
                printer.node(pattern);
            }
            Some(ShowFilter::Where(condition)) => {
                printer.word(" where ");
                printer.node(condition);
            }
        }
    }
}

impl Printer<'_> {
    fn in_schema(&mut self, schema: Option<&Ident<'_>>) {
        self.optional(" from ", schema);
    }

    fn scoped(&mut self, scope: Option<VariableScope>, word: &str) {
        if let Some(scope) = scope {
            self.word(scope_word(scope));
            self.word(" ");
        }
        self.word(word);
    }

    fn extended_full(&mut self, extended: bool, full: bool) {
        self.word_if(extended, "extended ");
        self.word_if(full, "full ");
    }
}

impl Print for ShowKind<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            ShowKind::Databases => printer.word("databases"),
            ShowKind::Keyspaces => printer.word("keyspaces"),
            ShowKind::CharacterSet => printer.word("charset"),
            ShowKind::Collation => printer.word("collation"),
            ShowKind::Engines => printer.word("engines"),
            ShowKind::Plugins => printer.word("plugins"),
            ShowKind::Privileges => printer.word("privileges"),
            ShowKind::Profiles => printer.word("profiles"),
            ShowKind::FunctionStatus => printer.word("function status"),
            ShowKind::ProcedureStatus => printer.word("procedure status"),
            ShowKind::LibraryStatus => printer.word("library status"),
            ShowKind::BinaryLogs => printer.word("binary logs"),
            ShowKind::BinaryLogStatus { master } => {
                printer.word(if *master { "master status" } else { "binary log status" });
            }
            ShowKind::Replicas => printer.word("replicas"),
            ShowKind::Variables { scope } => printer.scoped(*scope, "variables"),
            ShowKind::Status { scope } => printer.scoped(*scope, "status"),
            ShowKind::ProcessList { full } => {
                printer.word(if *full { "full processlist" } else { "processlist" });
            }
            ShowKind::Vitess(form) => printer.node(form),
            _ => print_rarer(self, printer),
        }
    }
}

fn print_rarer(kind: &ShowKind<'_>, printer: &mut Printer<'_>) {
    match kind {
        ShowKind::Tables { full, extended, schema } => {
            printer.extended_full(*extended, *full);
            printer.word("tables");
            printer.in_schema(schema.as_ref());
        }
        ShowKind::TableStatus { schema } => {
            printer.word("table status");
            printer.in_schema(schema.as_ref());
        }
        ShowKind::OpenTables { schema } => {
            printer.word("open tables");
            printer.in_schema(schema.as_ref());
        }
        ShowKind::Columns { full, extended, table } => {
            printer.extended_full(*extended, *full);
            printer.word("columns from ");
            printer.node(table);
        }
        ShowKind::Index { extended, table } => {
            printer.extended_full(*extended, false);
            printer.word("indexes from ");
            printer.node(table);
        }
        ShowKind::Triggers { full, schema } => {
            printer.extended_full(false, *full);
            printer.word("triggers");
            printer.in_schema(schema.as_ref());
        }
        ShowKind::Events { schema } => {
            printer.word("events");
            printer.in_schema(schema.as_ref());
        }
        ShowKind::CreateTable(table) => {
            printer.word("create table ");
            printer.node(table);
        }
        ShowKind::CreateDatabase { if_not_exists, name } => {
            printer.word("create database ");
            printer.word_if(*if_not_exists, "if not exists ");
            printer.node(name);
        }
        ShowKind::CreateObject { kind, name } => {
            printer.word(match kind {
                ShowObject::View => "create view ",
                ShowObject::Procedure => "create procedure ",
                ShowObject::Function => "create function ",
                ShowObject::Trigger => "create trigger ",
                ShowObject::Event => "create event ",
                ShowObject::Library => "create library ",
                ShowObject::MaskingPolicy => "create masking policy ",
            });
            printer.node(name);
        }
        ShowKind::CreateUser(account) => {
            printer.word("create user ");
            printer.node(account);
        }
        _ => print_server(kind, printer),
    }
}

fn print_server(kind: &ShowKind<'_>, printer: &mut Printer<'_>) {
    match kind {
        ShowKind::Profile { types, query, limit } => {
            printer.word("profile");
            printer.word_if(!types.is_empty(), " ");
            printer.list_with(types, |printer, word| printer.word(word));
            printer.optional(" for query ", query.as_ref());
            printer.limit(limit.as_ref());
        }
        ShowKind::Warnings { count, limit } => {
            printer.word(if *count { "count(*) warnings" } else { "warnings" });
            printer.limit(limit.as_ref());
        }
        ShowKind::Errors { count, limit } => {
            printer.word(if *count { "count(*) errors" } else { "errors" });
            printer.limit(limit.as_ref());
        }
        ShowKind::Grants { account, using } => {
            printer.word("grants");
            printer.optional(" for ", account.as_ref());
            printer.word_if(!using.is_empty(), " using ");
            printer.list(using);
        }
        ShowKind::FunctionCode(name) => {
            printer.word("function code ");
            printer.node(name);
        }
        ShowKind::ProcedureCode(name) => {
            printer.word("procedure code ");
            printer.node(name);
        }
        ShowKind::Engine { name, what } => {
            printer.word("engine ");
            match *name {
                "all" => printer.word("all"),
                name => printer.name(name),
            }
            printer.word(" ");
            printer.name(what);
        }
        ShowKind::BinlogEvents { relay, log, position, limit, channel } => {
            printer.word(if *relay { "relaylog events" } else { "binlog events" });
            printer.optional(" in ", *log);
            printer.optional(" from ", position.as_ref());
            printer.limit(limit.as_ref());
            printer.optional(" for channel ", *channel);
        }
        ShowKind::ReplicaStatus { channel } => {
            printer.word("replica status");
            printer.optional(" for channel ", *channel);
        }
        _ => {}
    }
}

impl Print for ShowVitess<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            ShowVitess::Shards => printer.word("vitess_shards"),
            ShowVitess::Tablets => printer.word("vitess_tablets"),
            ShowVitess::ReplicationStatus => printer.word("vitess_replication_status"),
            ShowVitess::Target => printer.word("vitess_target"),
            ShowVitess::MetadataVariables => printer.word("vitess_metadata variables"),
            ShowVitess::VschemaKeyspaces => printer.word("vschema keyspaces"),
            ShowVitess::VschemaTables => printer.word("vschema tables"),
            ShowVitess::VschemaVindexes { table } => {
                printer.word("vschema vindexes");
                printer.optional(" on ", table.as_ref());
            }
            ShowVitess::GtidExecuted { keyspace } => {
                printer.word("global gtid_executed");
                printer.in_schema(keyspace.as_ref());
            }
            ShowVitess::VgtidExecuted { keyspace } => {
                printer.word("global vgtid_executed");
                printer.in_schema(keyspace.as_ref());
            }
            ShowVitess::Migrations { keyspace } => {
                printer.word("vitess_migrations");
                printer.in_schema(keyspace.as_ref());
            }
            ShowVitess::MigrationLogs { uuid } => {
                printer.word("vitess_migration ");
                printer.node(uuid);
                printer.word(" logs");
            }
            ShowVitess::ThrottledApps => printer.word("vitess_throttled_apps"),
            ShowVitess::ThrottlerStatus => printer.word("vitess_throttler status"),
            ShowVitess::TransactionStatus { dtid } => {
                printer.word("transaction status for ");
                printer.node(dtid);
            }
            ShowVitess::UnresolvedTransactions { keyspace } => {
                printer.word("unresolved transactions");
                printer.optional(" for ", keyspace.as_ref());
            }
        }
    }
}
