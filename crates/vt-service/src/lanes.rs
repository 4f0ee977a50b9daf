//! Threads for the path of queries: each runs what it is given to the end, alone.
//!
//! A query that stays on one thread wakes no other, and on a machine whose cores are busy it is
//! the waking that costs. A connection is given to a lane when it is accepted; what it opens on the
//! way (connections to tablets, to mysqld) it opens on its lane and finds there again. All else
//! (health, topology, pages) runs on the process's own runtime, so that no query can starve it.

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vt_base::{Code, Error, Result};

/// Shorter than any usual limit of a query, and rare enough to cost nothing.
const TICK: Duration = Duration::from_millis(100);

thread_local! {
    static HERE: Cell<usize> = const { Cell::new(0) };
}

/// Returns the number of the lane that this thread is, from 1; 0 on any other thread.
pub fn here() -> usize {
    HERE.get()
}

/// The lanes of a process. Cloning gives another handle to the same; the last one ends them.
#[derive(Clone, Default)]
pub struct Lanes {
    lanes: Arc<Vec<Lane>>,
    /// Where the search for the emptiest begins.
    turn: Arc<AtomicUsize>,
}

struct Lane {
    handle: Handle,
    /// What runs on it now.
    load: Arc<AtomicUsize>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.stop.cancel();
        // From one of the lanes' own threads there is nothing to wait for.
        if here() == 0
            && let Some(thread) = self.thread.take()
        {
            drop(thread.join());
        }
    }
}

impl std::fmt::Debug for Lanes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} lanes", self.lanes.len())
    }
}

/// A task's part of its lane's load.
struct Load(Arc<AtomicUsize>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lanes {
    /// Starts so many lanes; none makes tasks run where they are spawned.
    pub fn start(count: usize, name: &str) -> Result<Lanes> {
        let lanes = (1..=count).map(|number| start(number, name)).collect::<Result<Vec<_>>>()?;
        Ok(Lanes { lanes: Arc::new(lanes), turn: Arc::default() })
    }

    /// Runs a task on the lane that has the least to do, or on this runtime if there are no lanes.
    pub fn spawn(&self, tasks: &TaskTracker, task: impl Future<Output = ()> + Send + 'static) {
        let Some(lane) = self.emptiest() else {
            tasks.spawn(task);
            return;
        };
        lane.load.fetch_add(1, Ordering::Relaxed);
        let load = Load(lane.load.clone());
        // Boxed: a future that another one captures takes its room twice.
        let task = Box::pin(task);
        tasks.spawn_on(
            async move {
                let _load = load;
                task.await;
            },
            &lane.handle,
        );
    }

    fn emptiest(&self) -> Option<&Lane> {
        let count = self.lanes.len();
        let first = self.turn.fetch_add(1, Ordering::Relaxed);
        let places = (0..count).map(|step| first.wrapping_add(step) % count);
        let load = |place: &usize| self.lanes[*place].load.load(Ordering::Relaxed);
        places.min_by_key(load).map(|place| &self.lanes[place])
    }
}

fn start(number: usize, name: &str) -> Result<Lane> {
    let failed =
        |err: std::io::Error| Error::new(Code::Internal, format!("cannot start a thread: {err}"));
    let runtime = Builder::new_current_thread()
        .enable_all()
        .on_thread_park(let_others_go_first)
        .build()
        .map_err(failed)?;
    let handle = runtime.handle().clone();
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let thread = std::thread::Builder::new()
        .name(format!("{name}-{number}"))
        .spawn(move || {
            HERE.set(number);
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    () = stopped.cancelled() => {}
                    () = tick() => {}
                }
            });
            // Without waiting for what blocks, such as a write of a log.
            runtime.shutdown_background();
        })
        .map_err(failed)?;
    Ok(Lane { handle, load: Arc::default(), stop, thread: Some(thread) })
}

/// Gives the core to whoever waits for it before asking what has come. On a busy machine that is
/// the very clients and servers whose packets are about to come: several are then found at once,
/// and answered in one write, where each would have cost a wake-up.
fn let_others_go_first() {
    std::thread::yield_now();
}

/// A timer that is always near. The runtime wakes itself, by a system call, for each new timer that
/// is due before all others; with this one there, the time limits of queries never are.
async fn tick() {
    loop {
        tokio::time::sleep(TICK).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn tasks_spread_over_lanes_and_end_with_them() {
        let lanes = Lanes::start(2, "lane").unwrap();
        let tasks = TaskTracker::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let started = Arc::new(tokio::sync::Semaphore::new(0));
        for _ in 0..4 {
            let (seen, started) = (seen.clone(), started.clone());
            lanes.spawn(&tasks, async move {
                seen.lock().unwrap().push(here());
                started.add_permits(1);
                std::future::pending::<()>().await;
            });
        }
        started.acquire_many(4).await.unwrap().forget();
        let mut places = seen.lock().unwrap().clone();
        places.sort_unstable();
        assert_eq!(places, [1, 1, 2, 2]);
        assert_eq!(here(), 0);
        drop(lanes);
        tasks.close();
        tasks.wait().await;
    }

    #[tokio::test]
    async fn without_lanes_tasks_run_here() {
        let tasks = TaskTracker::new();
        Lanes::default().spawn(&tasks, async { assert_eq!(here(), 0) });
        tasks.close();
        tasks.wait().await;
    }
}
