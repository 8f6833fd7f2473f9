use serde_json::json;

use super::super::reading::Plan;
use super::super::run::Run;
use super::super::state::Unfinished;
use super::*;
use crate::moment::Clock;
use crate::page::Binding;
use crate::resource::Resource;

const ISSUES: &Resource = &Resource { name: "issues", ..Resource::DEFAULT };
const HOUR: Duration = Duration::from_hours(1);

fn moment(text: &str) -> Moment {
    Moment::parse(text).unwrap()
}

fn rules() -> ReadingRules {
    ReadingRules {
        with: vec!["issues", "notes"],
        is_incremental: true,
        lookback: HOUR,
        sweep_every: Some(24 * 7 * HOUR),
        keeps_state: true,
        ..ReadingRules::default()
    }
}

fn history(load: &str, at: &str) -> History {
    History { load_id: load.to_owned(), started_at: moment(at), ..History::default() }
}

fn partition(id: i64) -> Arc<Partition> {
    let bindings = vec![Binding { column: "project_id", value: id.into() }];
    Arc::new(Partition { resource: ISSUES, bindings, carried: Vec::new() })
}

fn paths() -> Vec<String> {
    vec!["/groups/acme/issues".to_owned()]
}

fn place(at: &str) -> Point {
    Point::Lists([(paths().remove(0), Some(moment(at)))].into())
}

/// What a partition's own list has left behind.
fn own(at: &str) -> PartitionState {
    let cursors = ["issues", "notes"].map(|name| (name.to_owned(), moment(at)));
    PartitionState { cursors: cursors.into(), swept_at: Some(moment(at)), ..PartitionState::default() }
}

fn state(value: serde_json::Value) -> PartitionState {
    serde_json::from_value(value).unwrap()
}

/// A member by what is kept of it and of the wide list.
fn member(
    id: i64,
    own: Option<PartitionState>,
    wide: Option<&PartitionState>,
    history: &History,
) -> Option<Member> {
    let partition = partition(id);
    let known = known_of(own, wide, &partition, "");
    let plan = Reading::plan(known, &rules(), String::new(), Above::default(), history);
    let Plan::Read(reading) = plan else { return None };
    Member::new(partition, &reading, &rules(), Above::default(), 0)
}

fn ids(members: &[Member]) -> Vec<i64> {
    members.iter().map(|member| member.partition.bindings[0].value.as_i64().unwrap()).collect()
}

fn served(cover: &Cover) -> Vec<i64> {
    (0..100).filter(|id| cover.partition(&json!(id), 0).is_some()).collect()
}

/// Reads partitions of which nothing is known, and hears of some; what is kept at the end.
fn first_load(
    all: std::ops::Range<i64>,
    heard: &[i64],
    marks: bool,
) -> (PartitionState, Vec<Kept>, Vec<i64>) {
    let history = history("a", "2024-05-01T10:00:00Z");
    let members = all.map(|id| member(id, None, None, &history).unwrap()).collect();
    let rules = ReadingRules { marks_deleted: marks, ..rules() };
    let Choice { wide, own } = choose(members, &paths(), None, &rules, "", &history);
    assert!(own.is_empty());
    let (cover, reading) = wide.unwrap();
    assert_eq!(reading.since, None);
    heard.iter().for_each(|id| cover.hear(&partition(*id)));
    let silent = cover.leave_silent();
    let ended = reading.state_at_end(&rules, &Run::new("a", Clock::default(), || Duration::ZERO));
    let (state, kept) = cover.at_end(ended, &reading);
    (state, kept, ids(&silent))
}

#[test]
fn a_first_load_covers_those_that_something_came_of() {
    let (state, kept, silent) = first_load(0..5, &[0, 1, 3], true);
    assert_eq!(silent, [2, 4], "these are asked for themselves");
    let covers = state.covers.unwrap();
    assert_eq!(covers.of.into_iter().collect::<Vec<_>>(), [0, 1, 3].map(Id::Number));
    assert!(kept.iter().all(|kept| kept.state.is_none() && kept.whole.is_some()));
    assert_eq!(kept.len(), 3);
}

