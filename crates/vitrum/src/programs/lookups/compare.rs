//! Reading both sides of a lookup vindex, and finding what does not agree.

use std::collections::HashSet;

use vt_base::{KeyspaceId, Result};
use vt_mysql::client::Conn;
use vt_value::{Fields, Rows, TypedBytes};
use vt_vschema::vindex::LookupEncoding;

use super::settle::{self, Outcome};
use super::subject::{Shard, Subject};
use super::{Gateway, Tally, sql};

/// How many bytes of rows are compared at once.
const BATCH_BYTES: usize = 64 << 10;

/// A row of the owner, or an entry: values, and where they say that the row lies.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// Of a row the values of its columns; of an entry those that it holds.
    pub(super) values: Vec<TypedBytes>,
    pub(super) id: KeyspaceId,
}

/// Compares one vindex with its owner, in both directions.
pub(super) async fn run(
    gateway: &Gateway,
    subject: &Subject,
    shards: &[Shard],
    tally: &mut Tally,
) -> Result<()> {
    let mut other = gateway.connect_short(None).await?;
    for shard in shards {
        let target = format!("{}:{}", subject.keyspace, shard.name);
        let mut reader = gateway.connect(Some(&target)).await?;
        let mut columns = subject.columns.clone();
        columns.extend(subject.primary_columns.iter().cloned());
        let all = format!("select {} from {}", sql::list(&columns), sql::quoted(&subject.owner));
        let mut stream = reader.query_stream(all, BATCH_BYTES).await?;
        let fields = stream.fields().clone();
        while let Some(rows) = stream.next_batch().await? {
            tally.rows += rows.len() as u64;
            let rows = rows_of(subject, shard, &fields, &rows, tally)?;
            let suspects = without_entries(subject, &mut other, rows).await?;
            for row in suspects {
                let (what, outcome) =
                    settle::row(gateway, subject, shards, &row, tally.mend).await?;
                tally.note(subject, &format!("{what}: {}", shown(&row)), &outcome);
            }
        }
    }
    let lookup = subject.lookup();
    if lookup.autocommit {
        // Such entries come before their rows and never go: one without a row is no fault.
        return Ok(());
    }
    let mut reader = gateway.connect(None).await?;
    let (from, to) = (sql::list(&lookup.from), sql::quoted(&lookup.to));
    let all = format!("select {from}, {to} from {}", subject.backing);
    let mut stream = reader.query_stream(all, BATCH_BYTES).await?;
    let fields = stream.fields().clone();
    while let Some(rows) = stream.next_batch().await? {
        tally.entries += rows.len() as u64;
        let entries = entries_of(subject, &fields, &rows, tally);
        for entry in without_rows(gateway, subject, shards, entries).await? {
            let outcome = settle::entry(gateway, subject, shards, &entry, tally.mend).await?;
            tally.note(subject, &format!("entry without row: {}", shown(&entry)), &outcome);
        }
    }
    Ok(())
}

/// Takes the values and places out of the owner's rows; tells those on a wrong shard.
fn rows_of(
    subject: &Subject,
    shard: &Shard,
    fields: &Fields,
    rows: &Rows,
    tally: &mut Tally,
) -> Result<Vec<Pair>> {
    let mut pairs = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        let mut values = sql::values(fields, row);
        let primary = values.split_off(subject.columns.len().min(values.len()));
        let id = subject.keyspace_id(&primary)?;
        match id {
            Some(id) if shard.range.contains(&id) => {
                // Rows with NULL have no entry.
                if !values.iter().any(TypedBytes::is_null) {
                    pairs.push(Pair { values, id });
                }
            }
            _ => {
                let key: Vec<String> = primary.iter().map(sql::literal).collect();
                let what = format!("row on a wrong shard: ({}) on {}", key.join(", "), shard.name);
                tally.note(subject, &what, &Outcome::Left);
            }
        }
    }
    Ok(pairs)
}

