//! A client that follows nothing and hides nothing.

use std::time::Duration;

use sample_gitlab::{SampleServer, Settings, Size, World};
use serde_json::Value;
use ureq::Agent;

pub(crate) fn small() -> SampleServer {
    started(Size::small(), Settings::default())
}

pub(crate) fn started(size: Size, settings: Settings) -> SampleServer {
    SampleServer::start(World::new(size), settings).unwrap()
}

pub(crate) struct Client {
    agent: Agent,
    origin: String,
    credentials: Option<(&'static str, String)>,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) text: String,
    headers: Vec<(String, String)>,
}

impl Client {
    pub(crate) fn of(server: &SampleServer) -> Self {
        Self::with(server, "PRIVATE-TOKEN", server.token())
    }

    pub(crate) fn with(server: &SampleServer, header: &'static str, value: &str) -> Self {
        Self { credentials: Some((header, value.to_owned())), ..Self::anonymous(server) }
    }

    pub(crate) fn anonymous(server: &SampleServer) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0);
        let agent = config.timeout_global(Some(Duration::from_secs(2))).build().into();
        Self { agent, origin: server.url(), credentials: None }
    }

    /// `path` begins after `/api/v4`.
    pub(crate) fn try_get(&self, path: &str) -> Result<Reply, ureq::Error> {
        self.try_get_whole(&format!("/api/v4{path}"))
    }

    fn try_get_whole(&self, path: &str) -> Result<Reply, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.origin));
        if let Some((header, value)) = &self.credentials {
            request = request.header(*header, value);
        }
        let mut response = request.call()?;
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let status = response.status().as_u16();
        Ok(Reply {
            status,
            headers,
            text: response.body_mut().with_config().limit(64 << 20).read_to_string()?,
        })
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.try_get(path).unwrap()
    }

    /// The records of a page that must be there.
    pub(crate) fn rows(&self, path: &str) -> Vec<Value> {
        let reply = self.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply.rows()
    }

    /// All pages, found through `Link` as a loader must: path and query of it, on the configured origin.
    pub(crate) fn all_rows(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut next = Some(format!("/api/v4{path}"));
        while let Some(path) = next {
            let reply = self.try_get_whole(&path).unwrap();
            assert_eq!(reply.status, 200, "{path}: {}", reply.text);
            rows.extend(reply.rows());
            next = reply.link("next").map(|link| link.split_once(".invalid").unwrap().1.to_owned());
        }
        rows
    }
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn rows(&self) -> Vec<Value> {
        match self.json() {
            Value::Array(rows) => rows,
            other => panic!("not a list: {other}"),
        }
    }

    pub(crate) fn link(&self, rel: &str) -> Option<&str> {
        let links = self.header("link")?.split(", ");
        let ending = format!(">; rel=\"{rel}\"");
        links.filter_map(|link| link.strip_prefix('<')?.strip_suffix(&ending)).next()
    }

    pub(crate) fn has_page_headers(&self) -> bool {
        self.headers.iter().any(|(name, _)| name.starts_with("x-"))
    }
}

pub(crate) fn iids(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["iid"].as_i64().unwrap()).collect()
}

pub(crate) fn texts<'a>(rows: &'a [Value], field: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row[field].as_str().unwrap()).collect()
}
