//! The records of the sample server that figures are computed of.

use sample_gitlab::{Moment, SampleServer};
use serde_json::Value;

/// A record, and the numbers in the path of its list.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) path: Vec<i64>,
    value: Value,
}

pub(crate) fn records(server: &SampleServer, list: &str) -> Vec<Record> {
    let rows = server.world().rows(list).expect("a list");
    let record = |(params, value): (Vec<(String, String)>, Value)| Record {
        path: params.iter().map(|(_, number)| number.parse().expect("a number")).collect(),
        value,
    };
    rows.map(record).collect()
}

impl Record {
    /// `pipeline/id` is that of the pipeline.
    pub(crate) fn get(&self, field: &str) -> &Value {
        field.split('/').fold(&self.value, |value, name| &value[name])
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.get(field).as_str().unwrap_or_else(|| panic!("{field} is no text"))
    }

    pub(crate) fn int(&self, field: &str) -> i64 {
        self.get(field).as_i64().unwrap_or_else(|| panic!("{field} is no integer"))
    }

    pub(crate) fn flag(&self, field: &str) -> bool {
        self.get(field).as_bool().unwrap_or_else(|| panic!("{field} is no truth"))
    }

    pub(crate) fn is(&self, field: &str, value: &str) -> bool {
        self.get(field) == value
    }

    pub(crate) fn maybe_time(&self, field: &str) -> Option<Moment> {
        self.get(field).as_str().map(|text| Moment::parse(text).expect("a time"))
    }

    pub(crate) fn time(&self, field: &str) -> Moment {
        self.maybe_time(field).unwrap_or_else(|| panic!("{field} is no time"))
    }
}

const DAY: i64 = 86_400_000;

pub(crate) fn hours(from: Moment, to: Moment) -> f64 {
    millis(from, to) / 3_600_000.0
}

pub(crate) fn days(from: Moment, to: Moment) -> f64 {
    millis(from, to) / 86_400_000.0
}

pub(crate) fn minutes(from: Moment, to: Moment) -> f64 {
    millis(from, to) / 60_000.0
}

fn millis(from: Moment, to: Moment) -> f64 {
    let millis = i32::try_from((to.millis() - from.millis()) / 1_000).expect("a few years");
    f64::from(millis) * 1_000.0
        + f64::from(i32::try_from((to.millis() - from.millis()) % 1_000).expect("less"))
}

pub(crate) fn day(at: Moment) -> String {
    at.date()
}

/// 1970-01-01 was a Thursday.
pub(crate) fn week(at: Moment) -> String {
    let day = at.millis().div_euclid(DAY);
    Moment::from_millis((day - (day + 3).rem_euclid(7)) * DAY).date()
}

pub(crate) fn month(at: Moment) -> String {
    format!("{}-01", at.date().get(..7).expect("a date"))
}
