//! What helps those who query tables, and is no part of any row: comments, and indexes on the columns that lead to other
//! tables or that later loads go by.

use super::{Source, Tie, ties, words};
use crate::destination::Aid;
use crate::resource::ColumnKind;
use crate::schema::table::Table;

/// For all tables.
pub(crate) fn aids(sources: &[Source], tables: &[Table]) -> Vec<Aid> {
    let ties = ties(sources, tables);
    tables.iter().map(|table| aid(sources, &ties, tables, table)).collect()
}

fn aid(sources: &[Source], ties: &[Tie], tables: &[Table], table: &Table) -> Aid {
    let columns = table.columns.iter().map(|column| {
        let about = words::of_column(sources, table, column);
        (column.name.clone(), about)
    });
    let towards = ties.iter().filter(|tie| tie.from == table.name && is_short(tie, tables, table));
    let towards = towards.map(|tie| tie.columns.iter().map(|(own, _)| own.clone()).collect::<Vec<_>>());
    let mut wanted: Vec<Vec<String>> = towards.chain(cursors(sources, table)).collect();
    // One on several columns finds by the first of them as well.
    wanted.sort_by_key(|columns| std::cmp::Reverse(columns.len()));
    let mut indexes: Vec<Vec<String>> = Vec::new();
    for index in wanted {
        let is_there = begins(&table.key, &index) || indexes.iter().any(|other| begins(other, &index));
        if !is_there && !index.is_empty() {
            indexes.push(index);
        }
    }
    Aid {
        table: table.name.clone(),
        about: words::of_table(sources, table),
        columns: columns.filter(|(_, about)| !about.is_empty()).collect(),
        indexes,
    }
}

/// Whether an index on some columns finds by others as well, in whichever order they stand.
fn begins(index: &[String], wanted: &[String]) -> bool {
    index.get(..wanted.len()).is_some_and(|first| wanted.iter().all(|column| first.contains(column)))
}

/// No entry of an index may be long. What is a key elsewhere is not, as it stands in an index there.
fn is_short(tie: &Tie, tables: &[Table], table: &Table) -> bool {
    let key = tables.iter().find(|above| above.name == tie.to).map_or(&[][..], |above| &above.key);
    tie.columns.iter().all(|(own, other)| {
        let kind = table.column(own).map(|column| column.kind);
        kind.is_some_and(is_brief) || kind == Some(ColumnKind::Text) && key.contains(other)
    })
}

fn is_brief(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Int | ColumnKind::Date | ColumnKind::Timestamp)
}

/// The columns that say what changed since.
fn cursors(sources: &[Source], table: &Table) -> impl Iterator<Item = Vec<String>> {
    let own = sources.iter().filter(|source| table.parent.is_none() && source.table == table.name);
    let cursors = own.flat_map(|source| {
        let incremental = source.resource.incremental.and_then(|incremental| incremental.cursor);
        incremental.into_iter().chain(source.resource.newest_first.map(|order| order.cursor))
    });
    let brief = cursors.map(|field| field.replace('.', "__"));
    brief
        .filter(|name| table.column(name).is_some_and(|column| is_brief(column.kind)))
        .map(|name| vec![name])
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Column, Incremental, KeyScope, Param, Resource};
    use crate::schema::kind::Seen;
    use crate::schema::table;

    const PROJECTS: Resource = Resource {
        name: "projects",
        table: "projects",
        path: "/projects",
        record_key: &["id"],
        ..Resource::DEFAULT
    };

    const ISSUES: Resource = Resource {
        name: "issues",
        table: "issues",
        path: "/projects/{id}/issues",
        about: "Issues of a project",
        params: &[Param::parent("id", "project_id", "projects", "id")],
        record_key: &["id"],
        incremental: Some(Incremental { cursor: Some("updated_at"), ..Incremental::DEFAULT }),
        columns: &[Column::text("title").about("What it is called")],
        ..Resource::DEFAULT
    };

    const NOTES: Resource = Resource {
        name: "notes",
        table: "notes",
        path: "/projects/{id}/issues/{iid}/notes",
        params: &[
            Param::parent("id", "project_id", "projects", "id"),
            Param::parent("iid", "issue_iid", "issues", "iid"),
        ],
        record_key: &["id"],
        ..Resource::DEFAULT
    };

    const BRANCHES: Resource = Resource {
        name: "branches",
        table: "branches",
        path: "/projects/{id}/branches",
        params: &[Param::parent("id", "project_id", "projects", "id")],
        record_key: &["name"],
        key_scope: KeyScope::Parent,
        ..Resource::DEFAULT
    };

    fn table(resource: &Resource, columns: &[(&str, ColumnKind, &str)]) -> Table {
        let column = |(name, kind, source): &(&str, ColumnKind, &str)| table::Column {
            name: (*name).to_owned(),
            kind: *kind,
            seen: Seen::of_kind(*kind),
            source: format!("{source}{name}"),
        };
        Table {
            name: resource.table.to_owned(),
            parent: None,
            source: resource.name.to_owned(),
            key: resource.primary_key().into_iter().map(str::to_owned).collect(),
            columns: columns.iter().map(column).collect(),
        }
    }

    fn found() -> Vec<Aid> {
        let resources = [&PROJECTS, &ISSUES, &NOTES, &BRANCHES];
        let sources = resources.map(|resource| Source { resource, table: resource.table.to_owned() });
        let (int, text) = (ColumnKind::Int, ColumnKind::Text);
        let id = ("id", int, "/");
        let project = ("project_id", int, "partition/");
        let updated = ("updated_at", ColumnKind::Timestamp, "/");
        let tables = [
            table(&PROJECTS, &[id]),
            table(&ISSUES, &[project, id, ("iid", int, "/"), ("title", text, "/"), updated]),
            table(&NOTES, &[project, ("issue_iid", int, "partition/"), id]),
            table(&BRANCHES, &[project, ("name", text, "/")]),
        ];
        aids(&sources, &tables)
    }

    #[test]
    fn what_leads_elsewhere_is_found_by_one_index() {
        let indexes = |at: usize| -> Vec<String> {
            found()[at].indexes.iter().map(|columns| columns.join(", ")).collect()
        };
        assert_eq!(indexes(0), Vec::<String>::new());
        assert_eq!(indexes(1), ["project_id", "updated_at"]);
        assert_eq!(indexes(2), ["project_id, issue_iid"], "it finds by the project as well");
        assert_eq!(indexes(3), Vec::<String>::new(), "the key begins with it");
    }

    #[test]
    fn words_are_those_of_document_and_pipeline() {
        let issues = &found()[1];
        assert_eq!(issues.about, "Issues of a project. GET /projects/{id}/issues.");
        let about =
            |name: &str| issues.columns.iter().find(|(own, _)| own == name).map(|(_, about)| about.as_str());
        assert_eq!(about("title"), Some("What it is called."));
        assert_eq!(about("project_id"), Some("id of projects."));
        assert_eq!(about("iid"), None);
        let iid = found()[2].columns.iter().find(|(name, _)| name == "issue_iid").cloned();
        assert_eq!(iid.map(|(_, about)| about).as_deref(), Some("iid of issues."));
    }
}
