//! What a collector is told of a run, as a real one takes it and hands it on; and that a run depends on none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use test_servers::Otel;

use crate::command::{Pipeline, TOKEN, sample, shown};
use crate::gitlab::{GitLab, Reply};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// Everything below these keys, in the order in which it came.
fn below<'v>(values: &'v [Value], keys: &[&str]) -> Vec<&'v Value> {
    let mut found: Vec<&Value> = values.iter().collect();
    for key in keys {
        found = found.into_iter().filter_map(|value| value[key].as_array()).flatten().collect();
    }
    found
}

fn spans(received: &[Value]) -> Vec<&Value> {
    below(received, &["resourceSpans", "scopeSpans", "spans"])
}

fn attributes(of: &Value) -> BTreeMap<&str, String> {
    let pair = |attribute: &'_ Value| {
        let value = attribute["value"].as_object().unwrap().values().next().unwrap();
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    };
    let all = of["attributes"].as_array().unwrap().iter();
    all.map(|attribute| (attribute["key"].as_str().unwrap(), pair(attribute))).collect()
}

/// As the definitions of OpenTelemetry write ids in JSON: in base 64, of which hex is made.
fn hex(id: &Value) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = id.as_str().unwrap_or_default().trim_end_matches('=');
    let place = |letter: u8| LETTERS.iter().position(|known| *known == letter).unwrap();
    let bits: String = text.bytes().map(|letter| format!("{:06b}", place(letter))).collect();
    let bytes = bits.as_bytes().chunks_exact(8).map(|byte| std::str::from_utf8(byte).unwrap());
    bytes.map(|byte| format!("{:02x}", u8::from_str_radix(byte, 2).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_the_trace_and_the_figures_of_a_run() {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let pipeline = Pipeline::new(move |path| match path {
        "/api/v4/projects/1/issues" if count.fetch_add(1, Ordering::Relaxed) < 2 => Reply::fault(502, "{}"),
        _ => sample(path),
    })
    .await;
    let otel = tokio::task::spawn_blocking(Otel::start).await.unwrap();
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", otel.endpoint()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a-secret-key".to_owned()),
        ("OTEL_SERVICE_NAME", "gitlab-hourly".to_owned()),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod".to_owned()),
        ("TRACEPARENT", parent),
        ("PIPELINE__EXTRACT__RETRY_DELAY", "5ms".to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (code, text) = shown(&pipeline.run(&["run", "-vvv"], &variables).await);
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains("warning: ") && !text.contains("a-secret-key"), "{text}");
    let whole = |received: &[Value]| {
        let has_run = spans(received).iter().any(|span| span["name"] == "run sample-pipeline");
        has_run && received.iter().any(|request| request["resourceMetrics"].is_array())
    };
    let received = tokio::task::spawn_blocking(move || otel.received(whole)).await.unwrap();
    let all = Value::from(received.clone()).to_string();
    assert!(!all.contains(TOKEN) && !all.contains("a-secret-key") && !all.contains("membership"), "{all}");

    let spans = spans(&received);
    let named = |name: &str| spans.iter().copied().filter(|span| span["name"] == name).collect::<Vec<_>>();
    assert!(spans.iter().all(|span| hex(&span["traceId"]) == TRACE), "{spans:?}");
    let run = named("run sample-pipeline")[0];
    assert_eq!(hex(&run["parentSpanId"]), SPAN);
    assert_eq!(attributes(run)["gitlab_pipeline.rows"], "4");
    let issues = named("project_issues")[0];
    assert_eq!(issues["parentSpanId"], run["spanId"]);
    let counted = attributes(issues);
    let of_issues = ["records", "requests", "retries", "skipped"];
    let of_issues = of_issues.map(|name| counted[format!("gitlab_pipeline.{name}").as_str()].as_str());
    assert_eq!(of_issues, ["1", "2", "2", "1"]);
    let requests = named("GET /projects/{id}/issues");
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|span| span["parentSpanId"] == issues["spanId"]));
    assert!(requests.iter().all(|span| span["kind"] == "SPAN_KIND_CLIENT"));
    let of = |status: &str| {
        let of_status = requests.iter().map(|span| (attributes(span), *span));
        let mut of_status = of_status.filter(|(found, _)| found["http.response.status_code"] == status);
        of_status.next().unwrap()
    };
    let (good, _) = of("200");
    assert_eq!(good["http.request.resend_count"], "2");
    assert_eq!((good["http.request.method"].as_str(), good["server.address"].as_str()), ("GET", "127.0.0.1"));
    let (refused, span) = of("403");
    assert_eq!(
        (refused["error.type"].as_str(), &span["status"]["code"]),
        ("forbidden", &"STATUS_CODE_ERROR".into())
    );

    let metrics = below(&received, &["resourceMetrics", "scopeMetrics", "metrics"]);
    let metric = |name: &str| *metrics.iter().find(|metric| metric["name"] == *name).unwrap();
    let rows = metric("gitlab_pipeline.rows")["sum"]["dataPoints"].as_array().unwrap();
    let rows: BTreeMap<_, _> = rows
        .iter()
        .map(|point| (attributes(point)["gitlab_pipeline.table"].clone(), point["asInt"].clone()))
        .collect();
    assert_eq!(rows["projects"], "2");
    assert_eq!(metric("gitlab_pipeline.exit_code")["gauge"]["dataPoints"][0]["asInt"], "0");
    assert!(metric("gitlab_pipeline.duration")["gauge"]["dataPoints"][0]["asDouble"].as_f64() > Some(0.0));
    for request in
        below(&received, &["resourceSpans"]).into_iter().chain(below(&received, &["resourceMetrics"]))
    {
        let of_resource = attributes(&request["resource"]);
        assert_eq!(of_resource["service.name"], "gitlab-hourly");
        assert_eq!(of_resource["service.version"], "1.2.3");
        assert_eq!(of_resource["deployment.environment.name"], "prod");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_depends_on_no_collector() {
    let pipeline = Pipeline::new(sample).await;
    let refusing = GitLab::start(|_, _| Reply::fault(401, "")).await;
    for (endpoint, said) in [
        (
            refusing.url.as_str(),
            "spans, and the figures of the run, did not reach the collector: the answer has status 401",
        ),
        ("http://user:a-secret-key@127.0.0.1:9", "did not reach the collector: cannot connect"),
        (
            "a-secret-key:4318",
            "there is no telemetry of this run: `OTEL_EXPORTER_OTLP_ENDPOINT` is not an address",
        ),
    ] {
        let began = Instant::now();
        let output = pipeline.run(&["run", "-vvv"], &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]).await;
        let (code, text) = shown(&output);
        assert_eq!(code, Some(0), "{text}");
        let warnings: Vec<&str> = text.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert!(warnings.len() == 1 && warnings[0].contains(said), "{said} in {text}");
        assert!(!text.contains("a-secret-key"), "{text}");
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
    let (before, _) = (refusing.asked().len(), shown(&pipeline.run(&["run"], &[]).await));
    assert_eq!(refusing.asked().len(), before, "off unless it is asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_collector_is_bounded_and_counted() {
    const MANY: usize = 4_000;
    let lists = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&lists);
    let pipeline = Pipeline::new(move |path| match path {
        "/api/v4/projects" => {
            let projects: Vec<String> = (1..=MANY).map(|id| format!(r#"{{"id": {id}}}"#)).collect();
            Reply::json(&format!("[{}]", projects.join(",")))
        }
        _ => {
            asked.fetch_add(1, Ordering::Relaxed);
            Reply::json("[]")
        }
    })
    .await;
    // It answers when there is nothing more to tell it of, but before it is given up.
    let slow = GitLab::start(move |_, _| {
        let began = Instant::now();
        while lists.load(Ordering::Relaxed) < MANY && began.elapsed() < Duration::from_secs(8) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Reply::json("{}")
    })
    .await;
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", slow.url.as_str()), ("OTEL_METRICS_EXPORTER", "none")];
    let (code, text) = shown(&pipeline.run(&["run", "--select=project_issues"], &variables).await);
    assert_eq!(code, Some(0), "{text}");
    let warning = text.lines().find(|line| line.starts_with("warning: ")).unwrap_or_default();
    assert!(
        warning.contains(" did not reach the collector: the collector takes fewer than there are"),
        "{text}"
    );
    let dropped: usize = warning.split(' ').nth(1).unwrap().replace(',', "").parse().unwrap();
    let sent: usize = slow.asked().iter().map(|asked| asked.body.matches("spanId").count()).sum();
    assert!(dropped > 0 && sent < MANY, "{dropped} dropped, {sent} sent");
    let requests = text.lines().find_map(|line| line.split_once(" requests, ")).unwrap().0;
    // Two resources and the run have one each as well.
    assert_eq!(sent + dropped, requests.replace(',', "").parse::<usize>().unwrap() + 3);
}
