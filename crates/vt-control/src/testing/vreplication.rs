//! The streams of a pretended tablet: rows that commands write and read, and no copying.

use vt_proto::binlogdata::VReplicationWorkflowState as State;
use vt_proto::query::{Field, QueryResult, Row};
use vt_proto::tabletmanagerdata::read_v_replication_workflow_response::Stream;
use vt_proto::tabletmanagerdata::*;
use vt_proto::vttime;

use super::FakeMysql;

/// When streams say that they were heard of: so late that none ever lags.
const LATE: i64 = 4_102_444_800;

impl FakeMysql {
    /// Adds a stopped or a running stream for each source.
    pub(super) fn create_workflow(
        &mut self,
        request: CreateVReplicationWorkflowRequest,
        keyspace: &str,
    ) -> CreateVReplicationWorkflowResponse {
        let state = if request.auto_start { State::Running } else { State::Stopped };
        let first = self.workflows.iter().flat_map(|one| &one.streams).map(|one| one.id).max();
        let mut id = first.unwrap_or_default();
        let created = u64::try_from(request.binlog_source.len()).unwrap_or_default();
        let streams = request.binlog_source.into_iter().map(|source| {
            id += 1;
            Stream {
                id,
                bls: Some(source),
                state: state as i32,
                time_updated: Some(vttime::Time { seconds: LATE, nanoseconds: 0 }),
                max_tps: i64::MAX,
                max_replication_lag: i64::MAX,
                ..Default::default()
            }
        });
        self.workflows.push(ReadVReplicationWorkflowResponse {
            workflow: request.workflow,
            cells: request.cells.join(","),
            tablet_types: request.tablet_types,
            tablet_selection_preference: request.tablet_selection_preference,
            db_name: format!("vt_{keyspace}"),
            workflow_type: request.workflow_type,
            workflow_sub_type: request.workflow_sub_type,
            defer_secondary_keys: request.defer_secondary_keys,
            streams: streams.collect(),
            options: request.options,
            ..Default::default()
        });
        CreateVReplicationWorkflowResponse { result: Some(affected(created)) }
    }

    pub(super) fn delete_workflow(
        &mut self,
        request: &DeleteVReplicationWorkflowRequest,
    ) -> DeleteVReplicationWorkflowResponse {
        let before = self.workflows.len();
        self.workflows.retain(|one| one.workflow != request.workflow);
        let gone = u64::try_from(before - self.workflows.len()).unwrap_or_default();
        DeleteVReplicationWorkflowResponse { result: Some(affected(gone)) }
    }

    pub(super) fn read_workflows(
        &self,
        request: &ReadVReplicationWorkflowsRequest,
    ) -> ReadVReplicationWorkflowsResponse {
        let mut workflows = self.workflows.clone();
        workflows.retain(|one| {
            let names = &request.include_workflows;
            (names.is_empty() || names.contains(&one.workflow))
                && !request.exclude_workflows.contains(&one.workflow)
        });
        for one in &mut workflows {
            one.streams.retain(|stream| {
                let (ids, states) = (&request.include_ids, &request.include_states);
                (ids.is_empty() || ids.contains(&stream.id))
                    && (states.is_empty() || states.contains(&stream.state))
                    && !request.exclude_states.contains(&stream.state)
                    && !(request.exclude_frozen && stream.message == "FROZEN")
            });
        }
        workflows.retain(|one| !one.streams.is_empty());
        ReadVReplicationWorkflowsResponse { workflows }
    }

    pub(super) fn update_workflow(
        &mut self,
        request: &UpdateVReplicationWorkflowRequest,
    ) -> UpdateVReplicationWorkflowResponse {
        let mut changed = 0;
        for one in self.workflows.iter_mut().filter(|one| one.workflow == request.workflow) {
            if request.cells != ["NULL"] {
                one.cells = request.cells.join(",");
            }
            if request.tablet_types != [-1] {
                one.tablet_types.clone_from(&request.tablet_types);
            }
            one.config_overrides.extend(request.config_overrides.clone());
            for stream in &mut one.streams {
                changed += 1;
                stream.state = request.state.unwrap_or(stream.state);
                if let Some(message) = &request.message {
                    stream.message.clone_from(message);
                }
                if let (Some(on_ddl), Some(source)) = (request.on_ddl, stream.bls.as_mut()) {
                    source.on_ddl = on_ddl;
                }
                if let Some(filter) = stream.bls.as_mut().and_then(|one| one.filter.as_mut()) {
                    filter.rules.extend(request.filter_rules.iter().cloned());
                }
            }
        }
        UpdateVReplicationWorkflowResponse { result: Some(affected(changed)) }
    }

    /// Answers what workflows ask of tables: whether they have rows, and how many.
    pub(super) fn answer(&self, sql: &str) -> Option<QueryResult> {
        if let Some(rest) = sql.strip_prefix("select 1 from ") {
            let name = rest.split(' ').next().unwrap_or_default().trim_matches('`');
            let rows = match self.filled.iter().any(|one| one == name) {
                true => vec![vec!["1"]],
                false => Vec::new(),
            };
            return Some(table(&rows));
        }
        sql.contains("information_schema.tables").then(|| table(&self.table_sizes))
    }

