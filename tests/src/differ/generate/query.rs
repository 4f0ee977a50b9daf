//! Queries: joins of all kinds, subqueries, set operations, common table expressions, pages.

use super::schema::{Kind, SIMPLE, Schema, Sort, Table};
use crate::oracle::Chance;

/// What a query gives.
pub(super) struct Query {
    pub(super) sql: String,
    pub(super) kinds: Vec<Kind>,
}

/// Something in FROM.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) alias: String,
    pub(super) columns: Vec<(String, Kind)>,
    /// The columns that tell one row from the others; of a derived table all.
    pub(super) keys: Vec<String>,
    /// The column that decides the shard.
    routing: Option<(String, Kind)>,
}

/// Whether the columns of a query get names, as a derived table's must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    Named,
    Free,
}

/// Makes one statement.
pub(super) struct Maker<'a> {
    pub(super) chance: &'a mut Chance,
    schema: &'a Schema,
    /// What can be seen, the innermost query last.
    pub(super) scopes: Vec<Vec<Source>>,
    common: Vec<Source>,
    aliases: usize,
    /// How many more subqueries there may be.
    pub(super) subqueries: usize,
}

impl<'a> Maker<'a> {
    pub(super) fn new(chance: &'a mut Chance, schema: &'a Schema) -> Maker<'a> {
        let subqueries = chance.below(4);
        Maker { chance, schema, scopes: Vec::new(), common: Vec::new(), aliases: 0, subqueries }
    }

    /// Makes a whole query.
    pub(super) fn top(&mut self) -> String {
        let with = if self.chance.percent(10) { self.with() } else { String::new() };
        let is_set = self.chance.percent(12);
        let query = match is_set {
            true => self.set_operation(2, Naming::Free),
            false => self.select(None, 2, Naming::Free),
        };
        let locks = match self.chance.below(50) {
            0 if !is_set => " for update",
            1 if !is_set => " for share",
            _ => "",
        };
        let star = query.kinds.is_empty();
        let paged = if star { String::new() } else { self.page(query.kinds.len(), 35) };
        format!("{with}{}{paged}{locks}", query.sql)
    }

    pub(super) fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("x{}", self.aliases)
    }

    /// Returns ORDER BY over all columns, and often LIMIT; nothing at times.
    fn page(&mut self, columns: usize, limit: usize) -> String {
        if self.chance.percent(40) {
            return String::new();
        }
        let mut places: Vec<usize> = (1..=columns).collect();
        if self.chance.percent(40) {
            places.reverse();
        }
        let orders: Vec<String> =
            places
                .into_iter()
                .map(|place| {
                    if self.chance.percent(30) {
                        format!("{place} desc")
                    } else {
                        place.to_string()
                    }
                })
                .collect();
        let mut text = format!(" order by {}", orders.join(", "));
        if self.chance.percent(limit) {
            text.push_str(&format!(" limit {}", self.chance.below(8)));
            if self.chance.percent(30) {
                text.push_str(&format!(" offset {}", self.chance.below(5)));
            }
        }
        text
    }

    fn with(&mut self) -> String {
        let mut parts = Vec::new();
        let recursive = self.chance.percent(20);
        if recursive {
            let alias = self.alias();
            let end = 2 + self.chance.below(5);
            parts.push(format!(
                "{alias} (n) as (select 1 union all select n + 1 from {alias} where n < {end})"
            ));
            let columns = vec![("n".to_owned(), Kind::Int)];
            self.common.push(Source { alias, columns, keys: vec!["n".to_owned()], routing: None });
        }
        if !recursive || self.chance.percent(30) {
            let query = self.block(1);
            let source = self.derived_source(&query);
            parts.push(format!("{} as ({})", source.alias, query.sql));
            self.common.push(source);
        }
        format!("with {}{} ", if recursive { "recursive " } else { "" }, parts.join(", "))
    }

    pub(super) fn derived_source(&mut self, query: &Query) -> Source {
        let columns: Vec<(String, Kind)> = query
            .kinds
            .iter()
            .enumerate()
            .map(|(place, kind)| (format!("c{}", place + 1), *kind))
            .collect();
        Source::made(self.alias(), columns)
    }

    /// Makes a query for a derived table: it sees nothing of what is around it.
    fn block(&mut self, depth: usize) -> Query {
        let outer = std::mem::take(&mut self.scopes);
        let mut query = if self.chance.percent(15) {
            self.set_operation(depth, Naming::Named)
        } else {
            self.select(None, depth, Naming::Named)
        };
        if self.chance.percent(20) {
            query.sql.push_str(&self.page(query.kinds.len(), 70));
        }
        self.scopes = outer;
        query
    }

    fn set_operation(&mut self, depth: usize, naming: Naming) -> Query {
        let count = 1 + self.chance.below(3);
        let kinds: Vec<Kind> = (0..count).map(|_| *self.chance.pick(&SIMPLE)).collect();
        let mut sql = self.select(Some(&kinds), depth.saturating_sub(1), naming).sql;
        for _ in 0..1 + self.chance.below(2) {
            let operators = [
                "union",
                "union all",
                "union",
                "union all",
                "intersect",
                "except",
                "union distinct",
            ];
            let operator = *self.chance.pick(&operators);
            let mut part = self.select(Some(&kinds), depth.saturating_sub(1), naming).sql;
            if self.chance.percent(25) {
                part = format!("({part}{})", self.page(kinds.len(), 50));
            }
            sql = format!("{sql} {operator} {part}");
        }
        Query { sql, kinds }
    }

    /// Makes a SELECT without ORDER BY; of given kinds, where they are.
    pub(super) fn select(
        &mut self,
        wanted: Option<&[Kind]>,
        depth: usize,
        naming: Naming,
    ) -> Query {
        self.scopes.push(Vec::new());
        let from = self.from(depth);
        let filter = if self.chance.percent(70) {
            format!(" where {}", self.predicate(2))
        } else {
            String::new()
        };
        let query = match self.chance.below(100) {
            0..28 => self.grouped(wanted, naming, &from, &filter),
            28..32 if wanted.is_none() && naming == Naming::Free => {
                Query { sql: format!("select * from {from}{filter}"), kinds: Vec::new() }
            }
            _ => self.listed(wanted, naming, &from, &filter),
        };
        self.scopes.pop();
        query
    }

    fn listed(
        &mut self,
        wanted: Option<&[Kind]>,
        naming: Naming,
        from: &str,
        filter: &str,
    ) -> Query {
        let kinds = self.kinds(wanted);
        let distinct = if self.chance.percent(12) { "distinct " } else { "" };
        let mut items = Vec::new();
        for kind in &kinds {
            let item = if distinct.is_empty() && self.chance.percent(8) && *kind == Kind::Int {
                self.window()
            } else {
                self.expr(*kind, 2)
            };
            items.push(item);
        }
        let list = self.named(items, naming);
        Query { sql: format!("select {distinct}{list} from {from}{filter}"), kinds }
    }

    pub(super) fn kinds(&mut self, wanted: Option<&[Kind]>) -> Vec<Kind> {
        match wanted {
            Some(kinds) => kinds.to_vec(),
            None => {
                let count = 1 + self.chance.below(4);
                (0..count)
                    .map(|_| {
                        if self.chance.percent(4) { Kind::Json } else { *self.chance.pick(&SIMPLE) }
                    })
                    .collect()
            }
        }
    }

    /// Writes a select list.
    pub(super) fn named(&mut self, items: Vec<String>, naming: Naming) -> String {
        let mut list = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            if naming == Naming::Named || self.chance.percent(15) {
                list.push(format!("{item} as c{}", place + 1));
            } else {
                list.push(item);
            }
        }
        list.join(", ")
    }

    fn from(&mut self, depth: usize) -> String {
        let (mut text, first) = self.source(depth);
        self.see(first);
        let joins = match self.chance.below(10) {
            0..5 => 0,
            5..8 => 1,
            _ => 2,
        };
        let commas = self.chance.percent(15);
        for _ in 0..joins {
            if self.chance.percent(10) {
                let (table, source) = self.lateral();
                text.push_str(&table);
                self.see(source);
                continue;
            }
            let (table, source) = self.source(depth.saturating_sub(1));
            let condition = self.join_condition(&source);
            let source_keys = source.keys.clone();
            let alone = self.scopes.last().is_some_and(|scope| scope.len() == 1);
            self.see(source);
            if commas {
                text.push_str(&format!(", {table}"));
                continue;
            }
            let kind = *self.chance.pick(&[
                "join",
                "left join",
                "left join",
                "inner join",
                "right join",
                "cross join",
            ]);
            text.push_str(&format!(" {kind} {table}"));
            let shared = if alone { self.shared_key(&source_keys) } else { None };
            if let Some(key) = shared.filter(|_| kind != "cross join" && self.chance.percent(25)) {
                text.push_str(&format!(" using ({key})"));
            } else if kind != "cross join" {
                let more = if self.chance.percent(20) {
                    let kept = std::mem::take(&mut self.subqueries);
                    let more = format!(" and {}", self.predicate(0));
                    self.subqueries = kept;
                    more
                } else {
                    String::new()
                };
                text.push_str(&format!(" on {condition}{more}"));
            }
        }
        text
    }

    /// Returns a key column of the first source whose name is among these.
    fn shared_key(&self, names: &[String]) -> Option<String> {
        let first = self.scopes.last()?.first()?;
        first.keys.iter().find(|key| names.contains(key)).cloned()
    }

    fn see(&mut self, source: Source) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.push(source);
        }
    }

    /// Returns a condition between what is seen already and a new source.
    pub(super) fn join_condition(&mut self, source: &Source) -> String {
        let seen = self.scopes.last().cloned().unwrap_or_default();
        let mut pairs = Vec::new();
        for one in &seen {
            for (name, kind) in &one.columns {
                for (other, same) in &source.columns {
                    if kind == same && *kind != Kind::Json {
                        let pair = format!("{}.{name} = {}.{other}", one.alias, source.alias);
                        let is_key = one.keys.contains(name) || source.keys.contains(other);
                        // Keys meet each other more often than chance would have it.
                        pairs.extend(std::iter::repeat_n(pair, if is_key { 4 } else { 1 }));
                    }
                }
            }
        }
        if pairs.is_empty() { "true".to_owned() } else { self.chance.pick(&pairs).clone() }
    }

    fn source(&mut self, depth: usize) -> (String, Source) {
        if !self.common.is_empty() && self.chance.percent(50) {
            let common = self.chance.pick(&self.common).clone();
            let alias = self.alias();
            return (format!("{} {alias}", common.alias), Source { alias, ..common });
        }
        if depth > 0 && self.chance.percent(18) {
            let query = self.block(depth - 1);
            let source = self.derived_source(&query);
            return (format!("({}) {}", query.sql, source.alias), source);
        }
        let schema = self.schema;
        let table = self.chance.pick(&schema.tables);
        let alias = self.alias();
        (format!("{} {alias}", table.name), Source::of(table, alias))
    }

    /// Returns a column that can be seen, of the query itself or of one around it.
    pub(super) fn column(&mut self, kind: Kind) -> Option<String> {
        let depth = self.scopes.len();
        let outer = depth > 1 && self.chance.percent(20);
        let scope = self.scopes.get(if outer { depth - 2 } else { depth.checked_sub(1)? })?;
        let of_kind: Vec<String> = scope
            .iter()
            .flat_map(|source| {
                let alias = &source.alias;
                let of_kind = source.columns.iter().filter(|(_, one)| *one == kind);
                of_kind.map(move |(name, _)| format!("{alias}.{name}"))
            })
            .collect();
        if of_kind.is_empty() { None } else { Some(self.chance.pick(&of_kind).clone()) }
    }

    /// Returns a key column with small numbers.
    pub(super) fn key_column(&mut self) -> Option<String> {
        let scope = self.scopes.last()?;
        let keys: Vec<String> = scope
            .iter()
            .flat_map(|source| {
                let ints = source.columns.iter().filter(|(name, kind)| {
                    *kind == Kind::Int && source.keys.contains(name) && !name.starts_with('c')
                });
                ints.map(|(name, _)| format!("{}.{name}", source.alias))
            })
            .collect();
        if keys.is_empty() { None } else { Some(self.chance.pick(&keys).clone()) }
    }

    /// Returns the columns by which every row of the query has its place.
    pub(super) fn total_order(&self) -> String {
        let keys: Vec<String> = self
            .scopes
            .last()
            .into_iter()
            .flatten()
            .flat_map(|source| source.keys.iter().map(move |key| format!("{}.{key}", source.alias)))
            .collect();
        keys.join(", ")
    }

    /// Returns a condition that decides on shards.
    pub(super) fn routing_predicate(&mut self) -> Option<String> {
        let scope = self.scopes.last()?;
        let routed: Vec<(String, Kind)> = scope
            .iter()
            .filter_map(|source| {
                let (name, kind) = source.routing.as_ref()?;
                Some((format!("{}.{name}", source.alias), *kind))
            })
            .collect();
        if routed.is_empty() {
            return None;
        }
        let (column, kind) = self.chance.pick(&routed).clone();
        let value = |chance: &mut Chance| match kind {
            Kind::Str => {
                (*chance.pick(&["'alpha'", "'BETA'", "'gamma1'", "'delta'", "'none'"])).to_owned()
            }
            _ => chance.below(20).to_string(),
        };
        let first = value(self.chance);
        Some(match self.chance.below(6) {
            0..3 => format!("{column} = {first}"),
            3 => format!("{column} in ({first}, {}, {})", value(self.chance), value(self.chance)),
            4 => format!("{column} between {first} and {}", value(self.chance)),
            _ => format!("({column} = {first} or {column} = {})", value(self.chance)),
        })
    }

    /// Makes a subquery of one value.
    pub(super) fn scalar_subquery(&mut self, kind: Kind) -> String {
        self.subqueries -= 1;
        self.scopes.push(Vec::new());
        let from = self.from(0);
        let item = match kind {
            Kind::Int if self.chance.percent(50) => "count(*)".to_owned(),
            Kind::Json => "count(*)".to_owned(),
            kind => format!("{}({})", self.chance.pick(&["max", "min"]), self.expr(kind, 1)),
        };
        let filter = if self.chance.percent(80) {
            format!(" where {}", self.predicate(1))
        } else {
            String::new()
        };
        self.scopes.pop();
        format!("(select {item} from {from}{filter})")
    }

    pub(super) fn subquery_predicate(&mut self) -> String {
        self.subqueries -= 1;
        let kind = *self.chance.pick(&[Kind::Int, Kind::Int, Kind::Str, Kind::Dec, Kind::Date]);
        let left = self.expr(kind, 0);
        self.scopes.push(Vec::new());
        let from = self.from(0);
        let right = self.expr(kind, 1);
        let filter = if self.chance.percent(75) {
            format!(" where {}", self.predicate(1))
        } else {
            String::new()
        };
        self.scopes.pop();
        match self.chance.below(10) {
            0..2 => format!("exists (select 1 from {from}{filter})"),
            2..4 => format!("not exists (select {right} from {from}{filter})"),
            4..7 => format!("{left} in (select {right} from {from}{filter})"),
            7 => format!("{left} not in (select {right} from {from}{filter})"),
            8 => {
                let operator = *self.chance.pick(&["=", "<", ">=", "<>"]);
                let every = *self.chance.pick(&["any", "all", "some"]);
                format!("{left} {operator} {every} (select {right} from {from}{filter})")
            }
            _ => format!("{left} = (select max({right}) from {from}{filter})"),
        }
    }
}

impl Source {
    /// A table that a statement makes: all its columns tell one row from the others.
    pub(super) fn made(alias: String, columns: Vec<(String, Kind)>) -> Source {
        let keys = columns.iter().map(|(name, _)| name.clone()).collect();
        Source { alias, columns, keys, routing: None }
    }

    pub(super) fn of(table: &Table, alias: String) -> Source {
        let columns: Vec<(String, Kind)> =
            table.columns.iter().map(|column| (column.name.clone(), column.kind)).collect();
        let keys = columns[..table.keys].iter().map(|(name, _)| name.clone()).collect();
        let routing = match table.sort {
            Sort::Sharded | Sort::ByOther => {
                table.sharding.first().and_then(|place| columns.get(*place)).cloned()
            }
            Sort::Reference | Sort::Unsharded => None,
        };
        Source { alias, columns, keys, routing }
    }
}
