//! VDiffCreate, VDiffShow, VDiffStop, VDiffResume, VDiffDelete: asked of the primaries of the
//! shards that a workflow writes to.

use std::collections::BTreeMap;

use vt_base::{Error, Result, TabletType};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;
use vt_reparent::tablets::all;

use crate::Control;
use crate::control::{duration_or, invalid};
use crate::workflow::snapshot::Snapshot;

/// How long streams and tablets may take to come to a position if the request does not say.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
/// Types of tablets are tried one after the other.
const IN_ORDER: &str = "in_order:";

impl Control {
    pub async fn v_diff_create(&self, request: VDiffCreateRequest) -> Result<VDiffCreateResponse> {
        let uuid = match request.uuid.is_empty() {
            true => uuid::Uuid::new_v4().to_string(),
            false => request.uuid.clone(),
        };
        if request.limit < 0 || request.max_extra_rows_to_compare < 0 {
            return Err(invalid("limits of a vdiff must not be negative"));
        }
        let ask = tm::VDiffRequest {
            action: "create".to_owned(),
            vdiff_uuid: uuid.clone(),
            options: Some(options(&request)),
            ..tm::VDiffRequest::default()
        };
        self.ask_for_vdiff(&request.target_keyspace, &request.workflow, &[], ask).await?;
        Ok(VDiffCreateResponse { uuid })
    }

    pub async fn v_diff_show(&self, request: VDiffShowRequest) -> Result<VDiffShowResponse> {
        let ask = tm::VDiffRequest {
            action: "show".to_owned(),
            action_arg: request.arg,
            ..tm::VDiffRequest::default()
        };
        let tablet_responses =
            self.ask_for_vdiff(&request.target_keyspace, &request.workflow, &[], ask).await?;
        Ok(VDiffShowResponse { tablet_responses })
    }

    pub async fn v_diff_stop(&self, request: VDiffStopRequest) -> Result<VDiffStopResponse> {
        let ask = tm::VDiffRequest {
            action: "stop".to_owned(),
            vdiff_uuid: request.uuid,
            ..tm::VDiffRequest::default()
        };
        let shards = &request.target_shards;
        self.ask_for_vdiff(&request.target_keyspace, &request.workflow, shards, ask).await?;
        Ok(VDiffStopResponse {})
    }

    pub async fn v_diff_resume(&self, request: VDiffResumeRequest) -> Result<VDiffResumeResponse> {
        let ask = tm::VDiffRequest {
            action: "resume".to_owned(),
            vdiff_uuid: request.uuid,
            ..tm::VDiffRequest::default()
        };
        let shards = &request.target_shards;
        self.ask_for_vdiff(&request.target_keyspace, &request.workflow, shards, ask).await?;
        Ok(VDiffResumeResponse {})
    }

    pub async fn v_diff_delete(&self, request: VDiffDeleteRequest) -> Result<VDiffDeleteResponse> {
        let ask = tm::VDiffRequest {
            action: "delete".to_owned(),
            action_arg: request.arg,
            ..tm::VDiffRequest::default()
        };
        self.ask_for_vdiff(&request.target_keyspace, &request.workflow, &[], ask).await?;
        Ok(VDiffDeleteResponse {})
    }

    /// Asks the primaries of a workflow's target shards, or of some of them; returns what they say
    /// by shard.
    async fn ask_for_vdiff(
        &self,
        keyspace: &str,
        workflow: &str,
        shards: &[String],
        ask: tm::VDiffRequest,
    ) -> Result<BTreeMap<String, tm::VDiffResponse>> {
        let snapshot = Snapshot::load(self, keyspace, workflow, shards).await?;
        let ask = tm::VDiffRequest {
            keyspace: keyspace.to_owned(),
            workflow: workflow.to_owned(),
            ..ask
        };
        let calls = snapshot.target.shards.into_iter().map(async |(shard, end)| {
            let reply = end.primary.within(self.options.action_timeout).v_diff(ask.clone()).await?;
            Ok::<_, Error>((shard, reply))
        });
        all(self.options.concurrency, calls).await.into_iter().collect()
    }
}

fn options(request: &VDiffCreateRequest) -> tm::VDiffOptions {
    let types: Vec<String> = request
        .tablet_types
        .iter()
        .map(|number| TabletType::from_i32(*number).as_str().to_ascii_uppercase())
        .collect();
    let in_order = request.tablet_selection_preference() == tm::TabletSelectionPreference::Inorder;
    let prefix = if in_order && !types.is_empty() { IN_ORDER } else { "" };
    let seconds = |duration: std::time::Duration| {
        // What is shorter than a second is not nothing.
        i64::try_from(duration.as_millis().div_ceil(1000)).unwrap_or(i64::MAX)
    };
    let patience = duration_or(request.filtered_replication_wait_time.as_ref(), PATIENCE);
    let age = duration_or(request.max_diff_duration.as_ref(), std::time::Duration::ZERO);
    tm::VDiffOptions {
        picker_options: Some(tm::VDiffPickerOptions {
            tablet_types: format!("{prefix}{}", types.join(",")),
            source_cell: request.source_cells.join(","),
            target_cell: request.target_cells.join(","),
        }),
        core_options: Some(tm::VDiffCoreOptions {
            tables: request.tables.join(","),
            auto_retry: request.auto_retry,
            max_rows: request.limit,
            timeout_seconds: seconds(patience),
            max_extra_rows_to_compare: request.max_extra_rows_to_compare,
            update_table_stats: request.update_table_stats,
            max_diff_seconds: seconds(age),
            auto_start: request.auto_start,
            ..tm::VDiffCoreOptions::default()
        }),
        report_options: Some(tm::VDiffReportOptions {
            only_pks: request.only_p_ks,
            debug_query: request.debug_query,
            format: String::new(),
            max_sample_rows: request.max_report_sample_rows,
            row_diff_column_truncate_at: request.row_diff_column_truncate_at,
        }),
    }
}
