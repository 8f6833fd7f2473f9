//! A TOML text as what people see in it: sections, keys with the comments above them, and keys that are commented out.
//! Put together again, it is the same text.

use std::fmt;
use std::ops::Range;

use toml_edit::{Document, Item, Key, TableLike};

/// A text in sections, the first of which has no header.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) sections: Vec<Section>,
}

/// A header, what stands directly above it, and what follows until the next.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// Empty for what stands before the first header. An array of tables counts its entries in the last part.
    pub(super) path: Vec<String>,
    pub(super) lead: String,
    header: String,
    pub(super) pieces: Vec<Piece>,
}

/// Whole lines of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) kind: Kind,
    /// The comment lines directly above.
    pub(super) lead: String,
    pub(super) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A key; its value as it is written.
    Key { name: String, value: String },
    /// A comment that would be a key without its `#`.
    Sample { name: String },
    /// Comments that stand for themselves.
    Prose,
    /// An empty line.
    Space,
}

/// A value, where it stands in the text.
struct Leaf {
    path: Vec<String>,
    lines: Range<usize>,
    value: String,
}

/// A text, and where its lines end.
struct Lines<'t> {
    text: &'t str,
    ends: Vec<usize>,
}

impl Lines<'_> {
    fn at(&self, byte: usize) -> usize {
        self.ends.partition_point(|end| *end < byte)
    }
}

impl Layout {
    /// `None` when it is not TOML.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let document = Document::parse(text).ok()?;
        let mut leaves = Vec::new();
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let text_lines = Lines { text, ends };
        collect(document.as_table(), &mut Vec::new(), &text_lines, &mut leaves);
        leaves.sort_by_key(|leaf| leaf.lines.start);
        let mut layout = Self { sections: vec![Section::new(Vec::new(), String::new(), String::new())] };
        let mut comments: Vec<&str> = Vec::new();
        let mut leaves = leaves.into_iter().peekable();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let leaf = leaves.next_if(|leaf| leaf.lines.start <= at);
            let end = leaf.as_ref().map_or(at + 1, |leaf| leaf.lines.end.max(at + 1));
            let whole = lines.get(at..end).unwrap_or_default().concat();
            match leaf {
                Some(leaf) => layout.push_key(leaf, std::mem::take(&mut comments), whole),
                None if line.trim_start().starts_with('[') => {
                    layout.push_header(line, std::mem::take(&mut comments))?
                }
                None => layout.push_comment(line, &mut comments),
            }
            // Keys of one inline table, or of one line, are one piece.
            while leaves.next_if(|leaf| leaf.lines.start < end).is_some() {}
            at = end;
        }
        layout.push_prose(&comments);
        Some(layout)
    }

    pub(super) fn get(&self, path: &[String]) -> Option<&Section> {
        self.sections.iter().find(|section| section.path == path)
    }

    pub(super) fn position(&self, path: &[String]) -> Option<usize> {
        self.sections.iter().position(|section| section.path == path)
    }

    fn push(&mut self, piece: Piece) {
        if let Some(section) = self.sections.last_mut() {
            section.pieces.push(piece);
        }
    }

    fn push_key(&mut self, leaf: Leaf, comments: Vec<&str>, text: String) {
        let depth = self.sections.last().map_or(0, |section| section.depth());
        let name = leaf.path.get(depth..).unwrap_or(&leaf.path).join(".");
        self.push(Piece { kind: Kind::Key { name, value: leaf.value }, lead: comments.concat(), text });
    }

    fn push_header(&mut self, line: &str, comments: Vec<&str>) -> Option<()> {
        let is_entry = line.trim_start().starts_with("[[");
        let inner = line.trim_start().trim_start_matches('[').split(']').next()?;
        // A quoted key may hold a bracket: such a header is read as far as needed to be told apart.
        let keys = Key::parse(inner.trim()).ok();
        let mut path: Vec<String> = match keys {
            Some(keys) => keys.iter().map(|key| key.get().to_owned()).collect(),
            None => vec![line.trim().to_owned()],
        };
        if is_entry {
            let entries = self.sections.iter().filter(|section| section.is_entry_of(&path)).count();
            path.push(format!("[{entries}]"));
        }
        self.sections.push(Section::new(path, comments.concat(), line.to_owned()));
        Some(())
    }

    fn push_comment<'t>(&mut self, line: &'t str, comments: &mut Vec<&'t str>) {
        if line.trim().is_empty() {
            self.push_prose(comments);
            comments.clear();
            self.push(Piece { kind: Kind::Space, lead: String::new(), text: line.to_owned() });
        } else if let Some(name) = sample(line) {
            let lead = std::mem::take(comments).concat();
            self.push(Piece { kind: Kind::Sample { name }, lead, text: line.to_owned() });
        } else {
            comments.push(line);
        }
    }

    fn push_prose(&mut self, comments: &[&str]) {
        if !comments.is_empty() {
            self.push(Piece { kind: Kind::Prose, lead: String::new(), text: comments.concat() });
        }
    }
}

