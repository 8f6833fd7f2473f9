//! A `show` that runs, and a visitor who has opened its link.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};

/// Ends with this value.
#[derive(Debug)]
pub(crate) struct Shown {
    process: Child,
    /// What it has printed.
    pub(crate) link: String,
    pub(crate) port: u16,
}

/// What a server answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Somebody with a cookie.
#[derive(Debug)]
pub(crate) struct Visitor<'s> {
    shown: &'s Shown,
    pub(crate) folder: String,
    pub(crate) cookie: String,
}

impl Shown {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process =
            command.arg("show").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a start");
        let mut link = String::new();
        let printed = process.stdout.take().expect("its output");
        BufReader::new(printed).read_line(&mut link).expect("a line");
        let link = link.trim().to_owned();
        let port = link.split([':', '/']).find_map(|part| part.parse().ok()).expect("a port");
        Self { process, link, port }
    }

    pub(crate) fn ask(&self, request: &str) -> Answer {
        ask(self.port, request)
    }

    /// A request as browsers of this machine send it.
    pub(crate) fn get(&self, path: &str, more: &str) -> Answer {
        let port = self.port;
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{more}\r\n"))
    }

    pub(crate) fn token_path(&self) -> &str {
        &self.link[self.link.find("/?token=").expect("a token")..]
    }

    pub(crate) fn visit(&self) -> Visitor<'_> {
        let welcome = self.get(self.token_path(), "");
        assert_eq!(welcome.status, 200, "{welcome:?}");
        let set = welcome.header("set-cookie").expect("a cookie");
        let part = |name: &str| set.split("; ").find_map(|part| part.strip_prefix(name)).map(str::to_owned);
        let folder = part("Path=").expect("a path");
        Visitor { shown: self, folder, cookie: set.split(';').next().expect("a pair").to_owned() }
    }
}

impl Visitor<'_> {
    pub(crate) fn get(&self, page: &str) -> Answer {
        self.shown.get(&format!("{}{page}", self.folder), &format!("Cookie: {}\r\n", self.cookie))
    }

    /// A page that is there.
    pub(crate) fn page(&self, page: &str) -> String {
        let answer = self.get(page);
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
        answer.body
    }

    /// What the box of SQL answers.
    pub(crate) fn sql(&self, statement: &str) -> String {
        let escaped: String = statement.bytes().map(|byte| format!("%{byte:02x}")).collect();
        self.page(&format!("query?sql={escaped}"))
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let named =
            |line: &&str| line.split_once(": ").is_some_and(|(own, _)| own.eq_ignore_ascii_case(name));
        self.head.lines().find(named).and_then(|line| line.split_once(": ")).map(|(_, value)| value)
    }
}

fn ask(port: u16, request: &str) -> Answer {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("a connection");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
