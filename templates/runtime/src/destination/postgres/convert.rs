//! SQL that widens values that a table already holds: the same conversion as for new ones.

use super::schema::column_type;
use crate::resource::{ColumnKind, ItemKind};
use crate::schema::kind::Seen;
use crate::schema::table::Column;

/// How the values of a column get a wider kind.
pub(super) struct Conversion {
    /// Makes what it needs: a function, because an expression that alters a column cannot look into a list by itself.
    pub(super) make: String,
    pub(super) value: String,
    /// Takes it away again.
    pub(super) drop: String,
}

impl Conversion {
    /// `function` is a name that is free; it and that of the column are quoted.
    pub(super) fn new(function: &str, column: &str, from: &Column, to: ColumnKind) -> Self {
        let plain = |value| Self { make: String::new(), value, drop: String::new() };
        let (own, wanted) = (column_type(from.kind), column_type(to));
        match (from.kind, to) {
            // A column that has seen nothing holds nothing.
            _ if from.seen == Seen::Nothing => plain(format!("NULL::{wanted}")),
            // Of lists without items, or of nulls alone, any cast will do.
            (ColumnKind::List(_), ColumnKind::List(_)) if from.seen.is_empty() => {
                plain(format!("{column}::text[]::{wanted}"))
            }
            (ColumnKind::List(item), _) => Self {
                make: lists_function((function, own), item, to),
                value: format!("{function}({column})"),
                drop: format!("DROP FUNCTION {function}({own})"),
            },
            (single, _) => plain(wide(column, single, to)),
        }
    }
}

/// Makes a function that widens lists of a type, item by item.
fn lists_function((name, own): (&str, &str), item: ItemKind, to: ColumnKind) -> String {
    let (gather, item, empty) = match to {
        ColumnKind::List(wanted) => ("array_agg", wide("item", item.kind(), wanted.kind()), "{}"),
        _ => ("jsonb_agg", json("item", item.kind()), "[]"),
    };
    let wanted = column_type(to);
    format!(
        "CREATE FUNCTION {name}({own}) RETURNS {wanted} LANGUAGE sql STABLE STRICT AS $wide$
             SELECT coalesce({gather}({item} ORDER BY at), '{empty}')
             FROM unnest($1) WITH ORDINALITY AS items (item, at)
         $wide$"
    )
}

/// A value, which may be the quoted name of a column, in a wider kind.
fn wide(value: &str, from: ColumnKind, to: ColumnKind) -> String {
    match to {
        ColumnKind::Text => text(value, from),
        ColumnKind::Json => json(value, from),
        ColumnKind::Timestamp => format!("{value}::timestamp AT TIME ZONE 'UTC'"),
        ColumnKind::Float => format!("{value}::double precision"),
        ColumnKind::Bool | ColumnKind::Int | ColumnKind::Date | ColumnKind::List(_) => value.to_owned(),
    }
}

fn text(column: &str, from: ColumnKind) -> String {
    match from {
        ColumnKind::Float => float_text(column),
        ColumnKind::Date => time_text(&format!("{column}::timestamp"), "-MM-DD"),
        ColumnKind::Timestamp => {
            let pattern = "-MM-DD\"T\"HH24:MI:SS.US\"Z\"";
            time_text(&format!("({column} AT TIME ZONE 'UTC')"), pattern)
        }
        ColumnKind::Bool | ColumnKind::Int | ColumnKind::Text | ColumnKind::List(_) | ColumnKind::Json => {
            format!("{column}::text")
        }
    }
}

fn json(column: &str, from: ColumnKind) -> String {
    match from {
        ColumnKind::Float => format!("({})::jsonb", float_text(column)),
        ColumnKind::Date | ColumnKind::Timestamp => format!("to_jsonb({})", text(column, from)),
        ColumnKind::Bool | ColumnKind::Int | ColumnKind::Text | ColumnKind::List(_) | ColumnKind::Json => {
            format!("to_jsonb({column})")
        }
    }
}

/// The server calls the year before 1 the first one before Christ.
fn time_text(time: &str, rest: &str) -> String {
    format!(
        "CASE WHEN {time} < TIMESTAMP '0001-01-01' THEN to_char({time}, '\"0000\"{rest}') \
         ELSE to_char({time}, 'YYYY{rest}') END"
    )
}

/// The fewest digits that tell the number, as JSON writes them: `66.0` for `66`, `1e-7` for `1e-07`. Beyond 2⁵³ some
/// numbers have two such texts, and the server may write the other.
fn float_text(column: &str) -> String {
    let digits = format!("{column}::text::numeric::text");
    format!(
        "CASE WHEN {column} = 0 THEN CASE WHEN {column}::text = '-0' THEN '-0.0' ELSE '0.0' END \
         WHEN abs({column}) >= 1e-5::double precision AND abs({column}) < 1e16::double precision \
         THEN {digits} || CASE WHEN position('.' IN {digits}) > 0 THEN '' ELSE '.0' END \
         ELSE regexp_replace({column}::text, 'e([+-])0*', 'e\\1') END"
    )
}
