//! Looking at what is loaded: the contract of the destinations that can be read.
//!
//! A [`Reader`] lives as long as one look. It takes no lease, makes nothing, and shows what is committed, also while a load
//! goes on. Where there is SQL, it answers one statement that reads: whatever is written into a statement, nothing is
//! changed by it, no other file or host is reached, and it ends after [`PATIENCE`]. Functions and tables that somebody has
//! made in a database are what they are: who may use them can do so here.

use std::time::{Duration, Instant};

use super::{DestinationError, LoadEntry, Result, sql};
use crate::moment::Moment;
use crate::resource::ColumnKind;
use crate::schema::table::{Column, Table};

#[allow(dead_code, reason = "each destination needs a part of it")]
mod answer;
#[allow(dead_code, reason = "each destination needs a part of it")]
pub(super) mod select;

#[allow(unused_imports, reason = "a stream cannot be read")]
pub(super) use self::answer::Gathered;

/// How long an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 10 });

/// How long counting may take, of one table and of all.
pub const COUNTING: Duration = Duration::from_millis(1_500);
pub const COUNTING_ALL: Duration = Duration::from_secs(4);

/// How long the answers to all of the pipeline's own statements may take.
pub const ANSWERING: Duration = Duration::from_secs(8);

/// How many rows a statement may bring.
pub const MOST_ROWS: usize = 1_000;

/// How many characters of a value are shown; what is longer ends in `…`.
pub const MOST_TEXT: usize = 20_000;

/// What is loaded, looked at once.
pub trait Reader: Send {
    /// As [`Destination::loads`](super::Destination::loads).
    fn loads(&mut self, most: usize) -> Result<Vec<LoadEntry>>;

    /// The tables that loads made and that are still there; none before the first load.
    fn tables(&mut self) -> Result<Vec<Table>>;

    /// Whether rows can be filtered and sorted; else they come as they lie.
    fn arranges(&self) -> bool {
        true
    }

    /// How many rows of a table pass the filter; `None` where counting would take long.
    fn count(&mut self, table: &Table, filter: Option<&Filter>) -> Read<Option<u64>>;

    /// How many rows each of these tables has, as far as that is known in time.
    fn counts(&mut self, tables: &[&Table]) -> Read<Vec<Option<u64>>> {
        let end = Instant::now() + COUNTING_ALL;
        let count = |table: &&Table| if Instant::now() < end { self.count(table, None) } else { Ok(None) };
        tables.iter().map(count).collect()
    }

    /// Some rows of a table, with all of its columns.
    fn rows(&mut self, table: &Table, window: &Window<'_>) -> Read<Answer>;

    /// What its SQL is called; `None` where it has none.
    fn dialect(&self) -> Option<&'static str> {
        None
    }

    /// A name as its SQL writes it.
    fn quoted(&self, name: &str) -> String {
        sql::quoted(name)
    }

    /// The same as people write it: one that needs no quotes has none.
    fn written(&self, name: &str) -> String {
        if is_plain(name) { name.to_owned() } else { self.quoted(name) }
    }

    /// A text as its SQL writes it.
    fn literal(&self, text: &str) -> String {
        sql::literal(text)
    }

    /// Answers one statement that reads, at most [`MOST_ROWS`].
    fn query(&mut self, _sql: &str) -> Read<Answer> {
        Err(ReadError::OnlyReads)
    }

    /// Answers statements of the pipeline's own, which only read: those that there is time for, the others are
    /// [`Slow`](ReadError::Slow).
    fn answers(&mut self, statements: &[String]) -> Vec<Read<Answer>> {
        let end = Instant::now() + ANSWERING;
        let answer = |sql: &String| if Instant::now() < end { self.query(sql) } else { Err(ReadError::Slow) };
        statements.iter().map(answer).collect()
    }
}

