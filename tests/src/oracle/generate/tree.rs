//! A generated expression as a tree, so that it can be made smaller.

use super::templates::{Piece, Template};

/// An expression, or a word in one.
#[derive(Clone, Debug)]
pub(crate) enum Tree<'t> {
    Leaf { class: char, text: String },
    Node { template: &'t Template, parts: Vec<Tree<'t>> },
}

/// What may stand in the place of an expression that is made smaller.
const SIMPLE: [&str; 8] =
    ["NULL", "1", "'a'", "1.5", "1e0", "''", "DATE'2024-02-29'", "TIMESTAMP'2024-02-29 11:22:33'"];

impl<'t> Tree<'t> {
    pub(crate) fn class(&self) -> char {
        match self {
            Tree::Leaf { class, .. } => *class,
            Tree::Node { template, .. } => template.class,
        }
    }

    /// Returns the group of the outermost template; of a literal `literals`.
    pub(crate) fn group(&self) -> &str {
        match self {
            Tree::Leaf { .. } => "literals",
            Tree::Node { template, .. } => &template.group,
        }
    }

    /// Returns the outermost template as it is written; of a literal its class.
    pub(crate) fn form(&self) -> String {
        match self {
            Tree::Leaf { class, .. } => format!("literal {class}"),
            Tree::Node { template, .. } => template.text.clone(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Tree::Leaf { text, .. } => out.push_str(text),
            Tree::Node { template, parts } => {
                let mut parts = parts.iter();
                for piece in &template.pieces {
                    match piece {
                        Piece::Text(text) => out.push_str(text),
                        Piece::Hole(_) => {
                            if let Some(part) = parts.next() {
                                part.write(out);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Returns how many nodes and leaves there are.
    pub(crate) fn size(&self) -> usize {
        match self {
            Tree::Leaf { .. } => 1,
            Tree::Node { parts, .. } => 1 + parts.iter().map(Tree::size).sum::<usize>(),
        }
    }

    fn is_expression(&self) -> bool {
        "nstjbpga iqmk".contains(self.class())
    }

    /// Returns smaller expressions, the smallest first.
    pub(crate) fn smaller(&self) -> Vec<Tree<'t>> {
        let mut found = Vec::new();
        self.collect_smaller(&mut |tree| found.push(tree));
        found.sort_by_key(|tree| (tree.size(), tree.text().len()));
        let own = (self.size(), self.text().len());
        found.retain(|tree| (tree.size(), tree.text().len()) < own);
        found.dedup_by_key(|tree| tree.text());
        found
    }

    fn collect_smaller(&self, found: &mut dyn FnMut(Tree<'t>)) {
        match self {
            Tree::Leaf { class, text } => {
                if self.is_expression() && *class != 'm' && !SIMPLE.contains(&text.as_str()) {
                    for simple in SIMPLE {
                        found(Tree::Leaf { class: *class, text: simple.to_owned() });
                    }
                }
            }
            Tree::Node { template, parts } => {
                for part in parts.iter().filter(|part| part.is_expression()) {
                    found(part.clone());
                }
                for simple in SIMPLE {
                    found(Tree::Leaf { class: template.class, text: simple.to_owned() });
                }
                for (place, part) in parts.iter().enumerate() {
                    part.collect_smaller(&mut |smaller| {
                        let mut parts = parts.clone();
                        parts[place] = smaller;
                        found(Tree::Node { template, parts });
                    });
                }
            }
        }
    }
}
