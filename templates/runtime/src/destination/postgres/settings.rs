//! `[destination.postgres]`: where the server is. What it does not say, `DATABASE_URL` says, then the variables that
//! `psql` reads.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use tokio_postgres::config::{Host, SslMode as Wanted};

use super::fault::Place;
use super::schema::NAMING;
use super::tls::Tls;
use crate::config::{self, ConfigError, Secret};

/// What the configuration says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in super::super) struct Settings {
    /// `postgres://user:password@host:port/database`.
    pub(in super::super) url: Option<Secret>,
    /// A name, an address, or the folder of a socket.
    pub(in super::super) host: Option<String>,
    pub(in super::super) port: Option<u16>,
    pub(in super::super) user: Option<String>,
    pub(in super::super) password: Option<Secret>,
    pub(in super::super) database: Option<String>,
    pub(in super::super) sslmode: Option<SslMode>,
    /// Certificates of authorities, or `system`.
    pub(in super::super) sslrootcert: Option<PathBuf>,
    /// How many connections bring rows at a time.
    pub(in super::super) connections: Option<usize>,
}

/// How much of a server's certificate is believed, as `psql` calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum SslMode {
    Disable,
    /// TLS where the server has it.
    Prefer,
    /// TLS, with whoever answers.
    Require,
    /// With one whose certificate an authority has signed.
    VerifyCa,
    /// With one whose certificate is for this host as well.
    VerifyFull,
}

/// Where connections lead to.
#[derive(Debug)]
pub(in super::super) struct Address {
    pub(in super::super) config: tokio_postgres::Config,
    /// `None`: connections are plain.
    pub(super) tls: Option<Tls>,
    pub(super) schema: String,
    pub(in super::super) place: Place,
}

/// Beyond a few, the server does not write faster.
const CONNECTIONS: usize = 3;

/// How many the configuration wants.
pub(super) fn connections(config: &config::Destination) -> Result<usize, ConfigError> {
    let said: Settings = config.read(&["password", "url"])?;
    let wanted = said.connections.unwrap_or(CONNECTIONS);
    if wanted == 0 {
        return Err(config.unusable("connections", "at least 1"));
    }
    Ok(wanted)
}

impl Address {
    pub(super) fn read(config: &config::Destination) -> Result<Self, ConfigError> {
        let said: Settings = config.read(&["password", "url"])?;
        if config.dataset.len() > NAMING.longest {
            let message = format!("a name of PostgreSQL has at most {} bytes", NAMING.longest);
            return Err(ConfigError::Invalid {
                key: "destination.dataset".to_owned(),
                origin: None,
                message,
            });
        }
        Self::of(&said, config, "PostgreSQL")
    }

    /// What was read, of a server that people call so.
    pub(in super::super) fn of(
        said: &Settings,
        config: &config::Destination,
        called: &str,
    ) -> Result<Self, ConfigError> {
        let url = Url::of(said, config)?;
        let mut server = match &url.rest {
            Some(rest) => rest.parse().map_err(|_| config.unusable("url", Url::WANTED))?,
            None => tokio_postgres::Config::new(),
        };
        reach(&mut server, said, config)?;
        identify(&mut server, said, config);
        let mode = said.sslmode.map_or_else(|| url.mode(config), Ok)?;
        let roots = said.sslrootcert.clone().or_else(|| url.roots(config));
        let is_socket = |host: &Host| !matches!(host, Host::Tcp(_));
        let mode = if server.get_hosts().iter().all(is_socket) { SslMode::Disable } else { mode };
        let wanted = match mode {
            SslMode::Disable => Wanted::Disable,
            SslMode::Prefer => Wanted::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => Wanted::Require,
        };
        server
            .ssl_mode(wanted)
            .application_name(env!("CARGO_PKG_NAME"))
            .connect_timeout(Duration::from_secs(15))
            .keepalives_idle(Duration::from_secs(30))
            .tcp_user_timeout(Duration::from_secs(60));
        let tls = (mode != SslMode::Disable).then(|| Tls::new(mode, roots.as_deref(), config)).transpose()?;
        let user = server.get_user().unwrap_or_default();
        let database = server.get_dbname().unwrap_or(user);
        let place = Place::new(called, &config.dataset, database, &shown(&server), user);
        Ok(Self { config: server, tls, schema: config.dataset.clone(), place })
    }
}

