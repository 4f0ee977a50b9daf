//! Foreign keys that the gateway looks after: searches for parents and children of rows that
//! change, and cascades.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use vt_base::Error;
use vt_plan::foreign::{KEY_LIST, key_var, new_key_var};
use vt_plan::{ChildAction, ChildHow, Dependents, ForeignKeys, KeySearch, Node, TableChange};
use vt_value::{BindVars, BoundValue, QueryResult, TypedBytes};

use crate::change::{FoundRows, InTransaction};
use crate::{ExecContext, node};

/// How deep cascades may lead, as in MySQL.
const DEPTH_MAX: usize = 15;
/// How many keys one search has.
const KEYS: usize = 500;

/// A row that goes: its table, the shards that hold it, and its key.
type GoingRow = (Arc<str>, Vec<usize>, Vec<TypedBytes>);

/// The cascades of a statement, while it runs.
pub struct Cascading<'a> {
    statements: &'a [Node],
    depth: usize,
    /// Rows that are being deleted: those that refer in a circle lead back to them.
    going: &'a Mutex<HashSet<GoingRow>>,
}

/// A cascade that runs when the rows have changed.
pub(crate) struct Following {
    statement: usize,
    keys: Vec<Key>,
}

/// The values by which others refer to a row, and those that it will have.
struct Key {
    old: Vec<TypedBytes>,
    new: Vec<TypedBytes>,
}

pub(crate) async fn run(foreign: &ForeignKeys, ctx: ExecContext<'_>) -> Result<QueryResult, Error> {
    let locking = InTransaction(ctx.shards);
    let going = Mutex::default();
    let cascading = Cascading { statements: &foreign.cascades, depth: 0, going: &going };
    let cascading = Some(&cascading);
    let ctx = ExecContext { shards: &locking, exclusive: true, cascading, ..ctx };
    node::run(&foreign.statement, ctx).await
}

/// Does what must be done before rows change or go; rows that go already are taken out of those
/// found. Returns what is to be done after.
pub(crate) async fn before(
    foreign: &Dependents,
    table: &TableChange,
    found: &mut FoundRows<'_>,
    ctx: ExecContext<'_>,
) -> Result<Vec<Following>, Error> {
    if foreign.children.iter().any(|child| child.new.is_none()) {
        leave_out_going(table, found, ctx)?;
    }
    if !found.rows.is_empty() && ctx.cascading.is_some_and(|around| around.depth >= DEPTH_MAX) {
        let message =
            format!("Foreign key cascade delete/update exceeds max depth of {DEPTH_MAX}.");
        return Err(Error::mysql(3008, b"HY000", message));
    }
    for parent in &foreign.parents {
        let mut keys = Vec::new();
        for row in &found.rows {
            let key = found.values(row, &parent.new)?;
            let same = parent.same.is_some_and(|place| found.is_true(row, place));
            if !same && !key.iter().any(TypedBytes::is_null) {
                keys.push(key);
            }
        }
        if has_parents(&parent.search, &keys, ctx).await?.contains(&false) {
            return Err(no_parent(&parent.search));
        }
    }
    for child in &foreign.children {
        if let ChildHow::Refuse(search) = &child.how {
            refuse_children(child, search, table, found, ctx).await?;
        }
    }
    let mut following = Vec::new();
    for child in &foreign.children {
        let ChildHow::Change(statement) = child.how else { continue };
        let keys = keys_of(child, found)?;
        match child.new {
            None => cascade(statement, &keys, ctx).await?,
            Some(_) => following.push(Following { statement, keys: in_order(keys)? }),
        }
    }
    Ok(following)
}

/// Does what must be done when rows have changed.
pub(crate) async fn after(following: Vec<Following>, ctx: ExecContext<'_>) -> Result<(), Error> {
    for one in following {
        for key in &one.keys {
            cascade(one.statement, std::slice::from_ref(key), ctx).await?;
        }
    }
    Ok(())
}

/// Returns the error of rows that refer to none.
pub(crate) fn no_parent(search: &KeySearch) -> Error {
    Error::mysql(1452, b"23000", search.error.to_string())
}

/// Returns for each key whether there is a row that has it.
pub(crate) async fn has_parents(
    search: &KeySearch,
    keys: &[Vec<TypedBytes>],
    ctx: ExecContext<'_>,
) -> Result<Vec<bool>, Error> {
    let mut known: HashMap<&[TypedBytes], bool> = HashMap::new();
    let mut wanted: Vec<&Vec<TypedBytes>> = Vec::new();
    for key in keys {
        if known.insert(key, false).is_none() {
            wanted.push(key);
        }
    }
    for batch in wanted.chunks(KEYS) {
        let mut all = false;
        if search.width == 1 && batch.len() > 1 {
            let found = find(search, batch, ctx).await?;
            let values: HashSet<Option<&[u8]>> =
                found.rows.iter().map(|row| row.column(0)).collect();
            // Of values that differ only in letter case, say, one row may stand for several.
            all = values.len() == batch.len();
        }
        for key in batch {
            let is_there = all || !find(search, &[key], ctx).await?.rows.is_empty();
            known.insert(key.as_slice(), is_there);
        }
    }
    Ok(keys.iter().map(|key| known.get(key.as_slice()) == Some(&true)).collect())
}