#[test]
fn a_later_run_is_bounded_and_one_that_is_new_is_read_whole() {
    let (wide, ..) = first_load(0..5, &[0, 1, 2, 3], false);
    let history = history("b", "2024-05-01T11:00:00Z");
    let found = |id, own| member(id, own, Some(&wide), &history).unwrap();
    // 4 has a list of its own, as it was silent; 7 has come into the group.
    let members = vec![
        found(0, None),
        found(1, None),
        found(2, None),
        found(4, Some(own("2024-05-01T10:00:00Z"))),
        found(7, None),
    ];
    let Choice { wide: chosen, own: alone } = choose(members, &paths(), Some(&wide), &rules(), "", &history);
    let (cover, reading) = chosen.unwrap();
    assert_eq!((served(&cover), ids(&alone)), (vec![0, 1, 2, 4], vec![7]));
    assert_eq!(reading.since, Some(moment("2024-05-01T09:00:00Z")));
    assert!(cover.leave_silent().is_empty(), "that nothing has changed is no silence");
    let ended = reading.state_at_end(&rules(), &Run::new("b", Clock::default(), || Duration::ZERO));
    let (state, kept) = cover.at_end(ended, &reading);
    assert!(kept.is_empty());
    assert_eq!(state.swept_at, wide.swept_at, "nothing was swept");
    let of = state.covers.as_ref().unwrap().of.iter().cloned().collect::<Vec<_>>();
    assert_eq!(of, [0, 1, 2, 4].map(Id::Number), "3 is gone");
    // In the next run, read by its own list again, a partition goes on from there.
    let known = known_of(None, Some(&state), &partition(4), "").unwrap();
    assert_eq!(known.cursors.get("notes"), Some(&moment("2024-05-01T11:00:00Z")));
    assert_eq!(known_of(None, Some(&state), &partition(3), ""), None);
    assert_eq!(known_of(None, Some(&state), &partition(4), "labels=bug"), None, "of another list");
}

#[test]
fn those_far_behind_are_read_by_their_own_lists() {
    let history = history("z", "2024-05-03");
    let at = ["2024-05-02T10:00:00Z", "2024-05-02T10:20:00Z", "2024-05-01T00:00:00Z", "2024-05-02T10:30:00Z"];
    let members = (0..).zip(at).map(|(id, at)| member(id, Some(own(at)), None, &history).unwrap()).collect();
    let Choice { wide, own } = choose(members, &paths(), None, &rules(), "", &history);
    let (cover, reading) = wide.unwrap();
    assert_eq!((served(&cover), ids(&own)), (vec![0, 1, 3], vec![2]));
    assert_eq!(reading.since, Some(moment("2024-05-02T09:00:00Z")), "what the slowest of them needs");
}

#[test]
fn a_list_for_one_is_not_worth_while() {
    let history = history("a", "2024-05-01");
    let members = vec![member(1, None, None, &history).unwrap()];
    let Choice { wide, own } = choose(members, &paths(), None, &rules(), "", &history);
    assert!(wide.is_none());
    assert_eq!(ids(&own), [1]);
}

#[test]
fn what_is_known_of_resources_that_are_not_read_along_stays() {
    let mut wide = state(json!({
        "cursors": {"issues": "2024-05-01T10:00:00Z", "notes": "2024-05-01T10:00:00Z", "links": "2024-04-01T00:00:00Z"},
        "swept_at": "2024-05-01T00:00:00Z", "covers": {"of": [0, 1, 2]}
    }));
    let history = history("b", "2024-05-01T11:00:00Z");
    let members = |wide: &PartitionState| {
        let found = |id, own| member(id, own, Some(wide), &history).unwrap();
        vec![found(0, None), found(1, None), found(2, None), found(3, Some(own("2024-05-01T10:00:00Z")))]
    };
    let Choice { wide: chosen, own } = choose(members(&wide), &paths(), Some(&wide), &rules(), "", &history);
    let (cover, reading) = chosen.unwrap();
    assert_eq!((served(&cover), ids(&own)), (vec![0, 1, 2], vec![3]), "nobody knows the links of 3");
    let ended = reading.state_at_end(&rules(), &Run::new("b", Clock::default(), || Duration::ZERO));
    assert_eq!(ended.cursors.get("links"), Some(&moment("2024-04-01")));
    wide.cursors.remove("links");
    let Choice { wide: chosen, .. } = choose(members(&wide), &paths(), Some(&wide), &rules(), "", &history);
    assert_eq!(served(&chosen.unwrap().0), [0, 1, 2, 3]);
}

