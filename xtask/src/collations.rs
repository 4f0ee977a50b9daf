//! Writes the tables of `vt-collation`: everything in them is an answer of a real server.
//!
//! `crates/vt-collation/tables/README.md` tells the form. A run takes some minutes.

mod bytes;
mod case;
mod contractions;
mod encode;
mod multibyte;
mod points;
mod server;
mod uca;

use std::fs;

use server::Server;

use crate::sh;

/// The parts of the archive: names and bodies.
type Parts = Vec<(String, Vec<u8>)>;

/// Asks the server that the client's arguments name, and writes the archive of tables.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let server = Server::open(args)?;
    let mut parts = Parts::new();
    points::prepare(&server)?;
    bytes::write(&server, &mut parts)?;
    multibyte::write(&server, &mut parts)?;
    case::write(&server, &mut parts)?;
    points::write(&server, &mut parts)?;
    uca::write(&server, &mut parts)?;
    server.close()?;
    let path = sh::root().join("crates/vt-collation/tables/tables.bin");
    let archive = encode::archive(&parts);
    sh::say(&format!("{} parts, {} bytes: {}", parts.len(), archive.len(), path.display()));
    fs::write(&path, archive).map_err(|err| format!("{}: {err}", path.display()))
}
