//! The statements of the golden files, for tests that hold for all of them.

use std::{fs, path::Path};

/// Returns the statements of `golden/*.txt`.
pub(crate) fn statements() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut statements = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of goldens") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a golden file");
        for case in text.split("\n\n") {
            let lines: Vec<&str> = case.lines().filter(|line| !line.starts_with("=>")).collect();
            if !lines.is_empty() {
                statements.push(lines.join("\n"));
            }
        }
    }
    statements
}
