//! Tables that generated expressions run over: a column of every type, with values at its edges.

use super::chance::Chance;
use crate::oracle::files::Surroundings;

/// A column: its name, definition, class, and values as INSERT takes them.
struct Sample(&'static str, &'static str, char, &'static [&'static str]);

const SAMPLES: &[Sample] = &[
    Sample("ti", "TINYINT", 'n', &["-128", "127", "0", "NULL"]),
    Sample("tu", "TINYINT UNSIGNED", 'n', &["0", "255", "7", "NULL"]),
    Sample("si", "SMALLINT NOT NULL", 'n', &["-32768", "32767", "0"]),
    Sample("mi", "MEDIUMINT UNSIGNED", 'n', &["0", "16777215", "NULL"]),
    Sample("i", "INT", 'n', &["-2147483648", "2147483647", "0", "20240229", "NULL"]),
    Sample("iu", "INT UNSIGNED NOT NULL", 'n', &["0", "4294967295", "101112"]),
    Sample("bi", "BIGINT", 'n', &["-9223372036854775808", "9223372036854775807", "1", "NULL"]),
    Sample("bu", "BIGINT UNSIGNED", 'n', &["0", "18446744073709551615", "3", "NULL"]),
    Sample("d1", "DECIMAL(10,2)", 'n', &["-99999999.99", "0.05", "2.50", "NULL"]),
    Sample(
        "d2",
        "DECIMAL(65,30) NOT NULL",
        'n',
        &["0", "-1.5", "99999999999999999999999999999999999.5"],
    ),
    Sample("d3", "DECIMAL(20,0) UNSIGNED", 'n', &["0", "99999999999999999999", "NULL"]),
    Sample("f", "FLOAT", 'n', &["0", "-1.5", "3.4e38", "0.1", "NULL"]),
    Sample("db", "DOUBLE", 'n', &["0", "-1.5", "1.7976931348623157e308", "0.1", "NULL"]),
    Sample("bt", "BIT(10)", 'n', &["b'0'", "b'1111111111'", "65", "NULL"]),
    Sample("y", "YEAR", 'n', &["1901", "2155", "0", "2024", "NULL"]),
    Sample(
        "dt",
        "DATE",
        't',
        &["'0000-00-00'", "'2024-02-29'", "'9999-12-31'", "'2024-00-10'", "NULL"],
    ),
    Sample(
        "dm",
        "DATETIME",
        't',
        &["'0000-00-00'", "'2024-02-29 11:22:33'", "'1000-01-01'", "NULL"],
    ),
    Sample(
        "dx",
        "DATETIME(6) NOT NULL",
        't',
        &["'2024-02-29 23:59:59.999999'", "'1999-12-31 00:00:00.5'"],
    ),
    Sample(
        "ts",
        "TIMESTAMP(3) NULL",
        't',
        &["'2024-02-29 11:22:33.25'", "'1970-01-02'", "'2038-01-18'", "NULL"],
    ),
    Sample("tm", "TIME", 't', &["'-838:59:59'", "'838:59:59'", "'00:00:00'", "'11:22:33'", "NULL"]),
    Sample("tx", "TIME(3)", 't', &["'-00:00:00.5'", "'23:59:59.999'", "NULL"]),
    Sample("c", "CHAR(5)", 's', &["''", "'a'", "'A b'", "'äöü'", "NULL"]),
    Sample("vc", "VARCHAR(20)", 's', &["''", "'abc '", "'😀é'", "'12.5x'", "'2024-02-29'", "NULL"]),
    Sample("vl", "VARCHAR(10) CHARACTER SET latin1", 's', &["'caf\u{e9}'", "'x'", "NULL"]),
    Sample("vb", "VARCHAR(10) COLLATE utf8mb4_bin NOT NULL", 's', &["'abc'", "'ABC'", "''"]),
    Sample("vg", "VARCHAR(10) COLLATE utf8mb4_general_ci", 's', &["'stra\u{df}e'", "'a'", "NULL"]),
    Sample("tt", "TEXT", 's', &["''", "'long text with words'", "'11:22:33'", "NULL"]),
    Sample("bn", "BINARY(4)", 'b', &["'a'", "x'00FF00FF'", "NULL"]),
    Sample("vn", "VARBINARY(10)", 'b', &["''", "x'C3A4'", "'12'", "NULL"]),
    Sample("bl", "BLOB", 'b', &["x'0001'", "'abc'", "NULL"]),
    Sample("en", "ENUM('a','b','3')", 's', &["'a'", "'3'", "NULL"]),
    Sample("st", "SET('x','y','z') NOT NULL", 's', &["''", "'x,z'", "'y'"]),
    Sample("js", "JSON", 'j', &["'{\"a\": [1, 2.5, null]}'", "'[]'", "'\"s\"'", "'12'", "NULL"]),
];

/// A table of some columns and rows.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<usize>,
    /// The values of each row, one for each column.
    rows: Vec<Vec<&'static str>>,
}

impl Table {
    /// Makes a table by chance.
    pub(crate) fn by_chance(chance: &mut Chance) -> Table {
        let mut columns: Vec<usize> = (0..6).map(|_| chance.below(SAMPLES.len())).collect();
        columns.sort_unstable();
        columns.dedup();
        let row = |chance: &mut Chance| {
            columns.iter().map(|column| *chance.pick(SAMPLES[*column].3)).collect()
        };
        let rows = (0..4).map(|_| row(chance)).collect();
        Table { columns, rows }
    }

    /// Returns a column of the class, if there is one; any column for the class of all.
    pub(crate) fn column(&self, class: char, chance: &mut Chance) -> Option<(&'static str, char)> {
        let wanted = if class == 'i' { 'n' } else { class };
        let fit: Vec<&Sample> = self
            .columns
            .iter()
            .map(|column| &SAMPLES[*column])
            .filter(|sample| wanted == 'a' || sample.2 == wanted)
            .collect();
        if fit.is_empty() {
            return None;
        }
        let sample = chance.pick(&fit);
        Some((sample.0, sample.2))
    }

    /// Puts the table into surroundings.
    pub(crate) fn put(&self, surroundings: &mut Surroundings) {
        let definitions: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("{} {}", SAMPLES[*column].0, SAMPLES[*column].1))
            .collect();
        surroundings.table = Some(definitions.join(", "));
        surroundings.rows = self.rows.iter().map(|row| row.join(", ")).collect();
    }

    /// Returns tables with a row or a column less; none loses the last.
    pub(crate) fn smaller(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        if self.rows.len() > 1 {
            for place in 0..self.rows.len() {
                let mut table = self.clone();
                table.rows.remove(place);
                tables.push(table);
            }
        }
        if self.columns.len() > 1 {
            for place in 0..self.columns.len() {
                let mut table = self.clone();
                table.columns.remove(place);
                for row in &mut table.rows {
                    row.remove(place);
                }
                tables.push(table);
            }
        }
        tables
    }
}
