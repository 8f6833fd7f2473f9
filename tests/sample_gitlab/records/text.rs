//! Records written as JSON text at once, for the kinds of which a benchmark reads millions: building a
//! tree of values first takes several times as long.

use serde::Serialize;
use serde_json::Value;

/// An object in the making.
#[derive(Debug)]
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(super) fn write(out: &'a mut Vec<u8>, fields: impl FnOnce(&mut Object<'a>)) {
        out.push(b'{');
        let mut object = Self { out, empty: true };
        fields(&mut object);
        object.out.push(b'}');
    }

    pub(super) fn field(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.nested(name, |out| {
            // Neither the values nor a vector of bytes can fail here.
            let _ = serde_json::to_writer(out, value);
        });
    }

    /// A value that writes itself.
    pub(super) fn nested(&mut self, name: &str, value: impl FnOnce(&mut Vec<u8>)) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        value(self.out);
    }
}

/// `fields!(object, { "id": 1, … })`
macro_rules! fields {
    ($object:expr, { $($name:literal: $value:expr),+ $(,)? }) => {
        {
            $( $object.field($name, &$value); )+
        }
    };
}
pub(super) use fields;

/// The same record as a value.
pub(super) fn value(write: impl FnOnce(&mut Vec<u8>)) -> Value {
    let mut text = Vec::with_capacity(4_096);
    write(&mut text);
    serde_json::from_slice(&text).unwrap_or_default()
}
