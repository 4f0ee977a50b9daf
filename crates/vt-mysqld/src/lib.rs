//! One mysqld: configuration, start, stop, accounts, replication.
