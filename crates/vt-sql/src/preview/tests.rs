//! First words.

use super::{StatementKind, preview};

#[test]
fn first_words_tell_the_kind() {
    for (sql, kind) in [
        ("  /* x */ SELECT 1", StatementKind::Select),
        ("(((select 1)))", StatementKind::Select),
        ("values row(1)", StatementKind::Select),
        ("with a as (select 1) select * from a", StatementKind::Select),
        ("with a as (select 1), b as (update) delete from t", StatementKind::Delete),
        ("with a as (select 1) update t set a = 1", StatementKind::Update),
        ("insert", StatementKind::Insert),
        ("start transaction", StatementKind::Begin),
        ("start replica", StatementKind::Replication),
        ("create table t (a int)", StatementKind::Ddl),
        ("create user a", StatementKind::Account),
        ("rename user a to b", StatementKind::Account),
        ("rename table a to b", StatementKind::Ddl),
        ("lock instance for backup", StatementKind::Other),
        ("lock tables t read", StatementKind::LockTables),
        ("grant all on x to y", StatementKind::Account),
        ("xa recover", StatementKind::Xa),
        ("/*!40101 SET NAMES utf8 */", StatementKind::Set),
        ("", StatementKind::Empty),
        ("-- nothing", StatementKind::Empty),
        ("frobnicate", StatementKind::Unknown),
        ("'x'", StatementKind::Unknown),
        ("select 'unclosed", StatementKind::Select),
    ] {
        assert_eq!(preview(sql), kind, "{sql}");
    }
}
