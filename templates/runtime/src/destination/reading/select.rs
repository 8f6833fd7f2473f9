//! The statement that reads some rows of a table. Names and values come from a page: names are quoted, and a value is a
//! parameter, a text, or a literal where there are no parameters.

use super::{Filter, MOST_TEXT, Test, Window};
use crate::resource::ColumnKind;
use crate::schema::table::{Column, Table};

/// What a database writes in its own way.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Dialect {
    /// What its SQL is called.
    pub(in super::super) name: &'static str,
    /// A name, as SQL writes it.
    pub(in super::super) quoted: fn(&str) -> String,
    /// A column, whose quoted name this is, as a text.
    pub(in super::super) as_text: fn(&str, ColumnKind) -> String,
    /// The kinds whose values come as they are, and not as texts.
    pub(in super::super) is_plain: fn(ColumnKind) -> bool,
    /// The condition that one text has another within.
    pub(in super::super) contains: fn(&str, &str) -> String,
    /// How the value of a filter stands in the statement.
    pub(in super::super) value: Written,
    /// The type of a column that has an order of its own; `None`: values are texts, or compared as such.
    pub(in super::super) type_of: fn(ColumnKind) -> Option<&'static str>,
}

/// How a value stands in a statement, which has one at most.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Written {
    /// It is handed over beside the statement, as a text.
    Parameter(&'static str),
    Literal(fn(&str) -> String),
}

/// A statement, and its parameter.
pub(in super::super) type Statement = (String, Option<String>);

/// Whether values of this kind are texts, and have no order but that of texts.
pub(in super::super) fn is_text(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Text | ColumnKind::Json | ColumnKind::List(_))
}

/// The condition of most databases.
pub(in super::super) fn by_position(text: &str, part: &str) -> String {
    format!("strpos({text}, {part}) > 0")
}

impl Dialect {
    /// `name` is the table's, as SQL writes it.
    pub(in super::super) fn rows(&self, name: &str, table: &Table, window: &Window<'_>) -> Statement {
        let columns: Vec<String> = table.columns.iter().map(|column| self.shown(column)).collect();
        let (condition, value) = self.condition(window.filter);
        let sorted = window.sort.map(|(column, is_descending)| {
            let direction = if is_descending { "DESC" } else { "ASC" };
            format!("{} {direction} NULLS LAST", self.column(column))
        });
        let key = table.key.iter().map(|column| self.column(column));
        let order: Vec<String> = sorted.into_iter().chain(key).collect();
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
        // One more than is shown tells that there is more.
        let (most, skip) = (window.most.saturating_add(1), window.skip);
        let columns = columns.join(", ");
        (format!("SELECT {columns} FROM {name} AS t{condition}{order} LIMIT {most} OFFSET {skip}"), value)
    }

    pub(in super::super) fn count(&self, name: &str, filter: Option<&Filter>) -> Statement {
        let (condition, value) = self.condition(filter);
        (format!("SELECT count(*) FROM {name} AS t{condition}"), value)
    }

    /// A column of the table, whatever else is called so.
    fn column(&self, name: &str) -> String {
        format!("t.{}", (self.quoted)(name))
    }

    /// Not more of a value than is shown leaves the database.
    fn shown(&self, column: &Column) -> String {
        let own = self.column(&column.name);
        if (self.is_plain)(column.kind) {
            return own;
        }
        let (text, name, most) =
            ((self.as_text)(&own, column.kind), (self.quoted)(&column.name), MOST_TEXT + 1);
        format!("substr({text}, 1, {most}) AS {name}")
    }

    fn condition(&self, filter: Option<&Filter>) -> Statement {
        let Some(filter) = filter else { return (String::new(), None) };
        let own = self.column(&filter.column);
        let text = (self.as_text)(&own, filter.kind);
        let (value, parameter) = match self.value {
            Written::Parameter(name) => (name.to_owned(), Some(filter.value.clone())),
            Written::Literal(literal) => (literal(&filter.value), None),
        };
        let (left, right) = match (self.type_of)(filter.kind) {
            Some(typed) => (own.clone(), format!("CAST({value} AS {typed})")),
            None => (text.clone(), value.clone()),
        };
        let condition = match filter.test {
            Test::IsNull => return (format!(" WHERE {own} IS NULL"), None),
            Test::IsNotNull => return (format!(" WHERE {own} IS NOT NULL"), None),
            // However its letters are written.
            Test::Contains => (self.contains)(&format!("lower({text})"), &format!("lower({value})")),
            Test::Is => format!("{left} = {right}"),
            Test::IsNot => format!("({own} IS NULL OR {left} <> {right})"),
            Test::AtLeast => format!("{left} >= {right}"),
            Test::AtMost => format!("{left} <= {right}"),
        };
        (format!(" WHERE {condition}"), parameter)
    }
}
