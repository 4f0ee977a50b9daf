//! Statements out of `.test` files, read as the program `mysqltest` reads them.
//!
//! A file is a sequence of pieces. A line that begins with `#` is a comment, one that begins with
//! `--` a command; anything else goes to the delimiter, quotes respected, and is a command if its
//! first word is one, and else a statement. `if` and `while` open a block with `{`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Words that make a piece a command of mysqltest's instead of a statement.
const COMMANDS: &[&str] = &[
    "append_file",
    "assert",
    "cat_file",
    "change_user",
    "character_set",
    "chmod",
    "connect",
    "connection",
    "copy_file",
    "copy_files_wildcard",
    "dec",
    "delimiter",
    "die",
    "diff_files",
    "dirty_close",
    "disable_abort_on_error",
    "disable_async_client",
    "disable_connect_log",
    "disable_cursor_protocol",
    "disable_info",
    "disable_metadata",
    "disable_non_blocking_api",
    "disable_parsing",
    "disable_prepare_warnings",
    "disable_ps2_protocol",
    "disable_ps_protocol",
    "disable_query_log",
    "disable_reconnect",
    "disable_result_log",
    "disable_rpl_parse",
    "disable_service_connection",
    "disable_session_track_info",
    "disable_testcase",
    "disable_view_protocol",
    "disable_warnings",
    "disconnect",
    "echo",
    "enable_abort_on_error",
    "enable_async_client",
    "enable_connect_log",
    "enable_cursor_protocol",
    "enable_info",
    "enable_metadata",
    "enable_non_blocking_api",
    "enable_parsing",
    "enable_prepare_warnings",
    "enable_ps2_protocol",
    "enable_ps_protocol",
    "enable_query_log",
    "enable_reconnect",
    "enable_result_log",
    "enable_rpl_parse",
    "enable_service_connection",
    "enable_session_track_info",
    "enable_testcase",
    "enable_view_protocol",
    "enable_warnings",
    "end",
    "end_timer",
    "error",
    "evalp",
    "exec",
    "exec_in_background",
    "exec_with_timeout",
    "execw",
    "exit",
    "expr",
    "file_exists",
    "force-cpdir",
    "force-rmdir",
    "horizontal_results",
    "if",
    "inc",
    "let",
    "list_files",
    "list_files_append_file",
    "list_files_write_file",
    "lowercase_result",
    "mkdir",
    "move_file",
    "output",
    "partially_sorted_result",
    "perl",
    "ping",
    "query_attributes",
    "query_get_value",
    "quit",
    "real_sleep",
    "reap",
    "remove_file",
    "remove_files_wildcard",
    "replace_column",
    "replace_numeric_round",
    "replace_regex",
    "replace_result",
    "require",
    "reset_connection",
    "result",
    "result_format",
    "rmdir",
    "rpl_parse",
    "save_master_pos",
    "send_quit",
    "send_shutdown",
    "shutdown_server",
    "skip",
    "skip_if_hypergraph",
    "sleep",
    "sorted_result",
    "source",
    "start_timer",
    "sync_slave_with_master",
    "sync_with_master",
    "system",
    "vertical_results",
    "wait_for_slave_to_stop",
    "while",
    "write_file",
    "xplugin",
    "optimizer_trace",
    "connection_name",
    "sql_cursor_protocol",
];

/// Commands whose argument is a statement.
const CARRIERS: &[&str] =
    &["eval", "query", "query_horizontal", "query_vertical", "send", "send_eval", "send_query"];

/// Returns the distinct statements of all `.test` and `.inc` files under a folder, in order.
pub(crate) fn statements(folder: &Path) -> Result<Vec<String>, String> {
    let mut found = BTreeSet::new();
    let mut files = 0;
    for path in test_files(folder)? {
        let bytes = fs::read(&path).map_err(|err| format!("{}: {err}", path.display()))?;
        files += 1;
        Pieces::new(&bytes).for_each(|piece| {
            if let Some(sql) = statement_of(piece) {
                found.insert(sql.to_owned());
            }
        });
    }
    if found.is_empty() {
        return Err(format!("{}: no statements in {files} files", folder.display()));
    }
    Ok(found.into_iter().collect())
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).map_err(|err| format!("{}: {err}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if path.is_dir() && !is_link {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "test" || ext == "inc") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Returns the statement of a piece, if it is one that can be judged: text without variables of
/// mysqltest's, in UTF-8.
fn statement_of(piece: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(piece).ok()?.trim();
    let (word, rest) = first_word(text);
    let sql = if is_one_of(word, CARRIERS) { rest.trim() } else { text };
    let is_variable = |at: usize| {
        sql[at + 1..].starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '{'))
    };
    let has_variable = sql.match_indices('$').any(|(at, _)| is_variable(at));
    (!sql.is_empty() && !has_variable).then_some(sql)
}

fn first_word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '(' | ';' | '$'));
    text.split_at(end.unwrap_or(text.len()))
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|one| one.eq_ignore_ascii_case(word))
}

