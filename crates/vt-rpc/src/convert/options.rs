//! What a call says besides its statement.

use std::sync::Arc;

use vt_base::TabletType;
use vt_proto::query;
use vt_proto::query::execute_options as proto;
use vt_tablet_api::{ExecuteOptions, Isolation, Workload};

/// How much of each column a caller wants to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Included {
    #[default]
    TypeAndName,
    Type,
    All,
}

/// Makes the message's options of ours; asks for whole columns.
pub fn options_to_proto(options: &ExecuteOptions) -> query::ExecuteOptions {
    let mut access = Vec::new();
    if options.read_only {
        access.push(proto::TransactionAccessMode::ReadOnly as i32);
    }
    if options.consistent_snapshot {
        access.push(proto::TransactionAccessMode::ConsistentSnapshot as i32);
    }
    query::ExecuteOptions {
        included_fields: proto::IncludedFields::All as i32,
        client_found_rows: options.client_found_rows,
        workload: workload_to_proto(options.workload) as i32,
        sql_select_limit: options.sql_select_limit,
        transaction_isolation: isolation_to_proto(options.isolation) as i32,
        skip_query_plan_cache: options.skip_query_plan_cache,
        has_created_temp_tables: options.has_created_temp_tables,
        consolidator: match options.consolidator {
            None => proto::Consolidator::Unspecified as i32,
            Some(false) => proto::Consolidator::Disabled as i32,
            Some(true) => proto::Consolidator::Enabled as i32,
        },
        transaction_access_mode: access,
        workload_name: options.workload_name.to_string(),
        priority: options.priority.to_string(),
        timeout: (options.timeout_ms != 0)
            .then_some(proto::Timeout::AuthoritativeTimeout(options.timeout_ms)),
        fetch_last_insert_id: options.fetch_last_insert_id,
        transaction_timeout: options.transaction_timeout_ms,
        ..query::ExecuteOptions::default()
    }
}

/// Makes options of ours of the message's; `aimed` is the type of tablet that the call is for.
pub fn options_from_proto(
    options: Option<query::ExecuteOptions>,
    aimed: TabletType,
) -> (Arc<ExecuteOptions>, Included) {
    let Some(options) = options else {
        return (Arc::default(), Included::default());
    };
    let included = match options.included_fields() {
        proto::IncludedFields::TypeAndName => Included::TypeAndName,
        proto::IncludedFields::TypeOnly => Included::Type,
        proto::IncludedFields::All => Included::All,
    };
    let has = |mode| options.transaction_access_mode().any(|one| one == mode);
    let ours = ExecuteOptions {
        client_found_rows: options.client_found_rows,
        workload: workload_from_proto(options.workload()),
        sql_select_limit: options.sql_select_limit,
        isolation: isolation_from_proto(options.transaction_isolation()),
        read_only: has(proto::TransactionAccessMode::ReadOnly),
        consistent_snapshot: has(proto::TransactionAccessMode::ConsistentSnapshot),
        skip_query_plan_cache: options.skip_query_plan_cache,
        has_created_temp_tables: options.has_created_temp_tables,
        consolidator: match options.consolidator() {
            proto::Consolidator::Unspecified => None,
            proto::Consolidator::Disabled => Some(false),
            proto::Consolidator::Enabled => Some(true),
            proto::Consolidator::EnabledReplicas => Some(aimed != TabletType::Primary),
        },
        timeout_ms: match options.timeout {
            Some(proto::Timeout::AuthoritativeTimeout(ms)) => ms,
            None => 0,
        },
        transaction_timeout_ms: options.transaction_timeout,
        fetch_last_insert_id: options.fetch_last_insert_id,
        workload_name: options.workload_name.into(),
        priority: options.priority.into(),
    };
    (Arc::new(ours), included)
}

fn workload_to_proto(workload: Workload) -> proto::Workload {
    match workload {
        Workload::Unspecified => proto::Workload::Unspecified,
        Workload::Oltp => proto::Workload::Oltp,
        Workload::Olap => proto::Workload::Olap,
        Workload::Dba => proto::Workload::Dba,
    }
}

fn workload_from_proto(workload: proto::Workload) -> Workload {
    match workload {
        proto::Workload::Unspecified => Workload::Unspecified,
        proto::Workload::Oltp => Workload::Oltp,
        proto::Workload::Olap => Workload::Olap,
        proto::Workload::Dba => Workload::Dba,
    }
}

fn isolation_to_proto(isolation: Isolation) -> proto::TransactionIsolation {
    use proto::TransactionIsolation as Proto;
    match isolation {
        Isolation::Default => Proto::Default,
        Isolation::RepeatableRead => Proto::RepeatableRead,
        Isolation::ReadCommitted => Proto::ReadCommitted,
        Isolation::ReadUncommitted => Proto::ReadUncommitted,
        Isolation::Serializable => Proto::Serializable,
        Isolation::ConsistentSnapshotReadOnly => Proto::ConsistentSnapshotReadOnly,
        Isolation::Autocommit => Proto::Autocommit,
    }
}

fn isolation_from_proto(isolation: proto::TransactionIsolation) -> Isolation {
    use proto::TransactionIsolation as Proto;
    match isolation {
        Proto::Default => Isolation::Default,
        Proto::RepeatableRead => Isolation::RepeatableRead,
        Proto::ReadCommitted => Isolation::ReadCommitted,
        Proto::ReadUncommitted => Isolation::ReadUncommitted,
        Proto::Serializable => Isolation::Serializable,
        Proto::ConsistentSnapshotReadOnly => Isolation::ConsistentSnapshotReadOnly,
        Proto::Autocommit => Isolation::Autocommit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_the_way_there_and_back() {
        let options = ExecuteOptions {
            client_found_rows: true,
            workload: Workload::Olap,
            sql_select_limit: 12,
            isolation: Isolation::Serializable,
            read_only: true,
            consistent_snapshot: true,
            skip_query_plan_cache: true,
            has_created_temp_tables: true,
            consolidator: Some(false),
            workload_name: "w".into(),
            priority: "7".into(),
            timeout_ms: 250,
            transaction_timeout_ms: Some(0),
            fetch_last_insert_id: true,
        };
        let (back, included) =
            options_from_proto(Some(options_to_proto(&options)), TabletType::Primary);
        assert_eq!((&*back, included), (&options, Included::All));
    }
}