/// Returns the rows whose entries were not seen. Bytes are compared; MySQL's own equality decides
/// later.
async fn without_entries(subject: &Subject, conn: &mut Conn, rows: Vec<Pair>) -> Result<Vec<Pair>> {
    if rows.is_empty() {
        return Ok(rows);
    }
    let lookup = subject.lookup();
    let stored = |row: &Pair| -> Vec<TypedBytes> {
        row.values.iter().map(|value| lookup.from_value(value)).collect()
    };
    let firsts: HashSet<String> =
        rows.iter().filter_map(|row| stored(row).first().map(sql::literal)).collect();
    let firsts: Vec<String> = firsts.into_iter().collect();
    let sql = format!(
        "select {}, {} from {} where {} in ({})",
        sql::list(&lookup.from),
        sql::quoted(&lookup.to),
        subject.backing,
        sql::quoted(lookup.from.first().map_or("", String::as_str)),
        firsts.join(", ")
    );
    let held: HashSet<Vec<Vec<u8>>> =
        sql::rows(conn, &sql).await?.iter().map(|row| bytes(row)).collect();
    let mut suspects = Vec::new();
    for row in rows {
        let mut entry = stored(&row);
        entry.push(lookup.to_value(&row.id)?);
        if !held.contains(&bytes(&entry)) {
            suspects.push(row);
        }
    }
    Ok(suspects)
}

fn bytes(values: &[TypedBytes]) -> Vec<Vec<u8>> {
    values.iter().map(|value| value.bytes.to_vec()).collect()
}

/// Takes the values and places out of entries; tells those whose place is none.
fn entries_of(subject: &Subject, fields: &Fields, rows: &Rows, tally: &mut Tally) -> Vec<Pair> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        let mut values = sql::values(fields, row);
        let to = values.pop().unwrap_or(TypedBytes::NULL);
        match subject.lookup().keyspace_id(&to.bytes) {
            Some(id) if !to.is_null() => entries.push(Pair { values, id }),
            _ => {
                let what = format!("entry without a keyspace id: {}", sql::literal(&to));
                tally.note(subject, &what, &Outcome::Left);
            }
        }
    }
    entries
}

/// Returns the entries whose rows were not seen.
async fn without_rows(
    gateway: &Gateway,
    subject: &Subject,
    shards: &[Shard],
    entries: Vec<Pair>,
) -> Result<Vec<Pair>> {
    let mut suspects = Vec::new();
    for shard in shards {
        let here: Vec<&Pair> =
            entries.iter().filter(|entry| shard.range.contains(&entry.id)).collect();
        if here.is_empty() {
            continue;
        }
        let target = format!("{}:{}", subject.keyspace, shard.name);
        let mut conn = gateway.connect_short(Some(&target)).await?;
        let held = rows_with(&mut conn, subject, &here).await?;
        let key = |entry: &Pair| (bytes(&entry.values), entry.id.clone());
        suspects.extend(here.into_iter().filter(|one| !held.contains(&key(one))).cloned());
    }
    Ok(suspects)
}

/// Returns what entries the rows of a shard should have, of those that are asked about.
async fn rows_with(
    conn: &mut Conn,
    subject: &Subject,
    entries: &[&Pair],
) -> Result<HashSet<(Vec<Vec<u8>>, KeyspaceId)>> {
    let mut columns = subject.columns.clone();
    columns.extend(subject.primary_columns.iter().cloned());
    let mut key = String::new();
    let mut asked = HashSet::new();
    for entry in entries {
        let (column, value) = owner_key(subject, entry)?;
        asked.insert(sql::literal(&value));
        key = column;
    }
    let asked: Vec<String> = asked.into_iter().collect();
    let sql = format!(
        "select {} from {} where {} in ({})",
        sql::list(&columns),
        sql::quoted(&subject.owner),
        sql::quoted(&key),
        asked.join(", ")
    );
    let mut held = HashSet::new();
    for mut row in sql::rows(conn, &sql).await? {
        let primary = row.split_off(subject.columns.len().min(row.len()));
        if let Some(id) = subject.keyspace_id(&primary)? {
            let stored: Vec<TypedBytes> =
                row.iter().map(|value| subject.lookup().from_value(value)).collect();
            held.insert((bytes(&stored), id));
        }
    }
    Ok(held)
}

/// Returns a column of the owner, and the value that the row of an entry has in it.
///
/// An entry that holds a hash of its value does not tell the value; the keyspace id tells then
/// that of the primary vindex.
pub(super) fn owner_key(subject: &Subject, entry: &Pair) -> Result<(String, TypedBytes)> {
    let (columns, value) = match subject.lookup().encoding {
        LookupEncoding::UnicodeLooseMd5Hash => {
            (&subject.primary_columns, subject.primary.reverse(&entry.id)?)
        }
        _ => (&subject.columns, entry.values.first().cloned().unwrap_or(TypedBytes::NULL)),
    };
    Ok((columns.first().cloned().unwrap_or_default(), value))
}

fn shown(pair: &Pair) -> String {
    let values: Vec<String> = pair.values.iter().map(sql::literal).collect();
    let id: String = pair.id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("({}) at {id}", values.join(", "))
}
