//! INSERT IGNORE, REPLACE and ON DUPLICATE KEY UPDATE into a table with owned lookup vindexes: rows
//! look first for those that they conflict with.

use std::sync::Arc;

use vt_base::Error;
use vt_plan::{ConflictHow, Conflicts, KeyColumn, Probe, ProbePart, TableChange, UniqueKey};
use vt_sql::ast::{
    Comments, Delete, Expr, Ident, Insert, Lock, LockStrength, LockWait, Query, QueryBody, Select,
    SelectExpr, SelectItem, SelectOptions,
};
use vt_value::{Collation, Type};
use vt_vschema::Table;
use vt_vschema::table::same_name;

use crate::analyze::Tables;
use crate::dml::change::{Changed, Items, untracked};
use crate::eval::plain_value;
use crate::fields::number;
use crate::planner::Planner;
use crate::shard_form::{ShardForm, bind, equal, shard_sql};
use crate::tree::Rewrite;

/// Stands in a probe for what is put there for each row.
const PART: &str = "__probe_part";

/// The probes of an INSERT, as they are made row by row.
pub(super) struct Probing<'a> {
    how: ConflictHow,
    changed: Changed<'a>,
    items: Items<'a>,
    removal: TableChange,
    probes: Vec<Arc<str>>,
    selected: Option<Probe>,
    /// The columns of each unique key, and what rows give for them.
    keys: Vec<(Vec<Arc<str>>, UniqueKey)>,
}

impl Probing<'_> {
    pub(super) fn into_conflicts(self) -> Conflicts {
        let Probing { how, probes, selected, removal, keys, .. } = self;
        let keys = keys.into_iter().map(|(_, key)| key).collect();
        Conflicts { how, probes, selected, keys, removal }
    }
}

