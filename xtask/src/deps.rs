//! Brings what a machine lacks: a mysqld, and for the tests etcd, sysbench and a client.
//!
//! A mysqld that is there is used. Where the distribution has a package, that is installed. Debian
//! stable has none: there, packages of Debian's unstable suite and all libraries that they need are
//! unpacked into `.deps/`, to be run through their own loader, and nothing of the system changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sh;

/// Debian's release that has the newest MySQL.
const SUITE: &str = "sid";
const LOADER: &str = "usr/lib64/ld-linux-x86-64.so.2";

pub(crate) fn run(tests: bool) -> Result<(), String> {
    let folder = sh::root().join(".deps");
    match find_mysqld(&folder) {
        Some(found) => sh::say(&format!("mysqld: {}", found.display())),
        None => install_mysqld(&folder)?,
    }
    if tests {
        install_test_tools(&folder)?;
    }
    Ok(())
}

fn find_mysqld(folder: &Path) -> Option<PathBuf> {
    let given = std::env::var_os("VT_MYSQL_ROOT").map(PathBuf::from);
    let roots = given.into_iter().chain([folder.join("mysql/usr")]);
    roots
        .flat_map(|root| {
            ["bin/mysqld", "sbin/mysqld", "libexec/mysqld"].map(|file| root.join(file))
        })
        .find(|file| file.is_file())
        .or_else(|| sh::which("mysqld"))
}

fn install_mysqld(folder: &Path) -> Result<(), String> {
    for package in ["mysql-server-core", "mysql-server-core-8.4", "mysql-server-core-8.0"] {
        if has_candidate(package) {
            return install_package(package);
        }
    }
    sh::say("mysqld: this distribution has no package; unpacking Debian's into .deps/mysql");
    unpack(folder, "mysql", &["mysql-server-core", "mysql-client-core"], Libraries::Needed)?;
    let loader = folder.join("mysql").join(LOADER);
    let version = sh::output(bundled_mysqld(&folder.join("mysql"), &loader).arg("--version"))?;
    sh::say(&format!("mysqld: {}", version.trim()));
    Ok(())
}

fn bundled_mysqld(root: &Path, loader: &Path) -> Command {
    let mut command = Command::new(loader);
    command.arg("--library-path").arg(root.join("usr/lib/x86_64-linux-gnu"));
    command.arg(root.join("usr/sbin/mysqld")).arg("--no-defaults");
    command
}

/// Makes a command that runs the mysqld that is there, without a file of defaults.
pub(crate) fn mysqld_command() -> Result<Command, String> {
    let folder = sh::root().join(".deps");
    let program = find_mysqld(&folder).ok_or("no mysqld: run `cargo xtask deps`")?;
    let root = folder.join("mysql");
    if !program.starts_with(&root) {
        let mut command = Command::new(program);
        command.arg("--no-defaults");
        return Ok(command);
    }
    let mut command = bundled_mysqld(&root, &root.join(LOADER));
    let part = |option: &str, path: &str| format!("--{option}={}", root.join(path).display());
    command.args([
        part("basedir", "usr"),
        part("lc-messages-dir", "usr/share/mysql"),
        part("plugin-dir", "usr/lib/mysql/plugin"),
        part("character-sets-dir", "usr/share/mysql/charsets"),
    ]);
    Ok(command)
}

fn has_candidate(package: &str) -> bool {
    let policy = sh::output(Command::new("apt-cache").args(["policy", package]));
    policy.is_ok_and(|text| {
        text.lines()
            .filter_map(|line| line.trim().strip_prefix("Candidate:"))
            .any(|candidate| candidate.trim() != "(none)")
    })
}

pub(crate) fn install_package(package: &str) -> Result<(), String> {
    sh::say(&format!("installing the system's package {package}"));
    let (program, first): (&str, &[&str]) =
        if sh::is_root() { ("apt-get", &[]) } else { ("sudo", &["apt-get"]) };
    let args = first.iter().copied().chain(["install", "-y", "--no-install-recommends", package]);
    sh::run(sh::command(program, args).env("DEBIAN_FRONTEND", "noninteractive"))
        .map_err(|err| format!("{err}; install {package} by hand and run this again"))
}

/// Brings what only the benchmarks need.
pub(crate) fn bench() -> Result<(), String> {
    run(true)?;
    let router = ("mysql-router", "usr/bin/mysqlrouter", &["mysql-router"][..], Libraries::Needed);
    let dumper = ("mydumper", "usr/bin/mydumper", &["mydumper"][..], Libraries::Needed);
    install_tools(&sh::root().join(".deps"), &[router, dumper])
}

fn install_test_tools(folder: &Path) -> Result<(), String> {
    // etcd's programs are linked into one piece each.
    let tools = [
        ("etcd", "usr/bin/etcd", &["etcd-server", "etcd-client"][..], Libraries::BuiltIn),
        ("sysbench", "usr/bin/sysbench", &["sysbench"][..], Libraries::Needed),
        (
            "mysql",
            "usr/bin/mysql",
            &["mysql-server-core", "mysql-client-core"][..],
            Libraries::Needed,
        ),
    ];
    install_tools(folder, &tools)
}

