//! `pagination=keyset`: no x-* headers, the next page only through the Link.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Page, Selection, link, per_page};
use crate::http::Settings;
use crate::routes::{Call, Keyset, Next, PLACE, Refusal, Route};
use crate::rows::Key;

pub(crate) fn is_asked(call: &Call, rule: &Keyset) -> bool {
    let by_token = rule.next == Next::PageToken && call.query.get("page_token").is_some();
    by_token || call.query.get("pagination") == Some("keyset")
}

pub(crate) fn page(
    call: &Call,
    route: &Route,
    rule: &Keyset,
    selection: &Selection,
    settings: &Settings,
) -> Result<Page, Refusal> {
    if !rule.is_offered_to(call.caller) || !rule.allows(selection.field, selection.descending) {
        let text = "Keyset pagination is not yet available for this type of request";
        return Err(Refusal::Error(405, text.to_owned()));
    }
    let per_page = per_page(call)?;
    let start = start(call, rule, selection)?;
    let shown = selection.clipped(start..start + per_page);
    let full_last = settings.empty_last_keyset_page && shown.len() == per_page;
    let more = !shown.is_empty() && (shown.end < selection.len() || full_last);
    let link = more.then(|| ("link", next_link(call, route, rule, selection, shown.end - 1, settings)));
    Ok(selection.page(shown, link.into_iter().collect()))
}

fn start(call: &Call, rule: &Keyset, selection: &Selection) -> Result<usize, Refusal> {
    match rule.next {
        // A filter like any other: the selection begins behind it already.
        Next::IdBound => Ok(0),
        Next::Cursor => match call.query.get("cursor") {
            None => Ok(0),
            Some(text) => {
                let (key, tie) = decoded(text).ok_or_else(|| Refusal::invalid("cursor"))?;
                Ok(selection.position_after(&key, &tie, rule.tie))
            }
        },
        Next::PageToken => match call.query.get("page_token") {
            None => Ok(0),
            Some(token) => position_of(token, rule, selection),
        },
    }
}

fn position_of(token: &str, rule: &Keyset, selection: &Selection) -> Result<usize, Refusal> {
    let token = Key::from(token);
    let found = (0..selection.len()).find(|position| selection.key(*position, rule.tie) == token);
    found.map(|position| position + 1).ok_or_else(|| Refusal::invalid("page_token"))
}

fn next_link(
    call: &Call,
    route: &Route,
    rule: &Keyset,
    selection: &Selection,
    last: usize,
    settings: &Settings,
) -> String {
    let tie = selection.key(last, rule.tie);
    let (name, value) = match rule.next {
        Next::IdBound if selection.descending => ("id_before", tie.to_string()),
        Next::IdBound => ("id_after", tie.to_string()),
        Next::Cursor => ("cursor", encoded(&selection.key(last, selection.field), &tie)),
        Next::PageToken => ("page_token", tie.to_string()),
    };
    let mut changes = vec![("pagination", Some("keyset")), (name, Some(value.as_str()))];
    if route.order.has_choice() && selection.field != PLACE {
        changes.push(("order_by", Some(selection.field)));
        changes.push(("sort", Some(if selection.descending { "desc" } else { "asc" })));
    }
    link(call, settings, &changes, "next")
}

fn encoded(key: &Key, tie: &Key) -> String {
    let value = |key: &Key| match key {
        Key::Number(number) => json!(number),
        Key::Text(text) => json!(text),
        Key::Null => Value::Null,
    };
    URL_SAFE_NO_PAD.encode(json!([value(key), value(tie), "n"]).to_string())
}

fn decoded(text: &str) -> Option<(Key, Key)> {
    let cursor: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let key = |index: usize| match cursor.get(index)? {
        Value::Number(number) => number.as_i64().map(Key::Number),
        Value::String(text) => Some(Key::Text(text.clone())),
        Value::Null => Some(Key::Null),
        _ => None,
    };
    Some((key(0)?, key(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for key in [Key::Number(9_007_199_254_740_993), Key::Text("a/b+c 数据".to_owned()), Key::Null] {
            let cursor = encoded(&key, &Key::Number(7));
            assert!(!cursor.contains(['+', '/', '=']), "{cursor} is opaque and needs no escapes");
            assert_eq!(decoded(&cursor), Some((key, Key::Number(7))));
        }
        assert_eq!(decoded("!"), None);
    }
}
