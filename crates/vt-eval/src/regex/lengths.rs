//! How many characters a part of a pattern can match.

use super::syntax::{Dot, Mode, Node};

/// The least characters that a part matches, and the most; `None` is without bound.
pub(super) fn lengths(node: &Node) -> (usize, Option<usize>) {
    match node {
        Node::Empty | Node::Assert(_) | Node::Look { .. } => (0, Some(0)),
        Node::Char(_) | Node::CharFolded(_) | Node::Set(_) => (1, Some(1)),
        // One character of a text may fold to three.
        Node::StringFolded(text) => (text.len().div_ceil(3), Some(text.len())),
        Node::Dot(Dot::All) | Node::LineBreak => (1, Some(2)),
        Node::Dot(_) => (1, Some(1)),
        Node::BackReference { .. } => (0, None),
        Node::Group(_, body) | Node::Atomic(body) => lengths(body),
        Node::Sequence(parts) => parts.iter().map(lengths).fold((0, Some(0)), |sum, part| {
            let most = sum.1.zip(part.1).and_then(|(a, b): (usize, usize)| a.checked_add(b));
            (sum.0.saturating_add(part.0), most)
        }),
        Node::Choice(parts) => {
            let all: Vec<_> = parts.iter().map(lengths).collect();
            let least = all.iter().map(|one| one.0).min().unwrap_or(0);
            let most = all.iter().map(|one| one.1).try_fold(0, |most, one| Some(one?.max(most)));
            (least, most)
        }
        Node::Repeat { body, least, most, mode } => {
            let one = lengths(body);
            let greatest = match (one.1, most) {
                (_, Some(0)) => Some(0),
                // MySQL loses count of `??`.
                _ if *mode == Mode::Lazy && (*least, *most) == (0, Some(1)) => None,
                (Some(length), Some(most)) => length.checked_mul(*most as usize),
                _ => None,
            };
            (one.0.saturating_mul(*least as usize), greatest)
        }
    }
}
