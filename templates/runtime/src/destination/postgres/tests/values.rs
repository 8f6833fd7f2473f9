//! Values and names at their edges.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{ArrayRef, Float64Array, Int64Array, PrimitiveArray, RecordBatch, StringArray};
use arrow_schema::Schema;

use super::*;
use crate::resource::ColumnKind::{Date, Float, Int, Json, List, Text, Timestamp};
use crate::resource::ItemKind;
use crate::schema::widen::widen;
use crate::schema::{field, kind_name};

/// Rows with these values in `v`, numbered in `id`.
fn numbered(table: &str, kind: ColumnKind, values: ArrayRef) -> TableRows {
    let rows = TableRows::of(table, &["id"], &[("id", Int), ("v", kind)], &[]);
    let ids: Int64Array = (0_i64..).take(values.len()).map(Some).collect();
    let schema = Schema::new(vec![field("id", Int), field("v", kind)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), values]).unwrap();
    TableRows { batch, ..rows }
}

fn floats() -> Vec<f64> {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut floats =
        vec![0.0, -0.0, 1e15, 1e16, 9_999_999_999_999_998.0, 1e-4, 1e-5, 9.999e-6, 1e21, -1e22, 5e-324];
    floats.extend((-320..309).map(|power| format!("1e{power}").parse::<f64>().unwrap()));
    let any = |_: u32| match rng.u8(..4) {
        0 => f64::from_bits(rng.u64(..)),
        1 => f64::from(rng.i32(..)) / 100.0,
        2 => f64::from(rng.i32(..)) * 1e6,
        _ => rng.f64() * 10_f64.powi(rng.i32(-12..20)),
    };
    floats.extend((0..20_000).map(any).filter(|float| float.is_finite()));
    floats
}

/// Values that a table holds widen in the server as new ones do here.
#[test]
fn values_widen_as_new_ones_do() {
    let dataset = Dataset::new();
    let floats: ArrayRef = Arc::new(Float64Array::from(floats()));
    let micros = [
        0,
        -1,
        1_714_566_600_123_456,
        -62_135_596_800_000_000,
        -62_167_219_200_000_000,
        253_402_300_799_999_999,
    ];
    let instants: ArrayRef =
        Arc::new(PrimitiveArray::<TimestampMicrosecondType>::from(micros.to_vec()).with_timezone("UTC"));
    let days = ["0000-01-01", "0000-12-31", "0001-01-01", "1969-12-31", "2024-02-29", "9999-12-31"];
    let days: Vec<Value> = days.iter().map(|day| json!([day])).collect();
    let days = Arc::clone(TableRows::of("d", &[], &[("v", Date)], &days).batch.column(0));
    let lists = |item: ItemKind, items: Value| {
        let rows = [json!([items]), json!([[]]), json!([null]), json!([[null]])];
        Arc::clone(TableRows::of("l", &[], &[("v", List(item))], &rows).batch.column(0))
    };
    let (of_times, of_texts) = (List(ItemKind::Timestamp), List(ItemKind::Text));
    let times = json!(["0001-01-01T00:00:00.000000Z", null, "9999-12-31T23:59:59.999999Z"]);
    let cases = [
        (Float, floats, vec![Text, Json]),
        (Timestamp, instants, vec![Text, Json]),
        (Date, days, vec![Text, Json, Timestamp]),
        (List(ItemKind::Bool), lists(ItemKind::Bool, json!([true, null, false])), vec![of_texts, Json]),
        (
            List(ItemKind::Float),
            lists(ItemKind::Float, json!([0.1, -0.0, null, 1e16, 1e-7, 66.0, 1e308])),
            vec![of_texts, Json],
        ),
        (
            List(ItemKind::Date),
            lists(ItemKind::Date, json!(["0001-01-01", null, "9999-12-31"])),
            vec![of_texts, of_times, Json],
        ),
        (of_times, lists(ItemKind::Timestamp, times), vec![of_texts, Json]),
        (of_texts, lists(ItemKind::Text, json!(["a\"b", "", null, "NULL"])), vec![Json]),
    ];
    for (at, (from, values, kinds)) in cases.iter().enumerate() {
        for to in kinds.iter().copied() {
            let mut load = dataset.load();
            let table = format!("t{at}_{}", kind_name(to));
            let rows = numbered(&table, *from, Arc::clone(values));
            load.prepare(&[create(&rows)], "l").unwrap();
            let id = write(load.as_mut(), &rows, &Mode::Merge);
            commit(load.as_mut(), &id, &[]).unwrap();
            load.prepare(&[alter(&table, "v", (*from, Seen::Float), to)], "l").unwrap();
            let widened = numbered(&format!("{table}_new"), to, widen(values, *from, to).unwrap());
            load.prepare(&[create(&widened)], "l").unwrap();
            let id = write(load.as_mut(), &widened, &Mode::Merge);
            commit(load.as_mut(), &id, &[]).unwrap();
            load.close().unwrap();
            // Of a number beyond 2⁵³ there may be two shortest texts.
            let is_same =
                "o.v::text::float8 = n.v::text::float8 AND abs(o.v::text::float8) > 9007199254740992";
            let is_same = if *from == Float { is_same } else { "false" };
            let sql = format!(
                "SELECT o.v::text, n.v::text FROM {} o JOIN {} n USING (id)
                 WHERE o.v::text IS DISTINCT FROM n.v::text AND NOT ({is_same}) LIMIT 5",
                dataset.table(&table),
                dataset.table(&format!("{table}_new"))
            );
            assert_eq!(dataset.server.psql(&sql), "", "{from:?} to {to:?}");
        }
    }
}

