//! OAuth tokens that expire: one exchange, saved before it is used, whatever happens.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::resources::ALL;
use gitlab_pipeline::client::{Client, ClientOptions, Fault, Request, RetryPolicy};
use gitlab_pipeline::config::{ApiRoot, Config, Environment, GITLAB_API};
use tempfile::TempDir;

use crate::gitlab::{Asked, GitLab, Reply};

/// A GitLab that ends a pair of tokens as soon as the next one is used.
#[derive(Debug, Clone)]
struct Tokens(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// The number of the pair that works.
    current: u32,
    /// The one that was made last.
    made: u32,
    secrets: PathBuf,
}

impl Tokens {
    fn reply(&self, asked: &Asked) -> Reply {
        let mut state = self.0.lock().unwrap();
        if asked.target == "/oauth/token" {
            let is_known = asked.body.contains(&format!("refresh_token=refresh-{}&", state.current));
            assert!(asked.body.contains("client_id=app&client_secret=shh"), "{}", asked.body);
            if !is_known {
                let body = r#"{"error":"invalid_grant","error_description":"The refresh token is used up."}"#;
                return Reply::fault(400, body);
            }
            state.made = state.current + 1;
            let (access, refresh) = (format!("access-{}", state.made), format!("refresh-{}", state.made));
            let body =
                format!(r#"{{"access_token":"{access}","refresh_token":"{refresh}","expires_in":7200}}"#);
            return Reply::json(&body);
        }
        let shown = asked.headers.get("authorization").map(String::as_str);
        if state.made > state.current && shown == Some(&format!("Bearer access-{}", state.made)) {
            let saved = std::fs::read_to_string(&state.secrets).unwrap();
            assert!(saved.contains(&format!("\"refresh-{}\"", state.made)), "used before it was saved");
            state.current = state.made;
        }
        if state.current > 0 && shown == Some(&format!("Bearer access-{}", state.current)) {
            return Reply::json("[7]");
        }
        Reply::fault(401, r#"{"error":"invalid_token","error_description":"Token is expired."}"#)
    }
}

struct Setup {
    gitlab: GitLab,
    folder: TempDir,
}

impl Setup {
    /// The pair `access-0`, which has expired, and `refresh-0`.
    async fn new(access: &str, refresh: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let secrets = folder.path().join("secrets.toml");
        let text = format!(
            "# mine\n[gitlab.oauth]\nclient_id = 'app'\nclient_secret = 'shh'\naccess_token = '{access}'\n\
             refresh_token = '{refresh}'\n"
        );
        std::fs::write(&secrets, text).unwrap();
        set_mode(&secrets);
        let tokens = Tokens(Arc::new(Mutex::new(State { current: 0, made: 0, secrets })));
        let gitlab = GitLab::start_with(move |asked, _| tokens.reply(asked)).await;
        std::fs::write(folder.path().join("config.toml"), format!("[gitlab]\nurl = '{}'", gitlab.url))
            .unwrap();
        Self { gitlab, folder }
    }

    /// As a new process would make it.
    fn client(&self) -> Client {
        let path = self.folder.path().join("config.toml");
        let config = Config::load(Some(&path), &Environment::new(), ALL, GITLAB_API).unwrap();
        let retry = RetryPolicy { first_delay: Duration::from_millis(1), ..RetryPolicy::default() };
        Client::new(ClientOptions { retry, ..ClientOptions::of(&config).unwrap() }).unwrap()
    }

    fn secrets(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("secrets.toml")).unwrap()
    }

    fn exchanges(&self) -> usize {
        self.gitlab.targets().iter().filter(|target| *target == "/oauth/token").count()
    }
}

#[cfg(unix)]
fn set_mode(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path) {}

fn request() -> Request {
    Request { path: "/projects".to_owned(), query: Vec::new(), route: "/projects" }
}

#[tokio::test]
async fn an_expired_token_is_exchanged_once_for_all_who_wait() {
    let setup = Setup::new("access-0", "refresh-0").await;
    let client = setup.client();
    let request = request();
    let asking = (0..8).map(|_| {
        let (client, request) = (client.clone(), request.clone());
        tokio::spawn(async move { client.get(&request).await.map(|answer| answer.body) })
    });
    for asked in asking.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), Ok(serde_json::json!([7])));
    }
    assert_eq!(setup.exchanges(), 1);
    let saved = setup.secrets();
    assert!(saved.starts_with("# mine\n") && saved.contains("\"access-1\""), "{saved}");
    assert!(setup.gitlab.targets().iter().all(|target| !target.contains("refresh")), "a token in a URL");
}

