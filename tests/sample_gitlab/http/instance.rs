//! One running instance: a request goes through edits, limits and faults before it is answered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use hyper::body::Incoming;
use hyper::{Method, Request};

use super::answer::Answer;
use super::auth::Credentials;
use super::faults::{Attempts, Fault};
use super::limit::Window;
use super::log::{Exchange, Log, without_tokens};
use super::settings::Settings;
use crate::routes::{Call, Found, Query, Refusal, Route, find, same_shape};
use crate::world::World;

#[derive(Debug)]
pub(super) struct Instance {
    pub(super) world: Arc<World>,
    settings: RwLock<Arc<Settings>>,
    log: Mutex<Log>,
    window: Mutex<Window>,
    attempts: Mutex<Attempts>,
    /// Requests since the settings were set: in all, and by template.
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    all: u64,
    by_template: BTreeMap<&'static str, u64>,
}

/// What becomes of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    Answered(Answer),
    Reset,
    Stalled,
}

impl Instance {
    pub(super) fn new(world: World, settings: Settings) -> Self {
        Self {
            world: Arc::new(world),
            settings: RwLock::new(Arc::new(settings)),
            log: Mutex::default(),
            window: Mutex::default(),
            attempts: Mutex::default(),
            counted: Mutex::default(),
        }
    }

    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Also begins a new window, and counts requests and attempts anew.
    pub(super) fn set(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        *lock(&self.window) = Window::default();
        *lock(&self.attempts) = Attempts::default();
        *lock(&self.counted) = Counted::default();
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        lock(&self.log)
    }

    pub(super) async fn handle(&self, request: &Request<Incoming>) -> Outcome {
        let settings = self.settings();
        let uri = request.uri();
        let raw_query = uri.query().unwrap_or_default();
        let query = Query::parse(raw_query);
        let route = api_path(uri.path(), &settings.public_url).and_then(find);
        let template = route.as_ref().map(|(route, _)| route.template);
        let credentials = Credentials::of(request.headers(), &query);
        let mut exchange = Exchange {
            method: request.method().to_string(),
            path: uri.path().to_owned(),
            query: without_tokens(raw_query),
            template,
            status: None,
            credentials: credentials.carriers(),
            token_in_url: credentials.is_in_url(),
            fault: self.fault(&settings, template, uri.path(), raw_query),
        };
        self.apply_edits(&settings, template);
        if !settings.latency.is_zero() {
            tokio::time::sleep(settings.latency).await;
        }
        let standing = settings.rate_limit.map(|limit| lock(&self.window).count(limit));
        let too_many = standing.filter(|standing| standing.is_over());
        let answer = || match too_many {
            Some(standing) => Answer::too_many(standing.answer()),
            None => self.answer(request, route.as_ref(), &credentials, query.clone(), &settings),
        };
        let outcome = match exchange.fault {
            Some(Fault::Reset) => Outcome::Reset,
            Some(Fault::Stall) => Outcome::Stalled,
            Some(Fault::CutBody) => Outcome::Answered(answer().cut()),
            Some(Fault::HtmlInstead) => Outcome::Answered(Answer::html(200)),
            Some(Fault::SignIn) => Outcome::Answered(Answer::sign_in()),
            Some(Fault::LatinByte) => Outcome::Answered(answer().with_latin_byte()),
            Some(Fault::HtmlStatus(status)) => Outcome::Answered(Answer::html(status)),
            Some(Fault::Status(status)) => Outcome::Answered(broken(status)),
            None => Outcome::Answered(answer().with_standing(standing)),
        };
        if let Outcome::Answered(answer) = &outcome {
            exchange.status = Some(answer.status);
        }
        self.log().push(exchange);
        outcome
    }

    fn fault(&self, settings: &Settings, template: Option<&str>, path: &str, query: &str) -> Option<Fault> {
        if settings
            .faults
            .only
            .as_deref()
            .is_some_and(|only| !template.is_some_and(|found| same_shape(found, only)))
        {
            return None;
        }
        lock(&self.attempts).next_fault(&settings.faults, &format!("{path}?{query}"))
    }

    fn apply_edits(&self, settings: &Settings, template: Option<&'static str>) {
        let mut counted = lock(&self.counted);
        for scheduled in &settings.edits {
            let before = match &scheduled.template {
                None => Some(counted.all),
                Some(wanted) => template
                    .filter(|found| same_shape(found, wanted))
                    .map(|found| counted.by_template.get(found).copied().unwrap_or(0)),
            };
            if before == Some(scheduled.after) {
                self.world.apply(scheduled.edit);
            }
        }
        counted.all += 1;
        if let Some(template) = template {
            *counted.by_template.entry(template).or_default() += 1;
        }
    }

    fn answer(
        &self,
        request: &Request<Incoming>,
        route: Option<&(&'static Route, Vec<String>)>,
        credentials: &Credentials<'_>,
        query: Query,
        settings: &Settings,
    ) -> Answer {
        if settings.decodes_slashes && request.uri().path().contains("%2F") {
            return Answer::html(404);
        }
        let Some((route, params)) = route else {
            return Answer::json(404, &Refusal::unknown_route().body());
        };
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Answer::json(405, &Refusal::Error(405, "405 Not Allowed".to_owned()).body());
        }
        let path = below_root(request.uri().path(), &settings.public_url).unwrap_or_default().to_owned();
        let now = self.world.snapshot();
        let found = credentials.caller(route, &now).and_then(|caller| {
            let call = Call::new(now, caller, route, path, params.clone(), query)?;
            call.answer(route, settings)
        });
        match found {
            Ok(Found::Page(page)) if is_slow(route, page.records, settings) => broken(504),
            Ok(found) => Answer::found(found),
            Err(refusal) => Answer::refused(&refusal, &requested_root(request, settings)),
        }
    }
}

fn requested_root(request: &Request<Incoming>, settings: &Settings) -> String {
    let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("http://{host}{}", relative_root(&settings.public_url))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_slow(route: &Route, records: usize, settings: &Settings) -> bool {
    settings
        .slow_pages
        .iter()
        .any(|slow| same_shape(&slow.template, route.template) && records > slow.largest)
}

fn broken(status: u16) -> Answer {
    let text = match status {
        401 => "401 Unauthorized",
        403 => "403 Forbidden",
        502 => "502 Bad Gateway",
        503 => "503 Service Unavailable",
        504 => "504 Gateway Timeout",
        _ => "500 Internal Server Error",
    };
    Answer::json(status, &serde_json::json!({"message": text}))
}

/// An instance may live below a path of its host.
fn below_root<'a>(path: &'a str, public_url: &str) -> Option<&'a str> {
    path.strip_prefix(relative_root(public_url)).filter(|rest| rest.starts_with('/'))
}

fn api_path<'a>(path: &'a str, public_url: &str) -> Option<&'a str> {
    below_root(path, public_url)?.strip_prefix("/api/v4").filter(|rest| rest.starts_with('/'))
}

pub(super) fn relative_root(public_url: &str) -> &str {
    let host = public_url.split_once("://").map_or(public_url, |(_, host)| host);
    host.find('/').and_then(|slash| host.get(slash..)).unwrap_or_default().trim_end_matches('/')
}
