//! The kind of a statement that has been parsed.

use super::{ServerStatement, Statement, Storage};
use crate::preview::StatementKind;

impl Statement<'_> {
    /// Tells the statement's kind, the same that [`crate::preview()`] tells from its first words.
    pub fn kind(&self) -> StatementKind {
        match self {
            Statement::Query(_) => StatementKind::Select,
            Statement::Insert(insert) if insert.replace => StatementKind::Replace,
            Statement::Insert(_) => StatementKind::Insert,
            Statement::Update(_) => StatementKind::Update,
            Statement::Delete(_) => StatementKind::Delete,
            Statement::LoadData(_) => StatementKind::Load,
            Statement::Call(_) => StatementKind::Call,
            Statement::Do(_) => StatementKind::Do,
            Statement::Set(_) => StatementKind::Set,
            Statement::Show(_) => StatementKind::Show,
            Statement::Use(_) => StatementKind::Use,
            Statement::Begin(_) => StatementKind::Begin,
            Statement::Commit(_) => StatementKind::Commit,
            Statement::Rollback(_) | Statement::RollbackTo(_) => StatementKind::Rollback,
            Statement::Savepoint(_) => StatementKind::Savepoint,
            Statement::ReleaseSavepoint(_) => StatementKind::Release,
            Statement::Kill(_) => StatementKind::Kill,
            Statement::Explain(_) => StatementKind::Explain,
            Statement::Vexplain(_) => StatementKind::Vexplain,
            Statement::Prepare(_) => StatementKind::Prepare,
            Statement::Execute(_) => StatementKind::Execute,
            Statement::Deallocate(_) => StatementKind::Deallocate,
            Statement::Maintenance(_) => StatementKind::Maintenance,
            Statement::LockTables(_) => StatementKind::LockTables,
            Statement::UnlockTables => StatementKind::UnlockTables,
            Statement::Flush(_) => StatementKind::Flush,
            Statement::Account(_) => StatementKind::Account,
            Statement::Xa(_) => StatementKind::Xa,
            Statement::Replication(_) => StatementKind::Replication,
            Statement::Handler(_) => StatementKind::Handler,
            Statement::Storage(Storage::SetResourceGroup { .. }) => StatementKind::Set,
            Statement::Server(
                ServerStatement::AlterInstance(_)
                | ServerStatement::CreateMaskingPolicy(_)
                | ServerStatement::DropMaskingPolicy { .. },
            ) => StatementKind::Ddl,
            Statement::Server(ServerStatement::LoadIndex(_)) => StatementKind::Load,
            Statement::Server(_) | Statement::Diagnostics(_) => StatementKind::Other,
            Statement::RevertMigration(_) => StatementKind::Revert,
            Statement::Stream(stream) if stream.vstream => StatementKind::Vstream,
            Statement::Stream(_) => StatementKind::Stream,
            _ => StatementKind::Ddl,
        }
    }
}
