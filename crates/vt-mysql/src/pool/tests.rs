//! Pools of connections that only count.

use std::sync::atomic::{AtomicBool, AtomicUsize};

use super::*;

#[derive(Default)]
struct World {
    opened: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
    refuses: AtomicBool,
    refuses_settings: AtomicBool,
}

struct Fake {
    world: Arc<World>,
    number: usize,
    is_broken: bool,
    /// What was done to the connection.
    log: Vec<String>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.world.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl PoolConn for Fake {
    fn is_broken(&self) -> bool {
        self.is_broken
    }

    async fn apply(&mut self, settings: &Settings) -> Result<()> {
        if self.world.refuses_settings.load(Ordering::SeqCst) {
            return Err(Error::bug("refused"));
        }
        self.log.extend(settings.0.iter().cloned());
        Ok(())
    }

    async fn reset(&mut self) -> Result<()> {
        self.log.push("reset".to_owned());
        Ok(())
    }
}

impl Connector for Arc<World> {
    type Conn = Fake;

    async fn connect(&self) -> Result<Fake> {
        tokio::task::yield_now().await;
        if self.refuses.load(Ordering::SeqCst) {
            return Err(Error::new(Code::Unavailable, "refused"));
        }
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_open.fetch_max(open, Ordering::SeqCst);
        let number = self.opened.fetch_add(1, Ordering::SeqCst);
        Ok(Fake { world: Arc::clone(self), number, is_broken: false, log: Vec::new() })
    }
}

fn config(capacity: usize) -> PoolConfig {
    PoolConfig {
        name: "test".to_owned(),
        capacity,
        wait_timeout: Duration::from_secs(10),
        waiters_max: 0,
        idle_timeout: Duration::ZERO,
        max_lifetime: Duration::ZERO,
    }
}

fn pool(config: PoolConfig) -> (Arc<Pool<Arc<World>>>, Arc<World>) {
    let world = Arc::new(World::default());
    (Arc::new(Pool::new(config, Arc::clone(&world))), world)
}

fn settings(text: &str) -> Settings {
    Settings(vec![text.to_owned()].into())
}

#[tokio::test(start_paused = true)]
async fn connections_are_used_again_and_never_more_than_allowed() {
    let (pool, world) = pool(config(2));
    let first = pool.get(None).await.unwrap();
    let second = pool.get(None).await.unwrap();
    assert_ne!(first.number, second.number);
    let error = pool.get(None).await.err().unwrap();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert_eq!(error.message(), "connection pool timed out");
    drop(first);
    assert_eq!(pool.get(None).await.unwrap().number, 0);
    drop(second);
    let stats = pool.stats();
    assert_eq!((stats.active, stats.in_use, stats.available, stats.get), (2, 0, 2, 4));
    assert_eq!((stats.wait_count, stats.waiting), (1, 0));
    assert_eq!(world.opened.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_served_in_turn_and_who_left_is_passed_over() {
    let (pool, _) = pool(config(1));
    let held = pool.get(None).await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for number in 0..5 {
        let (pool, order) = (Arc::clone(&pool), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let conn = pool.get(None).await.unwrap();
            order.lock().push(number);
            tokio::task::yield_now().await;
            drop(conn);
        }));
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.stats().waiting, 5);
    tasks[1].abort();
    tokio::task::yield_now().await;
    drop(held);
    for task in tasks {
        drop(task.await);
    }
    assert_eq!(*order.lock(), [0, 2, 3, 4]);
    assert_eq!((pool.stats().active, pool.stats().in_use), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_its_caller_never_took_comes_back() {
    let (pool, world) = pool(config(1));
    let held = pool.get(None).await.unwrap();
    let waiting = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.get(None).await.map(|_| ()) }
    });
    tokio::task::yield_now().await;
    // The lease is handed over, and the task is gone before it looks.
    drop(held);
    waiting.abort();
    drop(waiting.await);
    assert_eq!(pool.stats().in_use, 0);
    assert_eq!(pool.get(None).await.unwrap().number, 0);
    assert_eq!(world.opened.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn the_queue_has_a_limit() {
    let (pool, _) = pool(PoolConfig { waiters_max: 1, ..config(1) });
    let held = pool.get(None).await.unwrap();
    let waiting = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.get(None).await.map(|_| ()) }
    });
    tokio::task::yield_now().await;
    let error = pool.get(None).await.err().unwrap();
    assert_eq!(error.message(), "connection pool waiter cap exceeded");
    drop(held);
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn broken_connections_do_not_come_back() {
    let (pool, world) = pool(config(1));
    let mut conn = pool.get(None).await.unwrap();
    conn.is_broken = true;
    drop(conn);
    assert_eq!(world.open.load(Ordering::SeqCst), 0);
    assert_eq!(pool.get(None).await.unwrap().number, 1);
    let detached = pool.get(None).await.unwrap().detach();
    assert_eq!(pool.stats().active, 0);
    pool.get(None).await.unwrap().discard();
    assert_eq!(pool.stats().active, 0);
    drop(detached);
    assert_eq!(world.open.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_to_connect_frees_the_place() {
    let (pool, world) = pool(config(1));
    world.refuses.store(true, Ordering::SeqCst);
    assert_eq!(pool.get(None).await.err().unwrap().code(), Code::Unavailable);
    assert_eq!(pool.stats().active, 0);
    world.refuses.store(false, Ordering::SeqCst);
    // A caller who leaves while the connection is opened frees it too.
    let opening = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.get(None).await.map(|_| ()) }
    });
    opening.abort();
    drop(opening.await);
    assert_eq!(pool.stats().active, 0);
    pool.get(None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn settings_are_kept_preferred_and_taken_off() {
    let (pool, world) = pool(config(2));
    let (a, b) = (settings("set a"), settings("set b"));
    let with_a = pool.get(Some(&a)).await.unwrap();
    assert_eq!(with_a.log, ["set a"]);
    drop(with_a);
    // No settings: a new connection rather than one of another's settings.
    let plain = pool.get(None).await.unwrap();
    assert_eq!(plain.number, 1);
    drop(plain);
    let with_a = pool.get(Some(&a)).await.unwrap();
    assert_eq!((with_a.number, with_a.log.len()), (0, 1));
    assert_eq!(with_a.settings(), Some(&a));
    // The one without settings gets those of b.
    let with_b = pool.get(Some(&b)).await.unwrap();
    assert_eq!(with_b.number, 1);
    drop((with_a, with_b));
    // Both places are taken by others' settings: one is reset.
    let plain = pool.get(None).await.unwrap();
    assert_eq!(plain.log.last().map(String::as_str), Some("reset"));
    assert_eq!(plain.settings(), None);
    let stats = pool.stats();
    assert_eq!((stats.get, stats.get_setting), (2, 3));
    assert_eq!((stats.diff_setting, stats.reset_setting), (0, 1));
    assert_eq!(world.opened.load(Ordering::SeqCst), 2);
    drop(plain);

    let c = settings("set c");
    world.refuses_settings.store(true, Ordering::SeqCst);
    assert!(pool.get(Some(&c)).await.is_err());
    assert_eq!(pool.stats().in_use, 0);
    assert_eq!(pool.stats().active, 1, "a connection of unknown settings is closed");
}

#[tokio::test]
async fn idle_and_old_connections_are_closed() {
    let short = Duration::from_millis(20);
    let (idle, idle_world) = pool(PoolConfig { idle_timeout: short, ..config(2) });
    let (old, old_world) = pool(PoolConfig { max_lifetime: short, ..config(2) });
    drop((idle.get(None).await.unwrap(), idle.get(None).await.unwrap()));
    let conn = old.get(None).await.unwrap();
    for _ in 0..1000 {
        if idle_world.open.load(Ordering::SeqCst) == 0 {
            break;
        }
        tokio::time::sleep(short).await;
    }
    drop(conn);
    assert_eq!(idle.stats().idle_closed, 2);
    assert_eq!(idle.stats().active, 0);
    assert_eq!(old.stats().max_lifetime_closed, 1);
    assert_eq!(old_world.open.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn the_capacity_can_change() {
    let (pool, world) = pool(config(1));
    let first = pool.get(None).await.unwrap();
    let waiting = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.get(None).await }
    });
    tokio::task::yield_now().await;
    pool.resize(2);
    let second = waiting.await.unwrap().unwrap();
    assert_eq!(second.number, 1);
    pool.resize(1);
    drop(first);
    assert_eq!(world.open.load(Ordering::SeqCst), 1);
    drop(second);
    assert_eq!((pool.stats().active, pool.stats().capacity), (1, 1));
    pool.resize(0);
    assert_eq!(world.open.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_closed_pool_refuses_and_waits_for_its_connections() {
    let (pool, world) = pool(config(1));
    let held = pool.get(None).await.unwrap();
    let waiting = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.get(None).await.err().unwrap() }
    });
    tokio::task::yield_now().await;
    assert_eq!(pool.close(Duration::from_secs(1)).await, 1);
    assert_eq!(waiting.await.unwrap().message(), "connection pool is closed");
    assert_eq!(pool.get(None).await.err().unwrap().message(), "connection pool is closed");
    let closing = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move { pool.close(Duration::from_secs(1)).await }
    });
    tokio::task::yield_now().await;
    drop(held);
    assert_eq!(closing.await.unwrap(), 0);
    assert_eq!(world.open.load(Ordering::SeqCst), 0);
}

