//! Who may read what: `check`, `plan`, exit codes, and that no secret is shown.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use sample_gitlab::{Fault, Faults, SampleServer, Settings, Size, World, cast, tokens};

use crate::example::{Ended, Example};

fn server() -> SampleServer {
    SampleServer::start(World::new(Size::small()), Settings::default()).expect("a server")
}

fn check(server: &SampleServer, token: &str, config: &str) -> (Ended, Example) {
    let example = Example::new(config);
    let url = server.url();
    let ended = example.run_with(&[("GITLAB_URL", &url), ("GITLAB_TOKEN", token)], &["check"]);
    (ended, example)
}

#[test]
fn check_tells_what_the_token_opens_and_writes_nothing() {
    let server = server();
    let scope = format!("[scope]\ngroups = ['{}']\nprojects = ['{}']", cast::PLATFORM, cast::PERSONAL);
    let (ended, example) = check(&server, tokens::MEMBER, &scope);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for part in [
        "token `sample`: scopes read_api; expire",
        "user `mira`",
        "GitLab 18.5.0-ee",
        "group `platform`: `platform`, id ",
    ] {
        assert!(ended.stdout.contains(part), "{part} in\n{}", ended.stdout);
    }
    assert!(!example.path("gitlab.sqlite").exists());
    assert_eq!(server.log().len(), 5, "one question per thing");
}

#[test]
fn an_empty_scope_is_counted() {
    let server = server();
    let (ended, _) = check(&server, tokens::MEMBER, "");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("a member of 3 groups\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("a member of 7 projects\n"), "{}", ended.stdout);
    let (ended, example) = check(&server, tokens::OUTSIDER, "");
    let environment = [("GITLAB_URL", server.url()), ("GITLAB_TOKEN", tokens::OUTSIDER.to_owned())];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    for ended in [ended, example.run_with(&environment, &["run"])] {
        assert_eq!(ended.code, Some(5), "{}", ended.stdout);
        let expected = "error: no_resources: the token is a member of no group";
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
}

#[test]
fn each_kind_of_refusal_has_its_name_and_its_code() {
    let server = server();
    let scope = "[scope]\ngroups = ['platform', 'acme/none']";
    for (token, config, code, expected) in [
        (tokens::EXPIRED, "", 3, "error: invalid_credentials: "),
        (tokens::REVOKED, "", 3, "error: invalid_credentials: "),
        ("nonsense", "", 3, "error: invalid_credentials: "),
        (tokens::EXPIRED, "[gitlab]\ntoken_type = 'bearer'", 3, "Token is expired"),
        (tokens::NARROW, "", 4, "error: invalid_permissions: "),
        (tokens::NARROW, "", 4, "one of these scopes is needed: api read_api"),
        (tokens::MEMBER, scope, 5, "error: no_resources: group `acme/none` in `scope` is not there"),
    ] {
        let (ended, _) = check(&server, token, config);
        assert_eq!(ended.code, Some(code), "{token}\n{}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains(expected), "{expected} in\n{}", ended.stderr);
    }
}

#[test]
fn a_plan_is_near_what_a_run_needs_and_cheap() {
    let server = server();
    let example = Example::new("");
    let ended = example.succeed(&server, &["plan"]);
    let cost = server.log().len();
    let about = ended.stdout.lines().find_map(|line| line.strip_prefix("about ")).expect("a sum");
    let about: f64 = about.split(' ').next().expect("a number").replace(',', "").parse().expect("a number");
    let needed = f64::from(u32::try_from(example.load(&server, &[])).expect("few"));
    eprintln!("planned {about}, needed {needed}, with {cost} requests");
    assert!(
        about > needed * 0.8 && about < needed * 1.2,
        "planned {about}, needed {needed}\n{}",
        ended.stdout
    );
    assert!(cost < 160, "{cost} requests for a plan");
    let row =
        |name: &str| ended.stdout.lines().find(|line| line.starts_with(name)).expect("a row").to_owned();
    assert!(row("projects ").contains("known"), "{}", ended.stdout);
    assert!(row("issue_notes").contains("estimated from"), "{}", ended.stdout);
}

/// A token endpoint in front of the sample server, which knows one OAuth token.
fn token_endpoint(made: Arc<Mutex<Vec<String>>>, server: &SampleServer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let behind = server.url().trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (made, behind) = (Arc::clone(&made), behind.clone());
            std::thread::spawn(move || serve(client, &made, &behind));
        }
    });
    url
}

