//! Tables by chance: types of all families, keys, sharding of every sort, and rows that meet each
//! other.

use serde_json::{Value as Json, json};

use super::super::world::World;
use crate::oracle::Chance;

/// What a value can be used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Dec,
    Float,
    Str,
    Date,
    DateTime,
    Time,
    Json,
}

pub(super) const SIMPLE: [Kind; 7] =
    [Kind::Int, Kind::Dec, Kind::Float, Kind::Str, Kind::Date, Kind::DateTime, Kind::Time];

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    typ: &'static str,
    not_null: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Table {
    /// As statements name it; the unsharded one with its keyspace.
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The primary key's columns come first; so many.
    pub(super) keys: usize,
    /// The columns that decide the shard.
    pub(super) sharding: Vec<usize>,
    pub(super) sort: Sort,
    /// The owned lookup vindex, where there is one.
    lookup: Option<Lookup>,
    /// Keys from here on are free.
    pub(super) fresh: i64,
}

/// An owned lookup vindex over a column.
#[derive(Clone, Copy, Debug)]
struct Lookup {
    column: usize,
    unique: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Sharded,
    /// Sharded by a column that is not in the primary key: only fresh keys are unique everywhere.
    ByOther,
    Reference,
    /// In the unsharded keyspace: read only, since all sides share it.
    Unsharded,
}

#[derive(Clone, Debug)]
pub(super) struct Schema {
    pub(super) tables: Vec<Table>,
    pub(super) world: World,
}

const TYPES: [(&str, Kind); 28] = [
    ("int", Kind::Int),
    ("bigint", Kind::Int),
    ("smallint", Kind::Int),
    ("tinyint", Kind::Int),
    ("int unsigned", Kind::Int),
    ("bigint unsigned", Kind::Int),
    ("mediumint", Kind::Int),
    ("year", Kind::Int),
    ("decimal(10,2)", Kind::Dec),
    ("decimal(20,6)", Kind::Dec),
    ("decimal(5,0)", Kind::Dec),
    ("double", Kind::Float),
    ("float", Kind::Float),
    ("varchar(20)", Kind::Str),
    ("varchar(20)", Kind::Str),
    ("varchar(30) collate utf8mb4_bin", Kind::Str),
    ("varchar(30) collate utf8mb4_general_ci", Kind::Str),
    ("char(8)", Kind::Str),
    ("text", Kind::Str),
    ("varbinary(16)", Kind::Str),
    ("enum('one','two','Three','four')", Kind::Str),
    ("set('one','two','four')", Kind::Str),
    ("varchar(20) character set latin1", Kind::Str),
    ("date", Kind::Date),
    ("datetime", Kind::DateTime),
    ("datetime(3)", Kind::DateTime),
    ("time", Kind::Time),
    ("json", Kind::Json),
];

impl Schema {
    pub(super) fn by_chance(chance: &mut Chance) -> Schema {
        let mut tables = vec![
            parent(chance),
            child(chance),
            texts(chance),
            by_other(chance),
            small(chance, "r1", Sort::Reference),
            small(chance, "one.u1", Sort::Unsharded),
        ];
        let mut statements = Vec::new();
        let mut vschema = serde_json::Map::new();
        let mut vindexes = json!({
            "hash": { "type": "hash" },
            "xxhash": { "type": "xxhash" },
            "binary_md5": { "type": "binary_md5" },
            "loose": { "type": "unicode_loose_xxhash" },
            "reverse": { "type": "reverse_bits" },
        });
        let mut unsharded = json!({ "u1": {} });
        for table in &mut tables {
            table.choose_lookup(chance);
            if let Some(lookup) = table.lookup {
                statements.push(table.create_entries(lookup));
                vindexes[table.lookup_name()] = table.lookup_vindex(lookup);
                unsharded[format!("{{ks}}_{}", table.lookup_name())] = json!({});
            }
            statements.push(table.create(chance));
            if let Some(how) = table.vschema(chance) {
                vschema.insert(table.name.clone(), how);
            }
        }
        for table in &mut tables {
            statements.push(table.fill(chance));
        }
        let sharded = json!({
            "sharded": true,
            "vindexes": vindexes,
            "tables": vschema,
        });
        let world = World { statements, sharded, unsharded: json!({ "tables": unsharded }) };
        Schema { tables, world }
    }
}

