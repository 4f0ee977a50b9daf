//! What the cluster's control does with streams: it makes, reads, changes and deletes them by
//! workflow. All of it is reading and writing of the tables; the engine is told by the caller.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use vt_base::{Code, Error, Result, TabletType};
use vt_mysql::Conn;
use vt_proto::binlogdata::{
    OnDdlAction, VReplicationWorkflowState as State, VReplicationWorkflowSubType as SubType,
    VReplicationWorkflowType as Type,
};
use vt_proto::tabletmanagerdata::read_v_replication_workflow_response::Stream;
use vt_proto::tabletmanagerdata::{
    CreateVReplicationWorkflowRequest, ReadVReplicationWorkflowResponse,
    ReadVReplicationWorkflowsRequest, TabletSelectionPreference as Preference,
    UpdateVReplicationWorkflowRequest, UpdateVReplicationWorkflowsRequest,
};
use vt_proto::vttime::Time;

use crate::TypeWish;
use crate::spec::write_source;
use crate::store::{Store, StreamRow, now, quote};

/// No lag is too great for a stream unless it is told otherwise.
const NO_LIMIT: i64 = i64::MAX;
/// A workflow whose traffic was switched; only its completion is left.
pub const FROZEN: &str = "FROZEN";
/// What stands in a list that is to stay as it is.
const UNCHANGED: &str = "NULL";
/// The type that stands in a list of types that is to stay as it is.
const UNCHANGED_TYPE: i32 = -1;

/// The streams that a change concerned, and how many rows it changed.
#[derive(Clone, Debug, Default)]
pub struct Changed {
    pub ids: Vec<i32>,
    pub rows: u64,
    /// The id of the first stream that was made.
    pub first_id: i32,
}

/// Makes the streams of a workflow, one a source.
///
/// # Errors
/// A source names no keyspace or shard, or the tables cannot be written.
pub async fn create(
    store: &Store,
    conn: &mut Conn,
    request: &CreateVReplicationWorkflowRequest,
) -> Result<Changed> {
    let state = if request.auto_start { State::Init } else { State::Stopped };
    let types = type_wish(&request.tablet_types, request.tablet_selection_preference());
    let options = if request.options.is_empty() { "{}" } else { request.options.as_str() };
    serde_json::from_str::<Json>(options)
        .map_err(|error| wrong(format!("options of workflow {}: {error}", request.workflow)))?;
    let mut changed = Changed::default();
    conn.query("begin", 0).await?;
    for source in &request.binlog_source {
        let mut source = source.clone();
        source.stop_after_copy |= request.stop_after_copy;
        if source.external_mysql.is_empty()
            && (source.keyspace.is_empty() || source.shard.is_empty())
        {
            return Err(wrong(format!(
                "a source of workflow {} names no keyspace or no shard",
                request.workflow
            )));
        }
        let sql = format!(
            "insert into {} (workflow, source, pos, max_tps, max_replication_lag, cell, \
             tablet_types, time_updated, transaction_timestamp, state, db_name, workflow_type, \
             workflow_sub_type, defer_secondary_keys, options) values \
             ({}, {}, '', {NO_LIMIT}, {NO_LIMIT}, {}, {}, {}, 0, {}, {}, {}, {}, {}, {})",
            store.table("vreplication"),
            quote(&request.workflow),
            quote(&write_source(&source)?),
            quote(&request.cells.join(",")),
            quote(&types),
            now(),
            quote(state.as_str_name()),
            quote(&store.database),
            request.workflow_type,
            request.workflow_sub_type,
            i32::from(request.defer_secondary_keys),
            quote(options),
        );
        let result = conn.query(sql, 0).await?;
        let id = i32::try_from(result.insert_id)
            .map_err(|_| Error::bug("the id of a stream is no 32-bit number"))?;
        store.log(conn, id, "Stream Created", &format!("workflow {}", request.workflow)).await?;
        changed.rows += result.rows_affected;
        changed.ids.push(id);
    }
    conn.query("commit", 0).await?;
    changed.first_id = changed.ids.first().copied().unwrap_or_default();
    Ok(changed)
}

/// Returns the ids of a workflow's streams.
///
/// # Errors
/// mysqld does not answer.
pub async fn ids_of(store: &Store, conn: &mut Conn, workflow: &str) -> Result<Vec<i32>> {
    let condition = format!("workflow = {}", quote(workflow));
    Ok(store.streams(conn, &condition).await?.into_iter().map(|one| one.id).collect())
}

