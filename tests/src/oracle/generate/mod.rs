//! Expressions by chance: forms filled with literals, columns and other forms.

mod chance;
mod literals;
mod shrink;
mod tables;
mod templates;
mod tree;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::RwLock;

use super::Oracle;
use super::answer::{Answer, Aspect};
use super::files::Surroundings;
use super::host::Host;
use super::mysql::Facts;
use super::ours::Evaluator;
use super::report::{Difference, Report};
use crate::exceptions::Named;
pub(crate) use chance::Chance;
pub(crate) use tables::Table;
use templates::{Piece, Template, Templates};
use tree::Tree;

/// How many expressions share their surroundings.
const BLOCK: u64 = 400;
/// How deep forms are put into forms.
const DEPTH_MAX: usize = 4;
/// How many expressions may end the server before the run gives up.
const FATAL_MAX: usize = 100;
/// How often a form is tried before it counts as one that we do not compute.
const TRIES: usize = 40;

/// What a run by chance is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) count: u64,
    pub(crate) seed: u64,
    /// The most time that the run may take.
    pub(crate) limit: Duration,
    /// How many differences are made smaller.
    pub(crate) shrinks: usize,
    /// How many of those that differ in the same, and come to the same form.
    pub(crate) of_form: usize,
    /// How many sessions ask at once.
    pub(crate) jobs: usize,
}

/// Surroundings with the table that they came from.
#[derive(Clone, Debug, Default)]
struct Place {
    variables: Vec<(&'static str, String)>,
    table: Option<Table>,
}

/// Expressions with what they are computed in.
struct Block<'b, 't> {
    seed: u64,
    place: &'b Place,
    trees: &'b [Tree<'t>],
}

impl Block<'_, '_> {
    /// Returns an expression with all that makes it again.
    fn told(&self, tree: &Tree<'_>) -> String {
        let directives = self.place.surroundings().directives();
        format!("-- seed {}\n{directives}{}", self.seed, tree.text())
    }
}

struct Generator<'t> {
    templates: &'t Templates,
    /// Names of collations, each with its character set.
    collations: &'t [(String, String)],
    chance: Chance,
}

/// A run that several sessions share.
struct Run<'r> {
    host: &'r Host,
    plan: Plan,
    /// Held by all that ask; alone by the one who looks for what ended the server.
    asking: RwLock<()>,
    templates: &'r Templates,
    collations: &'r [(String, String)],
    started: Instant,
    state: Mutex<State>,
}

/// What the sessions tell each other.
struct State {
    /// How many expressions are given out.
    given: u64,
    /// How many differences may still be made small.
    shrinks: usize,
    /// How often a form has differed in the same.
    seen: BTreeMap<(String, Vec<Aspect>), usize>,
    differing: u64,
    told: Instant,
}

/// Compares so many expressions by chance, by several sessions of a server.
///
/// Each session runs on a thread of its own, for which the caller's waits.
pub(crate) async fn run(host: &Host, plan: Plan, words: &str) -> Result<Report, String> {
    let mut report = Report::default();
    let mut oracle = host.connect().await?;
    let collations = oracle.server.collations().await?;
    let templates = computed(words, &collations, &oracle.server.facts, &mut report)?;
    let started = Instant::now();
    let state = State {
        given: 0,
        shrinks: plan.shrinks,
        seen: BTreeMap::new(),
        differing: 0,
        told: started,
    };
    let run = Run {
        host,
        plan,
        asking: RwLock::default(),
        templates: &templates,
        collations: &collations,
        started,
        state: Mutex::new(state),
    };
    let reports: Vec<Result<Report, String>> = std::thread::scope(|scope| {
        let session = || block_on(run.session());
        let sessions: Vec<_> = (0..plan.jobs.max(1)).map(|_| scope.spawn(session)).collect();
        let fallen = |_| Err("a session fell over".to_owned());
        sessions.into_iter().map(|session| session.join().unwrap_or_else(fallen)).collect()
    });
    for part in reports {
        report.join(part?);
    }
    report.differences.sort_by_key(|one| one.expression.len());
    Ok(report)
}

/// Runs to the end, on this thread.
fn block_on<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|err| err.to_string())?.block_on(work)
}