/// Callers of all kinds at once: those that give up, break their connection, change its settings.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_in_a_crowd() {
    const CAPACITY: usize = 5;
    let (pool, world) = pool(config(CAPACITY));
    let wanted = [None, Some(settings("set a")), Some(settings("set b"))];
    let mut callers = Vec::new();
    for caller in 0..60_usize {
        let (pool, wanted) = (Arc::clone(&pool), wanted.clone());
        callers.push(tokio::spawn(async move {
            for round in 0..50_usize {
                let choice = caller.wrapping_mul(31).wrapping_add(round.wrapping_mul(17));
                let getting = pool.get(wanted[choice % 3].as_ref());
                let patience = Duration::from_micros(choice as u64 % 7 * 50);
                let got = if choice % 4 == 0 {
                    tokio::time::timeout(patience, getting).await
                } else {
                    Ok(getting.await)
                };
                let Ok(Ok(mut conn)) = got else { continue };
                let expected = wanted[choice % 3].as_ref();
                assert_eq!(conn.settings(), expected);
                tokio::task::yield_now().await;
                conn.is_broken = choice % 11 == 0;
                if choice % 13 == 0 {
                    conn.discard();
                }
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    let stats = pool.stats();
    assert_eq!((stats.in_use, stats.waiting), (0, 0));
    assert_eq!(stats.active, world.open.load(Ordering::SeqCst) as u64);
    assert_eq!(world.most_open.load(Ordering::SeqCst), CAPACITY);
    assert_eq!(pool.close(Duration::from_secs(10)).await, 0);
    assert_eq!(world.open.load(Ordering::SeqCst), 0);
}
