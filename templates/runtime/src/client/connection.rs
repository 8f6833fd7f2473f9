//! The connection to the server: certificates, proxy, timeouts and the token's header become one HTTP client.

use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, ClientBuilder, Identity, Proxy};

use super::{ClientError, ClientOptions, credentials};
use crate::config::Connection;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

pub(super) fn open(options: &ClientOptions) -> Result<reqwest::Client, ClientError> {
    // Fails when a provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .default_headers(credentials::headers(&options.credentials).map_err(|_| ClientError::Token)?)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .timeout(options.timeout)
        .connect_timeout(options.timeout.min(Duration::from_secs(30)));
    connected(builder, &options.connection)?.build().map_err(ClientError::Setup)
}

fn connected(mut builder: ClientBuilder, said: &Connection) -> Result<ClientBuilder, ClientError> {
    if let Some(path) = &said.ca_file {
        let pem = read("gitlab.ca_file", path)?;
        let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
        if certificates.is_empty() {
            return Err(unusable("gitlab.ca_file", path, "a certificate in PEM"));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    if let Some((certificate, key)) = &said.client_certificate {
        let mut pem = read("gitlab.client_cert", certificate)?;
        pem.push(b'\n');
        pem.extend(read("gitlab.client_key", key)?);
        let needs = "a certificate with its key, both in PEM,";
        let identity =
            Identity::from_pem(&pem).map_err(|_| unusable("gitlab.client_cert", certificate, needs))?;
        builder = builder.identity(identity);
    }
    if let Some(proxy) = &said.proxy {
        // The source would repeat the address, which may hold a password.
        builder = builder.proxy(Proxy::all(proxy.expose()).map_err(|_| ClientError::Proxy)?);
    }
    Ok(builder.tls_danger_accept_invalid_certs(said.insecure))
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, ClientError> {
    std::fs::read(path).map_err(|source| ClientError::Read { key, path: path.to_owned(), source })
}

fn unusable(key: &'static str, path: &Path, needs: &'static str) -> ClientError {
    ClientError::Pem { key, path: path.to_owned(), needs }
}
