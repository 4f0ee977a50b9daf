//! The folder of an instance, and the configuration file that is written into it.

use std::fmt::Write;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use vt_base::Result;

use crate::error::{failed, on_path};

/// A Unix socket's path must fit `sockaddr_un` with its closing zero.
const SOCKET_PATH_MAX: usize = 107;

/// Where an instance lies, and what tells it from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The tablet's number; it names the folder.
    pub uid: u32,
    pub dir: PathBuf,
    pub mysql_port: u16,
}

/// What a user may say about the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CnfOptions {
    /// A template to use in place of our own (`--mysqlctl-mycnf-template`).
    pub template: Option<PathBuf>,
    /// Files whose text is added at the end, so that it wins (`EXTRA_MY_CNF`).
    pub extra: Vec<PathBuf>,
    /// The address to listen on; empty for the loopback.
    pub bind_address: String,
}

impl CnfOptions {
    /// Reads `EXTRA_MY_CNF`: paths with colons between them.
    pub fn from_environment(template: Option<PathBuf>) -> CnfOptions {
        let extra = std::env::var_os("EXTRA_MY_CNF").unwrap_or_default();
        let extra = std::env::split_paths(&extra).filter(|path| !path.as_os_str().is_empty());
        CnfOptions { template, extra: extra.collect(), bind_address: String::new() }
    }
}

impl Instance {
    /// Names the instance of a tablet under a data root (`VTDATAROOT`).
    pub fn new(data_root: &Path, uid: u32, mysql_port: u16) -> Instance {
        Instance { uid, dir: data_root.join(format!("vt_{uid:010}")), mysql_port }
    }

    /// Returns the instance whose socket this is; `None` where it lies elsewhere, or is another's.
    pub fn of_socket(socket: &Path) -> Option<Instance> {
        let dir = socket.parent()?;
        let uid = dir.file_name()?.to_str()?.strip_prefix("vt_")?.parse().ok()?;
        let instance = Instance { uid, dir: dir.to_owned(), mysql_port: 0 };
        (instance.socket() == socket && instance.cnf().is_file()).then_some(instance)
    }

    pub fn cnf(&self) -> PathBuf {
        self.dir.join("my.cnf")
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.join("mysql.sock")
    }

    pub fn pid_file(&self) -> PathBuf {
        self.dir.join("mysql.pid")
    }

    pub fn error_log(&self) -> PathBuf {
        self.dir.join("error.log")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Returns whether the instance has been initialised.
    pub fn exists(&self) -> bool {
        self.cnf().is_file() && self.data_dir().join("mysql.ibd").is_file()
    }

    /// Makes the folders; fails where the socket's path would be too long to use.
    pub(crate) fn make_folders(&self) -> Result<()> {
        let socket = self.socket();
        let length = socket.as_os_str().len();
        if length > SOCKET_PATH_MAX {
            return Err(failed(format!(
                "the path {} has {length} bytes, and a socket's may have {SOCKET_PATH_MAX}: \
                 use a shorter data folder",
                socket.display()
            )));
        }
        for part in ["data", "innodb/data", "innodb/logs", "bin-logs", "relay-logs", "tmp"] {
            let path = self.dir.join(part);
            std::fs::create_dir_all(&path).map_err(|err| on_path("make", &path, &err))?;
        }
        Ok(())
    }

    /// Writes the configuration file anew; the server's id stays if there was one.
    pub(crate) fn write_cnf(&self, options: &CnfOptions) -> Result<()> {
        let server_id = self.server_id().unwrap_or_else(|| rand::random_range(1..u32::MAX));
        let template = match &options.template {
            None => TEMPLATE.to_owned(),
            Some(path) => {
                std::fs::read_to_string(path).map_err(|err| on_path("read", path, &err))?
            }
        };
        let mut text = self.fill(&template, server_id, &options.bind_address)?;
        for path in &options.extra {
            let more = std::fs::read_to_string(path).map_err(|err| on_path("read", path, &err))?;
            let _ = writeln!(text, "\n# From {}\n{more}", path.display());
        }
        let path = self.cnf();
        write_durably(&path, &text).map_err(|err| on_path("write", &path, &err))
    }

    /// Returns the server's id from the configuration file that is there.
    fn server_id(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.cnf()).ok()?;
        text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            let name = name.trim().replace('-', "_");
            (name == "server_id").then(|| value.trim().parse().ok())?
        })
    }

    fn fill(&self, template: &str, server_id: u32, bind_address: &str) -> Result<String> {
        let dir = self.dir.display();
        let bind = if bind_address.is_empty() { "127.0.0.1" } else { bind_address };
        let values: [(&str, String); 19] = [
            ("ServerID", server_id.to_string()),
            ("MysqlPort", self.mysql_port.to_string()),
            ("BindAddress", bind.to_owned()),
            ("BufferPoolMB", buffer_pool_mb(memory_mb()).to_string()),
            ("DataDir", format!("{dir}/data")),
            ("InnodbDataHomeDir", format!("{dir}/innodb/data")),
            ("InnodbLogGroupHomeDir", format!("{dir}/innodb/logs")),
            ("SocketFile", format!("{dir}/mysql.sock")),
            ("PidFile", format!("{dir}/mysql.pid")),
            ("ErrorLogPath", format!("{dir}/error.log")),
            ("GeneralLogPath", format!("{dir}/general.log")),
            ("SlowLogPath", format!("{dir}/slow-query.log")),
            ("BinLogPath", format!("{dir}/bin-logs/vt-{:010}-bin", self.uid)),
            ("RelayLogPath", format!("{dir}/relay-logs/vt-{:010}-relay-bin", self.uid)),
            ("RelayLogIndexPath", format!("{dir}/relay-logs/vt-{:010}-relay-bin.index", self.uid)),
            ("RelayLogInfoPath", format!("{dir}/relay-logs/relay.info")),
            ("MasterInfoFile", format!("{dir}/master.info")),
            ("TmpDir", format!("{dir}/tmp")),
            ("SecureFilePriv", format!("{dir}/tmp")),
        ];
        let mut text = String::with_capacity(template.len() + 1024);
        let mut rest = template;
        while let Some(start) = rest.find("{{") {
            let (before, from) = rest.split_at(start);
            let end = from.find("}}").ok_or_else(|| failed("my.cnf template: {{ without }}"))?;
            let name = from[2..end].trim().trim_start_matches('.');
            let value = values
                .iter()
                .find(|(one, _)| *one == name)
                .ok_or_else(|| failed(format!("my.cnf template: unknown name {{{{.{name}}}}}")))?;
            text.push_str(before);
            text.push_str(&value.1);
            rest = &from[end + 2..];
        }
        text.push_str(rest);
        Ok(text)
    }
}

/// Returns the machine's memory; 4 GiB where it cannot be told.
fn memory_mb() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib =
        text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next());
    kib.and_then(|kib| kib.parse::<u64>().ok()).map_or(4096, |kib| kib / 1024)
}

/// Several servers share a machine as a rule, so that none takes more than an eighth.
fn buffer_pool_mb(memory_mb: u64) -> u64 {
    (memory_mb / 8).clamp(64, 8192) / 32 * 32
}

const TEMPLATE: &str = include_str!("my.cnf.template");

/// Writes a file that is there whole or as it was before, also after a loss of power: a server
/// that finds an empty configuration starts as another one, or not at all.
fn write_durably(path: &Path, text: &str) -> std::io::Result<()> {
    let fresh = path.with_extension("cnf.new");
    let mut file = File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests;
