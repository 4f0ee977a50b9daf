//! What sessions begin with that set nothing: the servers' own settings, asked of them now and then.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use vt_base::{Result, TabletType};
use vt_eval::SqlMode;
use vt_sql::Modes;
use vt_tablet_api::{Caller, ExecuteRequest};
use vt_value::QueryResult;
use vt_value::temporal::{Locale, TimeZone};

use crate::tablets::Tablets;

/// How often the servers are asked, and how soon again while none has answered.
const PERIOD: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(500);
/// How long a tablet may take to answer.
const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// The servers' settings, as last known; MySQL's own until a server has answered.
#[derive(Default)]
pub struct Defaults(ArcSwap<ServerDefaults>);

/// What a session decides that has set nothing.
#[derive(Clone, Debug)]
pub struct ServerDefaults {
    /// How statements are evaluated; the moment and the session's own facts are not in it.
    pub evaluation: vt_eval::Session,
    pub modes: Modes,
    /// The zone of the servers' machines, for `SYSTEM`.
    pub system_zone: TimeZone,
}

impl Default for ServerDefaults {
    fn default() -> ServerDefaults {
        ServerDefaults {
            evaluation: vt_eval::Session::default(),
            modes: Modes::default(),
            system_zone: TimeZone::UTC,
        }
    }
}

impl ServerDefaults {
    /// Returns the grammar of a value of `sql_mode`, or of sessions that have set none.
    pub fn modes_of(&self, sql_mode: Option<&str>) -> Modes {
        sql_mode.map_or(self.modes, Modes::from_sql_mode)
    }

    /// Returns the time zone of a name, `None` if it is not known here.
    pub fn zone_of(&self, name: &str) -> Option<TimeZone> {
        match name.eq_ignore_ascii_case("system") {
            true => Some(self.system_zone.clone()),
            false => TimeZone::of_name(name),
        }
    }
}

impl Defaults {
    /// Returns what is known now.
    pub fn get(&self) -> Arc<ServerDefaults> {
        self.0.load_full()
    }
}

/// Asks a primary again and again; runs until cancelled.
pub async fn follow(tablets: Arc<Tablets>, defaults: Arc<Defaults>) {
    loop {
        let pause = match ask(&tablets).await {
            Some(Ok(found)) => {
                defaults.0.store(Arc::new(found));
                PERIOD
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "cannot read the servers' settings");
                RETRY
            }
            None => RETRY,
        };
        tokio::time::sleep(pause).await;
    }
}

/// Seconds between which a zone's distance to UTC is looked at: the months of 2026.
const PROBES: [i64; 12] = [
    1_767_225_600,
    1_769_904_000,
    1_772_323_200,
    1_775_001_600,
    1_777_593_600,
    1_780_272_000,
    1_782_864_000,
    1_785_542_400,
    1_788_220_800,
    1_790_812_800,
    1_793_491_200,
    1_796_083_200,
];

/// Asks one primary; `None` while there is none.
async fn ask(tablets: &Tablets) -> Option<Result<ServerDefaults>> {
    let all = tablets.discovery.snapshot();
    let primary = all
        .iter()
        .find(|one| one.target.tablet_type == TabletType::Primary && one.service.is_some())?;
    let service = primary.service.as_ref()?;
    let request = ExecuteRequest {
        caller: Arc::new(Caller::default()),
        target: primary.target.clone(),
        sql: question().into(),
        ..ExecuteRequest::default()
    };
    let reply = tokio::time::timeout(ASK_TIMEOUT, service.execute(request)).await.ok()?;
    Some(reply.result.map(|result| read(&result)))
}

fn question() -> String {
    let mut sql = "select @@global.sql_mode, @@global.time_zone, @@system_time_zone, \
                   @@global.default_week_format, @@global.div_precision_increment, \
                   @@global.lc_time_names, @@global.max_allowed_packet, \
                   @@global.group_concat_max_len, @@global.block_encryption_mode, \
                   timestampdiff(second, utc_timestamp(), now())"
        .to_owned();
    for probe in PROBES {
        sql.push_str(&format!(
            ", timestampdiff(second, '1970-01-01', from_unixtime({probe})) - {probe}"
        ));
    }
    sql
}

