//! Walking and rewriting a tree.
