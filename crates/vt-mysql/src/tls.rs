//! TLS configurations of both sides, with one provider of cryptography.

mod verify;

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use vt_base::{Code, Error, Result};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Makes a server's configuration of a certificate chain and its key, both PEM.
///
/// With `client_ca`, clients must show a certificate that it signed.
pub fn server_config(
    cert: &Path,
    key: &Path,
    client_ca: Option<&Path>,
) -> Result<Arc<ServerConfig>> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("TLS", error))?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(load_roots(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
                .build()
                .map_err(|error| bad(path.display(), error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let config = builder
        .with_single_cert(load_certs(cert)?, load_key(key)?)
        .map_err(|error| bad(cert.display(), error))?;
    Ok(Arc::new(config))
}

/// How a client judges a server's certificate.
#[derive(Clone, Copy, Debug)]
pub enum Verify<'a> {
    /// Not at all: safe from listeners, not from impostors.
    Nothing,
    /// It is signed by a CA of the file; the name is not looked at.
    Ca(&'a Path),
    /// It is signed by a CA of the file, for the name that was connected to.
    Identity(&'a Path),
}

/// Makes a client's configuration; `identity` is the client's own certificate and key.
pub fn client_config(
    verify: Verify<'_>,
    identity: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("TLS", error))?;
    let builder = match verify {
        Verify::Identity(path) => builder.with_root_certificates(load_roots(path)?),
        Verify::Nothing => {
            builder.dangerous().with_custom_certificate_verifier(verify::anything(provider()))
        }
        Verify::Ca(path) => {
            let verifier = verify::signed_by(load_roots(path)?, provider())
                .map_err(|error| bad(path.display(), error))?;
            builder.dangerous().with_custom_certificate_verifier(verifier)
        }
    };
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some((cert, key)) => builder
            .with_client_auth_cert(load_certs(cert)?, load_key(key)?)
            .map_err(|error| bad(cert.display(), error))?,
    };
    Ok(Arc::new(config))
}

fn load_certs(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let certs: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| bad(path.display(), error))?;
    if certs.is_empty() {
        return Err(bad(path.display(), "no certificate in the file"));
    }
    Ok(certs)
}

fn load_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| bad(path.display(), error))
}

fn load_roots(path: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for cert in load_certs(path)? {
        roots.add(cert).map_err(|error| bad(path.display(), error))?;
    }
    Ok(roots)
}

fn bad(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Error {
    Error::new(Code::InvalidArgument, format!("cannot set up TLS with {what}: {error}"))
}
