//! A GitLab of a few routes for the tests of the engine: answers by path and query, faults included.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One answer as it goes over the wire.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Announce the whole body and send half of it.
    pub(crate) is_cut: bool,
}

impl Reply {
    pub(crate) fn json(body: &str) -> Self {
        Self::bytes(body.as_bytes())
    }

    pub(crate) fn bytes(body: &[u8]) -> Self {
        Self { status: 200, body: body.to_vec(), ..Self::default() }
    }

    pub(crate) fn html(status: u16, page: &str) -> Self {
        Self::fault(status, page).with("content-type", "text/html; charset=utf-8")
    }

    pub(crate) fn fault(status: u16, body: &str) -> Self {
        Self { status, body: body.as_bytes().to_vec(), ..Self::default() }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A server on a free port of the loopback interface that keeps what it was asked.
#[derive(Debug, Clone)]
pub(crate) struct GitLab {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl GitLab {
    /// Starts to answer. `reply` sees the target (path and query) and how often it was asked for before.
    pub(crate) async fn start(reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(move |asked, before| reply(&asked.target, before)).await
    }

    /// The same, for a reply that depends on headers or body.
    pub(crate) async fn start_with(reply: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), reply)
    }

    /// The same, on a port that is there already.
    pub(crate) fn start_on(
        listener: TcpListener,
        reply: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { url, asked: Arc::default() };
        let (asked, reply) = (Arc::clone(&server.asked), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&asked), Arc::clone(&reply)));
            }
        });
        server
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Path and query of every request, in the order of arrival.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.target).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    asked: Arc<Mutex<Vec<Asked>>>,
    reply: Arc<impl Fn(&Asked, usize) -> Reply + Send + Sync>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let target = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<_, _> =
        headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let this = Asked { target, headers, body: String::from_utf8(body).unwrap() };
    let before = {
        let mut asked = asked.lock().unwrap();
        let before = asked.iter().filter(|earlier| earlier.target == this.target).count();
        asked.push(this.clone());
        before
    };
    let reply = reply(&this, before);
    let mut head = format!(
        "HTTP/1.1 {} X\r\nconnection: close\r\ncontent-length: {}\r\n",
        reply.status,
        reply.body.len()
    );
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let sent = if reply.is_cut { reply.body.len() / 2 } else { reply.body.len() };
    let answer = [head.as_bytes(), &reply.body[..sent]].concat();
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}
