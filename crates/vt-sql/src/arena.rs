//! The memory of a syntax tree.

use bumpalo::Bump;

/// Memory that a tree lies in; dropped, or reset, as a whole.
///
/// Keep one per connection and [`reset`](Arena::reset) it between statements: then parsing
/// allocates nothing after the first few statements.
#[derive(Default)]
pub struct Arena {
    bump: Bump,
}

impl Arena {
    pub fn new() -> Arena {
        Arena::default()
    }

    /// Forgets all trees, and keeps the largest piece of memory.
    pub fn reset(&mut self) {
        self.bump.reset();
    }

    /// Returns how many bytes are held.
    pub fn size(&self) -> usize {
        self.bump.allocated_bytes()
    }

    /// Returns how many bytes are taken by trees.
    pub fn used(&mut self) -> usize {
        self.bump.iter_allocated_chunks().map(|chunk| chunk.len()).sum()
    }

    /// Puts a node into the arena.
    pub fn node<T: Copy>(&self, node: T) -> &T {
        self.bump.alloc(node)
    }

    /// Puts a list into the arena.
    pub fn list<T: Copy>(&self, items: &[T]) -> &[T] {
        if items.is_empty() { &[] } else { self.bump.alloc_slice_copy(items) }
    }

    /// Puts text into the arena.
    pub fn text(&self, text: &str) -> &str {
        if text.is_empty() { "" } else { self.bump.alloc_str(text) }
    }

    /// Puts bytes into the arena.
    pub fn bytes(&self, bytes: &[u8]) -> &[u8] {
        self.list(bytes)
    }

    pub(crate) fn bump(&self) -> &Bump {
        &self.bump
    }

    /// Returns an empty list that grows inside of the arena.
    pub(crate) fn vec<T>(&self) -> bumpalo::collections::Vec<'_, T> {
        bumpalo::collections::Vec::new_in(&self.bump)
    }
}
