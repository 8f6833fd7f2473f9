//! The connection to the server: certificates, proxy, timeouts and the token's header become one HTTP client.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{ClientBuilder, Identity, Proxy};
use rustls::crypto::CryptoProvider;

use super::{ClientError, ClientOptions, credentials, trust};
use crate::config::Connection;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

pub(super) const IDENTITY: &str = "a certificate with its key, both in PEM,";

pub(super) fn open(options: &ClientOptions) -> Result<reqwest::Client, ClientError> {
    let provider = provider();
    let builder = builder(options.timeout)
        .default_headers(credentials::headers(&options.credentials).map_err(|_| ClientError::Token)?);
    let builder = proxied(secured(builder, &provider, &options.connection)?, &options.connection)?;
    builder.build().map_err(ClientError::Setup)
}

/// To whom nothing is shown that is GitLab's, and of whom nothing is taken that the system does not trust.
pub(super) fn open_to_others(timeout: Duration) -> Result<reqwest::Client, ClientError> {
    let _ = provider();
    builder(timeout).build().map_err(ClientError::Setup)
}

fn provider() -> Arc<CryptoProvider> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // Fails when one is installed already, which serves as well.
    let _ = CryptoProvider::clone(&provider).install_default();
    provider
}

fn builder(timeout: Duration) -> ClientBuilder {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(30)))
}

/// Which certificates are taken, and which one is shown.
fn secured(
    builder: ClientBuilder,
    provider: &Arc<CryptoProvider>,
    said: &Connection,
) -> Result<ClientBuilder, ClientError> {
    if let Some(path) = said.ca_file.as_ref().filter(|_| !said.insecure) {
        return Ok(builder.tls_backend_preconfigured(trust::config(provider, path, said)?));
    }
    let builder = builder.tls_danger_accept_invalid_certs(said.insecure);
    let Some((certificate, key)) = &said.client_certificate else { return Ok(builder) };
    let mut pem = read("gitlab.client_cert", certificate)?;
    pem.push(b'\n');
    pem.extend(read("gitlab.client_key", key)?);
    let identity =
        Identity::from_pem(&pem).map_err(|_| unusable("gitlab.client_cert", certificate, IDENTITY))?;
    Ok(builder.identity(identity))
}

fn proxied(builder: ClientBuilder, said: &Connection) -> Result<ClientBuilder, ClientError> {
    let Some(proxy) = &said.proxy else { return Ok(builder) };
    // The source would repeat the address, which may hold a password.
    Ok(builder.proxy(Proxy::all(proxy.expose()).map_err(|_| ClientError::Proxy)?))
}

pub(super) fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, ClientError> {
    std::fs::read(path).map_err(|source| ClientError::Read { key, path: path.to_owned(), source })
}

pub(super) fn unusable(key: &'static str, path: &Path, needs: &'static str) -> ClientError {
    ClientError::Pem { key, path: path.to_owned(), needs }
}
