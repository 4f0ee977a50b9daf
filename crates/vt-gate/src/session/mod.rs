//! A client's session: everything that outlives a statement.
//!
//! The MySQL front keeps one per connection; over gRPC the client carries it.

pub mod charsets;
pub mod consistency;
pub mod settings;
pub mod shard_session;
pub mod transaction;
pub mod warning;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use vt_base::{Code, Error, Result, TabletAlias};
use vt_sql::Modes;
use vt_tablet_api::{Caller, ExecuteOptions, Isolation, Workload};
use vt_value::TypedBytes;

use crate::config::Config;
use crate::target::SessionTarget;

pub use charsets::Charsets;
pub use consistency::Consistency;
pub use settings::Settings;
pub use shard_session::ShardSession;
pub use transaction::{Transaction, TransactionMode};
pub use warning::{Level, Warning, Warnings};

/// A statement that was prepared by `PREPARE name FROM ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedStatement {
    pub sql: Arc<str>,
    pub param_count: u16,
}

/// Most statements that a session may prepare by name.
pub const NAMED_STATEMENTS_MAX: usize = 16_382;
/// Most user variables of a session, and most bytes of one.
pub const USER_VARIABLES_MAX: usize = 10_000;

/// The session.
#[derive(Clone, Debug)]
pub struct Session {
    /// What `CONNECTION_ID()` gives; 0 over gRPC.
    pub connection_id: u32,
    pub uuid: String,
    pub caller: Arc<Caller>,
    /// `user@host`, for `USER()`.
    pub account: String,
    pub target: SessionTarget,
    pub autocommit: bool,
    pub transaction: Transaction,
    pub transaction_mode: TransactionMode,
    pub settings: Settings,
    pub user_variables: BTreeMap<String, TypedBytes>,
    pub prepared: BTreeMap<String, NamedStatement>,
    pub warnings: Warnings,
    /// How the grammar reads this session's statements.
    pub modes: Modes,
    pub workload: Workload,
    pub client_found_rows: bool,
    pub skip_query_plan_cache: bool,
    /// 0 is no limit.
    pub sql_select_limit: i64,
    /// Milliseconds; `None` leaves the default.
    pub query_timeout_ms: Option<u64>,
    pub transaction_timeout_ms: Option<i64>,
    pub ddl_strategy: String,
    pub migration_context: String,
    pub consistency: Consistency,
    /// The replica that a shard was last read from, where later reads must not see less.
    pub last_read: BTreeMap<consistency::Place, TabletAlias>,
    pub last_insert_id: u64,
    pub found_rows: u64,
    pub row_count: i64,
    pub system_settings: bool,
    pub charsets: Charsets,
    /// Values of variables that have no effect, for those who read them.
    pub kept: BTreeMap<&'static str, TypedBytes>,
    pub completion: Completion,
    pub tracking: Tracking,
    /// What began this session, for `COM_RESET_CONNECTION`.
    initial_target: SessionTarget,
    initial_charsets: Charsets,
}

/// What COMMIT and ROLLBACK do besides, where they do not say (`completion_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completion {
    #[default]
    NoChain,
    Chain,
    Release,
}

/// Which changes of the session are told to clients that can hear of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// `session_track_schema`
    pub schema: bool,
    /// `session_track_system_variables`: names with commas, or `*`.
    pub variables: String,
}

impl Default for Tracking {
    fn default() -> Tracking {
        let variables = "time_zone,autocommit,character_set_client,character_set_results,\
                         character_set_connection";
        Tracking { schema: true, variables: variables.to_owned() }
    }
}

impl Tracking {
    /// Returns whether changes of a variable are told.
    pub fn tells(&self, variable: &str) -> bool {
        let named = |one: &str| one == "*" || one.eq_ignore_ascii_case(variable);
        self.variables.split(',').map(str::trim).any(named)
    }
}

impl Session {
    /// Sets a user variable, whose name is in lower case.
    ///
    /// # Errors
    /// There are too many.
    pub fn set_user_variable(&mut self, name: String, value: TypedBytes) -> Result<()> {
        let is_new = !self.user_variables.contains_key(&name);
        if is_new && self.user_variables.len() >= USER_VARIABLES_MAX {
            let message = format!("a session may have {USER_VARIABLES_MAX} user variables at most");
            return Err(Error::new(Code::ResourceExhausted, message));
        }
        self.user_variables.insert(name, value);
        Ok(())
    }

