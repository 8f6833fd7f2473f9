//! Lines: three texts to one, with git's marks where both sides changed the same place.

use diffy::{ConflictStyle, DiffOptions, IncompleteHunkStyle, MergeOptions};

use super::{Merged, Sides};

/// What stands before the user's side, and after the generator's.
const MARKS: [&str; 2] = ["<<<<<<< ours", ">>>>>>> theirs"];

pub(super) fn merge_lines(sides: Sides<'_>) -> Merged {
    let mut options = MergeOptions::new();
    options.set_conflict_style(ConflictStyle::Merge).set_incomplete_hunk_style(IncompleteHunkStyle::Git);
    match options.merge(sides.pristine, sides.yours, sides.new) {
        Ok(text) => Merged::clean(text),
        Err(text) => {
            let conflicts = text.lines().filter(|line| *line == MARKS[0]).count();
            Merged { text, conflicts, notes: Vec::new() }
        }
    }
}

/// Texts in which a conflict waits for a person.
#[derive(Debug)]
pub struct Unresolved;

impl Unresolved {
    pub fn is_in(text: &str) -> bool {
        let mut lines = text.lines();
        MARKS.iter().all(|mark| lines.any(|line| line == *mark))
    }
}

/// What one text has become, as `diff -u` writes it. A side that is not there is empty.
pub fn unified(path: &str, before: Option<&str>, after: Option<&str>) -> String {
    let mut options = DiffOptions::new();
    let name = |side: &str, text: Option<&str>| match text {
        Some(_) => format!("{side}/{path}"),
        None => "/dev/null".to_owned(),
    };
    options.set_original_filename(name("a", before)).set_modified_filename(name("b", after));
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    options.create_patch(before, after).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clashes_are_marked_as_git_marks_them() {
        let sides = Sides { pristine: "a\nb\nc\n", yours: "a\nmine\nc\n", new: "a\nnew\nc\n" };
        let merged = merge_lines(sides);
        assert_eq!(merged.text, "a\n<<<<<<< ours\nmine\n=======\nnew\n>>>>>>> theirs\nc\n");
        assert_eq!(merged.conflicts, 1);
        assert!(Unresolved::is_in(&merged.text) && !Unresolved::is_in("<<<<<<< ours\n"));
    }

    #[test]
    fn a_file_without_a_last_line_end_keeps_marks_on_their_lines() {
        let merged = merge_lines(Sides { pristine: "a", yours: "b", new: "c" });
        assert_eq!(merged.text, "<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\n");
    }
}
