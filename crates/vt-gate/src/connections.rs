//! The clients of this gateway, for `KILL` and `SHOW PROCESSLIST`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// All connections by id.
#[derive(Default)]
pub struct Connections {
    all: Mutex<BTreeMap<u32, Arc<Connection>>>,
}

/// One client.
pub struct Connection {
    pub id: u32,
    pub user: String,
    pub host: String,
    /// Ends the connection.
    kill: CancellationToken,
    is_closing: AtomicBool,
    state: Mutex<State>,
}

struct State {
    since: Instant,
    database: Arc<str>,
    is_busy: bool,
    /// The statement under way; the room is kept for the next one.
    statement: String,
    /// Breaks the statement under way off; another comes in its place once it has.
    kill_statement: CancellationToken,
}

/// A line of the process list.
#[derive(Clone, Debug)]
pub struct Process {
    pub id: u32,
    pub user: String,
    pub host: String,
    pub database: Arc<str>,
    pub seconds: u64,
    pub statement: Option<Arc<str>>,
}

/// Most bytes of a statement that the process list keeps.
const STATEMENT_BYTES_MAX: usize = 4_096;
/// Room for a statement beyond this is given back when it ends.
const ROOM_KEPT: usize = 256;

impl Connections {
    /// Adds a client.
    pub fn add(
        &self,
        id: u32,
        user: &str,
        host: String,
        kill: CancellationToken,
    ) -> Arc<Connection> {
        let state = State {
            since: Instant::now(),
            database: "".into(),
            is_busy: false,
            statement: String::new(),
            kill_statement: CancellationToken::new(),
        };
        let user = user.to_owned();
        let connection = Arc::new(Connection {
            id,
            user,
            host,
            kill,
            is_closing: AtomicBool::new(false),
            state: Mutex::new(state),
        });
        self.all.lock().insert(id, connection.clone());
        connection
    }

    pub fn remove(&self, id: u32) {
        self.all.lock().remove(&id);
    }

    pub fn get(&self, id: u32) -> Option<Arc<Connection>> {
        self.all.lock().get(&id).cloned()
    }

    pub fn count(&self) -> usize {
        self.all.lock().len()
    }

    /// Returns a line for each client, by id.
    pub fn processes(&self) -> Vec<Process> {
        let all: Vec<_> = self.all.lock().values().cloned().collect();
        all.iter().map(|one| one.process()).collect()
    }
}

impl Connection {
    /// Notes that a statement begins; returns the token that breaks it off.
    pub fn begin(&self, sql: &str, database: &Arc<str>) -> CancellationToken {
        let mut end = sql.len().min(STATEMENT_BYTES_MAX);
        while !sql.is_char_boundary(end) {
            end -= 1;
        }
        let mut state = self.state.lock();
        if state.kill_statement.is_cancelled() {
            state.kill_statement = CancellationToken::new();
        }
        state.since = Instant::now();
        state.database = database.clone();
        state.is_busy = true;
        state.statement.clear();
        state.statement.push_str(&sql[..end]);
        state.kill_statement.clone()
    }

    /// Notes that the statement has ended.
    pub fn end(&self) {
        let mut state = self.state.lock();
        state.since = Instant::now();
        state.is_busy = false;
        state.statement.clear();
        state.statement.shrink_to(ROOM_KEPT);
    }

    /// Breaks off the statement under way, if there is one.
    pub fn kill_statement(&self) {
        let state = self.state.lock();
        if state.is_busy {
            state.kill_statement.cancel();
        }
    }

    /// Asks for the connection to end once the client has its answer.
    pub fn close_after_reply(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
    }

    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// Ends the connection, and its statement.
    pub fn kill(&self) {
        self.kill_statement();
        self.kill.cancel();
    }

    fn process(&self) -> Process {
        let state = self.state.lock();
        Process {
            id: self.id,
            user: self.user.clone(),
            host: self.host.clone(),
            database: state.database.clone(),
            seconds: state.since.elapsed().as_secs(),
            statement: state.is_busy.then(|| state.statement.as_str().into()),
        }
    }
}
