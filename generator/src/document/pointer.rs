//! Places in a file, by the fragment of a reference: a JSON Pointer (RFC 6901), percent-encoded (RFC 3986).

use std::borrow::Cow;
use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Where a fragment leads.
#[derive(Debug, PartialEq)]
pub(super) enum Target<'a> {
    Found(&'a Value),
    /// A part of the way is a reference itself: the whole way from there on.
    Detour(String),
    Nothing,
}

/// What a fragment leads to.
pub(super) fn target<'a>(root: &'a Value, fragment: &str) -> Target<'a> {
    // Some encode the slashes between the tokens as well.
    let fragment = if fragment.is_empty() || fragment.starts_with('/') {
        Cow::Borrowed(fragment)
    } else {
        percent_decode_str(fragment).decode_utf8_lossy()
    };
    let Some(tokens) = fragment.strip_prefix('/') else {
        return if fragment.is_empty() { Target::Found(root) } else { Target::Nothing };
    };
    let mut value = root;
    let mut rest = Some(tokens);
    while let Some(tokens) = rest {
        let (token, after) =
            tokens.split_once('/').map_or((tokens, None), |(token, rest)| (token, Some(rest)));
        match step(value, token) {
            Some(next) => (value, rest) = (next, after),
            None => {
                return match value.get("$ref").and_then(Value::as_str) {
                    Some(reference) if reference.contains('#') => {
                        Target::Detour(format!("{reference}/{tokens}"))
                    }
                    Some(reference) => Target::Detour(format!("{reference}#/{tokens}")),
                    None => Target::Nothing,
                };
            }
        }
    }
    Target::Found(value)
}

/// One step: the token decoded, or as it stands, for not everyone encodes.
fn step<'a>(value: &'a Value, token: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => {
            let decoded = percent_decode_str(token).decode_utf8_lossy();
            map.get(unescape(&decoded).as_ref()).or_else(|| map.get(unescape(token).as_ref()))
        }
        Value::Array(items) => items.get(token.parse::<usize>().ok()?),
        _ => None,
    }
}

fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~").into() } else { token.into() }
}

/// A text as one token of a pointer.
pub(super) fn escape(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

/// The pointers of the places that have a name of their own.
pub(super) fn anchors(root: &Value) -> HashMap<String, String> {
    let mut found = HashMap::new();
    find_anchors(root, &mut Vec::new(), &mut found);
    found
}

fn find_anchors<'a>(value: &'a Value, way: &mut Vec<Cow<'a, str>>, found: &mut HashMap<String, String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if item.is_object() || item.is_array() {
                    way.push(index.to_string().into());
                    find_anchors(item, way, found);
                    way.pop();
                }
            }
        }
        Value::Object(map) => {
            if let Some(Value::String(name)) = map.get("$anchor") {
                let pointer = way
                    .iter()
                    .fold(String::new(), |way, token| way + "/" + &escape(token).replace('%', "%25"));
                found.entry(name.clone()).or_insert(pointer);
            }
            for (key, value) in map.iter().filter(|(_, value)| value.is_object() || value.is_array()) {
                way.push(key.into());
                find_anchors(value, way, found);
                way.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_leads_anywhere() {
        let root =
            json!({ "a b": { "c/d": [{ "e~f": 1 }], "%20": 2, "": 3 }, "via": { "$ref": "other.yaml" } });
        for (fragment, expected) in [
            ("/a%20b/c~1d/0/e~0f", 1),
            ("/a b/c%2Fd/0/e~0f", 1),
            ("%2Fa%20b%2Fc~1d%2F0%2Fe~0f", 1),
            ("/a%20b/%2520", 2),
            ("/a%20b/", 3),
        ] {
            assert_eq!(target(&root, fragment), Target::Found(&json!(expected)), "{fragment}");
        }
        assert_eq!(target(&root, ""), Target::Found(&root));
        assert_eq!(target(&root, "/a%20b/c~1d/9"), Target::Nothing);
        assert_eq!(target(&root, "/via/x/y"), Target::Detour("other.yaml#/x/y".into()));
    }

    #[test]
    fn places_have_names() {
        let root = json!({ "x/y": [{ "$anchor": "here", "z": 1 }] });
        assert_eq!(anchors(&root).get("here").map(String::as_str), Some("/x~1y/0"));
    }
}
