//! The name that was probably meant.

/// How far a name may be from what was typed, in letters changed, added, left out or swapped.
const DISTANCE_MAX: usize = 3;
/// What is longer than any name is not compared.
const LENGTH_MAX: usize = 64;

/// Returns the name that is nearest to what was typed, if one is near.
pub(crate) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if typed.len() > LENGTH_MAX {
        return None;
    }
    let lower = typed.to_lowercase();
    names
        .map(|name| (distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= DISTANCE_MAX.min(name.len() / 2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Returns how many letters must be changed, added, left out or swapped with the next.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut best =
                (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_found_and_the_far_is_not() {
        let names = ["GetTablets", "GetTablet", "GetShard", "CreateKeyspace"];
        let find = |typed: &str| nearest(typed, names.iter().copied());
        assert_eq!(find("GetTabelts"), Some("GetTablets"));
        assert_eq!(find("gettablet"), Some("GetTablet"));
        assert_eq!(find("CreatKeyspace"), Some("CreateKeyspace"));
        assert_eq!(find("xyz"), None);
        assert_eq!(find(&"x".repeat(100_000)), None);
    }
}