/// Deletes the streams of these ids, and what belongs to them.
///
/// # Errors
/// mysqld does not answer.
pub async fn delete(store: &Store, conn: &mut Conn, ids: &[i32]) -> Result<Changed> {
    if ids.is_empty() {
        return Ok(Changed::default());
    }
    let list = list(ids);
    conn.query("begin", 0).await?;
    let sql = format!("delete from {} where id in ({list})", store.table("vreplication"));
    let rows = conn.query(sql, 0).await?.rows_affected;
    store.forget(conn, &list).await?;
    conn.query("commit", 0).await?;
    Ok(Changed { ids: ids.to_vec(), rows, first_id: 0 })
}

/// Reads a workflow; one that is not there has no name and no streams.
///
/// # Errors
/// mysqld does not answer, or a stream's source cannot be read.
pub async fn read(
    store: &Store,
    conn: &mut Conn,
    workflow: &str,
) -> Result<ReadVReplicationWorkflowResponse> {
    let streams = store.streams(conn, &format!("workflow = {}", quote(workflow))).await?;
    let mut found = by_workflow(streams)?;
    Ok(found.pop().unwrap_or_default())
}

/// Reads the workflows that a request asks for, by name.
///
/// # Errors
/// mysqld does not answer, or the request contradicts itself.
pub async fn read_many(
    store: &Store,
    conn: &mut Conn,
    request: &ReadVReplicationWorkflowsRequest,
) -> Result<Vec<ReadVReplicationWorkflowResponse>> {
    let names = |list: &[String]| list.iter().map(|one| quote(one)).collect::<Vec<_>>().join(", ");
    let states = |list: &[i32]| {
        let name = |one: &i32| State::try_from(*one).unwrap_or_default().as_str_name();
        list.iter().map(|one| quote(name(one))).collect::<Vec<_>>().join(", ")
    };
    let mut all = vec!["1 = 1".to_owned()];
    if !request.include_ids.is_empty() {
        all.push(format!("id in ({})", list(&request.include_ids)));
    }
    for (column, negated, list) in [
        ("workflow", "", names(&request.include_workflows)),
        ("workflow", "not ", names(&request.exclude_workflows)),
        ("state", "", states(&request.include_states)),
        ("state", "not ", states(&request.exclude_states)),
    ] {
        if !list.is_empty() {
            all.push(format!("{column} {negated}in ({list})"));
        }
    }
    if request.exclude_frozen {
        all.push(format!("coalesce(message, '') <> '{FROZEN}'"));
    }
    by_workflow(store.streams(conn, &all.join(" and ")).await?)
}

/// Changes the streams of a workflow.
///
/// # Errors
/// mysqld does not answer, or the options cannot be read.
pub async fn update(
    store: &Store,
    conn: &mut Conn,
    request: &UpdateVReplicationWorkflowRequest,
) -> Result<Changed> {
    let condition = format!("workflow = {}", quote(&request.workflow));
    let mut changed = Changed::default();
    for row in store.streams(conn, &condition).await? {
        let mut sets = Vec::new();
        if !matches!(request.cells.as_slice(), [one] if one == UNCHANGED) {
            sets.push(format!("cell = {}", quote(&request.cells.join(","))));
        }
        let kept: TypeWish = row.tablet_types.parse().unwrap_or_default();
        let types_change = request.tablet_types != [UNCHANGED_TYPE];
        if types_change || request.tablet_selection_preference.is_some() {
            let types = match types_change {
                true => request.tablet_types.clone(),
                false => kept.types.iter().map(|one| *one as i32).collect(),
            };
            let preference = match request.tablet_selection_preference {
                Some(_) => request.tablet_selection_preference(),
                None if kept.in_order => Preference::Inorder,
                None => Preference::Any,
            };
            sets.push(format!("tablet_types = {}", quote(&type_wish(&types, preference))));
        }
        if let Some(source) = updated_source(&row, request)? {
            sets.push(format!("source = {}", quote(&source)));
        }
        if !request.config_overrides.is_empty() {
            let options = overridden(&row.options, &request.config_overrides)?;
            sets.push(format!("options = {}", quote(&options)));
        }
        if let Some(message) = &request.message {
            sets.push(format!("message = {}", quote(message)));
        }
        if request.state.is_some() {
            let state = started(store, conn, row.id, request.state()).await?;
            sets.push(format!("state = {}", quote(state.as_str_name())));
        }
        changed.rows += set(store, conn, &row, &sets).await?;
        changed.ids.push(row.id);
    }
    Ok(changed)
}

