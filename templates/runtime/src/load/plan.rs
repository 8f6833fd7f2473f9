//! Where the records of a resource go, after the configuration has had its say.

use std::sync::{Arc, OnceLock};

use crate::config::Contract;
use crate::destination::Mode;
use crate::load::options::LoadOptions;
use crate::load::summary::LoadNote;
use crate::model::Source;
use crate::normalize::{Catalog, Digests, Layout, Reader};
use crate::resource::{KeyScope, Resource, Shape, WriteDisposition};
use crate::schema::table::{DELETED_AT, Table, VALID_TO, is_digest};

/// Where the records of a resource go.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) resource: &'static Resource,
    pub(super) layout: Layout,
    pub(super) writes: Writes,
    pub(super) contract: Contract,
    pub(super) note: Option<LoadNote>,
    reader: OnceLock<Arc<Reader>>,
}

/// What its rows do to those that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writes {
    /// They take the place of those with the same key.
    Merge,
    /// They are versions of what their key names.
    Versions,
    /// The same, with the times at which they held.
    History,
    /// A complete read replaces the table.
    Replace,
}

/// Merging and a history need a key: without one, a complete read replaces the table. What is appended without a key is
/// told apart by what it holds. The lists of a version stay with it.
pub(super) fn plan_of(resource: &'static Resource, options: &LoadOptions) -> Plan {
    let own = options.resources.get(resource.name);
    let table = table_of(resource, options);
    let wanted = disposition_of(resource, options);
    let (partition_key, record_key) = key_of(resource);
    let has_key = !partition_key.is_empty() || !record_key.is_empty();
    let needs_key = matches!(wanted, WriteDisposition::Merge | WriteDisposition::History);
    let note = (needs_key && !has_key && resource.shape != Shape::Object)
        .then(|| LoadNote::NoKey { resource: resource.name, table: table.clone() });
    let writes = writes_of(resource, options);
    let is_append = wanted == WriteDisposition::Append;
    let has_versions = matches!(writes, Writes::Versions | Writes::History);
    Plan {
        resource,
        writes,
        contract: own.and_then(|own| own.contract).unwrap_or(options.contract),
        layout: Layout {
            table,
            partition_key,
            record_key,
            is_unique: if is_append { !has_key } else { has_key && !has_versions },
            digests: match has_key {
                _ if is_append || has_versions => Digests::Each,
                true => Digests::Keyless,
                false => Digests::None,
            },
            is_history: writes == Writes::History,
            lists: own.and_then(|own| own.nested_lists).unwrap_or(options.nested_lists),
            max_depth: own.and_then(|own| own.max_depth).unwrap_or(options.max_depth),
            hints: resource.columns.iter().map(|column| (column.name, column.kind)).collect(),
        },
        note,
        reader: OnceLock::new(),
    }
}

fn disposition_of(resource: &Resource, options: &LoadOptions) -> WriteDisposition {
    let own = options.resources.get(resource.name).and_then(|own| own.write_disposition);
    own.unwrap_or(resource.write_disposition)
}

pub(super) fn writes_of(resource: &Resource, options: &LoadOptions) -> Writes {
    let wanted = disposition_of(resource, options);
    match wanted {
        _ if resource.is_replaced(Some(wanted)) => Writes::Replace,
        WriteDisposition::Append if !resource.primary_key().is_empty() => Writes::Versions,
        WriteDisposition::History => Writes::History,
        _ => Writes::Merge,
    }
}

impl Writes {
    /// The column that says when a row was no longer found.
    pub(super) fn mark(self) -> &'static str {
        if self == Writes::History { VALID_TO } else { DELETED_AT }
    }
}

pub(super) fn table_of(resource: &Resource, options: &LoadOptions) -> String {
    let own = options.resources.get(resource.name).and_then(|own| own.table.clone());
    own.unwrap_or_else(|| resource.table.to_owned())
}

/// Which tables the resources of the pipeline fill.
pub(super) fn sources(options: &LoadOptions) -> Vec<Source> {
    options.all.iter().map(|resource| Source { resource, table: table_of(resource, options) }).collect()
}

impl Plan {
    /// What reads its pages, made for the first of them.
    pub(super) fn reader(&self, catalog: &Catalog) -> &Arc<Reader> {
        self.reader.get_or_init(|| Arc::new(Reader::new(self.resource, self.layout.clone(), catalog.clone())))
    }

    /// The columns that tell the records of a page apart. Of versions, the digest is no part of it, and their table has no
    /// key.
    pub(super) fn take_identity(&self, records: &mut Arc<Table>) -> Vec<String> {
        if !matches!(self.writes, Writes::Versions | Writes::History) {
            return records.key.clone();
        }
        let mut identity = std::mem::take(&mut Arc::make_mut(records).key);
        identity.retain(|name| !is_digest(name));
        identity
    }

    /// How rows of one of its tables are written.
    pub(super) fn mode(&self, table: &Table, identity: &[String]) -> Mode {
        match self.writes {
            Writes::Replace => Mode::Stage,
            Writes::Versions if table.parent.is_none() => Mode::Versions { of: identity.to_vec() },
            Writes::History if table.parent.is_none() => Mode::History { of: identity.to_vec() },
            Writes::Versions | Writes::History | Writes::Merge => Mode::Merge,
        }
    }
}

/// The primary key in two parts: the columns of the partition, then the fields of the record.
fn key_of(resource: &Resource) -> (Vec<&'static str>, Vec<&'static str>) {
    let is_param = |name: &&str| {
        resource.key_scope == KeyScope::Parent && resource.partition_columns().any(|column| column == *name)
    };
    resource.primary_key().into_iter().partition(is_param)
}
