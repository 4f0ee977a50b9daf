//! Files of expressions by hand: `tests/diff/functions/GROUP.sql`.
//!
//! A line is an expression. A line that begins with `--` is a comment, or a directive that holds
//! for the lines below it:
//!
//! - `-- set NAME = VALUE` sets a session variable (`sql_mode`, `time_zone`,
//!   `collation_connection`, `default_week_format`, ...) as MySQL's SET takes it;
//! - `-- reset` makes the session as it was at the beginning, without a table;
//! - `-- table COLUMNS` makes a table, `-- table a DECIMAL(10,2), b VARCHAR(9) NOT NULL`;
//! - `-- row VALUES` puts a row into it, `-- row 1.5, 'x'`; expressions below are computed for
//!   every row.

use std::path::Path;

/// What expressions are computed in: session variables, and perhaps a table with its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    /// Names in lower case and values as SET takes them, the later the stronger.
    pub(crate) variables: Vec<(String, String)>,
    /// Definitions of columns.
    pub(crate) table: Option<String>,
    /// Values of rows, each a list.
    pub(crate) rows: Vec<String>,
}

/// Expressions with the same surroundings.
#[derive(Clone, Debug)]
pub(crate) struct Suite {
    /// The file's name without its end.
    pub(crate) group: String,
    pub(crate) surroundings: Surroundings,
    pub(crate) expressions: Vec<String>,
}

/// Reads all files of a folder whose name has the word.
pub(crate) fn read(folder: &Path, word: &str) -> Result<Vec<Suite>, String> {
    let failed = |err: std::io::Error| format!("{}: {err}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ext| ext == "sql") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut suites = Vec::new();
    for path in paths {
        let group = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if group.contains(word) {
            let text = std::fs::read_to_string(&path)
                .map_err(|err| format!("{}: {err}", path.display()))?;
            let read = parse(&group, &text);
            suites.extend(read.map_err(|err| format!("{}:{err}", path.display()))?);
        }
    }
    Ok(suites)
}

/// Splits a file into suites; an error names the line.
pub(crate) fn parse(group: &str, text: &str) -> Result<Vec<Suite>, String> {
    let mut suites: Vec<Suite> = Vec::new();
    let mut surroundings = Surroundings::default();
    let mut changed = true;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix("--") {
            changed |= directive(comment.trim(), &mut surroundings)
                .map_err(|err| format!("{}: {err}", number + 1))?;
            continue;
        }
        if changed {
            suites.push(Suite {
                group: group.to_owned(),
                surroundings: surroundings.clone(),
                expressions: Vec::new(),
            });
            changed = false;
        }
        if let Some(suite) = suites.last_mut() {
            suite.expressions.push(line.to_owned());
        }
    }
    Ok(suites)
}

/// Returns whether the comment is a directive, which it then carries out.
fn directive(comment: &str, surroundings: &mut Surroundings) -> Result<bool, String> {
    let (word, rest) = comment.split_once(char::is_whitespace).unwrap_or((comment, ""));
    match word {
        "set" => {
            let (name, value) =
                rest.split_once('=').ok_or_else(|| format!("no value is set: {rest}"))?;
            surroundings.set(name.trim(), value.trim());
        }
        "reset" => *surroundings = Surroundings::default(),
        "table" => {
            surroundings.table = Some(rest.to_owned());
            surroundings.rows.clear();
        }
        "row" if surroundings.table.is_some() => surroundings.rows.push(rest.to_owned()),
        "row" => return Err("a row before its table".to_owned()),
        _ => return Ok(false),
    }
    Ok(true)
}

impl Surroundings {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_lowercase();
        self.variables.retain(|(one, _)| *one != name);
        self.variables.push((name, value.to_owned()));
    }

    /// Returns the directives that make these surroundings.
    pub(crate) fn directives(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.variables {
            text.push_str(&format!("-- set {name} = {value}\n"));
        }
        if let Some(table) = &self.table {
            text.push_str(&format!("-- table {table}\n"));
        }
        for row in &self.rows {
            text.push_str(&format!("-- row {row}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn directives_hold_for_the_lines_below() {
        let text = "-- Sums.\n1 + 1\n-- set time_zone = '+02:00'\nnow()\n\n-- table a int\n\
                    -- row 1\n-- row null\na + 1\n-- reset\n2\n";
        let suites = parse("sums", text).unwrap();
        let seen: Vec<(String, Vec<String>)> = suites
            .into_iter()
            .map(|suite| (suite.surroundings.directives(), suite.expressions))
            .collect();
        let zone = "-- set time_zone = '+02:00'\n";
        let wanted = [
            (String::new(), "1 + 1"),
            (zone.to_owned(), "now()"),
            (format!("{zone}-- table a int\n-- row 1\n-- row null\n"), "a + 1"),
            (String::new(), "2"),
        ];
        assert_eq!(seen, wanted.map(|(directives, one)| (directives, vec![one.to_owned()])));
        assert_eq!(parse("x", "1\n-- row 1").unwrap_err(), "2: a row before its table");
    }
}