fn read(result: &QueryResult) -> ServerDefaults {
    let row = (!result.rows.is_empty()).then(|| result.rows.get(0));
    let text = |column: usize| {
        let bytes = row.and_then(|row| row.column(column)).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    };
    let plain = vt_eval::Session::default();
    let small = |column, default| text(column).parse().unwrap_or(default);
    let large = |column, default| text(column).parse().unwrap_or(default);
    let offsets: Vec<String> = (9..10 + PROBES.len()).map(text).collect();
    let system_zone = system_zone(&text(2), &offsets);
    let zone_name = text(1);
    let time_zone = match zone_name.eq_ignore_ascii_case("system") {
        true => system_zone.clone(),
        false => TimeZone::of_name(&zone_name).unwrap_or_else(|| system_zone.clone()),
    };
    let mode = text(8);
    ServerDefaults {
        modes: Modes::from_sql_mode(&text(0)),
        evaluation: vt_eval::Session {
            sql_mode: SqlMode::from_names(&text(0)).unwrap_or(plain.sql_mode),
            time_zone,
            default_week_format: small(3, plain.default_week_format),
            div_precision_increment: small(4, plain.div_precision_increment),
            lc_time_names: Locale::of_name(&text(5)).unwrap_or(plain.lc_time_names),
            max_allowed_packet: large(6, plain.max_allowed_packet),
            group_concat_max_len: large(7, plain.group_concat_max_len),
            block_encryption_mode: if mode.is_empty() {
                plain.block_encryption_mode
            } else {
                mode.into()
            },
            ..plain
        },
        system_zone,
    }
}

/// Returns the zone of the servers' machines: by its name if that is one of the IANA's and agrees
/// with what the server makes of the year's months, else by its distance to UTC.
fn system_zone(name: &str, offsets: &[String]) -> TimeZone {
    let seconds: Vec<i64> = offsets.iter().filter_map(|one| one.parse().ok()).collect();
    let (now, months) = match seconds.split_first() {
        Some((now, months)) if months.len() == PROBES.len() => (*now, months),
        _ => return TimeZone::UTC,
    };
    if let Some(zone) = TimeZone::of_name(name)
        && PROBES.iter().zip(months).all(|(at, month)| i64::from(zone.offset_at(*at)) == *month)
    {
        return zone;
    }
    // A second may pass between the two clocks that are compared.
    let minutes = (now as f64 / 60.0).round() as i64;
    if months.iter().any(|month| month / 60 != minutes) {
        tracing::warn!(
            zone = name,
            "the servers' machines change their clocks in a year: set default_time_zone on them to \
             a zone by name, so that times at the gateway agree at all times of the year"
        );
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let text = format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
    TimeZone::of_name(&text).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months(of: impl Fn(i64) -> i64) -> Vec<String> {
        let now = of(PROBES[0]);
        let mut all = vec![now.to_string()];
        all.extend(PROBES.iter().map(|at| of(*at).to_string()));
        all
    }

    #[test]
    fn the_system_zone_is_found_by_name_or_by_distance() {
        let utc = system_zone("UTC", &months(|_| 0));
        assert_eq!(utc.offset_at(1_780_000_000), 0);
        // CST is China's as well as Chicago's: the distance decides.
        let china = system_zone("CST", &months(|_| 28_800));
        assert_eq!(china.offset_at(1_780_000_000), 28_800);
        let berlin = TimeZone::of_name("Europe/Berlin").unwrap();
        let named = system_zone("Europe/Berlin", &months(|at| berlin.offset_at(at).into()));
        assert_eq!(named.offset_at(1_782_864_000), 7_200);
        assert_eq!(named.offset_at(1_767_225_600), 3_600);
        // One second late is the same zone.
        let late =
            system_zone("?", &[vec!["3599".to_owned()], vec!["3600".to_owned(); 12]].concat());
        assert_eq!(late.offset_at(0), 3_600);
        assert_eq!(system_zone("UTC", &[]).offset_at(0), 0);
    }

    #[test]
    fn system_is_a_zone_of_its_own() {
        let defaults = ServerDefaults {
            system_zone: TimeZone::of_name("+08:00").unwrap(),
            ..ServerDefaults::default()
        };
        assert_eq!(defaults.zone_of("SYSTEM").unwrap().offset_at(0), 28_800);
        assert!(defaults.zone_of("no/where").is_none());
    }
}
