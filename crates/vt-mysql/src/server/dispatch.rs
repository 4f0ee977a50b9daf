//! What each command of the protocol does.

use bytes::Bytes;
use vt_base::{Error, Result};
use vt_value::{Field, Fields, Type};
use vt_wire::handshake::ChangeUser;
use vt_wire::{Capabilities, Command, column, command, end};

use super::connection::{Connection, End, guarded};
use super::errors;
use super::login::Refusal;
use super::proof::Proof;
use super::writer::{Format, ResultWriter, put_columns};
use crate::patience::within;

/// The default of a column in the answer to COM_FIELD_LIST: there is none.
const NO_DEFAULT: u8 = 0xfb;

impl Connection {
    /// Carries out one command; its answer is in the link's buffer afterwards.
    pub(super) async fn dispatch(&mut self, payload: &Bytes) -> Result<(), End> {
        let command = match Command::decode(payload, self.info.capabilities) {
            Ok(command) => command,
            Err(malformed) => {
                self.put_error(&malformed.into());
                return Ok(());
            }
        };
        match command {
            Command::Quit => return Err(End::Silent),
            Command::Query { sql, attributes } => {
                if !attributes.is_empty() {
                    self.handler.query_attributes(attributes);
                }
                return self.query(&sql).await;
            }
            Command::Prepare(sql) => return self.prepare(&sql).await,
            Command::Execute { statement, flags, values } => {
                return self.execute(statement, flags, &values).await;
            }
            Command::SendLongData { statement, param, data } => {
                let config = &self.shared.config;
                self.statements.add_long_data(statement, param, &data, config);
            }
            Command::CloseStatement(id) => {
                if let Some(statement) = self.statements.remove(id) {
                    self.handler.close_statement(&statement);
                }
            }
            Command::ResetStatement(id) => {
                let outcome = self.statements.reset(id);
                self.answer(outcome);
            }
            Command::Fetch { statement, .. } => self.put_error(&self.fetch_error(statement)),
            Command::InitDb(database) => return self.init_db(&database).await,
            Command::Ping => self.put_ok(),
            Command::ResetConnection => return self.reset_connection().await,
            Command::ChangeUser(change) => return self.change_user(change).await,
            Command::FieldList { table, wildcard } => {
                return self.field_list(&table, &wildcard).await;
            }
            Command::Statistics => {
                let line = self.handler.statistics();
                self.link.put(|out| out.extend_from_slice(line.as_bytes()));
            }
            Command::ProcessInfo => return self.query(b"SHOW PROCESSLIST").await,
            Command::ProcessKill(id) => {
                let killing = self.handler.process_kill(id);
                let outcome = guarded(&self.socket, &self.info.kill, killing).await?;
                self.answer(outcome);
            }
            Command::Debug => self.put_eof(),
            Command::SetOption(option) => self.set_option(option),
            Command::BinlogDump(_)
            | Command::BinlogDumpGtid(_)
            | Command::RegisterReplica(_)
            | Command::Unknown(_) => self.put_error(&errors::unknown_command()),
        }
        Ok(())
    }

