//! Others write to the tables as well.

use super::*;

/// Somebody else commits these actions.
pub(super) fn commit_as_another(lake: &Lake, actions: &[Action]) {
    let log = lake.delta().store;
    let bytes = actions::to_bytes(actions).unwrap();
    for version in 0_u64.. {
        let path = format!("t/_delta_log/{version:020}.json");
        if log.create(&path, bytes.clone().into()).is_ok() {
            break;
        }
    }
}

/// Rows in a file of another writer.
pub(super) fn file_of_another(lake: &Lake, rows: &TableRows) -> Add {
    let mut encoder = crate::destination::parquet::encoder(
        &rows.table.columns,
        ::parquet::basic::Compression::UNCOMPRESSED,
    )
    .unwrap();
    encoder.write(&rows.batch).unwrap();
    let bytes = encoder.into_inner().unwrap();
    let path = format!("part-{:016x} of another.parquet", fastrand::u64(..));
    let size = i64::try_from(bytes.len()).unwrap();
    lake.delta().store.put(&format!("t/{path}"), bytes.into()).unwrap();
    Add { path: path.replace(' ', "%20"), size, data_change: true, ..Add::default() }
}

#[test]
fn what_others_commit_in_between_is_seen() {
    let lake = Lake::in_folder();
    let mut load = load(&lake);
    load.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(load.as_mut(), &rows_of(&[json!([1, 1]), json!([2, 2]), json!([3, 3])]));
    // Another program adds rows, one of them with a key that comes again.
    let add = file_of_another(&lake, &rows_of(&[json!([4, 4]), json!([5, 5])]));
    commit_as_another(&lake, &[Action::add(add.clone())]);
    write(load.as_mut(), &rows_of(&[json!([5, 50])]));
    let rows = |rows: &[[i64; 2]]| rows.iter().map(|row| json!(row)).collect::<Vec<_>>();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), rows(&[[1, 1], [2, 2], [3, 3], [4, 4], [5, 50]]));
    // It writes all files together into one, while a package is written.
    let id = package();
    let mut writer = load.writer(&rows_of(&[]).table, &Mode::Merge, &id).unwrap();
    let batch = rows_of(&[json!([2, 20]), json!([6, 6])]).batch;
    writer.write(&Batch { rows: batch, parents: None }).unwrap();
    let all = file_of_another(&lake, &rows_of(&lake.rows("t", &COLUMNS)));
    let removes = lake.entry("t").unwrap().files.into_iter().map(|file| {
        let path = file.path.trim_start_matches("t/").replace(' ', "%20");
        Action::remove(Remove { path, data_change: false, ..Remove::default() })
    });
    commit_as_another(&lake, &removes.chain([Action::add(all)]).collect::<Vec<_>>());
    writer.finish().unwrap();
    let committed = load.commit(&Package { id: &id, ..NOTHING }).unwrap();
    assert_eq!((committed.written["t"].inserted, committed.written["t"].updated), (1, 1));
    let expected = rows(&[[1, 1], [2, 20], [3, 3], [4, 4], [5, 50], [6, 6]]);
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), expected);
    load.close().unwrap();
    assert_eq!(sorted(lake.rows("t", &COLUMNS)), expected);
}

/// Three writers that know nothing of each other, and a load that merges into the same table.
#[test]
fn writers_that_commit_all_the_time_lose_nothing() {
    let lake = Lake::in_folder();
    let mut load = load(&lake);
    load.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(load.as_mut(), &rows_of(&[json!([-1, 0])]));
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let lake = &lake;
            scope.spawn(move || {
                for turn in 0..12 {
                    let from = 1_000_000 * (writer + 1) + 1_000 * turn;
                    let rows: Vec<Value> = (from..from + 1_000).map(|id| json!([id, writer])).collect();
                    commit_as_another(lake, &[Action::add(file_of_another(lake, &rows_of(&rows)))]);
                }
            });
        }
        for turn in 0..12 {
            let rows: Vec<Value> = (0..1_000).map(|id| json!([id, turn])).collect();
            write(load.as_mut(), &rows_of(&rows));
        }
    });
    load.close().unwrap();
    let rows = sorted(lake.rows("t", &COLUMNS));
    assert_eq!(rows.len(), 1 + 1_000 + 36_000);
    assert!(rows[1..=1_000].iter().enumerate().all(|(id, row)| *row == json!([id, 11])));
    let ids: std::collections::BTreeSet<_> = rows.iter().map(|row| row[0].as_i64()).collect();
    assert_eq!(ids.len(), rows.len());
}

