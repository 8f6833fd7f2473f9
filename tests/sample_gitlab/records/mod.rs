//! JSON of each entity, with the fields, nulls and odd types that the real API sends.

mod admin;
mod ci;
mod deployment;
mod epic;
mod event;
mod group;
mod issue;
mod merge_request;
mod note;
mod package;
mod planning;
mod project;
mod release;
mod repository;
mod security;
mod text;
mod user;

use serde_json::Value;

pub(crate) use note::Noteable;
pub(crate) use user::extend;

/// `count` records, numbered from 1.
pub(crate) fn numbered(count: i64, record: impl Fn(i64) -> Value) -> Vec<Value> {
    (1..=count).map(record).collect()
}
