//! Where the records of a resource go, after the configuration has had its say.

use std::sync::{Arc, OnceLock};

use crate::destination::Mode;
use crate::load::options::LoadOptions;
use crate::load::summary::LoadNote;
use crate::normalize::{Catalog, Digests, Layout, Reader};
use crate::resource::{KeyScope, Resource, Shape, WriteDisposition};
use crate::schema::table::{Table, is_digest};

/// Where the records of a resource go.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) resource: &'static Resource,
    pub(super) layout: Layout,
    pub(super) writes: Writes,
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
    /// A complete read replaces the table.
    Replace,
}

/// Merging needs a key: without one, a complete read replaces the table. What is appended without a key is told apart by
/// what it holds.
pub(super) fn plan_of(resource: &'static Resource, options: &LoadOptions) -> Plan {
    let own = options.resources.get(resource.name);
    let table = table_of(resource, options);
    let wanted = own.and_then(|own| own.write_disposition).unwrap_or(resource.write_disposition);
    let (partition_key, record_key) = key_of(resource);
    let has_key = !partition_key.is_empty() || !record_key.is_empty();
    let is_merge = wanted == WriteDisposition::Merge;
    let note = (is_merge && !has_key && resource.shape != Shape::Object)
        .then(|| LoadNote::NoKey { resource: resource.name, table: table.clone() });
    let is_append = wanted == WriteDisposition::Append;
    let writes = match (resource.is_replaced(own.and_then(|own| own.write_disposition)), is_append && has_key)
    {
        (true, _) => Writes::Replace,
        (false, true) => Writes::Versions,
        (false, false) => Writes::Merge,
    };
    Plan {
        resource,
        writes,
        layout: Layout {
            table,
            partition_key,
            record_key,
            is_unique: has_key && !is_append || is_append && !has_key,
            digests: match (is_append, has_key) {
                (true, _) => Digests::Each,
                (false, true) => Digests::Keyless,
                (false, false) => Digests::None,
            },
            lists: options.nested_lists,
            max_depth: options.max_depth,
            hints: resource.columns.iter().map(|column| (column.name, column.kind)).collect(),
        },
        note,
        reader: OnceLock::new(),
    }
}

pub(super) fn table_of(resource: &Resource, options: &LoadOptions) -> String {
    let own = options.resources.get(resource.name).and_then(|own| own.table.clone());
    own.unwrap_or_else(|| resource.table.to_owned())
}

impl Plan {
    /// What reads its pages, made for the first of them.
    pub(super) fn reader(&self, catalog: &Catalog) -> &Arc<Reader> {
        self.reader.get_or_init(|| Arc::new(Reader::new(self.resource, self.layout.clone(), catalog.clone())))
    }

    /// The columns that tell the records of a page apart. Of versions, the digest is no part of it, and their table has no
    /// key.
    pub(super) fn take_identity(&self, records: &mut Arc<Table>) -> Vec<String> {
        if self.writes != Writes::Versions {
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
            Writes::Versions | Writes::Merge => Mode::Merge,
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