impl Section {
    fn new(path: Vec<String>, lead: String, header: String) -> Self {
        Self { path, lead, header, pieces: Vec::new() }
    }

    /// The parts of a key's path that the header says.
    fn depth(&self) -> usize {
        self.path.len()
    }

    fn is_entry_of(&self, path: &[String]) -> bool {
        self.path.split_last().is_some_and(|(last, rest)| rest == path && last.starts_with('['))
    }

    /// Whether an empty line separates it from what follows.
    pub(super) fn ends_apart(&self) -> bool {
        self.pieces.last().is_some_and(|piece| piece.kind == Kind::Space)
    }

    pub(super) fn set_apart(&mut self, apart: bool) {
        while self.ends_apart() {
            self.pieces.pop();
        }
        if apart {
            self.pieces.push(Piece { kind: Kind::Space, lead: String::new(), text: "\n".to_owned() });
        }
    }

    pub(super) fn comment_out_header(&mut self) {
        self.header = commented(&self.header);
    }
}

impl Piece {
    /// What tells it from its siblings, whether it is commented out or not.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Key { name, .. } | Kind::Sample { name } => Some(name),
            Kind::Prose | Kind::Space => None,
        }
    }

    pub(super) fn value(&self) -> Option<&str> {
        match &self.kind {
            Kind::Key { value, .. } => Some(value),
            Kind::Sample { .. } | Kind::Prose | Kind::Space => None,
        }
    }

    pub(super) fn comment_out(&mut self) {
        self.text = commented(&self.text);
        self.kind = Kind::Prose;
    }
}

impl fmt::Display for Layout {
    /// Each piece on lines of its own, also behind one that stood at the end of the text.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_open = false;
        let mut write = |text: &str| {
            if text.is_empty() {
                return Ok(());
            }
            let before = if is_open { "\n" } else { "" };
            is_open = !text.ends_with('\n');
            write!(formatter, "{before}{text}")
        };
        for section in &self.sections {
            write(&section.lead)?;
            write(&section.header)?;
            for piece in &section.pieces {
                write(&piece.lead)?;
                write(&piece.text)?;
            }
        }
        Ok(())
    }
}

/// The name of the key that a comment would be.
fn sample(line: &str) -> Option<String> {
    let text = line.trim_start().strip_prefix('#')?.trim();
    let document = Document::parse(text).ok()?;
    let mut keys = document.iter();
    match (keys.next(), keys.next()) {
        (Some((name, Item::Value(_))), None) => Some(name.to_owned()),
        _ => None,
    }
}

fn commented(text: &str) -> String {
    text.split_inclusive('\n').map(|line| format!("# {line}")).collect()
}

/// Every value of the text that is no inline table's, with the lines that it stands on.
fn collect(table: &dyn TableLike, path: &mut Vec<String>, text: &Lines<'_>, leaves: &mut Vec<Leaf>) {
    for (name, item) in table.iter() {
        path.push(name.to_owned());
        match item {
            Item::Table(table) => collect(table, path, text, leaves),
            Item::ArrayOfTables(tables) => {
                for (at, table) in tables.iter().enumerate() {
                    path.push(format!("[{at}]"));
                    collect(table, path, text, leaves);
                    path.pop();
                }
            }
            Item::Value(value) => {
                let key = table.key(name).and_then(Key::span);
                if let (Some(key), Some(span)) = (key, value.span()) {
                    let lines = text.at(key.start)..text.at(span.end) + 1;
                    let value = text.text.get(span).unwrap_or_default().to_owned();
                    leaves.push(Leaf { path: path.clone(), lines, value });
                } else if let toml_edit::Value::InlineTable(dotted) = value {
                    collect(dotted, path, text, leaves);
                }
            }
            Item::None => {}
        }
        path.pop();
    }
}
