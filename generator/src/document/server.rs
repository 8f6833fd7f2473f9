//! The path that a server puts in front of every path of the document.

use super::node::Node;

/// The path of the first server's URL, such as `/api/v4`, or Swagger's `basePath`; empty when there is none.
pub(super) fn server_path(root: Node<'_>) -> String {
    let url = match root.items("servers").next() {
        Some(server) => with_defaults(server.str("url").unwrap_or_default(), server),
        None => format!("/{}", root.str("basePath").unwrap_or_default().trim_start_matches('/')),
    };
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let path = match url.split_once("//") {
        Some((scheme, rest)) if scheme.is_empty() || scheme.ends_with(':') => after_host(rest),
        // Without a scheme, what looks like a host is one.
        _ if url.starts_with(['/', '.']) => url,
        _ if url.split('/').next().is_some_and(|first| first.contains(['.', ':'])) => after_host(url),
        _ => url,
    };
    let segments = path.split('/').filter(|segment| !matches!(*segment, "" | "." | ".."));
    // What no default fills is no part of the way to a resource.
    let known = segments.filter(|segment| !segment.contains('{'));
    known.fold(String::new(), |path, segment| path + "/" + segment)
}

fn after_host(text: &str) -> &str {
    text.find('/').and_then(|start| text.get(start..)).unwrap_or_default()
}

/// The URL with the defaults of its variables.
fn with_defaults(url: &str, server: Node<'_>) -> String {
    server.entries("variables").fold(url.to_owned(), |url, (name, variable)| {
        let first = || variable.items("enum").find_map(|item| item.value.as_str().map(str::to_owned));
        match variable.text("default").or_else(first) {
            Some(value) => url.replace(&format!("{{{name}}}"), &value),
            None => url,
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(root: &serde_json::Value) -> String {
        server_path(Node { value: root, file: 0 })
    }

    #[test]
    fn the_path_of_a_server_is_what_follows_its_host() {
        for (url, expected) in [
            ("https://gitlab.example.com/api/v4/", "/api/v4"),
            ("//gitlab.example.com/api/v4", "/api/v4"),
            ("gitlab.example.com/api/v4", "/api/v4"),
            ("/api/v4", "/api/v4"),
            ("./v2", "/v2"),
            ("https://example.com?x=/y", ""),
            ("https://{host}:{port}/{unset}/v1", "/v1"),
        ] {
            assert_eq!(path(&json!({ "servers": [{ "url": url }] })), expected, "{url}");
        }
        assert_eq!(path(&json!({ "basePath": "v1/" })), "/v1");
        assert_eq!(path(&json!({})), "");
    }

    #[test]
    fn variables_have_defaults() {
        let variables = json!({ "base": { "default": "rest/v2" }, "tier": { "enum": ["a", "b"] }, "port": { "default": 8443 } });
        let server = json!({ "url": "https://x:{port}/{base}/{tier}", "variables": variables });
        assert_eq!(path(&json!({ "servers": [server] })), "/rest/v2/a");
    }
}
