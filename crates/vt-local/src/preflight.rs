//! What a server must be and allow for its tables to be imported: all of it is told at once, each
//! with what mends it.

use std::collections::BTreeSet;

use vt_base::{Code, Error, Result};
use vt_mysql::client::Conn;
use vt_value::Row;

use crate::external::External;

/// The rights that an import needs, where on the server, and for what it is.
const RIGHTS: &[(Scope, &[&str])] = &[
    (
        Scope::Server,
        &[
            "PROCESS",
            "REPLICATION SLAVE",
            "REPLICATION CLIENT",
            "CONNECTION_ADMIN",
            "SYSTEM_VARIABLES_ADMIN",
        ],
    ),
    (Scope::Database, &["SELECT", "INSERT", "UPDATE", "DELETE", "LOCK TABLES"]),
    (Scope::Schema, &["SELECT"]),
    (Scope::Sidecar, &["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX"]),
];

/// The database in which a tablet keeps what it has to remember.
pub(crate) const SIDECAR: &str = "_vt";
/// A database with more tables is not imported.
const TABLES_MAX: usize = 100_000;
const GRANTS_MAX: usize = 10_000;
/// So many tables are named in one message.
const NAMED_MAX: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Server,
    Database,
    /// What the server tells of itself.
    Schema,
    Sidecar,
}

/// What a server says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) version: String,
    log_bin: String,
    binlog_format: String,
    row_image: String,
    value_options: String,
    gtid_mode: String,
    account: String,
    grants: Vec<String>,
    pub(crate) has_sidecar: bool,
    pub(crate) tables: Vec<Table>,
}

/// A table of the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) name: String,
    engine: String,
    pub(crate) rows: i64,
    pub(crate) bytes: i64,
    has_key: bool,
}

impl Facts {
    /// Asks a server of a connection's database; changes nothing.
    pub(crate) async fn fetch(conn: &mut Conn) -> Result<Facts> {
        let mut facts = Facts::default();
        let sql = "show global variables where variable_name in ('version', 'log_bin', \
                   'binlog_format', 'binlog_row_image', 'binlog_row_value_options', 'gtid_mode')";
        for row in conn.query(sql, 100).await?.rows.iter() {
            let value = text(row, 1);
            match text(row, 0).as_str() {
                "version" => facts.version = value,
                "log_bin" => facts.log_bin = value,
                "binlog_format" => facts.binlog_format = value,
                "binlog_row_image" => facts.row_image = value,
                "binlog_row_value_options" => facts.value_options = value,
                "gtid_mode" => facts.gtid_mode = value,
                _ => {}
            }
        }
        let account = conn.query("select current_user()", 1).await?;
        facts.account = account.rows.iter().next().map(|row| text(row, 0)).unwrap_or_default();
        let grants = conn.query("show grants", GRANTS_MAX).await?;
        facts.grants = grants.rows.iter().map(|row| text(row, 0)).collect();
        let sql =
            format!("select 1 from information_schema.schemata where schema_name = '{SIDECAR}'");
        facts.has_sidecar = !conn.query(sql, 1).await?.rows.is_empty();
        let sql = "select t.table_name, ifnull(t.engine, ''), ifnull(t.table_rows, 0), \
             ifnull(t.data_length, 0), exists (select 1 from information_schema.statistics s \
             where s.table_schema = t.table_schema and s.table_name = t.table_name \
             and s.non_unique = 0 group by s.index_name having sum(s.nullable = 'YES') = 0) \
             from information_schema.tables t where t.table_schema = database() \
             and t.table_type = 'BASE TABLE' order by 1";
        let number = |row: Row<'_>, column| text(row, column).parse::<i64>().unwrap_or_default();
        let tables = conn.query(sql, TABLES_MAX).await?;
        facts.tables = tables
            .rows
            .iter()
            .map(|row| Table {
                name: text(row, 0),
                engine: text(row, 1),
                rows: number(row, 2),
                bytes: number(row, 3),
                has_key: number(row, 4) != 0,
            })
            .collect();
        Ok(facts)
    }

    /// Keeps the tables that are asked for; none asks for all.
    ///
    /// # Errors
    /// One of them is not there.
    pub(crate) fn only(&mut self, wanted: &[String], external: &External) -> Result<()> {
        let missing = wanted.iter().find(|name| !self.tables.iter().any(|one| one.name == **name));
        if let Some(name) = missing {
            let message = format!("{} has no table {name}", external.shown());
            return Err(Error::new(Code::NotFound, message));
        }
        if !wanted.is_empty() {
            self.tables.retain(|one| wanted.contains(&one.name));
        }
        Ok(())
    }

