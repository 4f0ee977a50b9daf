//! The mysqld beside the tablet: connection parameters by role, and a pool for administration.

use std::sync::Arc;
use std::time::Duration;

use vt_base::{Code, Error, Result};
use vt_mysql::pool::Connector;
use vt_mysql::{Capabilities, Conn, ConnectParams, Pool, PoolConfig, Pooled};
use vt_value::QueryResult;

use crate::config::{Account, DbConfig, PoolLimits, QueryConfig};

/// As whom a connection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    App,
    AppDebug,
    Dba,
    AllPrivs,
    Filtered,
}

/// Opens connections for a pool.
pub struct DbConnector {
    params: Arc<ConnectParams>,
}

impl Connector for DbConnector {
    type Conn = Conn;

    async fn connect(&self) -> Result<Conn> {
        Conn::connect(Arc::clone(&self.params)).await
    }
}

/// A pool of connections to the mysqld.
pub type DbPool = Pool<DbConnector>;
/// A connection on loan.
pub type DbConn = Pooled<DbConnector>;

/// The mysqld beside the tablet.
pub struct Db {
    config: DbConfig,
    /// The database of the keyspace.
    name: String,
    dba: DbPool,
}

impl Db {
    /// Makes the handle; connects to nothing yet.
    pub fn new(config: DbConfig, name: String) -> Db {
        let params = params(&config, &config.dba);
        let limits = PoolLimits {
            size: config.dba_pool_size,
            wait_timeout: Duration::from_secs(30),
            waiters_max: 0,
        };
        let dba = pool("dba pool", limits, Duration::from_secs(60), Duration::ZERO, params);
        Db { config, name, dba }
    }

    /// Returns the name of the keyspace's database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns how the server is reached.
    pub fn config(&self) -> &DbConfig {
        &self.config
    }

    /// Returns how to connect as a role, without a database.
    pub fn params(&self, role: Role) -> ConnectParams {
        let account = match role {
            Role::App => &self.config.app,
            Role::AppDebug => &self.config.appdebug,
            Role::Dba => &self.config.dba,
            Role::AllPrivs => &self.config.allprivs,
            Role::Filtered => &self.config.filtered,
        };
        params(&self.config, account)
    }

    /// Makes a pool of connections to the keyspace's database.
    pub fn app_pool(
        &self,
        name: &str,
        limits: PoolLimits,
        queries: &QueryConfig,
        found_rows: bool,
    ) -> DbPool {
        let mut params = self.params(Role::App);
        params.database = Some(self.name.clone());
        if found_rows {
            params.flags |= Capabilities::FOUND_ROWS;
        }
        pool(name, limits, queries.idle_timeout, queries.max_lifetime, params)
    }

    /// Opens a connection that no pool keeps.
    pub async fn connect(&self, role: Role, database: Option<&str>) -> Result<Conn> {
        let mut params = self.params(role);
        params.database = database.map(str::to_owned);
        Conn::connect(params).await
    }

    /// Takes a connection for administration, without a database.
    pub async fn dba(&self) -> Result<DbConn> {
        self.dba.get(None).await
    }

    /// Runs a statement of the system's own.
    pub async fn dba_query(&self, sql: &str) -> Result<QueryResult> {
        self.dba().await?.query(sql, ROWS_MAX).await
    }

    /// Returns the pool of connections for administration.
    pub fn dba_pool(&self) -> &DbPool {
        &self.dba
    }

    /// Closes what is open.
    pub async fn close(&self) {
        self.dba.close(Duration::from_secs(1)).await;
    }
}

/// How many rows a statement of the system's own may give.
pub const ROWS_MAX: usize = 1_000_000;

fn params(config: &DbConfig, account: &Account) -> ConnectParams {
    let mut params = ConnectParams::new(config.address.clone(), &account.user);
    params.password.clone_from(&account.password);
    params.connect_timeout = config.connect_timeout;
    params
}

fn pool(
    name: &str,
    limits: PoolLimits,
    idle_timeout: Duration,
    max_lifetime: Duration,
    params: ConnectParams,
) -> DbPool {
    let config = PoolConfig {
        name: name.to_owned(),
        capacity: limits.size,
        wait_timeout: limits.wait_timeout,
        waiters_max: limits.waiters_max,
        idle_timeout,
        max_lifetime,
    };
    Pool::new(config, DbConnector { params: Arc::new(params) })
}

/// Returns the first column of the first row as text; empty where there is none or it is NULL.
pub fn first_text(result: &QueryResult) -> String {
    let row = result.rows.iter().next();
    let value = row.and_then(|row| row.column(0)).unwrap_or_default();
    String::from_utf8_lossy(value).into_owned()
}

/// Writes a name as an identifier.
pub fn quote_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Writes a text as a literal.
pub fn quote_text(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    let value = vt_value::TypedBytes::varchar(text);
    let written = crate::query::template::write_value(
        &value,
        crate::query::template::Escaping::Backslash,
        &mut out,
    );
    debug_assert!(written.is_ok(), "a text can be written");
    String::from_utf8(out).unwrap_or_default()
}

/// Makes the error of a server that does not answer.
pub fn unavailable(err: &Error) -> Error {
    Error::new(Code::Unavailable, format!("mysqld does not answer: {}", err.message()))
        .with_mysql(err.errno(), err.sql_state())
}
