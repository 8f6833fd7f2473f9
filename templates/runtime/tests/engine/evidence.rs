//! What a fault means is decided by what else the server says: for one list, for the run, or not yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gitlab_pipeline::client::{Client, ClientOptions, Fault, Request, RetryPolicy};
use gitlab_pipeline::config::{ApiRoot, Credentials, GITLAB_API, Secret};
use gitlab_pipeline::extract::{ExtractError, LossKind};
use gitlab_pipeline::resource::Resource;

use crate::gitlab::{GitLab, Reply};
use crate::run::{GROUPS, ISSUES, PROJECTS, SMALL, Setup, ids, list, path_of, run, small};

const WALL: &str = "<!DOCTYPE html><html><head><title>Just a moment...</title></head>Checking</html>";
const FORBIDDEN: &str = r#"{"message":"403 Forbidden"}"#;
const UNAUTHORIZED: &str = r#"{"message":"401 Unauthorized"}"#;

fn client(url: &str, outage: Duration) -> Client {
    let retry =
        RetryPolicy { retries: 2, first_delay: Duration::from_millis(5), outage, ..RetryPolicy::default() };
    let api = ApiRoot::parse(url, GITLAB_API).unwrap();
    let credentials = Credentials::Private(Secret::new("t"));
    let timeout = Duration::from_secs(2);
    Client::new(ClientOptions { timeout, retry, ..ClientOptions::new(api, credentials) }).unwrap()
}

fn request(path: &str) -> Request {
    Request { path: path.to_owned(), query: Vec::new(), route: "/route" }
}

#[tokio::test]
async fn a_server_that_goes_away_is_waited_for_until_it_is_back() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = client(&format!("http://{address}"), Duration::from_secs(20));
    let (first, ()) = tokio::join!(client.get_version(), async {
        let (stream, _) = listener.accept().await.unwrap();
        answer_once(stream).await;
    });
    first.unwrap();
    drop(listener);
    let back = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        GitLab::start_on(listener, |_, _| Reply::json("[]"))
    };
    let (answer, gitlab) = tokio::join!(client.get_version(), back);
    answer.unwrap();
    assert!(client.attempts() > 5, "more often than there are retries: {}", client.attempts());
    assert!(!client.is_gone() && !gitlab.targets().is_empty());
}

#[tokio::test]
async fn a_server_that_stays_away_is_given_up_after_a_while() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = client(&url, Duration::from_secs(1));
    let (first, ()) = tokio::join!(client.get_version(), async {
        let (stream, _) = listener.accept().await.unwrap();
        answer_once(stream).await;
    });
    first.unwrap();
    drop(listener);
    let began = Instant::now();
    let fault = client.get_version().await.unwrap_err();
    assert!(fault.is_connect() && client.is_gone(), "{fault}");
    assert!((1..4).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
}

trait Version {
    async fn get_version(&self) -> Result<(), Fault>;
}

impl Version for Client {
    async fn get_version(&self) -> Result<(), Fault> {
        self.get(&request("/version")).await.map(drop)
    }
}

async fn answer_once(mut stream: tokio::net::TcpStream) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let _ = stream.read(&mut [0; 4096]).await;
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n[]").await;
    let _ = stream.shutdown().await;
}

#[tokio::test]
async fn a_gateway_without_a_server_is_waited_for_and_shrinks_no_page() {
    // All fails for a while, as when GitLab is started anew.
    let until = Arc::new(std::sync::OnceLock::new());
    let down = Arc::clone(&until);
    let gitlab = GitLab::start(move |target, _| {
        let is_down = down.get().is_some_and(|until| Instant::now() < *until);
        let is_first = path_of(target) == "/projects" && down.get().is_none();
        if is_first {
            down.set(Instant::now() + Duration::from_millis(350)).unwrap();
        }
        if is_down { Reply::html(503, "<html><title>Deploy</title>") } else { small(target) }
    })
    .await;
    let run = run(&gitlab, Setup::default()).await;
    run.result.unwrap();
    assert_eq!(run.pages.rows(), SMALL);
    let shrunk = gitlab.targets().iter().filter(|target| target.contains("per_page=50")).count();
    assert_eq!(shrunk, 0, "{:?}", gitlab.targets());
}

