//! `vttablet`: flags to configuration, then run.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use vt_base::{Code, Error, Result, TabletAlias, TabletType};
use vt_mysql::Address;
use vt_mysqld::clone::Encryption;
use vt_service::{Stats, Tasks};
use vt_tablet::Tablet;
use vt_tablet::config::{
    Account, Config, DbConfig, DiskConfig, DonorRule, HealthConfig, HeartbeatConfig, PoolLimits,
    QueryConfig, ReplicationConfig, RestoreConfig,
};

use super::common::{bind_address, message_bytes, or, required, topo_flags};
use super::run::{block_on, finish, lanes, read_flags, run_until_told, start_log, tell_unread};
use crate::flags::Flags;

pub(super) const TABLE: &str = include_str!("../flags/vttablet.tsv");

pub(super) fn main(args: &[String]) -> ExitCode {
    match read_flags("vttablet", TABLE, args) {
        Ok(Some(flags)) => {
            start_log(&flags);
            finish(block_on(run(flags)))
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(err) => finish(Err(err)),
    }
}

async fn run(flags: Flags) -> Result<()> {
    let mut config = config(&flags)?;
    let topo = vt_topo_etcd::open(&topo_flags(&flags)).await?;
    // All services are served whatever the map says.
    let _ = flags.list("service-map");
    tell_unread(&flags);
    config.lanes = lanes("query")?.0;
    let tablet = Tablet::build(config, topo, Stats::new("vttablet")).await?;
    run_until_told(&Tasks::new(), |shutdown| tablet.run(shutdown)).await
}

pub(super) fn config(flags: &Flags) -> Result<Config> {
    let alias: TabletAlias = required(flags, "tablet-path")?.parse()?;
    let (keyspace, shard) = (required(flags, "init-keyspace")?, required(flags, "init-shard")?);
    let address = mysql_address(flags, alias.uid)?;
    let mut config = Config::new(alias, &keyspace, &shard, address.clone());
    if let Some(typ) = flags.optional("init-tablet-type") {
        config.init_type = init_type(&typ)?;
    }
    config.init_type_lookup = flags.bool("init-tablet-type-lookup");
    for tag in flags.list("init-tags") {
        let (name, value) = tag
            .split_once(':')
            .ok_or_else(|| wrong(format!("--init-tags {tag}: expecting NAME:VALUE")))?;
        config.tags.insert(name.to_owned(), value.to_owned());
    }
    config.hostname = flags.optional("tablet-hostname").unwrap_or_else(hostname);
    config.bind_address = bind_address(flags, "bind-address");
    config.http_port = flags.number("port");
    config.grpc_port = flags.number("grpc-port");
    // A firewall lets through only ports that it knows; 0 takes any.
    config.framed_port = Some(flags.number("framed-port"));
    config.message_bytes_max = message_bytes(flags, config.message_bytes_max);
    config.init_timeout = or(flags.duration("init-timeout"), config.init_timeout);
    config.lameduck_period = flags.duration("lameduck-period");
    config.onterm_timeout = flags.duration("onterm-timeout");
    config.shard_sync_retry_delay =
        or(flags.duration("shard-sync-retry-delay"), config.shard_sync_retry_delay);
    config.hook_dir = std::env::var_os("VTROOT").map(|root| Path::new(&root).join("vthook"));
    config.db = db(flags, address)?;
    config.queries = queries(flags);
    config.health = health(flags);
    config.replication = replication(flags);
    config.vreplication = vreplication(flags);
    config.heartbeats = heartbeats(flags);
    config.disk = DiskConfig {
        folder: flags.optional("disk-write-dir").map(PathBuf::from),
        interval: flags.duration("disk-write-interval"),
        timeout: flags.duration("disk-write-timeout"),
    };
    config.restore = restore(flags)?;
    config.throttle_tablet_types = throttle_types(&flags.list("throttle-tablet-types"))?;
    Ok(config)
}

/// Only types that a tablet can be by itself.
fn init_type(text: &str) -> Result<TabletType> {
    match text.parse()? {
        typ @ (TabletType::Replica
        | TabletType::Rdonly
        | TabletType::Spare
        | TabletType::Experimental
        | TabletType::Drained) => Ok(typ),
        typ => Err(wrong(format!(
            "invalid init_tablet_type {typ}; can only be REPLICA, RDONLY or SPARE"
        ))),
    }
}

/// The server's socket or address; by default the socket of the tablet's own instance.
fn mysql_address(flags: &Flags, uid: u32) -> Result<Address> {
    if let Some(host) = flags.optional("db-host") {
        return Ok(Address::tcp(&host, flags.number("db-port")));
    }
    let socket = flags.optional("db-socket").or_else(|| flags.optional("mycnf-socket-file"));
    if let Some(socket) = socket {
        return Ok(Address::unix(socket));
    }
    let root = std::env::var_os("VTDATAROOT").filter(|root| !root.is_empty()).ok_or_else(|| {
        wrong(
            "where is the mysqld? set VTDATAROOT, or give --db-socket, or --db-host and --db-port"
                .to_owned(),
        )
    })?;
    Ok(Address::unix(PathBuf::from(root).join(format!("vt_{uid:010}")).join("mysql.sock")))
}

fn db(flags: &Flags, address: Address) -> Result<DbConfig> {
    let passwords = credentials(flags)?;
    let account = |name: &str| {
        let user = flags.string(&format!("db-{name}-user"));
        let password = flags
            .optional(&format!("db-{name}-password"))
            .or_else(|| Some(passwords.get(&user)?.as_array()?.first()?.as_str()?.to_owned()))
            .unwrap_or_default();
        Account { user, password }
    };
    let mut db = DbConfig::new(address);
    db.unmanaged = flags.bool("unmanaged");
    db.name_override = flags.optional("init-db-name-override");
    db.app = account("app");
    db.appdebug = account("appdebug");
    db.dba = account("dba");
    db.allprivs = account("allprivs");
    db.filtered = account("filtered");
    db.repl = account("repl");
    db.clone = account("clone");
    if let ms @ 1.. = flags.number::<u64>("db-connect-timeout-ms") {
        db.connect_timeout = std::time::Duration::from_millis(ms);
    }
    if let size @ 1.. = flags.number("dba-pool-size") {
        db.dba_pool_size = size;
    }
    if let size @ 1.. = flags.number("app-pool-size") {
        db.app_pool_size = size;
    }
    Ok(db)
}

/// Reads `--db-credentials-file`: `{"vt_app": ["password"]}`.
fn credentials(flags: &Flags) -> Result<serde_json::Map<String, serde_json::Value>> {
    let Some(path) = flags.optional("db-credentials-file") else {
        return Ok(serde_json::Map::new());
    };
    let text = std::fs::read_to_string(&path)
        .map_err(|err| wrong(format!("--db-credentials-file {path}: {err}")))?;
    serde_json::from_str(&text).map_err(|err| wrong(format!("--db-credentials-file {path}: {err}")))
}

fn queries(flags: &Flags) -> QueryConfig {
    let defaults = QueryConfig::default();
    let limits = |size: &str, timeout: &str| PoolLimits {
        size: flags.number::<usize>(size).max(1),
        wait_timeout: flags.duration(timeout),
        waiters_max: 0,
    };
    let q = |name: &str| format!("queryserver-config-{name}");
    QueryConfig {
        pool: limits(&q("pool-size"), &q("query-pool-timeout")),
        stream_pool: limits(&q("stream-pool-size"), &q("stream-pool-timeout")),
        transaction_pool: limits(&q("transaction-cap"), &q("txpool-timeout")),
        idle_timeout: flags.duration(&q("idle-timeout")),
        max_lifetime: flags.duration(&q("pool-conn-max-lifetime")),
        query_timeout: flags.duration(&q("query-timeout")),
        transaction_timeout: flags.duration(&q("transaction-timeout")),
        olap_transaction_timeout: flags.duration(&q("olap-transaction-timeout")),
        rows_max: flags.number(&q("max-result-size")),
        rows_warn: flags.number(&q("warn-result-size")),
        stream_buffer_bytes: flags.number(&q("stream-buffer-size")),
        plan_cache_bytes: flags.number(&q("query-cache-memory")),
        consolidator: flags.bool("enable-consolidator"),
        consolidator_replicas: flags.bool("enable-consolidator-replicas"),
        consolidator_waiters_max: flags.number("consolidator-query-waiter-cap"),
        terse_errors: flags.bool(&q("terse-errors")),
        redact: flags.bool("sanitize-log-messages") || flags.bool("redact-debug-ui-queries"),
        truncate_error_len: flags.number(&q("truncate-error-len")),
        shutdown_grace_period: flags.duration("shutdown-grace-period"),
        schema_reload_time: flags.duration(&q("schema-reload-time")),
        schema_change_signal: flags.bool(&q("schema-change-signal")),
        ..defaults
    }
}

fn health(flags: &Flags) -> HealthConfig {
    let defaults = HealthConfig::default();
    HealthConfig {
        interval: or(flags.duration("health-check-interval"), defaults.interval),
        degraded_threshold: flags.duration("degraded-threshold"),
        unhealthy_threshold: flags.duration("unhealthy-threshold"),
        stream_buffer: flags.number::<usize>("stream-health-buffer-size").max(1),
        serving_grace_period: flags.duration("serving-state-grace-period"),
        ..defaults
    }
}

fn replication(flags: &Flags) -> ReplicationConfig {
    let defaults = ReplicationConfig::default();
    ReplicationConfig {
        connect_retry: or(flags.duration("replication-connect-retry"), defaults.connect_retry),
        lock_tables_timeout: or(
            flags.duration("lock-tables-timeout"),
            defaults.lock_tables_timeout,
        ),
        ..defaults
    }
}

fn vreplication(flags: &Flags) -> vt_vreplication::Config {
    let defaults = vt_vreplication::Config::default();
    let seconds: u64 = flags.number("vreplication-heartbeat-update-interval");
    vt_vreplication::Config {
        retry_delay: or(flags.duration("vreplication-retry-delay"), defaults.retry_delay),
        max_time_to_retry: flags.duration("vreplication-max-time-to-retry-on-error"),
        copy_phase_duration: or(
            flags.duration("vreplication-copy-phase-duration"),
            defaults.copy_phase_duration,
        ),
        insert_workers: match flags.is_given("vreplication-parallel-insert-workers") {
            true => flags.number::<usize>("vreplication-parallel-insert-workers").max(1),
            false => defaults.insert_workers,
        },
        heartbeat_interval: std::time::Duration::from_secs(seconds.max(1)),
        lag_tolerance: flags.duration("vreplication-replica-lag-tolerance"),
        ..defaults
    }
}

/// Whose data the tablet takes when it is restored. Servers of ours can be cloned in any case, so
/// `--mysql-clone-enabled` adds nothing.
fn restore(flags: &Flags) -> Result<RestoreConfig> {
    let _ = flags.bool("mysql-clone-enabled");
    let defaults = RestoreConfig::default();
    let donor = match (flags.optional("clone-from-tablet"), flags.bool("clone-from-primary")) {
        (Some(_), true) => {
            let text = "--clone-from-primary and --clone-from-tablet cannot be given together";
            return Err(wrong(text.to_owned()));
        }
        (Some(alias), false) => DonorRule::Tablet(alias.parse()?),
        (None, true) => DonorRule::Primary,
        (None, false) => DonorRule::Any,
    };
    let encryption = match flags.is_given("db-clone-use-ssl") {
        false => Encryption::Preferred,
        true if flags.bool("db-clone-use-ssl") => Encryption::Required,
        true => Encryption::Off,
    };
    Ok(RestoreConfig {
        at_start: flags.bool("restore-with-clone"),
        donor,
        restart_wait: or(flags.duration("clone-restart-wait-timeout"), defaults.restart_wait),
        encryption,
    })
}

/// Returns whose lag holds batch work back; replicas where nothing is said.
fn throttle_types(names: &[String]) -> Result<Vec<TabletType>> {
    let types: Result<Vec<TabletType>> =
        names.iter().flat_map(|one| one.split(',')).map(|one| one.trim().parse()).collect();
    Ok(Some(types?).filter(|types| !types.is_empty()).unwrap_or(vec![TabletType::Replica]))
}

/// Heartbeats that nobody asks for are not written unless the flag says so.
fn heartbeats(flags: &Flags) -> HeartbeatConfig {
    let defaults = HeartbeatConfig::default();
    HeartbeatConfig {
        always: flags.bool("heartbeat-enable"),
        interval: or(flags.duration("heartbeat-interval"), defaults.interval),
        on_demand: or(flags.duration("heartbeat-on-demand-duration"), defaults.on_demand),
    }
}

/// The machine's name, as others may know it.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "localhost".to_owned() } else { name.trim().to_owned() }
}

fn wrong(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}
