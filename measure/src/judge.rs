//! Verdicts of MySQL's, kept in a file so that a server is asked once.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::mysql::{Mysql, Verdict};

/// Who knows what MySQL says.
pub(crate) struct Judge {
    server: Option<Mysql>,
    known: HashMap<String, Verdict>,
    file: PathBuf,
    asked: usize,
}

impl Judge {
    /// Reads what is known, and connects to a server if there is one.
    pub(crate) fn new(file: &Path, socket: Option<&Path>) -> Result<Judge, String> {
        let mut known = HashMap::new();
        for line in fs::read_to_string(file).unwrap_or_default().lines() {
            let value: Value = serde_json::from_str(line)
                .map_err(|err| format!("{}: {err}; remove it", file.display()))?;
            let errno = value["errno"].as_u64().and_then(|errno| u16::try_from(errno).ok());
            if let (Some(sql), Some(errno)) = (value["sql"].as_str(), errno) {
                known.insert(sql.to_owned(), Verdict(errno));
            }
        }
        let server = socket.map(Mysql::connect).transpose()?;
        Ok(Judge { server, known, file: file.to_owned(), asked: 0 })
    }

    pub(crate) fn server(&mut self) -> Option<&mut Mysql> {
        self.server.as_mut()
    }

    /// Returns what MySQL says; `None` if nobody knows.
    pub(crate) fn verdict(&mut self, sql: &str) -> Result<Option<Verdict>, String> {
        if let Some(verdict) = self.known.get(sql) {
            return Ok(Some(*verdict));
        }
        let Some(server) = &mut self.server else { return Ok(None) };
        let Some(verdict) = server.verdict(sql)? else { return Ok(None) };
        self.known.insert(sql.to_owned(), verdict);
        self.asked += 1;
        Ok(Some(verdict))
    }

    /// Writes what is known, if it has become more.
    pub(crate) fn save(&mut self) -> Result<(), String> {
        if self.asked == 0 {
            return Ok(());
        }
        self.asked = 0;
        let mut known: Vec<_> = self.known.iter().collect();
        known.sort();
        let lines: String = known
            .into_iter()
            .map(|(sql, verdict)| format!("{}\n", json!({"sql": sql, "errno": verdict.0})))
            .collect();
        fs::write(&self.file, lines).map_err(|err| format!("{}: {err}", self.file.display()))
    }
}
