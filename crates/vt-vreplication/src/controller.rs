//! One stream's life: it copies what is to be copied, follows, and tries again where that helps.

use std::time::{Duration, Instant};

use vt_base::gtid::GtidSet;
use vt_base::{Code, Error, TabletAlias};
use vt_mysql::Conn;
use vt_proto::binlogdata::{
    BinlogSource, Journal, VReplicationWorkflowState as State,
    VReplicationWorkflowSubType as SubType,
};

use crate::atomic::AtomicCopier;
use crate::copier::{Copied, Copier};
use crate::extent::{self, Copying, Extent};
use crate::plan::{Plans, TablePlan, taken};
use crate::player::{Played, Player, Start, Until, position};
use crate::store::{StreamRow, quote, text};
use crate::stream::Stream;
use crate::target::{TargetTable, table_names};
use crate::trouble::{Outcome, Remedy, Trouble};
use crate::zones::Zones;
use crate::{SourceTablet, TypeWish, Wish, keys};

/// So many failures in a row that a wait does not mend stop a stream.
const FEW_TIMES: u32 = 3;
/// The first wait is shorter than the longest by so many halvings.
const FIRST_WAIT: u32 = 3;
/// With more foreign keys and triggers than this, any table may have some.
const DEPENDENCIES_MAX: usize = 10_000;
/// How long a stream that must read the tables anew waits.
const MOMENT: Duration = Duration::from_millis(50);

/// What is next for a stream.
#[derive(Debug)]
enum Next {
    GoOn,
    Stop,
    /// The source was resharded.
    Journal(Box<Journal>),
}

impl Next {
    fn after(played: Played) -> Next {
        match played {
            Played::Reached | Played::Redefined => Next::GoOn,
            Played::Cancelled | Played::Stopped => Next::Stop,
            Played::Journal(journal) => Next::Journal(journal),
        }
    }
}

/// Runs a stream until it is stopped, by its token or by what its table says; returns the journal
/// of a reshard that it came to.
pub(crate) async fn run(stream: &Stream) -> Option<Journal> {
    let mut failures = Failures::default();
    while !stream.token.is_cancelled() {
        let mut attempt = Attempt { stream, tablet: None, progressed: false, near: None };
        // An attempt holds much, and there are few of them.
        let ended = Box::pin(attempt.run(&failures.shunned)).await;
        let (tablet, progressed) = (attempt.tablet, attempt.progressed);
        let trouble = match ended {
            Ok(journal) => return journal,
            Err(trouble) => trouble,
        };
        if stream.token.is_cancelled() {
            return None;
        }
        if progressed {
            failures = Failures::default();
        }
        if failures.deal_with(stream, trouble, tablet).await {
            return None;
        }
    }
    None
}

/// What has gone wrong since the stream last went on.
#[derive(Default)]
struct Failures {
    since: Option<Instant>,
    /// So many times a wait was to help.
    waits: u32,
    lasting: u32,
    shunned: Vec<TabletAlias>,
}

impl Failures {
    /// Says what went wrong, and waits; returns whether the stream is stopped.
    async fn deal_with(
        &mut self,
        stream: &Stream,
        trouble: Trouble,
        tablet: Option<TabletAlias>,
    ) -> bool {
        let remedy = trouble.remedy();
        if remedy == Remedy::AtOnce {
            tokio::time::sleep(MOMENT).await;
            return false;
        }
        let message = trouble.message();
        stream.metrics.errors.add(&[&stream.workflow, "stream"], 1);
        tracing::warn!(id = stream.id, workflow = stream.workflow, message, "stream failed");
        let since = *self.since.get_or_insert_with(Instant::now);
        if matches!(trouble, Trouble::Source(_)) {
            match tablet {
                Some(tablet) => self.shunned.push(tablet),
                // There is no other: any will do again.
                None => self.shunned.clear(),
            }
        }
        self.lasting += u32::from(remedy == Remedy::FewTimes);
        let limit = stream.config.max_time_to_retry;
        let stop = remedy == Remedy::Stop
            || self.lasting >= FEW_TIMES
            || (!limit.is_zero() && since.elapsed() >= limit);
        let told = tell(stream, stop, &message).await;
        if let Err(error) = &told {
            tracing::debug!(id = stream.id, %error, "cannot say that a stream failed");
        }
        if stop && told.is_ok() {
            return true;
        }
        let delay = match remedy {
            Remedy::Wait => wait_after(self.waits, stream.config.retry_delay),
            _ => stream.config.retry_delay,
        };
        self.waits += u32::from(remedy == Remedy::Wait);
        let wait = tokio::time::sleep(delay);
        stream.token.run_until_cancelled(wait).await.is_none()
    }
}