/// Returns the condition on streams that a request for several workflows means.
///
/// # Errors
/// The request names no workflows, or all and some.
pub fn condition_of(request: &UpdateVReplicationWorkflowsRequest) -> Result<String> {
    let names = |list: &[String]| list.iter().map(|one| quote(one)).collect::<Vec<_>>().join(", ");
    let (some, without) = (&request.include_workflows, &request.exclude_workflows);
    if request.all_workflows && (!some.is_empty() || !without.is_empty()) {
        return Err(wrong("cannot ask for all workflows and for some".to_owned()));
    }
    if request.all_workflows {
        return Ok("1 = 1".to_owned());
    }
    match (some.is_empty(), without.is_empty()) {
        (false, true) => Ok(format!("workflow in ({})", names(some))),
        (true, false) => Ok(format!("workflow not in ({})", names(without))),
        (false, false) => Err(wrong("cannot include and exclude workflows at once".to_owned())),
        (true, true) => Err(wrong("no workflows are named".to_owned())),
    }
}

/// Changes the streams of several workflows at once.
///
/// # Errors
/// mysqld does not answer, or nothing is to be changed.
pub async fn update_many(
    store: &Store,
    conn: &mut Conn,
    request: &UpdateVReplicationWorkflowsRequest,
) -> Result<Changed> {
    let mut changed = Changed::default();
    for row in store.streams(conn, &condition_of(request)?).await? {
        let mut sets = Vec::new();
        if let Some(message) = &request.message {
            sets.push(format!("message = {}", quote(message)));
        }
        if let Some(position) = &request.stop_position {
            sets.push(format!("stop_pos = {}", quote(position)));
        }
        if request.state.is_some() {
            let state = started(store, conn, row.id, request.state()).await?;
            sets.push(format!("state = {}", quote(state.as_str_name())));
        }
        changed.rows += set(store, conn, &row, &sets).await?;
        changed.ids.push(row.id);
    }
    Ok(changed)
}

async fn set(store: &Store, conn: &mut Conn, row: &StreamRow, sets: &[String]) -> Result<u64> {
    if sets.is_empty() {
        return Ok(0);
    }
    let sets = sets.join(", ");
    let sql = format!("update {} set {sets} where id = {}", store.table("vreplication"), row.id);
    let rows = conn.query(sql, 0).await?.rows_affected;
    store.log(conn, row.id, "Stream Updated", &sets).await?;
    Ok(rows)
}

/// A stream that is told to run and still has tables to copy, copies.
async fn started(store: &Store, conn: &mut Conn, id: i32, state: State) -> Result<State> {
    if state != State::Running {
        return Ok(state);
    }
    let sql = format!("select 1 from {} where vrepl_id = {id} limit 1", store.table("copy_state"));
    let copying = !conn.query(sql, 1).await?.rows.is_empty();
    Ok(if copying { State::Copying } else { state })
}

fn updated_source(
    row: &StreamRow,
    request: &UpdateVReplicationWorkflowRequest,
) -> Result<Option<String>> {
    if request.on_ddl.is_none() && request.filter_rules.is_empty() {
        return Ok(None);
    }
    let mut source = row.source()?;
    if let Some(action) = request.on_ddl {
        OnDdlAction::try_from(action)
            .map_err(|_| wrong(format!("no action on DDL has the number {action}")))?;
        source.on_ddl = action;
    }
    // Rules are added: tables that the workflow has already keep theirs.
    let filter = source.filter.get_or_insert_default();
    filter.rules.extend(request.filter_rules.iter().cloned());
    write_source(&source).map(Some)
}

/// Returns options with overrides in them; an empty value takes one away.
fn overridden(options: &str, overrides: &BTreeMap<String, String>) -> Result<String> {
    let text = if options.is_empty() { "{}" } else { options };
    let broken = |what: &dyn std::fmt::Display| wrong(format!("options of a stream: {what}"));
    let mut options: Json = serde_json::from_str(text).map_err(|error| broken(&error))?;
    let object = options.as_object_mut().ok_or_else(|| broken(&"they are no object"))?;
    let config = object.entry("config").or_insert_with(|| Json::Object(Default::default()));
    if config.is_null() {
        *config = Json::Object(Default::default());
    }
    let config = config.as_object_mut().ok_or_else(|| broken(&"`config` is no object"))?;
    for (name, value) in overrides {
        match value.is_empty() {
            true => drop(config.remove(name)),
            false => drop(config.insert(name.clone(), Json::String(value.clone()))),
        }
    }
    Ok(options.to_string())
}

