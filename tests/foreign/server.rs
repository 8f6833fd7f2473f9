//! A server of a library: a few books in an envelope with pages, and the loans of each.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

pub(crate) const BOOKS: i64 = 130;
pub(crate) const LOANS: i64 = 3;

/// The installation lies below a path of its host, and the API below a path of the installation.
const ROOT: &str = "/city/library/v1";

pub(crate) struct Library {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Library {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/city", listener.local_addr()?);
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || answer(stream, &log));
            }
        });
        Ok(Self { url, asked })
    }

    /// What was asked for, without queries.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(mut stream: TcpStream, log: &Mutex<Vec<String>>) -> Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let target = first.split(' ').nth(1).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    log.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    let (status, body) = match path.strip_prefix(ROOT).and_then(|below| body(below, query)) {
        Some(body) => ("200 OK", body),
        None => ("404 Not Found", json!({ "error": "404 Not Found" })),
    };
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn body(path: &str, query: &str) -> Option<Value> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["books"] => {
            let number = |name: &str, or: i64| {
                let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                pairs
                    .filter(|(known, _)| *known == name)
                    .find_map(|(_, value)| value.parse().ok())
                    .unwrap_or(or)
            };
            let (page, size) = (number("page", 1), number("per_page", 20));
            let numbers = (page - 1) * size + 1..=BOOKS.min(page * size);
            let book =
                |number| json!({ "isbn": format!("978-{number}"), "title": "A book", "pages": number });
            Some(json!({ "total": BOOKS, "books": numbers.map(book).collect::<Vec<_>>() }))
        }
        ["books", isbn, "loans"] if isbn.starts_with("978-") => {
            let loan = |number| json!({ "number": number, "reader": "somebody" });
            Some((1..=LOANS).map(loan).collect())
        }
        _ => None,
    }
}
