use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sample_gitlab::{Fault, Faults, RateLimit, SampleServer, Settings, Size, SlowPages, TooMany, tokens};

use super::client::{Client, small, started};

fn failing(faults: Faults) -> SampleServer {
    started(Size::small(), Settings { faults, ..Settings::default() })
}

/// At the beginning of a window.
fn limited(answer: TooMany) -> SampleServer {
    let window = Duration::from_secs(1);
    let past = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    std::thread::sleep(window - Duration::from_nanos(past.into()));
    let limit = RateLimit { requests: 3, window, answer };
    started(Size::small(), Settings { rate_limit: Some(limit), ..Settings::default() })
}

#[test]
fn the_middleware_refuses_in_plain_text_and_says_how_long() {
    let server = limited(TooMany::PlainText);
    let client = Client::of(&server);
    let first = client.get("/version");
    assert_eq!(first.header("ratelimit-remaining"), Some("2"));
    assert_eq!(first.header("ratelimit-observed"), Some("1"));
    assert_eq!(first.header("ratelimit-limit"), Some("180"), "scaled to a minute");
    assert_eq!(first.header("retry-after"), None);
    client.get("/version");
    client.get("/version");
    let refused = client.get("/version");
    assert_eq!((refused.status, refused.text.trim()), (429, "Retry later"));
    assert_eq!(refused.header("content-type"), Some("text/plain"));
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    assert!(refused.header("ratelimit-resettime").unwrap().ends_with("GMT"));
    let wait = refused.header("retry-after").unwrap().parse().unwrap();
    std::thread::sleep(Duration::from_secs(wait));
    assert_eq!(client.get("/version").status, 200);
}

#[test]
fn the_application_refuses_in_json_without_a_word_about_time() {
    let server = limited(TooMany::Json);
    let client = Client::of(&server);
    (0..3).for_each(|_| assert_eq!(client.get("/version").status, 200));
    let refused = client.get("/version");
    assert_eq!(refused.status, 429);
    let text = "This endpoint has been requested too many times. Try again later.";
    assert_eq!(refused.json()["message"]["error"], text);
    assert!(refused.header("retry-after").is_none() && refused.header("ratelimit-reset").is_none());
}

#[test]
fn errors_come_as_json_or_html() {
    let server = failing(Faults::always(Fault::Status(502)));
    let client = Client::of(&server);
    let reply = client.get("/version");
    assert_eq!((reply.status, reply.text.as_str()), (502, r#"{"message":"502 Bad Gateway"}"#));
    server.set(Settings { faults: Faults::always(Fault::HtmlStatus(503)), ..Settings::default() });
    let reply = client.get("/version");
    assert_eq!((reply.status, reply.header("content-type")), (503, Some("text/html; charset=utf-8")));
    server.set(Settings { faults: Faults::always(Fault::HtmlInstead), ..Settings::default() });
    let reply = client.get("/version");
    assert_eq!(reply.status, 200);
    assert!(reply.text.starts_with("<!DOCTYPE html>"));
}

/// The bytes of an answer as they arrive, and how the connection ended.
fn raw(server: &SampleServer, path: &str) -> (String, std::io::Result<usize>) {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    let token = server.token();
    write!(stream, "GET /api/v4{path} HTTP/1.1\r\nHost: sample\r\nPRIVATE-TOKEN: {token}\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    (String::from_utf8_lossy(&bytes).into_owned(), ended)
}

#[test]
fn a_cut_body_is_shorter_than_announced() {
    let server = failing(Faults::always(Fault::CutBody));
    let (answer, _) = raw(&server, "/users");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let announced: usize = announced.parse().unwrap();
    assert!(!body.is_empty() && body.len() < announced, "{} of {announced}", body.len());
    assert!(Client::of(&server).try_get("/users").is_err());
}

#[test]
fn a_reset_connection_brings_no_answer() {
    let server = failing(Faults::always(Fault::Reset));
    let (answer, ended) = raw(&server, "/users");
    assert_eq!(answer, "");
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(server.log()[0].status, None);
    assert_eq!(server.log()[0].fault, Some(Fault::Reset));
}

#[test]
fn a_stalled_request_hangs_until_the_client_gives_up_and_the_server_still_stops() {
    let server = failing(Faults::always(Fault::Stall));
    let began = Instant::now();
    assert!(Client::of(&server).try_get("/version").is_err());
    assert!(began.elapsed() >= Duration::from_secs(2), "the client's timeout");
    drop(server);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn the_same_seed_fails_the_same_requests() {
    let outcome = |seed: u64| {
        let faults = Faults { seed, ..Faults::default().with(Fault::Status(500), 0.5) };
        let server = failing(faults);
        let client = Client::of(&server);
        (1..40).map(|page| client.get(&format!("/users?page={page}")).status).collect::<Vec<_>>()
    };
    let first = outcome(7);
    assert!(first.contains(&200) && first.contains(&500));
    assert_eq!(first, outcome(7));
    assert_ne!(first, outcome(8));
}

#[test]
fn faults_can_be_kept_to_one_list() {
    let only = Some("/api/v4/projects/{project_id}/issues".to_owned());
    let server = failing(Faults { only, ..Faults::always(Fault::Status(500)) });
    let client = Client::of(&server);
    assert_eq!(client.get("/projects/11/issues").status, 500);
    assert_eq!(client.get("/projects/11/issues/1").status, 200);
}

#[test]
fn large_pages_time_out_and_smaller_ones_do_not() {
    let slow = SlowPages { template: "/projects/{id}/issues".to_owned(), largest: 25 };
    let server = started(Size::small(), Settings { slow_pages: vec![slow], ..Settings::default() });
    let client = Client::of(&server);
    assert_eq!(client.get("/projects/11/issues?per_page=100").status, 504);
    assert_eq!(client.get("/projects/11/issues?per_page=50").status, 504);
    assert_eq!(client.get("/projects/11/issues?per_page=25").status, 200);
}

#[test]
fn latency_is_waited_for() {
    let server =
        started(Size::small(), Settings { latency: Duration::from_millis(80), ..Settings::default() });
    let began = Instant::now();
    Client::of(&server).get("/version");
    assert!(began.elapsed() >= Duration::from_millis(80));
}

#[test]
fn the_log_tells_of_a_token_in_a_url_without_repeating_it() {
    let server = small();
    Client::of(&server).get("/projects?page=1");
    let leaked = Client::anonymous(&server).get(&format!("/user?private_token={}", tokens::MEMBER));
    assert_eq!(leaked.status, 200, "it works, which is why people do it");
    let log = server.log();
    let seen: Vec<_> = log.iter().map(|exchange| exchange.token_in_url).collect();
    assert_eq!(seen, [false, true]);
    assert_eq!(log[0].template, Some("/projects"));
    assert_eq!((log[0].query.as_str(), log[0].status), ("page=1", Some(200)));
    assert!(!format!("{log:?}").contains(tokens::MEMBER));
}

#[test]
fn requests_are_counted_by_template() {
    let server = small();
    let client = Client::of(&server);
    for path in ["/projects/11/issues", "/projects/16/issues?page=2", "/projects/11/issues/1", "/nonsense"] {
        client.get(path);
    }
    assert_eq!(server.requests("/api/v4/projects/{any}/issues"), 2);
    assert_eq!(server.counts().get("/projects/{id}/issues/{issue_iid}"), Some(&1));
    assert_eq!(server.log().len(), 4);
    server.clear_log();
    assert_eq!(server.requests("/projects/{id}/issues"), 0);
}
