//! ChangeTabletType, ChangeTabletTags.

use vt_base::{Result, TabletType};
use vt_proto::tabletmanagerdata as tm;
use vt_proto::vtctldata::*;

use crate::Control;
use crate::control::{invalid, refused, required_alias, shard_of};
use vt_reparent::{Tablet, lock_shard, unlock};

impl Control {
    pub async fn change_tablet_type(
        &self,
        request: ChangeTabletTypeRequest,
    ) -> Result<ChangeTabletTypeResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let wanted = TabletType::from_i32(request.db_type);
        if wanted == TabletType::Unknown {
            return Err(invalid("the request names no tablet type"));
        }
        let tablet = self.tablet(&alias).await?;
        let before = tablet.record.message.clone();
        let now = tablet.record.tablet_type();
        if !is_allowed(now, wanted) {
            return Err(refused(format!(
                "tablet type change {} -> {} is not an allowed transition for ChangeTabletType; \
                 a primary is made and unmade by PlannedReparentShard",
                now.as_str().to_uppercase(),
                wanted.as_str().to_uppercase()
            )));
        }
        if request.dry_run {
            let mut after = before.clone();
            after.r#type = wanted as i32;
            return Ok(ChangeTabletTypeResponse {
                before_tablet: Some(before),
                after_tablet: Some(after),
                was_dry_run: true,
            });
        }
        // Nobody is to be chosen primary who is just leaving service.
        let shard = shard_of(&before.keyspace, &before.shard)?;
        let lock = lock_shard(&self.cluster, &shard, "ChangeTabletType").await?;
        let changed = self.change_to(&tablet, wanted).await;
        unlock(lock).await;
        changed?;
        let after = self.topo.get_tablet(&alias).await?;
        Ok(ChangeTabletTypeResponse {
            before_tablet: Some(before),
            after_tablet: Some(after.message),
            was_dry_run: false,
        })
    }

    async fn change_to(&self, tablet: &Tablet, wanted: TabletType) -> Result<()> {
        let semi_sync = self.acks_as(&tablet.record, wanted).await?;
        let change = tm::ChangeTypeRequest { tablet_type: wanted as i32, semi_sync };
        tablet.change_type(change).await.map(drop)
    }

    pub async fn change_tablet_tags(
        &self,
        request: ChangeTabletTagsRequest,
    ) -> Result<ChangeTabletTagsResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let tablet = self.tablet(&alias).await?;
        let before_tags = tablet.record.message.tags.clone();
        let change = tm::ChangeTagsRequest { tags: request.tags, replace: request.replace };
        let after_tags = tablet.change_tags(change).await?.tags;
        Ok(ChangeTabletTagsResponse { before_tags, after_tags })
    }
}

/// Types that say what a tablet serves may be exchanged; those that say what it is doing may not.
fn is_allowed(from: TabletType, to: TabletType) -> bool {
    let free = |one| {
        matches!(
            one,
            TabletType::Replica
                | TabletType::Rdonly
                | TabletType::Spare
                | TabletType::Experimental
                | TabletType::Backup
                | TabletType::Drained
        )
    };
    match from {
        TabletType::Restore => matches!(to, TabletType::Spare | TabletType::Drained),
        from => free(from) && (free(to) || to == TabletType::Restore),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_primary_is_neither_made_nor_unmade_by_its_type() {
        for other in TabletType::ALL {
            assert!(!is_allowed(TabletType::Primary, other), "primary became {other}");
            assert!(!is_allowed(other, TabletType::Primary), "{other} became primary");
        }
        assert!(is_allowed(TabletType::Replica, TabletType::Rdonly));
        assert!(is_allowed(TabletType::Drained, TabletType::Replica));
        assert!(!is_allowed(TabletType::Restore, TabletType::Replica));
    }
}
