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

/// A stage of the work: asks for parts; the word may say which.
type Stage = (&'static str, fn(&Server, &str, &mut Parts) -> Result<(), String>);

/// In this order.
const STAGES: [Stage; 5] = [
    ("bytes", |server, _, parts| bytes::write(server, parts)),
    ("multibyte", |server, _, parts| multibyte::write(server, parts)),
    ("case", |server, _, parts| case::write(server, parts)),
    ("points", |server, _, parts| points::write(server, parts)),
    ("uca", uca::write),
];

/// Asks the server that the client's arguments name, and writes the archive of tables.
///
/// After `--stage NAME` only the parts of that stage are asked anew, after `--stage uca --only
/// WORD` those of Unicode's algorithm whose name begins so.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let path = sh::root().join("crates/vt-collation/tables/tables.bin");
    let fault = |err: std::io::Error| format!("{}: {err}", path.display());
    let (only, args) = match args {
        [option, name, args @ ..] if option == "--stage" => (Some(name.as_str()), args),
        _ => (None, args),
    };
    let (word, args) = match args {
        [option, word, args @ ..] if option == "--only" => (word.as_str(), args),
        _ => ("", args),
    };
    if let Some(name) = only
        && !STAGES.iter().any(|stage| stage.0 == name)
    {
        return Err(format!("no stage {name}; there are {:?}", STAGES.map(|stage| stage.0)));
    }
    let mut parts = match only {
        Some(_) => encode::parts(&fs::read(&path).map_err(fault)?)?,
        None => Parts::new(),
    };
    let server = Server::open(args)?;
    points::prepare(&server)?;
    for (name, write) in STAGES {
        if only.is_none_or(|only| only == name) {
            let mut new = Parts::new();
            write(&server, word, &mut new)?;
            parts.retain(|(name, _)| new.iter().all(|(other, _)| other != name));
            parts.append(&mut new);
        }
    }
    server.close()?;
    parts.sort();
    let archive = encode::archive(&parts);
    sh::say(&format!("{} parts, {} bytes: {}", parts.len(), archive.len(), path.display()));
    fs::write(&path, archive).map_err(fault)
}
