//! What a tablet is told: typed, with the reference's defaults; the shell fills it from flags.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use vt_base::{TabletAlias, TabletType};
use vt_mysql::Address;

pub use crate::disk::DiskConfig;
pub use crate::restore::RestoreConfig;
pub use crate::throttler::heartbeat::HeartbeatConfig;
pub use vt_recovery::DonorRule;

/// Everything that a tablet is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// `--tablet-path`.
    pub alias: TabletAlias,
    /// `--init-keyspace`.
    pub keyspace: String,
    /// `--init-shard`.
    pub shard: String,
    /// `--init-tablet-type`: what the tablet is when it is not primary.
    pub init_type: TabletType,
    /// `--init-tablet-type-lookup`: keep the type of the record that is there.
    pub init_type_lookup: bool,
    /// `--init-tags`.
    pub tags: BTreeMap<String, String>,
    /// `--tablet-hostname`: what others connect to.
    pub hostname: String,
    /// `--bind-address`: what the listeners are bound to.
    pub bind_address: String,
    /// `--port`; 0 takes any.
    pub http_port: u16,
    /// `--grpc-port`; 0 takes any.
    pub grpc_port: u16,
    /// The port of the framed transport; `None` serves none, 0 takes any.
    pub framed_port: Option<u16>,
    /// The threads that calls of gateways are spread over.
    pub lanes: vt_service::Lanes,
    /// `--grpc-max-message-size`.
    pub message_bytes_max: usize,
    /// `--init-timeout`.
    pub init_timeout: Duration,
    /// `--lameduck-period`: how long the tablet says that it goes before it goes.
    pub lameduck_period: Duration,
    /// `--onterm-timeout`: how long going may take.
    pub onterm_timeout: Duration,
    /// `--shard-sync-retry-delay`.
    pub shard_sync_retry_delay: Duration,
    /// `--vthook-dir`: where hooks lie; `None` knows none.
    pub hook_dir: Option<PathBuf>,
    pub db: DbConfig,
    pub queries: QueryConfig,
    pub health: HealthConfig,
    pub replication: ReplicationConfig,
    pub vreplication: vt_vreplication::Config,
    pub heartbeats: HeartbeatConfig,
    pub disk: DiskConfig,
    pub restore: RestoreConfig,
    /// `--throttle-tablet-types`: whose lag counts for the shard, beside the primary's own.
    pub throttle_tablet_types: Vec<TabletType>,
}

/// An account of the mysqld.
#[derive(Clone)]
pub struct Account {
    pub user: String,
    pub password: String,
}

impl Account {
    /// Makes an account without password.
    pub fn new(user: &str) -> Account {
        Account { user: user.to_owned(), password: String::new() }
    }
}

/// Shows the user alone.
impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("user", &self.user).finish_non_exhaustive()
    }
}

/// How to reach the mysqld, and as whom.
#[derive(Clone, Debug)]
pub struct DbConfig {
    /// `--db-socket`, or `--db-host` and `--db-port`.
    pub address: Address,
    /// `--unmanaged`: the server is another's; its settings and replication are left alone.
    pub unmanaged: bool,
    /// `--init-db-name-override`; else `vt_KEYSPACE`.
    pub name_override: Option<String>,
    /// Where replicas of other machines reach the server; port 0 asks the server.
    pub mysql_hostname: String,
    pub mysql_port: u16,
    pub app: Account,
    pub appdebug: Account,
    pub dba: Account,
    pub allprivs: Account,
    pub filtered: Account,
    pub repl: Account,
    /// The account by which other tablets' servers copy this one's data.
    pub clone: Account,
    /// `--db-connect-timeout-ms`.
    pub connect_timeout: Duration,
    /// `--dba-pool-size`.
    pub dba_pool_size: usize,
    /// `--app-pool-size`.
    pub app_pool_size: usize,
}

