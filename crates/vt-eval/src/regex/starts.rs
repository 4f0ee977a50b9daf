//! The characters that a match can start with: a search looks nowhere else.

use super::set::CharSet;
use super::syntax::Node;

/// Returns the characters that every match starts with one of; `None` if a match may be empty, or
/// start with any.
pub(super) fn of(node: &Node) -> Option<CharSet> {
    match start(node) {
        Start { chars: Some(chars), empty: false } => Some(chars),
        _ => None,
    }
}

/// What a part can start with.
struct Start {
    /// `None` is any character.
    chars: Option<CharSet>,
    /// The part may match nothing.
    empty: bool,
}

fn start(node: &Node) -> Start {
    let nothing = || Start { chars: Some(CharSet::empty()), empty: true };
    let one = |chars| Start { chars: Some(chars), empty: false };
    match node {
        Node::Empty | Node::Assert(_) | Node::Look { .. } => nothing(),
        Node::Char(c) => one(CharSet::of_chars(&[*c])),
        Node::CharFolded(c) => one(CharSet::of_chars(&[*c]).close_over()),
        // Beyond ASCII a character may fold to several.
        Node::StringFolded(text) => {
            let first = text.first().copied().unwrap_or_default();
            let wide = CharSet::of_ranges([(0x80, 0x10_ffff)]);
            one(CharSet::of_chars(&[first]).close_over().union(&wide))
        }
        Node::Set(set) => one(set.clone()),
        Node::Dot(_) | Node::LineBreak => Start { chars: None, empty: false },
        Node::BackReference { .. } => Start { chars: None, empty: true },
        Node::Group(_, body) | Node::Atomic(body) => start(body),
        Node::Sequence(parts) => sequence(parts),
        Node::Choice(parts) => {
            let all = parts.iter().map(start);
            all.reduce(|a, b| Start { chars: either(a.chars, b.chars), empty: a.empty || b.empty })
                .unwrap_or_else(nothing)
        }
        Node::Repeat { most: Some(0), .. } => nothing(),
        Node::Repeat { body, least, .. } => {
            let body = start(body);
            Start { empty: body.empty || *least == 0, ..body }
        }
    }
}

fn sequence(parts: &[Node]) -> Start {
    let mut all = Start { chars: Some(CharSet::empty()), empty: true };
    for part in parts {
        let next = start(part);
        all = Start { chars: either(all.chars, next.chars), empty: next.empty };
        if !all.empty {
            break;
        }
    }
    all
}

fn either(a: Option<CharSet>, b: Option<CharSet>) -> Option<CharSet> {
    Some(a?.union(&b?))
}