fn column(name: &str, typ: &'static str, kind: Kind) -> Column {
    Column { name: name.to_owned(), kind, typ, not_null: true }
}

/// Returns some columns that are no keys.
fn others(chance: &mut Chance, count: usize) -> Vec<Column> {
    let letters = ["a", "b", "c", "d", "e", "f"];
    let mut columns = Vec::new();
    for letter in &letters[..count.min(letters.len())] {
        let (typ, kind) = *chance.pick(&TYPES);
        let not_null = chance.percent(25);
        columns.push(Column { name: (*letter).to_owned(), kind, typ, not_null });
    }
    columns
}

fn table(name: &str, mut keys: Vec<Column>, sharding: Vec<usize>, more: Vec<Column>) -> Table {
    let count = keys.len();
    keys.extend(more);
    Table {
        name: name.to_owned(),
        columns: keys,
        keys: count,
        sharding,
        sort: Sort::Sharded,
        lookup: None,
        fresh: 1,
    }
}

fn parent(chance: &mut Chance) -> Table {
    let count = 3 + chance.below(3);
    let more = others(chance, count);
    table("t1", vec![column("id", "bigint", Kind::Int)], vec![0], more)
}

fn child(chance: &mut Chance) -> Table {
    let keys = vec![column("t1_id", "bigint", Kind::Int), column("n", "int", Kind::Int)];
    let count = 2 + chance.below(3);
    table("t2", keys, vec![0], others(chance, count))
}

fn texts(chance: &mut Chance) -> Table {
    let count = 2 + chance.below(3);
    table("t3", vec![column("k", "varchar(20)", Kind::Str)], vec![0], others(chance, count))
}

fn by_other(chance: &mut Chance) -> Table {
    let mut more = vec![column("g", "bigint", Kind::Int)];
    let count = 2 + chance.below(3);
    more.extend(others(chance, count));
    let mut table = table("t4", vec![column("id", "int", Kind::Int)], vec![1], more);
    table.sort = Sort::ByOther;
    table
}

fn small(chance: &mut Chance, name: &str, sort: Sort) -> Table {
    let count = 2 + chance.below(2);
    let mut table =
        table(name, vec![column("id", "int", Kind::Int)], vec![], others(chance, count));
    table.sort = sort;
    table
}

/// Types whose equal values are equal as keys of a lookup's table.
const LOOKED_UP: [&str; 10] = [
    "int",
    "bigint",
    "smallint",
    "tinyint",
    "mediumint",
    "int unsigned",
    "bigint unsigned",
    "varchar(20)",
    "varchar(30) collate utf8mb4_bin",
    "date",
];

impl Table {
    /// Gives a table a lookup vindex, at times: a unique one over the key that does not decide on
    /// the shard, or one over a column of the parent.
    fn choose_lookup(&mut self, chance: &mut Chance) {
        if self.sort == Sort::ByOther && chance.percent(60) {
            self.lookup = Some(Lookup { column: 0, unique: true });
        } else if self.name == "t1" && chance.percent(40) {
            let mut columns = self.columns.iter().enumerate().skip(self.keys);
            let column = columns.find(|(_, column)| LOOKED_UP.contains(&column.typ));
            self.lookup = column.map(|(column, _)| Lookup { column, unique: false });
        }
    }

    fn lookup_name(&self) -> String {
        format!("{}_by", self.name)
    }

