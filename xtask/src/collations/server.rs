//! The server that is asked, through a mysql client.

use std::io::Write;
use std::process::Stdio;

use crate::client;

/// Where the tables of questions live; made anew and dropped in the end.
const DATABASE: &str = "vitrum_collations";

/// A server, as a client's arguments name it.
pub(super) struct Server {
    args: Vec<String>,
}

impl Server {
    /// Makes the database of questions.
    pub(super) fn open(args: &[String]) -> Result<Server, String> {
        let server = Server { args: args.to_vec() };
        server.ask(&format!("drop database if exists {DATABASE}; create database {DATABASE}"))?;
        Ok(server)
    }

    /// Drops the database of questions.
    pub(super) fn close(self) -> Result<(), String> {
        self.ask(&format!("drop database {DATABASE}")).map(|_| ())
    }

    /// Runs statements and returns the rows of all results, column by column.
    pub(super) fn ask(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let mut command = client::command()?;
        command.args(&self.args);
        command.args(["--batch", "--raw", "--skip-column-names", "--quick"]);
        command.args(["--default-character-set=utf8mb4", "--max-allowed-packet=64M"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|err| format!("cannot run {command:?}: {err}"))?;
        let mut stdin = child.stdin.take().ok_or("the client has no input")?;
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                // A client that ended early says why on its own.
                let use_it = if sql.starts_with("drop database") { "" } else { DATABASE };
                let line = if use_it.is_empty() { String::new() } else { format!("use {use_it};") };
                let _ = write!(stdin, "{line}set cte_max_recursion_depth=2000000;{sql};");
            });
            child.wait_with_output()
        });
        let output = output.map_err(|err| format!("the client broke off: {err}"))?;
        if !output.status.success() {
            let start: String = sql.chars().take(200).collect();
            return Err(format!("{start}: {}", String::from_utf8_lossy(&output.stderr).trim()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }

    /// Asks for one number.
    pub(super) fn number(&self, sql: &str) -> Result<u64, String> {
        let rows = self.ask(sql)?;
        let cell = rows.first().and_then(|row| row.first());
        cell.and_then(|cell| cell.parse().ok()).ok_or_else(|| format!("{sql}: no number"))
    }

    /// Asks for pairs of a number and of bytes in hex.
    pub(super) fn numbered(&self, sql: &str) -> Result<Vec<(u32, Vec<u8>)>, String> {
        let rows = self.ask(sql)?;
        let pairs = rows.iter().map(|row| match row.as_slice() {
            [number, hex] => {
                let number = number.parse().map_err(|_| format!("{number:?} is no number"))?;
                Ok((number, unhex(hex)?))
            }
            _ => Err(format!("{sql}: {row:?} is no pair")),
        });
        pairs.collect()
    }
}

/// Returns the bytes of a hexadecimal text.
pub(super) fn unhex(hex: &str) -> Result<Vec<u8>, String> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|two| {
            let text = std::str::from_utf8(two).map_err(|err| err.to_string())?;
            u8::from_str_radix(text, 16).map_err(|err| format!("{hex:?}: {err}"))
        })
        .collect()
}

/// Returns bytes as hexadecimal text.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
