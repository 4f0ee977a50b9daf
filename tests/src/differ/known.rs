//! Differences that stay, each with its reason: `tests/diff/known.txt`.
//!
//! A line is `ASPECT | PATTERN | REASON`: an answer may differ in this aspect where the pattern, a
//! regular expression, matches the statement or the gateway's error.

use std::path::Path;

use regex::Regex;

use super::compare::Aspect;

/// The list of known differences.
#[derive(Debug, Default)]
pub(crate) struct Known(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    aspect: Aspect,
    pattern: Regex,
    reason: String,
}

impl Known {
    pub(crate) fn read(path: &Path) -> Result<Known, String> {
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
        Ok(Known(entries))
    }

    /// Takes out of the aspects those that may differ; returns the reasons.
    pub(crate) fn forgive(&self, texts: &[&str], aspects: &mut Vec<Aspect>) -> Vec<String> {
        let mut reasons = Vec::new();
        for entry in &self.0 {
            let concerns = aspects.contains(&entry.aspect)
                && texts.iter().any(|text| entry.pattern.is_match(text));
            if concerns {
                aspects.retain(|aspect| *aspect != entry.aspect);
                reasons.push(format!("{}: {}", entry.aspect.name(), entry.reason));
            }
        }
        reasons
    }
}

impl Entry {
    fn parse(line: &str) -> Result<Entry, String> {
        let mut parts = line.splitn(3, " | ").map(str::trim);
        let (Some(aspect), Some(pattern), Some(reason)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err("a line is `ASPECT | PATTERN | REASON`".to_owned());
        };
        let aspect =
            Aspect::from_name(aspect).ok_or_else(|| format!("no aspect is called {aspect}"))?;
        let pattern = Regex::new(&format!("(?i){pattern}")).map_err(|err| err.to_string())?;
        Ok(Entry { aspect, pattern, reason: reason.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_aspect_that_is_known_is_forgiven() {
        let entry = Entry::parse("lengths | ^select 1 | because").unwrap();
        let known = Known(vec![entry]);
        let mut aspects = vec![Aspect::Rows, Aspect::Lengths];
        assert_eq!(known.forgive(&["SELECT 1"], &mut aspects), ["lengths: because"]);
        assert_eq!(aspects, [Aspect::Rows]);
        assert!(known.forgive(&["select 2"], &mut vec![Aspect::Lengths]).is_empty());
        assert!(Entry::parse("nothing | a | b").is_err());
    }
}
