//! SELECTs without tables, run as they are, as printed, and with a parenthesis around every
//! operator: what a statement means must not change on its way through the tree.

use vt_sql::ast::Statement;
use vt_sql::{Print, Printer, to_sql, visit::table_names};

use crate::mysql::{Answer, Mysql};

/// What differs from run to run, waits, writes, or depends on what ran before.
const UNSTEADY: &[&str] = &[
    "sleep",
    "uuid",
    "rand",
    "benchmark",
    "lock",
    "into",
    "now",
    "sysdate",
    "cur",
    "time_",
    "unix",
    "random",
    ":=",
    "wait",
    "source_pos",
    "master",
    "connection",
    "version",
    "statistics",
    "performance",
    "information",
    "processlist",
    "shutdown",
    "kill",
    "load_file",
    "ps_",
    "log",
    "@",
    "local",
    "utc_",
    "row_count",
    "last_insert",
    "found_rows",
    "explain",
];

/// Longer statements are left out: they measure the server.
const BYTES_MAX: usize = 20_000;

/// How many statements were run, and how many had other rows.
#[derive(Default)]
pub(crate) struct Executed {
    run: u64,
    printed_differ: u64,
    parenthesised_differ: u64,
}

impl Executed {
    pub(crate) fn show(&self) {
        println!(
            "\n{} SELECTs without tables were run: {} have other rows as printed, {} with a \
             parenthesis around every operator",
            self.run, self.printed_differ, self.parenthesised_differ
        );
    }
}

/// Runs a statement and what is printed of it; returns what differs.
pub(crate) fn compare(
    server: &mut Mysql,
    sql: &str,
    statement: &Statement<'_>,
    executed: &mut Executed,
) -> Result<Option<String>, String> {
    let lower = sql.to_ascii_lowercase();
    let is_steady = !UNSTEADY.iter().any(|word| lower.contains(word));
    if !is_steady || sql.len() > BYTES_MAX || !table_names(statement).is_empty() {
        return Ok(None);
    }
    let Some(original) = server.answer(sql)? else { return Ok(None) };
    executed.run += 1;
    let printed = to_sql(statement);
    let mut printer = Printer::new();
    printer.parenthesised = true;
    statement.print(&mut printer);
    let is_other = |answer: Option<Answer>| answer.is_some_and(|answer| answer != original);
    let printed_differs = is_other(server.answer(&printed)?);
    let parenthesised_differs = is_other(server.answer(&printer.out)?);
    executed.printed_differ += u64::from(printed_differs);
    executed.parenthesised_differ += u64::from(parenthesised_differs);
    Ok(match (printed_differs, parenthesised_differs) {
        (true, _) => Some(format!("printed: {printed}")),
        (_, true) => Some(format!("parenthesised: {}", printer.out)),
        _ => None,
    })
}
