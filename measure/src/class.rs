//! Classes of statements, by their first words.

use crate::shape::first_words;

/// A family of statements that the figures are given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Select,
    Insert,
    Update,
    Delete,
    With,
    Set,
    Show,
    Transaction,
    Explain,
    CreateTable,
    AlterTable,
    DropTable,
    View,
    OtherDdl,
    Program,
    Utility,
    Administration,
}

impl Class {
    pub(crate) const ALL: [Class; 17] = [
        Class::Select,
        Class::Insert,
        Class::Update,
        Class::Delete,
        Class::With,
        Class::Set,
        Class::Show,
        Class::Transaction,
        Class::Explain,
        Class::CreateTable,
        Class::AlterTable,
        Class::DropTable,
        Class::View,
        Class::OtherDdl,
        Class::Program,
        Class::Utility,
        Class::Administration,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Class::Select => "SELECT, TABLE, VALUES",
            Class::Insert => "INSERT, REPLACE",
            Class::Update => "UPDATE",
            Class::Delete => "DELETE",
            Class::With => "WITH",
            Class::Set => "SET",
            Class::Show => "SHOW",
            Class::Transaction => "transactions, XA",
            Class::Explain => "EXPLAIN, DESCRIBE",
            Class::CreateTable => "CREATE TABLE",
            Class::AlterTable => "ALTER TABLE",
            Class::DropTable => "DROP, RENAME, TRUNCATE TABLE",
            Class::View => "views",
            Class::OtherDdl => "other DDL",
            Class::Program => "programs, triggers, events",
            Class::Utility => "utility",
            Class::Administration => "accounts, replication",
        }
    }

    /// Returns how many of a hundred shapes that MySQL takes shall be taken.
    pub(crate) fn goal(self) -> f64 {
        if self <= Class::Transaction { 99.9 } else { 99.0 }
    }

    /// Returns a statement's class.
    pub(crate) fn of(sql: &str) -> Class {
        let words = first_words(sql, 24);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["SELECT" | "TABLE" | "VALUES", ..] => Class::Select,
            ["INSERT" | "REPLACE", ..] => Class::Insert,
            ["UPDATE", ..] => Class::Update,
            ["DELETE", ..] => Class::Delete,
            ["WITH", ..] => Class::With,
            ["SET", "PASSWORD" | "ROLE" | "DEFAULT" | "RESOURCE", ..] => Class::Administration,
            ["SET", ..] => Class::Set,
            ["SHOW", ..] => Class::Show,
            ["START", "TRANSACTION", ..]
            | ["BEGIN" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" | "XA", ..] => {
                Class::Transaction
            }
            ["EXPLAIN" | "DESCRIBE" | "DESC", ..] => Class::Explain,
            ["TRUNCATE", ..] | ["RENAME", "TABLE" | "TABLES", ..] => Class::DropTable,
            ["CREATE" | "ALTER" | "DROP", ref rest @ ..] => Class::of_definition(words[0], rest),
            [
                "GRANT" | "REVOKE" | "RENAME" | "CHANGE" | "START" | "STOP" | "RESET" | "PURGE"
                | "BINLOG" | "CLONE" | "INSTALL" | "UNINSTALL",
                ..,
            ] => Class::Administration,
            _ => Class::Utility,
        }
    }

    /// Of the words behind `CREATE`, `ALTER` or `DROP`, the first that is an object decides.
    fn of_definition(verb: &str, words: &[&str]) -> Class {
        for word in words {
            return match *word {
                "TABLE" | "TABLES" => match verb {
                    "CREATE" => Class::CreateTable,
                    "ALTER" => Class::AlterTable,
                    _ => Class::DropTable,
                },
                "VIEW" => Class::View,
                "PROCEDURE" | "FUNCTION" | "TRIGGER" | "EVENT" | "LIBRARY" | "PACKAGE" => {
                    Class::Program
                }
                "USER" | "ROLE" | "INSTANCE" => Class::Administration,
                "INDEX" | "DATABASE" | "SCHEMA" | "TABLESPACE" | "SERVER" | "LOGFILE" | "UNDO"
                | "RESOURCE" | "SEQUENCE" => Class::OtherDdl,
                _ => continue,
            };
        }
        Class::OtherDdl
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_words_decide() {
        for (sql, class) in [
            ("(select 1) union select 2", Class::Select),
            ("/* x */ create temporary table t (a int)", Class::CreateTable),
            (
                "create or replace definer = `a`@`b` sql security invoker view v as select 1",
                Class::View,
            ),
            ("create unique index i on t (a)", Class::OtherDdl),
            ("drop trigger if exists t", Class::Program),
            ("set password = 'x'", Class::Administration),
            ("start replica", Class::Administration),
            ("start transaction", Class::Transaction),
            ("flush tables", Class::Utility),
        ] {
            assert_eq!(Class::of(sql), class, "{sql}");
        }
    }
}
