//! What a record holds, as a number: the same for the same fields in any order, on any machine, for ever.

use crate::normalize::scalar::Bound;
use crate::record::{Number, Record, Value};

/// The digest of a record of a partition. A field that is null counts as one that is not there.
pub(super) fn digest(record: &Record<'_>, bindings: &[Bound]) -> u64 {
    let fields = bindings.iter().map(|bound| field(bound.column, &bound.value));
    mixed(fields.fold(object(record), u64::wrapping_add))
}

/// The same for a record that a page holds again.
pub(super) fn again(digest: u64, times: u64) -> u64 {
    if times == 0 { digest } else { mixed(digest ^ mixed(times)) }
}

fn object(object: &Record<'_>) -> u64 {
    let fields = object.iter().filter(|(_, value)| !value.is_null());
    fields.map(|(name, value)| field(name, value)).fold(0, u64::wrapping_add)
}

fn field(name: &str, value: &Value<'_>) -> u64 {
    mixed(bytes(b'f', name.as_bytes()) ^ value_of(value).rotate_left(17))
}

fn value_of(value: &Value<'_>) -> u64 {
    match value {
        Value::Null => 1,
        Value::Bool(bool) => bytes(b'b', &[u8::from(*bool)]),
        Value::Number(Number::Digits(digits)) => bytes(b'n', digits.as_bytes()),
        Value::Number(_) => bytes(b'n', value.to_string().as_bytes()),
        Value::Text(text) => bytes(b's', text.as_bytes()),
        Value::List(items) => {
            items.iter().fold(bytes(b'a', &[]), |sum, item| mixed(sum.rotate_left(5) ^ value_of(item)))
        }
        Value::Object(fields) => mixed(bytes(b'o', &[]) ^ object(fields)),
    }
}

/// 64 bits of FNV-1a: the same for ever, which the standard library's hashers do not promise.
fn bytes(kind: u8, bytes: &[u8]) -> u64 {
    std::iter::once(&kind)
        .chain(bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The end of SplitMix64: each bit depends on all.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(record: serde_json::Value) -> u64 {
        digest(Value::from(record).as_object().unwrap(), &[])
    }

    #[test]
    fn the_order_of_fields_and_nulls_make_no_difference_and_everything_else_does() {
        let one = of(json!({"a": 1, "b": {"x": [1, 2], "y": null}}));
        assert_eq!(one, of(json!({"b": {"x": [1, 2]}, "a": 1, "c": null})));
        for other in [
            json!({"a": 2, "b": {"x": [1, 2]}}),
            json!({"a": "1", "b": {"x": [1, 2]}}),
            json!({"a": 1, "b": {"x": [2, 1]}}),
            json!({"a": 1, "x": [1, 2]}),
            json!({"a": 1, "b": {"x": [1, 2, null]}}),
            json!({"b": 1, "a": {"x": [1, 2]}}),
        ] {
            assert_ne!(one, of(other.clone()), "{other}");
        }
    }

    #[test]
    fn it_stays_the_same() {
        assert_eq!(of(json!({"id": 1, "name": "ü"})), of(json!({"name": "ü", "id": 1})));
        let bound = [Bound::new("project_id", &json!(1))];
        assert_ne!(digest(&Record::new(), &bound), digest(&Record::new(), &[]));
        assert_eq!(bytes(b'f', b"oobar"), 0x8594_4171_f739_67e8, "FNV-1a of `foobar`");
    }
}