#[tokio::test]
async fn without_an_access_token_one_is_made_first() {
    let setup = Setup::new("", "refresh-0").await;
    setup.client().get(&request()).await.unwrap();
    assert_eq!(setup.gitlab.targets(), ["/oauth/token", "/api/v4/projects"]);
}

#[tokio::test]
async fn killed_between_exchange_and_use_the_next_run_goes_on() {
    let setup = Setup::new("", "refresh-0").await;
    let client = setup.client();
    // The exchange ends with the answer to the first request that waits for it; this one is dropped before.
    let asking = tokio::spawn(async move { client.get(&request()).await.map(drop) });
    while !setup.secrets().contains("access-1") {
        tokio::task::yield_now().await;
    }
    asking.abort();
    let _ = asking.await;
    setup.client().get(&request()).await.unwrap();
    assert_eq!(setup.exchanges(), 1);
}

#[tokio::test]
async fn a_token_that_is_refused_although_it_is_new_is_not_exchanged_again() {
    let setup = Setup::new("access-0", "refresh-0").await;
    let config =
        Config::load(Some(&setup.folder.path().join("config.toml")), &Environment::new(), ALL, GITLAB_API)
            .unwrap();
    let gitlab = GitLab::start(|target, _| match target {
        "/oauth/token" => Reply::json(r#"{"access_token":"access-1","refresh_token":"refresh-1"}"#),
        _ => Reply::fault(401, r#"{"message":"401 Unauthorized"}"#),
    })
    .await;
    let api = ApiRoot::parse(&gitlab.url, GITLAB_API).unwrap();
    let client = Client::new(ClientOptions { api, ..ClientOptions::of(&config).unwrap() }).unwrap();
    let fault = client.get(&request()).await.unwrap_err();
    assert!(matches!(fault, Fault::Unauthorized { .. }), "{fault:?}");
    assert_eq!(gitlab.targets(), ["/api/v4/projects", "/oauth/token", "/api/v4/projects"]);
}

#[tokio::test]
async fn an_answer_that_is_cut_shows_no_token() {
    let setup = Setup::new("", "refresh-0").await;
    let config =
        Config::load(Some(&setup.folder.path().join("config.toml")), &Environment::new(), ALL, GITLAB_API)
            .unwrap();
    let gitlab = GitLab::start(|_, _| Reply::json(r#"{"access_token":"access-1","#)).await;
    let api = ApiRoot::parse(&gitlab.url, GITLAB_API).unwrap();
    let retry = RetryPolicy { retries: 1, first_delay: Duration::from_millis(1), ..RetryPolicy::default() };
    let client = Client::new(ClientOptions { api, retry, ..ClientOptions::of(&config).unwrap() }).unwrap();
    let fault = client.get(&request()).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        "the answer is not JSON: it ends too early, after 27 bytes of an unknown type"
    );
    assert!(setup.secrets().contains("refresh-0"));
}

#[tokio::test]
async fn a_refresh_token_that_is_used_up_is_said() {
    let setup = Setup::new("access-0", "refresh-old").await;
    let fault = setup.client().get(&request()).await.unwrap_err();
    assert_eq!(fault.to_string(), "unauthorized: The refresh token is used up.");
    assert!(setup.secrets().contains("refresh-old"));
}

#[tokio::test]
async fn tokens_that_cannot_be_saved_are_not_used() {
    let setup = Setup::new("access-0", "refresh-0").await;
    let client = setup.client();
    std::fs::create_dir(setup.folder.path().join("secrets.toml.new")).unwrap();
    let fault = client.get(&request()).await.unwrap_err();
    assert!(matches!(fault, Fault::NotSaved { .. }), "{fault:?}");
    assert!(setup.secrets().contains("refresh-0"));
    let used = setup.gitlab.asked();
    let is_new = |asked: &Asked| asked.headers.get("authorization").is_some_and(|shown| shown.ends_with('1'));
    assert!(!used.iter().any(is_new));
}

#[tokio::test]
async fn nothing_that_is_shown_holds_a_secret() {
    let setup = Setup::new("access-0", "refresh-0").await;
    let client = setup.client();
    client.get(&request()).await.unwrap();
    let shown = format!("{client:?}");
    for secret in ["access-", "refresh-", "shh"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
