//! The program as people and schedulers meet it: output, exit codes, and that a token is shown nowhere.

use std::process::{Command, Output};

use tempfile::TempDir;

use crate::gitlab::{GitLab, Reply};

pub(super) const TOKEN: &str = "glpat-secret";

/// A folder with a configuration, and a server that one project with one issue can be read from.
pub(super) struct Pipeline {
    pub(super) folder: TempDir,
    url: String,
}

impl Pipeline {
    pub(super) async fn new(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let gitlab = GitLab::start(move |target, _| reply(target.split('?').next().unwrap())).await;
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("config.toml"), "").unwrap();
        Self { folder, url: gitlab.url }
    }

    /// Runs the program with these arguments and variables and nothing else from the environment.
    pub(super) async fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = self.command(arguments, variables);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    pub(super) fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sample-pipeline"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("GITLAB_URL", &self.url).env("GITLAB_TOKEN", TOKEN);
        command.envs(variables.iter().copied());
        command
    }
}

pub(super) fn sample(path: &str) -> Reply {
    match path.trim_start_matches("/api/v4") {
        "/projects" => Reply::json(r#"[{"id": 1}, {"id": 2}]"#),
        "/projects/1/issues" => Reply::json(r#"[{"id": 11, "iid": 1}]"#),
        "/projects/2/issues" => Reply::fault(403, r#"{"message":"403 Forbidden"}"#),
        "/projects/1/issues/1/notes" => Reply::json(r#"[{"id": 111}]"#),
        _ => Reply::fault(404, r#"{"error":"404 Not Found"}"#),
    }
}

pub(super) fn shown(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8(output.stderr.clone()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_reports_what_it_loaded_and_what_not() {
    let pipeline = Pipeline::new(sample).await;
    let output = pipeline.run(&["run", "-vvv"], &[]).await;
    let (code, text) = shown(&output);
    assert_eq!(code, Some(0), "{text}");
    assert!(output.stdout.is_empty());
    for line in [
        "resource             records  requests  retries  skipped  failed",
        "project_issues             1         2        0        1       0",
        "skipped: 1 partition of `project_issues`: forbidden: 403 Forbidden (for example /projects/2/issues)",
        "4 requests, 0 retries, 4 sent in all",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} in\n{text}");
    }
    assert!(!text.contains(TOKEN), "{text}");
    assert!(pipeline.folder.path().join("gitlab.sqlite").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_ends_in_a_line_that_nobody_misses() {
    let pipeline = Pipeline::new(sample).await;
    let (code, text) = shown(&pipeline.run(&["run", "--limit", "1"], &[]).await);
    assert_eq!(code, Some(0), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("truncated: `--limit 1` cut off records of projects"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_failure_has_its_exit_code() {
    let refused = |status, body: &'static str| move |_: &str| Reply::fault(status, body);
    let pipeline = Pipeline::new(refused(401, r#"{"message":"401 Unauthorized"}"#)).await;
    let (code, text) = shown(&pipeline.run(&["run"], &[]).await);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.starts_with("error: invalid_credentials: http://127.0.0.1"), "{text}");

    let pipeline = Pipeline::new(refused(403, r#"{"error":"insufficient_scope","scope":"read_api"}"#)).await;
    let (code, text) = shown(&pipeline.run(&["run"], &[]).await);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.starts_with("error: invalid_permissions: "), "{text}");

    let pipeline = Pipeline::new(sample).await;
    let (code, text) = shown(&pipeline.run(&["run"], &[("PIPELINE__SCOPE__GROUPS", "acme/none")]).await);
    assert_eq!(code, Some(5), "{text}");
    assert!(text.starts_with("error: no_resources: group `acme/none`"), "{text}");

    for (arguments, variables) in [
        (["run", "--select=project_isues"], ("X", "")),
        (["run", "--limit=0"], ("X", "")),
        (["run", "-v"], ("PIPELINE__SCOPE__GRUPS", "a")),
        (["run", "-v"], ("GITLAB_TOKEN", "")),
        (["run", "-v"], ("PIPELINE__DESTINATION__KIND", "stone")),
        (["run", "--config=none.toml"], ("X", "")),
    ] {
        let (code, text) = shown(&pipeline.run(&arguments, &[variables]).await);
        assert_eq!(code, Some(2), "{arguments:?} {variables:?} {text}");
        assert!(text.starts_with("error: "), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_partition_is_exit_code_6_and_the_rest_is_loaded() {
    let pipeline = Pipeline::new(|path| match path {
        "/api/v4/projects/1/issues" => Reply::fault(400, r#"{"message":"400 Bad request"}"#),
        "/api/v4/projects/2/issues" => Reply::json(r#"[{"id": 21, "iid": 1}]"#),
        _ => sample(path),
    })
    .await;
    let (code, text) = shown(&pipeline.run(&["run", "--select", "project_issues"], &[]).await);
    assert_eq!(code, Some(6), "{text}");
    assert!(text.contains("failed: 1 partition of `project_issues`: GitLab refuses the request"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_what_needs_one_is_left_out() {
    let pipeline = Pipeline::new(|path| match path {
        "/api/v4/projects/2/issues" => Reply::fault(401, r#"{"message":"401 Unauthorized"}"#),
        _ => sample(path),
    })
    .await;
    let (code, text) = shown(&pipeline.run(&["run"], &[("PIPELINE__GITLAB__TOKEN_TYPE", "none")]).await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("`project_issues`: not given without an access token: 401 Unauthorized"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_are_listed_on_stdout() {
    let pipeline = Pipeline::new(sample).await;
    let output = pipeline.run(&["resources", "--format", "json"], &[]).await;
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let issues = &listed[1];
    assert_eq!(issues["name"], "project_issues");
    assert_eq!(issues["path"], "/projects/{id}/issues");
    assert_eq!((&issues["parent"], &issues["enabled"]), (&"projects".into(), &true.into()));
    let table = String::from_utf8(pipeline.run(&["resources"], &[]).await.stdout).unwrap();
    assert!(table.starts_with("name                 path"), "{table}");
}

/// Every line of stderr, as JSON.
fn events(output: &Output) -> Vec<serde_json::Value> {
    let (_, text) = shown(output);
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_get_json_to_the_last_line_however_it_ends() {
    let refused = |_: &str| Reply::fault(401, r#"{"message":"401 Unauthorized"}"#);
    let (good, bad) = (Pipeline::new(sample).await, Pipeline::new(refused).await);
    let no_variable = ("X", "");
    /// Arguments, a variable, the last event and the exit code.
    type Case<'c> = (&'c Pipeline, &'c [&'c str], (&'c str, &'c str), &'c str, i32);
    let cases: [Case<'_>; 7] = [
        (&good, &["run", "-vvv"], no_variable, "report", 0),
        (&good, &["run", "--limit", "1"], no_variable, "report", 0),
        (&bad, &["run", "-v"], no_variable, "error", 3),
        (&good, &["run", "--limit=0"], no_variable, "error", 2),
        (&good, &["runn"], no_variable, "error", 2),
        (&good, &["run"], ("PIPELINE__SCOPE__GRUPS", "a"), "error", 2),
        (&good, &["run"], ("PIPELINE__SCOPE__PROJECTS", "acme/none"), "error", 5),
    ];
    for (pipeline, arguments, variable, last, code) in cases {
        let arguments = [arguments, &["--log-format", "json"]].concat();
        let output = pipeline.run(&arguments, &[variable]).await;
        let events = events(&output);
        let end = events.last().unwrap();
        assert_eq!(
            (end["event"].as_str(), output.status.code()),
            (Some(last), Some(code)),
            "{arguments:?} {end}"
        );
        if last == "error" {
            assert_eq!(end["exit_code"], code, "{end}");
            assert!(end["message"].as_str().is_some_and(|text| !text.starts_with("error")), "{end}");
        }
    }
    let output = good.run(&["run", "--limit", "1", "--log-format", "json"], &[]).await;
    assert_eq!(events(&output).last().unwrap()["truncated"][0], "projects");
}

/// A server that takes its time for the issues of the second project.
pub(super) fn slow(path: &str) -> Reply {
    if path == "/api/v4/projects/2/issues" {
        std::thread::sleep(std::time::Duration::from_secs(5));
    }
    sample(path)
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn signals_end_a_run_in_good_order_with_a_code_of_its_own() {
    for signal in ["INT", "TERM", "HUP"] {
        let pipeline = Pipeline::new(slow).await;
        let mut command = pipeline.command(&["run"], &[("PIPELINE__LOAD__PACKAGE_ROWS", "1")]);
        let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
        let kill = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        let (code, text) = shown(&output);
        assert_eq!(code, Some(7), "{text}");
        assert!(
            text.contains(&format!("error: interrupted by SIG{signal}: what was read so far is loaded")),
            "{text}"
        );
        let info = pipeline.run(&["info", "--format", "json"], &[]).await;
        let loads: serde_json::Value = serde_json::from_slice(&info.stdout).unwrap();
        assert_eq!(loads[0]["status"], "interrupted");
        assert_eq!(loads[0]["rows"]["projects"], 2, "{loads}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_wait_is_told_in_every_form_and_counts_down() {
    let limited = |path: &str| match path {
        "/api/v4/projects" | "/api/v4/user" => Reply::fault(429, "Retry later").with("retry-after", "3000"),
        _ => sample(path),
    };
    let mut running = Vec::new();
    for (arguments, said) in [
        (&["run"][..], "waiting for the rate limit, "),
        (&["run", "-v"], "waiting for the rate limit, "),
        (&["run", "--log-format", "json"], "\"waiting\":{\"for\":\"rate_limit\",\"seconds\":"),
        (&["check"], "waiting for the rate limit, "),
        (&["plan"], "waiting for the rate limit, "),
    ] {
        let pipeline = Pipeline::new(limited).await;
        let mut command = pipeline.command(arguments, &[]);
        let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        running.push((pipeline, child, said));
    }
    tokio::time::sleep(std::time::Duration::from_secs(12)).await;
    for (_pipeline, mut child, said) in running {
        child.kill().unwrap();
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        let told = text.split(said).skip(1).map(|rest| rest.split(['s', '}']).next().unwrap().to_owned());
        let mut told: Vec<String> = told.collect();
        assert!(told.len() >= 2, "{text}");
        let all = told.len();
        told.dedup();
        assert_eq!(told.len(), all, "it counts down: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_were_mended_are_counted_in_the_report() {
    let pipeline = Pipeline::new(|path| match path {
        "/api/v4/projects/1/issues" => Reply::bytes(b"[{\"id\": 11, \"iid\": 1, \"title\": \"M\xfcller\"}]"),
        _ => sample(path),
    })
    .await;
    let (code, text) = shown(&pipeline.run(&["run"], &[]).await);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("note: 1 page held bytes that are no UTF-8, or no JSON; repaired"), "{text}");
}

/// What a shell and `man` are told needs no configuration.
#[test]
fn the_manual_is_the_command_line() {
    let folder = TempDir::new().unwrap();
    let said = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sample-pipeline"));
        let output = command.args(arguments).current_dir(folder.path()).env_clear().output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, script, error) = said(&["completions", shell]);
        assert!(
            code == Some(0) && script.contains("full-refresh") && script.contains("sample"),
            "{shell}: {error}"
        );
    }
    let (_, page, _) = said(&["man", "run"]);
    assert!(page.contains(".TH") && page.contains("full\\-refresh"), "{page}");
    let (code, _, error) = said(&["man", "rum"]);
    assert_eq!(
        (code, error.as_str()),
        (Some(2), "error: there is no command `rum`\n\nhint: `help` lists them\n")
    );
}
