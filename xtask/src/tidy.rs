//! Proves the house's order: floors, absences, sizes of files, their first lines, and that every
//! refusal is on its page.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{refusals, sh};

/// The floor of each crate; imports go down, or sideways where no circle comes of it.
const FLOORS: &[(&str, u8)] = &[
    ("vt-base", 0),
    ("vt-collation", 0),
    ("vt-value", 0),
    ("vt-sql", 0),
    ("vt-wire", 0),
    ("vt-binlog", 0),
    ("vt-eval", 1),
    ("vt-vschema", 1),
    ("vt-plan", 1),
    ("vt-planner", 1),
    ("vt-recovery", 1),
    ("vt-workflow", 1),
    ("vt-proto", 2),
    ("vt-service", 2),
    ("vt-tablet-api", 2),
    ("vt-topo", 2),
    ("vt-etcd-api", 2),
    ("vt-rpc", 2),
    ("vt-mysql", 3),
    ("vt-mysqld", 3),
    ("vt-exec", 3),
    ("vt-vstream", 3),
    ("vt-vreplication", 3),
    ("vt-vdiff", 3),
    ("vt-reparent", 3),
    ("vt-discovery", 3),
    ("vt-topo-etcd", 3),
    ("vt-topo-embedded", 3),
    ("vt-gate", 4),
    ("vt-tablet", 4),
    ("vt-control", 4),
    ("vt-orchestrator", 4),
    ("vt-cli", 5),
    ("vt-local", 5),
    ("vitrum", 6),
];

/// Tests and chores stand outside the floors.
const OUTSIDE: [&str; 3] = ["vt-testkit", "vt-e2e", "xtask"];

/// What crates of floors 0 and 1 may not know: runtimes, sockets, protobuf.
const NOT_PURE: [&str; 9] =
    ["tokio", "tokio-util", "tonic", "prost", "axum", "hyper", "socket2", "rustls", "redb"];

/// Who may not import whom, whatever the floors allow.
const ABSENT: &[(&str, &str)] = &[
    ("vt-exec", "vt-sql"),
    ("vt-exec", "vt-planner"),
    ("vt-eval", "vt-sql"),
    ("vt-plan", "vt-sql"),
    ("vt-topo", "vt-sql"),
    ("vt-cli", "vt-mysql"),
    ("vt-tablet", "vt-planner"),
    ("vt-tablet", "vt-exec"),
];

const LINES_MAX: usize = 800;

pub(crate) fn run() -> Result<(), String> {
    let mut faults = Vec::new();
    let mut imports = BTreeMap::new();
    for folder in crate_folders()? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let dependencies = dependencies(&folder)?;
        check_crate(&name, &dependencies, &mut faults);
        imports.insert(name, dependencies);
        for file in rust_files(&folder)? {
            check_file(&file, &mut faults)?;
        }
    }
    check_circles(&imports, &mut faults);
    refusals::check(&mut faults)?;
    if faults.is_empty() {
        sh::say(&format!("tidy: {} crates in order", imports.len()));
        return Ok(());
    }
    Err(format!("{} faults:\n{}", faults.len(), faults.join("\n")))
}

fn crate_folders() -> Result<Vec<PathBuf>, String> {
    let crates = sh::root().join("crates");
    let entries = fs::read_dir(&crates).map_err(|err| format!("{}: {err}", crates.display()))?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.join("Cargo.toml").is_file());
    folders.sort();
    Ok(folders)
}

/// Returns the names under `[dependencies]`; what only tests need is not the architecture.
fn dependencies(folder: &Path) -> Result<Vec<String>, String> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path).map_err(|err| format!("{}: {err}", path.display()))?;
    let mut names = Vec::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside && let Some((name, _)) = line.split_once(['.', '=', ' ']) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(one, _)| *one == name).map(|(_, floor)| *floor)
}

fn check_crate(name: &str, dependencies: &[String], faults: &mut Vec<String>) {
    if OUTSIDE.contains(&name) {
        return;
    }
    let Some(own) = floor(name) else {
        faults.push(format!("{name}: no floor; add it to xtask/src/tidy.rs and ARCHITECTURE.md"));
        return;
    };
    for dependency in dependencies {
        if let Some(other) = floor(dependency)
            && other > own
        {
            faults.push(format!("{name} (floor {own}) imports {dependency} (floor {other})"));
        }
        if own <= 1 && NOT_PURE.contains(&dependency.as_str()) {
            faults.push(format!("{name} is pure and imports {dependency}"));
        }
        if ABSENT.contains(&(name, dependency.as_str())) {
            faults.push(format!("{name} may not know {dependency}"));
        }
    }
}

fn check_circles(imports: &BTreeMap<String, Vec<String>>, faults: &mut Vec<String>) {
    for name in imports.keys() {
        let mut seen = vec![name.as_str()];
        let mut next = 0;
        while let Some(one) = seen.get(next).copied() {
            next += 1;
            for dependency in imports.get(one).into_iter().flatten() {
                if dependency == name {
                    faults.push(format!("{name} imports itself by way of {one}"));
                } else if imports.contains_key(dependency) && !seen.contains(&dependency.as_str()) {
                    seen.push(dependency);
                }
            }
        }
    }
}

/// Returns the sources of a crate, in order.
pub(crate) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).map_err(|err| format!("{}: {err}", folder.display()))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn check_file(path: &Path, faults: &mut Vec<String>) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|err| format!("{}: {err}", path.display()))?;
    let shown = path.strip_prefix(sh::root()).unwrap_or(path).display();
    // The file beside it says what a file of tests is about.
    let is_tests = path.file_name().is_some_and(|name| name == "tests.rs");
    if !is_tests && !text.starts_with("//!") {
        faults.push(format!("{shown}: the first line says what the file is (//! ...)"));
    }
    // A table of data is as long as it is; it says so in its first line.
    let is_table = text.lines().next().is_some_and(|line| line.contains("(table)"));
    let lines = text.lines().count();
    if lines > LINES_MAX && !is_table {
        faults.push(format!("{shown}: {lines} lines; split it by idea (at most {LINES_MAX})"));
    }
    for (number, line) in text.lines().enumerate() {
        if line.contains(concat!("todo", "!(")) || line.contains(concat!("unimple", "mented!(")) {
            faults.push(format!("{shown}:{}: unfinished code", number + 1));
        }
        if line.trim_start().starts_with(concat!("#[ign", "ore")) {
            faults.push(format!("{shown}:{}: an ignored test", number + 1));
        }
    }
    Ok(())
}
