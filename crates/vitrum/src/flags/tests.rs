//! Flags are taken in all the spellings that scripts use, and nonsense is refused by name.

use super::*;

const TABLE: &str = "cell\tstring\t\nport\tint\t15001\nmysql-server-version\tstring\t\"8.4.6-Vitess\"\n\
enable-buffer\tbool\t\ntablet-types-to-wait\tstrings\t\nbuffer-window\tduration\t10s\n";

fn parse(args: &[&str]) -> Result<Flags> {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    Flags::parse("vtgate", TABLE, &args)
}

#[test]
fn every_spelling_is_taken() {
    let flags = parse(&[
        "-cell=zone1",
        "--mysql_server_version",
        "9.0.0",
        "-enable_buffer",
        "--buffer-window=1m30s",
        "--tablet_types_to_wait",
        "PRIMARY,REPLICA",
        "--tablet-types-to-wait=RDONLY",
        "rest",
    ])
    .unwrap();
    assert_eq!(flags.string("cell"), "zone1");
    assert_eq!(flags.string("mysql-server-version"), "9.0.0");
    assert!(flags.bool("enable-buffer"));
    assert_eq!(flags.duration("buffer-window"), Duration::from_secs(90));
    assert_eq!(flags.list("tablet-types-to-wait"), ["PRIMARY", "REPLICA", "RDONLY"]);
    assert_eq!(flags.number::<u16>("port"), 15001);
    assert_eq!(flags.args, ["rest"]);
}

#[test]
fn a_bool_takes_no_word_after_it() {
    let flags = parse(&["--enable-buffer", "start"]).unwrap();
    assert_eq!(flags.args, ["start"]);
    assert!(!parse(&["--enable-buffer=false"]).unwrap().bool("enable-buffer"));
}

#[test]
fn unknown_flags_and_wrong_values_are_refused_by_name() {
    let err = parse(&["--enable-bufer"]).unwrap_err();
    assert!(err.message().contains("did you mean --enable-buffer?"), "{err}");
    assert!(parse(&["--cell"]).unwrap_err().message().contains("--cell"));
    let err = parse(&["--port", "many"]).unwrap_err();
    assert_eq!(err.message(), "invalid argument \"many\" for --port: not a int");
    assert!(parse(&["--buffer-window", "soon"]).is_err());
}

#[test]
fn what_no_one_read_is_known() {
    let flags = parse(&["--cell", "a", "--port", "1"]).unwrap();
    let _ = flags.string("cell");
    assert_eq!(flags.unread(), ["port"]);
}

#[test]
fn a_file_fills_in_what_the_command_line_leaves_out() {
    let dir = std::env::temp_dir().join(format!("vitrum-flags-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("gate.toml");
    std::fs::write(&file, "cell = \"zone2\"\nport = 7\ntablet_types_to_wait = [\"PRIMARY\"]\n")
        .unwrap();
    let flags = parse(&["--port=8", "--config-file", &file.display().to_string()]).unwrap();
    assert_eq!(flags.string("cell"), "zone2");
    assert_eq!(flags.number::<u16>("port"), 8);
    assert_eq!(flags.list("tablet-types-to-wait"), ["PRIMARY"]);
    std::fs::write(&file, "nonsense = 1\n").unwrap();
    assert!(parse(&["--config-file", &file.display().to_string()]).is_err());
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn durations_are_gos() {
    for (text, ms) in
        [("1h0m0s", 3_600_000), ("100ms", 100), ("1.5s", 1500), ("0", 0), ("2m", 120_000)]
    {
        assert_eq!(parse_duration(text), Some(Duration::from_millis(ms)), "{text}");
    }
    for text in ["", "5", "-1s", "1x", "s"] {
        assert_eq!(parse_duration(text), None, "{text}");
    }
}
