//! The links between the programs of a cluster, which can be cut and delayed.
//!
//! Each tablet, its mysqld and the topology are reached at an address of their own (`vitrum up
//! --proxied`). A proxy listens there and passes bytes on, or holds them back as long as a rule says
//! so: neither end hears that anything is wrong, as with a cable that is pulled. Who has opened a
//! connection is read out of `/proc`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use vt_testkit::LocalCluster;

/// What a link ends at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A tablet and its mysqld.
    Node(u32),
    Topology,
    Gateway,
    /// Another program, or one that has ended already.
    Other,
}

/// Which links of a part a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum With {
    Everybody,
    EverybodyBut(Part),
    Nodes,
    One(Part),
}

impl With {
    fn holds(self, other: Part) -> bool {
        match self {
            With::Everybody => true,
            With::EverybodyBut(one) => other != one,
            With::Nodes => matches!(other, Part::Node(_)),
            With::One(one) => other == one,
        }
    }
}

/// What happens on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Cut,
    Delay(Duration),
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    part: Part,
    with: With,
    effect: Effect,
}

impl Rule {
    fn holds(&self, from: Part, to: Part) -> bool {
        // A node's own tablet and mysqld have no cable between them.
        from != to
            && (from == self.part && self.with.holds(to)
                || to == self.part && self.with.holds(from))
    }
}

type Rules = watch::Sender<Vec<Rule>>;

/// The proxies of a cluster, at work until this is dropped.
pub(crate) struct Links {
    rules: Arc<Rules>,
    _runtime: tokio::runtime::Runtime,
}

impl Links {
    /// Makes the proxies of tablets and topology.
    pub(crate) fn make(cluster: &LocalCluster, uids: &[u32]) -> Result<Links, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|err| err.to_string())?;
        let rules: Arc<Rules> = Arc::new(watch::Sender::new(Vec::new()));
        let mut places = BTreeMap::new();
        places.insert((Ipv4Addr::new(127, 1, 0, 1), cluster.topo_port()), Part::Topology);
        for uid in uids {
            let last = |number: u32| u8::try_from(number).map_err(|err| err.to_string());
            let host = Ipv4Addr::new(127, 1, last(1 + uid / 100 % 200)?, last(uid % 100)?);
            let usual = u16::try_from(15_000 + uid).map_err(|err| err.to_string())?;
            // Pages, gRPC, MySQL and the gateways' own transport.
            for port in [0, 1000, 2000, 3000].map(|kind| usual + kind) {
                places.insert((host, cluster.port(port)), Part::Node(*uid));
            }
        }
        let folder = cluster.folder().to_path_buf();
        for ((host, port), part) in places {
            let bound = runtime.block_on(TcpListener::bind((host, port)));
            let listener = bound.map_err(|err| format!("a proxy at {host}:{port}: {err}"))?;
            runtime.spawn(pass(listener, port, part, rules.clone(), folder.clone()));
        }
        Ok(Links { rules, _runtime: runtime })
    }

    /// Makes something happen on links from now on.
    pub(crate) fn disturb(&self, part: Part, with: With, effect: Effect) {
        self.rules.send_modify(|rules| rules.push(Rule { part, with, effect }));
    }

    /// Makes all links whole again; what was held back arrives.
    pub(crate) fn heal(&self) {
        self.rules.send_modify(Vec::clear);
    }
}

async fn pass(listener: TcpListener, port: u16, to: Part, rules: Arc<Rules>, folder: PathBuf) {
    loop {
        let Ok((client, peer)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (rules, folder) = (rules.clone(), folder.clone());
        tokio::spawn(async move {
            let asked = tokio::task::spawn_blocking(move || opener(peer, &folder)).await;
            let from = asked.unwrap_or(Part::Other);
            let open = |rules: &Rules| rules.subscribe();
            // A connection that is opened over a cut link is opened when that is whole.
            wait_open(&mut open(&rules), from, to).await;
            // Where nobody listens, the client sees its connection end.
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
            // Small packets are not to wait for one another here either.
            drop((client.set_nodelay(true), server.set_nodelay(true)));
            let (client_in, client_out) = client.into_split();
            let (server_in, server_out) = server.into_split();
            tokio::join!(
                pump(client_in, server_out, open(&rules), (from, to)),
                pump(server_in, client_out, open(&rules), (from, to)),
            );
        });
    }
}

/// Waits until the link is not cut; returns how long what is passed on is to be held back.
async fn wait_open(rules: &mut watch::Receiver<Vec<Rule>>, from: Part, to: Part) -> Duration {
    loop {
        let mut delay = Duration::ZERO;
        let mut cut = false;
        for rule in rules.borrow_and_update().iter().filter(|rule| rule.holds(from, to)) {
            match rule.effect {
                Effect::Cut => cut = true,
                Effect::Delay(time) => delay = delay.max(time),
            }
        }
        if !cut || rules.changed().await.is_err() {
            return delay;
        }
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut rules: watch::Receiver<Vec<Rule>>,
    (source, target): (Part, Part),
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        let delay = wait_open(&mut rules, source, target).await;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if read == 0 {
            break;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    // The other side may have ended before; then there is nothing to end.
    drop(to.shutdown().await);
}

/// Returns which part of the cluster has opened a connection.
fn opener(peer: SocketAddr, folder: &Path) -> Part {
    let SocketAddr::V4(peer) = peer else { return Part::Other };
    let Some(inode) = inode_of(peer) else { return Part::Other };
    let wanted = format!("socket:[{inode}]");
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in processes.map(|one| one.path()) {
        let Ok(command) = std::fs::read(process.join("cmdline")) else { continue };
        let Some(part) = part_of(&String::from_utf8_lossy(&command), &process, folder) else {
            continue;
        };
        let files = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        let mut links = files.filter_map(|file| std::fs::read_link(file.path()).ok());
        if links.any(|link| link.as_os_str() == wanted.as_str()) {
            return part;
        }
    }
    Part::Other
}

/// Returns which part of this cluster a process is.
fn part_of(command: &str, process: &Path, folder: &Path) -> Option<Part> {
    let folder = folder.to_string_lossy();
    if let Some(at) = command.find(&format!("{folder}/vt_")) {
        let rest = &command[at + folder.len() + "/vt_".len()..];
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        return digits.parse().ok().map(Part::Node);
    }
    let environment = std::fs::read(process.join("environ")).unwrap_or_default();
    let ours = String::from_utf8_lossy(&environment).contains(&format!("VTDATAROOT={folder}"));
    ours.then(|| match command.split('\0').nth(1) {
        Some("vtgate") => Part::Gateway,
        _ => Part::Other,
    })
}

/// Returns the kernel's number of the socket that has an address of this machine.
fn inode_of(address: SocketAddrV4) -> Option<String> {
    let host = u32::from_ne_bytes(address.ip().octets());
    let wanted = format!("{host:08X}:{:04X}", address.port());
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.nth(1)? == wanted).then(|| words.nth(7).map(str::to_owned))?
    })
}
