use std::collections::BTreeSet;

use sample_gitlab::{Size, World};
use serde_json::Value;

fn rows(world: &World, list: &str) -> Vec<Value> {
    world.rows(list).unwrap().map(|(_, row)| row).collect()
}

#[test]
fn the_same_seed_makes_the_same_world() {
    let of = |seed| rows(&World::seeded(Size::small(), seed), "/projects/{id}/issues");
    assert_eq!(of(3), of(3));
    assert_ne!(of(3), of(4));
}

#[test]
fn ids_go_beyond_what_narrow_numbers_hold() {
    let world = World::new(Size::small());
    for (list, beyond) in [
        ("/projects/{id}/pipelines", 1_i64 << 31),
        ("/projects/{id}/jobs", 1 << 32),
        ("/projects/{id}/issues/{iid}/notes", 1 << 53),
    ] {
        let ids: Vec<i64> = rows(&world, list).iter().map(|row| row["id"].as_i64().unwrap()).collect();
        assert!(!ids.is_empty() && ids.iter().all(|id| *id > beyond), "{list}");
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "{list}");
    }
}

#[test]
fn notes_beyond_doubles_would_collide_in_them() {
    let ids: Vec<i64> = rows(&World::new(Size::small()), "/projects/{id}/issues/{iid}/notes")
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "that is the point")]
    let as_doubles: BTreeSet<u64> = ids.iter().map(|id| (*id as f64).to_bits()).collect();
    assert!(as_doubles.len() < ids.len());
}

#[test]
fn texts_come_in_many_scripts_and_some_are_empty_or_null() {
    let issues = rows(&World::new(Size::small()), "/projects/{id}/issues");
    let titles: String = issues.iter().map(|row| row["title"].as_str().unwrap()).collect();
    for part in ["🚀", "支払い", "שגיאה", "\"Quoted\"", "Größe", "Back\\slash", "\t"] {
        assert!(titles.contains(part), "{part}");
    }
    let descriptions: Vec<_> = issues.iter().map(|row| &row["description"]).collect();
    assert!(descriptions.iter().any(|text| text.is_null()));
    assert!(descriptions.iter().any(|text| *text == ""));
    assert!(descriptions.iter().any(|text| text.as_str().is_some_and(|text| text.contains("\r\n"))));
}

#[test]
fn fields_have_the_types_that_the_document_denies() {
    let world = World::new(Size::small());
    let issues = rows(&world, "/projects/{id}/issues");
    assert!(issues.iter().all(|row| row["assignees"].is_array()));
    assert!(issues.iter().any(|row| row["epic_iid"].is_i64()));
    let groups = rows(&world, "/groups");
    assert!(
        groups.iter().any(|row| row["parent_id"].is_i64())
            && groups.iter().any(|row| row["parent_id"].is_null())
    );
    assert!(groups.iter().all(|row| row["emails_enabled"].is_boolean()));
    let projects = rows(&world, "/projects");
    assert!(projects.iter().all(|row| row["compliance_frameworks"].is_array() && row["mirror"].is_boolean()));
    let members = rows(&world, "/projects/{id}/members/all");
    assert!(members.iter().all(|row| row["access_level"].is_i64()));
    assert!(members.iter().any(|row| row["expires_at"].as_str().is_some_and(|date| date.len() == 10)));
    assert!(rows(&world, "/projects/{id}/jobs").iter().all(|row| row["project"].is_object()));
    assert!(rows(&world, "/projects/{id}/releases").iter().all(|row| row["assets"].is_object()));
}

#[test]
fn the_same_names_and_people_return_under_many_parents() {
    let world = World::new(Size::small());
    let main =
        rows(&world, "/projects/{id}/repository/branches").iter().filter(|row| row["name"] == "main").count();
    assert_eq!(main, 6, "all projects but the empty one");
    let me =
        rows(&world, "/projects/{id}/members/all").iter().filter(|row| row["username"] == "mira").count();
    assert_eq!(me, 7);
    let (group, project) = (world.group_id("platform"), world.project_id("platform/storefront"));
    assert_eq!(group, project, "an id is unique within its kind only");
}

#[test]
fn an_issue_counts_what_people_wrote() {
    let world = World::new(Size::small());
    let counted: i64 = rows(&world, "/projects/{id}/issues")
        .iter()
        .map(|row| row["user_notes_count"].as_i64().unwrap())
        .sum();
    let template = "/projects/{id}/issues/{iid}/notes";
    let written = rows(&world, template).iter().filter(|note| note["system"] == false).count();
    assert_eq!(written, usize::try_from(counted).unwrap());
    let asked = world.rows_with(template, &[("activity_filter", "only_comments")]).unwrap().count();
    assert_eq!(asked, written);
}
