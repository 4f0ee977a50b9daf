//! The configuration file: names filled in, extra files last, the server's id kept.

use super::*;

fn instance(root: &Path) -> Instance {
    let instance = Instance::new(root, 100, 17100);
    instance.make_folders().unwrap();
    instance
}

#[test]
fn every_name_is_filled_and_the_folder_is_the_tablets() {
    let root = tempfile::tempdir().unwrap();
    let instance = instance(root.path());
    instance.write_cnf(&CnfOptions::default()).unwrap();
    let text = std::fs::read_to_string(instance.cnf()).unwrap();
    assert!(!text.contains("{{"), "{text}");
    assert!(text.contains("port = 17100\n"));
    assert!(text.contains("bind_address = 127.0.0.1\n"));
    assert!(instance.dir.ends_with("vt_0000000100"));
    assert!(instance.dir.join("bin-logs").is_dir());
}

#[test]
fn a_second_writing_keeps_the_server_id_and_adds_extra_files() {
    let root = tempfile::tempdir().unwrap();
    let instance = instance(root.path());
    instance.write_cnf(&CnfOptions::default()).unwrap();
    let first = instance.server_id().unwrap();
    let extra = root.path().join("more.cnf");
    std::fs::write(&extra, "max_connections = 7\n").unwrap();
    let options = CnfOptions { extra: vec![extra], ..CnfOptions::default() };
    instance.write_cnf(&options).unwrap();
    assert_eq!(instance.server_id(), Some(first));
    let text = std::fs::read_to_string(instance.cnf()).unwrap();
    assert!(text.rfind("max_connections = 7") > text.find("max_connections = 1000"));
}

#[test]
fn a_template_of_the_users_is_taken() {
    let root = tempfile::tempdir().unwrap();
    let instance = instance(root.path());
    let template = root.path().join("t.cnf");
    std::fs::write(&template, "[mysqld]\ndatadir={{.DataDir}}\nserver-id={{ .ServerID }}\n")
        .unwrap();
    let options = CnfOptions { template: Some(template.clone()), ..CnfOptions::default() };
    instance.write_cnf(&options).unwrap();
    assert!(instance.server_id().is_some());
    std::fs::write(&template, "x={{.Nonsense}}").unwrap();
    let err = instance.write_cnf(&options).unwrap_err();
    assert!(err.message().contains("{{.Nonsense}}"), "{err}");
}

#[test]
fn an_instance_is_known_by_its_socket() {
    let root = tempfile::tempdir().unwrap();
    let instance = instance(root.path());
    assert_eq!(Instance::of_socket(&instance.socket()), None, "it is not made yet");
    instance.write_cnf(&CnfOptions::default()).unwrap();
    let found = Instance::of_socket(&instance.socket()).unwrap();
    assert_eq!((found.uid, found.dir), (100, instance.dir));
    assert_eq!(Instance::of_socket(Path::new("/tmp/mysql.sock")), None);
}

#[test]
fn a_path_too_long_for_a_socket_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let deep = root.path().join("x".repeat(120));
    let err = Instance::new(&deep, 100, 1).make_folders().unwrap_err();
    assert!(err.message().contains("shorter data folder"), "{err}");
}

#[test]
fn memory_is_shared_out() {
    assert_eq!(buffer_pool_mb(100), 64);
    assert_eq!(buffer_pool_mb(24_000), 2976);
    assert_eq!(buffer_pool_mb(1_000_000), 8192);
}