#[test]
fn nul_is_stood_in_for_and_told() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    let columns = [("id", Int), ("x", Text), ("j", Json), ("clean", Text)];
    let rows = [json!([1, "a\0b", {"k\0": ["\0", "\\u0000"]}, "␀"]), json!([2, "\\u0000", "plain", "c"])];
    let rows = TableRows::of("nul", &["id"], &columns, &rows);
    load.prepare(&[create(&rows)], "l").unwrap();
    let id = write(load.as_mut(), &rows, &Mode::Merge);
    let committed = commit(load.as_mut(), &id, &[]).unwrap();
    let told = ["j", "x"].map(|column| ("nul".to_owned(), column.to_owned()));
    assert_eq!(committed.without_nul, BTreeSet::from(told));
    let mut stored = dataset.rows("nul", &columns);
    stored.sort_by_key(|row| row[0].as_i64());
    let expected = [json!([1, "a␀b", {"k␀": ["␀", "\\u0000"]}, "␀"]), json!([2, "\\u0000", "plain", "c"])];
    assert_eq!(stored, expected);
}

#[test]
fn what_no_column_holds_is_refused_by_name() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    let floats = numbered(
        "floats",
        Float,
        Arc::new(Float64Array::from(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY])),
    );
    load.prepare(&[create(&floats)], "l").unwrap();
    let id = write(load.as_mut(), &floats, &Mode::Merge);
    commit(load.as_mut(), &id, &[]).unwrap();
    let sql = format!("SELECT string_agg(v::text, ' ' ORDER BY id) FROM {}", dataset.table("floats"));
    assert_eq!(dataset.server.psql(&sql), "NaN Infinity -Infinity");
    for micros in [i64::MIN, -210_866_803_200_000_000 - 86_400_000_000 * 400] {
        let times = PrimitiveArray::<TimestampMicrosecondType>::from(vec![micros]).with_timezone("UTC");
        let times = numbered("times", Timestamp, Arc::new(times));
        load.prepare(&[create(&times)], "l").unwrap();
        let id = PackageId { load_id: "l".to_owned(), number: 1 };
        let mut writer = load.writer(&times.table, &Mode::Merge, &id).unwrap();
        let error = writer.write(&Batch { rows: times.batch, parents: None }).unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, "`v` holds a time beyond what PostgreSQL keeps", "{micros}: {error}");
        drop(writer);
        assert!(commit(load.as_mut(), &id, &[]).is_err());
    }
}

#[test]
fn json_is_kept_for_what_it_means() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    let texts = [
        r#"{"b": 1, "a": 12345678901234567890123, "b": 2}"#,
        r#"[1.50, 1e400, -0.0, 0.1, 1E-7]"#,
        "\"\\ud83e\\udd8a / \\/ \\t\"",
    ];
    let rows = numbered("j", Json, Arc::new(StringArray::from(texts.to_vec())));
    load.prepare(&[create(&rows)], "l").unwrap();
    let id = write(load.as_mut(), &rows, &Mode::Merge);
    commit(load.as_mut(), &id, &[]).unwrap();
    let ask = |sql: &str| dataset.server.psql(&format!("SELECT {sql} FROM {}", dataset.table("j")));
    assert_eq!(ask("max(v->>'a')"), "12345678901234567890123");
    assert_eq!(ask("max(v->>'b')"), "2");
    assert_eq!(ask("max((v->>1)::numeric) = 1e400"), "t");
    assert_eq!(ask("max(v #>> '{}') FILTER (WHERE id = 2)"), "🦊 / / \t");
}

#[test]
fn names_of_any_length_and_case_are_kept_apart() {
    let dataset = Dataset::new();
    let mut load = dataset.load();
    let long = "x".repeat(62);
    let names = [
        "Case".to_owned(),
        "case".to_owned(),
        format!("{long}1"),
        format!("{long}2"),
        "naïve 日本".to_owned(),
    ];
    let of = |name: &String, v: i64| {
        let columns = [("id", Int), ("user", Int), ("User", Int), ("end", Int)];
        TableRows::of(name, &["id", "user"], &columns, &[json!([1, 1, v, v])])
    };
    for round in 0..2 {
        let id = PackageId { load_id: "l".to_owned(), number: round };
        for (name, v) in names.iter().zip(0..) {
            let rows = of(name, v);
            load.prepare(&[create(&rows)], "l").unwrap();
            let mut writer = load.writer(&rows.table, &Mode::Stage, &id).unwrap();
            writer.write(&Batch { rows: rows.batch.clone(), parents: None }).unwrap();
            writer.finish().unwrap();
        }
        let swap = |name: &String| conformance_swap(name);
        let swaps: Vec<Swap> = names.iter().map(swap).collect();
        commit(load.as_mut(), &id, &swaps).unwrap();
    }
    for (name, v) in names.iter().zip(0..) {
        let columns = [("id", Int), ("user", Int), ("User", Int), ("end", Int)];
        assert_eq!(dataset.rows(name, &columns), [json!([1, 1, v, v])], "{name}");
    }
    load.close().unwrap();
    assert_eq!(dataset.hidden(), Vec::<String>::new());
}

fn conformance_swap(table: &str) -> Swap {
    Swap {
        table: table.to_owned(),
        lists: Vec::new(),
        when: crate::destination::SwapWhen::Always,
        parts: Vec::new(),
    }
}

/// The texts are the same in both, so this says that the helper above compares anything.
#[test]
fn floats_are_many_and_odd() {
    let floats: ArrayRef = Arc::new(Float64Array::from(floats()));
    let texts = widen(&floats, Float, Text).unwrap();
    let texts: BTreeSet<&str> = texts.as_string::<i32>().iter().flatten().collect();
    assert!(texts.len() > 10_000 && texts.contains("1e+300") && texts.contains("-0.0"));
}
