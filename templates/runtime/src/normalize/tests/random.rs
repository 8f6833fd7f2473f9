//! Pages that nobody would think of: both ways of reading make the same of them, and no value is lost.

use std::fmt::Write;

use fastrand::Rng;

use super::*;

/// What a field holds in most records of a case.
#[derive(Clone, Copy, PartialEq)]
enum Habit {
    Null,
    Bool,
    Int,
    BigInt,
    Digits,
    Float,
    Time,
    Day,
    Text,
    Texts,
    Numbers,
    Object,
    Objects,
    Odd,
}

const HABITS: [Habit; 14] = [
    Habit::Null,
    Habit::Bool,
    Habit::Int,
    Habit::BigInt,
    Habit::Digits,
    Habit::Float,
    Habit::Time,
    Habit::Day,
    Habit::Text,
    Habit::Texts,
    Habit::Numbers,
    Habit::Object,
    Habit::Objects,
    Habit::Odd,
];
const NAMES: [&str; 12] = [
    "state",
    "author",
    "fooBar",
    "foo_bar",
    "ü",
    "a",
    "b",
    "x\\/y",
    "project_id",
    "_index",
    "username",
    "a__b",
];
const TEXTS: [&str; 8] = [
    "\"\"",
    "\"opened\"",
    "\"ü 🦊\"",
    "\"q\\\"\\n\\u00e9\\ud83e\\udd8a\"",
    "\"5\"",
    "\"null\"",
    "\"2024\"",
    "\"\\/\"",
];
const TIMES: [&str; 4] = [
    "\"2024-05-01T12:30:00.123Z\"",
    "\"2024-05-01T12:30:00+02:00\"",
    "\"2016-02-29T23:59:59.999999Z\"",
    "\"1969-12-31T23:59:59Z\"",
];
const DAYS: [&str; 4] = ["\"2024-05-01\"", "\"2024-02-29\"", "\"2024-02-30\"", "\"2024-05-01 12:30:00 UTC\""];

/// A kind of record: fields with what they mostly hold.
struct Recipe {
    fields: Vec<(&'static str, Habit)>,
    nested: Vec<(&'static str, Habit)>,
}

fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(..from.len())]
}

impl Recipe {
    fn new(rng: &mut Rng) -> Self {
        let mut names = NAMES;
        rng.shuffle(&mut names);
        let count = rng.usize(1..8);
        let mut fields = |count| names[..count].iter().map(|name| (*name, pick(rng, &HABITS))).collect();
        Self { nested: fields(3), fields: fields(count) }
    }

    fn page(&self, rng: &mut Rng) -> String {
        let records: Vec<String> = (0..rng.usize(0..6)).map(|_| self.record(rng)).collect();
        format!("[{}]", records.join([",", " ,\n"][rng.usize(..2)]))
    }

    fn record(&self, rng: &mut Rng) -> String {
        let id = match rng.u8(..60) {
            0 => "null".to_owned(),
            1 => "\"x\"".to_owned(),
            2 => "123456789012345678901234567890".to_owned(),
            _ => rng.i64(1..9).to_string(),
        };
        let id = if rng.u8(..60) == 0 { String::new() } else { format!("\"id\":{id}") };
        let mut fields = self.written(rng, &self.fields, 0);
        fields.insert(0, id);
        if rng.u8(..12) == 0 {
            rng.shuffle(&mut fields);
        }
        fields.retain(|field| !field.is_empty());
        format!("{{{}}}", fields.join(","))
    }

    fn written(&self, rng: &mut Rng, fields: &[(&str, Habit)], depth: usize) -> Vec<String> {
        let mut written = Vec::new();
        for (name, habit) in fields {
            let times = match rng.u8(..40) {
                0 => 0,
                1 => 2,
                _ => 1,
            };
            for _ in 0..times {
                let habit = if rng.u8(..25) == 0 { pick(rng, &HABITS) } else { *habit };
                let value = if rng.u8(..8) == 0 { "null".to_owned() } else { self.value(rng, habit, depth) };
                written.push(format!("\"{name}\":{value}"));
            }
        }
        if rng.u8(..40) == 0 {
            written.push(format!("\"{}\":1", pick(rng, &NAMES)));
        }
        written
    }

