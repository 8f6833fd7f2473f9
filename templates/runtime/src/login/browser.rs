//! The browser of this machine: an address to open, and a port on which GitLab's answer arrives.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{LoginError, PATIENCE, SCOPE, exchange, pkce};
use crate::client::{Excerpt, Grants};
use crate::config::{Application, OAuthTokens};

/// Where GitLab sends the browser. It takes any port of this machine for the one that the application names: RFC 8252,
/// section 7.3.
pub const REDIRECT_PATH: &str = "/callback";

/// A person is asked; the answer is waited for.
#[derive(Debug)]
pub struct Invitation {
    grants: Grants,
    application: Application,
    listener: TcpListener,
    redirect: String,
    verifier: String,
    state: String,
}

/// What the browser brought: a code, or why there is none.
type Brought = Result<String, LoginError>;

impl Invitation {
    /// `port` is 0 for any that is free.
    pub async fn new(grants: Grants, application: Application, port: u16) -> Result<Self, LoginError> {
        let listen = |source| LoginError::Listen { source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let redirect = format!("http://{}:{port}{REDIRECT_PATH}", Ipv4Addr::LOCALHOST);
        let (verifier, state) = (pkce::secret()?, pkce::secret()?);
        Ok(Self { grants, application, listener, redirect, verifier, state })
    }

    /// What the browser has to open.
    pub fn address(&self) -> Url {
        let mut address = self.grants.api().page("/oauth/authorize");
        address.query_pairs_mut().extend_pairs([
            ("client_id", self.application.client_id.trim()),
            ("redirect_uri", &self.redirect),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("state", &self.state),
            ("code_challenge", &pkce::challenge(&self.verifier)),
            ("code_challenge_method", "S256"),
        ]);
        address
    }

    /// Waits for the person, then asks for the tokens.
    pub async fn tokens(self) -> Result<OAuthTokens, LoginError> {
        let code = tokio::time::timeout(PATIENCE, self.code()).await.map_err(|_| LoginError::TimedOut)??;
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", &self.redirect),
            ("code_verifier", &self.verifier),
        ];
        exchange(&self.grants, &self.application, &grant).await
    }

    /// Browsers open connections on which nothing comes, so each is served beside the others.
    async fn code(&self) -> Brought {
        let (sender, mut brought) = mpsc::channel(1);
        let state: Arc<str> = self.state.as_str().into();
        loop {
            tokio::select! {
                Some(brought) = brought.recv() => return brought,
                accepted = self.listener.accept() => {
                    let (stream, _) = accepted.map_err(|source| LoginError::Listen { source })?;
                    tokio::spawn(serve(stream, Arc::clone(&state), sender.clone()));
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<str>, sender: mpsc::Sender<Brought>) {
    let service = service_fn(|request: Request<Incoming>| {
        let (state, sender) = (Arc::clone(&state), sender.clone());
        async move {
            let brought = brought(&request, &state);
            let answer = page_for(brought.as_ref());
            if let Some(brought) = brought {
                // A second answer changes nothing.
                let _ = sender.try_send(brought);
            }
            Ok::<_, Infallible>(answer)
        }
    });
    // How the connection ends is the browser's business.
    let _ = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service).await;
}

/// `None` where the request does not come from the page that was opened: it knows nothing of `state`.
fn brought(request: &Request<Incoming>, state: &str) -> Option<Brought> {
    let address = Url::parse(&format!("http://{}{}", Ipv4Addr::LOCALHOST, request.uri())).ok()?;
    let value = |name: &str| address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value);
    if address.path() != REDIRECT_PATH || value("state")? != state {
        return None;
    }
    Some(match (value("code"), value("error")) {
        (Some(code), _) => Ok(code.into_owned()),
        (None, Some(code)) => {
            let message = Excerpt::new(&value("error_description").unwrap_or_else(|| code.clone()));
            Err(LoginError::Refused { code: code.into_owned(), message })
        }
        (None, None) => Err(LoginError::Incomplete { what: "code" }),
    })
}

fn page_for(brought: Option<&Brought>) -> Response<Full<Bytes>> {
    let (status, text) = match brought {
        Some(Ok(_)) => (StatusCode::OK, "You are signed in. This window can be closed."),
        Some(Err(_)) => (StatusCode::OK, "GitLab gave no access. The terminal says more."),
        None => (StatusCode::NOT_FOUND, "There is nothing here."),
    };
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sign-in</title>\
         <body style=\"font: 1.1rem system-ui; margin: 20vh auto; max-width: 30rem\"><p>{text}</p></body></html>"
    );
    let mut answer = Response::new(Full::new(Bytes::from(page)));
    *answer.status_mut() = status;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    answer
        .headers_mut()
        .extend(headers.map(|(name, value)| (name, hyper::header::HeaderValue::from_static(value))));
    answer
}
