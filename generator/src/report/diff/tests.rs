use super::*;
use crate::diff::{Added, Change, Changed, End, Gone};

fn column(resource: &str, items: &[&str]) -> Changed {
    let change = |item: &&str| Change {
        aspect: Aspect::Column,
        item: (*item).to_owned(),
        from: None,
        to: Some("int".to_owned()),
    };
    Changed {
        resource: resource.to_owned(),
        was: None,
        table: resource.to_owned(),
        is_on: true,
        fate: None,
        changes: items.iter().map(change).collect(),
    }
}

fn filter(from: &str, to: &str) -> String {
    let change = Change {
        aspect: Aspect::Filter,
        item: "state".to_owned(),
        from: Some(from.to_owned()),
        to: Some(to.to_owned()),
    };
    let own = Changed { changes: vec![change], ..column("issues", &[]) };
    let text = diff_text(&Diff { changed: vec![own], ..Diff::default() });
    text.lines().last().unwrap_or_default().trim().to_owned()
}

#[test]
fn nothing_is_said_in_a_line() {
    assert_eq!(diff_text(&Diff::default()), "nothing changes for a pipeline\n");
    assert_eq!(diff_markdown(&Diff::default()), "Nothing changes for a pipeline.\n");
}

#[test]
fn what_is_alike_is_said_once() {
    let names: Vec<String> = (0..12).map(|at| format!("list_{at:02}")).collect();
    let changed = names
        .iter()
        .map(|name| column(name, &["x", "y"]))
        .chain([column("other", &["a__b", "a__c", "a__d"])]);
    let text = diff_text(&Diff { changed: changed.collect(), ..Diff::default() });
    assert_eq!(
        text,
        "resources: 13 with other columns\n\n\
         columns: rows get new ones as they change, or at once by `run --full-refresh`; none is taken away\n\
         \x20 new: `x`, `y` in 12 resources (`list_00`, `list_01`, `list_02`, `list_03`, …)\n\
         \x20 new: `a__*` in `other`\n"
    );
    let nested = ["author", "user", "owner"].map(|object| column(object, &[&format!("{object}__web_url")]));
    let text = diff_text(&Diff { changed: nested.to_vec(), ..Diff::default() });
    assert!(text.contains("  new: `*__web_url` in `author`, `owner`, `user`\n"), "{text}");
}

#[test]
fn of_a_filter_the_values_that_differ_are_said() {
    assert_eq!(filter("a, b", "a, b, c"), "also `c`: `state` in `issues`");
    assert_eq!(filter("a, b", "a"), "no longer `b`: `state` in `issues`");
    assert_eq!(filter("a, b", "a, c"), "no longer `b`, but `c`: `state` in `issues`");
    assert_eq!(filter("text", "a"), "only `a`: `state` in `issues`");
    // Whatever was taken is taken still.
    assert!(!filter("int", "text").contains("state"));
}

/// Nothing of a document is more than text: no code span ends early, and no line.
#[test]
fn nothing_of_a_document_is_markup() {
    let name = "a`</code>\n# @all\u{1b}[31m";
    let (resource, table, path) = (name.to_owned(), name.to_owned(), name.to_owned());
    let gone = Gone { resource: resource.clone(), table, path: path.clone(), end: End::Document };
    let added = Added { resource, path, is_on: true, is_needy: false, is_core: true };
    let diff = Diff { gone: vec![gone], added: vec![added], changed: vec![column(name, &[name])] };
    let text = diff_markdown(&diff);
    assert!(text.contains("- `a'</code> # @all [31m`\n"), "{text}");
    assert!(text.lines().all(|line| line.matches('`').count().is_multiple_of(2)), "{text}");
    assert!(!text.contains('\u{1b}') && !text.lines().any(|line| line.starts_with("# ")), "{text}");
}

#[test]
fn what_is_off_says_why_it_is() {
    let added = |resource: &str, is_needy| Added {
        resource: resource.into(),
        path: format!("/{resource}"),
        is_on: false,
        is_needy,
        is_core: true,
    };
    let diff =
        Diff { added: vec![added("needs_a_name", true), added("has_secrets", false)], ..Diff::default() };
    let text = diff_markdown(&diff);
    assert!(text.contains("- off, as they need values: `needs_a_name`\n"), "{text}");
    assert!(text.contains("- off, unless they are turned on: `has_secrets`\n"), "{text}");
}

/// The order is that of what it costs.
#[test]
fn what_matters_comes_first() {
    let gone = Gone { resource: "a".into(), table: "a".into(), path: "/a".into(), end: End::Document };
    let added =
        Added { resource: "b".into(), path: "/b".into(), is_on: true, is_needy: false, is_core: true };
    let key =
        Change { aspect: Aspect::Key, item: String::new(), from: Some("id".into()), to: Some("iid".into()) };
    let rekeyed = Changed { fate: Some(Fate::Rekeyed), changes: vec![key], ..column("c", &[]) };
    let diff = Diff { gone: vec![gone], added: vec![added], changed: vec![column("d", &["x"]), rekeyed] };
    let text = diff_markdown(&diff);
    let titles: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(titles, ["Gone", "Another key", "Columns", "New"]);
    assert!(
        text.starts_with("Resources: 1 gone, 1 with another key, 1 with other columns, 1 new.\n"),
        "{text}"
    );
    assert!(text.contains("\n- `c`: key `id` → `iid`\n"), "{text}");
}
