//! WorkflowMirrorTraffic: a part of the reads is also sent to the target, to see how it bears them.

use vt_base::Result;
use vt_proto::topodata::TabletType;
use vt_proto::vschema::MirrorRule;
use vt_proto::vtctldata::*;
use vt_workflow::{Kind, check_streams};

use crate::Control;
use crate::control::{invalid, refused};
use crate::workflow::Snapshot;

/// Returns whether a rule mirrors what a workflow moves.
pub(super) fn is_of(found: &Snapshot, rule: &MirrorRule) -> bool {
    let bare = rule.from_table.split('@').next().unwrap_or_default();
    let (source, target) = (&found.source.keyspace, &found.target.keyspace);
    found.tables.iter().any(|table| {
        bare == format!("{source}.{table}") && rule.to_table == format!("{target}.{table}")
    })
}

/// Returns the rules that mirror a workflow's tables for a type.
fn rules_of(found: &Snapshot, kind: TabletType, percent: f32) -> Vec<MirrorRule> {
    let suffix = match kind {
        TabletType::Replica => "@replica",
        TabletType::Rdonly => "@rdonly",
        _ => "",
    };
    let (source, target) = (&found.source.keyspace, &found.target.keyspace);
    let rule = |table: &String| MirrorRule {
        from_table: format!("{source}.{table}{suffix}"),
        to_table: format!("{target}.{table}"),
        percent,
    };
    found.tables.iter().map(rule).collect()
}

impl Control {
    /// Mirrors a percentage of the reads of some types; 0 ends that.
    pub async fn workflow_mirror_traffic(
        &self,
        request: WorkflowMirrorTrafficRequest,
    ) -> Result<WorkflowMirrorTrafficResponse> {
        let (keyspace, workflow) = (&request.keyspace, &request.workflow);
        if !(0.0..=100.0).contains(&request.percent) {
            return Err(invalid(format!("{} is no percentage", request.percent)));
        }
        let seen = self.observe_workflow(keyspace, workflow).await?;
        check_streams(&seen.view)?;
        if seen.view.kind != Kind::Tables {
            return Err(refused(format!(
                "traffic of workflow {keyspace}.{workflow} cannot be mirrored: it moves no whole tables"
            )));
        }
        let mut types = request.tablet_types.clone();
        if types.is_empty() {
            types = [TabletType::Primary, TabletType::Replica, TabletType::Rdonly]
                .map(|one| one as i32)
                .to_vec();
        }
        let start_state = seen.view.traffic_state();
        let lock = self.topo.lock_routing_rules("MirrorTraffic").await?;
        let changed = async {
            let mut mirrors = self.topo.get_mirror_rules().await?;
            for number in types {
                let kind = TabletType::try_from(number).unwrap_or_default();
                let rules = rules_of(&seen.found, kind, request.percent);
                mirrors
                    .rules
                    .retain(|one| !rules.iter().any(|new| new.from_table == one.from_table));
                if request.percent > 0.0 {
                    mirrors.rules.extend(rules);
                }
            }
            Ok::<_, vt_base::Error>(self.topo.save_mirror_rules(&mirrors).await?)
        }
        .await;
        lock.unlock().await?;
        changed?;
        self.topo.rebuild_srv_vschema(&[]).await?;
        Ok(WorkflowMirrorTrafficResponse {
            summary: format!("MirrorTraffic was successful for workflow {keyspace}.{workflow}"),
            current_state: start_state.clone(),
            start_state,
        })
    }
}
