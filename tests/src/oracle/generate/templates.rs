//! The forms that expressions are made of, read from `templates.txt`.

use std::collections::BTreeMap;

/// A form with holes for parts.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) group: String,
    pub(crate) class: char,
    pub(crate) text: String,
    pub(crate) pieces: Vec<Piece>,
}

/// A piece of a form.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Text(String),
    /// A part of this class.
    Hole(char),
}

/// All forms, by the class of their results.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    pub(crate) all: Vec<Template>,
    by_class: BTreeMap<char, Vec<usize>>,
}

impl Templates {
    pub(crate) fn read() -> Result<Templates, String> {
        let mut all = Vec::new();
        for line in include_str!("templates.txt").lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            all.push(Template::parse(line).ok_or_else(|| format!("no template: {line}"))?);
        }
        Ok(Templates::of(all))
    }

    fn of(all: Vec<Template>) -> Templates {
        let mut by_class: BTreeMap<char, Vec<usize>> = BTreeMap::new();
        for (place, template) in all.iter().enumerate() {
            by_class.entry(template.class).or_default().push(place);
        }
        Templates { all, by_class }
    }

    /// Returns those that the filter lets pass.
    pub(crate) fn filtered(self, mut keep: impl FnMut(&Template) -> bool) -> Templates {
        Templates::of(self.all.into_iter().filter(|template| keep(template)).collect())
    }

    /// Returns the places of the forms whose result is of the class.
    pub(crate) fn of_class(&self, class: char) -> &[usize] {
        self.by_class.get(&class).map_or(&[], Vec::as_slice)
    }
}

impl Template {
    fn parse(line: &str) -> Option<Template> {
        let mut words = line.splitn(3, ' ');
        let (group, class, text) = (words.next()?, words.next()?, words.next()?);
        let mut pieces = Vec::new();
        let mut rest = text;
        // A brace that holds one letter is a hole; others are text, as in JSON.
        while let Some(at) = next_hole(rest) {
            if at > 0 {
                pieces.push(Piece::Text(rest[..at].to_owned()));
            }
            pieces.push(Piece::Hole(rest[at + 1..].chars().next()?));
            rest = &rest[at + 3..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        let class = class.chars().next()?;
        Some(Template { group: group.to_owned(), class, text: text.to_owned(), pieces })
    }
}

fn next_hole(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes
        .windows(3)
        .position(|window| matches!(window, [b'{', letter, b'}'] if letter.is_ascii_lowercase()))
}
