//! Statements that change rows, of all forms.

use super::query::{Maker, Source};
use super::schema::{Kind, Schema, Sort, Table};
use crate::oracle::Chance;

/// Makes a statement that changes rows.
pub(super) fn statement(chance: &mut Chance, schema: &mut Schema) -> String {
    let writable: Vec<usize> = (0..schema.tables.len())
        .filter(|place| schema.tables[*place].sort != Sort::Unsharded)
        .collect();
    let place = *chance.pick(&writable);
    match chance.below(100) {
        0..32 => insert(chance, &mut schema.tables[place]),
        32..40 => insert_select(chance, schema, place),
        40..68 => update(chance, schema, place),
        68..76 => update_joined(chance, schema, place),
        76..92 => delete(chance, schema, place),
        _ => delete_joined(chance, schema, place),
    }
}

fn insert(chance: &mut Chance, table: &mut Table) -> String {
    let count = if chance.percent(50) { 1 } else { 1 + chance.below(4) };
    let rows: Vec<String> =
        (0..count).map(|_| format!("({})", table.row(chance, 35).join(", "))).collect();
    let names = names(table).join(", ");
    let name = table.name.clone();
    let values = rows.join(", ");
    match chance.below(10) {
        0..4 => format!("insert into {name} ({names}) values {values}"),
        4 => format!("insert into {name} values {values}"),
        5..7 => format!("insert ignore into {name} ({names}) values {values}"),
        7..9 => {
            let sets = assignments(chance, table, &Forms::OnDuplicate);
            if sets.is_empty() {
                return format!("insert into {name} ({names}) values {values}");
            }
            format!("insert into {name} ({names}) values {values} on duplicate key update {sets}")
        }
        _ => format!("replace into {name} ({names}) values {values}"),
    }
}

fn insert_select(chance: &mut Chance, schema: &mut Schema, place: usize) -> String {
    let table = &mut schema.tables[place];
    // Keys that no row has, and as many as a query gives.
    let base = table.fresh + 1000;
    table.fresh += 3000;
    let target = table.clone();
    let mut maker = Maker::new(chance, schema);
    let source = maker.alias();
    let from = schema.tables[0].clone();
    maker.scopes.push(vec![Source::of(&from, source.clone())]);
    let mut items = Vec::new();
    for (number, column) in target.columns.iter().enumerate() {
        let key = number < target.keys;
        let item = match column.kind {
            Kind::Str if key => format!("concat('new', {source}.id + {base})"),
            _ if key && number == 0 => format!("{source}.id + {base}"),
            _ if key => "1".to_owned(),
            _ => column.value(maker.chance),
        };
        items.push(item);
    }
    let filter = maker.predicate(1);
    let names = names(&target).join(", ");
    let ignore = if maker.chance.percent(20) { " ignore" } else { "" };
    format!(
        "insert{ignore} into {} ({names}) select {} from {} {source} where {filter}",
        target.name,
        items.join(", "),
        from.name
    )
}

fn names(table: &Table) -> Vec<String> {
    table.columns.iter().map(|column| column.name.clone()).collect()
}

/// What stands on the right of an assignment.
enum Forms {
    Values,
    OnDuplicate,
    /// Of a table under this name.
    Of(String),
}

fn assignments(chance: &mut Chance, table: &Table, forms: &Forms) -> String {
    let columns = table.changeable();
    if columns.is_empty() {
        return String::new();
    }
    let mut sets: Vec<String> = Vec::new();
    for _ in 0..1 + chance.below(2) {
        let column = *chance.pick(&columns);
        let name = &column.name;
        let prefix = match forms {
            Forms::Of(alias) => format!("{alias}."),
            Forms::Values | Forms::OnDuplicate => String::new(),
        };
        if sets.iter().any(|set| set.starts_with(&format!("{prefix}{name} ="))) {
            continue;
        }
        let value = match (column.kind, chance.below(4)) {
            (_, 0) if matches!(forms, Forms::OnDuplicate) => format!("values({name})"),
            (Kind::Int | Kind::Dec | Kind::Float, 0) => format!("{prefix}{name} + 1"),
            (Kind::Str, 0) => format!("left(concat({prefix}{name}, 'q'), 4)"),
            _ => column.value(chance),
        };
        sets.push(format!("{prefix}{name} = {value}"));
    }
    sets.join(", ")
}

