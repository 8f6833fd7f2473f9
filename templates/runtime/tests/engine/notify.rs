//! Who is told of a run, of what and in which form; that sending costs a run nothing; and the figures that it leaves.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use test_servers::{installed, program};

use crate::command::{Pipeline, TOKEN, sample, shown, slow};
use crate::gitlab::{Asked, GitLab, Reply};

/// What nobody may see who reads a log.
const SECRET: &str = "T000-B000-secret-of-the-hook";

/// A web server that takes messages.
struct Hook(GitLab);

impl Hook {
    async fn start() -> Self {
        Self::answering(|_| Reply::json("ok")).await
    }

    async fn answering(reply: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self(GitLab::start_with(move |_, before| reply(before)).await)
    }

    fn url(&self) -> String {
        format!("{}/services/{SECRET}", self.0.url)
    }

    /// Bodies in the order in which they came.
    fn messages(&self) -> Vec<Value> {
        let posted = |asked: Asked| {
            assert_eq!(asked.headers["content-type"], "application/json");
            assert!(!asked.headers.contains_key("private-token"), "GitLab's token goes to GitLab alone");
            serde_json::from_str(&asked.body).unwrap()
        };
        self.0.asked().into_iter().map(posted).collect()
    }
}

fn configure(pipeline: &Pipeline, config: &str) {
    std::fs::write(pipeline.folder.path().join("config.toml"), config).unwrap();
}