    /// Fails with all that keeps the server's tables from being imported.
    pub(crate) fn check(&self, external: &External) -> Result<()> {
        let problems = self.problems(&external.database);
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            Code::FailedPrecondition,
            format!(
                "{} cannot be imported from as it is, and nothing was done:\n  - {}",
                external.shown(),
                problems.join("\n  - ")
            ),
        ))
    }

    fn problems(&self, database: &str) -> Vec<String> {
        let mut problems = Vec::new();
        let major = self.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        let is_mysql = !self.version.to_ascii_lowercase().contains("mariadb");
        if !is_mysql || major.is_none_or(|major| major < 8) {
            problems.push(format!(
                "it is version {}: MySQL 8.0 or later is needed; upgrade it, or load a dump",
                self.version
            ));
            return problems;
        }
        if self.log_bin != "ON" {
            problems.push(
                "its binary log is off, which tells what changes while rows are copied: start it \
                 with log_bin and without skip-log-bin"
                    .to_owned(),
            );
        }
        self.log_settings(&mut problems);
        self.lacking_rights(database, &mut problems);
        self.tables_that_cannot(&mut problems);
        problems
    }

    fn log_settings(&self, problems: &mut Vec<String>) {
        if self.binlog_format != "ROW" {
            problems.push(format!(
                "binlog_format is {}: SET PERSIST binlog_format = 'ROW', and let applications \
                 connect anew",
                self.binlog_format
            ));
        }
        if self.row_image != "FULL" {
            problems.push(format!(
                "binlog_row_image is {}: SET PERSIST binlog_row_image = 'FULL', and let \
                 applications connect anew",
                self.row_image
            ));
        }
        if !self.value_options.is_empty() {
            problems.push(format!(
                "binlog_row_value_options is {}: SET PERSIST binlog_row_value_options = '', and \
                 let applications connect anew",
                self.value_options
            ));
        }
        if self.log_bin == "ON" && self.gtid_mode != "ON" {
            problems.push(format!(
                "gtid_mode is {}: while it runs, one after the other, SET PERSIST \
                 enforce_gtid_consistency = ON; SET PERSIST gtid_mode = OFF_PERMISSIVE; SET \
                 PERSIST gtid_mode = ON_PERMISSIVE; wait until SHOW STATUS LIKE \
                 'ongoing_anonymous_transaction_count' says 0; SET PERSIST gtid_mode = ON",
                self.gtid_mode
            ));
        }
    }

    /// Rights that come by roles are not counted up: where there are roles, MySQL itself refuses.
    fn lacking_rights(&self, database: &str, problems: &mut Vec<String>) {
        if self.grants.iter().any(|grant| !grant.contains(" ON ")) {
            return;
        }
        let mut statements = Vec::new();
        let account = match self.account.rsplit_once('@') {
            Some((user, host)) => format!("'{user}'@'{host}'"),
            None => self.account.clone(),
        };
        for (scope, rights) in RIGHTS {
            let place = match scope {
                Scope::Server => None,
                Scope::Database => Some(database),
                Scope::Schema => Some("performance_schema"),
                Scope::Sidecar => Some(SIDECAR),
            };
            let lacking: Vec<&str> =
                rights.iter().copied().filter(|right| !self.has_right(right, place)).collect();
            if !lacking.is_empty() {
                let place = place.map_or("*".to_owned(), |name| format!("`{name}`"));
                let rights = lacking.join(", ");
                statements.push(format!("GRANT {rights} ON {place}.* TO {account};"));
            }
        }
        if !statements.is_empty() {
            problems.push(format!(
                "account {account} lacks rights; as an administrator: {}",
                statements.join(" ")
            ));
        }
    }

    fn has_right(&self, right: &str, database: Option<&str>) -> bool {
        self.grants.iter().any(|grant| {
            let Some((rights, rest)) =
                grant.strip_prefix("GRANT ").and_then(|grant| grant.split_once(" ON "))
            else {
                return false;
            };
            let place = rest.split_once(" TO ").map_or(rest, |(place, _)| place);
            let covers = place == "*.*"
                || database.is_some_and(|database| names(place).as_deref() == Some(database));
            let rights: BTreeSet<&str> = rights.split(',').map(str::trim).collect();
            let is_admin = right.ends_with("_ADMIN") && rights.contains("SUPER");
            covers && (rights.contains(right) || rights.contains("ALL PRIVILEGES") || is_admin)
        })
    }

    fn tables_that_cannot(&self, problems: &mut Vec<String>) {
        let mut list = |which: &dyn Fn(&Table) -> bool, what: &str| {
            let mut names: Vec<&str> =
                self.tables.iter().filter(|one| which(one)).map(|one| one.name.as_str()).collect();
            let count = names.len();
            names.truncate(NAMED_MAX);
            match count {
                0 => {}
                1 => problems.push(format!("table {} {what}", names.join(""))),
                _ => problems.push(format!("each of the tables {} {what}", names.join(", "))),
            }
        };
        list(
            &|one| !one.has_key,
            "has no primary key, nor a unique key without NULLs, by which its rows could be told \
             apart: add one, or leave it out with --tables",
        );
        list(
            &|one| !one.engine.eq_ignore_ascii_case("InnoDB"),
            "is not kept by InnoDB and has no consistent snapshot: ALTER TABLE ... ENGINE = \
             InnoDB, or leave it out with --tables",
        );
        if self.tables.is_empty() {
            problems.push("its database has no table that the account may read".to_owned());
        }
    }
}