/// Takes out rows that are on their way already, and notes the others.
fn leave_out_going(
    table: &TableChange,
    found: &mut FoundRows<'_>,
    ctx: ExecContext<'_>,
) -> Result<(), Error> {
    let Some(cascading) = ctx.cascading else { return Ok(()) };
    let mut left = Vec::new();
    for row in std::mem::take(&mut found.rows) {
        let key = found.values(&row, &table.key)?;
        let one = (table.table.clone(), row.shards.clone(), key);
        let mut going = cascading.going.lock();
        if going.insert(one) {
            left.push(row);
        }
        ctx.limits.check(going.len())?;
    }
    found.rows = left;
    Ok(())
}

/// Fails if there are rows that refer to those found; rows that go before those that they refer to
/// do not count.
async fn refuse_children(
    child: &ChildAction,
    search: &KeySearch,
    table: &TableChange,
    found: &FoundRows<'_>,
    ctx: ExecContext<'_>,
) -> Result<(), Error> {
    let refused = || Error::mysql(1451, b"23000", search.error.to_string());
    let keys = keys_of(child, found)?;
    let keys: Vec<&Vec<TypedBytes>> = keys.iter().map(|key| &key.old).collect();
    let places = match child.new {
        None => Going::Rows(turns(&table.key, found)?, turns(&child.old, found)?),
        Some(_) => Going::None,
    };
    let size = if search.width == 1 { KEYS } else { 1 };
    for batch in keys.chunks(size) {
        let result = find(search, batch, ctx).await?;
        for row in result.rows.iter() {
            let cells = |places: std::ops::Range<usize>| -> Cells {
                places.map(|place| row.column(place).unwrap_or_default().to_vec()).collect()
            };
            let (refers, key) = (cells(0..search.width), cells(search.width..result.fields.len()));
            if !places.goes_first(&key, &refers) {
                return Err(refused());
            }
        }
    }
    Ok(())
}

type Cells = Vec<Vec<u8>>;

/// The rows that go, of a table that may refer to itself.
enum Going {
    None,
    /// The turn of each by its primary key, and by the values by which others refer to it.
    Rows(HashMap<Cells, usize>, HashMap<Cells, usize>),
}

impl Going {
    /// Returns whether a row goes before the one that it refers to.
    fn goes_first(&self, key: &Cells, refers: &Cells) -> bool {
        let Going::Rows(by_key, by_reference) = self else { return false };
        match (by_key.get(key), by_reference.get(refers)) {
            (Some(own), Some(parent)) => !key.is_empty() && own < parent,
            _ => false,
        }
    }
}

/// Returns the turns of the rows found, by values of theirs.
fn turns(places: &[usize], found: &FoundRows<'_>) -> Result<HashMap<Cells, usize>, Error> {
    let mut turns = HashMap::new();
    for (turn, row) in found.rows.iter().enumerate() {
        let values = found.values(row, places)?;
        turns.insert(values.iter().map(|value| value.bytes.to_vec()).collect(), turn);
    }
    Ok(turns)
}

/// Finds rows by keys: many of one column, or one of several.
async fn find(
    search: &KeySearch,
    keys: &[&Vec<TypedBytes>],
    ctx: ExecContext<'_>,
) -> Result<QueryResult, Error> {
    let mut binds = BindVars::clone(ctx.binds);
    bind_keys(&mut binds, keys)?;
    let binds = Arc::new(binds);
    let locking = InTransaction(ctx.shards);
    let ctx = ExecContext { shards: &locking, exclusive: true, binds: &binds, ..ctx };
    node::run(&search.query, ctx).await
}

fn bind_keys(binds: &mut BindVars, keys: &[&Vec<TypedBytes>]) -> Result<(), Error> {
    let first = keys.first().ok_or_else(|| Error::bug("a search without a key"))?;
    if first.len() == 1 {
        let values = keys.iter().filter_map(|key| key.first().cloned()).collect();
        binds.set(KEY_LIST, BoundValue::Tuple(values));
    }
    for (place, value) in first.iter().enumerate() {
        binds.set(key_var(place), value.clone());
    }
    Ok(())
}

/// Returns the keys of rows by which others may refer to them, each once.
fn keys_of(child: &ChildAction, found: &FoundRows<'_>) -> Result<Vec<Key>, Error> {
    let mut keys = Vec::new();
    let mut seen = HashSet::new();
    for row in &found.rows {
        let old = found.values(row, &child.old)?;
        let same = child.same.is_some_and(|place| found.is_true(row, place));
        if same || old.iter().any(TypedBytes::is_null) || !seen.insert(old.clone()) {
            continue;
        }
        let new = match &child.new {
            Some(places) => found.values(row, places)?,
            None => Vec::new(),
        };
        keys.push(Key { old, new });
    }
    Ok(keys)
}

