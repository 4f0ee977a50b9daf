//! Session variables by name, as SET gives them.

use vt_base::{Code, Error};
use vt_value::Collation;
use vt_value::temporal::{Locale, TimeZone};

use super::Session;
use crate::sql_mode::SqlMode;

impl Session {
    /// Sets what a session variable decides; the value is text without quotes.
    ///
    /// A variable that decides nothing here gives `false`.
    ///
    /// # Errors
    /// MySQL's 1231 and its like for a value that the variable cannot have.
    pub fn set_variable(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        let wrong = || wrong_value(name, value);
        let number = || value.parse::<u64>().map_err(|_| wrong());
        match name.to_ascii_lowercase().as_str() {
            "sql_mode" => {
                self.sql_mode = if value.eq_ignore_ascii_case("default") {
                    SqlMode::DEFAULT
                } else {
                    SqlMode::from_names(value).map_err(|name| wrong_value("sql_mode", &name))?
                };
            }
            "time_zone" => {
                let unknown = || {
                    let message = format!("Unknown or incorrect time zone: '{value}'");
                    Error::mysql(1298, b"HY000", message).with_code(Code::InvalidArgument)
                };
                self.time_zone = TimeZone::of_name(value).ok_or_else(unknown)?;
            }
            "collation_connection" => {
                let unknown = || {
                    let message = format!("Unknown collation: '{value}'");
                    Error::mysql(1273, b"HY000", message).with_code(Code::InvalidArgument)
                };
                self.connection_collation = Collation::from_name(value).ok_or_else(unknown)?;
            }
            "default_week_format" => self.default_week_format = number()?.min(7) as u8,
            "div_precision_increment" => self.div_precision_increment = number()?.min(30) as u8,
            "group_concat_max_len" => self.group_concat_max_len = number()?.max(4),
            "max_error_count" => self.max_error_count = number()?.min(u16::MAX.into()) as u16,
            "lc_time_names" => {
                let unknown = || {
                    let message = format!("Unknown locale: '{value}'");
                    Error::mysql(1649, b"HY000", message).with_code(Code::InvalidArgument)
                };
                self.lc_time_names = Locale::of_name(value).ok_or_else(unknown)?;
            }
            "block_encryption_mode" => self.block_encryption_mode = value.into(),
            "timestamp" => self.now_micros = micros(value).ok_or_else(wrong)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Reads seconds with a fraction.
fn micros(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: i64 = format!("{fraction:0<6}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(part)
}

fn wrong_value(name: &str, value: &str) -> Error {
    let message = format!("Variable '{name}' can't be set to the value of '{value}'");
    Error::mysql(1231, b"42000", message).with_code(Code::InvalidArgument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_set_by_name() {
        let mut session = Session::default();
        let mut set = |name: &str, value: &str| session.set_variable(name, value);
        assert!(set("SQL_MODE", "ANSI").unwrap());
        assert!(set("time_zone", "+02:00").unwrap());
        assert!(set("timestamp", "12.5").unwrap());
        assert!(set("collation_connection", "latin1_swedish_ci").unwrap());
        assert!(!set("wait_timeout", "1").unwrap());
        assert_eq!(set("sql_mode", "NONE_SUCH").unwrap_err().errno(), 1231);
        assert_eq!(set("time_zone", "no/where").unwrap_err().errno(), 1298);
        assert!(session.sql_mode.has(SqlMode::ANSI_QUOTES));
        assert_eq!(session.now_micros, 12_500_000);
        assert_eq!(session.connection_collation.name(), Some("latin1_swedish_ci"));
    }
}
