//! ApplySchema: statements on the primaries of all shards, and the replicas' schema after them.

use std::collections::BTreeMap;
use std::time::Duration;

use vt_base::{Code, Error, Result};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::{ApplySchemaRequest, ApplySchemaResponse};
use vt_sql::split::split_statements;
use vt_sql::{Arena, Modes, StatementKind, ast, preview};
use vt_topo::LockGuard;

use super::reload_schema::Reload;
use crate::Control;
use crate::control::{duration_or, invalid, refused, shard_of};
use vt_reparent::Progress;
use vt_reparent::tablets::{Tablet, all};

/// How long replicas have to catch up where the request does not say.
const WAIT_REPLICAS: Duration = Duration::from_secs(10);
/// How much of a statement an error shows.
const SHOWN_CHARS: usize = 100;

impl Control {
    pub async fn apply_schema(&self, request: ApplySchemaRequest) -> Result<ApplySchemaResponse> {
        check_strategy(&request.ddl_strategy)?;
        let statements = read_statements(&request.sql)?;
        self.topo.get_keyspace(&request.keyspace).await?;
        let lock = self.topo.lock_keyspace(&request.keyspace, "ApplySchemaKeyspace").await?;
        let applied = self.apply_schema_locked(&request, &statements, &lock).await;
        if let Err(err) = lock.unlock().await {
            tracing::warn!(%err, "lock could not be released; it ends with its lease");
        }
        applied
    }

    async fn apply_schema_locked(
        &self,
        request: &ApplySchemaRequest,
        statements: &[String],
        lock: &LockGuard,
    ) -> Result<ApplySchemaResponse> {
        let primaries = self.all_primaries(&request.keyspace).await?;
        if let Some(first) = primaries.values().next() {
            preflight(first, statements).await?;
        }
        let mut rows_affected_by_shard = BTreeMap::new();
        for statement in statements {
            lock.check().await?;
            let done = self.apply_one(&primaries, statement).await?;
            for (shard, rows) in done {
                *rows_affected_by_shard.entry(shard).or_insert(0) += rows;
            }
        }
        let wait = duration_or(request.wait_replicas_timeout.as_ref(), WAIT_REPLICAS);
        self.reload_replicas(&request.keyspace, &primaries, wait).await?;
        Ok(ApplySchemaResponse { uuid_list: Vec::new(), rows_affected_by_shard })
    }

    /// Opens ways to the primaries of all shards; each must have one before anything is changed.
    async fn all_primaries(&self, keyspace: &str) -> Result<BTreeMap<String, Tablet>> {
        let shards = self.topo.get_shard_names(keyspace).await?;
        if shards.is_empty() {
            return Err(refused(format!(
                "keyspace {keyspace} has no shards; run CreateShard {keyspace}/-"
            )));
        }
        let mut primaries = BTreeMap::new();
        for shard in shards {
            let primary = self.primary(keyspace, &shard).await?;
            primaries.insert(shard, primary.within(self.options.action_timeout));
        }
        Ok(primaries)
    }

    /// Runs a statement on all shards at once; returns the rows that it changed on each.
    async fn apply_one(
        &self,
        primaries: &BTreeMap<String, Tablet>,
        statement: &str,
    ) -> Result<Vec<(String, u64)>> {
        let calls = all(
            self.options.concurrency,
            primaries.iter().map(async |(shard, tablet)| {
                let request = tm::ExecuteFetchAsDbaRequest {
                    query: statement.as_bytes().to_vec().into(),
                    db_name: tablet.record.db_name(),
                    max_rows: 10,
                    reload_schema: true,
                    ..Default::default()
                };
                (shard.clone(), tablet.execute_fetch_as_dba(request).await)
            }),
        );
        let (mut done, mut failed) = (Vec::new(), BTreeMap::new());
        for (shard, result) in calls.await {
            match result {
                Ok(reply) => done.push((shard, reply.result.map_or(0, |one| one.rows_affected))),
                Err(err) => drop(failed.insert(shard, err)),
            }
        }
        let Some(first) = failed.values().next() else { return Ok(done) };
        let failures: Vec<String> =
            failed.iter().map(|(shard, err)| format!("shard {shard}: {err}")).collect();
        let mut names: Vec<String> = done.into_iter().map(|(shard, _)| shard).collect();
        names.sort();
        let rest = match names.is_empty() {
            true => "no shard was changed by this statement".to_owned(),
            false => format!(
                "it took effect on {}; make it good with ExecuteFetchAsDBA on the others, or undo it there",
                names.join(", ")
            ),
        };
        Err(Error::new(
            first.code(),
            format!(
                "schema change failed at \"{}\": {}; {rest}",
                shown(statement),
                failures.join("; ")
            ),
        )
        .with_mysql(first.errno(), first.sql_state()))
    }