    /// Makes the table of the entries, of which each sharded keyspace has its own.
    fn create_entries(&self, lookup: Lookup) -> String {
        let Column { name, typ, .. } = &self.columns[lookup.column];
        let key = if lookup.unique { name.clone() } else { format!("{name}, keyspace_id") };
        format!(
            "/* gateway */ create table one.{{ks}}_{} ({name} {typ} not null, \
             keyspace_id varbinary(16) not null, primary key ({key}))",
            self.lookup_name()
        )
    }

    fn lookup_vindex(&self, lookup: Lookup) -> Json {
        let kind = if lookup.unique { "consistent_lookup_unique" } else { "consistent_lookup" };
        let params = json!({
            "table": format!("one.{{ks}}_{}", self.lookup_name()),
            "from": self.columns[lookup.column].name,
            "to": "keyspace_id",
            "ignore_nulls": "true",
        });
        json!({ "type": kind, "params": params, "owner": self.name })
    }

    fn create(&self, chance: &mut Chance) -> String {
        let mut parts: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                let null = if column.not_null { " not null" } else { "" };
                format!("{} {}{null}", column.name, column.typ)
            })
            .collect();
        let keys: Vec<&str> =
            self.columns[..self.keys].iter().map(|column| column.name.as_str()).collect();
        parts.push(format!("primary key ({})", keys.join(", ")));
        let last = &self.columns[self.columns.len() - 1];
        let indexed = !matches!(last.kind, Kind::Json) && last.typ != "text";
        if indexed && chance.percent(40) {
            parts.push(format!("key ({})", last.name));
        }
        format!("create table {} ({})", self.name, parts.join(", "))
    }

    /// Returns how a sharded keyspace holds the table; the unsharded one is not there.
    fn vschema(&self, chance: &mut Chance) -> Option<Json> {
        match self.sort {
            Sort::Unsharded => None,
            Sort::Reference => Some(json!({ "type": "reference" })),
            Sort::Sharded | Sort::ByOther => {
                let column = &self.columns[*self.sharding.first()?];
                // Equal under the column's collation must be equal to the vindex.
                let vindex = match column.kind {
                    Kind::Str => "loose",
                    // The child lives with its parent.
                    _ if self.name == "t1" || self.name == "t2" => "hash",
                    _ => *chance.pick(&["hash", "xxhash", "binary_md5", "reverse"]),
                };
                let mut vindexes = vec![json!({ "column": column.name, "name": vindex })];
                if let Some(lookup) = self.lookup {
                    let column = &self.columns[lookup.column].name;
                    vindexes.push(json!({ "column": column, "name": self.lookup_name() }));
                }
                Some(json!({ "column_vindexes": vindexes }))
            }
        }
    }

    fn fill(&mut self, chance: &mut Chance) -> String {
        let count = match self.sort {
            Sort::Reference | Sort::Unsharded => 2 + chance.below(5),
            _ => 4 + chance.below(18),
        };
        let mut rows = Vec::new();
        for _ in 0..count {
            let values = self.row(chance, 0);
            rows.push(format!("({})", values.join(", ")));
        }
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        format!("insert into {} ({}) values\n {}", self.name, names.join(", "), rows.join(",\n "))
    }

    /// Returns the values of a row; so many times of a hundred its key is one that was used.
    pub(super) fn row(&mut self, chance: &mut Chance, used: usize) -> Vec<String> {
        // Without a lookup nothing keeps a key unique over shards.
        let is_unique = self.sort != Sort::ByOther || self.lookup.is_some_and(|one| one.unique);
        let again = is_unique && self.fresh > 1 && chance.percent(used);
        let number = if again { 1 + chance.below(self.fresh as usize) as i64 } else { self.fresh };
        if !again {
            self.fresh += 1;
        }
        let mut values = Vec::new();
        for (place, column) in self.columns.iter().enumerate() {
            let value = match (self.name.as_str(), place) {
                // Several children of one parent, and of some there is none.
                ("t2", 0) => (number / 3 * 2 + 1).to_string(),
                ("t2", 1) => (number % 3).to_string(),
                ("t3", 0) => key_text(number),
                (_, place) if place < self.keys => number.to_string(),
                ("t4", 1) => (1 + chance.below(9)).to_string(),
                _ => column.value(chance),
            };
            values.push(value);
        }
        values
    }

    pub(super) fn changeable(&self) -> Vec<&Column> {
        let free =
            |(place, _): &(usize, &Column)| *place >= self.keys && !self.sharding.contains(place);
        self.columns.iter().enumerate().filter(free).map(|(_, column)| column).collect()
    }
}

