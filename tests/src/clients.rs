//! Real clients: drivers of Python and Node, each by a script of its own, and mysqldump; ORMs and
//! sqlx of Rust on four shards.

use std::path::PathBuf;
use std::process::Command;

use vt_testkit::LocalCluster;
use vt_testkit::tools::{Tool, output_of, repository};

use crate::Case;
use crate::check::{Outcome, contains, equal};
use crate::four;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        ("drivers of Python", python),
        ("a consumer of changes whose classes are generated from our .proto", consumer),
        ("mysql2 of Node", node),
        ("Django, SQLAlchemy, Sequelize and sqlx on four shards", orms),
        ("mysqldump writes a sharded table, and its file is read back", dump),
    ]
}

/// Makes a folder for what drivers need, beside the other fetched things.
fn folder(name: &str) -> Result<PathBuf, String> {
    let folder = repository().join(".deps").join(name);
    std::fs::create_dir_all(&folder).map_err(|err| format!("{}: {err}", folder.display()))?;
    Ok(folder)
}

fn script(name: &str) -> PathBuf {
    repository().join("tests/clients").join(name)
}

/// Returns the interpreter that has the drivers, which are fetched where they are missing.
fn interpreter() -> Result<PathBuf, String> {
    let venv = folder("python")?;
    let interpreter = venv.join("bin/python");
    if !interpreter.is_file() {
        output_of(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    let mut install = Command::new(&interpreter);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    output_of(install.arg(script("requirements.txt")))?;
    Ok(interpreter)
}

fn consumer(cluster: &LocalCluster) -> Outcome {
    let mut command = Command::new(interpreter()?);
    command.arg(script("vstream_test.py"));
    let ports = [15991, 15306].map(|usual| cluster.port(usual).to_string());
    contains("consumer", &output_of(command.args(ports))?, "ok")
}

fn python(cluster: &LocalCluster) -> Outcome {
    let scripts = ["pymysql_test.py", "charsets_test.py", "connector_test.py"];
    run_python(&scripts, cluster.port(15306))
}

fn run_python(scripts: &[&str], port: u16) -> Outcome {
    let interpreter = interpreter()?;
    for name in scripts {
        let mut command = Command::new(&interpreter);
        contains(name, &output_of(command.arg(script(name)).arg(port.to_string()))?, "ok")?;
    }
    Ok(())
}

fn node(cluster: &LocalCluster) -> Outcome {
    run_node(&["mysql2_test.mjs"], cluster.port(15306))
}

/// Runs what applications bring: their tables, migrations and models, on four shards.
fn orms(_: &LocalCluster) -> Outcome {
    let cluster = four::start()?;
    let port = cluster.gate_port();
    run_python(&["django_test.py", "sqlalchemy_test.py"], port)
        .and_then(|()| run_node(&["sequelize_test.mjs"], port))
        .and_then(|()| sqlx(port))
        .map_err(|err| format!("{err}\n{}", cluster.logs()))
}

fn run_node(scripts: &[&str], port: u16) -> Outcome {
    let modules = folder("node")?;
    for name in scripts.iter().chain(&["package.json"]) {
        std::fs::copy(script(name), modules.join(name)).map_err(|err| format!("{name}: {err}"))?;
    }
    if !modules.join("node_modules/sequelize").is_dir() {
        let mut install = Command::new("npm");
        install.args(["install", "--silent", "--no-audit", "--no-fund"]).current_dir(&modules);
        output_of(&mut install)?;
    }
    for name in scripts {
        let mut command = Command::new("node");
        contains(name, &output_of(command.arg(modules.join(name)).arg(port.to_string()))?, "ok")?;
    }
    Ok(())
}

/// Builds the client of sqlx, a workspace of its own, with the cargo that builds all else.
fn sqlx(port: u16) -> Outcome {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "--locked", "--manifest-path"]);
    command.arg(script("sqlx/Cargo.toml")).arg("--target-dir").arg(folder("sqlx")?);
    contains("sqlx", &output_of(command.arg("--").arg(port.to_string()))?, "ok")
}

/// Dumps a table, takes it away, and reads the file back: each row is again on its shard.
fn dump(cluster: &LocalCluster) -> Outcome {
    cluster.mysql("customer", "alter vschema on dumped add vindex `xxhash`(id) using xxhash")?;
    cluster.mysql(
        "customer",
        "create table dumped (id bigint primary key, name varchar(20), body blob, at datetime(3),
         price decimal(8,2), double_id bigint as (id * 2) stored, key (name))",
    )?;
    let rows: Vec<String> = (1..=200)
        .map(|id| {
            format!("({id}, 'n\\\\{id}''ö', x'00ff27{id:02x}', '2024-02-29 01:02:03.456', {id}.5)")
        })
        .collect();
    let insert =
        format!("insert into dumped (id, name, body, at, price) values {}", rows.join(","));
    cluster.mysql("customer", &insert)?;
    let sum = "select count(*), sum(crc32(concat_ws('|', id, name, hex(body), at, price, double_id))) from dumped";
    let counts = || -> Result<Vec<String>, String> {
        ["customer", "customer:-80", "customer:80-"]
            .into_iter()
            .map(|target| cluster.mysql(target, sum))
            .collect()
    };
    let before = counts()?;
    let mut command = Tool::find("mysql", "mysqldump")?.command();
    let port = cluster.port(15306).to_string();
    command.args(["--no-defaults", "-h", "127.0.0.1", "-P", &port, "-u", "user"]);
    command.args(["--single-transaction", "--hex-blob", "--set-gtid-purged=OFF"]);
    let file = output_of(command.args(["customer", "dumped"]))?;
    cluster.mysql("customer", "drop table dumped")?;
    let path = cluster.folder().join("dumped.sql");
    std::fs::write(&path, file).map_err(|err| err.to_string())?;
    let input = std::fs::File::open(&path).map_err(|err| err.to_string())?;
    let mut client = Tool::find("mysql", "mysql")?.command();
    client.args(["--no-defaults", "-h", "127.0.0.1", "-P", &port, "-u", "user", "customer"]);
    output_of(client.stdin(input))?;
    equal("after reading back", counts()?, before)?;
    cluster.mysql("customer", "drop table dumped").map(drop)
}