#[test]
fn columns_of_others_stay_with_their_values() {
    let lake = Lake::in_folder();
    let mut first = load(&lake);
    first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
    write(first.as_mut(), &rows_of(&[json!([1, 1]), json!([2, 2])]));
    first.close().unwrap();
    let columns = [("id", ColumnKind::Int), ("v", ColumnKind::Int), ("theirs", ColumnKind::Text)];
    let with = |rows: &[Value]| TableRows::of("t", &["id"], &columns, rows);
    let metadata = |lake: &Lake| {
        let bytes = lake.delta().store.get("t/_delta_log/00000000000000000000.json").unwrap();
        actions::parse(&bytes).unwrap().into_iter().find_map(|action| action.meta_data).unwrap()
    };
    let mut metadata = metadata(&lake);
    let mut schema: Value = serde_json::from_str(&metadata.schema_string).unwrap();
    let field =
        json!({"name": "theirs", "type": "string", "nullable": true, "metadata": {"comment": "ours"}});
    schema["fields"].as_array_mut().unwrap().push(field);
    metadata.schema_string = schema.to_string();
    let action = Action { meta_data: Some(metadata), ..Action::default() };
    let add = file_of_another(&lake, &with(&[json!([3, 3, "kept"]), json!([4, 4, "kept"])]));
    commit_as_another(&lake, &[action, Action::add(add)]);
    let mut second = load(&lake);
    let tables = second.tables().unwrap();
    assert_eq!(tables[0].columns.len(), 3, "{tables:?}");
    write(second.as_mut(), &with(&[json!([3, 30, null])]));
    second.close().unwrap();
    let expected = [json!([1, 1, null]), json!([2, 2, null]), json!([3, 30, null]), json!([4, 4, "kept"])];
    assert_eq!(sorted(lake.rows("t", &columns)), expected);
}

#[test]
fn tables_that_ask_for_more_are_refused_before_anything_is_written() {
    let protocol = |reader, writer, feature: &str| {
        let features = json!([feature]);
        let action = json!({"protocol": {"minReaderVersion": reader, "minWriterVersion": writer,
            "readerFeatures": features, "writerFeatures": features}});
        serde_json::from_value::<Action>(action).unwrap()
    };
    for feature in ["deletionVectors", "columnMapping", "something new"] {
        let lake = Lake::in_folder();
        let mut first = load(&lake);
        first.prepare(&[create(&rows_of(&[]))], "l").unwrap();
        write(first.as_mut(), &rows_of(&[json!([1, 1])]));
        first.close().unwrap();
        commit_as_another(&lake, &[protocol(3, 7, feature)]);
        let before = lake.log_of("t");
        let Err(error) = lake.open().open_load(&Claim::new("test")) else { panic!("{feature}") };
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(feature), "{error}: {source}");
        assert_eq!(lake.log_of("t"), before);
    }
}

#[test]
fn a_table_that_is_not_ours_is_left_alone() {
    let lake = Lake::in_folder();
    load(&lake).close().unwrap();
    let store = lake.delta().store;
    store.put("t/theirs.parquet", "x".into()).unwrap();
    let error = load(&lake).prepare(&[create(&rows_of(&[]))], "l").unwrap_err();
    assert!(matches!(error, DestinationError::ForeignTable { .. }), "{error}");
    std::fs::remove_dir_all(lake.path().join("t")).unwrap();
    let metadata = json!({"metaData": {"id": "x", "name": "t", "format": {"provider": "parquet", "options": {}},
        "schemaString": "{\"type\":\"struct\",\"fields\":[]}", "partitionColumns": [], "configuration": {}}});
    commit_as_another(&lake, &[serde_json::from_value(metadata).unwrap()]);
    let error = load(&lake).prepare(&[create(&rows_of(&[]))], "l").unwrap_err();
    assert!(matches!(error, DestinationError::ForeignTable { .. }), "{error}");
}
