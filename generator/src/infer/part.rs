//! The part of an API that an endpoint belongs to: the collections that its path leads through.

use crate::endpoint::Segment;
use crate::gitlab;

use super::draft::Entry;

/// `projects`, `issues`, `notes` for `/projects/{id}/issues/{iid}/notes`: the first word of whatever stands between two
/// placeholders. It depends on the path alone.
pub(super) fn infer_part(entry: Entry<'_>) -> Vec<String> {
    let is_gitlab = !entry.place.is_nowhere();
    let between = entry.endpoint.path.segments.split(|segment| matches!(segment, Segment::Param(_)));
    let first = |segments: &[Segment]| {
        let words: Vec<&str> = segments.iter().filter_map(word).collect();
        let leads_on = |word: &&&str| is_version(word) || (is_gitlab && gitlab::is_noise(word));
        let telling = words.iter().find(|word| !leads_on(word));
        telling.or(words.first()).map(|word| (*word).to_owned())
    };
    between.filter_map(first).collect()
}

fn word(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Literal(text) | Segment::Mixed { text, .. } => {
            Some(text.as_str()).filter(|text| *text != "-")
        }
        Segment::Param(_) => None,
    }
}

/// `v1`, or the `api` in front of it.
fn is_version(word: &str) -> bool {
    let digits = word.strip_prefix('v').unwrap_or_default();
    word == "api" || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}
