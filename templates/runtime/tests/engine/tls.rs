//! Instances with a certificate authority of their own, with client certificates, and behind a proxy.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gitlab_pipeline::client::{
    Answer, Client, ClientError, ClientOptions, Fault, Request, RetryPolicy, TransportKind,
};
use gitlab_pipeline::config::{ApiRoot, Connection, Credentials, GITLAB_API, Secret};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
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
        serve(builder, certificate, &key).await
    }
}

type Builder =
    tokio_rustls::rustls::ConfigBuilder<ServerConfig, tokio_rustls::rustls::server::WantsServerCert>;

fn builder() -> Builder {
    let provider = Arc::new(crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    builder.unwrap().with_no_client_auth()
}

async fn serve(builder: Builder, certificate: CertificateDer<'static>, key: &KeyPair) -> String {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = builder.with_single_cert(vec![certificate], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(answer_all(listener, TlsAcceptor::from(Arc::new(config))));
    url
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
    let api = ApiRoot::parse(url, GITLAB_API).unwrap();
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

/// What `openssl req -x509` makes: signed by itself, and marked as an authority or not.
fn self_signed(name: &str, is_authority: bool, is_over: bool) -> (rcgen::Certificate, KeyPair) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if is_authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if is_over {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 2);
    }
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap(), key)
}

#[tokio::test]
async fn a_certificate_that_signed_itself_is_taken_when_it_is_the_named_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("c.pem");
    for is_authority in [true, false] {
        let (certificate, key) = self_signed("127.0.0.1", is_authority, false);
        let url = serve(builder(), certificate.der().clone(), &key).await;
        std::fs::write(&path, certificate.pem()).unwrap();
        let trusting = || Connection { ca_file: Some(path.clone()), ..Connection::default() };
        ask(&url, trusting()).await.unwrap();
        // Another one, of the same name.
        std::fs::write(&path, self_signed("127.0.0.1", is_authority, false).0.pem()).unwrap();
        ask(&url, trusting()).await.unwrap_err();
        // The right one, for another name, or no more valid.
        for (name, is_over, hint) in
            [("elsewhere", false, "for another name"), ("127.0.0.1", true, "has expired")]
        {
            let (certificate, key) = self_signed(name, is_authority, is_over);
            let url = serve(builder(), certificate.der().clone(), &key).await;
            std::fs::write(&path, certificate.pem()).unwrap();
            let fault = ask(&url, trusting()).await.unwrap_err();
            assert!(fault.hint().unwrap().contains(hint), "{fault}: {:?}", fault.hint());
        }
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_taken_when_it_is_the_named_one() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let certificate = authority.sign(&key, "127.0.0.1");
    let url = serve(builder(), certificate.der().clone(), &key).await;
    authority.write("leaf.pem", &certificate.pem());
    let connection = Connection { ca_file: Some(authority.path("leaf.pem")), ..Connection::default() };
    ask(&url, connection).await.unwrap();
}

#[tokio::test]
async fn https_against_http_and_the_other_way_round_is_told_in_words() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = format!("https://{}", listener.local_addr().unwrap());
    let (answer, ()) = tokio::join!(ask(&plain, Connection::default()), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await;
    });
    let fault = answer.unwrap_err();
    assert_eq!(fault.to_string(), "the server speaks http, not https there");
    assert!(fault.hint().unwrap().contains("`gitlab.url` with `http://`"));
    let authority = Authority::new();
    let secured = authority.serve(false).await;
    let fault = ask(&secured.replacen("https", "http", 1), Connection::default()).await.unwrap_err();
    assert_eq!(fault.to_string(), "the server speaks https, not http there");
    for said in [
        "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>",
        "Client sent an HTTP request to an HTTPS server.\n",
        "<p>You're speaking plain HTTP to an SSL-enabled server port.</p>",
    ] {
        let gitlab = GitLab::start(move |_, _| Reply::fault(400, said)).await;
        let fault = ask(&gitlab.url, Connection::default()).await.unwrap_err();
        assert_eq!(fault, Fault::Scheme { is_tls: true });
        assert_eq!(fault.hint(), Some("write `gitlab.url` with `https://`"));
    }
}
