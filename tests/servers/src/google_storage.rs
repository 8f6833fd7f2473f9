//! The XML API of Google Cloud Storage, as far as a client of objects needs it: of this one there is no server to be had.
//! <https://cloud.google.com/storage/docs/xml-api/overview>

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use percent_encoding::percent_decode_str;

/// How many objects a page of a list names.
const PAGE: usize = 100;

/// A server of this process that takes any credentials and has every bucket.
#[derive(Debug)]
pub struct GoogleStorage {
    port: u16,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Objects {
    /// Bytes and generation, by `bucket/name`.
    objects: BTreeMap<String, (Vec<u8>, u64)>,
    uploads: BTreeMap<u64, BTreeMap<usize, Vec<u8>>>,
    generation: u64,
}

struct Request {
    method: String,
    /// `bucket/name`, or `bucket`.
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Answer {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl GoogleStorage {
    /// # Panics
    /// When there is no port.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let port = listener.local_addr().expect("an address").port();
        let (is_over, objects) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Objects::default())));
        let ends = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                let objects = Arc::clone(&objects);
                // A connection that breaks off is the client's.
                std::thread::spawn(move || serve(&stream, &objects));
            }
        });
        Self { port, is_over, thread: Some(thread) }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for GoogleStorage {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(thread) = self.thread.take() {
            // It ends when it is told so.
            let _ = thread.join();
        }
    }
}

fn serve(stream: &TcpStream, objects: &Mutex<Objects>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let request = Request::read(&mut reader)?;
        let answer = objects.lock().unwrap_or_else(PoisonError::into_inner).answer(&request);
        let length = answer.headers.iter().find(|(name, _)| *name == "Content-Length");
        let length = length.map_or_else(|| answer.body.len().to_string(), |(_, length)| length.clone());
        let mut head = format!("HTTP/1.1 {}\r\nContent-Length: {length}\r\n", answer.status);
        for (name, value) in answer.headers.iter().filter(|(name, _)| *name != "Content-Length") {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        // In one piece: the second of two would wait until the first is acknowledged.
        writer.write_all(&[head.as_bytes(), &answer.body].concat()).ok()?;
    }
}

impl Request {
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let query = pairs.map(|(name, value)| (name.to_owned(), plain(&value.replace('+', " ")))).collect();
        Some(Self { method, path: plain(path.trim_start_matches('/')), query, headers, body })
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.query.get(name)?.parse().ok()
    }
}

