//! Switching the reads of replicas, one way or the other.

use crate::snapshot::{Place, ReadKind, Snapshot};
use crate::step::{Side, Step};

/// Returns the steps until the reads of some types go to a side, in some cells or in all.
pub fn plan_reads(
    snapshot: &Snapshot,
    kinds: &[ReadKind],
    cells: &[String],
    to: Side,
) -> Vec<Step> {
    let wanted = match to {
        Side::Source => Place::Source,
        Side::Target => Place::Target,
    };
    let in_cells = |cell: &String| cells.is_empty() || cells.contains(cell);
    let mut kinds = kinds.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.retain(|kind| {
        let mut of_kind =
            snapshot.reads.iter().filter(|reads| reads.kind == *kind && in_cells(&reads.cell));
        of_kind.any(|reads| reads.place != wanted)
    });
    match kinds.is_empty() {
        true => Vec::new(),
        false => vec![Step::RouteReads { kinds, cells: cells.to_vec(), to }],
    }
}