/// Returns a text that no other number has, in a collation that knows neither case nor accents.
fn key_text(number: i64) -> String {
    let words = ["alpha", "Beta", "GAMMA", "délta", "épsilon", "zeta"];
    let word = words[(number % 6) as usize];
    if number < 6 { format!("'{word}'") } else { format!("'{word}{}'", number / 6) }
}

impl Column {
    /// Returns a value of the column, NULL at times where it may be.
    pub(super) fn value(&self, chance: &mut Chance) -> String {
        if !self.not_null && chance.percent(18) {
            return "null".to_owned();
        }
        let list: &[&str] = match self.typ {
            "year" => &["1999", "2024", "2000", "1970"],
            "tinyint" => &["-128", "-1", "0", "1", "2", "3", "7", "127"],
            "int unsigned" => &["0", "1", "2", "3", "7", "100", "4294967295"],
            "bigint unsigned" => &["0", "1", "2", "3", "7", "100", "18446744073709551615"],
            "decimal(5,0)" => &["-3", "0", "1", "2", "7", "99999"],
            "enum('one','two','Three','four')" => &["'one'", "'two'", "'Three'", "'four'"],
            "set('one','two','four')" => &["''", "'one'", "'one,two'", "'four'", "'one,two,four'"],
            "varchar(20) character set latin1" => &["'a'", "'é'", "'Abc'", "''", "'b'"],
            "char(8)" => &["'a'", "'b '", "'B'", "''", "'abc'", "'12'"],
            "datetime(3)" => &[
                "'2024-02-29 12:34:56.789'",
                "'2000-01-01 00:00:00.000'",
                "'2024-05-01 10:00:00.500'",
            ],
            _ => literals(self.kind),
        };
        (*chance.pick(list)).to_owned()
    }
}

/// Returns literals of a kind.
pub(super) fn literals(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Int => &["-7", "-1", "0", "1", "2", "3", "4", "5", "7", "12", "100", "1000"],
        Kind::Dec => &["-2.50", "0.00", "0.50", "1.00", "1.25", "3.00", "7.10", "99.99", "1000.01"],
        Kind::Float => &["-1.5e0", "0e0", "0.5e0", "1e0", "2.25e0", "3e0", "64e0", "1024.5e0"],
        Kind::Str => &[
            "'a'",
            "'A'",
            "'b'",
            "'abc'",
            "'Abd'",
            "''",
            "'é'",
            "'x y'",
            "'12'",
            "'one'",
            "'two'",
            "'Zürich'",
            "'a_c'",
            "'50%'",
        ],
        Kind::Date => {
            &["'2024-02-29'", "'2000-01-01'", "'1999-12-31'", "'2024-05-01'", "'1970-01-01'"]
        }
        Kind::DateTime => &[
            "'2024-02-29 12:34:56'",
            "'2000-01-01 00:00:00'",
            "'1999-12-31 23:59:59'",
            "'2024-05-01 10:00:00'",
        ],
        Kind::Time => &["'00:00:00'", "'10:11:12'", "'-01:00:00'", "'23:59:59'", "'100:00:00'"],
        Kind::Json => &[
            "'{\"a\": 1, \"b\": [1, 2]}'",
            "'[1, 2, 3]'",
            "'null'",
            "'\"x\"'",
            "'{\"a\": \"z\"}'",
            "'5'",
        ],
    }
}
