//! What the surroundings of a statement decide about its evaluation.

mod variable;

use std::fmt;
use std::sync::Arc;

use vt_value::Collation;
use vt_value::temporal::{Locale, TimeZone};

use crate::sql_mode::SqlMode;

/// What tells the moment.
#[derive(Clone)]
pub struct Clock(pub Arc<dyn Fn() -> i64 + Send + Sync>);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// What a statement's surroundings decide about evaluation: pure data, the same for all rows.
#[derive(Clone, Debug)]
pub struct Session {
    pub sql_mode: SqlMode,
    pub time_zone: TimeZone,
    /// The statement's start, in microseconds of UTC since 1970.
    pub now_micros: i64,
    /// The collation of literals (`collation_connection`).
    pub connection_collation: Collation,
    pub default_week_format: u8,
    /// What a division adds to the dividend's digits after the point.
    pub div_precision_increment: u8,
    /// The language of the names of days and months.
    pub lc_time_names: Locale,
    pub max_allowed_packet: u64,
    pub group_concat_max_len: u64,
    pub block_encryption_mode: Arc<str>,
    /// How many warnings are kept; those beyond are counted.
    pub max_error_count: u16,
    /// `user@host` as the client gave it (`USER()`).
    pub user: Arc<str>,
    /// `user@host` of the account (`CURRENT_USER()`).
    pub current_user: Arc<str>,
    pub database: Option<Arc<str>>,
    pub version: Arc<str>,
    pub connection_id: u64,
    pub last_insert_id: u64,
    pub found_rows: u64,
    pub row_count: i64,
    /// What tells the moment, in microseconds of UTC since 1970, for `SYSDATE()`; without it a shard
    /// is asked.
    pub clock: Option<Clock>,
    /// What chance starts from for this statement: `RAND()`, `UUID()`.
    pub seed: u64,
}

impl Default for Session {
    /// MySQL's defaults, at the start of 1970.
    fn default() -> Session {
        Session {
            sql_mode: SqlMode::DEFAULT,
            time_zone: TimeZone::UTC,
            now_micros: 0,
            connection_collation: Collation::UTF8MB4_0900_AI_CI,
            default_week_format: 0,
            div_precision_increment: vt_value::decimal::DIV_SCALE_INCREMENT,
            lc_time_names: Locale::default(),
            max_allowed_packet: 64 << 20,
            group_concat_max_len: 1024,
            block_encryption_mode: "aes-128-ecb".into(),
            max_error_count: 1024,
            user: "".into(),
            current_user: "".into(),
            database: None,
            version: "".into(),
            connection_id: 0,
            last_insert_id: 0,
            found_rows: 0,
            row_count: 0,
            clock: None,
            seed: 0,
        }
    }
}
