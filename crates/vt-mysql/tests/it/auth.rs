//! Logins by every plugin, over every kind of socket, by our client and by an independent one.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use vt_mysql::socket::Peer;
use vt_mysql::tls::{Verify, client_config, server_config};
use vt_mysql::{
    Account, Address, AuthServer, AuthenticatedUser, Conn, ConnectParams, Credential, StaticAuth,
    TlsMode,
};
use vt_wire::auth::{Plugin, native, sha2};

use crate::fake::Fake;

/// Accounts of every kind, all with the password of [`PASSWORD`].
struct Everyone {
    default: Plugin,
}

const PASSWORD: &str = "pass wörd";
const LOGINS: [&str; 6] = ["password", "native", "doubled", "crypted", "external", "empty"];

#[async_trait]
impl AuthServer for Everyone {
    fn default_plugin(&self) -> Plugin {
        self.default
    }

    fn accounts(&self, login: &str, _peer: &Peer) -> Vec<Account> {
        let password = PASSWORD.as_bytes();
        let credential = match login {
            "password" => Credential::password(password),
            "native" => Credential::Native(native::stored(password)),
            "doubled" => Credential::Doubled(sha2::doubled(password)),
            "crypted" => {
                Credential::Crypted(sha2::Crypted::new(password, *b"abcdefghijklmnopqrst"))
            }
            "external" => Credential::External,
            "empty" => Credential::password(b""),
            _ => return Vec::new(),
        };
        vec![Account { credential, user: AuthenticatedUser::named(login) }]
    }

    async fn check_password(&self, account: &Account, password: &[u8]) -> bool {
        account.user.login == "external" && password == PASSWORD.as_bytes()
    }
}

/// A certificate authority and what it signed, as files.
struct Certificates {
    ca: PathBuf,
    other_ca: PathBuf,
    cert: PathBuf,
    key: PathBuf,
    _folder: tempfile::TempDir,
}

fn certificates() -> Certificates {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let authority = || {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let cert = params.self_signed(&key).unwrap();
        (cert.pem(), rcgen::Issuer::new(params, key))
    };
    let (ca, issuer) = authority();
    let (other_ca, _) = authority();
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["gate.example".to_owned()]).unwrap();
    let cert = params.signed_by(&key, &issuer).unwrap();
    Certificates {
        ca: file("ca.pem", ca),
        other_ca: file("other.pem", other_ca),
        cert: file("cert.pem", cert.pem()),
        key: file("key.pem", key.serialize_pem()),
        _folder: folder,
    }
}

async fn start(default: Plugin) -> (Fake, Certificates) {
    let files = certificates();
    let tls = server_config(&files.cert, &files.key, None).unwrap();
    let auth = Arc::new(Everyone { default });
    (Fake::start_with(auth, |config| config.tls = Some(tls)).await, files)
}

/// Parameters for a Unix socket, TCP, and TCP under TLS.
fn all_ways(fake: &Fake, login: &str, password: &str) -> [ConnectParams; 3] {
    let tcp = fake.params(login, password);
    let mut unix = tcp.clone();
    unix.address = Address::unix(&fake.socket);
    let mut tls = tcp.clone();
    tls.tls = TlsMode::Required(client_config(Verify::Nothing, None).unwrap());
    [unix, tcp, tls]
}

async fn log_in(params: ConnectParams) -> vt_base::Result<String> {
    let mut conn = Conn::connect(params).await?;
    let result = conn.query("whoami", 1).await?;
    let login = result.rows.get(0).column(0).unwrap().to_vec();
    Ok(String::from_utf8(login).unwrap())
}

#[tokio::test]
async fn everyone_logs_in_with_the_right_password_only() {
    for default in Plugin::ALL {
        let (fake, _files) = start(default).await;
        for login in LOGINS {
            let right = if login == "empty" { "" } else { PASSWORD };
            for params in all_ways(&fake, login, right) {
                let way = format!("{login} by {params:?}, greeted with {default:?}");
                let outcome = log_in(params.clone()).await;
                let is_plain = matches!(params.address, Address::Tcp { .. })
                    && matches!(params.tls, TlsMode::Disabled);
                if login == "external" && is_plain {
                    let error = outcome.unwrap_err();
                    assert_eq!(error.errno(), 2059, "no password in clear: {way}");
                } else {
                    assert_eq!(outcome.unwrap(), login, "{way}");
                    // Once more: digests are at hand now.
                    assert_eq!(log_in(params).await.unwrap(), login, "{way}");
                }
            }
            for params in all_ways(&fake, login, "wrong") {
                if login == "external" && matches!(params.address, Address::Tcp { .. }) {
                    continue;
                }
                let error = log_in(params).await.unwrap_err();
                assert_eq!((error.errno(), &error.sql_state()), (1045, b"28000"), "{login}");
            }
        }
        fake.finish().await;
    }
}