    /// Makes a table, or drops one.
    pub(super) fn define(&mut self, sql: &str) {
        let sql_lower = sql.to_lowercase();
        let name = |rest: &str| {
            let rest = rest.trim_start_matches("if exists ").trim_start_matches("if not exists ");
            rest.split(['(', ' ']).next().unwrap_or_default().trim_matches('`').to_owned()
        };
        if let Some(rest) = sql_lower.strip_prefix("create table ") {
            let name = name(rest);
            self.tables.retain(|one| one.name != name);
            self.tables.push(TableDefinition {
                name,
                schema: sql.to_owned(),
                r#type: "BASE TABLE".to_owned(),
                ..Default::default()
            });
        } else if let Some(rest) = sql_lower.strip_prefix("drop table ") {
            let name = name(rest);
            self.tables.retain(|one| one.name != name);
        }
    }

    /// Answers what commands ask of `_vt.copy_state` and `_vt.vreplication_log`.
    pub(super) fn vreplication_exec(&mut self, sql: &str) -> VReplicationExecResponse {
        let rows = match () {
            () if sql.contains("copy_state") => self.copy_states.clone(),
            () if sql.contains("vreplication_log") => self.stream_logs.clone(),
            () => {
                self.change_streams(sql);
                self.statements.push(sql.to_owned());
                Vec::new()
            }
        };
        VReplicationExecResponse { result: Some(table(&rows)) }
    }

    /// Takes the two statements by which a switch makes streams, and takes them away.
    fn change_streams(&mut self, sql: &str) {
        if let Some((_, ids)) = sql.split_once("delete from _vt.vreplication where id in (") {
            let ids: Vec<i32> =
                ids.trim_end_matches(')').split(", ").filter_map(|id| id.parse().ok()).collect();
            for one in &mut self.workflows {
                one.streams.retain(|stream| !ids.contains(&stream.id));
            }
        }
        let Some((_, list)) = sql.split_once(" values (") else { return };
        let values = literals(list);
        let value = |place: usize| values.get(place).cloned().unwrap_or_default();
        let source = vt_proto::text::from_text("binlogdata.BinlogSource", &value(1));
        let request = CreateVReplicationWorkflowRequest {
            workflow: value(0),
            binlog_source: vec![source.expect("a switch writes sources that can be read")],
            workflow_type: value(12).parse().unwrap_or_default(),
            ..Default::default()
        };
        self.create_workflow(request, value(11).trim_start_matches("vt_"));
        let made = self.workflows.last_mut().and_then(|one| one.streams.last_mut());
        let made = made.expect("a workflow was made");
        (made.pos, made.message) = (value(2), value(10));
    }

    pub(super) fn stream_runs(&self, id: i32) -> bool {
        let streams = self.workflows.iter().flat_map(|one| &one.streams);
        streams.into_iter().any(|one| one.id == id && one.state == State::Running as i32)
    }

    /// Answers whether the journal has a number.
    pub(super) fn journaled(&self, sql: &str) -> QueryResult {
        let id = sql.rsplit(' ').next().unwrap_or_default();
        let entry = format!("resharding_journal (id, db_name, val) values ({id},");
        let gone = format!("resharding_journal where id = {id}");
        let last = self.statements.iter().rev().find(|one| {
            one.contains(&entry) || (one.starts_with("delete") && one.ends_with(&gone))
        });
        let is_there = last.is_some_and(|one| one.contains(&entry));
        let rows = vec![vec!["1"]; usize::from(is_there)];
        table(&rows)
    }
}

/// Reads literals: texts in quotes, and words.
fn literals(list: &str) -> Vec<String> {
    let (mut values, mut chars) = (vec![String::new()], list.chars());
    let mut quoted = false;
    while let Some(one) = chars.next() {
        let value = values.last_mut().expect("there is one from the start");
        match one {
            '\'' => quoted = !quoted,
            '\\' if quoted => value.extend(chars.next()),
            ',' if !quoted => values.push(String::new()),
            ' ' | ')' if !quoted => {}
            other => value.push(other),
        }
    }
    values
}

fn affected(rows: u64) -> QueryResult {
    QueryResult { rows_affected: rows, ..Default::default() }
}

/// Makes a result of texts.
pub(super) fn table(rows: &[Vec<&'static str>]) -> QueryResult {
    let width = rows.first().map_or(0, Vec::len);
    let row = |values: &Vec<&str>| Row {
        lengths: values.iter().map(|one| i64::try_from(one.len()).unwrap_or(-1)).collect(),
        values: values.concat().into_bytes().into(),
    };
    QueryResult {
        fields: vec![Field::default(); width],
        rows: rows.iter().map(row).collect(),
        ..Default::default()
    }
}
