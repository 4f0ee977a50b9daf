//! The prepared statements of a connection.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use vt_base::{Error, Result};
use vt_wire::Capabilities;
use vt_wire::params::{self, Execution, Known, ParamType};

use super::{PreparedStatement, ServerConfig, errors};

/// The statements that a client has prepared and not closed.
#[derive(Default)]
pub(super) struct Statements {
    by_id: HashMap<u32, Statement>,
    last_id: u32,
    /// Bytes of long data of all statements together.
    long_data_bytes: usize,
}

struct Statement {
    prepared: PreparedStatement,
    types: Vec<ParamType>,
    long_data: Vec<Option<BytesMut>>,
    /// COM_STMT_SEND_LONG_DATA has no answer; what went wrong is told at the execution.
    long_data_error: Option<Error>,
}

impl Statements {
    /// Returns an error if there is no room for one more.
    pub(super) fn check_room(&self, config: &ServerConfig) -> Result<()> {
        if self.by_id.len() < config.statements_max {
            Ok(())
        } else {
            Err(errors::too_many_statements(config.statements_max))
        }
    }

    pub(super) fn insert(&mut self, sql: &[u8], param_count: u16) -> u32 {
        // Ids wrap after four thousand million; one that is still in use is passed over.
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.by_id.contains_key(&self.last_id) {
                break;
            }
        }
        let id = self.last_id;
        let prepared = PreparedStatement { id, sql: Arc::from(sql), param_count };
        let statement =
            Statement { prepared, types: Vec::new(), long_data: Vec::new(), long_data_error: None };
        self.by_id.insert(id, statement);
        id
    }

    /// Reads the values of an execution; the statement's long data is used up by it.
    pub(super) fn execution(
        &mut self,
        id: u32,
        flags: u8,
        values: &Bytes,
        capabilities: Capabilities,
    ) -> Result<(PreparedStatement, Execution)> {
        let Some(statement) = self.by_id.get_mut(&id) else {
            return Err(errors::unknown_statement(id, "mysqld_stmt_execute"));
        };
        let (long_data, freed, error) = statement.take_long_data();
        self.long_data_bytes -= freed;
        if let Some(error) = error {
            return Err(error);
        }
        let known = Known {
            param_count: statement.prepared.param_count,
            types: &statement.types,
            long_data: &long_data,
        };
        let mut execution = params::decode_execution(values, flags, known, capabilities)?;
        statement.types = std::mem::take(&mut execution.types);
        Ok((statement.prepared.clone(), execution))
    }

    /// Keeps a piece of a parameter's value for the next execution.
    pub(super) fn add_long_data(
        &mut self,
        id: u32,
        param: u16,
        data: &[u8],
        config: &ServerConfig,
    ) {
        let Some(statement) = self.by_id.get_mut(&id) else { return };
        if param >= statement.prepared.param_count {
            statement.long_data_error =
                Some(errors::unknown_statement(id, "mysqld_stmt_send_long_data"));
            return;
        }
        if self.long_data_bytes + data.len() > config.long_data_max {
            statement.long_data_error = Some(errors::long_data_too_long());
            return;
        }
        let index = usize::from(param);
        if statement.long_data.len() <= index {
            statement.long_data.resize(index + 1, None);
        }
        statement.long_data[index].get_or_insert_default().extend_from_slice(data);
        self.long_data_bytes += data.len();
    }

    /// Drops the long data that a statement has collected.
    pub(super) fn reset(&mut self, id: u32) -> Result<()> {
        let Some(statement) = self.by_id.get_mut(&id) else {
            return Err(errors::unknown_statement(id, "mysqld_stmt_reset"));
        };
        let (_, freed, _) = statement.take_long_data();
        self.long_data_bytes -= freed;
        Ok(())
    }

    pub(super) fn contains(&self, id: u32) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(super) fn remove(&mut self, id: u32) -> Option<PreparedStatement> {
        let mut statement = self.by_id.remove(&id)?;
        let (_, freed, _) = statement.take_long_data();
        self.long_data_bytes -= freed;
        Some(statement.prepared)
    }

    /// Forgets all statements.
    pub(super) fn clear(&mut self) {
        self.by_id.clear();
        self.long_data_bytes = 0;
    }
}

impl Statement {
    /// Takes the long data, how many bytes it was, and what went wrong with it.
    fn take_long_data(&mut self) -> (Vec<Option<Bytes>>, usize, Option<Error>) {
        let mut bytes = 0;
        let data = std::mem::take(&mut self.long_data)
            .into_iter()
            .map(|value| {
                let value = value?.freeze();
                bytes += value.len();
                Some(value)
            })
            .collect();
        (data, bytes, self.long_data_error.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoneAuth;

    #[test]
    fn long_data_is_counted_used_once_and_limited() {
        let mut config = ServerConfig::new(Arc::new(NoneAuth));
        config.long_data_max = 10;
        let mut statements = Statements::default();
        let id = statements.insert(b"insert into t values (?, ?)", 2);
        let values = Bytes::from_static(&[0, 1, 252, 0, 252, 0]);
        let execute = |statements: &mut Statements| {
            statements.execution(id, 0, &values, Capabilities::default()).map(|(_, one)| one.params)
        };

        statements.add_long_data(id, 0, b"abc", &config);
        statements.add_long_data(id, 1, b"", &config);
        statements.add_long_data(id, 0, b"def", &config);
        let params = execute(&mut statements).unwrap();
        assert_eq!(params[0].bytes, "abcdef");
        assert_eq!(params[1].bytes, "");
        assert_eq!(statements.long_data_bytes, 0);
        assert!(execute(&mut statements).is_err(), "the values are not there a second time");

        statements.add_long_data(id, 0, b"0123456789", &config);
        statements.add_long_data(id, 1, b"x", &config);
        assert_eq!(execute(&mut statements).unwrap_err().errno(), 1105);
        statements.add_long_data(id, 2, b"x", &config);
        assert_eq!(execute(&mut statements).unwrap_err().errno(), 1243);

        statements.add_long_data(id, 0, b"0123456789", &config);
        statements.reset(id).unwrap();
        assert_eq!(statements.long_data_bytes, 0);
        statements.add_long_data(id, 0, b"0123456789", &config);
        statements.remove(id).unwrap();
        assert_eq!(statements.long_data_bytes, 0);
        assert_eq!(execute(&mut statements).unwrap_err().errno(), 1243);
    }
}
