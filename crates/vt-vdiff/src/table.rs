//! One table: both sides are opened, merged and compared, and what is found is kept.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vt_base::{Code, Error, Result};
use vt_proto::query;
use vt_proto::tabletmanagerdata::VDiffTableLastPk;

use crate::differ::{Consumed, Differ, Terms};
use crate::host::RowStream;
use crate::plan::{SourcePlan, TargetPlan, Tenant};
use crate::reason::Compared;
use crate::report::{Report, Sampling};
use crate::row::Row;
use crate::run::Run;
use crate::snapshot::{BothSides, Opened};
use crate::store::{TableRecord, state};

/// How often what was found is kept.
const KEEP_EVERY: Duration = Duration::from_secs(5);
/// After so many rows the clock is looked at.
const ROWS_BETWEEN_LOOKS: u64 = 512;

/// One side's rows, one after the other.
struct Input {
    stream: RowStream,
    batch: std::vec::IntoIter<query::Row>,
    places: Vec<usize>,
    /// The next row; `None` once there are no more.
    head: Option<Row>,
    key_fields: Vec<query::Field>,
    /// Where the columns of the side's key are in its rows, if all of them are compared.
    key_places: Option<Vec<usize>>,
}

impl Input {
    fn new(opened: Opened, places: Vec<usize>, key_places: Option<Vec<usize>>) -> Input {
        let Opened { first, rows } = opened;
        let (batch, key_fields) = (first.rows.into_iter(), first.pkfields);
        Input { stream: rows, batch, places, head: None, key_fields, key_places }
    }

    /// Goes on to the next row.
    async fn advance(&mut self) -> Result<()> {
        loop {
            if let Some(sent) = self.batch.next() {
                self.head = Some(Row::new(sent, &self.places)?);
                return Ok(());
            }
            match self.stream.next().await {
                Some(part) => self.batch = part?.rows.into_iter(),
                None => {
                    self.head = None;
                    return Ok(());
                }
            }
        }
    }

    /// Returns a row's key in the side's own terms, to go on behind it.
    fn key_of(&self, row: &Row) -> Option<query::QueryResult> {
        let values: Vec<Option<&[u8]>> =
            self.key_places.as_ref()?.iter().map(|place| row.get(*place)).collect();
        let length = |value: &Option<&[u8]>| {
            value.map_or(-1, |value| i64::try_from(value.len()).unwrap_or(i64::MAX))
        };
        let sent = query::Row {
            lengths: values.iter().map(length).collect(),
            values: values.iter().flatten().copied().collect::<Vec<_>>().concat().into(),
        };
        // No more than it takes to read the values: the column that keeps it is short.
        let field = |field: &query::Field| query::Field {
            name: field.name.clone(),
            r#type: field.r#type,
            charset: field.charset,
            ..query::Field::default()
        };
        Some(query::QueryResult {
            fields: self.key_fields.iter().map(field).collect(),
            rows: vec![sent],
            ..query::QueryResult::default()
        })
    }
}

/// Why a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Both sides did, or as many rows as were asked for are compared.
    Done,
    /// The snapshots are to be given up; new ones go on behind the last row.
    SnapshotsAreOld,
    Stopped,
}

/// Both sides of a table under way.
struct Merge {
    sources: Vec<Input>,
    target: Input,
    differ: Differ,
    /// The row that both sides are done with, and all before it.
    last: Option<Row>,
}

impl Merge {
    fn keys(&self) -> Option<VDiffTableLastPk> {
        if !self.differ.may_be_continued() {
            return None;
        }
        let last = self.last.as_ref()?;
        let target = self.target.key_of(last)?;
        let first = self.sources.first()?.key_of(last)?;
        // All sources go on behind the same key, so it must be the key of all of them.
        let same = |source: &Input| {
            source.key_of(last).is_some_and(|key| key.rows == first.rows)
                && names(source).eq(names(&self.sources[0]))
        };
        let all = self.sources.iter().all(same);
        all.then_some(VDiffTableLastPk { target: Some(target), source: Some(first) })
    }

    async fn step(&mut self) -> Result<()> {
        let heads = self.sources.iter().enumerate();
        let heads = heads.filter_map(|(index, source)| Some((index, source.head.as_ref()?)));
        let source = match self.sources.len() {
            1 => self.sources[0].head.as_ref().map(|head| (0, head)),
            _ => self.differ.order().first(heads)?,
        };
        let index = source.map(|(index, _)| index);
        let target = self.target.head.as_ref();
        let consumed = self.differ.step(source.map(|(_, row)| row), target)?;
        let of_source = index.filter(|_| consumed != Consumed::Target);
        if let Some(index) = of_source {
            self.last = self.sources[index].head.take();
            self.sources[index].advance().await?;
        }
        if consumed != Consumed::Source {
            let row = self.target.head.take();
            if of_source.is_none() {
                self.last = row;
            }
            self.target.advance().await?;
        }
        Ok(())
    }

    fn is_at_end(&self) -> bool {
        self.target.head.is_none() && self.sources.iter().all(|source| source.head.is_none())
    }
}

fn names(input: &Input) -> impl Iterator<Item = &str> {
    input.key_fields.iter().map(|field| field.name.as_str())
}

