//! Tables and columns: DDL, and what `_tables` and `_columns` keep of them.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::Result;
use super::aid::BY;
use super::connect::{Session, Sql};
use super::convert::Conversion;
use crate::client::Excerpt;
use crate::destination::kept;
use crate::destination::sql::{quoted, quoted_list};
use crate::destination::{DestinationError, SchemaChange, Widening};
use crate::resource::{ColumnKind, ItemKind};
use crate::schema::Naming;
use crate::schema::kind::kind_name;
use crate::schema::table::{Column, Table};

/// Of a longer name the server cuts the rest off, and two could become one. Every table has columns of the reserved names.
pub(super) const NAMING: Naming = Naming {
    longest: 63,
    folds_case: false,
    reserved: &["cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"],
    ..Naming::DEFAULT
};

/// The schema that the tables lie in.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub(super) name: String,
    quoted: String,
}

impl Schema {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), quoted: quoted(name) }
    }

    /// As SQL writes it.
    pub(super) fn quoted(&self) -> &str {
        &self.quoted
    }

    /// A table of it, as SQL writes it.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}.{}", self.quoted, quoted(name))
    }

    /// Whether it has a relation of this name, of any sort.
    pub(super) fn has(&self, session: &Session, name: &str) -> Sql<bool> {
        let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = $1 AND c.relname = $2)";
        session.row(sql, &[(&self.name, Type::TEXT), (&name, Type::TEXT)])?.try_get(0)
    }

    /// Makes the schema if it is not there. Two may come at once.
    pub(super) fn create(&self, session: &Session) -> Sql<()> {
        let exists = || -> Sql<bool> {
            let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)";
            session.row(sql, &[(&self.name, Type::TEXT)])?.try_get(0)
        };
        // `IF NOT EXISTS` asks for the right to make one also when it is there.
        if exists()? {
            return Ok(());
        }
        session.batch(&format!("CREATE SCHEMA IF NOT EXISTS {}", self.quoted))
    }
}

pub(super) fn column_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool => "boolean",
        ColumnKind::Int => "bigint",
        ColumnKind::Float => "double precision",
        ColumnKind::Date => "date",
        ColumnKind::Timestamp => "timestamp with time zone",
        ColumnKind::Text => "text",
        ColumnKind::Json => "jsonb",
        ColumnKind::List(ItemKind::Bool) => "boolean[]",
        ColumnKind::List(ItemKind::Int) => "bigint[]",
        ColumnKind::List(ItemKind::Float) => "double precision[]",
        ColumnKind::List(ItemKind::Date) => "date[]",
        ColumnKind::List(ItemKind::Timestamp) => "timestamp with time zone[]",
        ColumnKind::List(ItemKind::Text) => "text[]",
    }
}

pub(super) fn widening(from: ColumnKind, to: ColumnKind) -> Widening {
    if from == to { Widening::Free } else { Widening::InPlace }
}

/// What hidden tables are called: nothing else begins so. Those of a load have a part of its token in their names, so
/// that two loads never write to the same one.
pub(super) const HIDDEN: [&str; 3] = [STAGE, "_new_", "_gone_"];

/// Of these, what those are called in which a complete read gathers.
pub(super) const STAGE: &str = "_stage_";

/// The name of the hidden copy in which a complete read gathers.
pub(super) fn stage_of(table: &str, load: &str) -> String {
    hidden(STAGE, load, table)
}

/// The name of the table in which rows wait for the commit of their package.
pub(super) fn incoming_of(target: &str, load: &str) -> String {
    hidden("_new_", load, target)
}

/// The name of the table in which keys wait whose list rows go.
pub(super) fn gone_of(target: &str, load: &str) -> String {
    hidden("_gone_", load, target)
}

fn hidden(start: &str, load: &str, table: &str) -> String {
    NAMING.fitting(format!("{start}{load}_{table}"), table)
}

/// The definitions of columns, as `CREATE TABLE` has them.
pub(super) fn definitions<'c>(columns: impl IntoIterator<Item = &'c Column>) -> String {
    let column = |column: &Column| format!("{} {}", quoted(&column.name), column_type(column.kind));
    columns.into_iter().map(column).collect::<Vec<_>>().join(",\n    ")
}

/// Makes an empty table and the index on its key.
pub(super) fn table_sql(schema: &Schema, table: &Table) -> Vec<String> {
    let (name, columns) = (schema.table(&table.name), definitions(&table.columns));
    let key = Some(key_index(schema, &table.name, &table.key)).filter(|key| !key.is_empty());
    std::iter::once(format!("CREATE TABLE {name} (\n    {columns}\n)")).chain(key).collect()
}

