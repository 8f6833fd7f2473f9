//! What loads say of themselves: an entry comes in, what pages tell of it goes out. A field that an older version did not
//! write is left unsaid.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::destination::{LoadEntry, LoadStatus};

/// What pages ask of a load.
pub(super) trait History {
    fn all_rows(&self) -> u64;
    fn rows_of(&self, table: &str) -> Option<u64>;
    fn took(&self) -> Option<Duration>;
    fn number(&self, name: &str) -> Option<u64>;
    /// How long at least one request waited.
    fn waited(&self, reason: &str) -> Option<Duration>;
    fn lines<'l>(&'l self, name: &'l str) -> impl Iterator<Item = &'l str>;
    fn left_out(&self) -> impl Iterator<Item = LeftOut<'_>>;
    fn asked(&self) -> impl Iterator<Item = Asked<'_>>;
}

/// Partitions that were not read.
#[derive(Debug)]
pub(super) struct LeftOut<'l> {
    pub(super) resource: &'l str,
    pub(super) kind: &'l str,
    pub(super) partitions: u64,
    pub(super) reason: &'l str,
    pub(super) example: &'l str,
}

/// What was asked of a resource.
#[derive(Debug)]
pub(super) struct Asked<'l> {
    pub(super) resource: &'l str,
    pub(super) records: u64,
    pub(super) requests: u64,
    pub(super) retries: u64,
}

impl History for LoadEntry {
    fn all_rows(&self) -> u64 {
        self.rows.values().filter_map(Value::as_u64).sum()
    }

    fn rows_of(&self, table: &str) -> Option<u64> {
        self.rows.get(table).and_then(Value::as_u64)
    }

    fn took(&self) -> Option<Duration> {
        self.finished_at?.duration_since(self.started_at).ok()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.report.get(name).and_then(Value::as_u64)
    }

    fn waited(&self, reason: &str) -> Option<Duration> {
        self.report.get("waited_ms")?.get(reason)?.as_u64().map(Duration::from_millis)
    }

    fn lines<'l>(&'l self, name: &'l str) -> impl Iterator<Item = &'l str> {
        list(self, name).filter_map(Value::as_str)
    }

    fn left_out(&self) -> impl Iterator<Item = LeftOut<'_>> {
        list(self, "left_out").map(|said| LeftOut {
            resource: text(said, "resource"),
            kind: text(said, "kind"),
            partitions: number(said, "partitions"),
            reason: text(said, "reason"),
            example: text(said, "example"),
        })
    }

    fn asked(&self) -> impl Iterator<Item = Asked<'_>> {
        let resources = self.report.get("resources").and_then(Value::as_object);
        resources.into_iter().flatten().map(|(resource, said)| Asked {
            resource,
            records: number(said, "records"),
            requests: number(said, "requests"),
            retries: number(said, "retries"),
        })
    }
}

fn list<'l>(load: &'l LoadEntry, name: &str) -> impl Iterator<Item = &'l Value> {
    load.report.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text<'l>(said: &'l Value, name: &str) -> &'l str {
    said.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(said: &Value, name: &str) -> u64 {
    said.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// How fresh a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Freshness {
    /// When GitLab was last asked for its records, by a load that is over; `None` where none of the loads did.
    pub(super) asked: Option<SystemTime>,
    /// When rows last came.
    pub(super) came: Option<SystemTime>,
}

/// Of a table that holds the records of these resources; `loads` are the latest, the newest first.
pub(super) fn freshness(loads: &[LoadEntry], table: &str, resources: &[&str]) -> Freshness {
    let over = || loads.iter().filter(|load| load.status != LoadStatus::Running);
    let is_asked = |load: &&LoadEntry| load.asked().any(|asked| resources.contains(&asked.resource));
    let has_rows = |load: &&LoadEntry| load.rows_of(table).is_some_and(|rows| rows > 0);
    Freshness {
        asked: over().find(is_asked).map(|load| load.started_at),
        came: loads.iter().find(has_rows).map(|load| load.finished_at.unwrap_or(load.started_at)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn load(at: u64, status: LoadStatus, rows: Value, report: Value) -> LoadEntry {
        let object = |value: Value| value.as_object().cloned().unwrap_or_else(Map::new);
        LoadEntry {
            load_id: at.to_string(),
            pipeline: "test".into(),
            started_at: SystemTime::UNIX_EPOCH + Duration::from_secs(at),
            finished_at: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(at + 1)),
            status,
            rows: object(rows),
            report: object(report),
        }
    }

    #[test]
    fn a_table_is_as_fresh_as_its_resource_was_asked() {
        let asked = json!({"resources": {"issues": {"requests": 1}}});
        let loads = [
            load(30, LoadStatus::Running, json!({}), asked.clone()),
            load(20, LoadStatus::Complete, json!({}), asked.clone()),
            load(10, LoadStatus::Complete, json!({"issues": 7}), asked),
        ];
        let seconds = |time: Option<SystemTime>| {
            time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
                .map(|since| since.as_secs())
        };
        let found = freshness(&loads, "issues", &["issues"]);
        assert_eq!((seconds(found.asked), seconds(found.came)), (Some(20), Some(11)));
        assert_eq!(freshness(&loads, "users", &["users"]), Freshness { asked: None, came: None });
    }

    #[test]
    fn what_a_report_does_not_say_is_not_told() {
        let old =
            load(1, LoadStatus::Complete, json!({"a": 1, "b": 2}), json!({"left_out": [{"reason": 7}]}));
        assert_eq!((old.all_rows(), old.number("requests"), old.waited("rate_limit")), (3, None, None));
        let left_out: Vec<_> =
            old.left_out().map(|left_out| (left_out.reason, left_out.partitions)).collect();
        assert_eq!(left_out, [("", 0)]);
    }
}
