//! The HTTP client against a server of its own: retries, redirects, faults, and where the token goes.

use std::time::{Duration, Instant};

use gitlab_pipeline::client::{Client, ClientOptions, Fault, Request, RetryPolicy, TransportKind};
use gitlab_pipeline::config::{ApiRoot, Credentials, GITLAB_API, Secret};
use serde_json::json;

use crate::gitlab::{GitLab, Reply};

const TOKEN: &str = "glpat-secret";

fn client(url: &str) -> Client {
    let retry = RetryPolicy {
        retries: 2,
        first_delay: Duration::from_millis(1),
        rate_limit_wait: Duration::from_millis(100),
        rate_limit_waits: 3,
        ..RetryPolicy::default()
    };
    let api = ApiRoot::parse(url, GITLAB_API).unwrap();
    let credentials = Credentials::Private(Secret::new(TOKEN));
    let timeout = Duration::from_millis(500);
    Client::new(ClientOptions { timeout, retry, ..ClientOptions::new(api, credentials) }).unwrap()
}

fn version() -> Request {
    Request { path: "/version".to_owned(), query: Vec::new(), route: "/version" }
}

#[tokio::test]
async fn the_token_is_sent_in_its_header() {
    let gitlab = GitLab::start(|_, _| Reply::json(r#"{"version": "18.0"}"#)).await;
    let answer = client(&gitlab.url).get(&version()).await.unwrap();
    assert_eq!(answer.body, json!({"version": "18.0"}));
    let asked = &gitlab.asked()[0];
    assert_eq!(asked.target, "/api/v4/version");
    assert_eq!(asked.headers["private-token"], TOKEN);
    assert!(asked.headers["user-agent"].starts_with("gitlab-pipeline/"));
}

#[tokio::test]
async fn passing_faults_are_retried() {
    let faults = [
        Reply::fault(502, "<html>bad gateway</html>"),
        Reply::json("<html>sign in</html>"),
        Reply { is_cut: true, ..Reply::json("[1, 2, 3]") },
        Reply::fault(429, "Retry later").with("retry-after", "0"),
        Reply::fault(429, r#"{"message":{"error":"This endpoint has been requested too many times."}}"#),
    ];
    for fault in faults {
        let shown = format!("{fault:?}");
        let gitlab =
            GitLab::start(move |_, before| if before == 0 { fault.clone() } else { Reply::json("[]") }).await;
        let client = client(&gitlab.url);
        assert_eq!(client.get(&version()).await.map(|answer| answer.body), Ok(json!([])), "{shown}");
        assert_eq!(client.attempts(), 2, "{shown}");
    }
}

#[tokio::test]
async fn retries_are_bounded_and_the_last_fault_stands() {
    let gitlab = GitLab::start(|_, _| Reply::fault(500, r#"{"message":"500 Internal Server Error"}"#)).await;
    let fault = client(&gitlab.url).get(&version()).await.unwrap_err();
    assert_eq!(fault.to_string(), "GitLab fails with status 500: 500 Internal Server Error");
    assert_eq!(gitlab.targets().len(), 3);
}

#[tokio::test]
async fn what_does_not_pass_is_asked_once() {
    for status in [400, 401, 403, 404, 405] {
        let gitlab = GitLab::start(move |_, _| Reply::fault(status, r#"{"message":"no"}"#)).await;
        client(&gitlab.url).get(&version()).await.unwrap_err();
        assert_eq!(gitlab.targets().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_rate_limit_holds_everybody_back() {
    let gitlab = GitLab::start(|target, before| match (target, before) {
        ("/api/v4/limited", 0) => Reply::fault(429, "Retry later"),
        _ => Reply::json("[]"),
    })
    .await;
    let client = client(&gitlab.url);
    let limited = Request { path: "/limited".to_owned(), query: Vec::new(), route: "/limited" };
    let started = Instant::now();
    let other = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        client.get(&version()).await.unwrap();
        started.elapsed()
    };
    let (first, waited) = tokio::join!(client.get(&limited), other);
    first.unwrap();
    assert!(waited >= Duration::from_millis(100), "{waited:?}");
}

#[tokio::test]
async fn a_limit_of_one_route_holds_back_nobody_else() {
    let gitlab = GitLab::start(|target, before| match (target, before) {
        ("/api/v4/limited", 0) => {
            let body = r#"{"message":{"error":"This endpoint has been requested too many times."}}"#;
            Reply::fault(429, body)
        }
        _ => Reply::json("[]"),
    })
    .await;
    let client = client(&gitlab.url);
    let limited = Request { path: "/limited".to_owned(), query: Vec::new(), route: "/limited" };
    let other = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        client.get(&version()).await.unwrap();
    };
    let (first, ()) = tokio::join!(client.get(&limited), other);
    first.unwrap();
    assert_eq!(gitlab.targets(), ["/api/v4/limited", "/api/v4/version", "/api/v4/limited"]);
}

#[tokio::test]
async fn a_redirect_is_followed_on_the_same_host() {
    let gitlab = GitLab::start(|target, _| match target {
        "/api/v4/version" => Reply::fault(301, "moved").with("location", "/api/v4/metadata"),
        _ => Reply::json("[7]"),
    })
    .await;
    assert_eq!(client(&gitlab.url).get(&version()).await.unwrap().body, json!([7]));
    assert_eq!(gitlab.asked()[1].headers["private-token"], TOKEN);
}

#[tokio::test]
async fn a_redirect_to_another_host_is_not_followed() {
    let other = GitLab::start(|_, _| Reply::json("[]")).await;
    let location = format!("{}/api/v4/version", other.url);
    let gitlab = GitLab::start(move |_, _| Reply::fault(302, "").with("location", &location)).await;
    let fault = client(&gitlab.url).get(&version()).await.unwrap_err();
    assert!(matches!(fault, Fault::ForeignRedirect { .. }), "{fault:?}");
    assert!(other.targets().is_empty());
}

#[tokio::test]
async fn redirects_without_end_are_a_fault() {
    let gitlab = GitLab::start(|_, _| Reply::fault(302, "").with("location", "/api/v4/version")).await;
    assert_eq!(client(&gitlab.url).get(&version()).await.unwrap_err(), Fault::Redirects);
}

#[tokio::test]
async fn a_silent_server_is_a_timeout_and_a_closed_one_cannot_be_reached() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let kind = |fault| match fault {
        Fault::Transport { kind, .. } => kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(client(&url).get(&version()).await.unwrap_err()), TransportKind::Timeout);
    drop(listener);
    assert_eq!(kind(client(&url).get(&version()).await.unwrap_err()), TransportKind::Connect);
}

#[tokio::test]
async fn the_token_is_in_no_fault_and_no_debug_output() {
    let gitlab = GitLab::start(|_, _| Reply::json("not json")).await;
    let client = client(&gitlab.url);
    let fault = client.get(&version()).await.unwrap_err();
    assert_eq!(fault.to_string(), "the answer is not JSON: line 1 column 2 of 8 bytes of an unknown type");
    assert!(!format!("{client:?} {fault:?}").contains(TOKEN));
}
