//! A place in a pool on loan, with a connection or about to get one.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;

use vt_base::Result;

use super::{Connector, Inner, PoolConn, Settings, count};

/// A connection and what the pool knows of it.
pub(super) struct Slot<Conn> {
    pub(super) conn: Conn,
    pub(super) settings: Option<Settings>,
    /// The lane whose runtime watches its socket: a caller there is not woken by another thread.
    pub(super) lane: usize,
    pub(super) born: Instant,
    pub(super) idle_since: Instant,
}

/// A place in a pool; goes back when dropped, whatever happened in between.
pub(super) struct Lease<C: Connector> {
    inner: Arc<Inner<C>>,
    slot: Option<Slot<C::Conn>>,
    is_held: bool,
}

impl<C: Connector> Lease<C> {
    pub(super) fn new(inner: &Arc<Inner<C>>, slot: Option<Slot<C::Conn>>) -> Lease<C> {
        Lease { inner: Arc::clone(inner), slot, is_held: true }
    }

    /// Gives up the lease but not the place, which is the caller's then.
    pub(super) fn into_slot(mut self) -> Option<Slot<C::Conn>> {
        self.is_held = false;
        self.slot.take()
    }

    /// Makes the connection ready for a caller who wants `settings`.
    ///
    /// Meanwhile the connection is not in the lease: if the caller gives up, only the place goes
    /// back, not a connection in an unknown state.
    pub(super) async fn prepare(mut self, settings: Option<&Settings>) -> Result<Pooled<C>> {
        let slot = self.slot.take().filter(|slot| !slot.conn.is_broken());
        let mut slot = match slot {
            Some(slot) if slot.settings.is_some() && slot.settings.as_ref() != settings => {
                self.cleared(slot, settings).await?
            }
            Some(slot) => slot,
            None => self.fresh().await?,
        };
        if let Some(wanted) = settings
            && slot.settings.is_none()
        {
            slot.conn.apply(wanted).await?;
            slot.settings = Some(wanted.clone());
        }
        Ok(Pooled { slot: Some(slot), lease: self })
    }

    async fn fresh(&self) -> Result<Slot<C::Conn>> {
        let conn = self.inner.connector.connect().await?;
        let now = Instant::now();
        let lane = vt_service::lanes::here();
        Ok(Slot { conn, settings: None, lane, born: now, idle_since: now })
    }

    /// Takes the settings of another caller off a connection.
    async fn cleared(
        &self,
        mut slot: Slot<C::Conn>,
        settings: Option<&Settings>,
    ) -> Result<Slot<C::Conn>> {
        let counters = &self.inner.counters;
        count(if settings.is_some() { &counters.diff_setting } else { &counters.reset_setting });
        if slot.conn.reset().await.is_err() || slot.conn.is_broken() {
            return self.fresh().await;
        }
        slot.settings = None;
        Ok(slot)
    }
}

impl<C: Connector> Drop for Lease<C> {
    fn drop(&mut self) {
        if self.is_held {
            self.inner.put_back(self.slot.take());
        }
    }
}

/// A connection on loan; goes back when dropped, unless it is broken.
pub struct Pooled<C: Connector> {
    /// There until the loan ends.
    slot: Option<Slot<C::Conn>>,
    lease: Lease<C>,
}

const THERE: &str = "the connection is there until the loan ends";

impl<C: Connector> Pooled<C> {
    /// Takes the connection out of the pool for good; its place is free for another.
    pub fn detach(mut self) -> C::Conn {
        self.slot.take().expect(THERE).conn
    }

    /// Closes the connection instead of giving it back, as when its session's state is unknown.
    pub fn discard(mut self) {
        // First the connection, then its place: the server never sees more than the capacity.
        drop(self.slot.take());
    }

    /// Returns the settings that the connection carries.
    pub fn settings(&self) -> Option<&Settings> {
        self.slot.as_ref().and_then(|slot| slot.settings.as_ref())
    }
}

impl<C: Connector> Drop for Pooled<C> {
    fn drop(&mut self) {
        self.lease.slot = self.slot.take();
    }
}

impl<C: Connector> Deref for Pooled<C> {
    type Target = C::Conn;

    fn deref(&self) -> &C::Conn {
        &self.slot.as_ref().expect(THERE).conn
    }
}

impl<C: Connector> DerefMut for Pooled<C> {
    fn deref_mut(&mut self) -> &mut C::Conn {
        &mut self.slot.as_mut().expect(THERE).conn
    }
}