#[tokio::test]
async fn the_words_of_a_refusal_are_those_of_mysql() {
    let (fake, _files) = start(Plugin::CachingSha2).await;
    let error = log_in(fake.params("nobody", "x")).await.unwrap_err();
    let told = "Access denied for user 'nobody'@'127.0.0.1' (using password: YES)";
    assert_eq!(error.message(), told);
    let error = log_in(fake.params("password", "")).await.unwrap_err();
    let told = "Access denied for user 'password'@'127.0.0.1' (using password: NO)";
    assert_eq!(error.message(), told);
    let [unix, ..] = all_ways(&fake, "nobody", "");
    let told = "Access denied for user 'nobody'@'localhost' (using password: NO)";
    assert_eq!(log_in(unix).await.unwrap_err().message(), told);
}

#[tokio::test]
async fn an_independent_client_logs_in_too() {
    let (fake, _files) = start(Plugin::CachingSha2).await;
    for login in ["password", "native", "doubled", "crypted"] {
        for password in [PASSWORD, "wrong"] {
            let opts = crate::results::peer(&fake).user(Some(login)).pass(Some(password));
            let outcome = mysql_async::Conn::new(opts).await;
            if password == PASSWORD {
                let mut conn = outcome.unwrap();
                let row: Option<(String, String)> = conn.query_first("echo a b").await.unwrap();
                assert_eq!(row, Some(("a".to_owned(), "b".to_owned())), "{login}");
                conn.disconnect().await.unwrap();
            } else {
                let error = outcome.unwrap_err().to_string();
                assert!(error.contains("1045"), "{login}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn a_client_judges_the_certificate_as_told() {
    let (fake, files) = start(Plugin::CachingSha2).await;
    let connect = async |verify: Verify<'_>, name: Option<&str>| {
        let mut params = fake.params("empty", "");
        params.tls = TlsMode::Required(client_config(verify, None).unwrap());
        params.tls_name = name.map(str::to_owned);
        let mut conn = Conn::connect(params).await?;
        assert!(conn.is_tls());
        conn.query("rows 10 100000", 10).await
    };
    connect(Verify::Nothing, None).await.unwrap();
    connect(Verify::Ca(&files.ca), None).await.unwrap();
    connect(Verify::Identity(&files.ca), Some("gate.example")).await.unwrap();
    for (verify, name) in [
        (Verify::Identity(&files.ca), None),
        (Verify::Identity(&files.ca), Some("other.example")),
        (Verify::Ca(&files.other_ca), None),
        (Verify::Identity(&files.other_ca), Some("gate.example")),
    ] {
        let error = connect(verify, name).await.unwrap_err();
        assert_eq!(error.errno(), 2026, "{verify:?} {name:?}: {error}");
    }
    assert!(server_config(&files.key, &files.key, None).is_err());
    assert!(server_config(&files.cert, &PathBuf::from("/nowhere"), None).is_err());
}

#[tokio::test]
async fn a_server_may_ask_for_certificates_and_for_tls() {
    let files = certificates();
    let tls = server_config(&files.cert, &files.key, Some(&files.ca)).unwrap();
    let auth = Arc::new(StaticAuth::from_json(r#"{"empty": [{}]}"#).unwrap());
    let fake = Fake::start_with(auth, |config| {
        config.tls = Some(tls);
        config.require_secure_transport = true;
    })
    .await;
    let [unix, tcp, mut tls] = all_ways(&fake, "empty", "");
    assert_eq!(log_in(tcp).await.unwrap_err().errno(), 3159);
    log_in(unix).await.unwrap();
    log_in(tls.clone()).await.unwrap_err();
    let identity = Some((&*files.cert, &*files.key));
    tls.tls = TlsMode::Required(client_config(Verify::Nothing, identity).unwrap());
    log_in(tls).await.unwrap();
}

#[tokio::test]
async fn tls_that_is_not_offered_is_missed_or_not() {
    let auth = Arc::new(StaticAuth::from_json(r#"{"empty": [{}]}"#).unwrap());
    let fake = Fake::start(auth).await;
    let mut params = fake.params("empty", "");
    let config = client_config(Verify::Nothing, None).unwrap();
    params.tls = TlsMode::Required(Arc::clone(&config));
    assert_eq!(log_in(params.clone()).await.unwrap_err().errno(), 2026);
    params.tls = TlsMode::Preferred(config);
    log_in(params).await.unwrap();
}
