//! What `SET` of each system variable means here.

/// What becomes of a variable that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The gateway keeps and obeys it.
    Aware,
    /// Nothing: it has no effect on a cluster.
    Ignored,
    /// It cannot be had in a cluster.
    Refused,
    /// Tablets run the session's statements under it.
    Setting,
    /// Accepted if it is what it is already, else a warning.
    Checked,
    /// It can be read only.
    ReadOnly,
    Unknown,
}

const AWARE: &[&str] = &[
    "autocommit",
    "client_found_rows",
    "skip_query_plan_cache",
    "tx_read_only",
    "transaction_read_only",
    "tx_isolation",
    "transaction_isolation",
    "sql_select_limit",
    "transaction_mode",
    "ddl_strategy",
    "workload",
    "charset",
    "names",
    "session_uuid",
    "migration_context",
    "enable_system_settings",
    "read_after_write_gtid",
    "read_after_write_timeout",
    "session_track_gtids",
    "query_timeout",
    "transaction_timeout",
    "character_set_client",
    "character_set_results",
    "character_set_connection",
    "collation_connection",
];

const IGNORED: &[&str] = &[
    "big_tables",
    "bulk_insert_buffer_size",
    "debug",
    "default_storage_engine",
    "default_tmp_storage_engine",
    "innodb_strict_mode",
    "innodb_support_xa",
    "innodb_table_locks",
    "innodb_tmpdir",
    "join_buffer_size",
    "keep_files_on_create",
    "lc_messages",
    "long_query_time",
    "low_priority_updates",
    "max_delayed_threads",
    "max_insert_delayed_threads",
    "multi_range_count",
    "net_buffer_length",
    "new",
    "query_cache_type",
    "query_cache_wlock_invalidate",
    "query_prealloc_size",
    "sql_buffer_result",
    "transaction_alloc_block_size",
    "wait_timeout",
];

const REFUSED: &[&str] = &[
    "audit_log_read_buffer_size",
    "auto_increment_increment",
    "auto_increment_offset",
    "binlog_direct_non_transactional_updates",
    "binlog_row_image",
    "binlog_rows_query_log_events",
    "innodb_ft_enable_stopword",
    "innodb_ft_user_stopword_table",
    "max_points_in_geometry",
    "max_sp_recursion_depth",
    "myisam_repair_threads",
    "myisam_sort_buffer_size",
    "myisam_stats_method",
    "ndb_allow_copying_alter_table",
    "ndb_autoincrement_prefetch_sz",
    "ndb_blob_read_batch_bytes",
    "ndb_blob_write_batch_bytes",
    "ndb_deferred_constraints",
    "ndb_force_send",
    "ndb_fully_replicated",
    "ndb_index_stat_enable",
    "ndb_index_stat_option",
    "ndb_join_pushdown",
    "ndb_log_bin",
    "ndb_log_exclusive_reads",
    "ndb_row_checksum",
    "ndb_use_exact_count",
    "ndb_use_transactions",
    "ndbinfo_max_bytes",
    "ndbinfo_max_rows",
    "ndbinfo_show_hidden",
    "ndbinfo_table_prefix",
    "old_alter_table",
    "preload_buffer_size",
    "rbr_exec_mode",
    "sql_log_off",
    "thread_pool_high_priority_connection",
    "thread_pool_prio_kickup_timer",
    "transaction_write_set_extraction",
];

const SETTINGS: &[&str] = &[
    "default_week_format",
    "end_markers_in_json",
    "eq_range_index_dive_limit",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "group_concat_max_len",
    "information_schema_stats_expiry",
    "innodb_lock_wait_timeout",
    "max_heap_table_size",
    "max_seeks_for_key",
    "max_tmp_tables",
    "min_examined_row_limit",
    "old_passwords",
    "optimizer_prune_level",
    "optimizer_search_depth",
    "optimizer_switch",
    "optimizer_trace",
    "optimizer_trace_features",
    "optimizer_trace_limit",
    "optimizer_trace_max_mem_size",
    "optimizer_trace_offset",
    "parser_max_mem_size",
    "profiling",
    "profiling_history_size",
    "query_alloc_block_size",
    "range_alloc_block_size",
    "range_optimizer_max_mem_size",
    "read_buffer_size",
    "read_rnd_buffer_size",
    "show_create_table_verbosity",
    "show_old_temporals",
    "sort_buffer_size",
    "sql_big_selects",
    "sql_mode",
    "sql_notes",
    "sql_quote_show_create",
    "sql_require_primary_key",
    "sql_safe_updates",
    "sql_warnings",
    "time_zone",
    "tmp_table_size",
    "transaction_prealloc_size",
    "unique_checks",
    "updatable_views_with_limit",
];

const CHECKED: &[&str] = &[
    "binlog_format",
    "block_encryption_mode",
    "character_set_database",
    "character_set_filesystem",
    "character_set_server",
    "collation_database",
    "collation_server",
    "completion_type",
    "div_precision_increment",
    "interactive_timeout",
    "lc_time_names",
    "lock_wait_timeout",
    "max_allowed_packet",
    "max_error_count",
    "max_execution_time",
    "max_join_size",
    "max_length_for_sort_data",
    "max_sort_length",
    "max_user_connections",
    "net_read_timeout",
    "net_retry_count",
    "net_write_timeout",
    "session_track_schema",
    "session_track_state_change",
    "session_track_system_variables",
    "session_track_transaction_info",
    "sql_auto_is_null",
    "version_tokens_session",
];

const READ_ONLY: &[&str] = &["version", "version_comment", "socket", "port", "hostname", "license"];

/// Returns the class of a variable by its lower-case name.
pub fn class_of(name: &str) -> Class {
    let tables: [(&[&str], Class); 6] = [
        (AWARE, Class::Aware),
        (SETTINGS, Class::Setting),
        (IGNORED, Class::Ignored),
        (CHECKED, Class::Checked),
        (REFUSED, Class::Refused),
        (READ_ONLY, Class::ReadOnly),
    ];
    let found = tables.iter().find(|(names, _)| names.contains(&name));
    found.map_or(Class::Unknown, |(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_has_one_class() {
        let mut all: Vec<&str> = [AWARE, SETTINGS, IGNORED, CHECKED, REFUSED, READ_ONLY].concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert_eq!(class_of("sql_mode"), Class::Setting);
        assert_eq!(class_of("no_such"), Class::Unknown);
    }
}
