use super::*;
use crate::scatter::Scatter;
use crate::testing::{FakeCluster, Running};
use vt_exec::{Autocommit, CallOptions, CommitOrder, ShardQueries};

const READ: CallOptions = CallOptions {
    order: CommitOrder::Normal,
    read_only: true,
    autocommit: Autocommit::Never,
    timeout_ms: 0,
    outside_transaction: false,
    keep_going: false,
};

async fn cluster(percent: u32) -> Running {
    let cluster = FakeCluster::default().keyspace("ks", &["-"]);
    let mut running = cluster.tablet("ks", "-", TabletType::Replica).start().await;
    let config = WarmingConfig { percent, ..WarmingConfig::default() };
    running.warm(config);
    running
}

async fn run(running: &Running, session: &mut crate::session::Session, sql: &str, read_only: bool) {
    let call = ShardCall {
        keyspace: "ks".into(),
        shard: "-".into(),
        sql: sql.into(),
        bind_vars: Arc::default(),
    };
    let scatter = Scatter::new(&running.tablets, session, None);
    let results = scatter.execute(vec![call], CallOptions { read_only, ..READ }).await;
    results.into_iter().for_each(|result| drop(result.unwrap()));
    // The tasks that were started have their turn.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn plain_reads_of_the_primary_go_to_a_replica_too() {
    let running = cluster(100).await;
    let mut session = running.session("ks");
    run(&running, &mut session, "select 1 from t", true).await;
    assert_eq!(running.tablet(1).take_log(), ["select 1 from t"]);
    assert_eq!(running.tablet(2).take_log(), ["select 1 from t"]);
    for (sql, read_only) in [
        ("select 1 from t for update", true),
        ("(SELECT 1 from t LOCK IN SHARE MODE)", true),
        ("select sleep(5) from t", true),
        ("show tables", true),
        ("update t set a = 1", false),
    ] {
        run(&running, &mut session, sql, read_only).await;
        assert_eq!(running.tablet(2).take_log(), Vec::<String>::new(), "{sql}");
    }
    // Reads of replicas warm them by themselves; those of a transaction are its own.
    let mut replica = running.session("ks@replica");
    run(&running, &mut replica, "select 2 from t", true).await;
    assert_eq!(running.tablet(2).take_log(), ["select 2 from t"]);
    crate::tx::begin(&running.tablets, &mut session, Default::default()).await.unwrap();
    run(&running, &mut session, "select 3 from t", true).await;
    assert_eq!(running.tablet(2).take_log(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn as_many_are_sent_as_the_percentage_says() {
    for percent in [0, 1, 33, 100] {
        let running = cluster(percent).await;
        let mut session = running.session("ks");
        for _ in 0..200 {
            run(&running, &mut session, "select 1 from t", true).await;
        }
        assert_eq!(running.tablet(2).take_log().len(), 2 * percent as usize);
    }
}
