//! Killed at any moment, the crate is wholly old or wholly new once the next command has looked at it.

use std::fs;
use std::time::Duration;

use super::{files, gitlab_init, scaffold, thinned};

#[test]
fn a_killed_update_is_finished_or_undone_by_the_next_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = thinned(folder.path(), "spec.json", |at, path| at % 3 == 1 && path.contains("/{id}/"));
    let made = gitlab_init(folder.path(), &["new", "pipeline", "--yes", "--spec", &spec]);
    assert!(made.status.success());
    let old = files(&folder.path().join("pipeline"));
    thinned(folder.path(), "spec.json", |_, _| false);
    let copy = |name: &str| {
        let to = folder.path().join(name);
        for (path, text) in &old {
            let path = to.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a write");
        }
        to
    };
    let whole = copy("whole");
    assert!(gitlab_init(&whole, &["update"]).status.success());
    let new = files(&whole);
    let (mut undone, mut finished, mut midway) = (0, 0, 0);
    for round in 0..24_u32 {
        let pipeline = copy(&format!("round{round}"));
        let mut command = scaffold::gitlab_init().expect("the generator");
        let mut child = command
            .arg("update")
            .current_dir(&pipeline)
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("a child");
        // From the first write on, or from the journal on, a little later each time.
        let pending = pipeline.join(".gitlab-init/pending");
        let sign = if round % 2 == 0 { pending.clone() } else { pending.join("journal.json") };
        while !sign.exists() && child.try_wait().expect("a state").is_none() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(u64::from(round) * 300));
        child.kill().expect("a kill");
        child.wait().expect("an exit");
        midway += u32::from(pending.exists());
        // Asking whether it is up to date is enough to bring it to its end.
        let check = gitlab_init(&pipeline, &["update", "--check"]);
        match files(&pipeline) {
            there if there == old => undone += 1,
            there if there == new => finished += 1,
            _ => panic!("round {round} left a mixture"),
        }
        assert_eq!(check.status.success(), files(&pipeline) == new);
    }
    assert!(midway > 5 && undone > 3 && finished > 3, "{undone} times undone, {finished} times finished");
    eprintln!("{undone} times undone, {finished} times finished, {midway} times killed in the middle");
}
