//! What a session decides about the evaluation of expressions at the gateway.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use vt_eval::SqlMode;
use vt_value::Collation;
use vt_value::temporal::{Locale, TimeZone};

use super::plan_cache::CachedPlan;
use crate::session::Session;

/// What a statement's evaluation goes by; made only for plans that evaluate.
pub(super) struct Evaluation(Option<Box<vt_eval::Session>>);

impl Evaluation {
    /// Makes what a plan needs.
    pub(super) fn new(session: &Session, plan: &CachedPlan) -> Evaluation {
        Evaluation(plan.evaluates.then(|| Box::new(of(session))))
    }

    /// Returns what the session decides, or MySQL's defaults where nobody will ask.
    pub(super) fn session(&self) -> &vt_eval::Session {
        static PLAIN: LazyLock<vt_eval::Session> = LazyLock::new(vt_eval::Session::default);
        self.0.as_deref().unwrap_or(&PLAIN)
    }
}

/// Returns what a session decides about evaluation; what it did not set is as MySQL begins.
fn of(session: &Session) -> vt_eval::Session {
    let plain = vt_eval::Session::default();
    let number = |name: &str| text(session, name).and_then(|text| text.parse::<u64>().ok());
    let small = |name: &str, default: u8| {
        number(name).and_then(|number| u8::try_from(number).ok()).unwrap_or(default)
    };
    let modes = text(session, "sql_mode").and_then(|names| SqlMode::from_names(&names).ok());
    let collation = text(session, "collation_connection");
    let collation = collation.as_deref().and_then(Collation::from_name);
    let zone = text(session, "time_zone").and_then(|name| TimeZone::of_name(&name));
    let locale = text(session, "lc_time_names").and_then(|name| Locale::of_name(&name));
    vt_eval::Session {
        sql_mode: modes.unwrap_or(plain.sql_mode),
        time_zone: zone.unwrap_or(plain.time_zone),
        connection_collation: collation.unwrap_or(plain.connection_collation),
        default_week_format: small("default_week_format", plain.default_week_format),
        div_precision_increment: small("div_precision_increment", plain.div_precision_increment),
        lc_time_names: locale.unwrap_or(plain.lc_time_names),
        max_allowed_packet: number("max_allowed_packet").unwrap_or(plain.max_allowed_packet),
        group_concat_max_len: number("group_concat_max_len").unwrap_or(plain.group_concat_max_len),
        block_encryption_mode: text(session, "block_encryption_mode")
            .map_or(plain.block_encryption_mode, Into::into),
        user: session.account.as_str().into(),
        current_user: session.account.as_str().into(),
        database: session.target.keyspace().map(|_| session.target.as_str().into()),
        connection_id: session.connection_id.into(),
        last_insert_id: session.last_insert_id,
        found_rows: session.found_rows,
        row_count: session.row_count,
        now_micros: now_micros(),
        seed: rand::random(),
        ..plain
    }
}

/// The moment at which the statement starts, in microseconds since 1970.
fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Returns the value of a variable that the session has set, without quotes.
fn text(session: &Session, name: &str) -> Option<String> {
    let literal = session.settings.get(name)?;
    let body = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    Some(body.unwrap_or(literal).to_owned())
}
