//! What was compared: counts, refusals by message, differences with all that shows them again.

use std::collections::BTreeMap;

use crate::exceptions::Named;

use super::answer::{Answer, Statement};
use super::compare::Aspect;

/// A difference between MySQL and a side.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// Where the statement came from: a file's name, or seed and round.
    pub(crate) origin: String,
    pub(crate) side: String,
    pub(crate) aspects: Vec<Aspect>,
    /// The smallest statement that shows it, and the one that was run.
    pub(crate) statement: Statement,
    pub(crate) original: Option<Statement>,
    pub(crate) mysql: Answer,
    pub(crate) seen: Answer,
    /// Statements that make the tables and rows.
    pub(crate) world: Vec<String>,
}

/// The outcome of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Answers that agree; each side counts.
    pub(crate) agreed: u64,
    /// How many of them are errors.
    pub(crate) errors: u64,
    /// Statements on whose rows chance decides.
    pub(crate) unsteady: u64,
    /// Known differences by reason.
    pub(crate) known: BTreeMap<String, u64>,
    /// Refusals by message, with the first statement.
    pub(crate) refused: BTreeMap<String, (u64, String)>,
    pub(crate) differences: Vec<Difference>,
    /// Differences like those that are shown, and those past their number.
    pub(crate) hidden: u64,
}

impl Report {
    pub(crate) fn refuse(&mut self, message: &str, statement: &Statement) {
        let shape = shape(message);
        let (count, _) = self.refused.entry(shape).or_insert_with(|| (0, statement.sql.clone()));
        *count += 1;
    }

    /// Returns the counts in one line.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} agreed ({} of them errors), {} refused, {} differ and {} like them, \
             {} known, {} decided by chance",
            self.agreed,
            self.errors,
            self.refused.values().map(|(count, _)| count).sum::<u64>(),
            self.differences.len(),
            self.hidden,
            self.known.values().sum::<u64>(),
            self.unsteady
        )
    }

    /// Returns the whole report as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (number, difference) in self.differences.iter().enumerate() {
            text.push_str(&format!("== difference {}: {}\n", number + 1, difference.text()));
        }
        for (reason, count) in &self.known {
            text.push_str(&format!("known, {count} times: {reason}\n"));
        }
        let mut refused: Vec<_> = self.refused.iter().collect();
        refused.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        for (message, (count, statement)) in refused {
            text.push_str(&format!("refused, {count} times: {message}\n    {statement}\n"));
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }
}

impl Difference {
    /// Returns the statement as it was run.
    pub(crate) fn run(&self) -> &Statement {
        self.original.as_ref().unwrap_or(&self.statement)
    }

    pub(crate) fn text(&self) -> String {
        let aspects: Vec<&str> = self.aspects.iter().map(|aspect| aspect.name()).collect();
        let mut text = format!("{} at {} ({})\n", aspects.join(", "), self.side, self.origin);
        for sql in &self.world {
            text.push_str(&format!("{sql};\n"));
        }
        text.push_str(&format!("{};\n", self.statement));
        if let Some(original) = &self.original {
            text.push_str(&format!("  was     {original}\n"));
        }
        text.push_str(&format!("  mysql   {}\n  {}    {}\n", self.mysql, self.side, self.seen));
        text
    }
}

/// Returns a message without names and values, so that equal causes count together.
pub(crate) fn shape(message: &str) -> String {
    let message = message.split(" (errno ").next().unwrap_or(message);
    let mut shape = String::new();
    let mut quote = None;
    for c in message.chars() {
        match quote {
            Some(open) if c == open => {
                quote = None;
                shape.push_str("..");
                shape.push(c);
            }
            Some(_) => {}
            None => {
                if matches!(c, '\'' | '`' | '"') {
                    quote = Some(c);
                }
                shape.push(c);
            }
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn equal_causes_count_together() {
        assert_eq!(
            shape("VT12001: unsupported: column 'a' of `b`"),
            shape("VT12001: unsupported: column 'c' of `d`")
        );
        assert_ne!(shape("VT12001: unsupported: a"), shape("VT12001: unsupported: b"));
    }
}
