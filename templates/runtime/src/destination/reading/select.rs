//! The statement that reads some rows of a table. Names and values come from a page: names are quoted, and values are
//! parameters, all of them texts.

use super::super::sql::{quoted, quoted_list};
use super::{Filter, MOST_TEXT, Test, Window};
use crate::resource::ColumnKind;
use crate::schema::table::{Column, Table};

/// What a database writes in its own way.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Dialect {
    /// The type of texts.
    pub(in super::super) text: &'static str,
    /// Whether a text is like another, however its letters are written.
    pub(in super::super) like: &'static str,
    /// The parameter of this number, from 1 on.
    pub(in super::super) parameter: fn(usize) -> String,
    /// The type of a column that has an order of its own; `None`: values are texts, or compared as such.
    pub(in super::super) type_of: fn(ColumnKind) -> Option<&'static str>,
    /// The kinds whose values come as they are, and not as texts.
    pub(in super::super) is_plain: fn(ColumnKind) -> bool,
}

/// A statement, and what its parameters are.
pub(in super::super) type Statement = (String, Vec<String>);

impl Dialect {
    /// `name` is the table's, as SQL writes it.
    pub(in super::super) fn rows(&self, name: &str, table: &Table, window: &Window<'_>) -> Statement {
        let columns: Vec<String> = table.columns.iter().map(|column| self.shown(column)).collect();
        let (condition, values) = self.condition(window.filter);
        let key = quoted_list(table.key.iter().map(String::as_str));
        let sorted = window.sort.map(|(column, is_descending)| {
            let direction = if is_descending { "DESC" } else { "ASC" };
            format!("{} {direction} NULLS LAST", quoted(column))
        });
        let order: Vec<String> = sorted.into_iter().chain((!key.is_empty()).then_some(key)).collect();
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
        // One more than is shown tells that there is more.
        let (most, skip) = (window.most.saturating_add(1), window.skip);
        let columns = columns.join(", ");
        (format!("SELECT {columns} FROM {name} AS t{condition}{order} LIMIT {most} OFFSET {skip}"), values)
    }

    pub(in super::super) fn count(&self, name: &str, filter: Option<&Filter>) -> Statement {
        let (condition, values) = self.condition(filter);
        (format!("SELECT count(*) FROM {name} AS t{condition}"), values)
    }

    /// Not more of a value than is shown leaves the database.
    fn shown(&self, column: &Column) -> String {
        let (name, text, most) = (quoted(&column.name), self.text, MOST_TEXT + 1);
        if (self.is_plain)(column.kind) {
            return format!("t.{name}");
        }
        format!("substr(CAST(t.{name} AS {text}), 1, {most}) AS {name}")
    }

    fn condition(&self, filter: Option<&Filter>) -> Statement {
        let Some(filter) = filter else { return (String::new(), Vec::new()) };
        let (name, text) = (format!("t.{}", quoted(&filter.column)), self.text);
        let parameter = (self.parameter)(1);
        let typed = (self.type_of)(filter.kind);
        let (left, right) = match typed {
            Some(typed) => (name.clone(), format!("CAST(CAST({parameter} AS {text}) AS {typed})")),
            None => (format!("CAST({name} AS {text})"), format!("CAST({parameter} AS {text})")),
        };
        let condition = match filter.test {
            Test::IsNull => return (format!(" WHERE {name} IS NULL"), Vec::new()),
            Test::IsNotNull => return (format!(" WHERE {name} IS NOT NULL"), Vec::new()),
            Test::Contains => {
                let like = self.like;
                let pattern = format!("%{}%", escaped(&filter.value));
                let sql =
                    format!(" WHERE CAST({name} AS {text}) {like} CAST({parameter} AS {text}) ESCAPE '!'");
                return (sql, vec![pattern]);
            }
            Test::Is => format!("{left} = {right}"),
            Test::IsNot => format!("({name} IS NULL OR {left} <> {right})"),
            Test::AtLeast => format!("{left} >= {right}"),
            Test::AtMost => format!("{left} <= {right}"),
        };
        (format!(" WHERE {condition}"), vec![filter.value.clone()])
    }
}

fn escaped(text: &str) -> String {
    text.replace('!', "!!").replace('%', "!%").replace('_', "!_")
}
