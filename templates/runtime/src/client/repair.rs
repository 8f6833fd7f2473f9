//! JSON that is JSON but for single characters: what old records hold and what proxies add. Nothing is guessed: a text
//! that is cut, or that could be read in two ways, is left as it is.

/// The text with its faults mended; `None` when it is fine, or no JSON at all.
pub(super) fn repaired(text: &str) -> Option<String> {
    let start = text.trim_start_matches(['\0', '\u{feff}', ' ', '\t', '\r', '\n']);
    if !start.starts_with(['[', '{']) {
        return None;
    }
    let mut scan = Scan { text: start, out: String::with_capacity(start.len() + 64), at: 0 };
    scan.value()?;
    let rest = start.get(scan.at..)?.trim_start_matches(['\0', ' ', '\t', '\r', '\n']);
    // Two documents, or one that was cut open, could be read in two ways.
    let is_added = !rest.starts_with(['[', '{', ']', '}', ',', ':', '"']);
    (is_added && scan.out != text).then_some(scan.out)
}

/// Copies a document up to its end.
struct Scan<'t> {
    text: &'t str,
    out: String,
    at: usize,
}

impl Scan<'_> {
    /// An array or an object with all that is in it. `None` when the text ends before it does.
    fn value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            let character = self.next()?;
            match character {
                '"' => {
                    self.out.push('"');
                    self.string()?;
                    continue;
                }
                '[' | '{' => depth += 1,
                ']' | '}' => depth = depth.checked_sub(1)?,
                // Nothing that JSON has between its tokens.
                '\0' | '\u{feff}' => continue,
                _ => {}
            }
            self.out.push(character);
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// The rest of a string, up to its end.
    fn string(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                '"' => {
                    self.out.push('"');
                    return Some(());
                }
                '\\' => self.escape()?,
                control if control < ' ' => self.out.push_str(&format!("\\u{:04x}", u32::from(control))),
                character => self.out.push(character),
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            'u' => self.unit(),
            known @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => self.out.extend(['\\', known]),
            // What no escape is, was meant as it stands.
            control if control < ' ' => self.out.push_str(&format!("\\\\\\u{:04x}", u32::from(control))),
            other => self.out.extend(['\\', '\\', other]),
        }
        Some(())
    }

    /// What follows `\u`: half of a pair without its other half is no character.
    fn unit(&mut self) {
        match self.digits() {
            Some(0xD800..=0xDBFF) => {
                let high = self.take_digits();
                let is_pair = self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u"));
                if is_pair {
                    self.at += 2;
                }
                match self.digits().filter(|_| is_pair) {
                    Some(0xDC00..=0xDFFF) => {
                        let low = self.take_digits();
                        self.out.push_str(&format!("\\u{high}\\u{low}"));
                    }
                    _ => {
                        self.out.push('\u{fffd}');
                        if is_pair {
                            self.unit();
                        }
                    }
                }
            }
            Some(0xDC00..=0xDFFF) => {
                self.take_digits();
                self.out.push('\u{fffd}');
            }
            Some(_) => {
                let digits = self.take_digits();
                self.out.push_str(&format!("\\u{digits}"));
            }
            None => self.out.push_str("\\\\u"),
        }
    }

    /// The number that the next four characters write.
    fn digits(&self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
    }

    fn take_digits(&mut self) -> String {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default().to_owned();
        self.at += digits.len();
        digits
    }

    fn next(&mut self) -> Option<char> {
        let character = self.text.get(self.at..)?.chars().next()?;
        self.at += character.len_utf8();
        Some(character)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Option<Value> {
        serde_json::from_str(&repaired(text)?).ok()
    }

    #[test]
    fn single_characters_are_mended() {
        let cases = [
            ("[\"a\nb\tc\u{0}d\"]", json!(["a\nb\tc\u{0}d"])),
            (
                r#"["\ud83d x", "\ude00", "\ud83d\ud83d\ude00", "\ud83d\u0041"]"#,
                json!(["\u{fffd} x", "\u{fffd}", "\u{fffd}😀", "\u{fffd}A"]),
            ),
            (r#"["C:\x\q", "it\'s", "\u12"]"#, json!(["C:\\x\\q", "it\\'s", "\\u12"])),
            ("\u{0}[1]\u{0}\u{0}", json!([1])),
            ("{\"a\": \"]\"}\n<!-- served by proxy 3 -->", json!({"a": "]"})),
            ("[{\"a\":\u{0} 1}]<script src='x'></script>", json!([{"a": 1}])),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_cut_or_ambiguous_is_left_alone() {
        for text in ["[{\"a\": \"x", "[1, 2", "[1][2]", "[1], 2]", "<html>[1]</html>", "", "null", "[1]]"] {
            assert_eq!(repaired(text), None, "{text:?}");
        }
        assert_eq!(repaired(r#"[{"a": "ü \u00fc \ud83d\ude00 \n"}]"#), None, "it is fine");
    }
}
