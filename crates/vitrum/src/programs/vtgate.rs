//! `vtgate`: flags to configuration, then run.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use vt_base::{Code, Error, Result, TabletType};
use vt_discovery::Mode;
use vt_gate::config::{
    BufferConfig, Config, Listen, MysqlConfig, QueryLogConfig, SessionDefaults, WarmingConfig,
};
use vt_gate::session::TransactionMode;
use vt_gate::{Deps, Vtgate};
use vt_mysql::auth::{AuthServer, NoneAuth, StaticAuth};
use vt_mysql::server::ServerConfig;
use vt_rpc::dial::DialConfig;
use vt_service::Tasks;
use vt_tablet_api::Workload;

use super::common::{bind_address, dial, message_bytes, or, required, topo_flags};
use super::run::{block_on, finish, lanes, read_flags, run_until_told, start_log, tell_unread};
use crate::flags::Flags;

pub(super) const TABLE: &str = include_str!("../flags/vtgate.tsv");

pub(super) fn main(args: &[String]) -> ExitCode {
    match read_flags("vtgate", TABLE, args) {
        Ok(Some(flags)) => {
            start_log(&flags);
            finish(block_on(run(flags)))
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(err) => finish(Err(err)),
    }
}

async fn run(flags: Flags) -> Result<()> {
    let config = config(&flags)?;
    let tasks = Tasks::new();
    let mut server = server(&flags, &tasks)?;
    let (lanes, count) = lanes("query")?;
    server.lanes = lanes;
    let topo = vt_topo_etcd::open(&topo_flags(&flags)).await?;
    // All services are served whatever the map says.
    let _ = flags.list("service-map");
    let deps =
        Deps { topo, dial: DialConfig { lanes: count, ..dial(&flags) }, local: Vec::new(), server };
    tell_unread(&flags);
    let gate = Vtgate::build(config, deps).await?;
    run_until_told(&tasks, |shutdown| gate.run(shutdown)).await
}

pub(super) fn config(flags: &Flags) -> Result<Config> {
    let defaults = Config::default();
    Ok(Config {
        discovery: discovery(flags)?,
        listen: listen(flags),
        mysql: mysql(flags, defaults.mysql)?,
        querylog: query_log(flags),
        session: session(flags)?,
        buffer: buffer(flags),
        warming: WarmingConfig {
            percent: flags.number("warming-reads-percent"),
            concurrency: flags.number("warming-reads-concurrency"),
            timeout: or(flags.duration("warming-reads-query-timeout"), defaults.warming.timeout),
        },
        tablet_types_to_wait: types(flags, "tablet-types-to-wait")?,
        initial_tablet_timeout: flags.duration("gateway-initial-tablet-timeout"),
        allowed_tablet_types: types(flags, "allowed-tablet-types")?,
        query_cache_bytes: flags.number("gate-query-cache-memory"),
        memory_rows_max: flags.number("max-memory-rows"),
        memory_rows_warn: flags.number("warn-memory-rows"),
        payload_bytes_max: flags.number("max-payload-size"),
        payload_bytes_warn: flags.number("warn-payload-size"),
        retry_count: flags.number("retry-count"),
        stream_buffer_bytes: flags.number("stream-buffer-size"),
        is_scatter_refused: flags.bool("no-scatter"),
        is_kill_allowed: flags.bool("allow-kill-statement"),
        is_schema_tracked: flags.bool("schema-change-signal"),
        is_view_tracked: flags.bool("enable-views"),
        is_direct_ddl_allowed: flags.bool("enable-direct-ddl"),
        vschema_ddl_users: flags.string("vschema-ddl-authorized-users"),
        error_length_max: flags.number("truncate-error-len"),
        has_terse_errors: flags.bool("vtgate-config-terse-errors"),
        sql_length_ui_max: flags.number("sql-max-length-ui"),
        srv_topo: vt_topo::CacheOptions {
            ttl: flags.duration("srv-topo-cache-ttl"),
            refresh: flags.duration("srv-topo-cache-refresh"),
            timeout: or(flags.duration("srv-topo-timeout"), defaults.srv_topo.timeout),
        },
        drain_timeout: flags.duration("onterm-timeout"),
        uses_effective_caller: flags.bool("grpc-use-effective-callerid"),
        grpc_message_bytes_max: message_bytes(flags, defaults.grpc_message_bytes_max),
    })
}

/// Queries wait for a primary unless they are told not to, in each outage.
fn buffer(flags: &Flags) -> BufferConfig {
    let defaults = BufferConfig::default();
    let given = |name: &str, otherwise| match flags.is_given(name) {
        true => flags.duration(name),
        false => otherwise,
    };
    // Vitess switches it on by the flag; here it is on, and the flag can only switch it off.
    let is_enabled = flags.bool("enable-buffer")
        || flags.bool("enable-buffer-dry-run")
        || !flags.is_given("enable-buffer");
    let shards = flags.string("buffer-keyspace-shards");
    let shards = shards.split(',').map(str::trim).filter(|one| !one.is_empty());
    BufferConfig {
        is_enabled,
        shards: shards.map(str::to_owned).collect(),
        size: flags.number("buffer-size"),
        window: given("buffer-window", defaults.window),
        outage_max: given("buffer-max-failover-duration", defaults.outage_max),
        outage_pause: given("buffer-min-time-between-failovers", defaults.outage_pause),
        drain_concurrency: match flags.is_given("buffer-drain-concurrency") {
            true => flags.number("buffer-drain-concurrency"),
            false => defaults.drain_concurrency,
        },
        is_dry_run: flags.bool("enable-buffer-dry-run"),
    }
}

fn balance(flags: &Flags) -> Result<vt_discovery::Balance> {
    let mode = flags.string("vtgate-balancer-mode");
    // The older flag means what was the only other mode then.
    let is_preferring = mode.is_empty() && flags.bool("enable-balancer");
    let mode = if is_preferring { Mode::PreferCell } else { Mode::parse(&mode)? };
    let cells = flags.list("balancer-vtgate-cells");
    if mode == Mode::PreferCell && cells.is_empty() {
        let text = "--vtgate-balancer-mode prefer-cell: name the cells that have gateways with \
                    --balancer-vtgate-cells";
        return Err(wrong(text.to_owned()));
    }
    Ok(vt_discovery::Balance { mode, cells, keyspaces: flags.list("balancer-keyspaces") })
}

fn discovery(flags: &Flags) -> Result<vt_discovery::Config> {
    let defaults = vt_discovery::Config::default();
    let mut filters = Vec::new();
    for text in flags.list("tablet-filters") {
        filters.push(vt_discovery::ShardFilter::parse(&text)?);
    }
    let mut tags = std::collections::BTreeMap::new();
    for tag in flags.list("tablet-filter-tags") {
        let (name, value) = tag
            .split_once(':')
            .ok_or_else(|| wrong(format!("--tablet-filter-tags {tag}: expecting NAME:VALUE")))?;
        tags.insert(name.to_owned(), value.to_owned());
    }
    let cell = required(flags, "cell")?;
    let cells = flags.list("cells-to-watch");
    Ok(vt_discovery::Config {
        cells_to_watch: if cells.is_empty() { vec![cell.clone()] } else { cells },
        cell,
        keyspaces_to_watch: flags.list("keyspaces-to-watch"),
        tablet_filters: filters,
        tablet_filter_tags: tags,
        refresh_interval: or(flags.duration("tablet-refresh-interval"), defaults.refresh_interval),
        lag_low: flags.duration("discovery-low-replication-lag"),
        lag_high: flags.duration("discovery-high-replication-lag-minimum-serving"),
        serving_min: flags.number("min-number-serving-vttablets"),
        health_timeout: or(flags.duration("healthcheck-timeout"), defaults.health_timeout),
        retry_delay: or(flags.duration("healthcheck-retry-delay"), defaults.retry_delay),
        balance: balance(flags)?,
    })
}

fn listen(flags: &Flags) -> Listen {
    let port = |name: &str| match flags.number::<i64>(name) {
        1.. => Some(flags.number::<u16>(name)),
        _ => None,
    };
    Listen {
        address: bind_address(flags, "bind-address"),
        web_port: port("port"),
        grpc_port: port("grpc-port"),
        mysql_address: bind_address(flags, "mysql-server-bind-address"),
        mysql_port: port("mysql-server-port"),
        mysql_socket: flags.optional("mysql-server-socket-path").map(PathBuf::from),
    }
}

fn mysql(flags: &Flags, defaults: MysqlConfig) -> Result<MysqlConfig> {
    Ok(MysqlConfig {
        version: flags.string("mysql-server-version"),
        query_timeout: flags.duration("mysql-server-query-timeout"),
        default_workload: match flags.string("mysql-default-workload").to_ascii_uppercase().as_str()
        {
            "OLTP" | "" => Workload::Oltp,
            "OLAP" => Workload::Olap,
            "DBA" => Workload::Dba,
            other => {
                return Err(wrong(format!("--mysql-default-workload {other}: OLTP, OLAP or DBA")));
            }
        },
        ..defaults
    })
}

fn session(flags: &Flags) -> Result<SessionDefaults> {
    let defaults = SessionDefaults::default();
    Ok(SessionDefaults {
        tablet_type: match flags.optional("default-tablet-type") {
            Some(text) => text.parse()?,
            None => defaults.tablet_type,
        },
        transaction_mode: match flags.string("transaction-mode").to_ascii_uppercase().as_str() {
            "SINGLE" => TransactionMode::Single,
            "MULTI" | "" => TransactionMode::Multi,
            "TWOPC" => TransactionMode::TwoPc,
            other => {
                return Err(wrong(format!("--transaction-mode {other}: SINGLE, MULTI or TWOPC")));
            }
        },
        ddl_strategy: flags.optional("ddl-strategy").unwrap_or(defaults.ddl_strategy),
        system_settings: flags.bool("enable-system-settings"),
        query_timeout_ms: flags.number("query-timeout"),
    })
}

fn query_log(flags: &Flags) -> QueryLogConfig {
    QueryLogConfig {
        file: flags.optional("log-queries-to-file").map(PathBuf::from),
        is_json: flags.string("querylog-format") == "json",
        filter_tag: flags.string("querylog-filter-tag"),
        row_threshold: flags.number("querylog-row-threshold"),
        time_threshold: flags.duration("querylog-time-threshold"),
        sample_rate: flags.float("querylog-sample-rate"),
        errors_only: flags.string("querylog-mode") == "error",
        any_condition: flags.bool("querylog-emit-on-any-condition-met"),
        buffer_size: flags.number("querylog-buffer-size"),
    }
}

fn types(flags: &Flags, name: &str) -> Result<Vec<TabletType>> {
    flags.list(name).iter().map(|text| text.parse()).collect()
}

/// The MySQL front's own part: users, TLS, limits.
pub(super) fn server(flags: &Flags, tasks: &Tasks) -> Result<ServerConfig> {
    let mut server = ServerConfig::new(auth(flags, tasks)?);
    server.version = flags.string("mysql-server-version");
    server.require_secure_transport = flags.bool("mysql-server-require-secure-transport");
    server.read_timeout = flags.duration("mysql-server-read-timeout");
    server.write_timeout = flags.duration("mysql-server-write-timeout");
    server.slow_connect_threshold = flags.duration("mysql-slow-connect-warn-threshold");
    server.keepalive = flags.duration("mysql-server-keepalive-period");
    server.drain_timeout = flags.duration("onterm-timeout");
    if let Some(cert) = flags.optional("mysql-server-ssl-cert") {
        let key = required(flags, "mysql-server-ssl-key")?;
        let ca = flags.optional("mysql-server-ssl-ca").map(PathBuf::from);
        let tls = vt_mysql::tls::server_config(cert.as_ref(), key.as_ref(), ca.as_deref())?;
        server.tls = Some(tls);
    }
    Ok(server)
}

/// Who may log in; a file of users is read again when it changes.
fn auth(flags: &Flags, tasks: &Tasks) -> Result<Arc<dyn AuthServer>> {
    match flags.string("mysql-auth-server-impl").as_str() {
        "none" => Ok(Arc::new(NoneAuth)),
        "static" => {
            if let Some(json) = flags.optional("mysql-auth-server-static-string") {
                return Ok(Arc::new(StaticAuth::from_json(&json)?));
            }
            let path = required(flags, "mysql-auth-server-static-file").map_err(|_| {
                wrong(
                    "no users: give --mysql-auth-server-static-file FILE, or \
                     --mysql-auth-server-impl none to let anyone in"
                        .to_owned(),
                )
            })?;
            let auth = Arc::new(StaticAuth::from_file(path.as_ref())?);
            let (watched, stop) = (auth.clone(), tasks.token().clone());
            let period =
                or(flags.duration("mysql-auth-static-reload-interval"), Duration::from_secs(5));
            tasks.spawn("users", async move { watched.watch(period, stop).await });
            Ok(auth)
        }
        other => Err(wrong(format!("--mysql-auth-server-impl {other}: static or none"))),
    }
}

fn wrong(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}
