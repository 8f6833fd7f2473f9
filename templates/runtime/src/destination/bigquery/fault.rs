//! What Google said, as the errors of a destination.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::client::Excerpt;
use crate::destination::DestinationError;

type Source = Box<dyn StdError + Send + Sync>;

/// Why a request or a job brought nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nobody answered.
    Transport(reqwest::Error),
    /// There is no token.
    Token(Said),
    /// The service said no. <https://cloud.google.com/bigquery/docs/error-messages>
    Refused(Said),
    /// What it answered is not what it is known to answer.
    Strange(&'static str),
}

/// What was said.
#[derive(Debug, Clone)]
pub(super) struct Said {
    /// Of HTTP; 0 where it is about a job that was accepted.
    pub(super) status: u16,
    /// Google's word for it: `notFound`, `accessDenied`.
    pub(super) reason: String,
    pub(super) message: Excerpt,
}

/// Reasons that pass by themselves.
const PASSING: [&str; 7] = [
    "backendError",
    "internalError",
    "jobBackendError",
    "jobInternalError",
    "jobRateLimitExceeded",
    "rateLimitExceeded",
    "tableUnavailable",
];

/// Messages of statements that others were in the way of. The last is an emulator's.
const IN_THE_WAY: [&str; 4] =
    ["Could not serialize access", "due to concurrent update", "Transaction is aborted", "Failed to commit"];

impl Fault {
    pub(super) fn transport(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }

    pub(super) fn token(status: u16, message: &str) -> Self {
        Self::Token(Said { status, reason: String::new(), message: Excerpt::new(message) })
    }

    /// The error of an answer, or of a job.
    pub(super) fn refused(status: u16, error: &Value) -> Self {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let first = error.get("errors").and_then(|errors| errors.get(0));
        let reason = text(error, "reason").or_else(|| text(first?, "reason")).unwrap_or_default();
        let message = text(error, "message").unwrap_or_else(|| format!("the answer has the status {status}"));
        Self::Refused(Said { status, reason, message: Excerpt::new(&message) })
    }

    pub(super) fn is(&self, reason: &str) -> bool {
        matches!(self, Self::Refused(said) if said.reason == reason)
    }

    pub(super) fn says(&self, text: &str) -> bool {
        matches!(self, Self::Refused(said) if said.message.to_string().contains(text))
    }

    /// Whether there is such a thing already.
    pub(super) fn is_there(&self) -> bool {
        self.is("duplicate") || matches!(self, Self::Refused(said) if said.status == 409)
    }

    pub(super) fn is_missing(&self) -> bool {
        self.is("notFound") || matches!(self, Self::Refused(said) if said.status == 404)
    }

    /// Whether the same request may be answered a moment later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Transport(_) => true,
            Self::Token(said) => said.status >= 500 || said.status == 429,
            Self::Refused(said) => {
                matches!(said.status, 429 | 500 | 502 | 503 | 504) || PASSING.contains(&said.reason.as_str())
            }
            Self::Strange(_) => false,
        }
    }

    /// Whether another job of the same may go well a moment later: of the job that failed, the answer stays what it is.
    pub(super) fn may_run_again(&self) -> bool {
        self.is_passing() || self.is_in_the_way()
    }

    /// Whether somebody else was in the way, so that nothing was done.
    pub(super) fn is_in_the_way(&self) -> bool {
        IN_THE_WAY.iter().any(|message| self.says(message))
    }
}

/// The reason is Google's own word, and some of them say more than the message.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => {
                write!(f, "{error}")?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
            Self::Token(said) => write!(f, "{}", said.message),
            Self::Refused(said) if said.reason.is_empty() => write!(f, "{}", said.message),
            Self::Refused(said) => write!(f, "{} ({})", said.message, Excerpt::new(&said.reason)),
            Self::Strange(what) => f.write_str(what),
        }
    }
}

impl StdError for Fault {}

/// The dataset, as messages call it, and who asks.
#[derive(Debug, Clone)]
pub(super) struct Place {
    name: Arc<str>,
    dataset: Arc<str>,
    who: Arc<str>,
}

impl Place {
    pub(super) fn new(project: &str, dataset: &str, who: String) -> Self {
        let (project, dataset) = (Excerpt::new(project), Excerpt::new(dataset));
        let name = format!("BigQuery dataset `{dataset}` of project `{project}`");
        Self { name: name.into(), dataset: dataset.to_string().into(), who: who.into() }
    }

    pub(super) fn name(&self) -> String {
        self.name.to_string()
    }

    /// For `map_err`: what failed on which table.
    pub(super) fn failed(
        &self,
        action: &'static str,
        table: &str,
    ) -> impl Fn(Fault) -> DestinationError + use<> {
        let (place, table) = (self.clone(), table.to_owned());
        move |fault| {
            place.general(action, fault).unwrap_or_else(|source| DestinationError::Table {
                place: place.name(),
                action,
                table: table.clone(),
                source,
            })
        }
    }

    /// For `map_err`: what failed.
    pub(super) fn package_failed(&self, action: &'static str) -> impl Fn(Fault) -> DestinationError + use<> {
        let place = self.clone();
        move |fault| {
            let other = |source| DestinationError::Package { place: place.name(), action, source };
            place.general(action, fault).unwrap_or_else(other)
        }
    }

    pub(super) fn unreadable(
        &self,
        table: &'static str,
        column: &'static str,
        value: &str,
    ) -> DestinationError {
        DestinationError::unreadable(self.name(), table, column, value)
    }

    /// Of a job without a result that this crate can read.
    pub(super) fn strange(&self, action: &'static str) -> DestinationError {
        self.package_failed(action)(Fault::Strange("the answer is not as Google documents it"))
    }

    /// What does not depend on what was done, or why that failed.
    fn general(&self, action: &'static str, fault: Fault) -> Result<DestinationError, Source> {
        let (place, who) = (self.name(), self.who.to_string());
        match &fault {
            Fault::Transport(_) => Ok(DestinationError::Unreachable { place, source: fault.into() }),
            Fault::Token(_) => Ok(DestinationError::Unknown { place, who, source: fault.into() }),
            Fault::Refused(said) if said.status == 401 => {
                Ok(DestinationError::Unknown { place, who, source: fault.into() })
            }
            Fault::Refused(said)
                if said.reason == "accessDenied" || said.status == 403 && said.reason.is_empty() =>
            {
                Ok(DestinationError::Denied { place, who, action, source: fault.into() })
            }
            Fault::Refused(_) if fault.is_missing() && fault.says("Not found: Dataset") => {
                Ok(DestinationError::Missing { place, what: format!("dataset `{}`", self.dataset) })
            }
            Fault::Refused(_) if fault.is_missing() && fault.says("Not found: Project") => {
                Ok(DestinationError::Missing { place, what: "such a project".to_owned() })
            }
            Fault::Refused(_) if fault.is_in_the_way() => {
                Ok(DestinationError::Busy { place, source: fault.into() })
            }
            Fault::Refused(_) | Fault::Strange(_) => Err(fault.into()),
        }
    }
}
