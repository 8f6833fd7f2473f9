//! Instances with a certificate authority of their own, with client certificates, and behind a proxy.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gitlab_pipeline::client::{
    Answer, Client, ClientError, ClientOptions, Fault, Request, RetryPolicy, TransportKind,
};
use gitlab_pipeline::config::{ApiRoot, Connection, Credentials, Secret};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

use crate::gitlab::{GitLab, Reply};

/// A certificate authority, and a folder with what a client needs of it.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Self { issuer, folder: TempDir::new().unwrap() };
        let client = KeyPair::generate().unwrap();
        let certificate = authority.sign(&client, "pipeline");
        authority.write("ca.pem", &authority.issuer.pem());
        authority.write("client.pem", &certificate.pem());
        authority.write("client.key", &client.serialize_pem());
        authority
    }

    fn sign(&self, key: &KeyPair, name: &str) -> rcgen::Certificate {
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(key, &self.issuer).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Answers every request with an empty list. Returns the address.
    async fn serve(&self, asks_for_certificate: bool) -> String {
        let provider = Arc::new(crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if asks_for_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = KeyPair::generate().unwrap();
        let certificate = self.sign(&key, "127.0.0.1").der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = builder.with_single_cert(vec![certificate], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(answer_all(listener, TlsAcceptor::from(Arc::new(config))));
        url
    }
}

async fn answer_all(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n[]";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        });
    }
}

fn client(url: &str, connection: Connection) -> Result<Client, ClientError> {
    let api = ApiRoot::parse(url).unwrap();
    let retry = RetryPolicy { retries: 0, ..RetryPolicy::default() };
    let timeout = Duration::from_secs(5);
    let credentials = Credentials::Private(Secret::new("t"));
    Client::new(ClientOptions { connection, retry, timeout, ..ClientOptions::new(api, credentials) })
}

async fn ask(url: &str, connection: Connection) -> Result<Answer, Fault> {
    let request = Request { path: "/version".to_owned(), query: Vec::new(), route: "/version" };
    client(url, connection).unwrap().get(&request).await
}

#[tokio::test]
async fn a_certificate_authority_of_ones_own_is_trusted_when_named() {
    let authority = Authority::new();
    let url = authority.serve(false).await;
    let fault = ask(&url, Connection::default()).await.unwrap_err();
    assert!(matches!(fault, Fault::Transport { kind: TransportKind::Connect, .. }), "{fault:?}");
    assert!(fault.to_string().contains("certificate"), "{fault}");
    let ca_file = Some(authority.path("ca.pem"));
    ask(&url, Connection { ca_file, ..Connection::default() }).await.unwrap();
    ask(&url, Connection { insecure: true, ..Connection::default() }).await.unwrap();
    let other = Authority::new();
    let ca_file = Some(other.path("ca.pem"));
    ask(&url, Connection { ca_file, ..Connection::default() }).await.unwrap_err();
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let authority = Authority::new();
    let url = authority.serve(true).await;
    let trusting = Connection { ca_file: Some(authority.path("ca.pem")), ..Connection::default() };
    ask(&url, trusting.clone()).await.unwrap_err();
    let client_certificate = Some((authority.path("client.pem"), authority.path("client.key")));
    ask(&url, Connection { client_certificate, ..trusting }).await.unwrap();
}

#[tokio::test]
async fn files_that_do_not_serve_are_named() {
    let authority = Authority::new();
    authority.write("text.pem", "no certificate");
    let refusal = |connection| client("https://host", connection).unwrap_err().to_string();
    let with = |name| Connection { ca_file: Some(authority.path(name)), ..Connection::default() };
    assert!(refusal(with("none.pem")).ends_with("none.pem` in `gitlab.ca_file` cannot be read"));
    assert!(refusal(with("text.pem")).ends_with("is not usable: a certificate in PEM is expected"));
    let client_certificate = Some((authority.path("client.pem"), authority.path("text.pem")));
    let shown = refusal(Connection { client_certificate, ..Connection::default() });
    assert!(shown.contains("client.pem` in `gitlab.client_cert` is not usable"), "{shown}");
    let proxy = Some(Secret::new("http://me:secret@ho st"));
    assert_eq!(
        refusal(Connection { proxy, ..Connection::default() }),
        "`gitlab.proxy` is not the address of a proxy"
    );
}

#[tokio::test]
async fn a_proxy_is_asked_and_its_password_is_not_shown() {
    let proxy = GitLab::start(|_, _| Reply::json("[]")).await;
    let address = proxy.url.replacen("http://", "http://me:secret@", 1);
    let connection = Connection { proxy: Some(Secret::new(address)), ..Connection::default() };
    let shown = format!("{:?}", client("http://gitlab.invalid", connection.clone()).unwrap());
    assert!(!shown.contains("secret"), "{shown}");
    ask("http://gitlab.invalid", connection).await.unwrap();
    let asked = &proxy.asked()[0];
    assert_eq!(asked.target, "http://gitlab.invalid/api/v4/version");
    assert_eq!(asked.headers["proxy-authorization"], "Basic bWU6c2VjcmV0");
}