/// Makes an index if it is not there.
pub(super) fn index<'c>(
    schema: &Schema,
    (prefix, table): (&str, &str),
    unique: &str,
    columns: impl IntoIterator<Item = &'c str>,
) -> String {
    let name = quoted(&NAMING.fitting(format!("{prefix}{table}"), table));
    let columns = quoted_list(columns);
    format!("CREATE {unique} INDEX IF NOT EXISTS {name} ON {} ({columns})", schema.table(table))
}

/// Makes the unique index on the key of a table, if it has one.
pub(super) fn key_index(schema: &Schema, table: &str, key: &[String]) -> String {
    if key.is_empty() {
        return String::new();
    }
    index(schema, ("_key_of_", table), "UNIQUE", key.iter().map(String::as_str))
}

/// Makes changes within a transaction.
pub(super) struct Changing<'s> {
    pub(super) session: &'s Session,
    pub(super) schema: &'s Schema,
    /// A part of the load's token.
    pub(super) load: &'s str,
    pub(super) load_id: &'s str,
}

impl Changing<'_> {
    pub(super) fn change(&self, change: &SchemaChange) -> Result<()> {
        let place = &self.session.server.address.place;
        let name = change.table();
        match change {
            SchemaChange::CreateTable(table) => {
                if self.is_ours(name).map_err(place.failed("find", name))? {
                    return Ok(());
                }
                if self.schema.has(self.session, name).map_err(place.failed("find", name))? {
                    return Err(DestinationError::ForeignTable {
                        place: place.name(),
                        table: name.to_owned(),
                    });
                }
                self.create(table).map_err(place.failed("create", name))
            }
            SchemaChange::AddColumn { column, .. } => {
                self.add_column(name, column).map_err(place.failed("add a column to", name))
            }
            SchemaChange::AlterColumn { from, to, .. } => {
                let failed = place.failed("widen a column of", name);
                if self.is_narrow(name, from, to).map_err(&failed)? {
                    self.look_for_views(name, to)?;
                    self.widen_column(name, from, to).map_err(&failed)?;
                }
                self.note_kind(name, to).map_err(failed)
            }
            SchemaChange::SetKey { key, .. } => {
                self.set_key(name, key).map_err(place.failed("set the key of", name))
            }
        }
    }

    fn own(&self, name: &str) -> String {
        self.schema.table(name)
    }

    fn is_ours(&self, table: &str) -> Sql<bool> {
        let known = format!("SELECT EXISTS (SELECT FROM {} WHERE table_name = $1)", self.own("_tables"));
        let known: bool = self.session.row(&known, &[(&table, Type::TEXT)])?.try_get(0)?;
        Ok(known && self.schema.has(self.session, table)?)
    }

    fn create(&self, table: &Table) -> Sql<()> {
        self.session.batch(&table_sql(self.schema, table).join(";\n"))?;
        let forget = format!("DELETE FROM {} WHERE table_name = $1", self.own("_columns"));
        self.session.execute(&forget, &[(&table.name, Type::TEXT)])?;
        let note = format!(
            "INSERT INTO {} AS t (table_name, parent, source, key, load_id) VALUES ($1, $2, $3, $4::text::json, $5)
             ON CONFLICT (table_name) DO UPDATE SET parent = excluded.parent, source = excluded.source,
                 key = excluded.key, load_id = excluded.load_id",
            self.own("_tables")
        );
        let key = key_json(&table.key);
        let row = [
            &table.name as &(dyn tokio_postgres::types::ToSql + Sync),
            &table.parent,
            &table.source,
            &key,
            &self.load_id,
        ];
        self.session.execute(&note, &row.map(|value| (value, Type::TEXT)))?;
        table.columns.iter().try_for_each(|column| self.note_column(&table.name, column))
    }

    /// The table, and its stage where it has one.
    fn copies(&self, table: &str) -> Sql<Vec<String>> {
        let stage = stage_of(table, self.load);
        let has_stage = self.schema.has(self.session, &stage)?;
        Ok(std::iter::once(table.to_owned()).chain(has_stage.then_some(stage)).collect())
    }

    fn add_column(&self, table: &str, column: &Column) -> Sql<()> {
        for copy in self.copies(table)? {
            let definition = definitions([column]);
            let sql = format!("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {definition}", self.own(&copy));
            self.session.batch(&sql)?;
        }
        self.note_column(table, column)
    }

    fn is_narrow(&self, table: &str, from: &Column, to: &Column) -> Sql<bool> {
        Ok(from.kind != to.kind && self.kind_of(table, &to.name)?.as_deref() != Some(kind_name(to.kind)))
    }

    /// A column that a view reads keeps its type. The server says so as well, but then the transaction is over and who has
    /// the view cannot be asked for.
    fn look_for_views(&self, table: &str, column: &Column) -> Result<()> {
        let sql = "SELECT DISTINCT format('%I.%I', vn.nspname, v.relname) FROM pg_catalog.pg_depend d
                   JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
                   JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
                   JOIN pg_catalog.pg_namespace vn ON vn.oid = v.relnamespace
                   JOIN pg_catalog.pg_class c ON d.refclassid = 'pg_catalog.pg_class'::regclass AND c.oid = d.refobjid
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
                   WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 ORDER BY 1";
        let place = &self.session.server.address.place;
        let of = [self.schema.name.as_str(), table, &column.name];
        let views = self.session.rows(sql, &of.each_ref().map(|value| (value as _, Type::TEXT)));
        let views =
            views.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect::<Sql<Vec<String>>>());
        let views = views.map_err(place.failed("find views on", table))?;
        if views.is_empty() {
            return Ok(());
        }
        let views = views.iter().map(|view| format!("view `{}`", Excerpt::new(view)));
        Err(DestinationError::Viewed {
            place: place.name(),
            table: table.to_owned(),
            column: column.name.clone(),
            wanted: column_type(column.kind),
            views: views.collect::<Vec<_>>().join(", "),
        })
    }

    fn widen_column(&self, table: &str, from: &Column, to: &Column) -> Sql<()> {
        if matches!(to.kind, ColumnKind::Text | ColumnKind::Json) {
            self.drop_aids(table, &to.name)?;
        }
        let (column, kind) = (quoted(&to.name), column_type(to.kind));
        let Conversion { make, value, drop } =
            Conversion::new(&self.own("_wide_lists"), &column, from, to.kind);
        self.session.batch(&make)?;
        for copy in self.copies(table)? {
            let copy = self.own(&copy);
            let sql = format!("ALTER TABLE {copy} ALTER COLUMN {column} TYPE {kind} USING {value}");
            self.session.batch(&sql)?;
        }
        self.session.batch(&drop)
    }

    /// What was made for those who query, on a column that may have long values from now on: no entry of an index may be.
    fn drop_aids(&self, table: &str, column: &str) -> Sql<()> {
        let sql = "SELECT x.relname::text FROM pg_catalog.pg_index i
                   JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                   JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
                   WHERE n.nspname = $1 AND c.relname = $2 AND a.attname = $3 AND starts_with(x.relname, $4)";
        let of = [self.schema.name.as_str(), table, column, BY];
        for row in self.session.rows(sql, &of.each_ref().map(|value| (value as _, Type::TEXT)))? {
            let index: String = row.try_get(0)?;
            self.session.batch(&format!("DROP INDEX IF EXISTS {}", self.own(&index)))?;
        }
        Ok(())
    }

    fn note_kind(&self, table: &str, to: &Column) -> Sql<()> {
        let sql = format!(
            "UPDATE {} SET kind = $3, seen = $4, source = $5 WHERE table_name = $1 AND column_name = $2",
            self.own("_columns")
        );
        let row = [table, &to.name, kind_name(to.kind), to.seen.name(), &to.source];
        self.session.execute(&sql, &row.each_ref().map(|value| (value as _, Type::TEXT))).map(drop)
    }

    /// Of rows that are the same by the new key, the last written stays.
    fn set_key(&self, table: &str, key: &[String]) -> Sql<()> {
        for copy in self.copies(table)? {
            let index = self.own(&NAMING.fitting(format!("_key_of_{copy}"), &copy));
            self.session.batch(&format!("DROP INDEX IF EXISTS {index}"))?;
            if key.is_empty() {
                continue;
            }
            let own = self.own(&copy);
            let loaded = self.loaded_columns(&copy)?;
            let order: String =
                loaded.iter().map(|column| format!("{} DESC NULLS LAST, ", quoted(column))).collect();
            let columns = quoted_list(key.iter().map(String::as_str));
            let ranked = format!(
                "SELECT ctid AS at, row_number() OVER (PARTITION BY {columns} ORDER BY {order}ctid DESC) AS rank FROM {own}"
            );
            let delete =
                format!("DELETE FROM {own} AS t USING ({ranked}) AS r WHERE t.ctid = r.at AND r.rank > 1");
            self.session.batch(&format!("{delete}; {}", key_index(self.schema, &copy, key)))?;
        }
        let sql = format!("UPDATE {} SET key = $2::text::json WHERE table_name = $1", self.own("_tables"));
        let row = [table, &key_json(key)];
        self.session.execute(&sql, &row.each_ref().map(|value| (value as _, Type::TEXT))).map(drop)
    }

    /// Those columns that tell when a row was written.
    fn loaded_columns(&self, table: &str) -> Sql<Vec<String>> {
        let sql = "SELECT a.attname::text FROM pg_catalog.pg_attribute a
                   JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = $1 AND c.relname = $2 AND a.attname IN ('_load_id', '_loaded_at')
                   ORDER BY a.attname";
        let rows = self.session.rows(sql, &[(&self.schema.name, Type::TEXT), (&table, Type::TEXT)])?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    fn note_column(&self, table: &str, column: &Column) -> Sql<()> {
        let sql = format!(
            "INSERT INTO {} AS c (table_name, column_name, kind, seen, source, load_id)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (table_name, column_name) DO UPDATE SET kind = excluded.kind, seen = excluded.seen,
                 source = excluded.source, load_id = excluded.load_id",
            self.own("_columns")
        );
        let (kind, seen) = (kind_name(column.kind), column.seen.name());
        let row = [table, &column.name, kind, seen, &column.source, self.load_id];
        self.session.execute(&sql, &row.each_ref().map(|value| (value as _, Type::TEXT))).map(drop)
    }

    fn kind_of(&self, table: &str, column: &str) -> Sql<Option<String>> {
        let own = self.own("_columns");
        let sql = format!("SELECT kind FROM {own} WHERE table_name = $1 AND column_name = $2");
        let rows = self.session.rows(&sql, &[(&table, Type::TEXT), (&column, Type::TEXT)])?;
        rows.first().map(|row| row.try_get(0)).transpose()
    }
}

