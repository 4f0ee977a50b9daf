//! Variables that the gateway keeps and obeys.

use vt_base::{Code, Error, Result};
use vt_tablet_api::{Isolation, Workload};
use vt_value::TypedBytes;

use super::{Scope, names, promises};
use crate::gate::Gate;
use crate::session::{Completion, Session, Tracking, TransactionMode, warning};
use crate::sysvars::{isolation_from_name, isolation_name, quoted};
use crate::tx;

/// Sets a variable; `None` is its default.
pub(super) async fn set(
    gate: &Gate,
    session: &mut Session,
    name: &str,
    value: Option<TypedBytes>,
) -> Result<()> {
    let given = Given { name, value };
    match name {
        "autocommit" => {
            session.autocommit = given.flag(true)?;
            if session.autocommit && session.transaction.is_open {
                tx::commit(&gate.tablets, session).await?;
            }
        }
        "client_found_rows" => session.client_found_rows = given.flag(false)?,
        "skip_query_plan_cache" => session.skip_query_plan_cache = given.flag(false)?,
        "enable_system_settings" => {
            session.system_settings = given.flag(gate.config.session.system_settings)?;
        }
        "tx_read_only" | "transaction_read_only" => {
            session.transaction.session_read_only = given.flag(false)?;
        }
        "tx_isolation" | "transaction_isolation" => {
            session.transaction.session_isolation = given.isolation()?;
            keep_isolation(session);
        }
        "sql_select_limit" => session.sql_select_limit = given.select_limit()?,
        "transaction_mode" => {
            let default = gate.config.session.transaction_mode;
            session.transaction_mode = given.transaction_mode(default)?;
        }
        "workload" => session.workload = given.workload(gate.config.mysql.default_workload)?,
        "charset" | "names" => {
            names::set_names(gate, session, given.text().as_deref(), None).await?;
        }
        "character_set_client"
        | "character_set_connection"
        | "character_set_results"
        | "collation_connection" => {
            names::set_one(gate, session, name, given.value.as_ref()).await?;
        }
        "completion_type" => session.completion = given.completion()?,
        "last_insert_id" | "identity" => session.last_insert_id = given.id()?,
        "max_error_count" => session.warnings.kept_max = given.error_count()?,
        "session_track_schema" => session.tracking.schema = given.flag(true)?,
        "session_track_system_variables" => {
            let default = || Tracking::default().variables;
            session.tracking.variables = given.text().unwrap_or_else(default);
        }
        "ddl_strategy" => {
            let default = &gate.config.session.ddl_strategy;
            session.ddl_strategy = given.ddl_strategy(default)?;
        }
        "migration_context" => session.migration_context = given.text().unwrap_or_default(),
        "session_uuid" => session.uuid = given.text().unwrap_or_default(),
        "query_timeout" => session.query_timeout_ms = given.millis()?,
        "transaction_timeout" => {
            let millis = given.millis()?;
            session.transaction_timeout_ms = millis.and_then(|millis| i64::try_from(millis).ok());
        }
        "read_after_write_gtid"
        | "read_after_write_timeout"
        | "read_consistency"
        | "max_replication_lag"
        | "session_track_gtids" => promises::set(gate, session, &given).await?,
        _ => return Err(Error::bug(format!("variable {name} is known but not kept"))),
    }
    Ok(())
}

/// `SET TRANSACTION`: for the next one, or for all of the session.
pub(super) fn set_transaction(
    session: &mut Session,
    scope: Option<Scope>,
    isolation: Option<Isolation>,
    is_read_only: Option<bool>,
) -> Result<()> {
    let transaction = &mut session.transaction;
    match scope {
        Some(Scope::Session) => {
            transaction.session_isolation = isolation.or(transaction.session_isolation);
            transaction.session_read_only = is_read_only.unwrap_or(transaction.session_read_only);
            keep_isolation(session);
        }
        None if transaction.is_open => {
            let message = "Transaction characteristics can't be changed while a transaction is in \
                           progress";
            let error = Error::mysql(1568, b"25001", message);
            return Err(error.with_code(Code::FailedPrecondition));
        }
        None => {
            transaction.isolation = isolation.or(transaction.isolation);
            transaction.is_read_only = is_read_only.unwrap_or(transaction.is_read_only);
        }
        Some(_) => return Err(Error::unsupported("SET GLOBAL TRANSACTION")),
    }
    Ok(())
}

