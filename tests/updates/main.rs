//! Random edits of a crate, random changes of its document: after an update every edit is there or in a marked conflict,
//! what has no conflict is whole, and a second update changes nothing.
//!
//! `ROUNDS=20000 cargo test -p gitlab-init-tests --test updates` goes further than CI does, `SEED=17` repeats one round.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test may panic")]

mod checks;
mod differences;
mod document;
mod edits;
mod pipeline;
#[allow(dead_code, reason = "what runs a pipeline is not used here")]
#[path = "../scaffold/mod.rs"]
mod scaffold;

use checks::{Before, check};
use document::Document;
use edits::{Edit, edit};
use fastrand::Rng;
use gitlab_init::report::diff_text;
use pipeline::Crate;
use scaffold::Pipeline;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

fn rounds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (0..number("ROUNDS").unwrap_or(250)).collect(),
    }
}

/// What came of a round, so that a test of nothing shows.
#[derive(Debug, Default)]
struct Tally {
    conflicts: usize,
    merged: usize,
    edits: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.conflicts += other.conflicts;
        self.merged += other.merged;
        self.edits += other.edits;
    }
}

#[test]
fn every_edit_survives_every_change() {
    let seeds = rounds();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let seeds = &seeds;
        let workers: Vec<_> = (0..threads)
            .map(|at| {
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    seeds.iter().skip(at).step_by(threads).for_each(|seed| round(*seed, &mut tally));
                    tally
                })
            })
            .collect();
        for worker in workers {
            tally.add(&worker.join().expect("a round that holds"));
        }
    });
    eprintln!("{tally:?}");
    if seeds.len() > 100 {
        assert!(tally.merged > tally.conflicts && tally.conflicts > 10, "{tally:?}");
    }
}

/// So many crates are compiled; all of them are read as Rust.
const COMPILED: usize = 2;

/// A crate that lives through several updates, up to the first conflict.
fn round(seed: u64, tally: &mut Tally) {
    static LEFT: AtomicUsize = AtomicUsize::new(COMPILED);
    let mut rng = Rng::with_seed(seed);
    let mut document = Document::random(&mut rng);
    let vendored = seed.is_multiple_of(20);
    let pipeline = Crate::make(&document, vendored);
    let mut compiles = vendored;
    for step in 0..rng.usize(1..4) {
        let made = edit(&pipeline, &mut rng, &format!("edit_{seed}_{step}"));
        tally.edits += made.len();
        document.change(&mut rng);
        let before = Before::look(&pipeline);
        let update = pipeline.plan(&document);
        pipeline.apply(&update.plan);
        let place =
            format!("SEED={seed}, update {step}: {made:#?}\n{}{}", update.plan, diff_text(&update.diff));
        check(&pipeline, &before, &made, &update.plan, &place);
        compiles &= before.is_whole() && !made.iter().any(Edit::is_of_the_engine);
        if update.plan.conflicts().next().is_some() {
            tally.conflicts += 1;
            return;
        }
        tally.merged += 1;
        let again = pipeline.plan(&document).plan;
        let differs = again.changes_something();
        assert!(!differs, "{place}\na second update is not quiet:\n{again}{}", pipeline::diffs(&again));
    }
    if compiles && LEFT.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
        let built = Pipeline { folder: pipeline.root(), name: "pipeline".into() }.build();
        assert!(built.is_ok(), "SEED={seed} does not compile: {built:?}");
    }
}
