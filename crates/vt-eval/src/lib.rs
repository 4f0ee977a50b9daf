//! Expressions compiled and evaluated as MySQL would.