/// Returns how long a stream waits that has waited before: longer each time, up to what it is told.
fn wait_after(waits: u32, longest: Duration) -> Duration {
    longest.saturating_mul(1 << waits.min(FIRST_WAIT)) / (1 << FIRST_WAIT)
}

async fn tell(stream: &Stream, stop: bool, message: &str) -> vt_base::Result<()> {
    let mut conn = stream.store.connect().await?;
    if stop {
        return stream.set_state(&mut conn, State::Error, message).await;
    }
    stream.store.set_message(&mut conn, stream.id, message).await
}

/// One attempt to go on.
struct Attempt<'a> {
    stream: &'a Stream,
    /// The tablet that the attempt is made with.
    tablet: Option<TabletAlias>,
    /// Something came of it.
    progressed: bool,
    /// When what is here was last near to the source.
    near: Option<Instant>,
}

impl Attempt<'_> {
    /// Goes on until the stream is stopped, or its source was resharded.
    async fn run(&mut self, shunned: &[TabletAlias]) -> Outcome<Option<Journal>> {
        let stream = self.stream;
        let mut conn = stream.store.connect().await?;
        conn.query("set session transaction_isolation = 'READ-COMMITTED'", 0).await?;
        let Some(row) = read(stream, &mut conn).await? else { return Ok(None) };
        let source = row.source().map_err(Trouble::Plan)?;
        let picking = self.pick(&row, &source, shunned);
        let Some(tablet) = stream.token.run_until_cancelled(picking).await else {
            return Ok(None);
        };
        let tablet = tablet?;
        stream.status.set_tablet(&tablet.alias.to_string());
        self.tablet = Some(tablet.alias.clone());
        let message = format!("Picked source tablet: {}", tablet.alias);
        stream.store.set_message(&mut conn, stream.id, &message).await?;
        while !stream.token.is_cancelled() {
            let Some(row) = read(stream, &mut conn).await? else { return Ok(None) };
            let copying = extent::load(stream, &mut conn).await?;
            if copying.is_empty() && row.pos.is_empty() {
                if !begin(stream, &mut conn, &source).await? {
                    return Ok(None);
                }
                continue;
            }
            let plans = plans(stream, &mut conn, &source).await?;
            let start = Start {
                position: row.pos.clone(),
                stop: stop_position(&row)?,
                on_ddl: source.on_ddl(),
            };
            let next = match (copying.is_empty(), row.workflow_sub_type) {
                (true, _) => self.follow(&mut conn, &tablet, &plans, (&row, start)).await?,
                (false, SubType::AtomicCopy) => {
                    self.copy_all(&mut conn, &tablet, &plans, (&row, &source, copying)).await?
                }
                (false, _) => {
                    self.copy(&mut conn, &tablet, &plans, (&row, &source, copying), start).await?
                }
            };
            match next {
                Next::GoOn => {}
                Next::Stop => return Ok(None),
                Next::Journal(journal) => return Ok(Some(*journal)),
            }
        }
        Ok(None)
    }

    async fn pick(
        &self,
        row: &StreamRow,
        source: &BinlogSource,
        shunned: &[TabletAlias],
    ) -> Outcome<SourceTablet> {
        if !source.external_mysql.is_empty() {
            return Err(Trouble::Plan(Error::unsupported(
                "a stream from external_mysql; serve that server by a tablet with --unmanaged",
            )));
        }
        let types = match row.tablet_types.is_empty() {
            true => &self.stream.config.tablet_types,
            false => &row.tablet_types,
        };
        let cells = row.cell.split(',').map(str::trim).filter(|cell| !cell.is_empty());
        let wish = Wish {
            keyspace: source.keyspace.clone(),
            shard: source.shard.clone(),
            cells: cells.map(str::to_owned).collect(),
            types: types.parse::<TypeWish>().map_err(Trouble::Plan)?,
        };
        let sources = self.stream.sources.of_cluster(&source.external_cluster).await?;
        let picked = sources.pick(&wish, shunned).await;
        let Err(error) = picked else { return Ok(picked?) };
        if !row.pos.is_empty()
            && let Some(tablet) = sources.pick_replaced(&wish).await?
        {
            // The way to the journal that says where the shard's rows have gone.
            return Ok(tablet);
        }
        match shunned {
            [] => Err(error.into()),
            // Better one that failed before than none.
            _ => Ok(sources.pick(&wish, &[]).await?),
        }
    }

    /// Follows the source.
    async fn follow(
        &mut self,
        conn: &mut Conn,
        tablet: &SourceTablet,
        plans: &Plans,
        (row, start): (&StreamRow, Start),
    ) -> Outcome<Next> {
        if row.state != State::Running {
            self.stream.set_state(conn, State::Running, "").await?;
        }
        self.stream.status.set_state(State::Running, "");
        conn.query("set session foreign_key_checks = 1", 0).await?;
        let (none, before) = (Copying::new(), start.position.clone());
        let workers = match orders_matter(self.stream, conn, plans).await? {
            true => 1,
            false => self.stream.config.apply_workers,
        };
        let player = Player::new(self.stream, conn, tablet, (plans, &none), start);
        let mut player = player.with_workers(workers);
        let played = player.play(&Until::Forever).await;
        self.progressed |= player.position() != before;
        Ok(Next::after(played?))
    }

    /// Copies the next table.
    async fn copy(
        &mut self,
        conn: &mut Conn,
        tablet: &SourceTablet,
        plans: &Plans,
        (row, source, copying): (&StreamRow, &BinlogSource, Copying),
        start: Start,
    ) -> Outcome<Next> {
        let stream = self.stream;
        self.be_copying(conn, row).await?;
        // A table under way first.
        let under_way = copying.iter().find(|(_, extent)| extent.has_begun());
        let Some((table, extent)) = under_way.or_else(|| copying.iter().next()) else {
            return Ok(Next::GoOn);
        };
        if !extent.has_begun() {
            let message = format!("table {table}");
            stream.store.log(conn, stream.id, "Started Copy Phase", &message).await?;
            if row.defer_secondary_keys && keys::defers(stream.workflow_type) {
                keys::stash(stream, conn, table).await?;
            }
        }
        let start = match self.near(conn, tablet, (plans, &copying), start).await? {
            Ok(start) => start,
            Err(played) => return Ok(Next::after(played)),
        };
        let copier = Copier { stream, tablet, plans, copying: &copying, table };
        let copied = copier.run(conn, start).await?;
        self.progressed = true;
        match copied {
            Copied::Done if copying.len() == 1 => {
                if source.stop_after_copy {
                    stream.set_state(conn, State::Stopped, "Stopped after copy.").await?;
                    return Ok(Next::Stop);
                }
                stream.set_state(conn, State::Running, "").await?;
                Ok(Next::GoOn)
            }
            Copied::Done | Copied::Paused => Ok(Next::GoOn),
            Copied::Ended(played) => Ok(Next::after(played)),
            Copied::Cancelled => Ok(Next::Stop),
        }
    }

    /// Copies all tables as they are at one position.
    async fn copy_all(
        &mut self,
        conn: &mut Conn,
        tablet: &SourceTablet,
        plans: &Plans,
        (row, source, copying): (&StreamRow, &BinlogSource, Copying),
    ) -> Outcome<Next> {
        let stream = self.stream;
        self.be_copying(conn, row).await?;
        let copier = AtomicCopier { stream, tablet, plans, copying: &copying, row };
        let copied = copier.run(conn, source.stop_after_copy).await?;
        self.progressed = true;
        match copied {
            Copied::Done if source.stop_after_copy => Ok(Next::Stop),
            Copied::Done | Copied::Paused => Ok(Next::GoOn),
            Copied::Ended(played) => Ok(Next::after(played)),
            Copied::Cancelled => Ok(Next::Stop),
        }
    }

    async fn be_copying(&self, conn: &mut Conn, row: &StreamRow) -> Outcome<()> {
        if row.state != State::Copying {
            self.stream.set_state(conn, State::Copying, "").await?;
        }
        self.stream.status.set_state(State::Copying, "");
        conn.query("set session foreign_key_checks = 0", 0).await?;
        Ok(())
    }

    /// Brings what is here near to the source, so that the snapshot that is opened then is not
    /// kept open for long before its rows are read.
    async fn near(
        &mut self,
        conn: &mut Conn,
        tablet: &SourceTablet,
        (plans, copying): (&Plans, &Copying),
        start: Start,
    ) -> Outcome<Result<Start, Played>> {
        let here =
            plans.by_target.keys().any(|name| copying.get(name).is_none_or(Extent::has_begun));
        let tolerance = self.stream.config.lag_tolerance;
        let is_near = self.near.is_some_and(|at| at.elapsed() < tolerance);
        self.near = Some(Instant::now());
        if start.position.is_empty() || !here || is_near {
            return Ok(Ok(start));
        }
        let Start { position, stop, on_ddl } = start;
        let start = Start { position, stop: stop.clone(), on_ddl };
        let mut player = Player::new(self.stream, conn, tablet, (plans, copying), start);
        let began = Instant::now();
        let played = player.play(&Until::CaughtUp).await?;
        self.stream.time_phase("catchup", began);
        let position = player.position().to_owned();
        match played {
            Played::Reached => Ok(Ok(Start { position, stop, on_ddl })),
            other => Ok(Err(other)),
        }
    }
}

