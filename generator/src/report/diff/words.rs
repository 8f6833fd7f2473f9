//! Single changes in words.

use std::collections::BTreeSet;

use crate::diff::{Aspect, Change};
use crate::text::one_line;

/// A text of a document, in which nothing is code, a mention or a tag.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", one_line(text).replace('`', "'"))
}

/// A change of how a resource is read or written.
pub(super) fn phrase(change: &Change) -> String {
    let item = code(&change.item);
    let [from, to] = [&change.from, &change.to].map(|value| value.as_deref().map(code));
    let became = |what: &str| match (&from, &to) {
        (Some(from), Some(to)) => format!("{what} {from} → {to}"),
        (None, Some(to)) => format!("{what} {to}"),
        (Some(from), None) => format!("{what} no longer {from}"),
        (None, None) => what.to_owned(),
    };
    match change.aspect {
        Aspect::Table => became("table"),
        Aspect::Key => became("key"),
        Aspect::Path => became("path"),
        Aspect::Parent => match (&from, &to) {
            (None, Some(to)) => format!("{item} comes from {to}, which it did not hang on"),
            (Some(from), None) => format!("it hangs on {from} no more"),
            _ => became(&format!("{item} comes from")),
        },
        Aspect::Shape => became("answer"),
        Aspect::Sent => became(&format!("sends {item}")),
        Aspect::Secret if to.is_some() => format!("{item} is left out, as a secret"),
        Aspect::Secret => format!("{item} is loaded, and was left out as a secret"),
        Aspect::Writing => became("rows are written by"),
        Aspect::Switch => became("it is"),
        Aspect::Need if to.is_none() => format!("no more {item}"),
        Aspect::Need => need(change, &item),
        Aspect::Pages => became("pages"),
        Aspect::Cursor if to.is_none() => {
            format!("changes can no longer be asked for ({})", from.unwrap_or_default())
        }
        Aspect::Cursor => became("changes by"),
        Aspect::Wide if to.is_none() => format!("no more read for many at once, from {item}"),
        Aspect::Wide => format!("read for many at once, from {item}"),
        Aspect::FanOut => became(&format!("one request for each {item}:")),
        Aspect::Filter | Aspect::Column => became(&item),
    }
}

fn need(change: &Change, item: &str) -> String {
    match change.to.as_deref() {
        Some("parent") => format!("its parent {item} needs a value"),
        Some("query") => format!("needs a value for the query parameter {item}"),
        _ => format!("needs a value for {item} of its path"),
    }
}

/// What is said of a column or a filter, with an order in which it is said: what is gone first. Nothing where a filter
/// merely takes more kinds of values.
pub(super) fn verdict(change: &Change) -> Option<(u8, String)> {
    match (&change.from, &change.to) {
        (None, None) => None,
        (Some(_), None) => Some((0, "gone".into())),
        (None, Some(_)) => Some((3, "new".into())),
        (Some(from), Some(to)) if change.aspect == Aspect::Filter => values(from, to),
        (Some(from), Some(to)) => Some((4, format!("{from} → {to}"))),
    }
}

/// Values that a filter takes no longer, and those that it takes now.
fn values(from: &str, to: &str) -> Option<(u8, String)> {
    let [before, after] = [from, to].map(|values| values.split(", ").collect::<BTreeSet<_>>());
    let list = |values: BTreeSet<&str>| values.into_iter().map(code).collect::<Vec<_>>().join(", ");
    let (lost, won) = (list(&before - &after), list(&after - &before));
    match (lost.as_str(), won.as_str()) {
        (_, "`text`" | "`any`") => None,
        (_, won) if before.is_disjoint(&after) => Some((1, format!("only {won}"))),
        (lost, "") => Some((1, format!("no longer {lost}"))),
        ("", won) => Some((2, format!("also {won}"))),
        (lost, won) => Some((1, format!("no longer {lost}, but {won}"))),
    }
}