/// Brings keys into an order in which none becomes what another still is.
///
/// # Errors
/// Keys take each other's place in a circle, or are texts, of which bytes do not tell whether they
/// are equal.
fn in_order(keys: Vec<Key>) -> Result<Vec<Key>, Error> {
    if keys.len() < 2 {
        return Ok(keys);
    }
    if keys.iter().flat_map(|key| &key.old).any(|value| value.typ.is_quoted()) {
        return Err(Error::unsupported(
            "ON UPDATE CASCADE of several keys of text in one statement: change one at a time",
        ));
    }
    let bytes = |key: &[TypedBytes]| -> Vec<Vec<u8>> {
        key.iter().map(|value| value.bytes.to_vec()).collect()
    };
    let place_of: HashMap<Vec<Vec<u8>>, usize> =
        keys.iter().enumerate().map(|(place, key)| (bytes(&key.old), place)).collect();
    // Keys are unique, so that each waits for one other at most.
    let waits_for: Vec<Option<usize>> =
        keys.iter().map(|key| place_of.get(&bytes(&key.new)).copied()).collect();
    let mut order = Vec::with_capacity(keys.len());
    let mut done = vec![false; keys.len()];
    for start in 0..keys.len() {
        let mut chain = Vec::new();
        let mut next = Some(start);
        while let Some(place) = next.filter(|place| !done[*place]) {
            if chain.len() > keys.len() {
                return Err(Error::unsupported(
                    "ON UPDATE CASCADE of keys that take each other's place",
                ));
            }
            chain.push(place);
            next = waits_for[place].filter(|other| *other != place);
        }
        for place in chain.into_iter().rev() {
            if !std::mem::replace(&mut done[place], true) {
                order.push(place);
            }
        }
    }
    let mut keys: Vec<Option<Key>> = keys.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|place| keys[place].take()).collect())
}

/// Runs the statement of a cascade for some keys.
async fn cascade(statement: usize, keys: &[Key], ctx: ExecContext<'_>) -> Result<(), Error> {
    let around = ctx.cascading.ok_or_else(|| Error::bug("a cascade outside of its statement"))?;
    let node = around.statements.get(statement);
    let node = node.ok_or_else(|| Error::bug("a cascade that is not planned"))?;
    let Some(first) = keys.first() else { return Ok(()) };
    let cascading = Cascading { depth: around.depth + 1, ..*around };
    let many = first.old.len() == 1 && first.new.is_empty();
    for batch in keys.chunks(if many { KEYS } else { 1 }) {
        let mut binds = BindVars::clone(ctx.binds);
        let old: Vec<&Vec<TypedBytes>> = batch.iter().map(|key| &key.old).collect();
        bind_keys(&mut binds, &old)?;
        for (place, value) in batch[0].new.iter().enumerate() {
            binds.set(new_key_var(place), value.clone());
        }
        let binds = Arc::new(binds);
        let ctx = ExecContext { binds: &binds, cascading: Some(&cascading), ..ctx };
        node::run(node, ctx).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(pairs: &[(i64, i64)]) -> Vec<Key> {
        let key = |(old, new): &(i64, i64)| Key {
            old: vec![TypedBytes::int64(*old)],
            new: vec![TypedBytes::int64(*new)],
        };
        pairs.iter().map(key).collect()
    }

    fn order(pairs: &[(i64, i64)]) -> Vec<String> {
        let text = |key: Key| String::from_utf8_lossy(&key.old[0].bytes).into_owned();
        in_order(keys(pairs)).unwrap().into_iter().map(text).collect()
    }

    #[test]
    fn a_key_changes_after_the_one_whose_place_it_takes() {
        assert_eq!(order(&[(1, 2), (2, 3), (3, 4)]), ["3", "2", "1"]);
        assert_eq!(order(&[(3, 4), (1, 2), (2, 3)]), ["3", "2", "1"]);
        assert_eq!(order(&[(5, 50), (1, 5), (7, 7)]), ["5", "1", "7"]);
    }

    #[test]
    fn keys_in_a_circle_and_texts_are_refused() {
        for pairs in [&[(1, 2), (2, 1)][..], &[(9, 1), (1, 2), (2, 3), (3, 1)]] {
            let refused = in_order(keys(pairs)).map(drop).unwrap_err();
            assert_eq!(refused.id(), Some(vt_base::ErrorId::VT12001));
        }
        let text = |text: &'static str| TypedBytes::new(vt_value::Type::VARCHAR, text);
        let key = |old, new| Key { old: vec![text(old)], new: vec![text(new)] };
        assert!(in_order(vec![key("a", "b"), key("c", "d")]).is_err());
        assert_eq!(in_order(vec![key("a", "b")]).unwrap().len(), 1);
    }
}