/// A package to unpack: its folder, the program that shows that it is there, the names to fetch.
type Package<'a> = (&'a str, &'a str, &'a [&'a str], Libraries);

fn install_tools(folder: &Path, tools: &[Package<'_>]) -> Result<(), String> {
    for (name, program, packages, libraries) in tools.iter().copied() {
        let file = folder.join(name).join(program);
        if file.is_file() {
            sh::say(&format!("{name}: {}", file.display()));
            continue;
        }
        sh::say(&format!("{name}: unpacking Debian's package into .deps/{name}"));
        unpack(folder, name, packages, libraries)?;
    }
    Ok(())
}

/// Brings the test suites that the SQL front is measured on; returns their folder.
///
/// Unpacked, they are a few hundred MB; they are data under licences of their own, and stay out of
/// the repository.
pub(crate) fn corpora() -> Result<PathBuf, String> {
    let folder = sh::root().join(".deps");
    for (name, package) in
        [("mysql-tests", "mysql-testsuite"), ("mariadb-tests", "mariadb-test-data")]
    {
        if !folder.join(name).is_dir() {
            sh::say(&format!("{name}: unpacking Debian's {package} into .deps/{name}"));
            unpack(&folder, name, &[package], Libraries::BuiltIn)?;
        }
    }
    Ok(folder)
}

/// Whether a package's programs need the libraries of others.
#[derive(Clone, Copy, PartialEq)]
enum Libraries {
    BuiltIn,
    Needed,
}

/// Fetches packages, with all that they need, and unpacks them under `folder/name`.
fn unpack(
    folder: &Path,
    name: &str,
    packages: &[&str],
    libraries: Libraries,
) -> Result<(), String> {
    if sh::which("apt-get").is_none() || sh::which("dpkg-deb").is_none() {
        return Err("no apt here: install MySQL 8.0, 8.4 or 9 so that mysqld is on PATH, \
                    or set VT_MYSQL_ROOT to where it is"
            .to_owned());
    }
    let apt = folder.join("apt");
    let config = write_apt_config(&apt)?;
    sh::run(sh::command("apt-get", ["update", "-qq"]).env("APT_CONFIG", &config))?;
    let wanted = match libraries {
        Libraries::BuiltIn => packages.iter().map(|one| (*one).to_owned()).collect(),
        Libraries::Needed => closure(&config, packages)?,
    };
    let debs = folder.join(format!("{name}.debs"));
    make_folder(&debs)?;
    sh::run(
        sh::command("apt-get", ["download", "-qq"])
            .args(&wanted)
            .env("APT_CONFIG", &config)
            .current_dir(&debs),
    )?;
    // Unpacked beside and renamed, so that a run that was cut off leaves nothing half done.
    let (fresh, root) = (folder.join(format!("{name}.new")), folder.join(name));
    remove_folder(&fresh)?;
    make_folder(&fresh)?;
    for entry in fs::read_dir(&debs).map_err(|err| format!("{}: {err}", debs.display()))? {
        let file = entry.map_err(|err| err.to_string())?.path();
        sh::run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(&fresh))?;
    }
    remove_folder(&debs)?;
    remove_folder(&root)?;
    fs::rename(&fresh, &root).map_err(|err| format!("{}: {err}", root.display()))
}

/// Writes an apt configuration that has its own lists, cache and sources.
fn write_apt_config(apt: &Path) -> Result<PathBuf, String> {
    for part in ["lists/partial", "cache/archives/partial", "empty"] {
        make_folder(&apt.join(part))?;
    }
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    if !Path::new(keyring).is_file() {
        return Err(format!("{keyring} is missing: install the package debian-archive-keyring"));
    }
    let mirror = debian_mirror().ok_or("no Debian mirror in /etc/apt/sources.list*")?;
    let sources = apt.join("sources.list");
    write(&sources, &format!("deb [signed-by={keyring}] {mirror} {SUITE} main\n"))?;
    let empty = apt.join("empty");
    let text = format!(
        "Dir::Etc::sourcelist \"{}\";\nDir::Etc::sourceparts \"{}\";\nDir::Etc::preferencesparts \"{}\";\n\
         Dir::State::lists \"{}\";\nDir::State::status \"/dev/null\";\nDir::Cache \"{}\";\n\
         APT::Sandbox::User \"\";\nAcquire::Languages \"none\";\n",
        sources.display(),
        empty.display(),
        empty.display(),
        apt.join("lists").display(),
        apt.join("cache").display(),
    );
    let config = apt.join("apt.conf");
    write(&config, &text)?;
    Ok(config)
}

/// Returns the mirror that the system itself takes Debian from.
fn debian_mirror() -> Option<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(folder) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(folder.flatten().map(|entry| entry.path()));
    }
    files.sort();
    let text: String = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"))
        .flat_map(str::split_whitespace)
        .find(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
}

/// Returns the packages with everything that they depend on, leaving out what only scripts need.
fn closure(config: &Path, packages: &[&str]) -> Result<Vec<String>, String> {
    let text = sh::output(
        sh::command(
            "apt-cache",
            [
                "depends",
                "--recurse",
                "--no-recommends",
                "--no-suggests",
                "--no-conflicts",
                "--no-breaks",
                "--no-replaces",
                "--no-enhances",
            ],
        )
        .args(packages)
        .env("APT_CONFIG", config),
    )?;
    let scripts_only = ["perl", "libperl", "gdbm", "libgdbm", "libdb5", "debconf", "cdebconf"];
    let mut wanted: Vec<String> = text
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_alphanumeric()))
        .map(|line| line.trim().to_owned())
        .filter(|name| !scripts_only.iter().any(|one| name.starts_with(one)))
        .collect();
    wanted.sort();
    wanted.dedup();
    Ok(wanted)
}

fn make_folder(path: &Path) -> Result<(), String> {
    fs::create_dir_all(path).map_err(|err| format!("cannot make {}: {err}", path.display()))
}

fn remove_folder(path: &Path) -> Result<(), String> {
    if !path.exists() {
        return Ok(());
    }
    fs::remove_dir_all(path).map_err(|err| format!("cannot remove {}: {err}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|err| format!("cannot write {}: {err}", path.display()))
}
