//! What was asked and answered. Tokens are never written down.

use std::collections::BTreeMap;

use super::auth::URL_PARAMS;
use super::faults::Fault;

/// One request and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub method: String,
    /// As it was sent, escapes included.
    pub path: String,
    /// As it was sent, except that the value of a token is replaced by `…`.
    pub query: String,
    /// None for an unknown route.
    pub template: Option<&'static str>,
    /// None when no answer was sent.
    pub status: Option<u16>,
    /// The headers that carried a token.
    pub credentials: Vec<&'static str>,
    pub token_in_url: bool,
    pub fault: Option<Fault>,
}

#[derive(Debug, Default)]
pub(super) struct Log {
    exchanges: Vec<Exchange>,
    counts: BTreeMap<&'static str, u64>,
}

impl Log {
    pub(super) fn push(&mut self, exchange: Exchange) {
        if let Some(template) = exchange.template {
            *self.counts.entry(template).or_default() += 1;
        }
        self.exchanges.push(exchange);
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.clone()
    }

    pub(super) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.counts.clone()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

pub(super) fn without_tokens(query: &str) -> String {
    let hide = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if URL_PARAMS.contains(&name) => format!("{name}=…"),
        _ => pair.to_owned(),
    };
    query.split('&').map(hide).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_a_query_is_hidden() {
        assert_eq!(without_tokens("page=2&private_token=secret&x=1"), "page=2&private_token=…&x=1");
        assert_eq!(without_tokens(""), "");
    }
}
