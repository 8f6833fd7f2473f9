//! Names of columns and child tables, made from the names of fields.
//!
//! Lower snake case, of the characters `a` to `z`, `0` to `9` and `_`: `fooBar` becomes `foo_bar`, `Foo-Bar.baz`
//! becomes `foo_bar_baz`, a leading digit gets `_` before it. The steps of a path are joined with two underscores.
//! At most as many as the destination takes: a longer name is cut and ends in a hash of the whole path. Two paths that
//! come to the same name are kept apart by such a hash as well. What the destination keeps for itself gets `field_`
//! before it.

/// Which names a destination takes.
#[derive(Debug, Clone, Copy)]
pub struct Naming {
    /// How long a name may be, in bytes. Those that are made of fields are ASCII, so these are characters as well.
    pub longest: usize,
    /// Whether two names that differ only in the case of letters are one.
    pub folds_case: bool,
    /// Which characters the name of a table may have. Names of fields only ever have `a` to `z`, `0` to `9` and `_`.
    pub takes: fn(char) -> bool,
    /// Names that no column can have, in lower case.
    pub reserved: &'static [&'static str],
    /// What the name of no column may begin with, in lower case.
    pub reserved_prefixes: &'static [&'static str],
}

impl Naming {
    /// Any character and any word, as what is quoted has it; 63 bytes, which is PostgreSQL's limit.
    pub const DEFAULT: Self =
        Self { longest: 63, folds_case: true, takes: |_| true, reserved: &[], reserved_prefixes: &[] };

    /// Whether no column can have the name.
    pub fn is_reserved(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.reserved.contains(&name.as_str())
            || self.reserved_prefixes.iter().any(|prefix| name.starts_with(prefix))
    }

    /// Why a table cannot have the name.
    pub fn objection(&self, name: &str) -> Option<String> {
        if name.is_empty() {
            return Some("it is empty".to_owned());
        }
        if name.len() > self.longest {
            return Some(format!("it is longer than {} bytes", self.longest));
        }
        let odd = name.chars().find(|letter| !(self.takes)(*letter))?;
        Some(format!("it has `{}`", odd.escape_debug()))
    }

    /// The name shortened where it is too long, by a hash of where it comes from.
    pub(crate) fn fitting(&self, name: String, source: &str) -> String {
        if name.len() <= self.longest { name } else { self.with_hash(&name, source) }
    }

    /// The name with a hash of where it comes from at its end, within the limit.
    pub(crate) fn with_hash(&self, name: &str, source: &str) -> String {
        let hash = format!("_{:08x}", fnv1a(source.as_bytes()));
        let keep = self.longest.saturating_sub(hash.len());
        let start = name.get(..name.floor_char_boundary(keep)).unwrap_or_default();
        format!("{start}{hash}")
    }
}

impl Default for Naming {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The name for a path of fields: `["author", "username"]` becomes `author__username`.
pub(crate) fn name_of<'a>(path: impl IntoIterator<Item = &'a str>) -> String {
    let mut name = String::new();
    for step in path {
        if !name.is_empty() {
            name.push_str("__");
        }
        push_snake_case(&mut name, step);
    }
    if name.bytes().all(|byte| byte == b'_') {
        name.push_str("column");
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert(0, '_');
    }
    name
}

/// The JSON Pointer of a path of fields.
pub(crate) fn pointer_of<'a>(path: impl IntoIterator<Item = &'a str>) -> String {
    let mut pointer = String::new();
    for step in path {
        pointer.push('/');
        if step.contains(['~', '/']) {
            pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        } else {
            pointer.push_str(step);
        }
    }
    pointer
}

fn push_snake_case(name: &mut String, field: &str) {
    let mut before = '_';
    for letter in field.chars() {
        if letter.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            name.push('_');
        }
        name.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' });
        before = letter;
    }
}

/// 32 bits of FNV-1a: the same for ever, which the standard library's hashers do not promise.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_snake_case() {
        let cases = [
            ("id", "id"),
            ("fooBar", "foo_bar"),
            ("HTTPStatus", "httpstatus"),
            ("web_url", "web_url"),
            ("Foo-Bar.baz", "foo_bar_baz"),
            ("2fa", "_2fa"),
            ("_links", "_links"),
            ("a\"; DROP TABLE x", "a___drop_table_x"),
            ("naïve", "na_ve"),
            ("", "column"),
            ("日本", "__column"),
        ];
        for (field, name) in cases {
            assert_eq!(name_of([field]), name, "{field}");
        }
        assert_eq!(name_of(["author", "userName"]), "author__user_name");
    }

    #[test]
    fn long_names_are_cut_and_told_apart() {
        let (one, other) = ("x".repeat(80), "x".repeat(81));
        for naming in [Naming::DEFAULT, Naming { longest: 30, ..Naming::DEFAULT }] {
            let names = [&one, &other].map(|field| naming.fitting(name_of([field.as_str()]), field));
            assert_ne!(names[0], names[1]);
            assert!(names.iter().all(|name| name.len() == naming.longest && name.starts_with("xxxx")));
            assert_eq!(naming.fitting("short".to_owned(), "/short"), "short");
        }
    }

    #[test]
    fn what_a_destination_does_not_take_is_said() {
        let naming = Naming {
            longest: 10,
            takes: |letter| letter.is_ascii_alphanumeric() || letter == '_',
            reserved: &["ctid"],
            reserved_prefixes: &["_table_"],
            ..Naming::DEFAULT
        };
        assert!(
            naming.is_reserved("CTID") && naming.is_reserved("_Table_x") && !naming.is_reserved("table_x")
        );
        assert_eq!(naming.objection("issues"), None);
        assert_eq!(naming.objection("my issues").as_deref(), Some("it has ` `"));
        assert_eq!(naming.objection("project_issues").as_deref(), Some("it is longer than 10 bytes"));
        assert_eq!(naming.objection("").as_deref(), Some("it is empty"));
    }

    #[test]
    fn pointers_escape() {
        assert_eq!(pointer_of(["a/b", "c~d"]), "/a~1b/c~0d");
        assert_ne!(pointer_of(["a", "b"]), pointer_of(["a/b"]));
    }

    #[test]
    fn the_hash_stays_the_same() {
        assert_eq!(Naming::DEFAULT.with_hash("a", "/a"), format!("a_{:08x}", fnv1a(b"/a")));
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    }
}
