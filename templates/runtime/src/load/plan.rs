//! Where the records of a resource go, after the configuration has had its say.

use crate::destination::Target;
use crate::load::options::LoadOptions;
use crate::load::summary::LoadNote;
use crate::normalize::{Catalog, Digests, Layout, Reader};
use crate::resource::{KeyScope, Resource, Shape, WriteDisposition};

/// Where the records of a resource go.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) resource: &'static str,
    pub(super) reader: Reader,
    /// The table itself, or its stage where a complete read is to replace it.
    pub(super) target: Target,
    pub(super) note: Option<LoadNote>,
}

/// Merging needs a key: without one, a complete read replaces the table.
pub(super) fn plan_of(resource: &'static Resource, options: &LoadOptions, catalog: &Catalog) -> Plan {
    let own = options.resources.get(resource.name);
    let table = own.and_then(|own| own.table.clone()).unwrap_or_else(|| resource.table.to_owned());
    let wanted = own.and_then(|own| own.write_disposition).unwrap_or(resource.write_disposition);
    let (partition_key, record_key) = key_of(resource);
    let has_key = !partition_key.is_empty() || !record_key.is_empty();
    let is_merge = wanted == WriteDisposition::Merge;
    let note = (is_merge && !has_key && resource.shape != Shape::Object)
        .then(|| LoadNote::NoKey { resource: resource.name, table: table.clone() });
    let replaces = resource.is_replaced(own.and_then(|own| own.write_disposition));
    let layout = Layout {
        table,
        partition_key,
        record_key,
        is_unique: has_key && wanted != WriteDisposition::Append,
        digests: if has_key && wanted != WriteDisposition::Append { Digests::Keyless } else { Digests::None },
        left_out: Vec::new(),
        lists: options.nested_lists,
        max_depth: options.max_depth,
        hints: resource.columns.iter().map(|column| (column.name, column.kind)).collect(),
    };
    Plan {
        resource: resource.name,
        target: if replaces { Target::Stage } else { Target::Table },
        reader: Reader::new(resource, layout, catalog.clone()),
        note,
    }
}

impl Plan {
    pub(super) fn layout(&self) -> &Layout {
        self.reader.layout()
    }
}

/// The primary key in two parts: the columns of the partition, then the fields of the record.
fn key_of(resource: &Resource) -> (Vec<&'static str>, Vec<&'static str>) {
    let is_param = |name: &&str| {
        resource.key_scope == KeyScope::Parent && resource.params.iter().any(|param| param.column == *name)
    };
    resource.primary_key().into_iter().partition(is_param)
}
