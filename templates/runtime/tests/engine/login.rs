//! The first pair of tokens: a GitLab that checks what its own checks, and a person who consents, refuses or is slow.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use ring::digest::{SHA256, digest};
use tempfile::TempDir;

use crate::gitlab::{Asked, GitLab, Reply};

const APPLICATION: &str = "application-7";

/// The first that the person does, or the first answer to who asks for tokens with a device code.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Person {
    Consents,
    Refuses,
}

/// What GitLab remembers between two requests.
#[derive(Debug, Default)]
struct Memory {
    challenge: String,
    redirect: String,
    polls: usize,
}

fn pairs(query: &str) -> BTreeMap<String, String> {
    let address = Url::parse(&format!("http://x/?{query}")).unwrap();
    address.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn refusal(code: &str) -> Reply {
    Reply::fault(400, &format!(r#"{{"error":"{code}","error_description":"It says {code}."}}"#))
}

fn granted() -> Reply {
    Reply::json(
        r#"{"access_token":"access-1","token_type":"Bearer","expires_in":7200,"refresh_token":"refresh-1"}"#,
    )
}

/// GitLab asks a person for consent, and sends the browser back to any port of the registered address.
fn authorize(query: &str, person: Person, memory: &mut Memory) -> Reply {
    let asked = pairs(query);
    let redirect = Url::parse(&asked["redirect_uri"]).unwrap();
    let is_registered = redirect.scheme() == "http"
        && redirect.host_str() == Some("127.0.0.1")
        && redirect.path() == "/callback";
    if asked["client_id"] != APPLICATION || !is_registered || asked["response_type"] != "code" {
        return Reply::html(200, "The redirect URI included is not valid.");
    }
    assert_eq!((asked["scope"].as_str(), asked["code_challenge_method"].as_str()), ("read_api", "S256"));
    *memory = Memory {
        challenge: asked["code_challenge"].clone(),
        redirect: asked["redirect_uri"].clone(),
        polls: 0,
    };
    let answer = match person {
        Person::Consents => "code=the-code",
        Person::Refuses => {
            "error=access_denied&error_description=The+resource+owner+or+authorization+server+denied+the+request."
        }
    };
    let back = format!("{redirect}?{answer}&state={}", asked["state"]);
    Reply { status: 302, ..Reply::default() }.with("location", &back)
}

fn token(body: &str, person: Person, memory: &mut Memory) -> Reply {
    let form = pairs(body);
    if form["client_id"] != APPLICATION {
        return Reply::fault(
            401,
            r#"{"error":"invalid_client","error_description":"Client authentication failed."}"#,
        );
    }
    if form["grant_type"] == "authorization_code" {
        let proof = URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
        let is_good = proof == memory.challenge
            && form["code"] == "the-code"
            && form["redirect_uri"] == memory.redirect;
        return if is_good { granted() } else { refusal("invalid_grant") };
    }
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:device_code");
    memory.polls += 1;
    match (form["device_code"].as_str(), memory.polls, person) {
        ("the-device-code", 1, _) => refusal("authorization_pending"),
        ("the-device-code", _, Person::Consents) => granted(),
        ("the-device-code", _, Person::Refuses) => refusal("access_denied"),
        _ => refusal("invalid_grant"),
    }
}

fn reply(asked: &Asked, person: Person, memory: &mut Memory) -> Reply {
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    match path {
        "/git/oauth/authorize" => authorize(query, person, memory),
        "/git/oauth/token" => token(&asked.body, person, memory),
        "/git/oauth/authorize_device" if pairs(&asked.body)["client_id"] != APPLICATION => {
            refusal("invalid_client")
        }
        "/git/oauth/authorize_device" => {
            assert_eq!(pairs(&asked.body)["scope"], "read_api");
            Reply::json(
                r#"{"device_code":"the-device-code","user_code":"0A44L90H","expires_in":300,"interval":1,
                    "verification_uri":"https://gitlab.example/oauth/device\u001b[2J",
                    "verification_uri_complete":"https://gitlab.example/oauth/device?user_code=0A44L90H"}"#,
            )
        }
        _ => Reply::fault(404, r#"{"error":"404 Not Found"}"#),
    }
}

struct Setup {
    folder: TempDir,
    gitlab: GitLab,
}

impl Setup {
    async fn new(person: Person, secrets: &str) -> Self {
        let memory = Arc::new(Mutex::new(Memory::default()));
        let answer = move |asked: &Asked, _| reply(asked, person, &mut memory.lock().unwrap());
        Self::with(GitLab::start_with(answer).await, secrets)
    }

    fn with(gitlab: GitLab, secrets: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("config.toml"), "").unwrap();
        let path = folder.path().join("secrets.toml");
        std::fs::write(&path, secrets).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        Self { folder, gitlab }
    }

    fn start(&self, arguments: &[&str]) -> Login {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sample-pipeline"));
        command.arg("login").args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("GITLAB_URL", format!("{}/git", self.gitlab.url));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Login { child, stdout, said: String::new() }
    }

    fn secrets(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("secrets.toml")).unwrap()
    }
}

/// The program while it waits for a person.
struct Login {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    said: String,
}

impl Login {
    /// The address that it asks to open.
    fn address(&mut self) -> Url {
        loop {
            let mut line = String::new();
            assert!(self.stdout.read_line(&mut line).unwrap() > 0, "it ended: {}", self.said);
            self.said.push_str(&line);
            if let Ok(address) = Url::parse(line.trim()) {
                return address;
            }
        }
    }

    /// Its exit code, and all that it said.
    async fn end(mut self) -> (Option<i32>, String) {
        tokio::task::spawn_blocking(move || {
            self.stdout.read_to_string(&mut self.said).unwrap();
            self.child.stderr.take().unwrap().read_to_string(&mut self.said).unwrap();
            let status: ExitStatus = self.child.wait().unwrap();
            (status.code(), self.said)
        })
        .await
        .unwrap()
    }
}

/// Where the browser is sent, and the page that it then shows.
async fn browse(address: Url) -> String {
    tls();
    reqwest::get(address).await.unwrap().text().await.unwrap()
}

fn tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_brings_a_code_and_the_tokens_are_kept() {
    let setup = Setup::new(Person::Consents, "# mine\n[gitlab]\ntoken = \"\"\n").await;
    let mut login = setup.start(&["--no-browser", "--client-id", APPLICATION]);
    let address = login.address();
    assert!(address.path() == "/git/oauth/authorize", "{address}");
    // A page of somebody else's knows nothing of this sign-in, and a connection without a request does no harm.
    let redirect = pairs(address.query().unwrap())["redirect_uri"].clone();
    let port = Url::parse(&redirect).unwrap().port().unwrap();
    let silent = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    for forged in ["?code=mine&state=guessed", "?code=mine", "x?code=mine", ""] {
        let page = browse(Url::parse(&format!("{redirect}{forged}")).unwrap()).await;
        assert!(page.contains("There is nothing here."), "{forged}: {page}");
    }
    let page = browse(address).await;
    assert!(page.contains("You are signed in."), "{page}");
    drop(silent);
    let (code, said) = login.end().await;
    assert_eq!(code, Some(0), "{said}");
    let expected = "# mine\n[gitlab]\ntoken = \"\"\n\n[gitlab.oauth]\nclient_id = \"application-7\"\n\
                    access_token = \"access-1\"\nrefresh_token = \"refresh-1\"\n";
    assert_eq!(setup.secrets(), expected);
    for secret in ["access-1", "refresh-1", "the-code"] {
        assert!(!said.contains(secret), "{said}");
    }
    let tokens = setup.gitlab.asked().into_iter().filter(|asked| asked.target == "/git/oauth/token");
    assert_eq!(tokens.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_so_and_changes_nothing() {
    let secrets = "[gitlab.oauth]\nclient_id = \"application-7\"\n";
    let setup = Setup::new(Person::Refuses, secrets).await;
    let mut login = setup.start(&["--no-browser"]);
    let page = browse(login.address()).await;
    assert!(page.contains("GitLab gave no access."), "{page}");
    let (code, said) = login.end().await;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("invalid_credentials: GitLab gives no tokens: The resource owner"), "{said}");
    assert_eq!(setup.secrets(), secrets);
    let login = setup.start(&["--device"]);
    let (code, said) = login.end().await;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("GitLab gives no tokens: It says access_denied."), "{said}");
    assert_eq!(setup.secrets(), secrets);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_shows_a_code_and_waits() {
    let setup = Setup::new(Person::Consents, "[gitlab]\ntoken = \"glpat-1\"\n").await;
    let (code, said) = setup.start(&["--device", "--client-id", APPLICATION]).end().await;
    assert_eq!(code, Some(0), "{said}");
    // What comes from outside moves no cursor.
    assert!(said.contains("open https://gitlab.example/oauth/device\\u{1b}[2J on any machine"), "{said}");
    assert!(said.contains("type in the code 0A44L90H"), "{said}");
    assert!(!said.contains("the-device-code"), "{said}");
    assert!(said.contains("they are not used yet: `gitlab.token`"), "{said}");
    assert!(setup.secrets().contains("refresh_token = \"refresh-1\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    let setup = Setup::new(Person::Consents, "").await;
    let (code, said) = setup.start(&["--no-browser"]).end().await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("/git/-/user_settings/applications: not confidential, scope `read_api`"), "{said}");
    let (code, said) = setup.start(&["--device", "--client-id", "another"]).end().await;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("see that the application's id is right"), "{said}");
    let old = GitLab::start(|_, _| Reply::fault(404, r#"{"error":"404 Not Found"}"#)).await;
    let setup = Setup::with(old, "");
    let (code, said) = setup.start(&["--device", "--client-id", APPLICATION]).end().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("this GitLab gives no codes for devices"), "{said}");
}
