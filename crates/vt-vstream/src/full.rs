//! A copy of tables, and then what happens to them: what a consumer that has nothing asks for.
//!
//! Tables are copied one after the other, in the order of their names. Before a table's rows come,
//! the tables before it are brought to the position of its snapshot, so that what the reader has
//! is always that of one position, but for the table under way.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use vt_base::gtid::{GtidSet, Position};
use vt_base::{Error, Result};
use vt_proto::binlogdata::{self, VEvent, VEventType};
use vt_proto::query;

use crate::filter::{read_rule, rule_of};
use crate::plan::Values;
use crate::stream::now_nanos;
use crate::translate::of_type;
use crate::{CopyPart, CopySpec, Source, StreamSpec, Vindexes};

/// What is copied and then followed.
#[derive(Clone, Debug)]
pub struct FullSpec {
    pub filter: binlogdata::Filter,
    pub schema: Option<Arc<Vindexes>>,
    /// Copy only these tables, and follow all; empty copies all.
    pub tables_to_copy: Vec<String>,
    /// Where a copy was left: its position, and of tables under way the key of the last row that
    /// the reader has. Tables whose names come before all of these are done.
    pub resume: Option<(GtidSet, BTreeMap<String, Values>)>,
}

/// So many parts of a copy may wait for the reader.
const PARTS_MAX: usize = 2;

type Out = mpsc::Sender<Vec<VEvent>>;

impl Source {
    /// Sends the rows of tables as inserts, then what happens to the tables, without end.
    ///
    /// # Errors
    /// As [`Source::copy_rows`] and [`Source::stream`].
    pub async fn copy_and_stream(&self, spec: FullSpec, out: &Out) -> Result<GtidSet> {
        let (mut position, mut left) = match &spec.resume {
            Some((position, left)) => (Some(position.clone()), left.clone()),
            None => (None, BTreeMap::new()),
        };
        let mut tables = Vec::new();
        for name in self.tables().await? {
            if rule_of(&spec.filter, &name)?.is_some() {
                tables.push(name);
            }
        }
        let first = left.keys().next().cloned().unwrap_or_default();
        let wanted =
            |name: &String| spec.tables_to_copy.is_empty() || spec.tables_to_copy.contains(name);
        let (mut done, todo): (Vec<String>, Vec<String>) =
            tables.into_iter().partition(|name| *name < first || !wanted(name));
        for name in todo {
            let mut copy = Copy { source: self, spec: &spec, name: &name, done: &done, out };
            position = Some(copy.run(position, left.remove(&name)).await?);
            if out.is_closed() {
                return Ok(position.unwrap_or_default());
            }
            done.push(name);
            done.sort();
        }
        send(out, vec![of_type(VEventType::CopyCompleted)]).await;
        let start = match position {
            Some(position) => position,
            None => self.position().await?,
        };
        let (filter, schema) = (spec.filter.clone(), spec.schema.clone());
        let spec = StreamSpec { start, filter, schema, stop: None, up_to: BTreeMap::new() };
        self.stream(spec, out).await
    }
}

/// The copy of one table.
struct Copy<'a> {
    source: &'a Source,
    spec: &'a FullSpec,
    name: &'a str,
    /// Tables that the reader has whole.
    done: &'a [String],
    out: &'a Out,
}

