//! What is counted, by class, and how it is shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::class::Class;

/// The most of a hundred shapes that MySQL rejects and that may be taken.
const TAKEN_MAX: f64 = 3.0;

/// Statements and distinct shapes, and how many of them were taken.
#[derive(Default)]
pub(crate) struct Count {
    statements: u64,
    taken: u64,
    shapes: BTreeSet<u64>,
    /// Shapes of which at least one statement went the wrong way.
    wrong: BTreeSet<u64>,
}

impl Count {
    pub(crate) fn add(&mut self, shape: u64, is_taken: bool, is_right: bool) {
        self.statements += 1;
        self.taken += u64::from(is_taken);
        self.shapes.insert(shape);
        if !is_right {
            self.wrong.insert(shape);
        }
    }

    fn share_taken(&self) -> f64 {
        percent(self.taken, self.statements)
    }

    fn share_wrong(&self) -> f64 {
        percent(self.wrong.len() as u64, self.shapes.len() as u64)
    }
}

/// The figures of one class.
#[derive(Default)]
pub(crate) struct Figures {
    /// What MySQL takes: by our parser, and by the other.
    pub(crate) accepted: Count,
    pub(crate) accepted_other: Count,
    /// What MySQL rejects.
    pub(crate) rejected: Count,
    pub(crate) rejected_other: Count,
    /// Round trips: text to tree to text to tree.
    pub(crate) trips: Count,
    /// Printed texts that got the verdict of the original.
    pub(crate) prints: Count,
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// Shows the table of one corpus; tells whether all goals hold.
pub(crate) fn show(name: &str, classes: &BTreeMap<Class, Figures>, has_other: bool) -> bool {
    println!("\n## {name}: what MySQL takes\n");
    println!(
        "| class | statements | taken % | shapes | **taken %** | goal | round trip % | \
         same verdict % | sqlparser % | sqlparser, shapes % |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let mut holds = true;
    for class in Class::ALL {
        let Some(figures) = classes.get(&class) else { continue };
        let right = 100.0 - figures.accepted.share_wrong();
        holds &= right >= class.goal();
        println!(
            "| {} | {} | {:.2} | {} | **{right:.2}** | {} | {:.2} | {:.2} | {} | {} |",
            class.name(),
            figures.accepted.statements,
            figures.accepted.share_taken(),
            figures.accepted.shapes.len(),
            class.goal(),
            figures.trips.share_taken(),
            figures.prints.share_taken(),
            shown(has_other, figures.accepted_other.share_taken()),
            shown(has_other, 100.0 - figures.accepted_other.share_wrong()),
        );
    }
    let accepted = total(classes, |figures| &figures.accepted);
    let other = total(classes, |figures| &figures.accepted_other);
    println!(
        "| **all** | {} | {:.2} | {} | **{:.2}** | | {:.2} | {:.2} | {} | {} |",
        accepted.statements,
        percent(accepted.taken, accepted.statements),
        accepted.shapes,
        100.0 - percent(accepted.wrong, accepted.shapes),
        total(classes, |figures| &figures.trips).share_taken(),
        total(classes, |figures| &figures.prints).share_taken(),
        shown(has_other, other.share_taken()),
        shown(has_other, 100.0 - percent(other.wrong, other.shapes)),
    );
    holds & show_rejected(name, classes, has_other)
}

fn show_rejected(name: &str, classes: &BTreeMap<Class, Figures>, has_other: bool) -> bool {
    println!("\n## {name}: what MySQL rejects\n");
    println!("| class | statements | taken % | shapes | **taken %** | sqlparser, shapes % |");
    println!("|---|--:|--:|--:|--:|--:|");
    for class in Class::ALL {
        let Some(figures) = classes.get(&class) else { continue };
        if figures.rejected.statements == 0 {
            continue;
        }
        println!(
            "| {} | {} | {:.2} | {} | **{:.2}** | {} |",
            class.name(),
            figures.rejected.statements,
            figures.rejected.share_taken(),
            figures.rejected.shapes.len(),
            figures.rejected.share_wrong(),
            shown(has_other, figures.rejected_other.share_wrong()),
        );
    }
    let all = total(classes, |figures| &figures.rejected);
    let other = total(classes, |figures| &figures.rejected_other);
    let taken = percent(all.wrong, all.shapes);
    println!(
        "| **all** | {} | {:.2} | {} | **{taken:.2}** | {} |",
        all.statements,
        all.share_taken(),
        all.shapes,
        shown(has_other, percent(other.wrong, other.shapes)),
    );
    taken < TAKEN_MAX || all.shapes == 0
}

fn shown(is_known: bool, share: f64) -> String {
    if is_known { format!("{share:.2}") } else { "-".to_owned() }
}

#[derive(Default)]
struct Total {
    statements: u64,
    taken: u64,
    shapes: u64,
    wrong: u64,
}

impl Total {
    fn share_taken(&self) -> f64 {
        percent(self.taken, self.statements)
    }
}

fn total(classes: &BTreeMap<Class, Figures>, pick: impl Fn(&Figures) -> &Count) -> Total {
    classes.values().map(pick).fold(Total::default(), |sum, count| Total {
        statements: sum.statements + count.statements,
        taken: sum.taken + count.taken,
        shapes: sum.shapes + count.shapes.len() as u64,
        wrong: sum.wrong + count.wrong.len() as u64,
    })
}
