use std::cell::Cell;
use std::collections::BTreeMap;

use super::super::disk::OwnDisk;
use super::super::plan::Action;
use super::*;

/// A disk that stops to do anything after so many steps, as if the program had been killed.
struct Dying {
    left: Cell<usize>,
    /// It fails once before, and dies so many steps after that.
    once_more: Cell<Option<usize>>,
}

impl Dying {
    fn after(steps: usize) -> Self {
        Self { left: Cell::new(steps), once_more: Cell::new(None) }
    }

    fn failing_after(steps: usize, dying_after: usize) -> Self {
        Self { left: Cell::new(steps), once_more: Cell::new(Some(dying_after)) }
    }

    fn step(&self, step: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if let Some(left) = self.left.get().checked_sub(1) {
            self.left.set(left);
            return step();
        }
        self.left.set(self.once_more.take().unwrap_or(0));
        Err(io::Error::other("killed"))
    }
}

impl Disk for Dying {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        self.step(|| OwnDisk.make_folder(folder))
    }

    /// Half of the text is written before the end.
    fn write(&self, path: &Path, text: &[u8], _: bool) -> io::Result<()> {
        let half = text.get(..text.len() / 2).unwrap_or_default();
        self.step(|| fs::write(path, half))?;
        self.step(|| fs::write(path, text))
    }

    fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| OwnDisk.copy(from, to))
    }

    fn copy_mode(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| OwnDisk.copy_mode(from, to))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step(|| OwnDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(|| OwnDisk.remove(path))
    }

    fn remove_empty(&self, folder: &Path) -> io::Result<()> {
        self.step(|| OwnDisk.remove_empty(folder))
    }

    /// File by file, so that the end can come in the middle.
    fn remove_all(&self, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { self.remove_all(&path)? } else { self.remove(&path)? }
        }
        self.step(|| fs::remove_dir(folder))
    }
}

type Files = BTreeMap<String, String>;

/// In memory, where there is such a place: a disk makes sure of each renamed file.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn files(pairs: &[(&str, &str)]) -> Files {
    pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn before() -> Files {
    files(&[
        (".gitlab-init/answers.toml", "old"),
        ("config.toml", "old"),
        ("src/resources/gone.rs", "old"),
        ("src/resources/mine.rs", "mine"),
        ("deploy/x/y.yaml", "old"),
    ])
}

fn after() -> Files {
    files(&[
        (".gitlab-init/answers.toml", "new"),
        (".gitlab-init/pristine/config.toml", "new"),
        ("config.toml", "new and longer"),
        ("src/resources/mine.rs", "mine"),
        ("src/resources/new/mod.rs", "new"),
    ])
}

fn plan() -> WritePlan {
    let (before, after) = (before(), after());
    let change = |path: &String| {
        let action = after.get(path).map_or(Action::Delete, |text| Action::Write(text.clone()));
        Change {
            path: path.clone(),
            before: before.get(path).cloned(),
            action,
            notes: Vec::new(),
            is_secret: false,
        }
    };
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    WritePlan { changes: paths.into_iter().map(change).collect() }
}

fn make(root: &Path) {
    for (path, text) in before() {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Every file below a folder; empty folders by their path alone.
fn read(root: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries: Vec<PathBuf> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        let name = |path: &Path| path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        if entries.is_empty() {
            found.insert(name(&folder), "an empty folder".into());
        }
        for path in entries {
            if path.is_dir() {
                folders.push(path)
            } else {
                drop(found.insert(name(&path), fs::read_to_string(&path).unwrap()))
            }
        }
    }
    found
}

/// How many steps the whole change takes.
fn steps() -> usize {
    let folder = folder();
    make(folder.path());
    let disk = Dying::after(usize::MAX);
    Journal::new(folder.path(), &disk).apply(&plan()).unwrap();
    assert_eq!(read(folder.path()), after());
    usize::MAX - disk.left.get()
}

#[test]
fn killed_between_any_two_steps_it_is_wholly_old_or_wholly_new() {
    let (mut old, mut new) = (0, 0);
    for count in 0..steps() {
        let folder = folder();
        make(folder.path());
        let _ = Journal::new(folder.path(), &Dying::after(count)).apply(&plan());
        // The command that clears up may be killed as well, time and again.
        for again in [1, 3, 7] {
            let _ = Journal::new(folder.path(), &Dying::after(again)).settle();
        }
        Journal::new(folder.path(), &OwnDisk).settle().unwrap();
        match read(folder.path()) {
            files if files == before() => old += 1,
            files if files == after() => new += 1,
            files => panic!("after {count} steps it is a mixture: {files:?}"),
        }
    }
    assert!(old > 10 && new > 5, "{old} times old, {new} times new");
}

/// The first fault turns the change back, the second is the end; or there is no second.
#[test]
fn a_fault_at_any_step_leaves_all_as_it_was_however_the_way_back_ends() {
    for count in 0..steps() {
        for way_back in (0..16).chain([usize::MAX]) {
            let folder = folder();
            make(folder.path());
            let disk = Dying::failing_after(count, way_back);
            let result = Journal::new(folder.path(), &disk).apply(&plan());
            Journal::new(folder.path(), &OwnDisk).settle().unwrap();
            let mut files = read(folder.path());
            // To remove an empty folder is tried once.
            files.retain(|_, text| text != "an empty folder");
            assert!(files == before() || files == after(), "{count}, {way_back}: {files:?}");
            assert!(
                result.is_err() || files == after(),
                "{count}, {way_back}: what was not made passes for it"
            );
        }
    }
}

#[test]
fn an_edit_made_meanwhile_is_not_overwritten() {
    let folder = folder();
    make(folder.path());
    fs::write(folder.path().join("config.toml"), "edited after the plan").unwrap();
    let result = Journal::new(folder.path(), &OwnDisk).apply(&plan());
    assert!(matches!(result, Err(WriteError::ChangedSince { .. })), "{result:?}");
    assert_eq!(read(folder.path()).get("config.toml").map(String::as_str), Some("edited after the plan"));
}
