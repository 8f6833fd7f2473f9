//! Spans and figures as [OTLP in JSON](https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding) has them: names in
//! camel case, ids in hex, numbers of 64 bits as texts. Pure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// A name and a string, a whole number, or a fraction.
pub(super) type Attribute = (&'static str, Value);

/// Something that took a while.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) name: String,
    /// Whether it is a request to another service.
    pub(super) is_client: bool,
    pub(super) began: SystemTime,
    pub(super) ended: SystemTime,
    pub(super) attributes: Vec<Attribute>,
    /// What went wrong.
    pub(super) error: Option<String>,
}

/// Figures of one name.
#[derive(Debug, Clone)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    /// Whether it counts up from the start of the run; otherwise it is what was found at its end.
    pub(super) is_sum: bool,
    pub(super) points: Vec<(Vec<Attribute>, Value)>,
}

pub(super) fn traces(resource: &[(String, String)], trace: &str, spans: &[Span]) -> Value {
    let spans: Vec<Value> = spans.iter().map(|span| span_json(trace, span)).collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": resource_attributes(resource)},
        "scopeSpans": [{"scope": scope(), "spans": spans}],
    }]})
}

fn span_json(trace: &str, span: &Span) -> Value {
    const INTERNAL: u8 = 1;
    const CLIENT: u8 = 3;
    const ERROR: u8 = 2;
    let status = match &span.error {
        Some(message) => json!({"code": ERROR, "message": message}),
        None => json!({}),
    };
    json!({
        "traceId": trace,
        "spanId": span.id,
        "parentSpanId": span.parent.as_deref().unwrap_or_default(),
        "name": span.name,
        "kind": if span.is_client { CLIENT } else { INTERNAL },
        "startTimeUnixNano": nanoseconds(span.began),
        "endTimeUnixNano": nanoseconds(span.ended),
        "attributes": attributes(&span.attributes),
        "status": status,
    })
}

/// Of a run that began and ended then.
pub(super) fn metrics(
    resource: &[(String, String)],
    (began, ended): (SystemTime, SystemTime),
    metrics: &[Metric],
) -> Value {
    const CUMULATIVE: u8 = 2;
    let metrics = metrics.iter().filter(|metric| !metric.points.is_empty()).map(|metric| {
        let points = metric.points.iter().map(|(of, figure)| {
            let mut point = json!({
                "startTimeUnixNano": nanoseconds(began), "timeUnixNano": nanoseconds(ended),
                "attributes": attributes(of),
            });
            let name = if figure.is_f64() { "asDouble" } else { "asInt" };
            if let Some(point) = point.as_object_mut() {
                // Decoders take texts and numbers; some that are about lose a text here.
                point.insert(name.to_owned(), figure.clone());
            }
            point
        });
        let points: Vec<Value> = points.collect();
        let data = match metric.is_sum {
            true => (
                "sum",
                json!({"dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": true}),
            ),
            false => ("gauge", json!({"dataPoints": points})),
        };
        json!({"name": metric.name, "unit": metric.unit, data.0: data.1})
    });
    json!({"resourceMetrics": [{
        "resource": {"attributes": resource_attributes(resource)},
        "scopeMetrics": [{"scope": scope(), "metrics": metrics.collect::<Vec<_>>()}],
    }]})
}

fn scope() -> Value {
    json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")})
}

fn resource_attributes(pairs: &[(String, String)]) -> Vec<Value> {
    pairs.iter().map(|(key, text)| json!({"key": key, "value": {"stringValue": text}})).collect()
}

fn attributes(pairs: &[Attribute]) -> Vec<Value> {
    let kind = |value: &Value| match value {
        Value::Number(number) if number.is_f64() => "doubleValue",
        Value::Number(_) => "intValue",
        _ => "stringValue",
    };
    pairs.iter().map(|(key, value)| json!({"key": key, "value": {kind(value): number(value)}})).collect()
}

/// A whole number as a text, anything else as it is.
fn number(value: &Value) -> Value {
    match value {
        Value::Number(number) if !number.is_f64() => number.to_string().into(),
        other => other.clone(),
    }
}

fn nanoseconds(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_nanos().to_string()
}
