//! The SQL function that widens values that a table already holds: the same conversion as for new ones.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Error, Result};

use crate::resource::ColumnKind;
use crate::schema::kind::kind_from_name;
use crate::schema::widen::{float_of_int, float_text, json_text};

/// `_widen(value, from, to)`, with the names of kinds.
pub(super) const FUNCTION: &str = "_widen";

pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function(FUNCTION, 3, flags, |context| {
        widen(context.get_raw(0), kind_at(context, 1)?, kind_at(context, 2)?)
    })
}

fn kind_at(context: &Context<'_>, at: usize) -> Result<ColumnKind> {
    let name: String = context.get(at)?;
    kind_from_name(&name).ok_or_else(|| Error::UserFunctionError(format!("there is no kind `{name}`").into()))
}

fn widen(value: ValueRef<'_>, from: ColumnKind, to: ColumnKind) -> Result<ToSqlOutput<'static>> {
    let wide = match (value, to) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(int), ColumnKind::Float) => Value::Real(float_of_int(int)),
        (ValueRef::Text(bytes), ColumnKind::Timestamp) => {
            Value::Text(format!("{}T00:00:00.000000Z", text_of(bytes)?))
        }
        (value, ColumnKind::Text) => Value::Text(plain(value, from)?),
        (value, ColumnKind::Json) => Value::Text(json_text(&plain(value, from)?, from)),
        _ => return Err(Error::UserFunctionError("values only ever become wider".into())),
    };
    Ok(ToSqlOutput::Owned(wide))
}

fn plain(value: ValueRef<'_>, kind: ColumnKind) -> Result<String> {
    match value {
        ValueRef::Integer(int) if kind == ColumnKind::Bool => Ok((int != 0).to_string()),
        ValueRef::Integer(int) => Ok(int.to_string()),
        ValueRef::Real(float) => Ok(float_text(float)),
        ValueRef::Text(bytes) => text_of(bytes),
        ValueRef::Null | ValueRef::Blob(_) => {
            Err(Error::UserFunctionError("only text and numbers become wider".into()))
        }
    }
}

fn text_of(bytes: &[u8]) -> Result<String> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| Error::UserFunctionError(error.into()))
}