fn plain(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl Answer {
    fn of(status: &'static str) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    fn xml(body: String) -> Self {
        Self { body: body.into_bytes(), ..Self::of("200 OK") }
    }

    fn with_object(mut self, generation: u64) -> Self {
        self.headers.push(("ETag", format!("\"{generation}\"")));
        self.headers.push(("x-goog-generation", generation.to_string()));
        self.headers.push(("Last-Modified", "Fri, 01 Jan 2027 00:00:00 GMT".to_owned()));
        self
    }
}

impl Objects {
    fn answer(&mut self, request: &Request) -> Answer {
        match (request.method.as_str(), request.number("uploadId")) {
            ("PUT", Some(upload)) => self.put_part(request, upload),
            ("POST", Some(upload)) => self.complete(request, upload),
            ("DELETE", Some(upload)) => {
                self.uploads.remove(&upload);
                Answer::of("204 No Content")
            }
            ("POST", None) => self.begin(),
            ("PUT", None) => self.put(request),
            ("GET" | "HEAD", None) if request.query.contains_key("list-type") => self.list(request),
            ("GET" | "HEAD", None) => self.get(request),
            ("DELETE", None) => match self.objects.remove(&request.path) {
                Some(_) => Answer::of("204 No Content"),
                None => Answer::of("404 Not Found"),
            },
            _ => Answer::of("405 Method Not Allowed"),
        }
    }

    fn put(&mut self, request: &Request) -> Answer {
        let there = self.objects.get(&request.path).map_or(0, |(_, generation)| *generation);
        let wanted = request.headers.get("x-goog-if-generation-match");
        if wanted.is_some_and(|wanted| *wanted != there.to_string()) {
            return Answer::of("412 Precondition Failed");
        }
        let Some(source) = request.headers.get("x-goog-copy-source") else {
            return self.keep(&request.path, request.body.clone(), Answer::of("200 OK"));
        };
        match self.objects.get(&plain(source)).cloned() {
            Some((bytes, _)) => {
                self.keep(&request.path, bytes, Answer::xml("<CopyObjectResult/>".to_owned()))
            }
            None => Answer::of("404 Not Found"),
        }
    }

    fn keep(&mut self, path: &str, bytes: Vec<u8>, answer: Answer) -> Answer {
        self.generation += 1;
        self.objects.insert(path.to_owned(), (bytes, self.generation));
        answer.with_object(self.generation)
    }

    fn get(&self, request: &Request) -> Answer {
        let Some((bytes, generation)) = self.objects.get(&request.path) else {
            return Answer::of("404 Not Found");
        };
        if request.method == "HEAD" {
            let mut answer = Answer::of("200 OK").with_object(*generation);
            answer.headers.push(("Content-Length", bytes.len().to_string()));
            return answer;
        }
        let Some(range) = request.headers.get("range").and_then(|range| range.strip_prefix("bytes=")) else {
            return Answer { body: bytes.clone(), ..Answer::of("200 OK") }.with_object(*generation);
        };
        let (from, to) = range.split_once('-').unwrap_or((range, ""));
        let (from, last) = match from.parse::<usize>() {
            Ok(from) => (from, to.parse().unwrap_or(usize::MAX).min(bytes.len().saturating_sub(1))),
            Err(_) => (bytes.len().saturating_sub(to.parse().unwrap_or(0)), bytes.len().saturating_sub(1)),
        };
        let Some(part) = bytes.get(from..=last) else { return Answer::of("416 Range Not Satisfiable") };
        let mut answer = Answer { body: part.to_vec(), ..Answer::of("206 Partial Content") };
        answer.headers.push(("Content-Range", format!("bytes {from}-{last}/{}", bytes.len())));
        answer.with_object(*generation)
    }

    fn list(&self, request: &Request) -> Answer {
        let query = |name: &str| request.query.get(name).map(String::as_str).unwrap_or_default();
        let (bucket, prefix, delimiter) = (format!("{}/", request.path), query("prefix"), query("delimiter"));
        let after = format!("{bucket}{}", query("continuation-token"));
        let (mut contents, mut folders, mut next) = (String::new(), BTreeSet::new(), None);
        let names = self.objects.iter().filter(|(path, _)| **path > after);
        let names = names.filter_map(|(path, object)| Some((path.strip_prefix(&bucket)?, object)));
        for (at, (name, (bytes, generation))) in
            names.filter(|(name, _)| name.starts_with(prefix)).enumerate()
        {
            if at == PAGE {
                next = Some(name.get(..name.len() - 1).unwrap_or_default());
                break;
            }
            let rest = name.get(prefix.len()..).unwrap_or_default();
            match rest.split_once(delimiter).filter(|_| !delimiter.is_empty()) {
                Some((folder, _)) => drop(folders.insert(format!("{prefix}{folder}{delimiter}"))),
                None => contents.push_str(&format!(
                    "<Contents><Key>{name}</Key><Size>{}</Size><ETag>\"{generation}\"</ETag>\
                     <LastModified>2027-01-01T00:00:00.000Z</LastModified></Contents>",
                    bytes.len()
                )),
            }
        }
        let folders = folders
            .iter()
            .map(|folder| format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"));
        let next = next.map(|next| format!("<NextContinuationToken>{next}</NextContinuationToken>"));
        let (folders, next) = (folders.collect::<String>(), next.unwrap_or_default());
        Answer::xml(format!("<ListBucketResult>{contents}{folders}{next}</ListBucketResult>"))
    }

    fn begin(&mut self) -> Answer {
        self.generation += 1;
        self.uploads.insert(self.generation, BTreeMap::new());
        let id = self.generation;
        Answer::xml(format!(
            "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        ))
    }

    fn put_part(&mut self, request: &Request, upload: u64) -> Answer {
        let number = request.number("partNumber").and_then(|number| usize::try_from(number).ok());
        match (self.uploads.get_mut(&upload), number) {
            (Some(parts), Some(number)) => {
                parts.insert(number, request.body.clone());
                Answer::of("200 OK").with_object(upload)
            }
            _ => Answer::of("404 Not Found"),
        }
    }

    fn complete(&mut self, request: &Request, upload: u64) -> Answer {
        let Some(parts) = self.uploads.remove(&upload) else { return Answer::of("404 Not Found") };
        let bytes = parts.into_values().flatten().collect();
        let etag = format!(
            "<CompleteMultipartUploadResult><ETag>\"{upload}\"</ETag></CompleteMultipartUploadResult>"
        );
        self.keep(&request.path, bytes, Answer::xml(etag))
    }
}
