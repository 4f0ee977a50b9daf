//! Looking at a fault again under locks, and mending it.
//!
//! The owner's row is locked first, in a session that is aimed at its shard and so asks no vindex;
//! then the entry. What both then say cannot change until the mend has committed.

use vt_base::{Error, Result};
use vt_mysql::client::Conn;
use vt_value::TypedBytes;
use vt_vschema::vindex::LookupEncoding;

use super::compare::{Pair, owner_key};
use super::subject::{Shard, Subject};
use super::{Gateway, sql};

/// What became of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is none any more, or never was: another transaction was at work.
    Fine,
    Mended,
    Left,
    /// A lock could not be had in time.
    Unknown(String),
}

/// MySQL's numbers of a wait that was too long, and of a deadlock.
const WAITS: [u16; 2] = [1205, 1213];

/// Settles a row whose entry was not seen; tells also what the fault is.
pub(super) async fn row(
    gateway: &Gateway,
    subject: &Subject,
    shards: &[Shard],
    row: &Pair,
    mend: bool,
) -> Result<(&'static str, Outcome)> {
    let mut sessions = Sessions { gateway, subject, shards, entries: None, mend };
    let settled = sessions.row(row).await;
    let is_wait = |err: &Error| WAITS.contains(&err.errno());
    match settled {
        Err(err) if is_wait(&err) => {
            Ok(("row without entry", Outcome::Unknown(err.message().to_owned())))
        }
        other => other,
    }
}

/// Settles an entry whose row was not seen.
pub(super) async fn entry(
    gateway: &Gateway,
    subject: &Subject,
    shards: &[Shard],
    entry: &Pair,
    mend: bool,
) -> Result<Outcome> {
    let mut sessions = Sessions { gateway, subject, shards, entries: None, mend };
    match sessions.entry(entry).await {
        Err(err) if WAITS.contains(&err.errno()) => Ok(Outcome::Unknown(err.message().to_owned())),
        other => other,
    }
}

/// Rows of the owner, locked, or kept from coming, for as long as this lives.
struct Locked {
    found: bool,
    _session: Option<Conn>,
}

/// The sessions that settle one fault; their transactions end with them.
struct Sessions<'a> {
    gateway: &'a Gateway,
    subject: &'a Subject,
    shards: &'a [Shard],
    entries: Option<Conn>,
    mend: bool,
}

impl Sessions<'_> {
    async fn row(&mut self, row: &Pair) -> Result<(&'static str, Outcome)> {
        let own_row = self.lock_rows(row).await?;
        if !own_row.found {
            return Ok(("row without entry", Outcome::Fine));
        }
        let (subject, lookup) = (self.subject, self.subject.lookup());
        let from: Vec<TypedBytes> =
            row.values.iter().map(|value| lookup.from_value(value)).collect();
        let to = sql::quoted(&lookup.to);
        let is_from = sql::equal(&lookup.from, &from);
        let held = format!("select {to} from {} where {is_from} for update", subject.backing);
        let held = sql::rows(self.begin_entries().await?, &held).await?;
        let ids = held.iter().flatten().map(|value| lookup.keyspace_id(&value.bytes));
        let ids: Vec<_> = ids.collect();
        if ids.iter().flatten().any(|id| *id == row.id) {
            return Ok(("row without entry", Outcome::Fine));
        }
        let own = sql::literal(&lookup.to_value(&row.id)?);
        if let (true, Some(other)) = (subject.vindex.unique, ids.first()) {
            if let Some(other) = other {
                let twin = Pair { values: row.values.clone(), id: other.clone() };
                let other_row = self.lock_rows(&twin).await?;
                if other_row.found {
                    return Ok(("value taken twice", Outcome::Left));
                }
            }
            let mend = format!("update {} set {to} = {own} where {is_from}", subject.backing);
            return Ok(("entry elsewhere", self.mend(mend).await?));
        }
        let values: Vec<String> = from.iter().map(sql::literal).collect();
        let mend = format!(
            "insert into {}({}, {to}) values ({}, {own})",
            subject.backing,
            sql::list(&lookup.from),
            values.join(", ")
        );
        Ok(("row without entry", self.mend(mend).await?))
    }

    async fn entry(&mut self, entry: &Pair) -> Result<Outcome> {
        let rows = self.lock_rows_of(entry).await?;
        if rows.found {
            return Ok(Outcome::Fine);
        }
        let (subject, lookup) = (self.subject, self.subject.lookup());
        let to = sql::literal(&lookup.to_value(&entry.id)?);
        let is = format!(
            "{} and {} = {to}",
            sql::equal(&lookup.from, &entry.values),
            sql::quoted(&lookup.to)
        );
        let held = format!("select 1 from {} where {is} for update", subject.backing);
        if sql::rows(self.begin_entries().await?, &held).await?.is_empty() {
            return Ok(Outcome::Fine);
        }
        self.mend(format!("delete from {} where {is}", subject.backing)).await
    }

    /// Locks the rows that have some values at a keyspace id.
    async fn lock_rows(&self, row: &Pair) -> Result<Locked> {
        let is = sql::equal(&self.subject.columns, &row.values);
        self.lock(row, &is, |_| true).await
    }

    /// Locks the rows that an entry is about.
    async fn lock_rows_of(&self, entry: &Pair) -> Result<Locked> {
        let lookup = self.subject.lookup();
        if lookup.encoding != LookupEncoding::UnicodeLooseMd5Hash {
            return self.lock_rows(entry).await;
        }
        let (column, value) = owner_key(self.subject, entry)?;
        let is = sql::equal(&[column], &[value]);
        let has = |values: &[TypedBytes]| {
            let stored = values.iter().map(|value| lookup.from_value(value));
            stored.map(|value| value.bytes).eq(entry.values.iter().map(|value| value.bytes.clone()))
        };
        self.lock(entry, &is, has).await
    }

    async fn lock(
        &self,
        pair: &Pair,
        condition: &str,
        has: impl Fn(&[TypedBytes]) -> bool,
    ) -> Result<Locked> {
        let subject = self.subject;
        let Some(shard) = self.shards.iter().find(|shard| shard.range.contains(&pair.id)) else {
            return Ok(Locked { found: false, _session: None });
        };
        let target = format!("{}:{}", subject.keyspace, shard.name);
        let mut session = self.gateway.connect_short(Some(&target)).await?;
        session.query("begin", 0).await?;
        let mut columns = subject.columns.clone();
        columns.extend(subject.primary_columns.iter().cloned());
        let sql = format!(
            "select {} from {} where {condition} lock in share mode",
            sql::list(&columns),
            sql::quoted(&subject.owner)
        );
        let mut found = false;
        for mut row in sql::rows(&mut session, &sql).await? {
            let primary = row.split_off(subject.columns.len().min(row.len()));
            found |= has(&row) && subject.keyspace_id(&primary)?.as_ref() == Some(&pair.id);
        }
        Ok(Locked { found, _session: Some(session) })
    }

    async fn begin_entries(&mut self) -> Result<&mut Conn> {
        let mut conn = self.gateway.connect_short(None).await?;
        conn.query("begin", 0).await?;
        Ok(self.entries.insert(conn))
    }

    async fn mend(&mut self, sql: String) -> Result<Outcome> {
        let (true, Some(entries)) = (self.mend, &mut self.entries) else {
            return Ok(Outcome::Left);
        };
        entries.query(sql, 0).await?;
        entries.query("commit", 0).await?;
        Ok(Outcome::Mended)
    }
}