fn type_wish(types: &[i32], preference: Preference) -> String {
    if types.is_empty() {
        return String::new();
    }
    let types = types.iter().map(|one| TabletType::from_i32(*one)).collect();
    TypeWish { types, in_order: preference == Preference::Inorder }.to_string()
}

fn by_workflow(streams: Vec<StreamRow>) -> Result<Vec<ReadVReplicationWorkflowResponse>> {
    let mut found: BTreeMap<String, ReadVReplicationWorkflowResponse> = BTreeMap::new();
    for row in streams {
        let workflow = match found.entry(row.workflow.clone()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => entry.insert(head(&row)?),
        };
        workflow.streams.push(stream(&row)?);
    }
    Ok(found.into_values().collect())
}

fn head(row: &StreamRow) -> Result<ReadVReplicationWorkflowResponse> {
    let types = match row.tablet_types.is_empty() {
        true => TypeWish { types: Vec::new(), in_order: false },
        false => row.tablet_types.parse()?,
    };
    let preference = if types.in_order { Preference::Inorder } else { Preference::Any };
    Ok(ReadVReplicationWorkflowResponse {
        workflow: row.workflow.clone(),
        cells: row.cell.clone(),
        tablet_types: types.types.iter().map(|one| *one as i32).collect(),
        tablet_selection_preference: preference.into(),
        db_name: row.db_name.clone(),
        tags: row.tags.clone(),
        workflow_type: Type::into(row.workflow_type),
        workflow_sub_type: SubType::into(row.workflow_sub_type),
        defer_secondary_keys: row.defer_secondary_keys,
        options: row.options.clone(),
        config_overrides: config_of(&row.options),
        streams: Vec::new(),
    })
}

fn config_of(options: &str) -> BTreeMap<String, String> {
    let options: Json = serde_json::from_str(options).unwrap_or_default();
    let Some(config) = options.get("config").and_then(Json::as_object) else {
        return BTreeMap::new();
    };
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    config.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn stream(row: &StreamRow) -> Result<Stream> {
    let at = |seconds: i64| Some(Time { seconds, nanoseconds: 0 });
    Ok(Stream {
        id: row.id,
        bls: Some(row.source()?),
        pos: row.pos.clone(),
        stop_pos: row.stop_pos.clone(),
        max_tps: row.max_tps,
        max_replication_lag: row.max_replication_lag,
        time_updated: at(row.time_updated),
        transaction_timestamp: at(row.transaction_timestamp),
        state: row.state.into(),
        message: row.message.clone(),
        rows_copied: row.rows_copied,
        time_heartbeat: at(row.time_heartbeat),
        time_throttled: at(row.time_throttled),
        component_throttled: row.component_throttled.clone(),
    })
}

fn list(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(", ")
}

fn wrong(message: String) -> Error {
    Error::new(Code::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_set_and_taken_away() {
        let overrides = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let options = overridden("{\"tenant_id\":\"1\"}", &overrides(&[("a", "1"), ("b", "2")]));
        let options = options.unwrap();
        assert_eq!(options, r#"{"tenant_id":"1","config":{"a":"1","b":"2"}}"#);
        let fewer = overridden(&options, &overrides(&[("a", "")])).unwrap();
        assert_eq!(config_of(&fewer), overrides(&[("b", "2")]));
        assert!(overridden("[1]", &overrides(&[("a", "1")])).is_err());
    }

    #[test]
    fn workflows_are_named_one_way() {
        let request = |all_workflows, include: &[&str], exclude: &[&str]| {
            let names = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
            condition_of(&UpdateVReplicationWorkflowsRequest {
                all_workflows,
                include_workflows: names(include),
                exclude_workflows: names(exclude),
                ..Default::default()
            })
        };
        assert_eq!(request(true, &[], &[]).unwrap(), "1 = 1");
        assert_eq!(request(false, &["a", "b'"], &[]).unwrap(), "workflow in ('a', 'b\\'')");
        assert_eq!(request(false, &[], &["a"]).unwrap(), "workflow not in ('a')");
        assert!(request(true, &["a"], &[]).is_err());
        assert!(request(false, &["a"], &["b"]).is_err());
        assert!(request(false, &[], &[]).is_err());
    }
}