impl Copy<'_> {
    /// Copies the table; returns the position that the reader has then.
    async fn run(&mut self, position: Option<GtidSet>, after: Option<Values>) -> Result<GtidSet> {
        let rule = rule_of(&self.spec.filter, self.name)?
            .ok_or_else(|| Error::bug("a table is copied that no rule takes"))?;
        let copy = CopySpec {
            table: self.name.to_owned(),
            wanted: read_rule(rule)?,
            schema: self.spec.schema.clone(),
            after: after.clone(),
            ranges: Vec::new(),
            ranges_max: 0,
        };
        let (sender, receiver) = mpsc::channel(PARTS_MAX);
        let reading = async {
            // The sender must go when the table ends, for the other half to end.
            let sender = sender;
            self.source.copy_rows(copy, &sender).await
        };
        let (_, position) = tokio::try_join!(reading, self.hand_on(position, after, receiver))?;
        Ok(position)
    }

    async fn hand_on(
        &self,
        position: Option<GtidSet>,
        after: Option<Values>,
        mut parts: mpsc::Receiver<CopyPart>,
    ) -> Result<GtidSet> {
        let Some(head) = parts.recv().await else { return Ok(position.unwrap_or_default()) };
        let snapshot = head.gtid.parse::<Position>()?.gtid_set;
        if let Some(position) = position {
            self.catch_up(position, after, &snapshot).await?;
        }
        let field = binlogdata::FieldEvent {
            table_name: self.name.to_owned(),
            fields: head.fields,
            enum_set_string_values: true,
            ..Default::default()
        };
        let opening = vec![
            of_type(VEventType::Begin),
            VEvent { field_event: Some(field), ..of_type(VEventType::Field) },
            VEvent { gtid: head.gtid, ..of_type(VEventType::Gtid) },
            of_type(VEventType::Commit),
        ];
        let mut alive = send(self.out, opening).await;
        while alive && let Some(part) = parts.recv().await {
            let mut events = vec![of_type(VEventType::Begin)];
            let changes = part
                .rows
                .into_iter()
                .map(|row| binlogdata::RowChange { after: Some(row), ..Default::default() });
            let rows = binlogdata::RowEvent {
                table_name: self.name.to_owned(),
                row_changes: changes.collect(),
                ..Default::default()
            };
            if !rows.row_changes.is_empty() {
                events.push(VEvent { row_event: Some(rows), ..of_type(VEventType::Row) });
            }
            let key = query::QueryResult {
                fields: head.pkfields.clone(),
                rows: part.lastpk.into_iter().collect(),
                ..Default::default()
            };
            events.push(self.last_key(Some(key)));
            events.push(of_type(VEventType::Commit));
            alive = send(self.out, events).await;
        }
        let closing =
            vec![of_type(VEventType::Begin), self.last_key(None), of_type(VEventType::Commit)];
        send(self.out, closing).await;
        Ok(snapshot)
    }

    /// Says how far the table has come; no key says that it is done.
    fn last_key(&self, key: Option<query::QueryResult>) -> VEvent {
        let completed = key.is_none();
        let table = binlogdata::TableLastPk { table_name: self.name.to_owned(), lastpk: key };
        let event = binlogdata::LastPkEvent { table_last_p_k: Some(table), completed };
        VEvent { last_p_k_event: Some(event), ..of_type(VEventType::Lastpk) }
    }

    /// Brings what the reader has to the position of the table's snapshot.
    async fn catch_up(&self, start: GtidSet, after: Option<Values>, stop: &GtidSet) -> Result<()> {
        let mut rules = Vec::new();
        let partial = after.is_some().then_some(self.name);
        for name in self.done.iter().map(String::as_str).chain(partial) {
            if let Some(rule) = rule_of(&self.spec.filter, name)? {
                let r#match = name.to_owned();
                rules.push(binlogdata::Rule { r#match, ..rule.clone() });
            }
        }
        let spec = StreamSpec {
            start,
            filter: binlogdata::Filter { rules, ..self.spec.filter.clone() },
            schema: self.spec.schema.clone(),
            stop: Some(stop.clone()),
            up_to: after.map(|key| (self.name.to_owned(), key)).into_iter().collect(),
        };
        self.source.stream(spec, self.out).await.map(drop)
    }
}

async fn send(out: &Out, mut events: Vec<VEvent>) -> bool {
    let now = now_nanos();
    for event in &mut events {
        event.current_time = now;
    }
    out.send(events).await.is_ok()
}
