//! How far the traffic of a workflow has been switched, in words.

use crate::snapshot::{Kind, Place, ReadKind, Snapshot};

impl Snapshot {
    /// Returns where the workflow's traffic goes: `All Reads Switched. Writes Not Switched`.
    pub fn traffic_state(&self) -> String {
        if self.kind == Kind::TablesByShard {
            return self.state_by_shard();
        }
        let writes = match self.writes {
            Place::Target => "Writes Switched",
            Place::Source | Place::Mixed => "Writes Not Switched",
        };
        format!("{}. {writes}", self.reads_state())
    }

    fn state_by_shard(&self) -> String {
        let shards: Vec<&str> = self
            .by_shard
            .iter()
            .filter(|(_, is_switched)| *is_switched)
            .map(|(shard, _)| shard.as_str())
            .collect();
        match shards.len() {
            0 => "Reads Not Switched. Writes Not Switched".to_owned(),
            count if count == self.by_shard.len() => {
                "All Reads Switched. All Writes Switched".to_owned()
            }
            _ => {
                let names = shards.join(",");
                format!(
                    "Reads partially switched, for shards: {names}. \
                     Writes partially switched, for shards: {names}"
                )
            }
        }
    }

    fn reads_state(&self) -> String {
        let replica = self.cells_of(ReadKind::Replica);
        let rdonly = self.cells_of(ReadKind::Rdonly);
        if replica.left.is_empty() && rdonly.left.is_empty() && !replica.switched.is_empty() {
            return "All Reads Switched".to_owned();
        }
        if replica.switched.is_empty() && rdonly.switched.is_empty() {
            return "Reads Not Switched".to_owned();
        }
        let of_type = |cells: &Cells<'_>, all: &str, name: &str| {
            if cells.left.is_empty() {
                format!("All {all} Reads Switched")
            } else if cells.switched.is_empty() {
                format!("{name} not switched")
            } else {
                format!("{name} switched in cells: {}", cells.switched.join(","))
            }
        };
        let replica = of_type(&replica, "Replica", "Replica");
        let rdonly = of_type(&rdonly, "Rdonly", "Rdonly");
        format!("{replica}. {rdonly}")
    }

    fn cells_of(&self, kind: ReadKind) -> Cells<'_> {
        let mut cells = Cells::default();
        for reads in self.reads.iter().filter(|one| one.kind == kind) {
            match reads.place {
                Place::Target => cells.switched.push(&reads.cell),
                Place::Source | Place::Mixed => cells.left.push(&reads.cell),
            }
        }
        cells
    }
}

/// The cells by whether reads have been switched there.
#[derive(Default)]
struct Cells<'a> {
    switched: Vec<&'a str>,
    left: Vec<&'a str>,
}
