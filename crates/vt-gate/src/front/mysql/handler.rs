//! One client's commands.

use std::sync::Arc;

use async_trait::async_trait;
use vt_base::{Code, Error, Result};
use vt_mysql::server::{ConnInfo, Encode, Handler, Prepared, PreparedStatement, ResultWriter};
use vt_sql::split_statements;
use vt_tablet_api::Caller;
use vt_value::{BindVars, Field, Fields, QueryResult, TypedBytes};
use vt_wire::{Capabilities, SessionChange};

use super::charset::{Recoder, param, statement_text};
use super::results::{Tracked, Writer, status_flags};
use crate::connections::Connection;
use crate::gate::Gate;
use crate::query::{Query, Understood, fields, run_internal, run_query, understand};
use crate::session::{Charsets, Session};
use crate::statements::kill::{Kill, kill_connection};
use crate::statements::prepare::count_params;
use crate::statements::show::filter::is_like;
use crate::target::SessionTarget;
use crate::tx;

/// A client.
pub(super) struct Client {
    gate: Arc<Gate>,
    session: Session,
    connection: Option<Arc<Connection>>,
    allows_multi: bool,
    /// Told with the answer to the command under way, where no result tells it.
    changes: Vec<SessionChange>,
}

impl Client {
    pub(super) fn new(gate: Arc<Gate>) -> Client {
        let target = SessionTarget::nothing(gate.config.session.tablet_type);
        let session = Session::new(&gate.config, Caller::default(), target);
        Client { gate, session, connection: None, allows_multi: false, changes: Vec::new() }
    }

    fn begin(&mut self, conn: &ConnInfo) -> Result<()> {
        let target = self.gate.target(conn.database.as_deref().unwrap_or_default())?;
        let caller = Caller {
            username: conn.user.name.as_str().into(),
            groups: conn.user.groups.clone().into(),
            ..Caller::default()
        };
        let mut session = Session::new(&self.gate.config, caller, target);
        session.connection_id = conn.id;
        session.uuid = uuid::Uuid::new_v4().to_string();
        session.account = format!("{}@{}", conn.user.login, conn.peer.host());
        session.client_found_rows = conn.capabilities.has(Capabilities::FOUND_ROWS);
        session.log_in(Charsets::of_login(conn.collation), self.gate.defaults.get().modes);
        self.session = session;
        self.allows_multi = conn.capabilities.has(Capabilities::MULTI_STATEMENTS);
        Ok(())
    }

    /// Runs one statement and writes its result.
    async fn run(&mut self, query: Query<'_>, out: &mut ResultWriter<'_>) -> Result<()> {
        let tracked = Tracked::of(&self.session);
        let mut writer = Writer::new(out, &self.session);
        let broken_off = match &self.connection {
            Some(connection) => connection.begin(query.sql, &self.session.target.keyspace),
            None => tokio_util::sync::CancellationToken::new(),
        };
        let (gate, session) = (&self.gate, &mut self.session);
        let running = Box::pin(run_query(gate, session, query, &mut writer));
        let result = tokio::select! {
            biased;
            () = broken_off.cancelled() => None,
            result = running => Some(result),
        };
        if let Some(connection) = &self.connection {
            connection.end();
        }
        let result = match result {
            Some(result) => result?,
            None => return Err(self.interrupted().await),
        };
        let changes = tracked.changes(&self.session);
        writer.finish(result, &self.session, changes).await?;
        if let Some(connection) = &self.connection
            && connection.is_closing()
        {
            out.flush().await?;
            connection.kill();
        }
        Ok(())
    }

    /// Puts the session right after its statement was killed: what the shards did is in doubt.
    async fn interrupted(&mut self) -> Error {
        let transaction = &mut self.session.transaction;
        if transaction.is_open && transaction.is_implicit {
            tx::rollback(&self.gate.tablets, &mut self.session).await;
        } else if transaction.is_open && transaction.open_count() > 0 {
            transaction.must_roll_back = true;
        }
        Error::mysql(1317, b"70100", "Query execution was interrupted").with_code(Code::Canceled)
    }

    async fn run_text(&mut self, text: &str, out: &mut ResultWriter<'_>) -> Result<()> {
        // The usual statement has no semicolon, or one at its end.
        let body = text.trim_end_matches(|c: char| c == ';' || c.is_ascii_whitespace());
        if !self.allows_multi || !body.contains(';') {
            return self.run(Query::new(text), out).await;
        }
        let modes = self.session.modes;
        let mut is_first = true;
        for piece in split_statements(text, modes) {
            if !is_first {
                out.next_result();
            }
            is_first = false;
            self.run(Query::new(piece), out).await?;
        }
        if is_first {
            return self.run(Query::new(text), out).await;
        }
        Ok(())
    }

    /// Returns the columns that a statement will give; none where that cannot be told yet.
    async fn fields_of(&mut self, understood: Understood) -> Result<Fields> {
        let Understood::Plan { plan, binds, .. } = understood else {
            return Ok(Fields::default());
        };
        if !matches!(
            plan.plan.statement,
            vt_plan::StatementType::Select
                | vt_plan::StatementType::Show
                | vt_plan::StatementType::Explain
        ) {
            return Ok(Fields::default());
        }
        match fields(&self.gate, &mut self.session, &plan, binds).await {
            Ok(fields) => Ok(fields),
            Err(error) if is_statements_fault(&error) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "columns of a prepared statement are not known");
                Ok(Fields::default())
            }
        }
    }
}