    /// Answers with OK or the error.
    fn answer(&mut self, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.put_ok(),
            Err(error) => self.put_error(&error),
        }
    }

    /// Answers as rows end.
    fn put_eof(&mut self) {
        let info = self.end_info();
        let capabilities = self.info.capabilities;
        self.link.put(|out| end::encode_end(out, &info, capabilities));
    }

    fn fetch_error(&self, id: u32) -> Error {
        if self.statements.contains(id) {
            errors::no_cursor(id)
        } else {
            errors::unknown_statement(id, "mysqld_stmt_fetch")
        }
    }

    fn set_option(&mut self, option: u16) {
        match option {
            0 => self.info.capabilities |= Capabilities::MULTI_STATEMENTS,
            1 => {
                self.info.capabilities =
                    self.info.capabilities.without(Capabilities::MULTI_STATEMENTS);
            }
            _ => {
                self.put_error(&errors::unknown_command());
                return;
            }
        }
        self.handler.set_multi_statements(option == 0);
        self.put_eof();
    }

    async fn query(&mut self, sql: &[u8]) -> Result<(), End> {
        let status = self.handler.status_flags();
        let limit = self.shared.config.write_timeout;
        let mut out =
            ResultWriter::new(&mut self.link, Format::Text, self.info.capabilities, status, limit);
        let running = self.handler.query(sql, &mut out);
        let outcome = guarded(&self.socket, &self.info.kill, running).await?;
        out.finish(outcome);
        Ok(())
    }

    async fn prepare(&mut self, sql: &[u8]) -> Result<(), End> {
        if let Err(error) = self.statements.check_room(&self.shared.config) {
            self.put_error(&error);
            return Ok(());
        }
        let preparing = self.handler.prepare(sql);
        let prepared = match guarded(&self.socket, &self.info.kill, preparing).await? {
            Ok(prepared) => prepared,
            Err(error) => {
                self.put_error(&error);
                return Ok(());
            }
        };
        let Ok(columns) = u16::try_from(prepared.fields.len()) else {
            self.put_error(&Error::mysql(1117, b"HY000", "Too many columns"));
            return Ok(());
        };
        let params = prepared.param_count;
        let id = self.statements.insert(sql, params);
        let capabilities = self.info.capabilities;
        let status = self.handler.status_flags();
        self.link.put(|out| command::encode_prepared(out, id, columns, params, 0));
        if params > 0 {
            let param = Field::new("?", Type::VARCHAR);
            let fields: Fields = vec![param; usize::from(params)].into();
            put_columns(&mut self.link, &fields, None, capabilities, status);
        }
        if columns > 0 {
            let encode = self.handler.encode();
            put_columns(&mut self.link, &prepared.fields, encode.as_ref(), capabilities, status);
        }
        Ok(())
    }

    async fn execute(&mut self, id: u32, flags: u8, values: &Bytes) -> Result<(), End> {
        // A cursor is asked for in the flags; the answer without one is for the client to cope with,
        // and all do.
        let execution = self.statements.execution(id, flags, values, self.info.capabilities);
        let (statement, execution) = match execution {
            Ok(found) => found,
            Err(error) => {
                self.put_error(&error);
                return Ok(());
            }
        };
        if !execution.attributes.is_empty() {
            self.handler.query_attributes(execution.attributes);
        }
        let status = self.handler.status_flags();
        let limit = self.shared.config.write_timeout;
        let mut out = ResultWriter::new(
            &mut self.link,
            Format::Binary,
            self.info.capabilities,
            status,
            limit,
        );
        let running = self.handler.execute(&statement, execution.params, &mut out);
        let outcome = guarded(&self.socket, &self.info.kill, running).await?;
        out.finish(outcome);
        Ok(())
    }

    async fn init_db(&mut self, database: &[u8]) -> Result<(), End> {
        let outcome = match std::str::from_utf8(database) {
            Ok(database) => {
                let changing = self.handler.init_db(database);
                guarded(&self.socket, &self.info.kill, changing).await?
            }
            Err(_) => {
                let name = String::from_utf8_lossy(database);
                Err(Error::mysql(1049, b"42000", format!("Unknown database '{name}'")))
            }
        };
        self.answer(outcome);
        Ok(())
    }

    async fn reset_connection(&mut self) -> Result<(), End> {
        self.statements.clear();
        let resetting = self.handler.reset_connection();
        let outcome = guarded(&self.socket, &self.info.kill, resetting).await?;
        self.answer(outcome);
        Ok(())
    }

    async fn field_list(&mut self, table: &[u8], wildcard: &[u8]) -> Result<(), End> {
        let table = String::from_utf8_lossy(table);
        let wildcard = String::from_utf8_lossy(wildcard);
        let listing = self.handler.field_list(&table, &wildcard);
        match guarded(&self.socket, &self.info.kill, listing).await? {
            Ok(fields) => {
                for field in fields.iter() {
                    self.link.put(|out| {
                        column::encode(out, field);
                        out.push(NO_DEFAULT);
                    });
                }
                self.put_eof();
            }
            Err(error) => self.put_error(&error),
        }
        Ok(())
    }

    /// Begins another session; as in MySQL, a failure ends the connection.
    async fn change_user(&mut self, change: ChangeUser) -> Result<(), End> {
        self.statements.clear();
        let config = &self.shared.config;
        let mut proof = Proof {
            link: &mut self.link,
            auth: &*config.auth,
            secrets: &self.shared.secrets,
            peer: &self.info.peer,
            login: &change.user,
            nonce: Default::default(),
        };
        // No plugin was greeted, so the client is given a fresh nonce.
        let checking = proof.check(&change.plugin, "", &change.auth);
        let user = match within(config.connect_timeout, checking).await {
            Some(Ok(user)) => user,
            Some(Err(Refusal::Told(error))) => return Err(End::Told(error)),
            Some(Err(Refusal::Gone)) | None => return Err(End::Silent),
        };
        self.info.user = user;
        self.info.database = change.database;
        self.info.attributes = change.attributes;
        if let Some(collation) = change.collation {
            self.info.collation = collation;
        }
        let beginning = self.handler.change_user(&self.info);
        match guarded(&self.socket, &self.info.kill, beginning).await? {
            Ok(()) => {
                self.put_ok();
                Ok(())
            }
            Err(error) => Err(End::Told(error)),
        }
    }
}