impl Run<'_> {
    /// Compares blocks as long as there are any.
    async fn session(&self) -> Result<Report, String> {
        let mut oracle = self.host.connect_again().await?;
        let mut report = Report::default();
        while let Some((number, size)) = self.next() {
            // Every block is its own sequence, so that one alone can be run again.
            let seed = self.plan.seed.wrapping_add(number);
            let mut generator = Generator {
                templates: self.templates,
                collations: self.collations,
                chance: Chance::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)),
            };
            let place = generator.place();
            let trees: Vec<Tree<'_>> =
                (0..size).map(|_| generator.expression('a', DEPTH_MAX, &place)).collect();
            let block = Block { seed, place: &place, trees: &trees };
            for (tree, aspects) in self.compare(&mut oracle, &block, &mut report).await? {
                report.count(&aspects);
                if !self.may_shrink(&tree, &aspects) {
                    continue;
                }
                let shrunk = {
                    let _asking = self.asking.read().await;
                    oracle.shrink(tree, &place, aspects).await
                };
                match shrunk {
                    Ok(shrunk) => self.note(&shrunk, seed, &mut report),
                    // Something that is smaller ended the server: the difference is counted alone.
                    Err(err) => self.revive(&mut oracle, err).await?,
                }
            }
        }
        Ok(report)
    }

    /// Compares a block; if the server ends, one expression after the other, alone.
    async fn compare<'t>(
        &self,
        oracle: &mut Oracle,
        block: &Block<'_, 't>,
        report: &mut Report,
    ) -> Result<Vec<(Tree<'t>, Vec<Aspect>)>, String> {
        let mut part = Report::default();
        let whole = {
            let _asking = self.asking.read().await;
            oracle.block(block.place, block.trees, &mut part).await
        };
        let err = match whole {
            Ok(found) => {
                report.join(part);
                return Ok(found);
            }
            Err(err) => err,
        };
        let _alone = self.asking.write().await;
        self.revive(oracle, err).await?;
        let mut found = Vec::new();
        for tree in block.trees {
            let mut part = Report::default();
            match oracle.block(block.place, std::slice::from_ref(tree), &mut part).await {
                Ok(one) => {
                    report.join(part);
                    found.extend(one);
                }
                Err(err) => {
                    self.revive(oracle, err).await?;
                    report.fatal.push(block.told(tree));
                    if report.fatal.len() > FATAL_MAX {
                        return Err("too many expressions end the server".to_owned());
                    }
                }
            }
        }
        Ok(found)
    }

    /// Connects anew if an error came of a server that ended; every other error stays one.
    async fn revive(&self, oracle: &mut Oracle, err: String) -> Result<(), String> {
        if oracle.server.answers().await {
            return Err(err);
        }
        *oracle = self.host.connect_again().await?;
        Ok(())
    }

    /// Returns the number of the next block and its size.
    fn next(&self) -> Option<(u64, u64)> {
        let mut state = self.state.lock();
        let start = state.given;
        if start >= self.plan.count || self.started.elapsed() >= self.plan.limit {
            return None;
        }
        let size = BLOCK.min(self.plan.count - start);
        state.given += size;
        if state.told.elapsed() > Duration::from_secs(30) {
            state.told = Instant::now();
            let rate = start as f64 / self.started.elapsed().as_secs_f64();
            crate::say(&format!("{start} done, {} differ, {rate:.0} a second", state.differing));
        }
        Some((start / BLOCK, size))
    }

    /// Returns whether a difference is to be made small: its form has not been seen often.
    fn may_shrink(&self, tree: &Tree<'_>, aspects: &[Aspect]) -> bool {
        let mut state = self.state.lock();
        state.differing += 1;
        let key = (tree.form(), aspects.to_vec());
        let known = state.seen.get(&key).is_some_and(|count| *count >= self.plan.of_form);
        if state.shrinks == 0 || known {
            return false;
        }
        state.shrinks -= 1;
        true
    }

    /// Keeps a difference that was made small.
    fn note(&self, shrunk: &Shrunk, seed: u64, report: &mut Report) {
        let aspects = &shrunk.difference.aspects;
        let names: Vec<&str> = aspects.iter().map(|aspect| aspect.name()).collect();
        let form = format!("{} in {}", shrunk.form, names.join(", "));
        *report.forms.entry(form).or_default() += 1;
        let key = (shrunk.form.clone(), aspects.clone());
        *self.state.lock().seen.entry(key).or_default() += 1;
        let mut difference = shrunk.difference.clone();
        if !report.differences.iter().any(|one| one.expression == difference.expression) {
            difference.directives = format!("-- seed {seed}\n{}", difference.directives);
            report.differences.push(difference);
        }
    }
}

/// Returns the forms that we compute for at least some parts, of the groups that have the word.
fn computed(
    words: &str,
    collations: &[(String, String)],
    facts: &Facts,
    report: &mut Report,
) -> Result<Templates, String> {
    let all = Templates::read()?;
    let evaluator = Evaluator::new(&Surroundings::default(), &[], facts)?;
    let none = Templates::default();
    let mut missing = Vec::new();
    let kept = all.filtered(|template| {
        if !template.group.contains(words) {
            return false;
        }
        let mut generator = Generator { templates: &none, collations, chance: Chance::new(1) };
        let place = Place::default();
        let known = (0..TRIES).any(|_| {
            let tree = generator.filled(template, 0, &place);
            !matches!(evaluator.ask(&tree.text()), Answer::Refused(_))
        });
        if !known {
            missing.push(template.text.clone());
        }
        known
    });
    report.missing = missing;
    Ok(kept)
}

