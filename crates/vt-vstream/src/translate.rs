//! Events of the log to events of a stream. Pure: what it must know of a table it asks for.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use vt_base::gtid::{GtidSet, Position};
use vt_base::{Code, Error, Result};
use vt_binlog::{Change, Column, Event, Gtid, Header, QueryEvent, RowsEvent, TableMap};
use vt_proto::binlogdata::{self, VEvent, VEventType};
use vt_proto::query;
use vt_rpc::convert::{Included, field_to_proto};
use vt_sql::preview::{StatementKind, preview};
use vt_value::Value;

use crate::filter::{read_rule, rule_of};
use crate::plan::Values;
use crate::table::at_most;
use crate::values::{self, RowValues};
use crate::{SourceTable, StreamSpec, TablePlan, Vindexes};

/// The table that tells of reshards: number, database, and the journal as text.
const JOURNAL: &str = "resharding_journal";

/// Turns one stream's events around.
pub(crate) struct Translator {
    database: Arc<str>,
    sidecar: Arc<str>,
    filter: binlogdata::Filter,
    schema: Option<Arc<Vindexes>>,
    up_to: BTreeMap<String, Values>,
    /// What the log's numbers of tables mean; `None` is a table that is not streamed.
    tables: HashMap<u64, Option<Arc<Live>>>,
    /// Those numbers that mean the journal of reshards.
    journals: HashMap<u64, Arc<TableMap>>,
    position: GtidSet,
    in_transaction: bool,
    in_xa: bool,
    /// The transaction under way; it is in the position once it has ended.
    open: Option<Gtid>,
    /// Of the transaction under way: its parent and number on the logical clock, and its id.
    clock: (i64, i64, String),
}

/// A table of the log with the plan of what is sent of it.
struct Live {
    map: Arc<TableMap>,
    /// The log's columns; ENUMs and SETs know their members.
    columns: Vec<Column>,
    plan: TablePlan,
    /// The reader has rows up to this key only.
    up_to: Option<Vec<Value>>,
}

/// What an event of the log comes to.
pub(crate) enum Translated {
    /// Events of the stream, perhaps none.
    Events(Vec<VEvent>),
    /// The table must be looked at first; [`Translator::learn`] takes what was found.
    Unknown(Arc<TableMap>),
}

impl Translator {
    pub(crate) fn new(database: Arc<str>, sidecar: Arc<str>, spec: &StreamSpec) -> Translator {
        Translator {
            database,
            sidecar,
            filter: spec.filter.clone(),
            schema: spec.schema.clone(),
            up_to: spec.up_to.clone(),
            tables: HashMap::new(),
            journals: HashMap::new(),
            position: spec.start.clone(),
            in_transaction: false,
            in_xa: false,
            open: None,
            clock: (0, 0, String::new()),
        }
    }

    /// Returns the position behind the last transaction that was translated whole.
    pub(crate) fn position(&self) -> &GtidSet {
        &self.position
    }

    /// Returns whether the events so far end in the middle of a transaction.
    pub(crate) fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Translates one event.
    pub(crate) fn translate(&mut self, header: Header, event: Event) -> Result<Translated> {
        let mut out = match event {
            Event::Gtid(gtid) => {
                self.close();
                let id = match gtid.source.tag.as_str() {
                    "" => format!("{}:{}", gtid.source.uuid, gtid.number),
                    tag => format!("{}:{tag}:{}", gtid.source.uuid, gtid.number),
                };
                self.clock = (gtid.last_committed, gtid.sequence_number, id);
                self.open = Some(gtid);
                Vec::new()
            }
            Event::AnonymousGtid => {
                return Err(Error::new(
                    Code::FailedPrecondition,
                    "mysqld runs without GTIDs; streams need gtid_mode = ON",
                ));
            }
            Event::Query(query) => self.query(&query),
            Event::Xid(_) => self.commit(VEventType::Commit),
            Event::XaPrepare { .. } => self.commit(VEventType::Other),
            Event::Table(map) => return self.table(header, map),
            Event::Rows(rows) => self.rows(&rows)?,
            Event::Heartbeat { .. } => vec![of_type(VEventType::Heartbeat)],
            Event::Incident(message) => {
                let message = format!("mysqld lost events, there is a gap in its log: {message}");
                return Err(Error::new(Code::DataLoss, message));
            }
            Event::Format(_)
            | Event::Rotate { .. }
            | Event::PreviousGtids(_)
            | Event::RowsQuery(_)
            | Event::Stop
            | Event::Payload(_)
            | Event::Other(_) => Vec::new(),
        };
        self.stamp(header, &mut out);
        Ok(Translated::Events(out))
    }