/// Whether an error tells that the statement will never run, so that it is not to be prepared.
fn is_statements_fault(error: &Error) -> bool {
    matches!(error.code(), Code::NotFound | Code::PermissionDenied)
        || matches!(error.errno(), 1054 | 1064 | 1146 | 1052)
}

#[async_trait]
impl Handler for Client {
    async fn init(&mut self, conn: &ConnInfo) -> Result<()> {
        self.begin(conn)?;
        let connections = &self.gate.connections;
        let host = conn.peer.to_string();
        let user = &self.session.caller.username;
        self.connection = Some(connections.add(conn.id, user, host, conn.kill.clone()));
        Ok(())
    }

    async fn query(&mut self, sql: &[u8], out: &mut ResultWriter<'_>) -> Result<()> {
        let text = statement_text(&self.session, sql)?;
        self.run_text(&text, out).await
    }

    async fn prepare(&mut self, sql: &[u8]) -> Result<Prepared> {
        let text = statement_text(&self.session, sql)?;
        let param_count = count_params(&self.session, &text)?;
        let mut params = BindVars::new();
        for place in 1..=param_count {
            params.set(format!("v{place}"), TypedBytes::NULL);
        }
        let query = Query { method: "Prepare", sql: &text, params, is_prepared: true };
        let understood = understand(&self.gate, &self.session, &query)?;
        let fields = self.fields_of(understood).await?;
        let fields = match Recoder::of(&self.session) {
            Some(mut recoder) => recoder.fields(&fields),
            None => fields,
        };
        Ok(Prepared { fields, param_count })
    }

    async fn execute(
        &mut self,
        statement: &PreparedStatement,
        params: Vec<TypedBytes>,
        out: &mut ResultWriter<'_>,
    ) -> Result<()> {
        let text = statement_text(&self.session, &statement.sql)?;
        let mut binds = BindVars::new();
        for (place, value) in params.into_iter().enumerate() {
            binds.set(param_name(place), param(&self.session, value));
        }
        let query = Query { method: "Execute", sql: &text, params: binds, is_prepared: true };
        self.run(query, out).await
    }

    fn encode(&self) -> Option<Encode> {
        Recoder::of(&self.session).map(|recoder| recoder.encode())
    }

    async fn init_db(&mut self, database: &str) -> Result<()> {
        let tracked = Tracked::of(&self.session);
        self.session.target = self.gate.target(database)?;
        self.changes = tracked.changes(&self.session);
        Ok(())
    }

    async fn reset_connection(&mut self) -> Result<()> {
        tx::release(&self.gate.tablets, &mut self.session).await;
        self.session.reset(&self.gate.config);
        let modes = self.gate.defaults.get().modes;
        self.session.log_in(self.session.login_charsets(), modes);
        Ok(())
    }

    async fn change_user(&mut self, conn: &ConnInfo) -> Result<()> {
        tx::release(&self.gate.tablets, &mut self.session).await;
        self.gate.connections.remove(conn.id);
        self.init(conn).await
    }

    async fn field_list(&mut self, table: &str, wildcard: &str) -> Result<Fields> {
        let sql = format!("select * from `{}` limit 0", table.replace('`', "``"));
        let result: QueryResult = run_internal(&self.gate, &mut self.session, &sql).await?;
        let shown = |field: &&Field| wildcard.is_empty() || is_like(&field.name, wildcard);
        Ok(result.fields.iter().filter(shown).cloned().collect())
    }

    fn set_multi_statements(&mut self, allowed: bool) {
        self.allows_multi = allowed;
    }

    fn statistics(&mut self) -> String {
        let gate = &self.gate;
        format!(
            "Uptime: {}  Threads: {}  Questions: {}  Slow queries: 0  Opens: 0  Flush tables: 0  \
             Open tables: 0  Queries per second avg: 0.0",
            gate.started.elapsed().as_secs(),
            gate.connections.count(),
            gate.plans.hits() + gate.plans.misses(),
        )
    }

    async fn process_kill(&mut self, id: u32) -> Result<()> {
        if !self.gate.config.is_kill_allowed {
            let what = "kill statement execution not permitted.";
            return Err(Error::vt(vt_base::ErrorId::VT07001, what));
        }
        let kill = Kill { id: u64::from(id), is_query: false };
        kill_connection(&self.gate, &self.session, kill).await
    }

    fn status_flags(&self) -> u16 {
        status_flags(&self.session)
    }

    fn take_session_changes(&mut self) -> Vec<SessionChange> {
        std::mem::take(&mut self.changes)
    }

    async fn closed(&mut self) {
        tx::release(&self.gate.tablets, &mut self.session).await;
        self.gate.connections.remove(self.session.connection_id);
    }
}

/// Returns the bind variable of a `?`, made once for the first ones.
fn param_name(place: usize) -> Arc<str> {
    use std::sync::LazyLock;
    const KEPT: usize = 256;
    static NAMES: LazyLock<Vec<Arc<str>>> =
        LazyLock::new(|| (1..=KEPT).map(|number| format!("v{number}").into()).collect());
    match NAMES.get(place) {
        Some(name) => name.clone(),
        None => format!("v{}", place + 1).into(),
    }
}
