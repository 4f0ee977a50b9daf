//! Both pages show what was recorded.

use std::time::Duration;

use super::*;

#[test]
fn names_become_snake_case() {
    for (name, snake) in [
        ("QueryCounts", "query_counts"),
        ("QPSByOperation", "qps_by_operation"),
        ("VtgateApi", "vtgate_api"),
        ("MysqlServerConnCount", "mysql_server_conn_count"),
    ] {
        assert_eq!(export::snake_case(name), snake);
    }
}

#[test]
fn pages_show_counts_and_timings() {
    let stats = Stats::new("vttablet");
    stats.counter("Kills", "Statements killed.").add(3);
    stats.counters("QueryCounts", "Queries.", &["Table", "Plan"]).add(&["a\"b", "Select"], 2);
    stats.timings("Mysql", "Calls.", &["operation"]).record(&["exec"], Duration::from_millis(2));
    stats.gauges_func("Problems", "Now.", &["Analysis", "Shard"], || {
        vec![(["DeadPrimary", "-80"].map(str::to_owned).to_vec(), 1)]
    });
    let vars = stats.vars();
    assert_eq!(vars["Problems"]["DeadPrimary.-80"], 1);
    assert_eq!(vars["Kills"], 3);
    assert_eq!(vars["QueryCounts"]["a\"b.Select"], 2);
    assert_eq!(vars["Mysql"]["TotalCount"], 1);
    let page = stats.prometheus();
    assert!(page.contains("vttablet_kills 3\n"), "{page}");
    let line = "vttablet_problems{analysis=\"DeadPrimary\",shard=\"-80\"} 1\n";
    assert!(page.contains(line), "{page}");
    assert!(page.contains("vttablet_query_counts{table=\"a\\\"b\",plan=\"Select\"} 2\n"), "{page}");
    assert!(page.contains("vttablet_mysql_bucket{operation=\"exec\",le=\"0.005\"} 1\n"), "{page}");
    assert!(page.contains("vttablet_mysql_count{operation=\"exec\"} 1\n"), "{page}");
}

#[test]
fn label_values_are_bounded() {
    let stats = Stats::new("x");
    let counters = stats.counters("C", "c", &["l"]);
    for index in 0..6_000 {
        counters.add(&[&index.to_string()], 1);
    }
    assert_eq!(counters.cell(&["other"]).get(), 1_000);
}
