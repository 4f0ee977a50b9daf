//! GetTablet, GetTablets.

use std::collections::BTreeMap;

use vt_base::{Error, Result, TabletType};
use vt_proto::topodata::Tablet;
use vt_proto::vtctldata::*;
use vt_topo::records::tablet::TabletFilter;

use crate::Control;
use crate::control::{invalid, required_alias};

impl Control {
    pub async fn get_tablet(&self, request: GetTabletRequest) -> Result<GetTabletResponse> {
        let alias = required_alias(request.tablet_alias.as_ref())?;
        let record = self.topo.get_tablet(&alias).await?;
        Ok(GetTabletResponse { tablet: Some(record.message) })
    }

    /// Returns tablets by alias, or by keyspace, shard, cell and type, in order of alias.
    pub async fn get_tablets(&self, request: GetTabletsRequest) -> Result<GetTabletsResponse> {
        if !request.shard.is_empty() && request.keyspace.is_empty() {
            return Err(invalid("--shard needs --keyspace"));
        }
        let mut tablets = match request.tablet_aliases.is_empty() {
            true => self.tablets_by_filter(&request).await?,
            false => self.tablets_by_alias(&request).await?,
        };
        disown_old_primaries(&mut tablets);
        let wanted = request.tablet_type;
        tablets.retain(|one| wanted == TabletType::Unknown as i32 || one.r#type == wanted);
        Ok(GetTabletsResponse { tablets })
    }

    async fn tablets_by_alias(&self, request: &GetTabletsRequest) -> Result<Vec<Tablet>> {
        let mut tablets = Vec::with_capacity(request.tablet_aliases.len());
        for alias in &request.tablet_aliases {
            match self.topo.get_tablet(&alias.into()).await {
                Ok(record) => tablets.push(record.message),
                Err(err) if request.strict => return Err(err.into()),
                Err(err) => {
                    tracing::warn!(cell = alias.cell, uid = alias.uid, %err, "tablet is left out");
                }
            }
        }
        Ok(tablets)
    }

    async fn tablets_by_filter(&self, request: &GetTabletsRequest) -> Result<Vec<Tablet>> {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let cells = match request.cells.is_empty() {
            true => Vec::new(),
            false => self.topo.expand_cells(&request.cells).await?,
        };
        if let Some(keyspace) = named(&request.keyspace) {
            // A wrong name would otherwise look like a keyspace without tablets.
            self.topo.get_keyspace(&keyspace).await?;
        }
        let filter = TabletFilter {
            keyspace: named(&request.keyspace),
            shard: named(&request.shard),
            cells,
        };
        let found = self.topo.find_tablets(&filter).await?;
        for (cell, err) in &found.failed {
            tracing::warn!(cell, %err, "cell cannot be read; its tablets are left out");
        }
        if request.strict {
            return Ok(found.complete()?.into_iter().map(|one| one.message).collect());
        }
        match found.failed.into_iter().next() {
            Some((cell, err)) if found.records.is_empty() => {
                Err(Error::from(err).context(format!("cannot read cell {cell}")))
            }
            _ => Ok(found.records.into_iter().map(|one| one.message).collect()),
        }
    }
}

/// Of several that say they are primary of a shard, all but the one with the latest term have
/// missed a reparent: their type is not known.
fn disown_old_primaries(tablets: &mut [Tablet]) {
    let term = |tablet: &Tablet| {
        let time = tablet.primary_term_start_time.as_ref();
        time.map_or((0, 0), |time| (time.seconds, time.nanoseconds))
    };
    let mut latest: BTreeMap<(String, String), (i64, i32)> = BTreeMap::new();
    let is_primary = |tablet: &&mut Tablet| tablet.r#type == TabletType::Primary as i32;
    for tablet in tablets.iter_mut().filter(is_primary) {
        let known = latest.entry((tablet.keyspace.clone(), tablet.shard.clone())).or_default();
        *known = (*known).max(term(tablet));
    }
    for tablet in tablets.iter_mut().filter(is_primary) {
        let key = (tablet.keyspace.clone(), tablet.shard.clone());
        if latest.get(&key).is_some_and(|newest| term(tablet) < *newest) {
            tablet.r#type = TabletType::Unknown as i32;
        }
    }
}
