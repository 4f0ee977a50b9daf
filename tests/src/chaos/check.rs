//! Whether what was acknowledged is there, once, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use vt_testkit::LocalCluster;

use super::Options;
use super::clients::{ACCOUNTS, BALANCE, BRANCHES, Seen};

/// How many rows are read at once.
const PAGE: usize = 5000;

/// What the cluster has at the end.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) entries: BTreeMap<u64, BTreeSet<u64>>,
    counters: BTreeMap<u64, u64>,
    /// How many accounts each branch has, and what they hold together.
    branches: BTreeMap<u64, (u64, i64)>,
}

/// Reads everything, from the primaries.
pub(super) fn read(cluster: &LocalCluster, options: &Options) -> Result<Kept, String> {
    let mut kept = Kept::default();
    for client in 0..options.clients {
        kept.entries.insert(client, entries(cluster, client)?.into_iter().collect());
        let sql = format!("select n from counter where client = {client}");
        let n = cluster.mysql("bank", &sql)?;
        let n = n.trim().parse().map_err(|_| format!("counter {client} is {n:?}"))?;
        kept.counters.insert(client, n);
    }
    for branch in 0..BRANCHES {
        let sql = format!("select balance from account where branch = {branch}");
        let rows = cluster.mysql("bank", &sql)?;
        let balances: Vec<i64> = rows.lines().filter_map(|row| row.parse().ok()).collect();
        kept.branches.insert(branch, (balances.len() as u64, balances.iter().sum()));
    }
    Ok(kept)
}

/// Returns what a client's entries are, page by page: tablets give no more than 10,000 rows at once.
fn entries(cluster: &LocalCluster, client: u64) -> Result<Vec<u64>, String> {
    let mut all = Vec::new();
    loop {
        let place = all.len();
        let sql = format!(
            "select step from entry where client = {client} order by step limit {place}, {PAGE}"
        );
        let rows = cluster.mysql("bank", &sql)?;
        let page = rows.lines().map(|row| row.parse().map_err(|_| format!("a step is {row:?}")));
        all.extend(page.collect::<Result<Vec<u64>, String>>()?);
        if all.len() < place + PAGE {
            return Ok(all);
        }
    }
}

/// Returns every promise that was broken.
pub(super) fn judge(seen: &[Seen], kept: &Kept) -> Vec<String> {
    let mut faults = Vec::new();
    let none = BTreeSet::new();
    for one in seen {
        let client = one.client;
        let entries = kept.entries.get(&client).unwrap_or(&none);
        let lost: Vec<&u64> = one.appended.iter().filter(|step| !entries.contains(step)).collect();
        if !lost.is_empty() {
            faults.push(format!("acknowledged entries of client {client} are lost: {lost:?}"));
        }
        let told: BTreeSet<u64> = one.appended.iter().chain(&one.unknown).copied().collect();
        let odd: Vec<&u64> = entries.difference(&told).collect();
        if !odd.is_empty() {
            faults.push(format!("entries that client {client} never wrote: {odd:?}"));
        }
        let (least, most) = (one.counted, one.counted + one.perhaps_counted);
        let n = kept.counters.get(&client).copied().unwrap_or_default();
        if !(least..=most).contains(&n) {
            faults.push(format!("counter {client} is {n}, and should be {least} to {most}"));
        }
        faults.extend(
            one.stale.iter().map(|text| format!("a session did not see its write: {text}")),
        );
        faults.extend(one.unanswered.iter().map(|sql| format!("no answer to: {sql}")));
    }
    for (branch, (accounts, sum)) in &kept.branches {
        let wanted = BALANCE * ACCOUNTS as i64;
        if (*accounts, *sum) != (ACCOUNTS, wanted) {
            faults.push(format!(
                "branch {branch} has {accounts} accounts with {sum}, and should have {ACCOUNTS} with {wanted}"
            ));
        }
    }
    faults
}
