use super::*;
use crate::testing::{FakeCluster, gate_of};

#[tokio::test(start_paused = true)]
async fn a_session_comes_back_as_it_went() {
    let running = FakeCluster::default().keyspace("ks", &["-80", "80-"]).start().await;
    let gate = gate_of(&running).await;
    let sent = vtgate::Session {
        in_transaction: true,
        autocommit: true,
        target_string: "ks:-80@replica".into(),
        transaction_mode: 1,
        shard_sessions: vec![vtgate::session::ShardSession {
            target: Some(query::Target {
                keyspace: "ks".into(),
                shard: "-80".into(),
                tablet_type: 2,
                cell: String::new(),
            }),
            transaction_id: 7,
            tablet_alias: Some(topodata::TabletAlias { cell: "z1".into(), uid: 1 }),
            reserved_id: 8,
            read_only: true,
            rows_affected: false,
        }],
        savepoints: vec!["a".into()],
        system_variables: [("sql_mode".to_owned(), "'ANSI_QUOTES'".to_owned())].into(),
        user_defined_variables: [(
            "x".to_owned(),
            BindVariable { r#type: 265, value: "5".into(), values: Vec::new() },
        )]
        .into(),
        last_insert_id: 3,
        row_count: -1,
        error_until_rollback: true,
        enable_system_settings: true,
        ddl_strategy: "direct".into(),
        ..vtgate::Session::default()
    };
    let session = from_proto(&gate, sent.clone(), Caller::default()).unwrap();
    assert!(session.modes.ansi_quotes);
    assert!(session.transaction.check_usable().is_err());
    let mut back = to_proto(&session);
    back.options = None;
    assert_eq!(back, sent);
}
