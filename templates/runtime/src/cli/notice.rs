//! Tells those who were not there how a run went: a message where it is worth one, and figures. Nothing here makes a run
//! fail, or longer than a few seconds.

use reqwest::header::HeaderMap;
use thiserror::Error;

use super::tell::LogFormat;
use crate::client::{ClientError, Outside, Unsent};
use crate::config::{Notify, Webhook};
use crate::notify::{Account, Message, prometheus, shaped};

/// Why a message did not arrive.
#[derive(Debug, Error)]
pub(super) enum NoticeError {
    #[error("`notify.url` is not set")]
    NoAddress,
    #[error("the webhook does not take messages: {0}")]
    Unsent(Unsent),
    #[error("there is no way to the webhook: {0}")]
    Client(ClientError),
}

/// At the end of a run.
pub(super) async fn tell(notify: &Notify, account: &Account, format: LogFormat) {
    if let Some(path) = &notify.prometheus
        && let Err(error) = prometheus::write(path, account)
    {
        format.warning(&format!("`{}` has no figures of this run: {error}", path.display()));
    }
    if let (Some(webhook), Some(message)) = (&notify.webhook, Message::of(account, notify))
        && let Err(error) = send(webhook, &message).await
    {
        format.warning(&format!("nobody is told how this run went: {error}"));
    }
}

/// What `check` sends; the name of the service.
pub(super) async fn try_out(notify: &Notify, pipeline: &str) -> Result<&'static str, NoticeError> {
    let webhook = notify.webhook.as_ref().ok_or(NoticeError::NoAddress)?;
    send(webhook, &Message::of_check(pipeline, notify)).await?;
    Ok(webhook.service.name())
}

async fn send(webhook: &Webhook, message: &Message) -> Result<(), NoticeError> {
    let body = shaped(webhook.service, message);
    let outside = Outside::open().map_err(NoticeError::Client)?;
    outside.post(&webhook.url, &HeaderMap::new(), &body).await.map_err(NoticeError::Unsent)
}

/// What works, and not as it was meant.
pub(super) fn warnings(notify: &Notify) -> Vec<String> {
    let mut warnings = Vec::new();
    if notify.has_no_address {
        warnings.push("`[notify]` says what is told, and nobody is: `notify.url` is not set".to_owned());
    }
    if notify.webhook.as_ref().is_some_and(|webhook| webhook.is_readable_on_the_way) {
        warnings.push("messages, and where to write them, go to `notify.url` unencrypted".to_owned());
    }
    if let Some(path) =
        notify.prometheus.as_ref().filter(|path| path.extension().is_none_or(|end| end != "prom"))
    {
        warnings.push(format!("`{}` does not end in `.prom`: node_exporter reads no others", path.display()));
    }
    warnings
}
