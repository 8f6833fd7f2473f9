//! Writes `generated-example` anew, and removes what is not rendered to it any more.
#![allow(clippy::expect_used, reason = "a tool of this repository may panic")]

mod example;

use std::fs;

fn main() {
    let folder = example::folder();
    let rendered = example::rendered();
    for file in &rendered {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, &file.body).expect("a file");
    }
    let is_stray = |path: &String| rendered.iter().all(|file| file.path != *path);
    for stray in example::files_below(&folder).into_iter().filter(is_stray) {
        fs::remove_file(folder.join(stray)).expect("a file");
    }
}