/// Reads the database of a grant's place, `` `sh\_op`.* ``.
fn names(place: &str) -> Option<String> {
    let name = place.strip_suffix(".*")?.strip_prefix('`')?.strip_suffix('`')?;
    Some(name.replace("\\_", "_").replace("\\%", "%").replace("``", "`"))
}

fn text(row: Row<'_>, column: usize) -> String {
    String::from_utf8_lossy(row.column(column).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        let table = |name: &str| Table {
            name: name.to_owned(),
            engine: "InnoDB".to_owned(),
            has_key: true,
            ..Table::default()
        };
        Facts {
            version: "8.0.36".to_owned(),
            log_bin: "ON".to_owned(),
            binlog_format: "ROW".to_owned(),
            row_image: "FULL".to_owned(),
            value_options: String::new(),
            gtid_mode: "ON".to_owned(),
            account: "app@%".to_owned(),
            grants: vec![
                "GRANT SELECT, PROCESS, SUPER, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO \
                 `app`@`%`"
                    .to_owned(),
                "GRANT ALL PRIVILEGES ON `sh\\_op`.* TO `app`@`%`".to_owned(),
                "GRANT ALL PRIVILEGES ON `_vt`.* TO `app`@`%`".to_owned(),
            ],
            has_sidecar: false,
            tables: vec![table("a"), table("b")],
        }
    }

    #[test]
    fn a_server_that_is_well_has_no_problems() {
        assert_eq!(good().problems("sh_op"), Vec::<String>::new());
        // Rights of roles are not seen here.
        let grants = vec!["GRANT `admin`@`%` TO `app`@`%`".to_owned()];
        assert_eq!(Facts { grants, ..good() }.problems("sh_op"), Vec::<String>::new());
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_with_what_mends_it() {
        let mut facts = Facts {
            log_bin: "OFF".to_owned(),
            binlog_format: "MIXED".to_owned(),
            row_image: "MINIMAL".to_owned(),
            value_options: "PARTIAL_JSON".to_owned(),
            grants: vec!["GRANT SELECT ON `shop`.* TO `app`@`%`".to_owned()],
            ..good()
        };
        facts.tables[0].has_key = false;
        facts.tables[1].engine = "MyISAM".to_owned();
        let problems = facts.problems("shop").join("\n");
        for wanted in [
            "binary log is off",
            "binlog_format = 'ROW'",
            "binlog_row_image = 'FULL'",
            "binlog_row_value_options = ''",
            "GRANT INSERT, UPDATE, DELETE, LOCK TABLES ON `shop`.* TO 'app'@'%';",
            "CONNECTION_ADMIN, SYSTEM_VARIABLES_ADMIN ON *.* TO 'app'@'%';",
            "table a has no primary key",
            "table b is not kept by InnoDB",
        ] {
            assert!(problems.contains(wanted), "{wanted} is not in:\n{problems}");
        }
        let gtid = Facts { gtid_mode: "OFF".to_owned(), ..good() }.problems("sh_op").join("\n");
        assert!(gtid.contains("SET PERSIST gtid_mode = ON_PERMISSIVE"), "{gtid}");
    }

    #[test]
    fn other_servers_are_refused() {
        for version in ["5.7.44-log", "10.11.6-MariaDB", ""] {
            let problems = Facts { version: version.to_owned(), ..good() }.problems("sh_op");
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains("MySQL 8.0 or later"), "{problems:?}");
        }
    }
}
