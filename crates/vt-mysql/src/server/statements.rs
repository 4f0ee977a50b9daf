//! The prepared statements of a connection.
