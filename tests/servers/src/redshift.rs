//! A stand-in for Amazon Redshift: PostgreSQL, behind a proxy that does what PostgreSQL does not. It shows that a client
//! speaks the protocol, and what its statements do; not that Redshift takes them.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::process::{installed, program};
use crate::{Moto, Postgres};

/// What makes a message that a client sends, after its kind: its length, which counts itself.
const LENGTH: usize = 4;

/// Of the functions of Redshift's that PostgreSQL has not, those that views call.
const FUNCTIONS: &str = "
    CREATE FUNCTION datediff(unit text, one timestamp, other timestamp) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
        SELECT CAST(extract(epoch FROM date_trunc(unit, other) - date_trunc(unit, one))
            * CASE unit WHEN 'second' THEN 1 ELSE 1000 END AS bigint) $$;
    CREATE FUNCTION getdate() RETURNS timestamp LANGUAGE sql STABLE AS 'SELECT CAST(now() AS timestamp)';
    CREATE FUNCTION json_parse(text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS 'SELECT CAST($1 AS jsonb)';";

/// Takes connections as long as the process lives.
#[derive(Debug)]
pub struct Redshift {
    port: u16,
    place: Arc<Place>,
}

#[derive(Debug)]
struct Place {
    postgres: Postgres,
    moto: Moto,
    reader: Mutex<Reader>,
}

/// Reads Parquet, file after file.
#[derive(Debug)]
struct Reader {
    process: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Redshift {
    pub const BUCKET: &'static str = "staging";
    pub const ACCESS_KEY: &'static str = "an-access-key";
    pub const SECRET_KEY: &'static str = "a-secret-key";

    /// # Panics
    /// When what it needs is not installed or does not start.
    pub fn start() -> Self {
        let (postgres, moto) = (Postgres::start(), Moto::start());
        moto.make_bucket(Self::BUCKET);
        postgres.psql(FUNCTIONS);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let port = listener.local_addr().expect("an address").port();
        let reader = Mutex::new(Reader::start(&moto.endpoint()));
        let place = Arc::new(Place { postgres, moto, reader });
        let weak = Arc::downgrade(&place);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Some(place) = weak.upgrade() else { return };
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, place.postgres.port()));
                let server = server.expect("a connection");
                // A message waits for no other.
                server.set_nodelay(true).and(client.set_nodelay(true)).expect("a socket");
                let (from, to) =
                    (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
                thread::spawn(move || carry(from, to));
                let weak = weak.clone();
                // A connection that ends is no fault.
                thread::spawn(move || drop(listen(client, &server, &weak)));
            }
        });
        Self { port, place }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn postgres(&self) -> &Postgres {
        &self.place.postgres
    }

    /// The variables that let a program in, and to the bucket.
    pub fn environment(&self) -> [(&'static str, String); 9] {
        [
            ("REDSHIFT_HOST", "127.0.0.1".to_owned()),
            ("REDSHIFT_PORT", self.port.to_string()),
            ("REDSHIFT_USER", Postgres::USER.to_owned()),
            ("REDSHIFT_PASSWORD", Postgres::PASSWORD.to_owned()),
            ("REDSHIFT_DATABASE", Postgres::DATABASE.to_owned()),
            ("AWS_ENDPOINT_URL", self.s3()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", Self::ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", Self::SECRET_KEY.to_owned()),
        ]
    }

    /// Runs statements of Redshift's that make views, all or none.
    ///
    /// # Panics
    /// When one fails.
    pub fn load(&self, sql: &str) {
        self.place.postgres.load(&functions(sql));
    }

    pub fn s3(&self) -> String {
        self.place.moto.endpoint()
    }

    /// Paths of what lies in the bucket.
    pub fn objects(&self) -> String {
        let script = "import sys, pyarrow.fs as fs; s = fs.S3FileSystem(endpoint_override=sys.argv[1], scheme='http', \
                      region='us-east-1', access_key='a', secret_key='b'); \
                      print([f.path for f in s.get_file_info(fs.FileSelector(sys.argv[2], recursive=True)) if f.is_file])";
        let host = self.s3().replace("http://", "");
        run(&["-c", script, &host, Self::BUCKET]).expect("a list")
    }
}

/// What the server says goes to the client as it is.
fn carry(mut from: TcpStream, mut to: TcpStream) {
    // Either side may end it.
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}