impl<'t> Generator<'t> {
    /// Makes surroundings.
    fn place(&mut self) -> Place {
        let mut place = Place::default();
        let chance = &mut self.chance;
        if chance.percent(50) {
            let modes = [
                "''",
                "'NO_ZERO_DATE,NO_ZERO_IN_DATE'",
                "'ANSI'",
                "'TRADITIONAL'",
                "'PIPES_AS_CONCAT'",
                "'NO_UNSIGNED_SUBTRACTION'",
                "'ALLOW_INVALID_DATES'",
                "'TIME_TRUNCATE_FRACTIONAL,ERROR_FOR_DIVISION_BY_ZERO'",
                "'HIGH_NOT_PRECEDENCE'",
                "'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'",
            ];
            place.variables.push(("sql_mode", (*chance.pick(&modes)).to_owned()));
        }
        if chance.percent(40) {
            let zones =
                ["'+02:00'", "'-11:30'", "'Europe/Berlin'", "'America/New_York'", "'Asia/Kolkata'"];
            place.variables.push(("time_zone", (*chance.pick(&zones)).to_owned()));
        }
        if chance.percent(30) {
            let collations = [
                "utf8mb4_bin",
                "utf8mb4_general_ci",
                "latin1_swedish_ci",
                "utf8mb3_general_ci",
                "utf8mb4_0900_as_cs",
                "gbk_chinese_ci",
                "cp1251_general_ci",
            ];
            place.variables.push(("collation_connection", (*chance.pick(&collations)).to_owned()));
        }
        if chance.percent(15) {
            place.variables.push(("default_week_format", chance.below(8).to_string()));
        }
        if chance.percent(15) {
            place.variables.push(("div_precision_increment", chance.below(31).to_string()));
        }
        if chance.percent(10) {
            let locales = ["'de_DE'", "'fr_FR'", "'ja_JP'", "'ru_RU'", "'es_MX'"];
            place.variables.push(("lc_time_names", (*chance.pick(&locales)).to_owned()));
        }
        if chance.percent(45) {
            place.table = Some(Table::by_chance(chance));
        }
        place
    }

    /// Makes an expression of the class, or the word.
    fn expression(&mut self, class: char, depth: usize, place: &Place) -> Tree<'t> {
        let class = match class {
            'a' => literals::any_class(&mut self.chance),
            // Now and then a part of another class than the form expects.
            'n' | 's' | 't' | 'j' | 'b' | 'p' | 'i' if self.chance.percent(8) => {
                literals::any_class(&mut self.chance)
            }
            other => other,
        };
        let form = if class == 'i' { 'n' } else { class };
        let forms = self.templates.of_class(form);
        let share = if depth == DEPTH_MAX { 97 } else { 35 };
        if depth > 0 && !forms.is_empty() && self.chance.percent(share) {
            let template = &self.templates.all[*self.chance.pick(forms)];
            return self.filled(template, depth - 1, place);
        }
        if let Some(table) = &place.table
            && "nstjbi".contains(class)
            && self.chance.percent(50)
            && let Some((name, class)) = table.column(class, &mut self.chance)
        {
            return Tree::Leaf { class, text: name.to_owned() };
        }
        Tree::Leaf { class, text: literals::literal(class, self.collations, &mut self.chance) }
    }

    fn filled(&mut self, template: &'t Template, depth: usize, place: &Place) -> Tree<'t> {
        let holes = template.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(class) => Some(*class),
            Piece::Text(_) => None,
        });
        let parts = holes.map(|class| self.expression(class, depth, place)).collect();
        Tree::Node { template, parts }
    }
}

impl Place {
    fn surroundings(&self) -> Surroundings {
        let mut surroundings = Surroundings::default();
        for (name, value) in &self.variables {
            surroundings.set(name, value);
        }
        if let Some(table) = &self.table {
            table.put(&mut surroundings);
        }
        surroundings
    }
}

impl Oracle {
    /// Compares a block; returns what differs beyond what is accepted, and in what.
    async fn block<'t>(
        &mut self,
        place: &Place,
        trees: &[Tree<'t>],
        report: &mut Report,
    ) -> Result<Vec<(Tree<'t>, Vec<Aspect>)>, String> {
        let surroundings = place.surroundings();
        let columns = self.server.enter(&surroundings).await?;
        let evaluator = Evaluator::new(&surroundings, &columns, &self.server.facts)?;
        // What we refuse is not asked.
        let mut kept = Vec::new();
        for tree in trees {
            let text = tree.text();
            match evaluator.ask(&text) {
                Answer::Refused(_) => report.refused += 1,
                ours => kept.push((tree, text, ours)),
            }
        }
        let texts: Vec<String> = kept.iter().map(|(_, text, _)| text.clone()).collect();
        let answers = self.server.ask(&texts).await?;
        let mut found = Vec::new();
        for ((tree, text, ours), mysql) in kept.into_iter().zip(answers) {
            report.compared += 1;
            let aspects = self.judge(&text, &mysql, &ours, report);
            if !aspects.is_empty() {
                found.push((tree.clone(), aspects));
            }
        }
        Ok(found)
    }
}

/// A difference made small, with the form that it comes from.
struct Shrunk {
    form: String,
    difference: Difference,
}
