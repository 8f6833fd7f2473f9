//! `diff` names each change of a document, and nothing where there is none.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use gitlab_init::diff::{Aspect, Change, Changed, Diff, End, Fate, diff_graphs};
use gitlab_init::graph::ResourceGraph;
use gitlab_init::infer::RecordedNames;
use gitlab_init::read;
use gitlab_init::report::diff_text;

use super::document::{self, Document};
use super::pipeline::Crate;
use super::rounds;

fn graph(document: &Document) -> ResourceGraph {
    read(&document.text(), &[], &RecordedNames::new()).expect("a document").graph
}

#[test]
fn each_change_is_named() {
    let mut named = 0;
    for seed in rounds().into_iter().step_by(3) {
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
            named += usize::from(!matches!(change, document::Change::Nothing));
        }
    }
    assert!(named > 0, "nothing has changed");
}

fn is_named(change: &document::Change, diff: &Diff, before: &ResourceGraph, after: &ResourceGraph) -> bool {
    let is_resource =
        |graph: &ResourceGraph, path: &str| graph.resources.iter().any(|own| own.request_path == path);
    let changed = |path: &str| {
        let name = |own: &&Changed| after.get(&own.resource).is_some_and(|own| own.request_path == path);
        diff.changed.iter().find(name)
    };
    match change {
        document::Change::Nothing => diff.is_empty(),
        document::Change::Added(path) => {
            diff.added.iter().any(|added| added.path == *path) || !is_resource(after, path)
        }
        document::Change::Removed(path) => {
            diff.gone.iter().any(|gone| gone.path == *path)
                || !is_resource(before, path)
                || is_resource(after, path)
        }
        document::Change::Moved { from, to } => {
            let has_moved = changed(to).is_some_and(|own| {
                own.changes.iter().any(|change| {
                    change.aspect == Aspect::Path
                        && change.from.as_deref() == Some(from)
                        && change.to.as_deref() == Some(to)
                })
            });
            // What GitLab has anyway is there for its children, also where the document leaves it out.
            let has_left = diff.gone.iter().any(|gone| gone.path == *from) || is_resource(after, from);
            let is_exchanged = has_left && diff.added.iter().any(|added| added.path == *to);
            has_moved || is_exchanged
        }
        // What is sent by the engine itself is no filter, and says how the list is read.
        document::Change::Parameter { path, name } => {
            changed(path).map_or(matches!(*name, "order_by" | "sort" | "updated_after"), |own| {
                own.changes.iter().any(|change| {
                    change.item == *name
                        || matches!(change.aspect, Aspect::Cursor | Aspect::Pages | Aspect::Sent)
                })
            })
        }
        document::Change::Field { path, name } => changed(path).is_some_and(|own| {
            let of_field = |item: &str| item == *name || item.starts_with(&format!("{name}__"));
            own.changes.iter().any(|change| change.aspect == Aspect::Column && of_field(&change.item))
        }),
    }
}

/// Of a resource: what becomes of its rows, and how it is read and filtered. Definitions name no columns of which nothing
/// is known, and needs are the configuration's.
type Said = BTreeMap<String, (Option<Fate>, BTreeSet<(Aspect, String)>)>;

fn said(diff: &Diff) -> Said {
    let is_of_both = |change: &&Change| {
        let is_unsaid = [&change.from, &change.to].iter().any(|side| side.as_deref() == Some(""));
        match change.aspect {
            Aspect::Need | Aspect::Switch => false,
            Aspect::Column => !is_unsaid,
            _ => true,
        }
    };
    let own = |own: &Changed| {
        let changes = own.changes.iter().filter(is_of_both);
        let changes: BTreeSet<_> = changes.map(|change| (change.aspect, change.item.clone())).collect();
        (!changes.is_empty()).then(|| (own.resource.clone(), (own.fate, changes)))
    };
    diff.changed.iter().filter_map(own).collect()
}

/// An update of a crate that nobody has edited says of its resources what the two documents say of them.
#[test]
fn an_update_says_what_its_documents_say() {
    let mut compared = 0;
    for seed in rounds().into_iter().step_by(6) {
        let mut rng = Rng::with_seed(seed);
        let mut document = Document::random(&mut rng);
        let pipeline = Crate::make(&document, false);
        let before = graph(&document);
        document.change(&mut rng);
        let of_documents = diff_graphs(&before, &graph(&document));
        let of_update = pipeline.plan(&document).diff;
        let (documents, update) = (said(&of_documents), said(&of_update));
        for (resource, own) in &update {
            let place = || {
                format!("SEED={seed}: {resource}\n{}\n{}", diff_text(&of_documents), diff_text(&of_update))
            };
            assert_eq!(documents.get(resource), Some(own), "{}", place());
            compared += 1;
        }
        for gone in &of_update.gone {
            let is_gone = of_documents.gone.iter().any(|own| own.resource == gone.resource);
            assert!(is_gone && gone.end == End::Kept, "SEED={seed}: {gone:?}");
        }
    }
    assert!(compared > 0, "{compared} resources are compared");
}
