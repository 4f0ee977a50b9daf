//! Values that come with a statement.