    fn stamp(&self, header: Header, events: &mut [VEvent]) {
        for event in events {
            event.timestamp = i64::from(header.timestamp);
            if self.in_transaction || event.r#type() == VEventType::Commit {
                (event.commit_parent, event.sequence_number) = (self.clock.0, self.clock.1);
                event.event_gtid.clone_from(&self.clock.2);
            }
        }
    }

    fn query(&mut self, query: &QueryEvent) -> Vec<VEvent> {
        let sql = String::from_utf8_lossy(&query.sql);
        match preview(&sql) {
            StatementKind::Begin => {
                self.in_transaction = true;
                vec![of_type(VEventType::Begin)]
            }
            StatementKind::Commit => self.commit(VEventType::Commit),
            StatementKind::Rollback => self.commit(VEventType::Rollback),
            StatementKind::Savepoint | StatementKind::Release => {
                vec![VEvent { statement: sql.into_owned(), ..of_type(VEventType::Savepoint) }]
            }
            StatementKind::Xa => {
                let words = sql.split_ascii_whitespace().nth(1).unwrap_or_default();
                self.in_xa |= words.eq_ignore_ascii_case("start");
                match words.eq_ignore_ascii_case("commit") || words.eq_ignore_ascii_case("rollback")
                {
                    true => self.commit(VEventType::Other),
                    false => Vec::new(),
                }
            }
            StatementKind::Ddl => {
                // What the numbers of tables meant may not hold any more.
                self.tables.clear();
                self.journals.clear();
                let ours = query.database == *self.database;
                let kind = if ours { VEventType::Ddl } else { VEventType::Other };
                let mut events = self.commit(kind);
                if let (true, Some(event)) = (ours, events.last_mut()) {
                    event.statement = sql.into_owned();
                }
                events
            }
            _ => self.commit(VEventType::Other),
        }
    }

    /// Ends a transaction: its position, and what it ends with.
    fn commit(&mut self, kind: VEventType) -> Vec<VEvent> {
        self.close();
        (self.in_transaction, self.in_xa) = (false, false);
        let position = Position { gtid_set: self.position.clone() };
        vec![VEvent { gtid: position.to_string(), ..of_type(VEventType::Gtid) }, of_type(kind)]
    }

    /// The transaction under way has ended.
    fn close(&mut self) {
        if let Some(gtid) = self.open.take() {
            gtid.add_to(&mut self.position);
        }
    }

    fn table(&mut self, header: Header, map: Arc<TableMap>) -> Result<Translated> {
        if map.database == *self.sidecar && map.name == JOURNAL {
            self.journals.insert(map.id, map);
            return Ok(Translated::Events(Vec::new()));
        }
        let known = self.tables.get(&map.id);
        if known.is_some_and(|live| live.as_ref().is_none_or(|live| live.map == map)) {
            return Ok(Translated::Events(Vec::new()));
        }
        let wanted = map.database == *self.database && rule_of(&self.filter, &map.name)?.is_some();
        if wanted {
            return Ok(Translated::Unknown(map));
        }
        self.tables.insert(map.id, None);
        let mut none = Vec::new();
        self.stamp(header, &mut none);
        Ok(Translated::Events(none))
    }

    /// Takes what was found of a table that was unknown; returns the event that tells its fields.
    pub(crate) fn learn(
        &mut self,
        header: Header,
        map: Arc<TableMap>,
        table: Arc<SourceTable>,
    ) -> Result<Vec<VEvent>> {
        let rule = rule_of(&self.filter, &map.name)?.ok_or_else(|| {
            Error::bug(format!("table {} is described, though no rule takes it", map.name))
        })?;
        let table = Arc::new(matched(&map, &table)?);
        let plan = TablePlan::new(table.clone(), &read_rule(rule)?, self.schema.as_deref())?;
        let mut columns = map.columns.clone();
        for (column, described) in columns.iter_mut().zip(&table.columns) {
            column.members.clone_from(&described.members);
        }
        let up_to = match self.up_to.get(&map.name) {
            Some(key) => Some(table.key_values(key.iter().cloned())?),
            None => None,
        };
        let fields = plan.fields.iter().map(|field| field_to_proto(field, Included::All));
        let event = binlogdata::FieldEvent {
            table_name: map.name.clone(),
            fields: fields.collect(),
            enum_set_string_values: true,
            ..Default::default()
        };
        self.tables.insert(map.id, Some(Arc::new(Live { map, columns, plan, up_to })));
        let mut events = vec![VEvent { field_event: Some(event), ..of_type(VEventType::Field) }];
        self.stamp(header, &mut events);
        Ok(events)
    }

    /// Returns what the journal of reshards says of this database.
    fn journal(&self, map: &TableMap, rows: &RowsEvent) -> Result<Vec<VEvent>> {
        let mut events = Vec::new();
        for change in rows.changes(map)? {
            let change = change?;
            let (None, Some(row)) = (&change.before, &change.after) else { continue };
            let row = values::read(&map.columns, &[], row, None)?.values;
            let [_, Some(database), Some(text)] = row.as_slice() else { continue };
            if **database == *self.database.as_bytes() {
                let text = String::from_utf8_lossy(text);
                let journal = vt_proto::text::from_text("binlogdata.Journal", &text)?;
                events.push(VEvent { journal: Some(journal), ..of_type(VEventType::Journal) });
            }
        }
        Ok(events)
    }

    fn rows(&self, rows: &RowsEvent) -> Result<Vec<VEvent>> {
        if let Some(map) = self.journals.get(&rows.table) {
            return self.journal(map, rows);
        }
        // Rows of a number that means nothing end a statement of tables that are not ours.
        let Some(Some(live)) = self.tables.get(&rows.table) else { return Ok(Vec::new()) };
        // They count only once the transaction is committed, which another one may tell.
        if self.in_xa {
            return Err(Error::unsupported(format!(
                "a stream of table {}, which an XA transaction changed",
                live.map.name
            )));
        }
        let mut changes = Vec::new();
        for change in rows.changes(&live.map)? {
            changes.extend(live.change(change?)?);
        }
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let event = binlogdata::RowEvent {
            table_name: live.map.name.clone(),
            row_changes: changes,
            flags: rows.flags.into(),
            ..Default::default()
        };
        Ok(vec![VEvent { row_event: Some(event), ..of_type(VEventType::Row) }])
    }
}