#[test]
fn a_reading_is_gone_on_with_for_those_that_it_began_with() {
    let began = history("a", "2024-05-01T10:00:00Z");
    let members = (0..4).map(|id| member(id, None, None, &began).unwrap()).collect();
    let (cover, reading) = choose(members, &paths(), None, &rules(), "", &began).wide.unwrap();
    cover.hear(&partition(2));
    let kept = cover.at_point(reading.state_at(cover.reached(place("2024-02-01")), &rules()));
    // Written down and read again.
    let kept = state(serde_json::to_value(kept).unwrap());
    assert!(kept.covers.as_ref().unwrap().of.is_empty(), "it says nothing of any of them yet");
    let again = History { unfinished: ["a".to_owned()].into(), ..history("b", "2024-05-01T12:00:00Z") };
    // 9 has come in the meantime, and 1 has gone.
    let members = [0, 2, 3, 9].map(|id| member(id, None, Some(&kept), &again).unwrap()).into();
    let Choice { wide, own } = choose(members, &paths(), Some(&kept), &rules(), "", &again);
    let (cover, reading) = wide.unwrap();
    assert_eq!((served(&cover), ids(&own)), (vec![0, 2, 3], vec![9]));
    assert_eq!(reading.point, Some(place("2024-02-01")));
    assert_eq!(ids(&cover.leave_silent()), [0, 3], "something had come of 2");
    let ended = reading.state_at_end(&rules(), &Run::new("b", Clock::default(), || Duration::ZERO));
    let (state, _) = cover.at_end(ended, &reading);
    assert_eq!(state.cursors.get("issues"), Some(&moment("2024-05-01T10:00:00Z")), "when it was begun");
    // Whoever goes on with that load leaves those alone that it covers.
    let third = History { unfinished: ["a".to_owned(), "b".to_owned()].into(), ..history("c", "2024-05-02") };
    assert!(member(2, None, Some(&state), &third).is_none());
    assert!(member(9, None, Some(&state), &third).is_some());
    // A load that is not gone on with leaves no place behind.
    let later = history("d", "2024-05-03");
    let members = [0, 2, 3].map(|id| member(id, None, Some(&kept), &later).unwrap()).into();
    assert_eq!(choose(members, &paths(), Some(&kept), &rules(), "", &later).wide.unwrap().1.point, None);
    assert!(matches!(kept.reading, Some(Unfinished { .. })));
}

#[test]
fn what_was_known_before_a_whole_read_stays_until_its_end() {
    let before = "2024-04-20T10:00:00Z";
    let wide = state(json!({
        "cursors": {"issues": before, "notes": before}, "swept_at": before, "covers": {"of": [0, 1, 5]}
    }));
    let sweep = history("s", "2024-05-01");
    let members = [0, 1, 2].map(|id| member(id, None, Some(&wide), &sweep).unwrap()).into();
    let (cover, reading) = choose(members, &paths(), Some(&wide), &rules(), "", &sweep).wide.unwrap();
    assert_eq!((reading.since, reading.before.cursors.len()), (None, 0), "of 2 nothing is known");
    let kept = cover.at_point(reading.state_at(place("2024-01-01"), &rules()));
    assert_eq!(kept.cursors, wide.cursors);
    assert_eq!(kept.covers.unwrap().of.into_iter().collect::<Vec<_>>(), [0, 1].map(Id::Number));
}

#[test]
fn each_list_goes_on_from_its_own_place() {
    let began = history("a", "2024-05-01T10:00:00Z");
    let two = ["/groups/a/issues".to_owned(), "/groups/b/issues".to_owned()];
    let found = |id: i64, list, kept: Option<&PartitionState>, history: &History| Member {
        list,
        ..member(id, None, kept, history).unwrap()
    };
    let members = (0..6).map(|id| found(id, usize::from(id > 2), None, &began)).collect();
    let (cover, reading) = choose(members, &two, None, &rules(), "", &began).wide.unwrap();
    let at = |list: usize, at: Option<&str>| Point::Lists([(two[list].clone(), at.map(moment))].into());
    cover.reached(at(0, Some("2024-01-05")).and_then(Some(at(0, Some("2024-02-01")))));
    let point = cover.reached(at(1, None));
    let kept = cover.at_point(reading.state_at(point, &rules()));
    let again = History { unfinished: ["a".to_owned()].into(), ..history("b", "2024-05-01T12:00:00Z") };
    // 5 was in the second list and is in the first now.
    let lists = [0, 0, 0, 1, 1, 0];
    let members = (0..6).zip(lists).map(|(id, list)| found(id, list, Some(&kept), &again)).collect();
    let Choice { wide, own } = choose(members, &two, Some(&kept), &rules(), "", &again);
    let cover = wide.unwrap().0;
    assert_eq!(ids(&own), [5]);
    assert_eq!((cover.place(0), cover.place(1)), (Some(Some(moment("2024-02-01"))), Some(None)));
    // Where all that is left was read to its end, nothing would say so: it is read again.
    let members = [3, 4].map(|id| found(id, 1, Some(&kept), &again)).into();
    let wide = choose(members, &two, Some(&kept), &rules(), "", &again).wide.unwrap();
    assert_eq!((wide.0.place(1), wide.1.point), (None, None));
}