    fn value(&self, rng: &mut Rng, habit: Habit, depth: usize) -> String {
        match habit {
            Habit::Null => "null".to_owned(),
            Habit::Bool => rng.bool().to_string(),
            Habit::Int => rng.i64(-5..5).to_string(),
            Habit::BigInt => pick(rng, &["9007199254740993", "-9223372036854775808", "0"]).to_owned(),
            Habit::Digits => {
                pick(rng, &["18446744073709551615", "-98765432109876543210", "1e400", "7"]).to_owned()
            }
            Habit::Float => pick(rng, &["0.5", "-0", "1e300", "66.0", "1E2"]).to_owned(),
            Habit::Time => pick(rng, &TIMES).to_owned(),
            Habit::Day => pick(rng, &DAYS).to_owned(),
            Habit::Text => pick(rng, &TEXTS).to_owned(),
            Habit::Texts => format!("[{}]", self.values(rng, Habit::Text, depth)),
            Habit::Numbers => {
                let habit = pick(rng, &[Habit::Int, Habit::Int, Habit::BigInt, Habit::Float, Habit::Time]);
                format!("[{}]", self.values(rng, habit, depth))
            }
            Habit::Object if depth < 4 => {
                format!("{{{}}}", self.written(rng, &self.nested, depth + 1).join(", "))
            }
            Habit::Objects if depth < 4 => format!("[{}]", self.values(rng, Habit::Object, depth)),
            Habit::Odd => pick(
                rng,
                &[
                    "{}",
                    "[]",
                    "[{}]",
                    "[[],{}]",
                    "[{\"a\":1},2]",
                    "[1,{\"a\":1}]",
                    "[[{\"a\":1e99}]]",
                    "{\"a\":[]}",
                ],
            )
            .to_owned(),
            Habit::Object | Habit::Objects => "null".to_owned(),
        }
    }

    fn values(&self, rng: &mut Rng, habit: Habit, depth: usize) -> String {
        let mut text = String::new();
        for at in 0..rng.usize(0..4) {
            let _ = write!(text, "{}{}", if at == 0 { "" } else { "," }, self.value(rng, habit, depth + 1));
        }
        text
    }
}

fn random_layout(rng: &mut Rng) -> Layout {
    let hints = [
        ("a", Json),
        ("b", Timestamp),
        ("fooBar", Int),
        ("state", Text),
        ("author__b", Date),
        ("project_id", Int),
    ];
    let keys: [&[&str]; 5] = [&["id"], &["id"], &["id"], &[], &["id", "a"]];
    Layout {
        record_key: pick(rng, &keys).to_vec(),
        partition_key: if rng.bool() { vec!["project_id"] } else { Vec::new() },
        is_unique: rng.u8(..4) > 0,
        digests: pick(rng, &[Digests::Keyless, Digests::Keyless, Digests::None, Digests::Each]),
        lists: pick(rng, &[NestedLists::Tables, NestedLists::Tables, NestedLists::Json]),
        is_history: rng.u8(..4) == 0,
        max_depth: rng.usize(0..4),
        hints: hints.into_iter().filter(|_| rng.u8(..4) == 0).collect(),
        ..layout()
    }
}

/// A page by both ways; whether it was read by the plan alone.
fn read_both(readers: &Readers, bindings: &[Binding], text: &str, keep: &mut Rng) -> bool {
    let (taps, hooks) = (Taps::new(["id", "state", "author.username"]), Hooks::new());
    let reading =
        Reading { resource: &THINGS, shape: Shape::List, taps: &taps, hooks: &hooks, omit: readers.omit };
    let pages = [&readers.general, &readers.fast, &readers.fast].map(|reader| {
        let read =
            reader.read(reading, bindings, text).unwrap_or_else(|error| panic!("{error}: {text}")).unwrap();
        let seen: Vec<String> = read.glimpses.iter().map(|one| format!("{one:?}")).collect();
        (seen, read.rows)
    });
    let keep: Vec<bool> = pages[0].0.iter().map(|_| keep.u8(..8) > 0).collect();
    let [general, first, second] = pages.map(|(seen, mut rows)| {
        rows.retain(&keep);
        (seen, rows.finish(&STAMP).unwrap())
    });
    for fast in [&first, &second] {
        assert_eq!(general.0, fast.0, "{text}");
        assert_same(&general.1, &fast.1, text);
    }
    readers.fast.fits(reading, bindings, text)
}