/// The tables of `_tables` that are still there, with those of their columns that are.
pub(super) fn tables(session: &Session, schema: &Schema) -> Result<Vec<Table>> {
    let place = &session.server.address.place;
    let sql = format!(
        "SELECT t.table_name, t.parent, t.source, t.key::text FROM {} t
         JOIN pg_catalog.pg_class c ON c.relname = t.table_name AND c.relkind IN ('r', 'p')
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1
         ORDER BY t.table_name COLLATE \"C\"",
        schema.table("_tables")
    );
    let rows = session.rows(&sql, &[(&schema.name, Type::TEXT)]).map_err(place.failed("read", "_tables"))?;
    let tables = rows.iter().map(table_of).collect::<Sql<Vec<_>>>();
    let mut tables = tables.map_err(place.failed("read", "_tables"))?;
    let sql = format!(
        "SELECT s.table_name, s.column_name, s.kind, s.seen, s.source FROM {} s
         JOIN pg_catalog.pg_class c ON c.relname = s.table_name
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.column_name AND NOT a.attisdropped
         ORDER BY a.attnum",
        schema.table("_columns")
    );
    let rows = session.rows(&sql, &[(&schema.name, Type::TEXT)]).map_err(place.failed("read", "_columns"))?;
    for row in &rows {
        let texts = (0..5).map(|at| row.try_get(at)).collect::<Sql<Vec<String>>>();
        let texts = texts.map_err(place.failed("read", "_columns"))?;
        let Ok([table, column @ ..]) = <[String; 5]>::try_from(texts) else { continue };
        let column = kept::column(column, &|column, value| place.unreadable("_columns", column, value))?;
        if let Some(table) = tables.iter_mut().find(|known| known.name == table) {
            table.columns.push(column);
        }
    }
    Ok(tables)
}

fn table_of(row: &Row) -> Sql<Table> {
    let key: String = row.try_get(3)?;
    Ok(Table {
        name: row.try_get(0)?,
        parent: row.try_get(1)?,
        source: row.try_get(2)?,
        key: serde_json::from_str(&key).unwrap_or_default(),
        columns: Vec::new(),
    })
}

fn key_json(key: &[String]) -> String {
    serde_json::Value::from(key).to_string()
}
