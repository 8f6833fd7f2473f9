//! The variables that OpenTelemetry's programs have in common:
//! [endpoint and headers](https://opentelemetry.io/docs/specs/otel/protocol/exporter/),
//! [names](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/), and the
//! [trace](https://www.w3.org/TR/trace-context/#traceparent-header) that a run is a part of.

use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use thiserror::Error;

use crate::client::ClientError;
use crate::config::{Environment, Secret};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// Where telemetry goes, and what is said of its source.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) pipeline: String,
    /// An endpoint may carry a password.
    pub(super) traces: Option<Secret>,
    pub(super) metrics: Option<Secret>,
    pub(super) headers: HeaderMap,
    /// Attributes of whatever is sent.
    pub(super) resource: Vec<(String, String)>,
    pub(super) parent: Option<Parent>,
}

/// The span that the run is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) trace: String,
    pub(super) span: String,
    pub(super) is_sampled: bool,
}

/// Why there is no telemetry. Neither repeats a value.
#[derive(Debug, Error)]
pub(crate) enum TelemetryError {
    #[error("`{variable}` is not an address, `http://…`")]
    Endpoint { variable: &'static str },
    #[error("`{HEADERS}` is not a list of `name=value`, with commas between")]
    Headers,
    #[error(
        "`OTEL_EXPORTER_OTLP_PROTOCOL` is `grpc`: name an endpoint for HTTP, which has port 4318 as a rule"
    )]
    Grpc,
    #[error("there is no way to the collector: {0}")]
    Client(ClientError),
}

