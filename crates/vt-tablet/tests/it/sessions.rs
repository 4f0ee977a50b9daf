//! Transactions and reserved connections.