/// Runs it with a hook; the secret is shown nowhere, however much is said.
async fn run(
    pipeline: &Pipeline,
    url: &str,
    arguments: &[&str],
    more: &[(&str, &str)],
) -> (Option<i32>, String) {
    let variables = [&[("PIPELINE__NOTIFY__URL", url)], more].concat();
    let output = pipeline.run(&[arguments, &["-vvv"]].concat(), &variables).await;
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    assert!(!String::from_utf8_lossy(&all).contains(SECRET), "the address of the hook is shown");
    shown(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_end_badly_is_told() {
    let status = |status, body: &'static str| move |_: &str| Reply::fault(status, body);
    let unauthorized = Pipeline::new(status(401, r#"{"message":"401 Unauthorized"}"#)).await;
    let forbidden = Pipeline::new(status(403, r#"{"error":"insufficient_scope","scope":"read_api"}"#)).await;
    let part = Pipeline::new(|path| match path {
        "/api/v4/projects/1/issues" => Reply::fault(400, r#"{"message":"400 Bad request"}"#),
        _ => sample(path),
    })
    .await;
    let good = Pipeline::new(sample).await;
    // Pipeline, arguments, a variable, exit code, class, and what a reader learns.
    let cases = [
        (&unauthorized, "--limit=1", ("X", ""), 3, Some("invalid_credentials"), "does not accept the token"),
        (
            &forbidden,
            "--limit=1",
            ("X", ""),
            4,
            Some("invalid_permissions"),
            "next: create a token with scope",
        ),
        (
            &good,
            "--limit=1",
            ("PIPELINE__SCOPE__GROUPS", "acme/none"),
            5,
            Some("no_resources"),
            "`acme/none`",
        ),
        (&part, "--limit=1", ("X", ""), 6, None, "failed: 1 partition of `project_issues`: GitLab refuses"),
        (&good, "--strict", ("X", ""), 6, None, "skipped: 1 partition of `project_issues`: forbidden"),
        // Before the first request, and where the rest of the configuration cannot be used.
        (&good, "--select=project_isues", ("X", ""), 2, None, "next: did you mean `project_issues`?"),
        (&good, "--limit=1", ("GITLAB_TOKEN", ""), 2, None, "no token for http://127.0.0.1"),
        (&good, "--limit=1", ("PIPELINE__SCOPE__GRUPS", "a"), 2, None, "unknown key `scope.grups`"),
        (&good, "--limit=1", ("PIPELINE__DESTINATION__SQLITE__PATH", "none/x.db"), 1, None, "none/x.db"),
    ];
    for (pipeline, argument, variable, code, class, said) in cases {
        let hook = Hook::start().await;
        let (ended, text) = run(pipeline, &hook.url(), &["run", argument], &[variable]).await;
        assert_eq!(ended, Some(code), "{text}");
        let messages = hook.messages();
        let [message] = &messages[..] else { panic!("{messages:?} {text}") };
        assert_eq!((&message["exit_code"], &message["pipeline"]), (&code.into(), &"sample-pipeline".into()));
        assert_eq!(message["occasions"][0], "failure", "{message}");
        assert_eq!(message["error"]["class"].as_str(), class, "{message}");
        let lines = message["lines"].to_string();
        assert!(lines.contains(said), "{said} in {lines}");
        assert!(!message.to_string().contains(TOKEN), "{message}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_told_to_end_says_so_first() {
    let (pipeline, hook) = (Pipeline::new(slow).await, Hook::start().await);
    let mut command = pipeline.command(&["run"], &[("PIPELINE__NOTIFY__URL", &hook.url())]);
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), Some(7));
    let message = &hook.messages()[0];
    assert_eq!(message["title"], "sample-pipeline: the run was interrupted");
    assert!(message["lines"].to_string().contains("interrupted by SIGTERM"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_news_is_not_told() {
    let calls = Arc::new(AtomicUsize::new(0));
    let round = Arc::clone(&calls);
    let pipeline = Pipeline::new(move |path| match (path, round.load(Ordering::Relaxed)) {
        ("/api/v4/projects/1/issues", 2..) => {
            Reply::json(r#"[{"id": 11, "iid": 1, "due": "2026-01-31", "assignees": [{"id": 5}]}]"#)
        }
        ("/api/v4/projects/1/issues/1/notes", 3..) => Reply::fault(403, r#"{"message":"403 Forbidden"}"#),
        _ => sample(path),
    })
    .await;
    configure(&pipeline, "[load]\nrefresh_every = '0'");
    let hook = Hook::start().await;
    for (round, occasions, said) in [
        (0, r#"["skipped"]"#, "skipped: 1 partition of `project_issues`: forbidden: 403 Forbidden"),
        (1, "[]", ""),
        (2, r#"["schema_change"]"#, "schema: new column `project_issues.due`: text"),
        (3, r#"["skipped"]"#, "skipped: 1 partition of `project_issue_notes`"),
        (4, "[]", ""),
    ] {
        calls.store(round, Ordering::Relaxed);
        let before = hook.messages().len();
        let (code, text) = run(&pipeline, &hook.url(), &["run"], &[]).await;
        assert_eq!(code, Some(0), "{text}");
        let told = hook.messages().split_off(before);
        if occasions == "[]" {
            assert_eq!(told, [Value::Null; 0], "round {round}");
            continue;
        }
        assert_eq!(told.len(), 1, "round {round}: {text}");
        assert_eq!(told[0]["occasions"].to_string(), occasions);
        assert!(told[0]["lines"].to_string().contains(said), "{said} in {}", told[0]);
        assert_eq!(told[0]["exit_code"], 0);
    }
    let changes = hook.messages()[1]["schema_changes"].to_string();
    assert!(changes.contains("new table `project_issues__assignees`"), "{changes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_soon_is_told_of_once_a_day() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let pipeline = Pipeline::new(move |path| match path {
        "/api/v4/personal_access_tokens/self" => {
            count.fetch_add(1, Ordering::Relaxed);
            Reply::json(r#"{"id": 7, "name": "sample", "expires_at": "2001-02-03"}"#)
        }
        _ => sample(path),
    })
    .await;
    let hook = Hook::start().await;
    let on = ("PIPELINE__NOTIFY__ON", "token_ends");
    for _ in 0..2 {
        let (code, text) = run(&pipeline, &hook.url(), &["run"], &[on]).await;
        assert_eq!(code, Some(0), "{text}");
    }
    let messages = hook.messages();
    assert_eq!((messages.len(), asked.load(Ordering::Relaxed)), (1, 1));
    assert_eq!(messages[0]["title"], "sample-pipeline: the token ends soon");
    assert_eq!(messages[0]["token_ends_on"], "2001-02-03");
    // Who does not want to be told asks for nothing.
    let other = Pipeline::new(|path| {
        assert!(!path.contains("personal_access_tokens"));
        sample(path)
    })
    .await;
    assert_eq!(run(&other, &hook.url(), &["run"], &[("PIPELINE__NOTIFY__ON", "failure")]).await.0, Some(0));
    assert_eq!(hook.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_gets_its_form_and_what_gitlab_says_is_text() {
    let pipeline = Pipeline::new(|path| match path {
        "/api/v4/projects" => {
            Reply::fault(400, r#"{"message":"<!channel> @all *now* [here](http://evil.example)\u001b[2J"}"#)
        }
        _ => sample(path),
    })
    .await;
    for kind in ["slack", "mattermost", "teams", "json"] {
        let hook = Hook::start().await;
        let variables =
            [("PIPELINE__NOTIFY__KIND", kind), ("PIPELINE__NOTIFY__LINK", "https://ci.example/jobs/7")];
        let (code, text) = run(&pipeline, &hook.url(), &["run"], &variables).await;
        assert_ne!(code, Some(0), "{text}");
        let message = &hook.messages()[0];
        let (body, text) = (message.to_string(), |pointer: &str| message.pointer(pointer).unwrap().clone());
        assert!(!body.contains("\\u001b"), "{body}");
        match kind {
            "slack" => {
                assert_eq!(text("/text"), "sample-pipeline: the run failed");
                assert_eq!(text("/blocks/0/type"), "header");
                assert!(body.contains("&lt;!channel&gt;") && !body.contains("<!"), "{body}");
                assert!(seen("slack", message).contains("<https://ci.example/jobs/7|more>"), "{body}");
            }
            "mattermost" => {
                let text = text("/attachments/0/text").as_str().unwrap().to_owned();
                assert!(text.contains("@\u{200b}all \\*now\\* \\[here\\]"), "{text}");
            }
            "teams" => {
                assert_eq!(text("/type"), "message");
                assert_eq!(text("/attachments/0/content/type"), "AdaptiveCard");
                assert_eq!(text("/attachments/0/content/body/1/type"), "RichTextBlock");
                assert_eq!(text("/attachments/0/content/actions/0/url"), "https://ci.example/jobs/7");
            }
            _ => assert_eq!(text("/link"), "https://ci.example/jobs/7"),
        }
    }
}

/// What is seen of a message where it arrives, by libraries that read such.
fn seen(service: &str, message: &Value) -> String {
    let mut node = Command::new(program("node", &[""; 0]));
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engine/messages.cjs")).arg(service);
    node.env("NODE_PATH", installed("messages").join("node_modules"));
    let mut node = node.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    node.stdin.take().unwrap().write_all(message.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "{service} does not take {message}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_cards_and_of_markdown_see_what_was_said() {
    const SAID: &str = "<!channel> @all *now* _i_ `c` [here](e) ![i](y) <b>x</b> ~~s~~ # | & &lt; 1. \\ $x$";
    let answer = serde_json::json!({"message": SAID}).to_string();
    let pipeline = Pipeline::new(move |path| match path {
        "/api/v4/projects" => Reply::fault(400, &answer),
        _ => sample(path),
    })
    .await;
    for kind in ["mattermost", "teams"] {
        let hook = Hook::start().await;
        run(&pipeline, &hook.url(), &["run"], &[("PIPELINE__NOTIFY__KIND", kind)]).await;
        let message = hook.messages().remove(0);
        let seen = tokio::task::spawn_blocking(move || seen(kind, &message)).await.unwrap();
        assert!(seen.starts_with("sample-pipeline: the run failed\n"), "{seen}");
        assert!(seen.replace('\u{200b}', "").contains(SAID), "{SAID} in {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_does_not_take_messages_costs_a_line() {
    let pipeline = Pipeline::new(sample).await;
    let gone = Hook::answering(|_| Reply::fault(404, "no_service")).await;
    let moved = Hook::answering(|_| Reply::fault(302, "").with("location", "http://127.0.0.1:9/")).await;
    let silent = Hook::answering(|_| {
        std::thread::sleep(Duration::from_secs(12));
        Reply::json("ok")
    })
    .await;
    let closed = format!("http://127.0.0.1:9/{SECRET}");
    for (url, said) in [
        (gone.url(), "the webhook does not take messages: the answer has status 404"),
        (moved.url(), "the answer has status 302"),
        (silent.url(), "no answer within 10 s"),
        (closed, "cannot connect: Connection refused"),
    ] {
        let _ = std::fs::remove_file(pipeline.folder.path().join("gitlab.sqlite"));
        let began = Instant::now();
        let (code, text) = run(&pipeline, &url, &["run"], &[]).await;
        assert_eq!(code, Some(0), "{text}");
        let warnings: Vec<&str> = text.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert!(warnings.len() == 1 && warnings[0].contains(said), "{text}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
    assert_eq!(gone.messages().len(), 1, "a refusal stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_busy_is_asked_again() {
    let pipeline = Pipeline::new(sample).await;
    let hook =
        Hook::answering(|before| if before < 2 { Reply::fault(503, "") } else { Reply::json("ok") }).await;
    let (code, text) = run(&pipeline, &hook.url(), &["run"], &[]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains("warning: "), "{text}");
    assert_eq!(hook.messages().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_tries_the_webhook_out_and_says_what_is_wrong() {
    let pipeline = Pipeline::new(|path| match path {
        "/api/v4/metadata" => Reply::json(r#"{"version": "18.5.0"}"#),
        "/api/v4/groups" => Reply::json("[]"),
        _ => sample(path),
    })
    .await;
    let checked = async |url: &str, more: &[(&str, &str)]| {
        let variables = [&[("PIPELINE__NOTIFY__URL", url)], more].concat();
        let output = pipeline.run(&["check", "--notify"], &variables).await;
        let (code, error) = shown(&output);
        (code, format!("{}{error}", String::from_utf8(output.stdout).unwrap()))
    };
    let hook = Hook::start().await;
    let (code, text) = checked(&hook.url(), &[("PIPELINE__NOTIFY__KIND", "slack")]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("ok       the webhook has taken a message (`kind` = slack)\n"), "{text}");
    assert_eq!(hook.messages()[0]["text"], "sample-pipeline: a test message");
    let gone = Hook::answering(|_| Reply::fault(410, "")).await;
    let (code, text) = checked(&gone.url(), &[]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("fault    the webhook does not take messages: the answer has status 410\n"),
        "{text}"
    );
    assert!(text.contains("hint: see that `notify.url` is whole") && !text.contains(SECRET), "{text}");
    let more = [("PIPELINE__NOTIFY__KIND", "slack"), ("PIPELINE__NOTIFY__PROMETHEUS", "figures.txt")];
    let (code, text) = checked("", &more).await;
    assert_eq!(code, Some(2), "{text}");
    for said in [
        "warning  `[notify]` says what is told, and nobody is: `notify.url` is not set\n",
        "figures.txt` does not end in `.prom`",
        "fault    `notify.url` is not set\n",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_meant_are_refused_without_a_secret() {
    let pipeline = Pipeline::new(sample).await;
    let url = format!("https://hooks.example/{SECRET}");
    for (config, said) in [
        (
            format!("[notify]\nurl = '{url}'"),
            "`notify.url` does not belong in a file that is shared\n  at config.toml:2",
        ),
        ("[notify]\nkind = 'slak'".to_owned(), "`notify.kind` is not usable"),
        ("[notify]\non = ['failures']".to_owned(), "expected some of `failure`, `schema_change`"),
        ("[notify]\nlink = 'ci'".to_owned(), "`notify.link` is not usable: expected an address"),
        ("[notify]\nurls = 'x'".to_owned(), "did you mean `url`?"),
    ] {
        configure(&pipeline, &config);
        let output = pipeline.run(&["run"], &[]).await;
        let (code, text) = shown(&output);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(said) && !text.contains(SECRET), "{said} in {text}");
    }
    configure(&pipeline, "");
    let (code, text) = run(&pipeline, &format!("hooks.example/{SECRET}"), &["run"], &[]).await;
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("`notify.url` is not usable: expected an address"), "{text}");
}

/// What Prometheus's own client reads in the file: by name and labels, the figures.
fn figures(pipeline: &Pipeline) -> Value {
    const READ: &str = "import json, sys\n\
        from prometheus_client.parser import text_fd_to_metric_families as read\n\
        families = list(read(open(sys.argv[1])))\n\
        assert all(family.type == 'gauge' and family.documentation for family in families)\n\
        print(json.dumps({sample.name.removeprefix('gitlab_pipeline_') + ''.join(f' {value}' for name, value in\n\
            sorted(sample.labels.items()) if name != 'pipeline'): sample.value\n\
            for family in families for sample in family.samples}))";
    let python = program("python", &[installed("metrics").join("bin")]);
    let path = pipeline.folder.path().join("gitlab.prom");
    let read = Command::new(python).arg("-c").arg(READ).arg(path).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    serde_json::from_slice(&read.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_the_figures_of_every_run() {
    let calls = Arc::new(AtomicUsize::new(0));
    let round = Arc::clone(&calls);
    let pipeline = Pipeline::new(move |path| match round.load(Ordering::Relaxed) {
        0 => sample(path),
        _ => Reply::fault(401, r#"{"message":"401 Unauthorized"}"#),
    })
    .await;
    configure(&pipeline, "[notify]\nprometheus = 'gitlab.prom'");
    let (code, text) = shown(&pipeline.run(&["run"], &[]).await);
    assert_eq!(code, Some(0), "{text}");
    let good = figures(&pipeline);
    for (name, figure) in [
        ("last_run_exit_code", 0.0),
        ("last_run_rows projects", 2.0),
        ("last_run_rows project_issues", 1.0),
        ("last_run_requests project_issues", 2.0),
        ("last_run_records projects", 2.0),
        ("last_run_skipped_partitions project_issues", 1.0),
        ("last_run_failed_partitions project_issues", 0.0),
        ("last_run_retries projects", 0.0),
        ("last_run_wait_seconds rate_limit", 0.0),
    ] {
        assert_eq!(good[name], figure, "{name} in {good}");
    }
    assert_eq!(good["last_run_timestamp_seconds"], good["last_success_timestamp_seconds"]);
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let ended = good["last_run_timestamp_seconds"].as_f64().unwrap();
    assert!((now - 60.0..=now).contains(&ended), "{ended} of {now}");
    calls.store(1, Ordering::Relaxed);
    let (code, text) = shown(&pipeline.run(&["run"], &[]).await);
    assert_eq!(code, Some(3), "{text}");
    let bad = figures(&pipeline);
    assert_eq!(bad["last_run_exit_code"], 3.0);
    assert_eq!(bad["last_success_timestamp_seconds"], good["last_success_timestamp_seconds"]);
    assert!(bad["last_run_timestamp_seconds"].as_f64() > good["last_run_timestamp_seconds"].as_f64());
    // Where it cannot be written, the run is as it was.
    configure(&pipeline, "[notify]\nprometheus = 'none/gitlab.prom'");
    calls.store(0, Ordering::Relaxed);
    let (code, text) = shown(&pipeline.run(&["run"], &[]).await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("warning: `none/gitlab.prom` has no figures of this run: "), "{text}");
}