#[tokio::test]
async fn when_nothing_is_answered_any_more_the_run_ends() {
    for refusal in [Reply::fault(502, ""), Reply::fault(302, "").with("location", "/users/sign_in")] {
        let is_sign_in = refusal.status == 302;
        let reply = refusal.clone();
        let gitlab = GitLab::start(move |target, before| match path_of(target) {
            "/projects" if before == 0 => Reply::json(&ids(1..40)),
            _ => reply.clone(),
        })
        .await;
        let all = run(&gitlab, Setup::default()).await;
        assert!(matches!(all.result, Err(ExtractError::Unreachable { .. })), "{:?}", all.result);
        assert!(!is_sign_in || gitlab.targets().len() < 20, "{:?}", gitlab.targets());
        // Where the list of projects is still given, each of the others fails on its own.
        let gitlab = GitLab::start(move |target, _| match path_of(target) {
            "/projects" => Reply::json(&ids(1..40)),
            _ => refusal.clone(),
        })
        .await;
        let each = run(&gitlab, Setup::default()).await;
        each.result.as_ref().unwrap();
        assert_eq!(each.tally.lost(LossKind::Failed), 39);
    }
}

#[tokio::test]
async fn a_wall_s_403_is_asked_again_and_fails_the_list_if_it_stays() {
    let gitlab = GitLab::start(|target, before| match path_of(target) {
        "/projects/1/issues" if target.contains("page=2") => Reply::html(403, WALL),
        "/projects/2/issues" if before == 0 => Reply::html(403, WALL),
        _ => small(target),
    })
    .await;
    let run = run(&gitlab, Setup::default()).await;
    run.result.as_ref().unwrap();
    assert_eq!(run.tally.lost(LossKind::Skipped), 0);
    let expected = "1 of project_issues: not GitLab, but something before it answers, with status 403: the page \
                    `Just a moment...` (/projects/1/issues)";
    assert_eq!(run.losses(LossKind::Failed), [expected]);
    assert!(run.pages.rows().contains(&"project_issues(2) 21".to_owned()));
}

#[tokio::test]
async fn a_token_that_was_good_is_shown_again_before_the_run_ends() {
    // Once.
    let gitlab = GitLab::start(|target, before| match path_of(target) {
        "/projects/2/issues" if before == 0 => Reply::fault(401, UNAUTHORIZED),
        _ => small(target),
    })
    .await;
    let once = run(&gitlab, Setup::default()).await;
    once.result.unwrap();
    assert_eq!(once.pages.rows(), SMALL);
    // In one place alone, for ever.
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        "/projects/2/issues" => Reply::fault(401, UNAUTHORIZED),
        _ => small(target),
    })
    .await;
    let place = run(&gitlab, Setup::default()).await;
    place.result.as_ref().unwrap();
    assert_eq!(place.tally.lost(LossKind::Failed), 1);
    // Everywhere, from some moment on.
    let gitlab = GitLab::start(|target, before| match path_of(target) {
        "/projects" if before == 0 => Reply::json(&ids(1..40)),
        _ => Reply::fault(401, UNAUTHORIZED),
    })
    .await;
    let revoked = run(&gitlab, Setup::default()).await;
    assert!(matches!(revoked.result, Err(ExtractError::InvalidCredentials { .. })), "{:?}", revoked.result);
    assert!(gitlab.targets().len() < 30, "{:?}", gitlab.targets());
}