impl Settings {
    /// `None`: nobody wants any. `pipeline` is its name and version.
    pub(super) fn of(
        environment: &Environment,
        (pipeline, version): (&str, &str),
    ) -> Result<Option<Self>, TelemetryError> {
        let set = |name: &str| environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
        let is_off = set("OTEL_SDK_DISABLED").is_some_and(|said| said.eq_ignore_ascii_case("true"));
        let endpoint = |signal: Signal| match (set(signal.exporter), set(signal.endpoint), set(ENDPOINT)) {
            (Some("none"), ..) | (_, None, None) => Ok(None),
            (_, Some(own), _) => address(own, "", signal.endpoint).map(Some),
            (_, None, Some(all)) => address(all, signal.path, ENDPOINT).map(Some),
        };
        let (traces, metrics) = (endpoint(TRACES)?, endpoint(METRICS)?);
        if is_off || (traces.is_none() && metrics.is_none()) {
            return Ok(None);
        }
        if set("OTEL_EXPORTER_OTLP_PROTOCOL") == Some("grpc") {
            return Err(TelemetryError::Grpc);
        }
        let mut resource = vec![
            ("service.name".to_owned(), set("OTEL_SERVICE_NAME").unwrap_or(pipeline).to_owned()),
            ("service.version".to_owned(), version.to_owned()),
        ];
        for (name, value) in pairs(set("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default()).into_iter().flatten()
        {
            let is_named = name == "service.name" && set("OTEL_SERVICE_NAME").is_some();
            if !is_named {
                resource.retain(|(known, _)| *known != name);
                resource.push((name, value));
            }
        }
        Ok(Some(Self {
            pipeline: pipeline.to_owned(),
            traces,
            metrics,
            headers: headers(set(HEADERS).unwrap_or_default()).ok_or(TelemetryError::Headers)?,
            resource,
            parent: set("TRACEPARENT").and_then(parent),
        }))
    }
}

/// One of the two kinds of telemetry.
struct Signal {
    endpoint: &'static str,
    exporter: &'static str,
    /// Below the endpoint of all.
    path: &'static str,
}

const TRACES: Signal = Signal {
    endpoint: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    exporter: "OTEL_TRACES_EXPORTER",
    path: "/v1/traces",
};

const METRICS: Signal = Signal {
    endpoint: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    exporter: "OTEL_METRICS_EXPORTER",
    path: "/v1/metrics",
};

fn address(text: &str, path: &str, variable: &'static str) -> Result<Secret, TelemetryError> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut url = url.ok_or(TelemetryError::Endpoint { variable })?;
    if !path.is_empty() {
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
    }
    Ok(Secret::new(url))
}

/// `name=value,name=value`, each percent-encoded; one that is none is `None`.
fn pairs(text: &str) -> Vec<Option<(String, String)>> {
    let decoded = |text: &str| Some(percent_decode_str(text.trim()).decode_utf8().ok()?.into_owned());
    let entries = text.split(',').filter(|entry| !entry.trim().is_empty());
    let pair = |entry: &str| {
        let (name, value) = entry.split_once('=')?;
        Some((decoded(name)?, decoded(value)?))
    };
    entries.map(pair).collect()
}

fn headers(text: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for pair in pairs(text) {
        let (name, value) = pair?;
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        headers.insert(name.parse::<HeaderName>().ok()?, value);
    }
    Some(headers)
}

/// `00-<trace>-<span>-<flags>`; of later versions, the same parts.
fn parent(text: &str) -> Option<Parent> {
    let mut parts = text.split('-');
    let mut part = |length: usize| {
        let part = parts.next()?.to_ascii_lowercase();
        let is_hex = part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then_some(part)
    };
    let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    let is_none = |id: &str| id.bytes().all(|byte| byte == b'0');
    let is_sampled = u8::from_str_radix(&flags, 16).ok()? & 1 == 1;
    (version != "ff" && !is_none(&trace) && !is_none(&span)).then_some(Parent { trace, span, is_sampled })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: (&str, &str) = (ENDPOINT, "http://collector:4318/base/");

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>, TelemetryError> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Settings::of(&variables.iter().map(pair).collect(), ("sample", "1.2.3"))
    }

    fn endpoints(variables: &[(&str, &str)]) -> [Option<String>; 2] {
        let settings = read(variables).unwrap();
        let shown = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        settings.map(|settings| [shown(&settings.traces), shown(&settings.metrics)]).unwrap_or_default()
    }

    #[test]
    fn it_is_off_unless_an_endpoint_is_named() {
        assert_eq!(endpoints(&[("OTEL_SERVICE_NAME", "x"), (ENDPOINT, " ")]), [None, None]);
        assert_eq!(endpoints(&[BASE, ("OTEL_SDK_DISABLED", "TRUE")]), [None, None]);
        let [traces, metrics] = endpoints(&[BASE]).map(Option::unwrap);
        assert_eq!(traces, "http://collector:4318/base/v1/traces");
        assert_eq!(metrics, "http://collector:4318/base/v1/metrics");
        let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces.example/in");
        let only = [own, ("OTEL_METRICS_EXPORTER", "none")];
        assert_eq!(endpoints(&only), [Some("https://traces.example/in".to_owned()), None]);
    }

    #[test]
    fn headers_are_secret_and_names_are_as_they_are_set() {
        let settings = read(&[
            BASE,
            (HEADERS, "api-key=s3cret%3D, x-team=data"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod,service.name=other"),
        ]);
        let settings = settings.unwrap().unwrap();
        assert_eq!(settings.headers["api-key"], "s3cret=");
        assert!(!format!("{settings:?}").contains("s3cret"), "{settings:?}");
        let find = |settings: &Settings, name: &str| {
            settings.resource.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        assert_eq!(find(&settings, "service.name").as_deref(), Some("other"));
        assert_eq!(find(&settings, "deployment.environment.name").as_deref(), Some("prod"));
        let named = [BASE, ("OTEL_SERVICE_NAME", "mine"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other")];
        assert_eq!(find(&read(&named).unwrap().unwrap(), "service.name").as_deref(), Some("mine"));
        for wrong in [(HEADERS, "s3cret"), (HEADERS, "a b=s3cret"), (ENDPOINT, "s3cret:4318")] {
            let error = read(&[BASE, wrong]).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_run_is_a_part_of_the_trace_that_started_it() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let told = parent(&format!("00-{trace}-{span}-01")).unwrap();
        assert_eq!((told.trace.as_str(), told.span.as_str(), told.is_sampled), (trace, span, true));
        assert!(!parent(&format!("cc-{trace}-{span}-00-more")).unwrap().is_sampled);
        for wrong in
            ["", "00-0-0-01", &format!("ff-{trace}-{span}-01"), &format!("00-{}-{span}-01", "0".repeat(32))]
        {
            assert_eq!(parent(wrong), None, "{wrong}");
        }
    }
}