impl Live {
    /// Returns what is sent of a row's change; a change may bring a row into the stream, or take
    /// it out.
    fn change(&self, change: Change<'_>) -> Result<Option<binlogdata::RowChange>> {
        let described = &self.plan.table.columns;
        let read = |image| values::read(&self.columns, described, image, change.before.as_ref());
        let before = change.before.as_ref().map(read).transpose()?;
        let after = change.after.as_ref().map(read).transpose()?;
        let mut out = binlogdata::RowChange::default();
        // An image after the change that lacks columns has them from before.
        let after = match (after, &before) {
            (Some(after), Some(before)) => Some(filled(after, before)),
            (after, _) => after,
        };
        out.before = self.sent(before.as_ref())?;
        out.after = self.sent(after.as_ref())?;
        Ok((out.before.is_some() || out.after.is_some()).then_some(out))
    }

    fn sent(&self, row: Option<&RowValues>) -> Result<Option<query::Row>> {
        let Some(row) = row else { return Ok(None) };
        if row.present.contains(&false) {
            return Err(Error::unsupported(format!(
                "rows of table {} without all their columns: set binlog_row_image = FULL",
                self.map.name
            )));
        }
        if let Some(up_to) = &self.up_to {
            let table = &self.plan.table;
            let key = table.key.iter().map(|place| row.values[*place].clone());
            if !at_most(&table.key_values(key)?, up_to) {
                return Ok(None);
            }
        }
        match self.plan.takes(&row.values)? {
            true => Ok(Some(values::to_proto(&self.plan.project(&row.values)?))),
            false => Ok(None),
        }
    }
}

/// Fills what an image after a change lacks from the image before it.
fn filled(mut after: RowValues, before: &RowValues) -> RowValues {
    let fill: Values = std::mem::take(&mut after.values)
        .into_iter()
        .zip(&before.values)
        .zip(&after.present)
        .map(|((after, before), present)| if *present { after } else { before.clone() })
        .collect();
    let present = after.present.iter().zip(&before.present).map(|(one, other)| *one || *other);
    RowValues { present: present.collect(), values: fill }
}

/// Brings the columns of a table's description into the order of the log, by their names where
/// the log tells them.
fn matched(map: &TableMap, table: &SourceTable) -> Result<SourceTable> {
    let told = map.columns.iter().all(|column| column.name.is_some());
    let differs = || {
        Error::new(
            Code::FailedPrecondition,
            format!(
                "the log has rows of table {} with {} columns, the table has {} now; \
                 start the stream after its definition was changed",
                map.name,
                map.columns.len(),
                table.columns.len()
            ),
        )
    };
    if !told {
        return match map.columns.len() == table.columns.len() {
            true => Ok(table.clone()),
            false => Err(differs()),
        };
    }
    let mut places = Vec::with_capacity(map.columns.len());
    for column in &map.columns {
        let name = column.name.as_deref().unwrap_or_default();
        places.push(table.place(name).ok_or_else(differs)?);
    }
    let key = table.key.iter().filter_map(|key| places.iter().position(|place| place == key));
    Ok(SourceTable {
        name: table.name.clone(),
        columns: places.iter().map(|place| table.columns[*place].clone()).collect(),
        key: key.collect(),
    })
}

/// Makes an event that has nothing but its type.
pub(crate) fn of_type(kind: VEventType) -> VEvent {
    VEvent { r#type: kind.into(), ..VEvent::default() }
}
