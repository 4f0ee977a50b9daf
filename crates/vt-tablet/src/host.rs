//! What the machine tells: load, and the room on the disk of mysqld's data.

/// Returns how full the file system of a folder is, from 0 to 1.
pub fn used_ratio(folder: &str) -> Result<f64, String> {
    let stat = rustix::fs::statvfs(folder).map_err(|err| err.to_string())?;
    let (all, free) = (stat.f_blocks as f64, stat.f_bfree as f64);
    Ok(if all > 0.0 { 1.0 - free / all } else { 0.0 })
}

/// Returns the load of the last minute for each core.
pub fn load_average() -> Result<f64, String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let line = std::fs::read_to_string("/proc/loadavg").map_err(|err| err.to_string())?;
    let first = line.split_whitespace().next().unwrap_or_default();
    first.parse::<f64>().map(|load| load / cores as f64).map_err(|err| err.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_measured() {
        assert!((0.0..=1.0).contains(&used_ratio("/").unwrap()));
        assert!(used_ratio("/no/such/folder").is_err());
        assert!(load_average().unwrap() >= 0.0);
    }
}
