//! From a raw path to its route. Segments are split before they are decoded, so that an escaped
//! slash stays inside its segment.

use percent_encoding::percent_decode_str;

use super::{Route, table};

/// The route and what stands for its placeholders. `path` begins after `/api/v4`.
pub(crate) fn find(path: &str) -> Option<(&'static Route, Vec<String>)> {
    let segments: Vec<_> = segments(path).collect();
    // A literal segment beats a placeholder: /users/{id} must not swallow a longer name.
    let fits = |route: &&'static Route| params(route.template, &segments).is_some();
    let route = table().filter(fits).min_by_key(|route| route.template.matches('{').count())?;
    Some((route, params(route.template, &segments)?))
}

pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// Whether two templates differ at most in `/api/v4` and in what their placeholders are called.
pub(crate) fn same_shape(one: &str, other: &str) -> bool {
    shape(one).eq(shape(other))
}

fn shape(template: &str) -> impl Iterator<Item = &str> {
    let path = template.strip_prefix("/api/v4").unwrap_or(template);
    segments(path).map(|segment| if is_placeholder(segment) { "{}" } else { segment })
}

pub(crate) fn is_placeholder(segment: &str) -> bool {
    segment.starts_with('{')
}

fn params(template: &str, found: &[&str]) -> Option<Vec<String>> {
    let mut params = Vec::new();
    let mut found = found.iter();
    for expected in segments(template) {
        let segment = found.next()?;
        if is_placeholder(expected) {
            params.push(percent_decode_str(segment).decode_utf8().ok()?.into_owned());
        } else if expected != *segment {
            return None;
        }
    }
    found.next().is_none().then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_slash_stays_in_its_segment() {
        let (route, params) =
            find("/projects/platform%2Fstorefront/repository/branches/feature%2Fsuche").unwrap();
        assert_eq!(route.template, "/projects/{id}/repository/branches/{name}");
        assert_eq!(params, ["platform/storefront", "feature/suche"]);
    }

    #[test]
    fn an_unescaped_slash_is_another_path() {
        assert!(find("/projects/platform/storefront").is_none());
    }

    #[test]
    fn a_literal_segment_beats_a_placeholder() {
        assert_eq!(find("/projects/1/members/all").unwrap().0.template, "/projects/{id}/members/all");
    }

    #[test]
    fn templates_are_unique_whatever_their_placeholders_are_called() {
        let mut shapes: Vec<_> = table().map(|route| shape(route.template).collect::<Vec<_>>()).collect();
        let all = shapes.len();
        shapes.sort();
        shapes.dedup();
        assert_eq!(shapes.len(), all);
        assert!(all > 100, "{all} routes");
    }
}
