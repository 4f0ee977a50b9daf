//! The topology: typed records, locks, elections and watches over a small store.
