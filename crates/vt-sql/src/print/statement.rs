//! Statements as a whole.

use super::{Print, Printer};
use crate::ast::Statement;

impl Print for Statement<'_> {
    fn print(&self, printer: &mut Printer<'_>) {
        match self {
            Statement::Query(query) => printer.node(*query),
            Statement::Insert(insert) => printer.node(*insert),
            Statement::Update(update) => printer.node(*update),
            Statement::Delete(delete) => printer.node(*delete),
            Statement::LoadData(load) => printer.node(*load),
            Statement::Call(call) => printer.node(*call),
            Statement::Do(exprs) => {
                printer.word("do ");
                printer.list(exprs);
            }
            Statement::Set(set) => printer.node(*set),
            Statement::Show(show) => printer.node(*show),
            Statement::Use(target) => printer.node(target),
            Statement::Begin(begin) => printer.node(begin),
            Statement::Commit(completion) => {
                printer.word("commit");
                printer.node(completion);
            }
            Statement::Rollback(completion) => {
                printer.word("rollback");
                printer.node(completion);
            }
            Statement::Savepoint(name) => named(printer, "savepoint ", name),
            Statement::RollbackTo(name) => named(printer, "rollback to ", name),
            Statement::ReleaseSavepoint(name) => named(printer, "release savepoint ", name),
            Statement::Kill(kill) => printer.node(*kill),
            Statement::Explain(explain) => printer.node(*explain),
            Statement::Vexplain(vexplain) => printer.node(*vexplain),
            Statement::Prepare(prepare) => printer.node(*prepare),
            Statement::Execute(execute) => printer.node(*execute),
            Statement::Deallocate(name) => named(printer, "deallocate prepare ", name),
            Statement::Maintenance(maintenance) => printer.node(*maintenance),
            Statement::LockTables(locks) => {
                printer.word("lock tables ");
                printer.list(locks);
            }
            Statement::UnlockTables => printer.word("unlock tables"),
            Statement::Flush(flush) => printer.node(*flush),
            Statement::AlterVschema(alter) => printer.node(*alter),
            Statement::AlterMigration(alter) => printer.node(*alter),
            Statement::RevertMigration(uuid) => named(printer, "revert vitess_migration ", *uuid),
            Statement::Stream(stream) => printer.node(*stream),
            Statement::Program(program) => printer.node(*program),
            Statement::Account(account) => printer.node(*account),
            Statement::Xa(xa) => printer.node(*xa),
            Statement::Replication(replication) => printer.node(*replication),
            Statement::Storage(storage) => printer.node(*storage),
            Statement::Server(server) => printer.node(*server),
            Statement::Handler(handler) => printer.node(*handler),
            Statement::Diagnostics(diagnostics) => printer.node(*diagnostics),
            _ => print_ddl(self, printer),
        }
    }
}

fn named(printer: &mut Printer<'_>, words: &str, name: &impl Print) {
    printer.word(words);
    printer.node(name);
}

fn print_ddl(statement: &Statement<'_>, printer: &mut Printer<'_>) {
    match statement {
        Statement::CreateTable(create) => printer.node(*create),
        Statement::AlterTable(alter) => printer.node(*alter),
        Statement::DropTable(drop) => printer.node(*drop),
        Statement::TruncateTable(name) => named(printer, "truncate table ", name),
        Statement::RenameTable(pairs) => {
            printer.word("rename table ");
            printer.list(pairs);
        }
        Statement::CreateIndex(create) => printer.node(*create),
        Statement::DropIndex(drop) => printer.node(*drop),
        Statement::View(view) => printer.node(*view),
        Statement::DropView(drop) => printer.node(*drop),
        Statement::CreateDatabase(create) => printer.node(*create),
        Statement::AlterDatabase(alter) => printer.node(*alter),
        Statement::DropDatabase(drop) => printer.node(*drop),
        _ => {}
    }
}
