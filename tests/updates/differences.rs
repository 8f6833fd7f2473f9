//! `diff` names each change of a document, and nothing where there is none.

use fastrand::Rng;
use gitlab_init::diff::{Aspect, Changed, Diff, diff_graphs};
use gitlab_init::graph::ResourceGraph;
use gitlab_init::infer::RecordedNames;
use gitlab_init::read;
use gitlab_init::report::diff_text;

use super::document::{Change, Document};
use super::rounds;

fn graph(document: &Document) -> ResourceGraph {
    read(&document.text(), &[], &RecordedNames::new()).expect("a document").graph
}

#[test]
fn each_change_is_named() {
    let mut named = 0;
    for seed in rounds() {
        let mut rng = Rng::with_seed(seed);
        let mut document = Document::random(&mut rng);
        let mut before = graph(&document);
        for _ in 0..4 {
            let change = document.change_once(&mut rng);
            let after = graph(&document);
            let diff = diff_graphs(&before, &after);
            let is_right = is_named(&change, &diff, &before, &after);
            assert!(is_right, "SEED={seed}: {change:?}\n{}{diff:#?}", diff_text(&diff));
            assert!(diff_graphs(&after, &after).is_empty(), "SEED={seed}");
            before = after;
            named += usize::from(!matches!(change, Change::Nothing));
        }
    }
    assert!(named > 0, "nothing has changed");
}

fn is_named(change: &Change, diff: &Diff, before: &ResourceGraph, after: &ResourceGraph) -> bool {
    let is_resource = |graph: &ResourceGraph, path: &str| {
        graph.resources.iter().any(|own| own.is_declared && own.request_path == path)
    };
    let changed = |path: &str| {
        let name = |own: &&Changed| after.get(&own.resource).is_some_and(|own| own.request_path == path);
        diff.changed.iter().find(name)
    };
    match change {
        Change::Nothing => diff.is_empty(),
        Change::Added(path) => {
            diff.added.iter().any(|added| added.path == *path) || !is_resource(after, path)
        }
        Change::Removed(path) => {
            diff.gone.iter().any(|gone| gone.path == *path) || !is_resource(before, path)
        }
        Change::Moved { from, to } => {
            let has_moved = changed(to).is_some_and(|own| {
                own.changes.iter().any(|change| {
                    change.aspect == Aspect::Path
                        && change.from.as_deref() == Some(from)
                        && change.to.as_deref() == Some(to)
                })
            });
            let is_exchanged = diff.gone.iter().any(|gone| gone.path == *from)
                && diff.added.iter().any(|added| added.path == *to);
            has_moved || is_exchanged
        }
        // What is sent by the engine itself is no filter, and says how the list is read.
        Change::Parameter { path, name } => {
            changed(path).map_or(matches!(*name, "order_by" | "sort" | "updated_after"), |own| {
                own.changes.iter().any(|change| {
                    change.item == *name
                        || matches!(change.aspect, Aspect::Cursor | Aspect::Pages | Aspect::Sent)
                })
            })
        }
        Change::Field { path, name } => changed(path).is_some_and(|own| {
            let of_field = |item: &str| item == *name || item.starts_with(&format!("{name}__"));
            own.changes.iter().any(|change| change.aspect == Aspect::Column && of_field(&change.item))
        }),
    }
}
