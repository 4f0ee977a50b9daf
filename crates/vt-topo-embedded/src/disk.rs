//! The database file: loaded once, then written with every commit.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use prost::Message;
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};
use vt_etcd_api::mvccpb::KeyValue;

use crate::error::ServeError;
use crate::state::{Changes, FIRST_REVISION, State};

/// Key to the item as its protobuf message.
const ITEMS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("items");
/// Lease to its granted seconds.
const LEASES: TableDefinition<i64, i64> = TableDefinition::new("leases");
const META: TableDefinition<&str, u64> = TableDefinition::new("meta");

const META_FORMAT: &str = "format";
const META_REVISION: &str = "revision";
const META_CLUSTER: &str = "cluster_id";
const META_MEMBER: &str = "member_id";

/// The layout of the tables; a file of another is refused.
const FORMAT: u64 = 1;

/// How much of the file the library may keep in memory; the state is there anyway.
const CACHE_BYTES: usize = 8 << 20;

/// The numbers by which clients tell clusters and members apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) cluster: u64,
    pub(crate) member: u64,
}

/// Opens the database; the seam at which tests put a disk that fails.
pub(crate) type OpenDatabase = Box<dyn Fn(&Path) -> Result<Database, DatabaseError> + Send>;

/// The open file. A write error closes it; the next commit opens it again.
pub(crate) struct Disk {
    path: PathBuf,
    open: OpenDatabase,
    database: Option<Database>,
}

impl Disk {
    /// Opens the file, made where there is none, and reads all of it.
    pub(crate) fn open(path: &Path) -> Result<(Disk, State, Ids), ServeError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|err| io_error(path, &err))?;
        }
        let open = |path: &Path| Database::builder().set_cache_size(CACHE_BYTES).create(path);
        Disk::open_with(path, Box::new(open))
    }

    pub(crate) fn open_with(
        path: &Path,
        open: OpenDatabase,
    ) -> Result<(Disk, State, Ids), ServeError> {
        let mut disk = Disk { path: path.to_owned(), open, database: None };
        let (state, ids) = disk.load()?;
        Ok((disk, state, ids))
    }

    fn load(&mut self) -> Result<(State, Ids), ServeError> {
        let path = self.path.as_path();
        let database = (self.open)(path).map_err(|err| match err {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
                ServeError::InUse(path.to_owned())
            }
            err => redb_error(path, err.into()),
        })?;
        let ids = prepare(&database).map_err(|err| redb_error(path, err))?;
        let state = load(&database).map_err(|err| redb_error(path, err))?;
        self.database = Some(database);
        Ok((state, ids))
    }

    /// Writes changes so that they survive a crash of the machine.
    ///
    /// After a failure the file is closed: what it holds is not known until [`Disk::reopen`].
    pub(crate) fn commit(&mut self, changes: &Changes) -> Result<(), ServeError> {
        let Some(database) = &self.database else {
            return Err(ServeError::Failed("the data file is closed".to_owned()));
        };
        write(database, changes).map_err(|err| {
            self.database = None;
            redb_error(&self.path, err)
        })
    }

    /// Opens the file again after a failure, and returns what it holds.
    pub(crate) fn reopen(&mut self) -> Result<State, ServeError> {
        self.database = None;
        Ok(self.load()?.0)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.database.is_some()
    }
}

/// Makes the tables of a new file and checks those of an old one.
fn prepare(database: &Database) -> Result<Ids, redb::Error> {
    let write = database.begin_write()?;
    let ids = {
        write.open_table(ITEMS)?;
        write.open_table(LEASES)?;
        let mut meta = write.open_table(META)?;
        let format = meta.get(META_FORMAT)?.map(|found| found.value());
        match format {
            Some(FORMAT) => {}
            None => {
                meta.insert(META_FORMAT, FORMAT)?;
                // Ids are drawn once; zero would mean "not known" to clients.
                meta.insert(META_CLUSTER, rand::random::<u64>() | 1)?;
                meta.insert(META_MEMBER, rand::random::<u64>() | 1)?;
            }
            Some(other) => {
                return Err(redb::Error::Corrupted(format!(
                    "it has the layout {other}, this program knows {FORMAT}"
                )));
            }
        }
        let read = |name: &str| -> Result<u64, redb::Error> {
            let found = meta.get(name)?.map(|found| found.value());
            found.ok_or_else(|| redb::Error::Corrupted(format!("it has no {name}")))
        };
        Ids { cluster: read(META_CLUSTER)?, member: read(META_MEMBER)? }
    };
    write.commit()?;
    Ok(ids)
}

fn load(database: &Database) -> Result<State, redb::Error> {
    let read = database.begin_read()?;
    let mut items = Vec::new();
    for entry in read.open_table(ITEMS)?.iter()? {
        let (key, value) = entry?;
        match KeyValue::decode(value.value()) {
            Ok(item) => items.push(item),
            Err(err) => {
                let key = String::from_utf8_lossy(key.value()).into_owned();
                return Err(redb::Error::Corrupted(format!("cannot read {key}: {err}")));
            }
        }
    }
    let mut leases = BTreeMap::new();
    for entry in read.open_table(LEASES)?.iter()? {
        let (id, seconds) = entry?;
        leases.insert(id.value(), seconds.value());
    }
    let revision = read.open_table(META)?.get(META_REVISION)?.map(|found| found.value());
    let revision = revision.and_then(|found| i64::try_from(found).ok()).unwrap_or(FIRST_REVISION);
    Ok(State::new(items, leases, revision))
}

fn write(database: &Database, changes: &Changes) -> Result<(), redb::Error> {
    let write = database.begin_write()?;
    {
        let mut items = write.open_table(ITEMS)?;
        for (key, item) in &changes.items {
            match item {
                Some(item) => drop(items.insert(key.as_ref(), item.encode_to_vec().as_slice())?),
                None => drop(items.remove(key.as_ref())?),
            }
        }
        let mut leases = write.open_table(LEASES)?;
        for (id, seconds) in &changes.leases {
            match seconds {
                Some(seconds) => drop(leases.insert(id, seconds)?),
                None => drop(leases.remove(id)?),
            }
        }
        let mut meta = write.open_table(META)?;
        meta.insert(META_REVISION, u64::try_from(changes.revision).unwrap_or(0))?;
    }
    write.commit()?;
    Ok(())
}

fn redb_error(path: &Path, err: redb::Error) -> ServeError {
    match err {
        redb::Error::Io(err) => io_error(path, &err),
        redb::Error::DatabaseAlreadyOpen => ServeError::InUse(path.to_owned()),
        err => ServeError::Data { path: path.to_owned(), detail: err.to_string() },
    }
}

fn io_error(path: &Path, err: &std::io::Error) -> ServeError {
    match err.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ServeError::DiskFull(path.to_owned()),
        _ => ServeError::Data { path: path.to_owned(), detail: err.to_string() },
    }
}