#[tokio::test]
async fn a_token_of_too_narrow_a_scope_ends_the_run_where_it_starts() {
    let body = r#"{"error":"insufficient_scope","scope":"read_api"}"#;
    let gitlab = GitLab::start(move |_, _| Reply::fault(403, body)).await;
    let result = run(&gitlab, Setup::default()).await.result;
    assert!(matches!(result, Err(ExtractError::InvalidPermissions { .. })), "{result:?}");
    let gitlab = GitLab::start(move |target, _| match path_of(target) {
        "/projects/1/issues" => Reply::fault(403, body),
        _ => small(target),
    })
    .await;
    let below = run(&gitlab, Setup::default()).await;
    below.result.as_ref().unwrap();
    assert_eq!(below.tally.lost(LossKind::Skipped), 1);
}

#[tokio::test]
async fn a_redirect_to_gitlab_s_other_host_is_followed_on_the_user_s() {
    for status in [301, 302, 307, 308] {
        let gitlab = GitLab::start(move |target, _| match path_of(target) {
            "/projects/1/issues" => {
                let (_, query) = target.split_once('?').unwrap();
                let to = format!("https://gitlab.example.com:8443/git/api/v4/projects/9/issues?{query}");
                Reply::fault(status, "moved").with("location", &to)
            }
            "/projects/9/issues" => small(&target.replace("/9/", "/1/")),
            _ => small(target),
        })
        .await;
        let run = run(&gitlab, Setup::default()).await;
        run.result.unwrap();
        assert_eq!(run.pages.rows(), SMALL, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_elsewhere_ends_its_list_alone() {
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        "/projects/1/issues" => Reply::fault(302, "").with("location", "https://other.example/"),
        _ => small(target),
    })
    .await;
    let below = run(&gitlab, Setup::default()).await;
    below.result.as_ref().unwrap();
    assert_eq!(below.tally.lost(LossKind::Failed), 1);
    let gitlab =
        GitLab::start(|_, _| Reply::fault(302, "").with("location", "https://other.example/api/v4/projects"))
            .await;
    let error = run(&gitlab, Setup::default()).await.result.unwrap_err();
    assert!(matches!(error, ExtractError::Unreachable { .. }), "{error}");
    assert_eq!(error.hint().unwrap(), "if that is your GitLab, set `gitlab.url` to it");
}

#[tokio::test]
async fn what_stands_before_gitlab_is_named_and_not_asked_again() {
    let sign_in = "<!DOCTYPE html><html><head><title>Sign in · GitLab</title></head></html>";
    let lost = "<html><head><title>404 Not Found</title></head></html>";
    let scope = "[scope]\nprojects = ['acme/shop']";
    let cases = [
        (
            Reply::fault(302, "").with("location", "/users/sign_in"),
            "",
            "a page to sign in, `/users/sign_in`",
            "`gitlab.url`",
        ),
        (Reply::html(200, sign_in), "", "the page `Sign in · GitLab`", "`gitlab.url`"),
        (Reply::html(404, lost), "", "does not answer as GitLab's API does", "`gitlab.url`"),
        (
            Reply::fault(404, r#"{"error":"404 Not Found"}"#),
            "",
            "does not answer as GitLab's API",
            "`gitlab.url`",
        ),
        (
            Reply::html(404, lost),
            scope,
            "project `acme/shop` in `scope` cannot be asked for by its path",
            "numeric id",
        ),
        (Reply::html(400, "<html>bad"), scope, "seems to decode `%2F`", "numeric id"),
        (
            Reply::fault(401, "").with("www-authenticate", "Basic realm=\"staff\""),
            "",
            "not GitLab, but something before it answers, with status 401",
            "`gitlab.proxy`",
        ),
    ];
    for (reply, config, said, hint) in cases {
        let gitlab = GitLab::start(move |_, _| reply.clone()).await;
        let error = run(&gitlab, Setup { config, ..Setup::default() }).await.result.unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error} {cause}").contains(said), "{error} {cause}");
        let told = error.hint().unwrap();
        assert!(told.contains(hint) && !told.contains("enabled"), "{told}");
        assert_eq!(gitlab.targets().len(), 1, "{said}: {:?}", gitlab.targets());
    }
}

#[tokio::test]
async fn a_group_of_a_gitlab_that_does_not_list_subgroups_is_read() {
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        "/groups/7" => Reply::json(r#"{"id": 7}"#),
        _ => Reply::fault(404, r#"{"error":"404 Not Found"}"#),
    })
    .await;
    let config = "[scope]\ngroups = [7]";
    let setup = Setup { config, all: &[GROUPS], select: &[GROUPS], concurrency: 1, ..Setup::default() };
    let run = run(&gitlab, setup).await;
    run.result.as_ref().unwrap();
    assert_eq!(run.pages.rows(), ["groups() 7"]);
    assert_eq!(run.tally.lost(LossKind::Skipped), 1);
}

#[tokio::test]
async fn a_route_that_the_instance_lacks_is_asked_a_few_times() {
    const LACKED: &Resource = &list("project_new", "/projects/{id}/new", ISSUES.params);
    let lost = Reply::html(404, "<html><title>404</title></html>");
    let unknown = Reply::fault(404, r#"{"error":"404 Not Found"}"#);
    for (refusal, most) in [(lost, 7), (unknown, 7), (Reply::fault(403, FORBIDDEN), 24)] {
        let gitlab = GitLab::start(move |target, _| match path_of(target) {
            "/projects" => Reply::json(&ids(1..=90)),
            _ => refusal.clone(),
        })
        .await;
        let all = &[PROJECTS, LACKED];
        let run = run(&gitlab, Setup { all, select: all, ..Setup::default() }).await;
        run.result.as_ref().unwrap();
        let asked = gitlab.targets().iter().filter(|target| path_of(target).ends_with("/new")).count();
        // Those on their way when it becomes clear are asked as well.
        assert!(asked <= most, "{asked}");
        assert_eq!(run.tally.lost(LossKind::Skipped), 90);
        assert!(run.losses(LossKind::Skipped).iter().any(|loss| loss.contains("none was given")));
    }
    // One that is given among many that are not.
    let gitlab = GitLab::start(|target, _| match path_of(target) {
        "/projects" => Reply::json(&ids(1..=90)),
        "/projects/2/new" => Reply::json(&ids([7])),
        _ => Reply::fault(403, FORBIDDEN),
    })
    .await;
    let all = &[PROJECTS, LACKED];
    run(&gitlab, Setup { all, select: all, ..Setup::default() }).await.result.unwrap();
    assert_eq!(gitlab.targets().len(), 91);
}

#[tokio::test]
async fn an_error_that_comes_at_once_shrinks_no_page() {
    let counted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&counted);
    let gitlab = GitLab::start(move |target, _| match path_of(target) {
        "/projects/1/issues" => {
            count.fetch_add(1, Ordering::Relaxed);
            Reply::fault(500, r#"{"message":"500 Internal Server Error"}"#)
        }
        _ => small(target),
    })
    .await;
    let run = run(&gitlab, Setup::default()).await;
    run.result.as_ref().unwrap();
    assert_eq!(run.tally.lost(LossKind::Failed), 1);
    assert_eq!(counted.load(Ordering::Relaxed), 2, "one retry");
}

#[tokio::test]
async fn the_clock_of_the_server_is_known_after_an_answer() {
    let gitlab = GitLab::start(|_, _| Reply::json("[]").with("date", "Sun, 06 Nov 1994 08:49:37 GMT")).await;
    let client = client(&gitlab.url, Duration::from_secs(1));
    assert_eq!((client.server_now(), client.clock_offset()), (None, None));
    client.get_version().await.unwrap();
    let there = client.server_now().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!((784_111_777..784_111_787).contains(&there), "{there}");
    assert!(client.clock_offset().unwrap().num_days() < -365 * 30);
}
