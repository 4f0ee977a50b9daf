//! Making a difference small: less expression, fewer variables, a smaller table.

use super::super::Oracle;
use super::super::answer::{Answer, Aspect};
use super::super::ours::Evaluator;
use super::super::report::{Difference, Report};
use super::tree::Tree;
use super::{Place, Shrunk};

/// How many rounds of making smaller an expression gets.
const ROUNDS_MAX: usize = 60;
/// How many smaller expressions are tried in a round.
const TRIED_MAX: usize = 240;

/// A difference as it was seen.
struct Seen {
    aspects: Vec<Aspect>,
    mysql: Answer,
    ours: Answer,
}

impl Oracle {
    /// Makes a difference as small as it gets while it differs in one of the aspects.
    pub(super) async fn shrink(
        &mut self,
        tree: Tree<'_>,
        place: &Place,
        aspects: Vec<Aspect>,
    ) -> Result<Shrunk, String> {
        let (mut tree, mut place) = (tree, place.clone());
        let mut seen = Seen {
            aspects: aspects.clone(),
            mysql: Answer::Refused("not seen again".to_owned()),
            ours: Answer::Refused("not seen again".to_owned()),
        };
        if let Some((_, first)) = self.first(std::slice::from_ref(&tree), &place, &aspects).await? {
            seen = first;
        }
        for _ in 0..ROUNDS_MAX {
            let mut smaller = tree.smaller();
            smaller.truncate(TRIED_MAX);
            let Some((at, found)) = self.first(&smaller, &place, &aspects).await? else { break };
            tree = smaller.swap_remove(at);
            seen = found;
        }
        for _ in 0..ROUNDS_MAX {
            let mut better = None;
            for candidate in smaller_places(&place) {
                let trees = std::slice::from_ref(&tree);
                if let Some((_, found)) = self.first(trees, &candidate, &aspects).await? {
                    better = Some((candidate, found));
                    break;
                }
            }
            let Some((candidate, found)) = better else { break };
            (place, seen) = (candidate, found);
        }
        let difference = Difference {
            group: tree.group().to_owned(),
            expression: tree.text(),
            directives: place.surroundings().directives(),
            aspects: seen.aspects,
            mysql: seen.mysql,
            ours: seen.ours,
        };
        Ok(Shrunk { form: tree.form(), difference })
    }

    /// Returns the first expression that still differs in one of the aspects.
    async fn first(
        &mut self,
        trees: &[Tree<'_>],
        place: &Place,
        aspects: &[Aspect],
    ) -> Result<Option<(usize, Seen)>, String> {
        let surroundings = place.surroundings();
        // A table without a column that the expression names is none that is smaller.
        let columns = self.server.enter(&surroundings).await?;
        let evaluator = Evaluator::new(&surroundings, &columns, &self.server.facts)?;
        let texts: Vec<String> = trees.iter().map(Tree::text).collect();
        // Few at a time: the smallest come first, and mostly one of them is it.
        for (number, chunk) in texts.chunks(24).enumerate() {
            let answers = self.server.ask(chunk).await?;
            for (at, (text, mysql)) in chunk.iter().zip(answers).enumerate() {
                let ours = evaluator.ask(text);
                let found = self.judge(text, &mysql, &ours, &mut Report::default());
                if found.iter().any(|aspect| aspects.contains(aspect)) {
                    return Ok(Some((number * 24 + at, Seen { aspects: found, mysql, ours })));
                }
            }
        }
        Ok(None)
    }
}

/// Returns surroundings with one thing less.
fn smaller_places(place: &Place) -> Vec<Place> {
    let mut places = Vec::new();
    if place.table.is_some() {
        places.push(Place { table: None, ..place.clone() });
    }
    for at in 0..place.variables.len() {
        let mut smaller = place.clone();
        smaller.variables.remove(at);
        places.push(smaller);
    }
    for table in place.table.iter().flat_map(|table| table.smaller()) {
        places.push(Place { table: Some(table), ..place.clone() });
    }
    places
}
