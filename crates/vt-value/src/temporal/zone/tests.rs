//! Zones beside what MySQL 9.7 answered.

use super::*;
use crate::TemporalKind;

fn moment(zone: &str, local: &str) -> (i64, bool) {
    let value = Temporal::parse(TemporalKind::DateTime, local.as_bytes()).unwrap();
    let (moment, _) = TimeZone::of_name(zone).unwrap().moment_of(&value);
    (moment.seconds, moment.skipped)
}

#[test]
fn skipped_and_repeated_times_are_moments_as_mysql_has_them() {
    assert_eq!(moment("Europe/Berlin", "2024-10-27 02:30:00"), (1_729_989_000, false));
    assert_eq!(moment("Europe/Berlin", "2024-03-31 02:30:00"), (1_711_846_800, true));
    assert_eq!(moment("europe/berlin", "2050-07-01 00:00:00"), (2_540_242_800, false));
    assert_eq!(moment("+05:30", "1970-01-01 05:30:00"), (0, false));
    assert_eq!(moment("-5:00", "1970-01-01 00:00:00"), (18_000, false));
}

#[test]
fn names_are_those_that_time_zone_takes() {
    for name in ["+14:01", "-14:00", "+1:2", "05:30", "+0530", "Nowhere/City", "", "+99:99"] {
        assert!(TimeZone::of_name(name).is_none(), "{name}");
    }
    for (name, shown) in
        [("+14:00", "+14:00"), ("-13:59", "-13:59"), ("+5:30", "+05:30"), ("-00:00", "+00:00")]
    {
        assert_eq!(TimeZone::of_name(name).unwrap().to_string(), shown);
    }
    assert_eq!(TimeZone::of_name("utc").unwrap().to_string(), "UTC");
}

#[test]
fn zones_answer_as_mysql_did() {
    // Zone, local time, UNIX_TIMESTAMP, and FROM_UNIXTIME of that, of MySQL 9.7.
    for line in include_str!("vectors.tsv").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let (seconds, _) = moment(fields[0], fields[1]);
        assert_eq!(seconds.to_string(), fields[2], "{line}");
        let zone = TimeZone::of_name(fields[0]).unwrap();
        let mut out = Vec::new();
        zone.local(seconds * SECOND, 0).unwrap().write(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), fields[3], "{line}");
    }
}
