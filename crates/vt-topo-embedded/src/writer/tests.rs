use std::io::{Error, ErrorKind};
use std::path::Path;

use parking_lot::Mutex;
use redb::{Database, StorageBackend};
use tonic::Code;

use super::*;
use crate::disk::Ids;
use crate::engine::Engine;
use crate::range::eval_range;
use vt_etcd_api::etcdserverpb::RangeRequest;

/// A disk in memory that can be full, and that loses at a crash what was not synced.
#[derive(Clone, Debug, Default)]
struct TestDisk(Arc<Mutex<Platters>>);

#[derive(Debug, Default)]
struct Platters {
    live: Vec<u8>,
    synced: Vec<u8>,
    full: bool,
}

impl TestDisk {
    fn set_full(&self, full: bool) {
        self.0.lock().full = full;
    }

    /// Returns the disk as it is found after the machine has lost its power now.
    fn after_crash(&self) -> TestDisk {
        let synced = self.0.lock().synced.clone();
        TestDisk(Arc::new(Mutex::new(Platters { live: synced.clone(), synced, full: false })))
    }

    fn open(&self) -> (Disk, State, Ids) {
        let disk = self.clone();
        let open = move |_: &Path| Database::builder().create_with_backend(disk.clone());
        Disk::open_with(Path::new("test.db"), Box::new(open)).unwrap()
    }
}

fn full() -> Error {
    Error::from(ErrorKind::StorageFull)
}

impl StorageBackend for TestDisk {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.0.lock().live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let offset = offset as usize;
        let platters = self.0.lock();
        let found = platters.live.get(offset..offset + out.len());
        out.copy_from_slice(found.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        let mut platters = self.0.lock();
        if platters.full && len > platters.live.len() as u64 {
            return Err(full());
        }
        platters.live.resize(len as usize, 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), Error> {
        let mut platters = self.0.lock();
        platters.synced = platters.live.clone();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        let mut platters = self.0.lock();
        if platters.full {
            return Err(full());
        }
        let offset = offset as usize;
        platters.live[offset..offset + data.len()].copy_from_slice(data);
        Ok(())
    }
}

/// An engine with its writer on a thread.
struct Running {
    engine: Engine,
    writer: std::thread::JoinHandle<()>,
}

impl Running {
    fn on(disk: &TestDisk) -> Running {
        let (disk, state, ids) = disk.open();
        let (engine, writer) = Engine::on(disk, state, ids);
        Running { engine, writer: std::thread::spawn(move || writer.run()) }
    }

    async fn stop(self) {
        self.engine.stop_writer().await;
        self.writer.join().unwrap();
    }

    async fn put(&self, key: &str, value: &str) -> Result<i64, Status> {
        let key = bytes::Bytes::copy_from_slice(key.as_bytes());
        let value = bytes::Bytes::copy_from_slice(value.as_bytes());
        let put = PutRequest { key, value, ..PutRequest::default() };
        match self.engine.write(Command::Put(put)).await? {
            Written::Put(response) => Ok(response.header.unwrap().revision),
            other => panic!("a put gave {other:?}"),
        }
    }

    /// Prints everything that is stored.
    fn all(&self) -> Vec<String> {
        let all = RangeRequest { key: "\0".into(), range_end: "\0".into(), ..Default::default() };
        let response = self.engine.read(|state| eval_range(state, &all)).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        response
            .kvs
            .iter()
            .map(|kv| format!("{}={}@{}", text(&kv.key), text(&kv.value), kv.mod_revision))
            .collect()
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_recovers() {
    let disk = TestDisk::default();
    let running = Running::on(&disk);
    running.put("a", "1").await.unwrap();
    let mut revisions = running.engine.shared.revision.subscribe();
    revisions.borrow_and_update();

    disk.set_full(true);
    for _ in 0..3 {
        let err = running.put("a", "2").await.unwrap_err();
        assert_eq!(err.code(), Code::ResourceExhausted, "{err}");
        assert_eq!(running.all(), ["a=1@2"]);
    }
    assert!(!revisions.has_changed().unwrap(), "nobody hears of what was not written");
    assert!(running.engine.shared.fault.read().as_ref().unwrap().contains("no space left"));

    disk.set_full(false);
    assert_eq!(running.put("a", "3").await.unwrap(), 3);
    assert_eq!(running.all(), ["a=3@3"]);
    assert!(running.engine.shared.fault.read().is_none());
    running.stop().await;
    let again = Running::on(&disk);
    assert_eq!(again.all(), ["a=3@3"]);
    again.stop().await;
}

#[tokio::test]
async fn what_was_answered_survives_a_crash_at_any_moment() {
    let disk = TestDisk::default();
    let running = Running::on(&disk);
    let grant = Command::Grant { id: 7, seconds: 60 };
    running.engine.write(grant).await.unwrap();
    for round in 0..40 {
        // Several at once share a commit.
        let keys = [format!("k{}", round % 7), format!("k{}", round % 5), "k".to_owned()];
        let value = round.to_string();
        let writes = keys.iter().map(|key| running.put(key, &value));
        for written in futures::future::join_all(writes).await {
            written.unwrap();
        }
        let expected = running.all();
        let found = Running::on(&disk.after_crash());
        assert_eq!(found.all(), expected);
        assert_eq!(found.engine.revision(), running.engine.revision());
        assert_eq!(found.engine.ids, running.engine.ids);
        assert_eq!(found.engine.shared.clocks.renew(7), Some(60));
        found.stop().await;
    }
    running.stop().await;
}

#[tokio::test]
async fn concurrent_writers_get_revisions_of_their_own() {
    let running = Running::on(&TestDisk::default());
    let writes = (0..500).map(|index| {
        let running = &running;
        async move { running.put(&format!("k{}", index % 50), "x").await.unwrap() }
    });
    let mut revisions = futures::future::join_all(writes).await;
    revisions.sort_unstable();
    assert_eq!(revisions, (2..502).collect::<Vec<i64>>());
    assert_eq!(running.all().len(), 50);
    running.stop().await;
}