/// The pieces of a file that are no commands.
struct Pieces<'f> {
    text: &'f [u8],
    at: usize,
    delimiter: Vec<u8>,
    /// Between `--disable_parsing` and `--enable_parsing`.
    is_off: bool,
}

impl<'f> Pieces<'f> {
    fn new(text: &'f [u8]) -> Pieces<'f> {
        Pieces { text, at: 0, delimiter: b";".to_vec(), is_off: false }
    }

    fn rest(&self) -> &'f [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Takes the rest of the line.
    fn line(&mut self) -> &'f [u8] {
        let rest = self.rest();
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        self.at += (end + 1).min(rest.len());
        &rest[..end]
    }

    /// Takes everything up to the delimiter, and the delimiter.
    fn piece(&mut self) -> &'f [u8] {
        let start = self.at;
        let mut quote = None;
        while let Some(&byte) = self.text.get(self.at) {
            match quote {
                Some(b'\'' | b'"') if byte == b'\\' => self.at += 1,
                Some(open) if byte == open => quote = None,
                Some(_) => {}
                None if self.rest().starts_with(&self.delimiter) => {
                    let piece = &self.text[start..self.at];
                    self.at += self.delimiter.len();
                    return piece;
                }
                None if matches!(byte, b'\'' | b'"' | b'`') => quote = Some(byte),
                None => {}
            }
            self.at += 1;
        }
        self.at = self.text.len();
        &self.text[start.min(self.at)..]
    }

    /// Takes the condition of `if (...) {` or `while (...) {`.
    fn block_head(&mut self) {
        while let Some(&byte) = self.text.get(self.at) {
            self.at += 1;
            if byte == b'{' {
                return;
            }
        }
    }

    /// Does what a command asks of the one who reads on.
    fn command(&mut self, word: &str, argument: &str) {
        match word {
            "delimiter" if !argument.is_empty() => self.delimiter = argument.as_bytes().to_vec(),
            "disable_parsing" => self.is_off = true,
            "enable_parsing" => self.is_off = false,
            "perl" | "write_file" | "append_file" => {
                let words: Vec<&str> = argument.split_whitespace().collect();
                let named = if word == "perl" { words.first() } else { words.get(1) };
                let end = named.map_or("EOF", |name| name.trim_end_matches(';')).as_bytes();
                // The document begins on the next line.
                self.line();
                while self.at < self.text.len() && self.line().trim_ascii() != end {}
            }
            _ => {}
        }
    }
}

impl<'f> Iterator for Pieces<'f> {
    type Item = &'f [u8];

    fn next(&mut self) -> Option<&'f [u8]> {
        loop {
            while self.rest().first().is_some_and(|byte| byte.is_ascii_whitespace()) {
                self.at += 1;
            }
            let rest = self.rest();
            match rest {
                [] => return None,
                [b'}', ..] => self.at += 1,
                [b'#', ..] => {
                    self.line();
                }
                [b'-', b'-', ..] => {
                    let line = String::from_utf8_lossy(self.line()).into_owned();
                    let (word, argument) = first_word(line.trim_start_matches('-').trim());
                    // The line is taken already: a document that follows begins right here.
                    self.at -= usize::from(self.text[..self.at].ends_with(b"\n"));
                    self.command(&word.to_ascii_lowercase(), argument.trim());
                }
                _ if self.rest().starts_with(&self.delimiter) => self.at += self.delimiter.len(),
                _ => {
                    let head = String::from_utf8_lossy(&rest[..rest.len().min(40)]).into_owned();
                    let word = first_word(&head).0.to_ascii_lowercase();
                    if matches!(word.as_str(), "if" | "while") && !self.is_off {
                        self.block_head();
                        continue;
                    }
                    let piece = self.piece();
                    if is_one_of(&word, COMMANDS) {
                        let text = String::from_utf8_lossy(piece).into_owned();
                        self.command(&word, first_word(text.trim()).1.trim());
                    } else if !self.is_off {
                        return Some(piece);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = Pieces::new(text.as_bytes()).filter_map(statement_of).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn statements_are_found_between_commands() {
        check(
            "# it's\n--echo it's\nselect 1;\nlet $a = 1;\nselect ';' ; ",
            &["select 1", "select ';'"],
        );
        check("eval select 1; eval select $a; send select 2; reap;", &["select 1", "select 2"]);
        check("if ($a)\n{\n select 1;\n}\nselect 2;", &["select 1", "select 2"]);
    }

    #[test]
    fn delimiters_and_documents_are_respected() {
        check(
            "delimiter //;\nselect 1; select 2//\ndelimiter ;//\nselect 3;",
            &["select 1; select 2", "select 3"],
        );
        check("--perl\nprint 1;\nEOF\nselect 1;", &["select 1"]);
        check("perl;\nprint 1;\nEOF\nselect 1;", &["select 1"]);
        check("write_file $x END;\nselect 0;\nEND\nselect 1;", &["select 1"]);
        check("--delimiter |\nselect 1|\n--delimiter ;\nselect 2;", &["select 1", "select 2"]);
        check("select 1;\n--echo x", &["select 1"]);
        check("--disable_parsing\nselect 1;\n--enable_parsing\nselect 2;", &["select 2"]);
    }
}
