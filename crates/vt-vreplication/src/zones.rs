//! Times without a zone, DATETIME, that mean another one at the source than they are to mean here.

use vt_base::{Code, Error};
use vt_mysql::Conn;
use vt_proto::binlogdata::BinlogSource;

use crate::store::quote;
use crate::trouble::{Outcome, Trouble};

/// What the source's times mean, and what they are to mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zones {
    from: String,
    to: String,
}

impl Zones {
    /// Returns the zones of a stream; none where times stay as they are.
    pub(crate) fn of(source: &BinlogSource) -> Option<Zones> {
        let (from, to) = (&source.source_time_zone, &source.target_time_zone);
        let to = if to.is_empty() { "UTC" } else { to };
        (!from.is_empty() && from != to).then(|| Zones { from: from.clone(), to: to.to_owned() })
    }

    /// Makes sure that the server knows both zones: what it does not know it makes NULL.
    pub(crate) async fn check(&self, conn: &mut Conn) -> Outcome<()> {
        let sql = format!("select {}", self.converted("'2026-01-01 00:00:00'"));
        let found = conn.query(sql, 1).await?;
        if found.rows.iter().next().and_then(|row| row.column(0)).is_some() {
            return Ok(());
        }
        let message = format!(
            "the target's MySQL cannot convert from time zone {} to {}: check the names, and load \
             its tables of time zones (mysql_tzinfo_to_sql)",
            self.from, self.to
        );
        Err(Trouble::Plan(Error::new(Code::FailedPrecondition, message)))
    }

    /// Writes a time that means the target's zone. What is no time, as a zero date, stays.
    pub(crate) fn write(&self, literal: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(b"ifnull(");
        let text = String::from_utf8_lossy(literal);
        out.extend_from_slice(self.converted(&text).as_bytes());
        out.push(b',');
        out.extend_from_slice(literal);
        out.push(b')');
    }

    fn converted(&self, literal: &str) -> String {
        format!("convert_tz({literal},{},{})", quote(&self.from), quote(&self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_converted_where_zones_differ() {
        let of = |from: &str, to: &str| {
            Zones::of(&BinlogSource {
                source_time_zone: from.to_owned(),
                target_time_zone: to.to_owned(),
                ..BinlogSource::default()
            })
        };
        assert_eq!(of("", ""), None);
        assert_eq!(of("", "US/Pacific"), None);
        assert_eq!(of("UTC", ""), None);
        let mut out = Vec::new();
        of("US/Pacific", "UTC").unwrap().write(b"'2026-01-01 00:00:00'", &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "ifnull(convert_tz('2026-01-01 00:00:00','US/Pacific','UTC'),'2026-01-01 00:00:00')"
        );
    }
}
