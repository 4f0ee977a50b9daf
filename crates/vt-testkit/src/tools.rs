//! Programs that tests run: the system's, or those that `cargo xtask deps --tests` unpacked.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A program with the loader and libraries that it came with.
#[derive(Clone, Debug)]
pub struct Tool {
    program: PathBuf,
    bundle: Option<PathBuf>,
}

impl Tool {
    /// Finds a program of an unpacked package, `.deps/PACKAGE/usr/bin/NAME`, or on PATH.
    ///
    /// Fails with what to do where there is none: a test that needs it must not pass by silence.
    pub fn find(package: &str, name: &str) -> Result<Tool, String> {
        let bundle = repository().join(".deps").join(package);
        for folder in ["usr/bin", "usr/sbin"] {
            let unpacked = bundle.join(folder).join(name);
            if unpacked.is_file() {
                return Ok(Tool { program: unpacked, bundle: Some(bundle) });
            }
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
            .map(|program| Tool { program, bundle: None })
            .ok_or_else(|| format!("{name} is missing: run `cargo xtask deps --tests`"))
    }

    /// Makes the command that runs the program.
    pub fn command(&self) -> Command {
        let Some(bundle) = &self.bundle else { return Command::new(&self.program) };
        let loader = bundle.join("usr/lib64/ld-linux-x86-64.so.2");
        if !loader.is_file() {
            // Linked into one piece: it needs no libraries.
            return Command::new(&self.program);
        }
        let mut path = bundle.join("usr/lib/x86_64-linux-gnu").into_os_string();
        // Some packages keep libraries of their own in a folder of their name.
        if let Some(own) = bundle.file_name().map(|name| bundle.join("usr/lib").join(name)) {
            path.push(":");
            path.push(own);
        }
        let mut command = Command::new(loader);
        command.arg("--library-path").arg(path);
        command.arg(&self.program);
        command
    }

    /// Returns a folder of the package, `usr/share/sysbench`.
    pub fn folder(&self, name: &str) -> PathBuf {
        match &self.bundle {
            Some(bundle) => bundle.join(name),
            None => Path::new("/").join(name),
        }
    }
}

/// Returns the root of the repository.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Runs a command and returns what it printed; both outputs are in the error.
pub fn output_of(command: &mut Command) -> Result<String, String> {
    let output: Output =
        command.output().map_err(|err| format!("cannot run {command:?}: {err}"))?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(out);
    }
    let err = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?} ended with {}:\n{out}{err}", output.status))
}