/// Host and port.
fn reach(
    server: &mut tokio_postgres::Config,
    said: &Settings,
    config: &config::Destination,
) -> Result<(), ConfigError> {
    if !server.get_hosts().is_empty() {
        return match (&said.url, &said.host, said.port) {
            (Some(_), Some(_), _) => Err(config.unusable("host", "the host stands in `url` already")),
            (Some(_), _, Some(_)) => Err(config.unusable("port", "the port stands in `url` already")),
            _ => Ok(()),
        };
    }
    let host = said.host.as_deref().or_else(|| config.variable("PGHOST")).unwrap_or("localhost");
    server.host(host);
    let port = match (said.port, config.variable("PGPORT")) {
        (Some(port), _) => port,
        (None, None) => 5432,
        (None, Some(text)) => text
            .parse()
            .map_err(|_| config.unusable("port", "the environment variable `PGPORT` is no port"))?,
    };
    if server.get_ports().is_empty() {
        server.port(port);
    }
    Ok(())
}

/// Who connects, and to which database.
fn identify(server: &mut tokio_postgres::Config, said: &Settings, config: &config::Destination) {
    let user = said.user.as_deref();
    if let Some(user) = user.or_else(|| config.variable("PGUSER").filter(|_| server.get_user().is_none())) {
        server.user(user);
    }
    let password = said.password.as_ref().map(Secret::expose).filter(|password| !password.is_empty());
    let has_none = server.get_password().is_none();
    if let Some(password) = password.or_else(|| config.variable("PGPASSWORD").filter(|_| has_none)) {
        server.password(password);
    }
    let database = said.database.as_deref();
    let has_none = server.get_dbname().is_none();
    if let Some(database) = database.or_else(|| config.variable("PGDATABASE").filter(|_| has_none)) {
        server.dbname(database);
    }
}

/// A URL, and what it says of TLS, which the client would not understand.
#[derive(Debug, Default)]
struct Url {
    rest: Option<String>,
    sslmode: Option<String>,
    sslrootcert: Option<PathBuf>,
}

impl Url {
    const WANTED: &str = "expected `postgres://user:password@host:port/database`";

    fn of(said: &Settings, config: &config::Destination) -> Result<Self, ConfigError> {
        let says_where = said.host.is_some() || said.port.is_some();
        let from_environment = || config.variable("DATABASE_URL").filter(|_| !says_where);
        let Some(text) = said.url.as_ref().map(Secret::expose).or_else(from_environment) else {
            return Ok(Self::default());
        };
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(config.unusable("url", Self::WANTED));
        }
        let (start, query) = text.split_once('?').unwrap_or((text, ""));
        let (mut url, mut others) = (Self::default(), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            match key {
                "sslmode" => url.sslmode = Some(value),
                "sslrootcert" => url.sslrootcert = Some(value.into()),
                _ => others.push(pair),
            }
        }
        url.rest = Some(format!("{start}?{}", others.join("&")));
        Ok(url)
    }

    fn mode(&self, config: &config::Destination) -> Result<SslMode, ConfigError> {
        match self.sslmode.as_deref().or_else(|| config.variable("PGSSLMODE")) {
            None | Some("allow" | "prefer") => Ok(SslMode::Prefer),
            Some("disable") => Ok(SslMode::Disable),
            Some("require") => Ok(SslMode::Require),
            Some("verify-ca") => Ok(SslMode::VerifyCa),
            Some("verify-full") => Ok(SslMode::VerifyFull),
            Some(_) => Err(config.unusable(
                "sslmode",
                "expected `disable`, `prefer`, `require`, `verify-ca` or `verify-full`",
            )),
        }
    }

    fn roots(&self, config: &config::Destination) -> Option<PathBuf> {
        self.sslrootcert.clone().or_else(|| config.variable("PGSSLROOTCERT").map(PathBuf::from))
    }
}

fn shown(server: &tokio_postgres::Config) -> String {
    let port = server.get_ports().first().copied().unwrap_or(5432);
    match server.get_hosts().first() {
        Some(Host::Tcp(host)) => format!("{host}:{port}"),
        #[cfg(unix)]
        Some(Host::Unix(folder)) => folder.display().to_string(),
        None => String::new(),
    }
}
