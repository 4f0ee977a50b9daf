//! VDiffs of a pretended tablet: they are kept and shown, and compare nothing.

use vt_proto::query::{Field, QueryResult, Row};
use vt_proto::tabletmanagerdata::{VDiffRequest, VDiffResponse};

use super::FakeMysql;

/// A VDiff that a pretended tablet keeps.
#[derive(Clone, Debug)]
pub struct FakeVdiff {
    pub id: i64,
    pub uuid: String,
    pub workflow: String,
    pub keyspace: String,
    pub shard: String,
    pub state: String,
    pub last_error: String,
    /// Table, its state, how many rows it has, how many are compared, its report.
    pub tables: Vec<(String, String, u64, u64, String)>,
}

/// When every VDiff of this world begins and ends, as MySQL writes it.
const BEGAN: &str = "2026-03-09 09:34:35";
const ENDED: &str = "2026-03-09 09:34:38";

fn result(rows: &[Vec<(&str, Option<String>)>]) -> QueryResult {
    let names = rows.first().map(|row| row.iter().map(|(name, _)| *name)).into_iter().flatten();
    let field = |name: &str| Field { name: name.to_owned(), ..Field::default() };
    let row = |row: &Vec<(&str, Option<String>)>| {
        let length = |value: &Option<String>| {
            value.as_ref().map_or(-1, |value| i64::try_from(value.len()).unwrap_or_default())
        };
        Row {
            lengths: row.iter().map(|(_, value)| length(value)).collect(),
            values: row.iter().filter_map(|(_, value)| value.as_deref()).collect::<String>().into(),
        }
    };
    QueryResult {
        fields: names.map(field).collect(),
        rows: rows.iter().map(row).collect(),
        ..QueryResult::default()
    }
}

impl FakeVdiff {
    fn listed(&self) -> Vec<(&'static str, Option<String>)> {
        vec![
            ("id", Some(self.id.to_string())),
            ("vdiff_uuid", Some(self.uuid.clone())),
            ("workflow", Some(self.workflow.clone())),
            ("keyspace", Some(self.keyspace.clone())),
            ("shard", Some(self.shard.clone())),
            ("state", Some(self.state.clone())),
        ]
    }

    fn summary(&self) -> VDiffResponse {
        let ended = (self.state == "completed").then(|| ENDED.to_owned());
        let row = |table: Option<&(String, String, u64, u64, String)>| {
            let report = table.map(|one| one.4.clone()).filter(|report| !report.is_empty());
            let differs = report.as_deref().is_some_and(|report| report.contains("Sample"));
            vec![
                ("vdiff_state", Some(self.state.clone())),
                ("last_error", Some(self.last_error.clone())),
                ("table_name", table.map(|one| one.0.clone())),
                ("uuid", Some(self.uuid.clone())),
                ("table_state", table.map(|one| one.1.clone())),
                ("table_rows", table.map(|one| one.2.to_string())),
                ("started_at", Some(BEGAN.to_owned())),
                ("rows_compared", table.map(|one| one.3.to_string())),
                ("completed_at", ended.clone()),
                ("has_mismatch", Some(u8::from(differs).to_string())),
                ("report", report),
            ]
        };
        let rows = match self.tables.is_empty() {
            true => vec![row(None)],
            false => self.tables.iter().map(|table| row(Some(table))).collect(),
        };
        VDiffResponse { id: self.id, output: Some(result(&rows)), vdiff_uuid: self.uuid.clone() }
    }
}

impl FakeMysql {
    /// Keeps, shows, changes or forgets VDiffs.
    pub(super) fn vdiff(
        &mut self,
        shard: &str,
        request: VDiffRequest,
    ) -> Result<VDiffResponse, String> {
        let place = |vdiffs: &[FakeVdiff], uuid: &str| {
            vdiffs.iter().position(|one| one.uuid == uuid).ok_or(format!("no vdiff found: {uuid}"))
        };
        match (request.action.as_str(), request.action_arg.as_str()) {
            ("create", _) => {
                let id = self.vdiffs.last().map_or(1, |last| last.id + 1);
                let table =
                    |name: &str| (name.to_owned(), "pending".to_owned(), 4, 0, String::new());
                self.vdiffs.push(FakeVdiff {
                    id,
                    uuid: request.vdiff_uuid,
                    workflow: request.workflow,
                    keyspace: request.keyspace,
                    shard: shard.to_owned(),
                    state: "pending".to_owned(),
                    last_error: String::new(),
                    tables: self.tables.iter().map(|one| table(&one.name)).collect(),
                });
                Ok(VDiffResponse { id, ..VDiffResponse::default() })
            }
            ("show", "all") => {
                let rows: Vec<_> = self.vdiffs.iter().rev().map(FakeVdiff::listed).collect();
                Ok(VDiffResponse { output: Some(result(&rows)), ..VDiffResponse::default() })
            }
            ("show", "last") => Ok(self.vdiffs.last().map(FakeVdiff::summary).unwrap_or_default()),
            ("show", uuid) => Ok(self.vdiffs[place(&self.vdiffs, uuid)?].summary()),
            ("delete", "all") => {
                self.vdiffs.clear();
                Ok(VDiffResponse::default())
            }
            ("delete", uuid) => {
                let place = place(&self.vdiffs, uuid)?;
                self.vdiffs.remove(place);
                Ok(VDiffResponse::default())
            }
            (verb, _) => {
                let place = place(&self.vdiffs, &request.vdiff_uuid)?;
                self.vdiffs[place].state = match verb {
                    "stop" => "stopped".to_owned(),
                    _ => "pending".to_owned(),
                };
                Ok(VDiffResponse::default())
            }
        }
    }
}