/// Returns a condition on a table that stands alone, under its own name.
fn condition(chance: &mut Chance, schema: &Schema, place: usize) -> String {
    let table = &schema.tables[place];
    let mut maker = Maker::new(chance, schema);
    maker.scopes.push(vec![Source::of(table, table.name.clone())]);
    match maker.chance.below(10) {
        0 => String::new(),
        1..5 => maker.routing_predicate().map_or(String::new(), |text| format!(" where {text}")),
        _ => format!(" where {}", maker.predicate(2)),
    }
}

/// Returns ORDER BY the key and LIMIT, at times.
fn page(chance: &mut Chance, table: &Table) -> String {
    if !chance.percent(15) {
        return String::new();
    }
    let keys = names(table)[..table.keys].join(", ");
    format!(" order by {keys} limit {}", 1 + chance.below(4))
}

fn update(chance: &mut Chance, schema: &Schema, place: usize) -> String {
    let table = &schema.tables[place];
    let mut sets = assignments(chance, table, &Forms::Values);
    if let Some(sharding) = table.sharding.first().filter(|_| sets.is_empty() || chance.percent(6))
    {
        let column = &table.columns[*sharding];
        let value = match column.kind {
            Kind::Str => "'moved'".to_owned(),
            _ if table.sort == Sort::ByOther => (1 + chance.below(9)).to_string(),
            _ => (500 + chance.below(50)).to_string(),
        };
        sets = format!("{} = {value}", column.name);
    }
    if sets.is_empty() {
        return delete(chance, schema, place);
    }
    let filter = condition(chance, schema, place);
    format!("update {} set {sets}{filter}{}", table.name, page(chance, table))
}

fn delete(chance: &mut Chance, schema: &Schema, place: usize) -> String {
    let table = &schema.tables[place];
    let mut filter = condition(chance, schema, place);
    if filter.is_empty() {
        let key = &table.columns[0].name;
        filter = format!(" where {key} > {}", 3 + chance.below(20));
    }
    format!("delete from {}{filter}{}", table.name, page(chance, table))
}

/// Returns FROM, with the table that changes first, and WHERE.
fn joined(chance: &mut Chance, schema: &Schema, place: usize) -> (String, String, String) {
    let table = &schema.tables[place];
    let mut maker = Maker::new(chance, schema);
    let alias = maker.alias();
    maker.scopes.push(vec![Source::of(table, alias.clone())]);
    let others: Vec<&Table> = schema.tables.iter().filter(|one| one.name != table.name).collect();
    let other = *maker.chance.pick(&others);
    let name = maker.alias();
    let source = Source::of(other, name.clone());
    let join = *maker.chance.pick(&["join", "left join"]);
    let condition = maker.join_condition(&source);
    let filter = if maker.chance.percent(70) {
        if let Some(scope) = maker.scopes.last_mut() {
            scope.push(source);
        }
        format!(" where {}", maker.predicate(1))
    } else {
        String::new()
    };
    let from = format!("{} {alias} {join} {} {name} on {condition}", table.name, other.name);
    (from, filter, alias)
}

fn update_joined(chance: &mut Chance, schema: &Schema, place: usize) -> String {
    let (from, filter, alias) = joined(chance, schema, place);
    let sets = assignments(chance, &schema.tables[place], &Forms::Of(alias));
    if sets.is_empty() {
        return update(chance, schema, place);
    }
    format!("update {from} set {sets}{filter}")
}

fn delete_joined(chance: &mut Chance, schema: &Schema, place: usize) -> String {
    let (from, filter, alias) = joined(chance, schema, place);
    if chance.percent(70) {
        return format!("delete {alias} from {from}{filter}");
    }
    format!("delete from {alias} using {from}{filter}")
}
