//! What went wrong, one entry a shape, with the reason that the parser gave.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::class::Class;

/// How a statement went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// MySQL takes it, we do not.
    Rejected,
    /// MySQL rejects it, we do not.
    Taken,
    /// What was printed reads back as something else, or not at all.
    Trip,
    /// MySQL says something else to what was printed.
    Print,
    /// What was printed has other rows.
    Rows,
}

impl Fault {
    fn title(self) -> &'static str {
        match self {
            Fault::Rejected => "MySQL takes them, the parser does not",
            Fault::Taken => "MySQL rejects them, the parser does not",
            Fault::Trip => "printed, they do not read back as the same tree",
            Fault::Print => "printed, they get another verdict of MySQL's",
            Fault::Rows => "printed, they have other rows",
        }
    }
}

struct Entry {
    count: u64,
    example: String,
    reason: String,
}

/// The longest text of an example, in characters.
const SHOWN_MAX: usize = 600;

/// Everything that went wrong in one corpus.
#[derive(Default)]
pub(crate) struct Residue {
    entries: BTreeMap<(Fault, Class, u64), Entry>,
}

impl Residue {
    pub(crate) fn add(&mut self, fault: Fault, class: Class, shape: u64, sql: &str, reason: &str) {
        let entry = self.entries.entry((fault, class, shape)).or_insert_with(|| Entry {
            count: 0,
            example: sql.to_owned(),
            reason: reason.to_owned(),
        });
        entry.count += 1;
        if sql.len() < entry.example.len() {
            (entry.example, entry.reason) = (sql.to_owned(), reason.to_owned());
        }
    }

    /// Writes the list, and says where it is.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let mut text = String::new();
        let mut before = None;
        for ((fault, class, _), entry) in &self.entries {
            if before != Some((fault, class)) {
                let _ = writeln!(text, "\n# {}: {}\n", fault.title(), class.name());
                before = Some((fault, class));
            }
            let example: String = entry.example.chars().take(SHOWN_MAX).collect();
            let reason: String = entry.reason.chars().take(SHOWN_MAX).collect();
            let _ =
                writeln!(text, "{}x {example}\n    -- {}", entry.count, reason.replace('\n', " "));
        }
        fs::write(path, text).map_err(|err| format!("{}: {err}", path.display()))?;
        println!("\n{} shapes in {}", self.entries.len(), path.display());
        let mut counts = BTreeMap::new();
        for (fault, _, _) in self.entries.keys() {
            *counts.entry(*fault).or_insert(0) += 1;
        }
        for (fault, count) in counts {
            println!("  {count}: {}", fault.title());
        }
        Ok(())
    }
}
