//! Three texts to one: what was written once, what is there now, and what would be written today. Pure.
//!
//! What only one side changed is taken from that side. What both changed in the same place is marked as git marks it.
//! In TOML there is no such place: keys are found by name, and the user's value stays.

mod gathered;
mod lines;
mod lock;
mod toml;

pub use lines::{Unresolved, unified};
pub use toml::Note;

/// The three sides of a file, as text.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// As it was written.
    pub pristine: &'a str,
    /// As it is there.
    pub yours: &'a str,
    /// As it would be written today.
    pub new: &'a str,
}

/// What came of a merge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merged {
    pub text: String,
    /// How many places are marked as conflicts.
    pub conflicts: usize,
    /// What a person should know of keys.
    pub notes: Vec<Note>,
}

impl Merged {
    fn clean(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

/// Merges a file in the way of its kind. Line ends stay as they are in the user's file.
pub fn merge(path: &str, sides: Sides<'_>) -> Merged {
    let [pristine, yours, new] =
        [sides.pristine, sides.yours, sides.new].map(|text| text.replace("\r\n", "\n"));
    let plain = Sides { pristine: &pristine, yours: &yours, new: &new };
    let mut merged = merge_plain(path, plain);
    if sides.yours.contains("\r\n") {
        merged.text = merged.text.replace('\n', "\r\n");
    }
    merged
}

/// Brings what is new into a file of which nobody knows what was written: in TOML, what the user's has no place for yet.
/// `None` where that is not possible.
pub fn adopt(path: &str, yours: &str, new: &str) -> Option<Merged> {
    match path {
        "config.toml" | "Cargo.toml" => {
            let pristine = toml::known_part(yours, new)?;
            Some(merge(path, Sides { pristine: &pristine, yours, new }))
        }
        "Cargo.lock" => Some(merge(path, Sides { pristine: "", yours, new })),
        _ => None,
    }
}

fn merge_plain(path: &str, sides: Sides<'_>) -> Merged {
    let Sides { pristine, yours, new } = sides;
    if yours == pristine || yours == new {
        return Merged::clean(new.to_owned());
    }
    if new == pristine {
        return Merged::clean(yours.to_owned());
    }
    let structured = match path {
        "config.toml" | "Cargo.toml" => toml::merge_toml(sides),
        "Cargo.lock" => lock::merge_lock(sides).map(Merged::clean),
        _ => None,
    };
    structured.unwrap_or_else(|| match path.starts_with("src/resources/") {
        true => gathered::merge_gathered(sides),
        false => lines::merge_lines(sides),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_stay_as_the_user_has_them() {
        let sides = Sides { pristine: "a\nb\nc\n", yours: "mine\r\nb\r\nc\r\n", new: "a\nb\nnew\n" };
        assert_eq!(merge("README.md", sides), Merged::clean("mine\r\nb\r\nnew\r\n".into()));
        let untouched = Sides { pristine: "a\r\n", yours: "a\r\n", new: "b\n" };
        assert_eq!(merge("README.md", untouched).text, "b\r\n");
    }
}