#[test]
fn both_ways_make_the_same_of_any_page() {
    let (mut by_plan, mut all) = (0, 0);
    for seed in 0..250 {
        let mut rng = Rng::with_seed(seed);
        let omit: &[&str] = if rng.u8(..4) == 0 { &["b", "author.a", "a.b.a"] } else { &[] };
        let allowed = Allowed { list_columns: rng.bool(), ..Allowed::default() };
        let readers = Readers { omit, ..Readers::allowing(&random_layout(&mut rng), &[], allowed) };
        let recipe = Recipe::new(&mut rng);
        for _ in 0..6 {
            let value = pick(&mut rng, &[json!(3), json!(3), json!("3"), json!("a/b")].each_ref()).clone();
            let bindings = [Binding { column: "project_id", value }];
            let page = recipe.page(&mut rng);
            by_plan += usize::from(read_both(&readers, &bindings, &page, &mut rng));
            all += 1;
        }
    }
    assert!(by_plan * 4 > all, "{by_plan} of {all} pages went by the plan: this proves nothing");
}

/// The values of a record as a person finds them: by the JSON Pointer, and as JSON has them.
fn leaves(pointer: String, value: &Value, depth: usize, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Null => {}
        Value::Object(object) if depth <= 2 => {
            for (name, inside) in object {
                leaves(format!("{pointer}/{}", name.replace('/', "~1")), inside, depth + 1, found);
            }
        }
        Value::Array(items) if depth <= 2 && items.iter().all(Value::is_object) => {}
        _ => found.push((pointer, value.clone())),
    }
}

fn is_kept(found: &Value, kind: ColumnKind, value: &Value) -> bool {
    let text = || value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match kind {
        Text => *found == text(),
        List(item) => {
            let (found, values) = (found.as_array().unwrap(), value.as_array().unwrap());
            let is_item = |(found, value): (&Value, &Value)| match value {
                Value::Null => found.is_null(),
                value => is_kept(found, item.kind(), value),
            };
            found.len() == values.len() && found.iter().zip(values).all(is_item)
        }
        Json => *found == json!(value.to_string()),
        Date | Timestamp => {
            let time = |text: &str| crate::schema::time::parse_loosely(text).map(|time| time.micros());
            time(found.as_str().unwrap()) == time(&text())
        }
        Float => found.as_f64() == value.as_f64(),
        Bool | Int => found == value,
    }
}

#[test]
fn every_value_is_in_the_table() {
    for seed in 0..120 {
        let mut rng = Rng::with_seed(seed);
        let recipe = Recipe::new(&mut rng);
        let layout = Layout { is_unique: false, digests: Digests::None, ..layout() };
        let readers = if rng.bool() { Readers::new(&layout) } else { Readers::with_lists(&layout) };
        for _ in 0..4 {
            let page = recipe.page(&mut rng);
            // What JSON's own reader makes of it; bodies that it rounds or refuses are not for this test.
            let Ok(Value::Array(records)) = serde_json::from_str::<Value>(&page) else { continue };
            if page.contains("6789012345") || page.contains("9876543210") {
                continue;
            }
            let table = &readers.read_text(&[], &page).tables[0];
            for (row, record) in records.iter().enumerate() {
                let mut expected = Vec::new();
                leaves(String::new(), record, 0, &mut expected);
                for (pointer, value) in expected {
                    let column = table.table.columns.iter().find(|column| column.source == pointer);
                    let column = column.unwrap_or_else(|| panic!("{pointer} of {page}"));
                    let found = cell(table.batch.column_by_name(&column.name).unwrap(), column.kind, row);
                    assert!(is_kept(&found, column.kind, &value), "{pointer}: {found} for {value} of {page}");
                }
            }
        }
    }
}
