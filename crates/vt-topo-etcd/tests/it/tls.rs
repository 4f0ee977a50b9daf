//! An etcd that speaks TLS and asks its clients for certificates.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use vt_proto::topodata::Keyspace;
use vt_topo_etcd::{TopoFlags, open};

use crate::etcd::{Etcd, EtcdTls};

/// A certificate authority and what it has signed, as files.
struct Certificates {
    folder: tempfile::TempDir,
}

impl Certificates {
    fn make() -> Certificates {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let certificates = Certificates { folder };
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).expect("a certificate");
        certificates.save("ca.pem", &authority.pem());
        let issuer = Issuer::new(params, key);
        for name in ["server", "client"] {
            let key = KeyPair::generate().expect("a key");
            let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
            let params = CertificateParams::new(names).expect("parameters");
            let signed = params.signed_by(&key, &issuer).expect("a certificate");
            certificates.save(&format!("{name}.pem"), &signed.pem());
            certificates.save(&format!("{name}.key"), &key.serialize_pem());
        }
        certificates
    }

    fn save(&self, name: &str, pem: &str) {
        std::fs::write(self.path(name), pem).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn flags(address: &str, certificates: &Certificates) -> TopoFlags {
    TopoFlags {
        global_server_address: address.to_owned(),
        global_root: "/vitess/global".to_owned(),
        tls_ca: Some(certificates.path("ca.pem")),
        tls_cert: Some(certificates.path("client.pem")),
        tls_key: Some(certificates.path("client.key")),
        operation_timeout: Duration::from_secs(3),
        ..TopoFlags::default()
    }
}

async fn reaches(flags: &TopoFlags) -> Result<(), String> {
    let topo = open(flags).await.map_err(|err| err.to_string())?;
    topo.get_keyspaces().await.map(drop).map_err(|err| err.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_shown_and_checked() {
    let certificates = Certificates::make();
    let tls = EtcdTls {
        ca: certificates.path("ca.pem"),
        certificate: certificates.path("server.pem"),
        key: certificates.path("server.key"),
    };
    let etcd = Etcd::start_tls(&tls).await;
    let good = flags(&etcd.address(), &certificates);
    let topo = open(&good).await.expect("flags that open");
    let mut round = 0;
    while let Err(err) = topo.get_keyspaces().await {
        round += 1;
        assert!(round < 10, "etcd does not answer: {err}");
    }
    topo.create_keyspace("ks", &Keyspace::default()).await.expect("a write");
    topo.lock_keyspace("ks", "test").await.expect("a lock").unlock().await.expect("an unlock");

    let stranger = TopoFlags { tls_cert: None, tls_key: None, ..good.clone() };
    reaches(&stranger).await.expect_err("etcd asks for a certificate");
    let others = Certificates::make();
    let deceived = TopoFlags { tls_ca: Some(others.path("ca.pem")), ..good.clone() };
    reaches(&deceived).await.expect_err("the server's certificate is of an unknown authority");
    let half = TopoFlags { tls_key: None, ..good.clone() };
    let err = reaches(&half).await.expect_err("a certificate without its key");
    assert!(err.contains("--topo-etcd-tls-key go together"), "{err}");
    let missing = TopoFlags { tls_ca: Some(Path::new("/none.pem").to_owned()), ..good };
    let err = reaches(&missing).await.expect_err("a file that does not exist");
    assert!(err.contains("cannot read /none.pem"), "{err}");
}
