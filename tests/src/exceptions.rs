//! Differences from MySQL that stay, each with its reason: `tests/diff/known.txt` for statements and
//! `tests/diff/functions/accepted.txt` for expressions.
//!
//! A line is `ASPECT | PATTERN | REASON`: an answer may differ in this aspect where the pattern, a
//! regular expression that does not look at case, matches the text or the error that was given.

use std::path::Path;

use regex::Regex;

/// In what two answers can differ.
pub(crate) trait Named: Copy + PartialEq {
    /// What a line of the list calls it.
    fn name(self) -> &'static str;

    fn from_name(name: &str) -> Option<Self>;
}

/// A list of differences that stay.
#[derive(Debug)]
pub(crate) struct Exceptions<A>(Vec<Entry<A>>);

#[derive(Debug)]
struct Entry<A> {
    aspect: A,
    pattern: Regex,
    reason: String,
}

impl<A> Default for Exceptions<A> {
    fn default() -> Exceptions<A> {
        Exceptions(Vec::new())
    }
}

impl<A: Named> Exceptions<A> {
    pub(crate) fn read(path: &Path) -> Result<Exceptions<A>, String> {
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
        Ok(Exceptions(entries))
    }

    /// Takes out of the aspects those that may differ; returns the reasons.
    pub(crate) fn forgive(&self, texts: &[&str], aspects: &mut Vec<A>) -> Vec<String> {
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

impl<A: Named> Entry<A> {
    fn parse(line: &str) -> Result<Entry<A>, String> {
        let mut parts = line.splitn(3, " | ").map(str::trim);
        let (Some(aspect), Some(pattern), Some(reason)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err("a line is `ASPECT | PATTERN | REASON`".to_owned());
        };
        let aspect = A::from_name(aspect).ok_or_else(|| format!("no aspect is called {aspect}"))?;
        let pattern = Regex::new(&format!("(?i){pattern}")).map_err(|err| err.to_string())?;
        Ok(Entry { aspect, pattern, reason: reason.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Aspect {
        Rows,
        Lengths,
    }

    impl Named for Aspect {
        fn name(self) -> &'static str {
            match self {
                Aspect::Rows => "rows",
                Aspect::Lengths => "lengths",
            }
        }

        fn from_name(name: &str) -> Option<Aspect> {
            [Aspect::Rows, Aspect::Lengths].into_iter().find(|aspect| aspect.name() == name)
        }
    }

    #[test]
    fn only_the_aspect_that_is_known_is_forgiven() {
        let entry = Entry::parse("lengths | ^select 1 | because").unwrap();
        let known = Exceptions(vec![entry]);
        let mut aspects = vec![Aspect::Rows, Aspect::Lengths];
        assert_eq!(known.forgive(&["SELECT 1"], &mut aspects), ["lengths: because"]);
        assert_eq!(aspects, [Aspect::Rows]);
        assert!(known.forgive(&["select 2"], &mut vec![Aspect::Lengths]).is_empty());
        assert!(Entry::<Aspect>::parse("nothing | a | b").is_err());
    }
}
