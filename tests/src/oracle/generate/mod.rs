//! Expressions by chance: forms filled with literals, columns and other forms.

mod chance;
mod literals;
mod shrink;
mod tables;
mod templates;
mod tree;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Oracle;
use super::answer::{Answer, Aspect};
use super::files::Surroundings;
use super::mysql::Facts;
use super::ours::Evaluator;
use super::report::{Difference, Report};
pub(crate) use chance::Chance;
pub(crate) use tables::Table;
use templates::{Piece, Template, Templates};
use tree::Tree;

/// How many expressions share their surroundings.
const BLOCK: u64 = 400;
/// How deep forms are put into forms.
const DEPTH_MAX: usize = 4;
/// How many differences of one form are made smaller and shown.
const SHOWN_OF_FORM: usize = 4;
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
}

/// Surroundings with the table that they came from.
#[derive(Clone, Debug, Default)]
struct Place {
    variables: Vec<(&'static str, String)>,
    table: Option<Table>,
}

struct Generator<'t> {
    templates: &'t Templates,
    /// Names of collations, each with its character set.
    collations: Vec<(String, String)>,
    chance: Chance,
}

/// Compares so many expressions by chance.
pub(crate) async fn run(
    oracle: &mut Oracle,
    plan: Plan,
    words: &str,
    report: &mut Report,
) -> Result<(), String> {
    let started = Instant::now();
    let collations = oracle.server.collations().await?;
    let templates = computed(words, &collations, &oracle.server.facts, report)?;
    let mut done = 0;
    let mut seen: BTreeMap<(String, Vec<Aspect>), usize> = BTreeMap::new();
    let mut shrinks = plan.shrinks;
    let mut told = Instant::now();
    while done < plan.count && started.elapsed() < plan.limit {
        // Every block is its own sequence, so that one alone can be run again.
        let seed = plan.seed.wrapping_add(done / BLOCK);
        let size = BLOCK.min(plan.count - done);
        let mut generator = Generator {
            templates: &templates,
            collations: collations.clone(),
            chance: Chance::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)),
        };
        let place = generator.place();
        let trees: Vec<Tree<'_>> =
            (0..size).map(|_| generator.expression('a', DEPTH_MAX, &place)).collect();
        for (tree, aspects) in oracle.block(&place, &trees, report).await? {
            let key = (tree.form(), aspects.clone());
            if shrinks == 0 || seen.get(&key).is_some_and(|count| *count >= SHOWN_OF_FORM) {
                report.hidden += 1;
                continue;
            }
            shrinks -= 1;
            let difference = oracle.shrink(tree, &place, aspects).await?;
            let key = (difference.form.clone(), difference.difference.aspects.clone());
            *seen.entry(key).or_default() += 1;
            let mut difference = difference.difference;
            difference.directives = format!("-- seed {seed}\n{}", difference.directives);
            let known =
                report.differences.iter().any(|one| one.expression == difference.expression);
            if !known {
                report.differences.push(difference);
            }
        }
        done += size;
        if told.elapsed() > Duration::from_secs(30) {
            told = Instant::now();
            let rate = done as f64 / started.elapsed().as_secs_f64();
            crate::say(&format!(
                "{done} done, {} differ and {} more, {rate:.0} a second",
                report.differences.len(),
                report.hidden
            ));
        }
    }
    Ok(())
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
        let mut generator =
            Generator { templates: &none, collations: collations.to_vec(), chance: Chance::new(1) };
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
        Tree::Leaf { class, text: literals::literal(class, &self.collations, &mut self.chance) }
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
