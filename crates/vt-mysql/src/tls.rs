//! TLS configurations of both sides, with one provider of cryptography.

use std::path::Path;
use std::sync::Arc;

use vt_base::{Error, Result};

/// Makes a server's configuration of a certificate chain and its key, both PEM.
///
/// With `client_ca`, clients must show a certificate that it signed.
pub fn server_config(
    _cert: &Path,
    _key: &Path,
    _client_ca: Option<&Path>,
) -> Result<Arc<rustls::ServerConfig>> {
    Err(Error::unsupported("TLS"))
}

/// How a client judges a server's certificate.
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
    _verify: Verify<'_>,
    _identity: Option<(&Path, &Path)>,
) -> Result<Arc<rustls::ClientConfig>> {
    Err(Error::unsupported("TLS"))
}