/// Lets statements outside of transactions run under the session's isolation too.
fn keep_isolation(session: &mut Session) {
    match session.transaction.session_isolation.and_then(isolation_name) {
        Some(name) => session.settings.set("transaction_isolation", &quoted(name)),
        None => session.settings.remove("transaction_isolation"),
    }
}

/// A value on its way to a variable.
pub(super) struct Given<'a> {
    pub(super) name: &'a str,
    value: Option<TypedBytes>,
}

impl Given<'_> {
    pub(super) fn text(&self) -> Option<String> {
        let value = self.value.as_ref().filter(|value| !value.is_null())?;
        Some(String::from_utf8_lossy(&value.bytes).into_owned())
    }

    pub(super) fn wrong(&self) -> Error {
        let text = self.text().unwrap_or_else(|| "NULL".to_owned());
        let message = format!("Variable '{}' can't be set to the value of '{text}'", self.name);
        Error::mysql(1231, b"42000", message).with_code(Code::InvalidArgument)
    }

    fn flag(&self, default: bool) -> Result<bool> {
        let Some(text) = self.text() else { return Ok(default) };
        match text.to_lowercase().as_str() {
            "1" | "on" | "true" => Ok(true),
            "0" | "off" | "false" => Ok(false),
            _ => Err(self.wrong()),
        }
    }

    fn millis(&self) -> Result<Option<u64>> {
        let Some(text) = self.text() else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.wrong())
    }

    fn select_limit(&self) -> Result<i64> {
        let Some(text) = self.text() else { return Ok(0) };
        let limit: u64 = text.parse().map_err(|_| self.wrong())?;
        // The largest number is how MySQL says "none".
        Ok(i64::try_from(limit).unwrap_or(0))
    }

    fn completion(&self) -> Result<Completion> {
        let Some(text) = self.text() else { return Ok(Completion::NoChain) };
        match text.to_uppercase().as_str() {
            "NO_CHAIN" | "0" => Ok(Completion::NoChain),
            "CHAIN" | "1" => Ok(Completion::Chain),
            "RELEASE" | "2" => Ok(Completion::Release),
            _ => Err(self.wrong()),
        }
    }

    /// Reads an id; the variables of ids have no default.
    fn id(&self) -> Result<u64> {
        let Some(text) = self.text() else { return Err(self.wrong()) };
        let wrong_type = || {
            let message = format!("Incorrect argument type to variable '{}'", self.name);
            Error::mysql(1232, b"42000", message).with_code(Code::InvalidArgument)
        };
        text.parse().map_err(|_| wrong_type())
    }

    fn error_count(&self) -> Result<usize> {
        let Some(text) = self.text() else { return Ok(warning::KEPT_MAX) };
        let count: usize = text.parse().map_err(|_| self.wrong())?;
        Ok(count.min(usize::from(u16::MAX)))
    }

    fn isolation(&self) -> Result<Option<Isolation>> {
        let Some(text) = self.text() else { return Ok(None) };
        isolation_from_name(&text).map(Some).ok_or_else(|| self.wrong())
    }

    fn transaction_mode(&self, default: TransactionMode) -> Result<TransactionMode> {
        let Some(text) = self.text() else { return Ok(default) };
        match TransactionMode::from_name(&text) {
            Some(TransactionMode::TwoPc) => Err(Error::unsupported("transaction mode TWOPC")),
            Some(TransactionMode::Unspecified) => Ok(default),
            Some(mode) => Ok(mode),
            None => Err(self.wrong()),
        }
    }

    fn workload(&self, default: Workload) -> Result<Workload> {
        let Some(text) = self.text() else { return Ok(default) };
        match text.to_lowercase().as_str() {
            "oltp" => Ok(Workload::Oltp),
            "olap" => Ok(Workload::Olap),
            "dba" => Ok(Workload::Dba),
            "unspecified" => Ok(Workload::Unspecified),
            _ => Err(self.wrong()),
        }
    }

    fn ddl_strategy(&self, default: &str) -> Result<String> {
        let Some(text) = self.text() else { return Ok(default.to_owned()) };
        match text.split_whitespace().next().unwrap_or("direct") {
            "direct" => Ok(text),
            "vitess" | "online" | "mysql" => {
                Err(Error::unsupported(format!("ddl_strategy {text}: schema changes run directly")))
            }
            _ => Err(self.wrong()),
        }
    }
}
