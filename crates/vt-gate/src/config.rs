//! What a gateway is told.

use std::path::PathBuf;
use std::time::Duration;

use vt_base::TabletType;
use vt_tablet_api::Workload;

use crate::session::TransactionMode;

/// The configuration of a gateway, with the defaults of Vitess; the flag stands beside each key.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where tablets are looked for and how they are chosen.
    pub discovery: vt_discovery::Config,
    pub listen: Listen,
    pub mysql: MysqlConfig,
    pub querylog: QueryLogConfig,
    pub session: SessionDefaults,
    pub buffer: BufferConfig,
    pub warming: WarmingConfig,

    /// `--tablet-types-to-wait`
    pub tablet_types_to_wait: Vec<TabletType>,
    /// `--gateway-initial-tablet-timeout`
    pub initial_tablet_timeout: Duration,
    /// `--allowed-tablet-types`; empty allows all.
    pub allowed_tablet_types: Vec<TabletType>,
    /// `--gate-query-cache-memory`, in bytes.
    pub query_cache_bytes: u64,
    /// `--max-memory-rows`
    pub memory_rows_max: usize,
    /// `--warn-memory-rows`
    pub memory_rows_warn: usize,
    /// `--max-payload-size`; 0 is no limit.
    pub payload_bytes_max: usize,
    /// `--warn-payload-size`; 0 never warns.
    pub payload_bytes_warn: usize,
    /// `--retry-count`
    pub retry_count: u32,
    /// `--stream-buffer-size`
    pub stream_buffer_bytes: usize,
    /// `--no-scatter`
    pub is_scatter_refused: bool,
    /// `--allow-kill-statement`
    pub is_kill_allowed: bool,
    /// `--schema-change-signal`
    pub is_schema_tracked: bool,
    /// `--enable-views`
    pub is_view_tracked: bool,
    /// `--enable-direct-ddl`
    pub is_direct_ddl_allowed: bool,
    /// `--vschema-ddl-authorized-users`: `%` for all, or names with commas.
    pub vschema_ddl_users: String,
    /// `--truncate-error-len`; 0 never cuts.
    pub error_length_max: usize,
    /// `--vtgate-config-terse-errors`
    pub has_terse_errors: bool,
    /// `--sql-max-length-ui`
    pub sql_length_ui_max: usize,
    /// `--srv-topo-cache-ttl`, `--srv-topo-cache-refresh`, `--srv-topo-timeout`
    pub srv_topo: vt_topo::CacheOptions,
    /// `--onterm-timeout`: how long open sessions may go on after the signal to stop.
    pub drain_timeout: Duration,
    /// `--grpc-use-effective-callerid`
    pub uses_effective_caller: bool,
    /// `--grpc-max-message-size`
    pub grpc_message_bytes_max: usize,
}

/// Where the gateway listens. Port 0 takes a free one, `None` does not listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// `--bind-address`
    pub address: String,
    /// `--port`
    pub web_port: Option<u16>,
    /// `--grpc-port`
    pub grpc_port: Option<u16>,
    /// `--mysql-server-bind-address`
    pub mysql_address: String,
    /// `--mysql-server-port`
    pub mysql_port: Option<u16>,
    /// `--mysql-server-socket-path`
    pub mysql_socket: Option<PathBuf>,
}

/// The MySQL front. Users, TLS and limits of connections are `vt_mysql`'s own.
#[derive(Clone, Debug)]
pub struct MysqlConfig {
    /// `--mysql-server-version`
    pub version: String,
    /// What `@@version_comment` tells, and `mysql` prints as the server's version.
    pub version_comment: String,
    /// `--mysql-server-query-timeout`; zero is no limit.
    pub query_timeout: Duration,
    /// `--mysql-default-workload`
    pub default_workload: Workload,
    /// Most clients at once; the next gets error 1040.
    pub connections_max: usize,
}

/// What a session begins with.
#[derive(Clone, Debug)]
pub struct SessionDefaults {
    /// `--default-tablet-type`
    pub tablet_type: TabletType,
    /// `--transaction-mode`
    pub transaction_mode: TransactionMode,
    /// `--ddl-strategy`
    pub ddl_strategy: String,
    /// `--enable-system-settings`
    pub system_settings: bool,
    /// `--query-timeout`, in milliseconds; 0 is no limit.
    pub query_timeout_ms: u64,
}

/// How long queries wait for a primary that is missing.
#[derive(Clone, Debug)]
pub struct BufferConfig {
    /// `--enable-buffer`, which is on unless it is switched off.
    pub is_enabled: bool,
    /// `--buffer-keyspace-shards`: `ks` or `ks/shard`; empty means all.
    pub shards: Vec<String>,
    /// `--buffer-size`: how many wait at once; further ones fail at once.
    pub size: usize,
    /// `--buffer-window`: how long one waits.
    pub window: Duration,
    /// `--buffer-max-failover-duration`: when a shard has had no primary for so long, its queries
    /// fail at once.
    pub outage_max: Duration,
    /// `--buffer-drain-concurrency`: how many of a shard's queries that waited are under way at once;
    /// 0, where the flag is not given, lets all go on at once.
    pub drain_concurrency: usize,
    /// `--enable-buffer-dry-run`: queries do not wait; what would have waited is counted and logged.
    pub is_dry_run: bool,
    /// `--buffer-min-time-between-failovers`: queries do not wait in an outage that begins sooner
    /// after the last. Zero where the flag is not given, so that each outage is hidden.
    pub outage_pause: Duration,
}

