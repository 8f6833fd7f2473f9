//! Requests to Google's service, answered or refused. The client is asynchronous and calls here block, also from within
//! somebody's runtime: a thread of its own carries what is sent and got.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;

use super::credentials::{Credentials, Token};
use super::fault::Fault;

pub(super) type Answer<T> = Result<T, Fault>;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// A long poll takes less, an upload of a few megabytes as well.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often a request is sent again, and from how long a pause on.
const RETRIES: usize = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

/// A way to the service, which clones share.
#[derive(Debug, Clone)]
pub(super) struct Client {
    line: Arc<Line>,
    carrier: Arc<Carrier>,
}

/// What a request needs on its way.
#[derive(Debug)]
struct Line {
    http: reqwest::Client,
    endpoint: Url,
    credentials: Credentials,
    token: Mutex<Option<Token>>,
}

/// A runtime that may be dropped anywhere.
#[derive(Debug)]
struct Carrier(Option<Runtime>);

impl Drop for Carrier {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A request: everything of it may be sent twice.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Each segment as it is, without any encoding.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<(String, Bytes)>,
}

impl Request {
    /// `path` below `bigquery/v2`.
    pub(super) fn new<'p>(method: Method, path: impl IntoIterator<Item = &'p str>) -> Self {
        let path = ["bigquery", "v2"].into_iter().chain(path).map(str::to_owned).collect();
        Self { method, path, query: Vec::new(), body: None }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn json(mut self, body: &Value) -> Self {
        self.body = Some(("application/json; charset=UTF-8".to_owned(), body.to_string().into()));
        self
    }

    /// A description and a file, in one body. <https://cloud.google.com/bigquery/docs/reference/api-uploads>
    pub(super) fn upload(mut self, body: &Value, file: &[u8]) -> Self {
        let boundary: String = std::iter::repeat_with(fastrand::alphanumeric).take(40).collect();
        let start = format!(
            "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{body}\r\n\
             --{boundary}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        );
        let end = format!("\r\n--{boundary}--\r\n");
        let whole = [start.as_bytes(), file, end.as_bytes()].concat();
        self.body = Some((format!("multipart/related; boundary={boundary}"), whole.into()));
        self.path.insert(0, "upload".to_owned());
        self.query("uploadType", "multipart")
    }
}

impl Client {
    pub(super) fn new(endpoint: &str, credentials: Credentials) -> Answer<Self> {
        // Fails when one is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(30))
            .build()
            .map_err(Fault::transport)?;
        let endpoint = Url::parse(endpoint).map_err(|_| Fault::Strange("the endpoint is no address"))?;
        let runtime =
            Builder::new_multi_thread().worker_threads(1).enable_all().thread_name("bigquery").build();
        let runtime =
            runtime.map_err(|_| Fault::Strange("this machine gives no thread to carry requests"))?;
        let line = Line { http, endpoint, credentials, token: Mutex::new(None) };
        Ok(Self { line: Arc::new(line), carrier: Arc::new(Carrier(Some(runtime))) })
    }

    /// What was answered; `null` where that is nothing. What passes by itself is tried again.
    pub(super) fn send(&self, request: Request) -> Answer<Value> {
        #[cfg(test)]
        super::tests::discovery::check(&request);
        let gone = || Fault::Strange("the thread that carries requests has ended");
        let (sender, receiver) = channel();
        let Some(runtime) = &self.carrier.0 else { return Err(gone()) };
        let line = Arc::clone(&self.line);
        runtime.spawn(async move {
            // Whoever asked may have gone.
            let _ = sender.send(line.answer(&request).await);
        });
        receiver.recv().unwrap_or_else(|_| Err(gone()))
    }
}

/// Pauses between one try and the next.
pub(super) fn pauses() -> impl Iterator<Item = Duration> {
    let pauses = ExponentialBuilder::new().with_min_delay(FIRST_PAUSE).with_max_delay(LONGEST_PAUSE);
    pauses.with_max_times(RETRIES).with_jitter().build()
}

impl Line {
    async fn answer(&self, request: &Request) -> Answer<Value> {
        let mut pauses = pauses();
        let mut is_renewed = false;
        loop {
            let fault = match self.ask(request).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            // A token may end before its time.
            if !is_renewed && matches!(&fault, Fault::Refused(said) if said.status == 401) {
                is_renewed = true;
                *self.token.lock().await = None;
                continue;
            }
            let Some(pause) = pauses.next().filter(|_| fault.is_passing()) else { return Err(fault) };
            tracing::debug!(%fault, ?pause, "asking BigQuery again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn ask(&self, request: &Request) -> Answer<Value> {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&request.path);
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let mut sent = self.http.request(request.method.clone(), url);
        if let Some(header) = self.header().await? {
            sent = sent.header(AUTHORIZATION, header);
        }
        if let Some((kind, body)) = &request.body {
            sent = sent.header(CONTENT_TYPE, kind).body(body.clone());
        }
        let answer = sent.send().await.map_err(Fault::transport)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(Fault::transport)?;
        if status.is_success() {
            if status == StatusCode::NO_CONTENT || body.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&body).map_err(|_| Fault::Strange("the answer is no JSON"));
        }
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        Err(Fault::refused(status.as_u16(), said.get("error").unwrap_or(&Value::Null)))
    }

    /// The token, made anew when it is old.
    async fn header(&self) -> Answer<Option<HeaderValue>> {
        let mut known = self.token.lock().await;
        if known.as_ref().is_none_or(|token| token.until <= Instant::now()) {
            *known = self.credentials.token(&self.http).await?;
        }
        let Some(token) = &*known else { return Ok(None) };
        let header = HeaderValue::from_str(&format!("Bearer {}", token.text.expose().trim()));
        let mut header = header.map_err(|_| Fault::token(0, "the token has characters that none has"))?;
        header.set_sensitive(true);
        Ok(Some(header))
    }
}