/// What the client says goes to the server, statements as that takes them.
fn listen(mut client: TcpStream, mut server: &TcpStream, place: &std::sync::Weak<Place>) -> Result<()> {
    let mut is_first = true;
    loop {
        let mut kind = [0];
        if !is_first && client.read_exact(&mut kind).is_err() {
            return server.shutdown(Shutdown::Both);
        }
        let mut length = [0; LENGTH];
        if client.read_exact(&mut length).is_err() {
            return server.shutdown(Shutdown::Both);
        }
        let size = usize::try_from(u32::from_be_bytes(length)).expect("a size") - LENGTH;
        let mut body = vec![0; size];
        client.read_exact(&mut body)?;
        if !is_first && kind == *b"Q" {
            let sql = String::from_utf8_lossy(&body).trim_end_matches('\0').to_owned();
            body = format!("{}\0", translated(&sql, place)).into_bytes();
            length = u32::try_from(body.len() + LENGTH).expect("a size").to_be_bytes();
        }
        if !is_first {
            server.write_all(&kind)?;
        }
        is_first = false;
        server.write_all(&length)?;
        server.write_all(&body)?;
    }
}

/// A statement of Redshift's as PostgreSQL takes it.
fn translated(sql: &str, place: &std::sync::Weak<Place>) -> String {
    if let Some(rest) = sql.strip_prefix("COPY ") {
        let done =
            place.upgrade().ok_or_else(|| "it has ended".to_owned()).and_then(|place| copy(rest, &place));
        return match done {
            Ok(()) => "SELECT".to_owned(),
            Err(error) => {
                format!("DO $say$ BEGIN RAISE EXCEPTION USING MESSAGE = $is${error}$is$; END $say$")
            }
        };
    }
    if sql.starts_with("CREATE OR REPLACE VIEW ") {
        return functions(sql);
    }
    sql.split_once(" DISTSTYLE KEY ")
        .filter(|_| sql.starts_with("CREATE "))
        .map_or(sql, |(table, _)| table)
        .to_owned()
}

/// What views call that PostgreSQL has not: units without quotes, and items of a list by its name.
fn functions(sql: &str) -> String {
    let sql = ["millisecond", "second"].iter().fold(sql.to_owned(), |sql, unit| {
        sql.replace(&format!("DATEDIFF({unit},"), &format!("DATEDIFF('{unit}',"))
    });
    let mut made = String::new();
    let mut rest = sql.as_str();
    while let Some((before, after)) = rest.split_once(".items AS ") {
        let (before, list) = before.rsplit_once(", ").expect("a list beside its table");
        made += &format!("{before}, jsonb_array_elements_text({list}.items) AS ");
        rest = after;
    }
    made + rest
}

/// Brings the rows of files into a table.
fn copy(rest: &str, place: &Place) -> std::result::Result<(), String> {
    let (table, rest) = rest.split_once(" FROM '").ok_or("no FROM")?;
    let (from, grant) = rest.split_once('\'').ok_or("no place")?;
    let keys = format!(
        " ACCESS_KEY_ID '{}' SECRET_ACCESS_KEY '{}' FORMAT AS PARQUET",
        Redshift::ACCESS_KEY,
        Redshift::SECRET_KEY
    );
    if grant != keys && grant != " IAM_ROLE DEFAULT FORMAT AS PARQUET" {
        return Err("S3ServiceException: access denied".to_owned());
    }
    let literal = table.replace('\'', "''");
    let columns = format!(
        "SELECT attname FROM pg_attribute WHERE attrelid = '{literal}'::regclass AND attnum > 0 AND NOT attisdropped \
         ORDER BY attnum"
    );
    let columns: Vec<String> = place.postgres.psql(&columns).lines().map(str::to_owned).collect();
    let asked = json!({"from": from, "table": table, "columns": columns});
    let sql = place.reader.lock().map_err(|_| "it has panicked")?.read(&asked)?;
    place.postgres.load(&sql);
    Ok(())
}

impl Reader {
    fn start(endpoint: &str) -> Self {
        let mut python = Command::new(program("python", &[&installed("readers").join("bin")]));
        python.args(["-c", include_str!("redshift.py"), endpoint]);
        let mut process = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python");
        let asked = process.stdin.take().expect("a pipe");
        let answers = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, asked, answers }
    }

    fn read(&mut self, asked: &Value) -> std::result::Result<String, String> {
        let mut answer = String::new();
        writeln!(self.asked, "{asked}").map_err(|error| error.to_string())?;
        self.answers.read_line(&mut answer).map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        text("sql").ok_or_else(|| text("error").unwrap_or_default())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a script of Python prints.
fn run(arguments: &[&str]) -> std::result::Result<String, String> {
    let python = program("python", &[&installed("readers").join("bin")]);
    let output = Command::new(python).args(arguments).output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
