//! The ids of connections: the number of the gateway in the upper bits, a count in the lower ones.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

/// How many bits count the connections of one gateway.
const COUNT_BITS: u32 = 20;
const COUNT_MASK: u32 = (1 << COUNT_BITS) - 1;

/// Gives ids that no living connection of this server has.
#[derive(Default)]
pub struct ConnectionIds {
    /// What stands in the upper bits.
    gateway: AtomicU32,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    last: u32,
    ids: HashSet<u32>,
}

/// The id of a connection, free again when dropped.
pub struct ConnectionId {
    ids: Arc<ConnectionIds>,
    number: u32,
}

impl ConnectionIds {
    /// Sets the number of the gateway that ids name from now on; 0 names none.
    pub fn set_gateway(&self, number: u16) {
        self.gateway.store(u32::from(number) << COUNT_BITS, Ordering::Relaxed);
    }

    /// Returns the number of the gateway that an id names; 0 for none.
    pub fn gateway_of(id: u32) -> u16 {
        u16::try_from(id >> COUNT_BITS).unwrap_or_default()
    }

    /// Takes an id.
    pub fn take(self: &Arc<Self>) -> ConnectionId {
        let gateway = self.gateway.load(Ordering::Relaxed);
        let mut used = self.used.lock();
        // A server has far fewer connections than there are ids, so that one is soon found.
        for _ in 0..=COUNT_MASK {
            used.last = used.last.wrapping_add(1) & COUNT_MASK;
            let number = gateway | used.last;
            if used.last != 0 && used.ids.insert(number) {
                return ConnectionId { ids: self.clone(), number };
            }
        }
        // All are taken: KILL does not find this connection, and nothing else is amiss.
        ConnectionId { ids: self.clone(), number: gateway }
    }
}

impl ConnectionId {
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for ConnectionId {
    fn drop(&mut self) {
        self.ids.used.lock().ids.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_their_gateway_and_come_once() {
        let ids = Arc::new(ConnectionIds::default());
        let first = ids.take();
        assert_eq!((first.number(), ConnectionIds::gateway_of(first.number())), (1, 0));
        ids.set_gateway(4_095);
        let second = ids.take();
        assert_eq!(second.number(), 4_095 << 20 | 2);
        assert_eq!(ConnectionIds::gateway_of(second.number()), 4_095);
        // The count begins anew, and passes over those that live.
        ids.used.lock().last = COUNT_MASK;
        let third = ids.take();
        assert_eq!(third.number(), 4_095 << 20 | 1);
        let fourth = ids.take();
        assert_eq!(fourth.number(), 4_095 << 20 | 3);
        drop(second);
        ids.used.lock().last = 1;
        assert_eq!(ids.take().number(), 4_095 << 20 | 2);
    }
}