impl<'a> Planner<'a> {
    /// Returns what the rows of an INSERT need to look for; `None` if nothing.
    pub(super) fn probing(
        &self,
        insert: &Insert<'a>,
        table: &Arc<Table>,
    ) -> Result<Option<Probing<'a>>, Error> {
        let how = match (insert.replace, insert.on_duplicate) {
            (true, _) => ConflictHow::Replace,
            (false, [_, ..]) => ConflictHow::Update,
            (false, []) if insert.ignore => ConflictHow::Ignore,
            (false, []) => return Ok(None),
        };
        let cascades = insert.replace && self.delete_reaches_out(table);
        if table.owned_vindexes().next().is_none() && !cascades {
            return Ok(None);
        }
        if table.primary_key.is_empty() {
            return Err(untracked(table, "primary key"));
        }
        if table.unique_keys.iter().any(Option::is_none) {
            return Err(Error::unsupported(format!(
                "REPLACE, INSERT IGNORE or ON DUPLICATE KEY UPDATE into table {} with owned lookup \
                 vindexes, or cascades, and a unique key over a prefix or an expression",
                table.name
            )));
        }
        let name = Ident::new(self.arena.text(&table.name));
        let changed = Changed { name, id: Tables::NONE, table: table.clone() };
        let mut items = Items::default();
        let delete = self.arena.node(Delete {
            with: None,
            comments: Comments::NONE,
            low_priority: false,
            quick: false,
            ignore: false,
            targets: &[],
            tables: &[],
            filter: None,
            order_by: &[],
            limit: None,
        });
        let removal = self.deletion(delete, &changed, &mut items)?;
        let keys = keys_of(table);
        let (probes, selected) = (Vec::new(), None);
        Ok(Some(Probing { how, changed, items, removal, probes, selected, keys }))
    }

    /// Makes the statement that finds rows with one of a row's unique keys.
    pub(super) fn probe(
        &self,
        probing: &mut Probing<'a>,
        columns: &[Ident<'a>],
        values: &[Expr<'a>],
    ) -> Result<(), Error> {
        for (names, key) in &mut probing.keys {
            for (column, known) in names.iter().zip(&mut key.columns) {
                let value = place_of(columns, column).map(|place| values[place]);
                // A default is the same for all rows.
                known.values.push(value.and_then(plain_value));
            }
        }
        let table = probing.changed.table.clone();
        let row = number(self.arena, probing.probes.len());
        let sql = self.probe_sql(probing, row, &mut |column| match place_of(columns, column)
            .map(|place| values[place])
        {
            Some(Expr::Default(_)) | None => self.default_of(&table, column),
            Some(value) => Ok(value),
        })?;
        probing.probes.push(sql.into());
        Ok(())
    }

    /// Makes the statement that finds rows with one of the unique keys of a row that a query gives.
    pub(super) fn probe_selected(
        &self,
        probing: &mut Probing<'a>,
        columns: &[Ident<'a>],
    ) -> Result<(), Error> {
        for (names, key) in &mut probing.keys {
            for (column, known) in names.iter().zip(&mut key.columns) {
                known.offset = place_of(columns, column);
            }
        }
        let table = probing.changed.table.clone();
        let mut parts = Vec::new();
        if probing.how == ConflictHow::Ignore {
            parts.push(ProbePart::Row);
        }
        let sql = self.probe_sql(probing, bind(self, PART), &mut |column| match place_of(
            columns, column,
        ) {
            Some(place) => {
                parts.push(ProbePart::Column(place));
                Ok(bind(self, PART))
            }
            None => self.default_of(&table, column),
        })?;
        let mark = format!(":{PART}");
        let mut texts = sql.split(&mark).map(Arc::from);
        let start = texts.next().unwrap_or_default();
        let texts: Vec<Arc<str>> = texts.collect();
        if texts.len() != parts.len() {
            let message = format!("a column of table {} with the name of a variable", table.name);
            return Err(Error::unsupported(message));
        }
        probing.selected = Some(Probe { start, parts: parts.into_iter().zip(texts).collect() });
        Ok(())
    }

    /// Makes the statement that finds rows with one of a row's unique keys; `value_of` gives the
    /// row's value of a column, in the order in which they stand in the statement.
    fn probe_sql(
        &self,
        probing: &Probing<'a>,
        row: Expr<'a>,
        value_of: &mut dyn FnMut(&str) -> Result<Expr<'a>, Error>,
    ) -> Result<String, Error> {
        let table = &probing.changed.table;
        let keys = std::iter::once(&table.primary_key).chain(table.unique_keys.iter().flatten());
        let mut any = Vec::new();
        for key in keys {
            let mut parts = Vec::with_capacity(key.len());
            for column in key {
                let held = self.column_of(probing.changed.name, column);
                parts.push(equal(self.arena, held, value_of(column)?));
            }
            any.push(match parts.as_slice() {
                [one] => *one,
                _ => Expr::And(self.arena.list(&parts)),
            });
        }
        let filter = match any.as_slice() {
            [one] => *one,
            _ => Expr::Or(self.arena.list(&any)),
        };
        let items = match probing.how {
            // Nothing is done to what is found.
            ConflictHow::Ignore => {
                let row = SelectExpr { expr: row, alias: Some(Ident::new("n")), name: "n" };
                self.arena.list(&[SelectItem::Expr(row)])
            }
            _ => self.arena.list(&probing.items.0),
        };
        let select = self.arena.node(Select {
            comments: Comments::NONE,
            options: SelectOptions::default(),
            items,
            from: self.by_name(&probing.changed),
            filter: Some(filter),
            group_by: None,
            having: None,
            windows: &[],
            qualify: None,
        });
        let lock = Lock { strength: LockStrength::Update, of: &[], wait: LockWait::Wait };
        let query = self.arena.node(Query {
            with: None,
            body: QueryBody::Select(select),
            order_by: &[],
            limit: None,
            locks: self.arena.list(&[lock]),
            into: None,
        });
        Ok(shard_sql(ShardForm::new(self).query(query)?))
    }
}

fn place_of(columns: &[Ident<'_>], column: &str) -> Option<usize> {
    columns.iter().position(|one| same_name(one.as_str(), column))
}

/// Returns the unique keys of a table, and of its own lookup vindexes those that have each value
/// once.
fn keys_of(table: &Table) -> Vec<(Vec<Arc<str>>, UniqueKey)> {
    let lookups = table.owned_vindexes().filter(|one| one.vindex.unique);
    let lookups = lookups.map(|one| one.columns.clone());
    let keys = std::iter::once(table.primary_key.clone());
    let keys = keys.chain(table.unique_keys.iter().flatten().cloned()).chain(lookups);
    let with_columns = |names: Vec<Arc<str>>| {
        let columns = names.iter().map(|name| key_column(table, name)).collect();
        (names, UniqueKey { columns })
    };
    keys.map(with_columns).collect()
}

fn key_column(table: &Table, name: &str) -> KeyColumn {
    let (values, offset) = (Vec::new(), None);
    match table.column(name) {
        Some(column) => KeyColumn {
            typ: column.typ,
            collation: Collation::from_name(&column.collation_name),
            size: usize::try_from(column.size).unwrap_or(0),
            nullable: column.nullable,
            values,
            offset,
        },
        None => {
            let (typ, collation) = (Type::NULL_TYPE, None);
            KeyColumn { typ, collation, size: 0, nullable: false, values, offset }
        }
    }
}