/// Reads the stream; `None` where it is not to run.
async fn read(stream: &Stream, conn: &mut Conn) -> Outcome<Option<StreamRow>> {
    let row = match stream.store.stream(conn, stream.id).await {
        Ok(row) => row,
        Err(error) if error.code() == Code::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    stream.status.set_state(row.state, &row.message);
    Ok((!matches!(row.state, State::Stopped | State::Error)).then_some(row))
}

fn stop_position(row: &StreamRow) -> Outcome<Option<GtidSet>> {
    match row.stop_pos.is_empty() {
        true => Ok(None),
        false => position(&row.stop_pos).map(Some).map_err(Trouble::Plan),
    }
}

/// Returns whether rows of the stream's tables may depend on others: by foreign keys or triggers.
async fn orders_matter(stream: &Stream, conn: &mut Conn, plans: &Plans) -> Outcome<bool> {
    let database = quote(&stream.store.database);
    let sql = format!(
        "select table_name, referenced_table_name from information_schema.referential_constraints \
         where constraint_schema = {database} or unique_constraint_schema = {database} union all \
         select event_object_table, event_object_table from information_schema.triggers \
         where event_object_schema = {database} limit {DEPENDENCIES_MAX}"
    );
    let found = conn.query(sql, DEPENDENCIES_MAX).await?;
    let own = |name: String| plans.by_target.contains_key(&name);
    let mut pairs = found.rows.iter().map(|row| (text(row, 0), text(row, 1)));
    Ok(found.rows.len() >= DEPENDENCIES_MAX || pairs.any(|(one, two)| own(one) || own(two)))
}

/// Plans the tables of a stream.
async fn plans(stream: &Stream, conn: &mut Conn, source: &BinlogSource) -> Outcome<Plans> {
    let names = table_names(&stream.store, conn).await?;
    let filter = source.filter.clone().unwrap_or_default();
    let mut plans = Plans::default();
    let zones = Zones::of(source);
    if let Some(zones) = &zones {
        zones.check(conn).await?;
    }
    for (name, rule) in taken(&filter, &names).map_err(Trouble::Plan)? {
        let table =
            TargetTable::load(&stream.store, conn, &name).await.map_err(|error| {
                match error.code() {
                    Code::FailedPrecondition => Trouble::Plan(error),
                    _ => Trouble::Source(error),
                }
            })?;
        let mut plan = TablePlan::new(table, &rule).map_err(Trouble::Plan)?;
        plan.zones.clone_from(&zones);
        if let Some(other) = plans.of_source(&plan.source_table) {
            let message = format!(
                "table {} of the source is asked for by {} and by {name}; make a workflow for each",
                plan.source_table, other.table.name
            );
            return Err(Trouble::Plan(Error::new(Code::InvalidArgument, message)));
        }
        plans.by_target.insert(name, plan.into());
    }
    Ok(plans)
}

/// Notes the tables that are to be copied; returns whether there are any.
async fn begin(stream: &Stream, conn: &mut Conn, source: &BinlogSource) -> Outcome<bool> {
    let plans = plans(stream, conn, source).await?;
    if plans.by_target.is_empty() {
        let message = "There is nothing to replicate";
        stream.set_state(conn, State::Stopped, message).await?;
        return Ok(false);
    }
    let rows: Vec<String> =
        plans.by_target.keys().map(|name| format!("({}, {})", stream.id, quote(name))).collect();
    conn.query("begin", 0).await?;
    let sql = format!(
        "insert into {} (vrepl_id, table_name) values {}",
        stream.store.table("copy_state"),
        rows.join(", ")
    );
    conn.query(sql, 0).await?;
    stream.set_state(conn, State::Copying, "").await?;
    conn.query("commit", 0).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_what_the_stream_is_told() {
        let longest = Duration::from_secs(4);
        let waits = (0..6).map(|waits| wait_after(waits, longest).as_millis());
        assert_eq!(waits.collect::<Vec<_>>(), [500, 1000, 2000, 4000, 4000, 4000]);
        assert_eq!(wait_after(9, Duration::MAX), Duration::MAX / 8);
    }
}