    /// Begins a session for a caller.
    pub fn new(config: &Config, caller: Caller, target: SessionTarget) -> Session {
        let defaults = &config.session;
        Session {
            connection_id: 0,
            uuid: String::new(),
            caller: Arc::new(caller),
            account: String::new(),
            initial_target: target.clone(),
            initial_charsets: Charsets::default(),
            target,
            autocommit: true,
            transaction: Transaction::default(),
            transaction_mode: defaults.transaction_mode,
            settings: Settings::default(),
            user_variables: BTreeMap::new(),
            prepared: BTreeMap::new(),
            warnings: Warnings::default(),
            modes: Modes::default(),
            workload: config.mysql.default_workload,
            client_found_rows: false,
            skip_query_plan_cache: false,
            sql_select_limit: 0,
            query_timeout_ms: None,
            transaction_timeout_ms: None,
            ddl_strategy: defaults.ddl_strategy.clone(),
            migration_context: String::new(),
            consistency: Consistency::default(),
            last_read: BTreeMap::new(),
            last_insert_id: 0,
            found_rows: 0,
            row_count: 0,
            system_settings: defaults.system_settings,
            charsets: Charsets::default(),
            kept: BTreeMap::new(),
            completion: Completion::default(),
            tracking: Tracking::default(),
        }
    }

    /// Makes the session as it was when it began; what is open on shards must have been ended.
    pub fn reset(&mut self, config: &Config) {
        let fresh = Session::new(config, Caller::clone(&self.caller), self.initial_target.clone());
        let old = std::mem::replace(self, fresh);
        self.connection_id = old.connection_id;
        self.uuid = old.uuid;
        self.account = old.account;
        self.client_found_rows = old.client_found_rows;
        self.initial_charsets = old.initial_charsets;
    }

    /// Gives a session what its client said at its login, and the servers' own grammar.
    pub fn log_in(&mut self, charsets: Charsets, modes: Modes) {
        self.modes = modes;
        self.charsets = charsets;
        self.initial_charsets = charsets;
        if charsets.collation != Charsets::default().collation {
            let literal = crate::sysvars::quoted(charsets.collation_name());
            self.settings.set("collation_connection", &literal);
        }
    }

    /// Returns the character sets that the client named at its login.
    pub fn login_charsets(&self) -> Charsets {
        self.initial_charsets
    }

    /// Lets tablets tell of positions as far as the session's promises need them.
    pub fn follow_positions(&mut self) {
        match self.consistency.tracked_by_tablets() {
            consistency::TrackGtids::Off => self.settings.remove("session_track_gtids"),
            tracked => {
                let literal = crate::sysvars::quoted(tracked.as_str());
                self.settings.set("session_track_gtids", &literal);
            }
        }
    }

    /// Returns whether a transaction is open, or one must be opened by the next statement.
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_open
    }

    /// Returns the options that go with a call to a tablet.
    pub fn execute_options(&self) -> ExecuteOptions {
        let transaction = &self.transaction;
        ExecuteOptions {
            client_found_rows: self.client_found_rows,
            workload: self.workload,
            sql_select_limit: self.sql_select_limit,
            isolation: transaction.isolation.unwrap_or(Isolation::Default),
            read_only: transaction.is_read_only,
            consistent_snapshot: transaction.is_snapshot,
            skip_query_plan_cache: self.skip_query_plan_cache,
            has_created_temp_tables: transaction.has_temporary_tables,
            transaction_timeout_ms: self.transaction_timeout_ms,
            fetch_last_insert_id: true,
            ..ExecuteOptions::default()
        }
    }

    /// Returns how long a statement may take; `None` is no limit.
    pub fn query_timeout(&self, config: &Config, directive_ms: u64) -> Option<Duration> {
        let of_session = self.query_timeout_ms.unwrap_or(config.session.query_timeout_ms);
        let millis = if directive_ms > 0 { directive_ms } else { of_session };
        let own = (millis > 0).then(|| Duration::from_millis(millis));
        let front = config.mysql.query_timeout;
        let front = (!front.is_zero() && self.workload != Workload::Olap).then_some(front);
        match (own, front) {
            (Some(own), Some(front)) => Some(own.min(front)),
            (own, front) => own.or(front),
        }
    }
}
