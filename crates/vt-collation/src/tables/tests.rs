use super::*;

fn names() -> Vec<String> {
    let mut archive = Reader { rest: ARCHIVE };
    let mut names = Vec::new();
    for _ in 0..archive.number() {
        let len = archive.number() as usize;
        names.push(String::from_utf8(archive.bytes(len).to_vec()).unwrap());
        archive.number();
    }
    names
}

#[test]
fn every_map_is_read_to_its_end() {
    let maps = ["to:", "from:", "upper:", "lower:", "weight:", "like:"];
    let mut count = 0;
    for name in names() {
        if maps.iter().any(|start| name.starts_with(start)) {
            let mut reader = Reader::open(&name).unwrap();
            Runs::read(&mut reader);
            assert!(reader.is_empty(), "{name}");
            count += 1;
        }
    }
    assert!(count > 200, "{count} maps");
}

#[test]
fn a_part_that_is_missing_or_cut_off_reads_as_empty() {
    assert!(Reader::open("weight:klingon").is_none());
    let mut reader = Reader { rest: &[3, 0x80] };
    let runs = Runs::read(&mut reader);
    assert_eq!(runs.get(5), None);
    assert!(reader.is_empty());
}
