//! A run as OpenTelemetry sees it: a trace of spans, from the run to its resources and to each of their requests, and
//! figures at its end. Off unless the environment names an endpoint.
//!
//! `settings` reads the standard variables, `trace` gathers spans, `sender` takes them to a collector in batches, `otlp`
//! writes them down. Names and counts go there, never values: of an address its template alone. A run waits for a collector
//! at its end only, and not long.

mod figures;
mod otlp;
mod sender;
mod settings;
mod trace;

use std::sync::Arc;
use std::time::SystemTime;

use crate::client::Fault;
use crate::config::Environment;
use crate::notify::Account;
use otlp::Attribute;
use sender::Sender;
use settings::Settings;
use trace::Trace;

pub(crate) use settings::TelemetryError;

/// Where spans of requests are noted. Cheap to clone; of no effect where nobody is told.
#[derive(Debug, Clone, Default)]
pub struct Telemetry(Option<Arc<Trace>>);

/// The telemetry of one run, from its start to its end.
#[derive(Debug)]
pub(crate) struct Recording {
    telemetry: Telemetry,
    sender: Option<Sender>,
}

/// A request that is on its way.
#[derive(Debug)]
pub struct Asking<'t> {
    trace: Option<&'t Trace>,
    resource: &'static str,
    route: &'static str,
    began: SystemTime,
}

impl Recording {
    /// One of which nothing is kept.
    pub(crate) fn off() -> Self {
        Self { telemetry: Telemetry::default(), sender: None }
    }

    /// As the environment says; `server` is GitLab's host. Within a runtime.
    pub(crate) fn start(
        environment: &Environment,
        pipeline: (&str, &str),
        server: &str,
    ) -> Result<Self, TelemetryError> {
        let Some(settings) = Settings::of(environment, pipeline)? else { return Ok(Self::off()) };
        let trace = Arc::new(Trace::new(&settings, server));
        let sender = Sender::start(settings, Arc::clone(&trace)).map_err(TelemetryError::Client)?;
        Ok(Self { telemetry: Telemetry(Some(trace)), sender: Some(sender) })
    }

    pub(crate) fn telemetry(&self) -> Telemetry {
        self.telemetry.clone()
    }

    /// Sends the rest: the spans that end with the run, and its figures. What was lost, if something was.
    pub(crate) async fn end(self, account: &Account) -> Option<String> {
        let (trace, sender) = self.telemetry.0.zip(self.sender)?;
        trace.end(account);
        let figures = figures::of(account, trace.dropped());
        sender.end(figures).await
    }
}

impl Telemetry {
    pub(crate) fn ask(&self, resource: &'static str, route: &'static str) -> Asking<'_> {
        Asking { trace: self.0.as_deref(), resource, route, began: SystemTime::now() }
    }
}

impl Asking<'_> {
    /// It is clear what became of it, after so many retries.
    pub(crate) fn end(self, retries: u64, fault: Option<&Fault>) {
        let Some(trace) = self.trace else { return };
        let mut attributes: Vec<Attribute> = vec![
            ("http.request.method", "GET".into()),
            ("url.template", self.route.into()),
            ("server.address", trace.server().into()),
            ("gitlab_pipeline.resource", self.resource.into()),
        ];
        match fault {
            None => attributes.push(("http.response.status_code", 200_u16.into())),
            Some(fault) => {
                attributes.extend(fault.status().map(|status| ("http.response.status_code", status.into())));
                attributes.push(("error.type", fault.class().into()));
            }
        }
        if retries > 0 {
            attributes.push(("http.request.resend_count", retries.into()));
        }
        trace.request(self.resource, self.route, self.began, attributes, fault.map(ToString::to_string));
    }
}
