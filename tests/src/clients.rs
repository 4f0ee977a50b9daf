//! Real clients: drivers of Python and Node, each by a script of its own.

use std::path::PathBuf;
use std::process::Command;

use vt_testkit::LocalCluster;
use vt_testkit::tools::{output_of, repository};

use crate::Case;
use crate::check::{Outcome, contains};

pub(crate) fn cases() -> Vec<Case> {
    vec![("drivers, Django and SQLAlchemy of Python", python), ("mysql2 of node", node)]
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

fn python(cluster: &LocalCluster) -> Outcome {
    let venv = folder("python")?;
    let interpreter = venv.join("bin/python");
    if !interpreter.is_file() {
        output_of(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    let mut install = Command::new(&interpreter);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]);
    output_of(install.arg(script("requirements.txt")))?;
    let port = cluster.port(15306).to_string();
    let scripts = [
        "pymysql_test.py",
        "charsets_test.py",
        "connector_test.py",
        "django_test.py",
        "sqlalchemy_test.py",
    ];
    for name in scripts {
        contains(name, &output_of(Command::new(&interpreter).arg(script(name)).arg(&port))?, "ok")?;
    }
    Ok(())
}

fn node(cluster: &LocalCluster) -> Outcome {
    let modules = folder("node")?;
    for name in ["package.json", "mysql2_test.mjs"] {
        std::fs::copy(script(name), modules.join(name)).map_err(|err| format!("{name}: {err}"))?;
    }
    if !modules.join("node_modules/mysql2").is_dir() {
        let mut install = Command::new("npm");
        install.args(["install", "--silent", "--no-audit", "--no-fund"]).current_dir(&modules);
        output_of(&mut install)?;
    }
    let mut run = Command::new("node");
    run.arg(modules.join("mysql2_test.mjs")).arg(cluster.port(15306).to_string());
    contains("mysql2", &output_of(&mut run)?, "ok")
}
