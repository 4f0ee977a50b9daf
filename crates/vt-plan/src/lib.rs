//! The plan of a statement as data, and its explain text.