fn is_plain(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_')
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

pub type Read<T> = std::result::Result<T, ReadError>;

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Destination(#[from] DestinationError),
    #[error("only a single statement that reads is answered, such as SELECT")]
    OnlyReads,
    #[error("there was no answer within {} seconds", PATIENCE.as_secs())]
    Slow,
    /// What the database says of the statement.
    #[error("{0}")]
    Said(String),
}

/// Rows as texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub columns: Vec<String>,
    /// `None` is a null.
    pub rows: Vec<Vec<Option<String>>>,
    /// There are more than these.
    pub has_more: bool,
}

/// Which rows.
#[derive(Debug, Clone, Copy)]
pub struct Window<'w> {
    pub filter: Option<&'w Filter>,
    /// A column and whether its greatest values come first. Else rows are in the order of their key, or as they lie where
    /// an order costs something.
    pub sort: Option<(&'w str, bool)>,
    pub skip: u64,
    pub most: usize,
}

/// A condition on the values of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub column: String,
    pub kind: ColumnKind,
    pub test: Test,
    /// As the column writes it.
    pub value: String,
}

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    Contains,
    Is,
    IsNot,
    AtLeast,
    AtMost,
    IsNull,
    IsNotNull,
}

impl Test {
    pub const ALL: [Test; 7] =
        [Test::Contains, Test::Is, Test::IsNot, Test::AtLeast, Test::AtMost, Test::IsNull, Test::IsNotNull];

    pub fn name(self) -> &'static str {
        match self {
            Self::Contains => "contains",
            Self::Is => "is",
            Self::IsNot => "is not",
            Self::AtLeast => "at least",
            Self::AtMost => "at most",
            Self::IsNull => "is null",
            Self::IsNotNull => "is not null",
        }
    }

    pub fn from_name(name: &str) -> Option<Test> {
        Test::ALL.into_iter().find(|test| test.name() == name)
    }

    pub fn needs_value(self) -> bool {
        !matches!(self, Self::IsNull | Self::IsNotNull)
    }
}

impl Filter {
    /// What a person has written, as the column writes its values; `None` where no value of its kind is written so.
    pub fn new(column: &Column, test: Test, written: &str) -> Option<Filter> {
        let value = match test {
            Test::IsNull | Test::IsNotNull => String::new(),
            Test::Contains => written.to_owned(),
            _ => value_of(written, column.kind)?,
        };
        Some(Filter { column: column.name.clone(), kind: column.kind, test, value })
    }
}

fn value_of(written: &str, kind: ColumnKind) -> Option<String> {
    let trimmed = written.trim();
    match kind {
        ColumnKind::Bool => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some("true".to_owned()),
            "false" | "no" | "0" => Some("false".to_owned()),
            _ => None,
        },
        ColumnKind::Int => trimmed.replace(',', "").parse::<i64>().ok().map(|int| int.to_string()),
        ColumnKind::Float => {
            let float = trimmed.replace(',', "").parse::<f64>().ok();
            float.filter(|float| float.is_finite()).map(|float| float.to_string())
        }
        ColumnKind::Date => Moment::parse(trimmed).map(Moment::date_text),
        ColumnKind::Timestamp => Moment::parse(trimmed).map(|moment| moment.to_string()),
        ColumnKind::Text | ColumnKind::Json | ColumnKind::List(_) => Some(written.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_taken_as_the_column_has_it() {
        let value = |written, kind| value_of(written, kind);
        assert_eq!(value(" 1,234 ", ColumnKind::Int).as_deref(), Some("1234"));
        assert_eq!(value("1 OR 1", ColumnKind::Int), None);
        assert_eq!(value("Yes", ColumnKind::Bool).as_deref(), Some("true"));
        assert_eq!(
            value("2024-05-01 14:30:00+02:00", ColumnKind::Timestamp).as_deref(),
            Some("2024-05-01T12:30:00.000000Z")
        );
        assert_eq!(value("soon", ColumnKind::Date), None);
        assert_eq!(value("NaN", ColumnKind::Float), None);
        assert_eq!(value(" a ", ColumnKind::Text).as_deref(), Some(" a "));
    }
}