impl DbConfig {
    /// Makes the configuration of the system's accounts on a server.
    pub fn new(address: Address) -> DbConfig {
        DbConfig {
            address,
            unmanaged: false,
            name_override: None,
            mysql_hostname: String::new(),
            mysql_port: 0,
            app: Account::new("vt_app"),
            appdebug: Account::new("vt_appdebug"),
            dba: Account::new("vt_dba"),
            allprivs: Account::new("vt_allprivs"),
            filtered: Account::new("vt_filtered"),
            repl: Account::new("vt_repl"),
            clone: Account::new("vt_clone"),
            connect_timeout: Duration::from_secs(10),
            dba_pool_size: 20,
            app_pool_size: 40,
        }
    }
}

/// Limits of a pool of connections.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    pub size: usize,
    /// Longest wait for a connection; zero waits as long as the statement may take.
    pub wait_timeout: Duration,
    /// Most callers that wait at once; zero sets no limit.
    pub waiters_max: usize,
}

/// How statements are run.
#[derive(Clone, Debug)]
pub struct QueryConfig {
    /// `--queryserver-config-pool-size`, and its timeout.
    pub pool: PoolLimits,
    /// `--queryserver-config-stream-pool-size`.
    pub stream_pool: PoolLimits,
    /// `--queryserver-config-transaction-cap`.
    pub transaction_pool: PoolLimits,
    /// `--queryserver-config-idle-timeout`.
    pub idle_timeout: Duration,
    /// `--queryserver-config-pool-conn-max-lifetime`.
    pub max_lifetime: Duration,
    /// `--queryserver-config-query-timeout`; zero sets none.
    pub query_timeout: Duration,
    /// `--queryserver-config-transaction-timeout`.
    pub transaction_timeout: Duration,
    /// `--queryserver-config-olap-transaction-timeout`.
    pub olap_transaction_timeout: Duration,
    /// `--queryserver-config-max-result-size`.
    pub rows_max: usize,
    /// `--queryserver-config-warn-result-size`; 0 never warns.
    pub rows_warn: usize,
    /// `--queryserver-config-stream-buffer-size`.
    pub stream_buffer_bytes: usize,
    /// `--queryserver-config-query-cache-memory`.
    pub plan_cache_bytes: usize,
    /// `--enable-consolidator`.
    pub consolidator: bool,
    /// `--enable-consolidator-replicas`.
    pub consolidator_replicas: bool,
    /// `--consolidator-query-waiter-cap`; 0 sets none.
    pub consolidator_waiters_max: usize,
    /// `--queryserver-config-terse-errors`: no statements and values in errors.
    pub terse_errors: bool,
    /// `--sanitize-log-messages`, `--redact-debug-ui-queries`: no values in logs and pages.
    pub redact: bool,
    /// `--queryserver-config-truncate-error-len`; 0 sets none.
    pub truncate_error_len: usize,
    /// `--shutdown-grace-period`: how long transactions have to end; zero is without end.
    pub shutdown_grace_period: Duration,
    /// `--queryserver-config-schema-reload-time`.
    pub schema_reload_time: Duration,
    /// `--queryserver-config-schema-change-signal`.
    pub schema_change_signal: bool,
    /// How often idle transactions are looked at.
    pub kill_check_interval: Duration,
}

impl Default for QueryConfig {
    fn default() -> QueryConfig {
        let unlimited = |size| PoolLimits { size, wait_timeout: Duration::ZERO, waiters_max: 0 };
        QueryConfig {
            pool: unlimited(16),
            stream_pool: unlimited(200),
            transaction_pool: PoolLimits { wait_timeout: Duration::from_secs(1), ..unlimited(20) },
            idle_timeout: Duration::from_secs(30 * 60),
            max_lifetime: Duration::ZERO,
            query_timeout: Duration::from_secs(30),
            transaction_timeout: Duration::from_secs(30),
            olap_transaction_timeout: Duration::from_secs(30),
            rows_max: 10_000,
            rows_warn: 0,
            stream_buffer_bytes: 32_768,
            plan_cache_bytes: 32 << 20,
            consolidator: true,
            consolidator_replicas: false,
            consolidator_waiters_max: 0,
            terse_errors: false,
            redact: false,
            truncate_error_len: 0,
            shutdown_grace_period: Duration::from_secs(3),
            schema_reload_time: Duration::from_secs(30 * 60),
            schema_change_signal: true,
            kill_check_interval: Duration::from_millis(100),
        }
    }
}

