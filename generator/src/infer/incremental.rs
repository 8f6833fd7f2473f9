//! How a later run can ask for what changed.

use crate::endpoint::{Endpoint, Entity, QueryParam, Scalar, Type};
use crate::gitlab;

use super::draft::{Draft, Entry};
use super::fact::Fact;
use super::property;
use super::words::is_same;

/// A query parameter that gives a lower time bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incremental {
    pub param: String,
    /// The field of a record that it is compared with; none when the records carry none.
    pub cursor: Option<String>,
    /// What has to be sent with it.
    pub query: Vec<(String, String)>,
    /// Whether a run uses it unasked.
    pub default: bool,
}

/// A kind of bound: its parameter, the fields that it may speak of, and what a run that uses it would miss.
struct Bound {
    param: &'static str,
    cursors: &'static [&'static str],
    sees_changes: bool,
}

/// From the best to the worst: a bound on change, on activity, on creation; then plain windows.
const BOUNDS: [Bound; 13] = [
    Bound { param: "updated_after", cursors: &["updated_at"], sees_changes: true },
    Bound { param: "updated_since", cursors: &["updated_at"], sees_changes: true },
    Bound { param: "modified_after", cursors: &["modified_at", "updated_at"], sees_changes: true },
    Bound { param: "last_activity_after", cursors: &["last_activity_at"], sees_changes: true },
    Bound { param: "finished_after", cursors: &["finished_at"], sees_changes: false },
    Bound { param: "since", cursors: &["committed_date", "updated_at", "created_at"], sees_changes: false },
    Bound { param: "created_after", cursors: &["created_at"], sees_changes: false },
    Bound { param: "created_since", cursors: &["created_at"], sees_changes: false },
    Bound { param: "after", cursors: &["created_at"], sees_changes: false },
    Bound { param: "start_date", cursors: &["date"], sees_changes: false },
    Bound { param: "start_time", cursors: &["date", "created_at"], sees_changes: false },
    Bound { param: "from", cursors: &["date", "last_activity_on"], sees_changes: false },
    Bound { param: "last_used_after", cursors: &["last_used_at"], sees_changes: false },
];

pub(super) fn infer_incremental(draft: &Draft<'_>, entry: Entry<'_>) -> Fact<Option<Incremental>> {
    entry.stated.incremental(unstated_incremental(draft, entry))
}

fn unstated_incremental(draft: &Draft<'_>, entry: Entry<'_>) -> Fact<Option<Incremental>> {
    let endpoint = entry.endpoint;
    let none = |reason: &str| Fact::sure(None, reason);
    if !entry.own.shape.value.is_many() {
        return none("it returns one record");
    }
    let find = |bound: &'static Bound| {
        let param = endpoint.query.iter().find(|param| is_same(&param.name, bound.param))?;
        speaks_of_time(bound, param).then_some((bound, param))
    };
    let Some((bound, param)) = BOUNDS.iter().find_map(find) else {
        return none("it declares no parameter with a lower time bound");
    };
    let entity = draft.record(entry);
    let cursor = bound.cursors.iter().find_map(|field| property::find(entity?, field));
    let immutable = is_immutable(endpoint, entity);
    let incremental = Incremental {
        param: param.name.clone(),
        cursor: cursor.map(str::to_owned),
        query: pairing(entry, bound),
        default: bound.sees_changes || immutable,
    };
    let why = match (bound.sees_changes, immutable) {
        (true, _) => "bounds the time of the last change",
        (false, true) => "bounds the time of creation, and its records never change",
        (false, false) => "bounds another time than that of the last change, so it is off unless asked for",
    };
    Fact::sure(Some(incremental), format!("`{}` {why}", param.name))
}

/// Names such as `from` and `after` may be anything; the others can only be times.
fn speaks_of_time(bound: &Bound, param: &QueryParam) -> bool {
    let generic = matches!(bound.param, "since" | "after" | "from" | "start_date" | "start_time");
    let declared = matches!(param.kind, Type::Scalar(Scalar::Date | Scalar::Timestamp));
    let description = param.description.to_lowercase();
    let described = ["date", "time", "iso 8601", "yyyy"].iter().any(|word| description.contains(word));
    let a_ref = ["commit", "branch", "sha", "tag"].iter().any(|word| description.contains(word))
        && bound.param == "from";
    !generic || declared || (described && !a_ref)
}

/// The order that GitLab wants with a bound, where the endpoint has such an order.
fn pairing(entry: Entry<'_>, bound: &Bound) -> Vec<(String, String)> {
    let Some(order) = gitlab::needs(entry.place, bound.param) else { return Vec::new() };
    let takes = |name: &str, value: &str| {
        entry
            .endpoint
            .query_param(name)
            .is_some_and(|param| param.values.is_empty() || param.values.iter().any(|known| known == value))
    };
    let mut query = Vec::new();
    if takes("order_by", order) {
        query.push(("order_by".to_owned(), order.to_owned()));
        if takes("sort", "asc") {
            query.push(("sort".to_owned(), "asc".to_owned()));
        }
    }
    query
}

/// Records of what happened: commits and events are written once.
fn is_immutable(endpoint: &Endpoint, entity: Option<&Entity>) -> bool {
    let last = endpoint.path.last_literal().unwrap_or_default();
    let happened = last == "events" || last.ends_with("_events") || last == "commits";
    happened && entity.is_none_or(|entity| !entity.has("updated_at"))
}
