//! Records as they come: found in the text of an answer, looked at by the engine, changed by the user's hooks.
//!
//! In: the text of a body, and which fields the engine looks at. Out: a [`Glimpse`] of each record, and the records.
//! It knows neither tables nor requests.

mod cut;
mod decode;
mod glimpse;
mod object;
mod parse;
mod source;
mod value;

pub(crate) use cut::{Cut, cut};
pub use decode::DecodeError;
pub(crate) use decode::SCALAR;
pub use glimpse::{Glimpse, Taps};
pub(crate) use glimpse::{field_of, identity_of};
pub use object::Record;
pub(crate) use parse::{ValueVisitor, may_be_rounded};
pub use value::{Number, Value};

use crate::hooks::{Hooks, Keep};
use crate::resource::{Resource, Shape};

/// How the records of an answer are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'r> {
    pub resource: &'static Resource,
    /// Where the records sit in this answer.
    pub shape: Shape,
    /// What the engine looks at.
    pub taps: &'r Taps,
    pub hooks: &'r Hooks,
    /// Fields that are left out, as dotted paths.
    pub omit: &'static [&'static str],
}

/// What a body holds: as many glimpses as rows.
#[derive(Debug)]
pub struct Read<R> {
    pub glimpses: Vec<Glimpse>,
    pub rows: R,
}

/// What reading a body comes to. The outer error is one of JSON's grammar; the inner one says that the body does not
/// hold what its resource promises.
pub type Outcome<R> = Result<Result<Read<R>, DecodeError>, serde_json::Error>;

/// The records of one answer on their way into tables.
pub trait Rows: Send + 'static {
    /// Leaves those whose place in `keep` is false out.
    fn retain(&mut self, keep: &[bool]);
}

impl Rows for Vec<Record<'static>> {
    fn retain(&mut self, keep: &[bool]) {
        let mut keep = keep.iter();
        Vec::retain(self, |_| keep.next().copied().unwrap_or(true));
    }
}

/// Reads the records of a body one by one, after the user's hooks. The outer error is one of JSON's grammar.
///
/// # Errors
/// When the text is not JSON; inside, when the body does not hold what the shape promises.
pub(crate) fn borrowed_records<'a>(reading: Reading<'_>, text: &'a str) -> Outcome<Vec<Record<'a>>> {
    let body = parse::parse(text)?;
    Ok(decode::decode_records(reading.shape, body).map(|records| page_of(reading, records)))
}

/// The same, for whoever keeps the records longer than the body.
///
/// # Errors
/// When the text is not JSON; inside, when the body does not hold what the shape promises.
pub fn read_records(reading: Reading<'_>, text: &str) -> Outcome<Vec<Record<'static>>> {
    let owned = |Read { glimpses, rows }: Read<Vec<Record<'_>>>| Read {
        glimpses,
        rows: rows.into_iter().map(Record::into_owned).collect(),
    };
    Ok(borrowed_records(reading, text)?.map(owned))
}

fn omit(record: &mut Record<'_>, field: &str) {
    match field.split_once('.') {
        None => drop(record.remove(field)),
        Some((object, inside)) => {
            if let Some(Value::Object(object)) = record.get_mut(object) {
                omit(object, inside);
            }
        }
    }
}

/// By the record as GitLab sent it: the hook may change or remove what the engine looks at. Of a record that is
/// dropped nothing is left: what only it has makes no column.
fn page_of<'a>(reading: Reading<'_>, mut records: Vec<Record<'a>>) -> Read<Vec<Record<'a>>> {
    let key = reading.resource.record_key;
    let glimpse = |record: &mut Record<'a>| {
        let glimpse = Glimpse::of(record, reading.taps, key);
        reading.omit.iter().for_each(|field| omit(record, field));
        match reading.hooks.apply(reading.resource.name, record) {
            Keep::Yes => glimpse,
            Keep::No => {
                *record = Record::new();
                glimpse.dropped()
            }
        }
    };
    Read { glimpses: records.iter_mut().map(glimpse).collect(), rows: records }
}