    /// Has the replicas read their schema once they have the change.
    async fn reload_replicas(
        &self,
        keyspace: &str,
        primaries: &BTreeMap<String, Tablet>,
        wait: Duration,
    ) -> Result<()> {
        let progress = Progress::default();
        for (shard, primary) in primaries {
            let position = primary.primary_position(tm::PrimaryPositionRequest {}).await?.position;
            let reload = Reload {
                wait_position: &position,
                include_primary: false,
                concurrency: self.options.concurrency,
                timeout: wait,
            };
            self.reload_shard(&shard_of(keyspace, shard)?, &reload, &progress).await?;
        }
        Ok(())
    }
}

/// Refuses the strategies that change tables in the background; their options need none of it.
fn check_strategy(strategy: &str) -> Result<()> {
    let mut words = strategy.split_whitespace();
    match words.next() {
        None | Some("direct") => {}
        Some(name @ ("vitess" | "online" | "mysql")) => {
            return Err(Error::new(
                Code::Unimplemented,
                format!("the ddl strategy {name} is not there yet; use --ddl-strategy=direct"),
            ));
        }
        Some(name) => {
            return Err(invalid(format!("unknown ddl strategy: '{name}'; direct is known")));
        }
    }
    match words.next() {
        None => Ok(()),
        Some(option) => Err(Error::new(
            Code::Unimplemented,
            format!(
                "the option {option} of the ddl strategy direct is not there yet; leave it out"
            ),
        )),
    }
}

/// Splits the texts into statements, and refuses what is not for all shards.
fn read_statements(texts: &[String]) -> Result<Vec<String>> {
    let modes = Modes::default();
    let mut statements = Vec::new();
    for text in texts {
        statements.extend(split_statements(text, modes).map(str::to_owned));
    }
    if statements.is_empty() {
        return Err(invalid("there is no statement in the SQL that was given"));
    }
    for statement in &statements {
        check_statement(statement, modes)?;
    }
    Ok(statements)
}

fn check_statement(statement: &str, modes: Modes) -> Result<()> {
    match preview(statement) {
        StatementKind::Ddl | StatementKind::Maintenance => {}
        // Sequences are filled by the script that makes them.
        StatementKind::Insert
        | StatementKind::Replace
        | StatementKind::Update
        | StatementKind::Delete => {}
        _ => {
            return Err(invalid(format!(
                "ApplySchema runs statements that make or change tables; this is none: \"{}\"",
                shown(statement)
            )));
        }
    }
    let arena = Arena::new();
    match vt_sql::parse(&arena, statement, modes) {
        Ok(
            ast::Statement::CreateDatabase(_)
            | ast::Statement::AlterDatabase(_)
            | ast::Statement::DropDatabase(_),
        ) => Err(invalid(format!(
            "a database is a keyspace: use CreateKeyspace and DeleteKeyspace, not \"{}\"",
            shown(statement)
        ))),
        Ok(ast::Statement::AlterVschema(_)) => {
            Err(invalid("ALTER VSCHEMA is a statement for ApplyVSchema --sql"))
        }
        // What our grammar lacks may be right all the same: MySQL judges it.
        _ => Ok(()),
    }
}

/// Tries the statements on one primary, in a database that is thrown away.
async fn preflight(primary: &Tablet, statements: &[String]) -> Result<()> {
    let changes: Vec<String> =
        statements.iter().filter(|one| preview(one) == StatementKind::Ddl).cloned().collect();
    if changes.is_empty() {
        return Ok(());
    }
    match primary.preflight_schema(tm::PreflightSchemaRequest { changes }).await {
        Ok(_) => Ok(()),
        // A tablet that cannot try does not keep the change from being made.
        Err(err) if err.code() == Code::Unimplemented => Ok(()),
        Err(err) => Err(err.context("the change was tried and fails; nothing was changed")),
    }
}

fn shown(statement: &str) -> String {
    match statement.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}...", &statement[..at]),
        None => statement.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_direct_changes_are_taken() {
        for taken in ["", "direct", " direct "] {
            assert!(check_strategy(taken).is_ok(), "{taken:?}");
        }
        for (strategy, code) in [
            ("vitess", Code::Unimplemented),
            ("online --singleton", Code::Unimplemented),
            ("direct --declarative", Code::Unimplemented),
            ("gh-ost", Code::InvalidArgument),
        ] {
            assert_eq!(check_strategy(strategy).unwrap_err().code(), code, "{strategy}");
        }
    }

    #[test]
    fn statements_are_split_and_judged() {
        let read = |text: &str| read_statements(&[text.to_owned()]);
        let script = "create table s(id int, next_id bigint) comment 'a;b'; -- x\n insert into s values(0, 1);";
        assert_eq!(read(script).unwrap().len(), 2);
        for wrong in ["", " ; ", "select 1", "create database x", "drop schema x", "use x", "begin"]
        {
            assert_eq!(read(wrong).unwrap_err().code(), Code::InvalidArgument, "{wrong}");
        }
    }

    #[test]
    fn long_statements_are_cut_at_a_character() {
        let long = "é".repeat(SHOWN_CHARS + 1);
        assert_eq!(shown(&long), "é".repeat(SHOWN_CHARS) + "...");
    }
}
