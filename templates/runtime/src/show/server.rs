//! Answers browsers on a port of this machine. It only ever reads: all that it takes is GET.

use std::convert::Infallible;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use std::{io, iter};

use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::Site;
use super::address::Query;
use super::guard::{Entry, Guard, NoRandom};
use super::pages::{self, Page};

/// Nothing is loaded from elsewhere, nothing runs that is no file of this server's, and no other site may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// How long a browser may take to ask.
const ASKING: Duration = Duration::from_secs(15);

/// How long to wait where no more connections can be taken.
const PAUSE: Duration = Duration::from_millis(100);

/// The files that pages take along, which say nothing of what is loaded.
const FILES: [(&str, &str, &str); 3] = [
    ("/style.css", "text/css; charset=utf-8", pages::STYLE),
    ("/show.js", "text/javascript; charset=utf-8", include_str!("assets/show.js")),
    ("/icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// Pages that are ready to be asked for.
#[derive(Debug)]
pub(crate) struct Shown {
    site: Site,
    guard: Guard,
    listener: TcpListener,
}

/// Why no pages can be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShowError {
    #[error("port {port} of this machine cannot be listened to")]
    Port { port: u16, source: io::Error },
    #[error(transparent)]
    NoRandom(#[from] NoRandom),
}

impl Shown {
    /// Listens on the port; 0 takes a free one.
    pub(crate) fn new(site: Site, port: u16) -> Result<Self, ShowError> {
        let failed = |source| ShowError::Port { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let guard = Guard::new(listener.local_addr().map_err(failed)?.port())?;
        Ok(Self { site, guard, listener })
    }

    /// What opens the pages, once.
    pub(crate) fn link(&self) -> String {
        self.guard.link().unwrap_or_default()
    }
}

/// Goes on until it is dropped.
pub(crate) async fn serve(shown: Shown) -> io::Result<Infallible> {
    let Shown { site, guard, listener } = shown;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let shared = Arc::new((site, guard));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&shared), request));
            let mut server = http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(ASKING);
            // A browser that goes away is nobody's fault.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    shared: Arc<(Site, Guard)>,
    request: Request<Incoming>,
) -> Result<Response<String>, Infallible> {
    let (parts, _) = request.into_parts();
    // The database is waited for on a thread of its own.
    let made = tokio::task::spawn_blocking(move || {
        let (site, guard) = &*shared;
        respond(site, guard, &parts)
    });
    Ok(made.await.unwrap_or_else(|_| html(pages::fault())))
}

fn respond(site: &Site, guard: &Guard, request: &hyper::http::request::Parts) -> Response<String> {
    let path = request.uri.path();
    let query = Query::parse(request.uri.query().unwrap_or_default());
    let entry = guard.judge(path, query.get("token"), &request.headers);
    if request.method != Method::GET && request.method != Method::HEAD {
        return html(pages::only_get());
    }
    if let Some((_, kind, text)) = FILES.iter().find(|(name, ..)| *name == path && entry != Entry::Stranger) {
        return response(StatusCode::OK, kind, (*text).to_owned(), None);
    }
    match entry {
        Entry::Stranger => html(pages::stranger()),
        Entry::Closed => html(pages::closed()),
        Entry::Welcome => {
            let Page { status, body } = pages::welcome(guard.folder());
            response(status, HTML, body, Some((header::SET_COOKIE, guard.cookie())))
        }
        Entry::Open(page) => html(pages::page(site, &page, &query)),
    }
}

const HTML: &str = "text/html; charset=utf-8";

fn html(page: Page) -> Response<String> {
    response(page.status, HTML, page.body, None)
}

fn response(
    status: StatusCode,
    kind: &'static str,
    body: String,
    more: Option<(HeaderName, String)>,
) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let fixed = HEADERS.into_iter().chain(iter::once((header::CONTENT_TYPE, kind)));
    let fixed = fixed.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let more = more.and_then(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?)));
    response.headers_mut().extend(fixed.chain(more));
    response
}
