//! What MySQL refuses of `PARTITION BY` while it reads it: partitions that do not fit each other, and
//! expressions that would put a row elsewhere tomorrow.

use crate::{
    ast::{Expr, PartitionDef, PartitionMethod, PartitionValues, Partitioning},
    parser::expr::has_subquery,
    visit::any_expr,
};

/// Functions that depend on more than their arguments.
const UNSTEADY: &[&str] = &[
    "benchmark",
    "connection_id",
    "curdate",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "current_user",
    "curtime",
    "database",
    "found_rows",
    "get_lock",
    "is_free_lock",
    "is_used_lock",
    "last_insert_id",
    "load_file",
    "localtime",
    "localtimestamp",
    "now",
    "rand",
    "random_bytes",
    "release_all_locks",
    "release_lock",
    "row_count",
    "schema",
    "session_user",
    "sleep",
    "sysdate",
    "system_user",
    "user",
    "utc_date",
    "utc_time",
    "utc_timestamp",
    "uuid",
    "uuid_short",
    "version",
];

/// Tells whether an expression gives the same for a row at any time, as far as its text tells.
pub(super) fn is_steady(expr: &Expr<'_>) -> bool {
    let is_unsteady = any_expr(expr, |expr| match expr {
        Expr::Variable(_) | Expr::Assign(_) => true,
        Expr::Function(function) => {
            let name = function.name.text;
            let without_time =
                name.eq_ignore_ascii_case("unix_timestamp") && function.args.is_empty();
            function.schema.is_some()
                || without_time
                || UNSTEADY.iter().any(|unsteady| unsteady.eq_ignore_ascii_case(name))
        }
        _ => false,
    });
    !is_unsteady && !has_subquery(expr)
}

/// Tells whether the partitions are as many as was said, and all of the kind that was said.
pub(super) fn agrees(partitioning: &Partitioning<'_>) -> bool {
    let partitions = partitioning.partitions;
    if partitions.is_empty() {
        return true;
    }
    is_count(partitioning.partitions_count, partitions.len())
        && subpartitions_agree(partitioning)
        && (partitions.iter().any(|partition| has_others(partition, &partitioning.method))
            || partitions.iter().all(|partition| has_values(partition, &partitioning.method)))
}

fn is_count(said: Option<&str>, count: usize) -> bool {
    said.is_none_or(|said| said.parse() == Ok(count))
}

fn subpartitions_agree(partitioning: &Partitioning<'_>) -> bool {
    let count = partitioning.partitions.first().map_or(0, |first| first.subpartitions.len());
    let all_alike =
        partitioning.partitions.iter().all(|partition| partition.subpartitions.len() == count);
    all_alike
        && (count == 0 || is_count(partitioning.subpartitions_count, count))
        && partitioning
            .partitions
            .iter()
            .flat_map(|partition| partition.subpartitions)
            .all(|subpartition| subpartition.values.is_none())
}

/// Tells whether a partition has values of another method: that is no fault of grammar, and MySQL
/// says so before it reads on.
fn has_others(partition: &PartitionDef<'_>, method: &PartitionMethod<'_>) -> bool {
    let of_range = matches!(method, PartitionMethod::Range(_) | PartitionMethod::RangeColumns(_));
    let of_list = matches!(method, PartitionMethod::List(_) | PartitionMethod::ListColumns(_));
    match partition.values {
        None => false,
        Some(PartitionValues::In(_)) => !of_list,
        Some(PartitionValues::LessThan(_) | PartitionValues::LessThanMax) => !of_range,
    }
}

fn has_values(partition: &PartitionDef<'_>, method: &PartitionMethod<'_>) -> bool {
    match (method, partition.values) {
        (PartitionMethod::Range(_) | PartitionMethod::RangeColumns(_), None)
        | (PartitionMethod::List(_) | PartitionMethod::ListColumns(_), None) => false,
        // Too few values are a fault of grammar to MySQL, too many another.
        (PartitionMethod::RangeColumns(columns), Some(PartitionValues::LessThan(values))) => {
            values.len() >= columns.len()
        }
        (PartitionMethod::RangeColumns(columns), Some(PartitionValues::LessThanMax)) => {
            columns.len() == 1
        }
        (PartitionMethod::ListColumns(columns), Some(PartitionValues::In(values))) => {
            let are_rows = values.iter().any(|value| matches!(value, Expr::Row(_)));
            are_rows == (columns.len() > 1)
        }
        (PartitionMethod::List(_), Some(PartitionValues::In(values))) => {
            !values.iter().any(|value| matches!(value, Expr::Row(_)))
        }
        _ => true,
    }
}
