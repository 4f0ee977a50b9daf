//! Differences that stay, each with its reason: `tests/diff/functions/accepted.txt`.
//!
//! A line is `ASPECT | PATTERN | REASON`: an expression that the pattern matches may differ in this
//! aspect (`*` is any). The pattern is a regular expression over the expression's text.

use std::path::Path;

use regex::Regex;

use super::answer::Aspect;

/// The list of accepted differences.
#[derive(Debug, Default)]
pub(crate) struct Accepted(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    /// `None` is any.
    aspect: Option<Aspect>,
    pattern: Regex,
    reason: String,
}

impl Accepted {
    pub(crate) fn read(path: &Path) -> Result<Accepted, String> {
        let text =
            std::fs::read_to_string(path).map_err(|err| format!("{}: {err}", path.display()))?;
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let entry = Entry::parse(line)
                .map_err(|err| format!("{}:{}: {err}", path.display(), number + 1))?;
            entries.push(entry);
        }
        Ok(Accepted(entries))
    }

    /// Takes out of the aspects those that may differ; returns the reason of one of them.
    pub(crate) fn forgive(&self, expression: &str, aspects: &mut Vec<Aspect>) -> Option<String> {
        let mut reason = None;
        for entry in &self.0 {
            if !entry.pattern.is_match(expression) {
                continue;
            }
            let before = aspects.len();
            aspects.retain(|aspect| entry.aspect.is_some_and(|one| one != *aspect));
            if aspects.len() < before {
                reason = Some(entry.reason.clone());
            }
        }
        reason
    }
}

impl Entry {
    fn parse(line: &str) -> Result<Entry, String> {
        let mut parts = line.split(" | ").map(str::trim);
        let (Some(aspect), Some(pattern), Some(reason)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err("a line is `ASPECT | PATTERN | REASON`".to_owned());
        };
        let aspect = match aspect {
            "*" => None,
            name => {
                Some(Aspect::from_name(name).ok_or_else(|| format!("no aspect is called {name}"))?)
            }
        };
        let pattern = Regex::new(pattern).map_err(|err| err.to_string())?;
        Ok(Entry { aspect, pattern, reason: reason.to_owned() })
    }
}