/// How health is judged and told.
#[derive(Clone, Debug)]
pub struct HealthConfig {
    /// `--health-check-interval`: how often health is told without a change.
    pub interval: Duration,
    /// How often the server is looked at.
    pub poll_interval: Duration,
    /// `--degraded-threshold`.
    pub degraded_threshold: Duration,
    /// `--unhealthy-threshold`: more lag takes the tablet out of service.
    pub unhealthy_threshold: Duration,
    /// `--stream-health-buffer-size`.
    pub stream_buffer: usize,
    /// `--serving-state-grace-period`.
    pub serving_grace_period: Duration,
}

impl Default for HealthConfig {
    fn default() -> HealthConfig {
        HealthConfig {
            interval: Duration::from_secs(20),
            poll_interval: Duration::from_secs(1),
            degraded_threshold: Duration::from_secs(30),
            unhealthy_threshold: Duration::from_secs(2 * 3600),
            stream_buffer: 20,
            serving_grace_period: Duration::ZERO,
        }
    }
}

/// How replication is kept.
#[derive(Clone, Debug)]
pub struct ReplicationConfig {
    /// `--replication-connect-retry`.
    pub connect_retry: Duration,
    /// `--disable-replication-manager`: whether the tablet leaves stopped replication alone.
    pub manage: bool,
    /// `--lock-tables-timeout`.
    pub lock_tables_timeout: Duration,
    /// How long a wait for a position may take unless the caller says.
    pub wait_timeout: Duration,
}

impl Default for ReplicationConfig {
    fn default() -> ReplicationConfig {
        ReplicationConfig {
            connect_retry: Duration::from_secs(10),
            manage: true,
            lock_tables_timeout: Duration::from_secs(60),
            wait_timeout: Duration::from_secs(30),
        }
    }
}

impl Config {
    /// Makes the configuration of a tablet with the reference's defaults.
    pub fn new(alias: TabletAlias, keyspace: &str, shard: &str, address: Address) -> Config {
        Config {
            alias,
            keyspace: keyspace.to_owned(),
            shard: shard.to_owned(),
            init_type: TabletType::Replica,
            init_type_lookup: false,
            tags: BTreeMap::new(),
            hostname: "127.0.0.1".to_owned(),
            bind_address: "127.0.0.1".to_owned(),
            http_port: 0,
            grpc_port: 0,
            framed_port: Some(0),
            lanes: vt_service::Lanes::default(),
            message_bytes_max: vt_rpc::MESSAGE_BYTES_MAX,
            init_timeout: Duration::from_secs(60),
            lameduck_period: Duration::from_millis(50),
            onterm_timeout: Duration::from_secs(10),
            shard_sync_retry_delay: Duration::from_secs(30),
            hook_dir: None,
            db: DbConfig::new(address),
            queries: QueryConfig::default(),
            health: HealthConfig::default(),
            replication: ReplicationConfig::default(),
            vreplication: vt_vreplication::Config::default(),
            heartbeats: HeartbeatConfig::default(),
            disk: DiskConfig::default(),
            restore: RestoreConfig::default(),
            throttle_tablet_types: vec![TabletType::Replica],
        }
    }

    /// Returns the database that holds the keyspace's tables.
    pub fn db_name(&self) -> String {
        match &self.db.name_override {
            Some(name) if !name.is_empty() => name.clone(),
            _ => format!("vt_{}", self.keyspace),
        }
    }
}
