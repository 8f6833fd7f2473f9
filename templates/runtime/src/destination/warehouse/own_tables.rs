//! The pipeline's own tables, in each schema.

use super::fault::Answer;
use super::lease;
use super::schema::Schema;
use super::session::Session;
use crate::resource::ColumnKind;

/// Makes those of the pipeline's own tables that are not there.
pub(super) fn make_missing(session: &mut dyn Session, schema: &Schema) -> Answer<()> {
    let there = schema.there(session, None)?;
    let missing = |name: &str| !there.contains_key(&schema.warehouse.named(name));
    let made = own_tables(schema).into_iter().filter(|(name, _)| missing(name));
    made.into_iter().try_for_each(|(_, sql)| session.run(&sql).map(drop))
}

/// The pipeline's own tables, and the statements that make them.
fn own_tables(schema: &Schema) -> Vec<(&'static str, String)> {
    let text = schema.warehouse.text_type();
    let instant = schema.warehouse.column_type(ColumnKind::Timestamp);
    let int = schema.warehouse.column_type(ColumnKind::Int);
    let tables: [(&'static str, &[(&str, &str)]); 7] = [
        (
            "_loads",
            &[
                ("load_id", text),
                ("pipeline", text),
                ("started_at", instant),
                ("finished_at", instant),
                ("status", text),
                ("rows", text),
            ],
        ),
        ("_reports", &[("load_id", text), ("piece", int), ("report", text)]),
        (
            "_state",
            &[("resource", text), ("partition", text), ("piece", int), ("state", text), ("load_id", text)],
        ),
        (
            "_tables",
            &[("table_name", text), ("parent", text), ("source", text), ("key", text), ("load_id", text)],
        ),
        (
            "_columns",
            &[
                ("table_name", text),
                ("column_name", text),
                ("kind", text),
                ("seen", text),
                ("source", text),
                ("load_id", text),
            ],
        ),
        ("_packages", &[("load_id", text), ("number", int)]),
        ("_texts", &[("digest", text), ("piece", int), ("text", text)]),
    ];
    let table = |(name, columns): (&'static str, &[(&str, &str)])| {
        let columns = columns.iter().map(|(name, kind)| format!("{} {kind}", schema.column(name)));
        let columns = columns.collect::<Vec<_>>().join(", ");
        (name, format!("CREATE TABLE IF NOT EXISTS {} ({columns})", schema.table(name)))
    };
    tables.into_iter().map(table).collect()
}

/// The table of the lease, with its only row: it is made by one statement, so that there is never another.
pub(super) fn make_lease(session: &mut dyn Session, schema: &Schema) -> Answer<()> {
    if schema.has(session, lease::TABLE)? {
        return Ok(());
    }
    let text = schema.warehouse.text_type();
    let int = schema.warehouse.column_type(ColumnKind::Int);
    let made = session.run(&format!(
        "CREATE TABLE {} AS SELECT CAST('' AS {text}) AS {}, CAST(0 AS {int}) AS {}, CAST('{{}}' AS {text}) AS {}",
        schema.table(lease::TABLE),
        schema.column("token"),
        schema.column("ends"),
        schema.column("holder")
    ));
    match made {
        // Another came first.
        Err(_) if schema.has(session, lease::TABLE)? => Ok(()),
        other => other.map(drop),
    }
}
