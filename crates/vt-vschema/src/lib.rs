//! Keyspaces, tables, vindexes and their functions, routing rules.