/// Reads that keep replicas warm.
#[derive(Clone, Debug)]
pub struct WarmingConfig {
    /// `--warming-reads-percent`: how many of a hundred reads of primaries go to a replica too.
    pub percent: u32,
    /// `--warming-reads-concurrency`: further ones are left out.
    pub concurrency: usize,
    /// `--warming-reads-query-timeout`
    pub timeout: Duration,
}

/// The query log.
#[derive(Clone, Debug)]
pub struct QueryLogConfig {
    /// `--log-queries-to-file`
    pub file: Option<PathBuf>,
    /// `--querylog-format json` instead of `text`.
    pub is_json: bool,
    /// `--querylog-filter-tag`: only statements that contain it.
    pub filter_tag: String,
    /// `--querylog-row-threshold`: only statements with so many rows.
    pub row_threshold: u64,
    /// `--querylog-time-threshold`
    pub time_threshold: Duration,
    /// `--querylog-sample-rate`: log at least this part of all statements.
    pub sample_rate: f64,
    /// `--querylog-mode error`: only statements that failed.
    pub errors_only: bool,
    /// `--querylog-emit-on-any-condition-met`
    pub any_condition: bool,
    /// `--querylog-buffer-size`
    pub buffer_size: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            discovery: vt_discovery::Config::default(),
            listen: Listen::default(),
            mysql: MysqlConfig::default(),
            querylog: QueryLogConfig::default(),
            session: SessionDefaults::default(),
            buffer: BufferConfig::default(),
            warming: WarmingConfig::default(),
            tablet_types_to_wait: vec![TabletType::Primary],
            initial_tablet_timeout: Duration::from_secs(30),
            allowed_tablet_types: Vec::new(),
            query_cache_bytes: 32 << 20,
            memory_rows_max: 300_000,
            memory_rows_warn: 30_000,
            payload_bytes_max: 0,
            payload_bytes_warn: 0,
            retry_count: 2,
            stream_buffer_bytes: 32_768,
            is_scatter_refused: false,
            is_kill_allowed: false,
            is_schema_tracked: true,
            is_view_tracked: true,
            is_direct_ddl_allowed: true,
            vschema_ddl_users: String::new(),
            error_length_max: 0,
            has_terse_errors: false,
            sql_length_ui_max: 512,
            srv_topo: vt_topo::CacheOptions::default(),
            drain_timeout: Duration::from_secs(10),
            uses_effective_caller: false,
            grpc_message_bytes_max: 16 << 20,
        }
    }
}

impl Default for Listen {
    fn default() -> Listen {
        Listen {
            address: "127.0.0.1".to_owned(),
            web_port: None,
            grpc_port: None,
            mysql_address: "127.0.0.1".to_owned(),
            mysql_port: None,
            mysql_socket: None,
        }
    }
}

impl Default for MysqlConfig {
    fn default() -> MysqlConfig {
        MysqlConfig {
            version: "8.4.6-Vitess".to_owned(),
            version_comment: concat!("Version: 24.0.0 (Vitrum ", env!("CARGO_PKG_VERSION"), ")")
                .to_owned(),
            query_timeout: Duration::ZERO,
            default_workload: Workload::Oltp,
            connections_max: 100_000,
        }
    }
}

impl Default for SessionDefaults {
    fn default() -> SessionDefaults {
        SessionDefaults {
            tablet_type: TabletType::Primary,
            transaction_mode: TransactionMode::Multi,
            ddl_strategy: "direct".to_owned(),
            system_settings: true,
            query_timeout_ms: 0,
        }
    }
}

impl Default for BufferConfig {
    fn default() -> BufferConfig {
        BufferConfig {
            is_enabled: true,
            shards: Vec::new(),
            size: 1_000,
            window: Duration::from_secs(10),
            outage_max: Duration::from_secs(20),
            outage_pause: Duration::ZERO,
            drain_concurrency: 0,
            is_dry_run: false,
        }
    }
}

impl Default for WarmingConfig {
    fn default() -> WarmingConfig {
        WarmingConfig { percent: 0, concurrency: 500, timeout: Duration::from_secs(5) }
    }
}

impl Default for QueryLogConfig {
    fn default() -> QueryLogConfig {
        QueryLogConfig {
            file: None,
            is_json: false,
            filter_tag: String::new(),
            row_threshold: 0,
            time_threshold: Duration::ZERO,
            sample_rate: 0.0,
            errors_only: false,
            any_condition: false,
            buffer_size: 10,
        }
    }
}
