//! Rows in the binary form of prepared statements.