fn serve(mut client: std::net::TcpStream, made: &Mutex<Vec<String>>, behind: &str) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    if head.starts_with(b"POST /oauth/token ") {
        let text = String::from_utf8_lossy(&head).to_lowercase();
        let length = text.split("content-length: ").nth(1)?.split('\r').next()?.parse().ok()?;
        let mut body = vec![0; length];
        client.read_exact(&mut body).ok()?;
        made.lock().ok()?.push(String::from_utf8_lossy(&body).into_owned());
        let body =
            format!(r#"{{"access_token": "{}", "refresh_token": "refresh-new-secret"}}"#, tokens::OAUTH);
        let answer =
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        return client.write_all(answer.as_bytes()).ok();
    }
    // One exchange per connection keeps this simple.
    let head = String::from_utf8_lossy(&head).replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let mut upstream = std::net::TcpStream::connect(behind).ok()?;
    upstream.write_all(head.as_bytes()).ok()?;
    std::io::copy(&mut upstream, &mut client).ok().map(drop)
}

#[test]
fn no_secret_is_shown_however_much_is_said() {
    let server = server();
    let kinds = [
        Fault::Status(500),
        Fault::Status(429),
        Fault::HtmlStatus(502),
        Fault::Reset,
        Fault::CutBody,
        Fault::HtmlInstead,
    ];
    let faults = kinds.into_iter().fold(Faults::default(), |faults, kind| faults.with(kind, 0.05));
    server.set(Settings { faults, ..Settings::default() });
    let made = Arc::new(Mutex::new(Vec::new()));
    let url = token_endpoint(Arc::clone(&made), &server);
    let example = Example::impatient("[extract]\nrate_limit_wait = '20ms'");
    let secrets = example.path("secrets.toml");
    let text = "[gitlab.oauth]\nclient_id = 'app'\nclient_secret = 'client-secret'\n\
                access_token = 'access-old-secret'\nrefresh_token = 'refresh-old-secret'\n";
    std::fs::write(&secrets, text).expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    }
    let run =
        |arguments: &[&str]| example.run_with(&[("GITLAB_URL", &url), ("RUST_BACKTRACE", "1")], arguments);
    let ended = [
        run(&["run", "-vvv", "--select=groups,projects,project_*"]),
        run(&["check", "-vvv"]),
        run(&["plan", "-vvv"]),
    ];
    assert_eq!(ended[0].code, Some(0), "{}", ended[0].stderr);
    assert!(ended[0].stderr.contains("trying again"), "{}", ended[0].stderr);
    assert_eq!(made.lock().expect("a lock").len(), 1, "one exchange");
    assert!(std::fs::read_to_string(&secrets).expect("a file").contains("refresh-new-secret"));
    let hidden =
        ["client-secret", "access-old-secret", "refresh-old-secret", "refresh-new-secret", tokens::OAUTH];
    for secret in hidden {
        for ended in &ended {
            assert!(!ended.stdout.contains(secret) && !ended.stderr.contains(secret), "{secret} is shown");
        }
        let is_asked = |exchange: &sample_gitlab::Exchange| {
            exchange.query.contains(secret) || exchange.path.contains(secret) || exchange.token_in_url
        };
        assert!(!server.log().iter().any(is_asked), "{secret} stands in an address");
        let database = std::fs::read(example.path("gitlab.sqlite")).expect("a database");
        assert!(!database.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} is loaded");
    }
    assert!(server.log().iter().all(|exchange| exchange.credentials == ["authorization"]));
}

#[test]
fn a_plain_token_is_shown_by_no_failure() {
    let server = server();
    for (token, arguments) in [
        (tokens::MEMBER, ["run", "-vvv"]),
        (tokens::EXPIRED, ["run", "-vvv"]),
        (tokens::NARROW, ["check", "-vvv"]),
        ("wrong\ntoken-secret", ["run", "-vvv"]),
    ] {
        let example = Example::new("[scope]\nprojects = ['mira/dotfiles']");
        let url = server.url();
        let ended = example.run_with(&[("GITLAB_URL", &url), ("GITLAB_TOKEN", token)], &arguments);
        for part in token.split('\n').filter(|part| part.contains('-')) {
            assert!(!format!("{}{}", ended.stdout, ended.stderr).contains(part), "{}", ended.stderr);
        }
    }
}