impl Run {
    /// Compares one table from where it was left.
    ///
    /// # Errors
    /// A side cannot be read, or the two cannot be compared; what was found until then is kept.
    pub(crate) async fn diff_table(
        &self,
        record: &TableRecord,
        stop: &CancellationToken,
    ) -> Result<()> {
        let (id, name) = (self.record.id, record.name.as_str());
        self.store.set_table_state(id, name, state::STARTED).await?;
        let mut last = record.last.clone();
        let mut report = record.report.clone();
        loop {
            let mut merge = self.open_table(name, report, last.as_ref(), stop).await?;
            let ended = self.compare(&mut merge, stop).await;
            let keys = merge.keys().or(last);
            match ended {
                Ok(End::Done) => {
                    let report = merge.differ.finish()?;
                    return self.store.save(id, state::COMPLETED, &report, keys.as_ref()).await;
                }
                Ok(End::SnapshotsAreOld) if keys.is_some() => {
                    report = merge.differ.report().clone();
                    self.store.save(id, state::STARTED, &report, keys.as_ref()).await?;
                    self.restarts.add(1);
                    last = keys;
                }
                Ok(End::SnapshotsAreOld) => {
                    return Err(Error::new(
                        Code::FailedPrecondition,
                        format!(
                            "the comparison of table {name} takes longer than --max-diff-duration \
                             and cannot go on behind a row, for its key is not compared or not in \
                             order"
                        ),
                    ));
                }
                Ok(End::Stopped) => {
                    let report = merge.differ.report();
                    let kept = keys.as_ref().map_or(Report::default(), |_| report.clone());
                    let kept = Report { table: name.to_owned(), ..kept };
                    self.store.save(id, state::STOPPED, &kept, keys.as_ref()).await?;
                    return Err(stopped());
                }
                Err(error) => {
                    if keys.is_some() {
                        let report = merge.differ.report();
                        self.store.save(id, state::ERROR, report, keys.as_ref()).await?;
                    }
                    return Err(error.context(format!("table {name}")));
                }
            }
        }
    }

    async fn compare(&self, merge: &mut Merge, stop: &CancellationToken) -> Result<End> {
        let began = Instant::now();
        let mut kept = began;
        let mut counted = 0;
        let ended = loop {
            if merge.is_at_end() || merge.differ.steps() >= self.record.options.rows_max {
                break End::Done;
            }
            if merge.differ.steps().is_multiple_of(ROWS_BETWEEN_LOOKS) {
                let now = Instant::now();
                if self.record.options.snapshot_age_max.is_some_and(|max| now - began > max) {
                    break End::SnapshotsAreOld;
                }
                if now - kept > KEEP_EVERY {
                    kept = now;
                    self.rows_compared.add(merge.differ.steps() - counted);
                    counted = merge.differ.steps();
                    let keys = merge.keys();
                    let report = merge.differ.report();
                    let id = self.record.id;
                    self.store.save(id, state::STARTED, report, keys.as_ref()).await?;
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break End::Stopped,
                stepped = merge.step() => stepped?,
            }
        };
        self.rows_compared.add(merge.differ.steps() - counted);
        Ok(ended)
    }

    async fn open_table(
        &self,
        name: &str,
        report: Report,
        last: Option<&VDiffTableLastPk>,
        stop: &CancellationToken,
    ) -> Result<Merge> {
        let streams = self.streams.load().await?;
        let mut sources = Vec::new();
        for stream in &streams {
            let filter = stream.source.filter.clone().unwrap_or_default();
            if let Some(plan) = SourcePlan::new(&filter, name)? {
                sources.push((stream.id, plan));
            }
        }
        let Some((_, first)) = sources.first() else {
            let text = format!("no stream of workflow {} has table {name}", self.record.workflow);
            return Err(Error::new(Code::FailedPrecondition, text));
        };
        let tenant = self.tenant(&streams).await?;
        let target = TargetPlan::new(self.host.table(name).await?, first, tenant.as_ref())?;
        let opener = self.opener();
        let opened = tokio::select! {
            biased;
            () = stop.cancelled() => {
                self.streams.release().await?;
                return Err(stopped());
            }
            opened = opener.open(&target, &sources, last) => opened?,
        };
        self.merge(&target, &sources, opened, (report, tenant.as_ref())).await
    }

    async fn merge(
        &self,
        target: &TargetPlan,
        sources: &[(i64, SourcePlan)],
        opened: BothSides,
        (report, tenant): (Report, Option<&Tenant>),
    ) -> Result<Merge> {
        let own: Vec<usize> = (0..target.columns.len()).collect();
        let mut source_types = Vec::new();
        let mut inputs = Vec::new();
        for ((_, plan), opened) in sources.iter().zip(opened.sources) {
            plan.check_order(target, &opened.first.pkfields, tenant)?;
            let found = plan.places(target, &opened.first.fields)?;
            let (places, types): (Vec<_>, Vec<_>) = found.into_iter().unzip();
            source_types = types;
            let key_places = plan.key_places(target, &opened.first.pkfields);
            inputs.push(Input::new(opened, places, key_places));
        }
        let key_places = target.order.0.iter().map(|key| key.place).collect();
        let mut target_input = Input::new(opened.target, own, Some(key_places));
        let compared = target.columns.iter().zip(source_types);
        let terms = Terms {
            table: target.table.name.clone(),
            columns: compared
                .map(|(place, source_type)| Compared {
                    target: target.table.columns[*place].clone(),
                    source_type,
                })
                .collect(),
            order: target.order.clone(),
            sampling: Sampling {
                rows_max: self.record.options.sample_rows,
                value_bytes_max: self.record.options.truncate_at,
                only_key: self.record.options.only_key,
                query: self.record.options.debug_query,
            },
            extra_rows_max: self.record.options.extra_rows_max,
        };
        for input in inputs.iter_mut().chain(std::iter::once(&mut target_input)) {
            input.advance().await?;
        }
        let differ = Differ::new(terms, report);
        Ok(Merge { sources: inputs, target: target_input, differ, last: None })
    }
}

/// The error of a comparison that was told to stop.
pub(crate) fn stopped() -> Error {
    Error::new(Code::Canceled, "the vdiff was stopped")
}
