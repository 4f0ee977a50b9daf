//! Words of the grammar that are identifiers, but no functions.
//!
//! The list comes from asking MySQL: of `information_schema.keywords`, those words that are not
//! reserved and for which `SELECT word(1)` is a syntax error.

use super::keyword::{TABLE_SIZE, hash};

/// Tells whether a word without quotes can be a function's name.
pub(crate) fn is_callable(word: &[u8]) -> bool {
    if word.len() < 2 {
        return true;
    }
    let mut slot = hash(word);
    loop {
        let entry = TABLE[slot];
        if entry == 0 {
            return true;
        }
        if WORDS[entry as usize - 1].as_bytes().eq_ignore_ascii_case(word) {
            return false;
        }
        slot = (slot + 1) % TABLE_SIZE;
    }
}

/// An open-addressed table: index into `WORDS` plus one, or 0.
static TABLE: [u16; TABLE_SIZE] = build();

const fn build() -> [u16; TABLE_SIZE] {
    let mut table = [0; TABLE_SIZE];
    let mut index = 0;
    while index < WORDS.len() {
        let mut slot = hash(WORDS[index].as_bytes());
        while table[slot] != 0 {
            slot = (slot + 1) % TABLE_SIZE;
        }
        table[slot] = index as u16 + 1;
        index += 1;
    }
    table
}

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "absent", "account", "action", "active", "admin", "after", "against", "aggregate",
    "algorithm", "allow_missing_files", "always", "any", "array",
    "assign_gtids_to_anonymous_transactions", "at", "attribute", "authentication", "auto",
    "auto_increment", "auto_refresh", "auto_refresh_source", "autoextend_size", "avg_row_length",
    "backup", "begin", "bernoulli", "binlog", "bit", "block", "bool", "boolean", "btree",
    "buckets", "bulk", "byte", "cache", "cascaded", "catalog_name", "chain", "challenge_response",
    "changed", "channel", "checksum", "cipher", "class_origin", "client", "clone", "close",
    "code", "column_format", "column_name", "columns", "comment", "commit", "committed",
    "compact", "completion", "component", "compressed", "compression", "concurrent", "connection",
    "consistent", "constraint_catalog", "constraint_name", "constraint_schema", "contains",
    "context", "cpu", "current", "cursor_name", "data", "datafile", "datetime", "deallocate",
    "default_auth", "definer", "definition", "delay_key_write", "description", "diagnostics",
    "directory", "disable", "discard", "disk", "do", "duality", "dumpfile", "duplicate",
    "dynamic", "enable", "encryption", "end", "ends", "enforced", "engine", "engine_attribute",
    "engines", "enum", "error", "errors", "escape", "event", "events", "every", "exchange",
    "exclude", "execute", "expansion", "expire", "export", "extended", "extent_size",
    "external_format", "factor", "failed_login_attempts", "fast", "faults", "fields", "file",
    "file_block_size", "file_format", "file_name", "file_pattern", "file_prefix", "files",
    "filter", "finish", "first", "fixed", "flush", "following", "follows", "found", "full",
    "general", "generate", "geometry", "get_source_public_key", "global", "grants",
    "group_replication", "gtid_only", "gtids", "guided", "handler", "hash", "header", "help",
    "histogram", "history", "host", "hosts", "identified", "ignore_server_ids", "import",
    "inactive", "indexes", "initial", "initial_size", "initiate", "insert_method", "install",
    "instance", "invisible", "invoker", "io", "io_thread", "ipc", "isolation", "issuer", "json",
    "key_block_size", "keyring", "language", "last", "leaves", "less", "level", "list", "local",
    "locked", "locks", "logfile", "logs", "manual", "masking", "master", "materialized",
    "max_connections_per_hour", "max_queries_per_hour", "max_rows", "max_size",
    "max_updates_per_hour", "max_user_connections", "medium", "member", "memory", "merge",
    "message_text", "migrate", "min_rows", "mode", "modify", "mutex", "mysql_errno", "name",
    "names", "national", "nchar", "ndb", "ndbcluster", "nested", "network_namespace", "never",
    "new", "next", "no", "no_wait", "nodegroup", "none", "nowait", "nulls", "number", "nvarchar",
    "off", "offset", "oj", "old", "one", "only", "open", "optional", "options", "ordinality",
    "organization", "others", "owner", "pack_keys", "page", "parallel", "parameters",
    "parse_tree", "parser", "partial", "partitioning", "partitions", "password",
    "password_lock_time", "path", "persist", "persist_only", "phase", "plugin", "plugin_dir",
    "plugins", "point", "policy", "port", "precedes", "preceding", "prepare", "preserve", "prev",
    "privilege_checks_user", "privileges", "process", "processlist", "profile", "profiles",
    "proxy", "query", "quick", "random", "read_only", "rebuild", "recover", "redo_buffer_size",
    "redundant", "reference", "registration", "relational", "relay", "relay_log_file",
    "relay_log_pos", "relay_thread", "relaylog", "reload", "remove", "reorganize", "repair",
    "repeatable", "replica", "replicas", "replicate_do_db", "replicate_do_table",
    "replicate_ignore_db", "replicate_ignore_table", "replicate_rewrite_db",
    "replicate_wild_do_table", "replicate_wild_ignore_table", "replication", "require_row_format",
    "require_table_primary_key_check", "reset", "resource", "respect", "restart", "restore",
    "resume", "retain", "returned_sqlstate", "returning", "returns", "reuse", "role", "rollback",
    "rollup", "rotate", "routine", "row_format", "rtree", "s3", "savepoint", "schedule",
    "schema_name", "secondary", "secondary_engine", "secondary_engine_attribute",
    "secondary_load", "secondary_unload", "security", "serial", "serializable", "server",
    "session", "sets", "share", "shutdown", "signed", "simple", "skip", "slave", "slow",
    "snapshot", "socket", "some", "soname", "sounds", "source", "source_auto_position",
    "source_bind", "source_compression_algorithms", "source_connect_retry",
    "source_connection_auto_failover", "source_delay", "source_heartbeat_period", "source_host",
    "source_log_file", "source_log_pos", "source_password", "source_port",
    "source_public_key_path", "source_retry_count", "source_ssl", "source_ssl_ca",
    "source_ssl_capath", "source_ssl_cert", "source_ssl_cipher", "source_ssl_crl",
    "source_ssl_crlpath", "source_ssl_key", "source_ssl_verify_server_cert",
    "source_tls_ciphersuites", "source_tls_version", "source_user",
    "source_zstd_compression_level", "sql_after_gtids", "sql_after_mts_gaps", "sql_before_gtids",
    "sql_thread", "srid", "stacked", "start", "starts", "stats_auto_recalc", "stats_persistent",
    "stats_sample_pages", "status", "stop", "storage", "stream", "strict_load", "string",
    "subclass_origin", "subject", "subpartition", "subpartitions", "super", "suspend", "swaps",
    "switches", "table_checksum", "table_name", "tables", "tablespace", "temporary", "temptable",
    "text", "than", "thread_priority", "ties", "tls", "transaction", "triggers", "truncate",
    "type", "types", "unbounded", "uncommitted", "undefined", "undo_buffer_size", "undofile",
    "unicode", "uninstall", "unknown", "unregister", "until", "upgrade", "uri", "url", "use_frm",
    "user_resources", "validate", "validation", "value", "variables", "vcpu", "vector",
    "verify_key_constraints", "view", "visible", "wait", "warnings", "without", "work", "wrapper",
    "x509", "xa", "xid", "xml", "zone",
];
