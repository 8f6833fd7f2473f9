//! What a person has written is put into parentheses, as a query within a query: so it has to be one, and to stay there.
//!
//! Each of these locks holds alone. The text is read as Snowflake reads it, and refused where it ends the parentheses that it
//! is put in, begins a second statement, or leaves something open. A request takes one statement, which begins with the
//! SELECT around the text. Statements that are chained by `->>` count as one, so that is refused wherever it stands. And of
//! what a query can call, functions named `SYSTEM$…` and sequences change something: no text names one.
//! <https://docs.snowflake.com/en/sql-reference/operators-flow>
//! <https://docs.snowflake.com/en/sql-reference/functions-system>

/// The query, without a semicolon at its end; `None` where it may be anything else.
pub(super) fn query(text: &str) -> Option<&str> {
    let query = text.trim();
    let query = query.strip_suffix(';').unwrap_or(query);
    if query.contains("->>") {
        return None;
    }
    let (mut rest, mut depth, mut is_first) = (query, 0_usize, true);
    while let Some(token) = Token::first(&mut rest)? {
        let begins = match token {
            Token::Word(word) => ["SELECT", "WITH"].iter().any(|begin| word.eq_ignore_ascii_case(begin)),
            Token::Sign(sign) => sign == '(',
            Token::Name(_) | Token::Text => false,
        };
        if is_first && !begins {
            return None;
        }
        is_first = false;
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => depth = depth.checked_sub(1)?,
            Token::Sign(';') => return None,
            Token::Word(word) if acts(word) || word.eq_ignore_ascii_case("IDENTIFIER") => return None,
            Token::Name(name) if acts(name) => return None,
            _ => {}
        }
    }
    (depth == 0 && !is_first).then_some(query)
}

/// Whether a name is of what changes something by being called. `IDENTIFIER` makes names of texts, in which they can be
/// written in many ways.
fn acts(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.starts_with("SYSTEM$") || name == "NEXTVAL"
}

/// A part of a statement that says something.
#[derive(Debug, Clone, Copy)]
enum Token<'t> {
    Word(&'t str),
    /// What stands within double quotes.
    Name(&'t str),
    Text,
    Sign(char),
}

impl<'t> Token<'t> {
    /// Takes the next one; the outer `None` is for what is left open, the inner one for the end.
    fn first(rest: &mut &'t str) -> Option<Option<Self>> {
        loop {
            *rest = rest.trim_start();
            let after = |start: &str| rest.strip_prefix(start);
            if let Some(after) = after("--").or_else(|| after("//")) {
                *rest = line_end(after)?;
            } else if let Some(after) = after("/*") {
                let (comment, after) = after.split_once("*/")?;
                // One within another may end elsewhere.
                if comment.contains("/*") {
                    return None;
                }
                *rest = after;
            } else {
                break;
            }
        }
        let Some(first) = rest.chars().next() else { return Some(None) };
        let (token, after) = match first {
            '\'' => (Token::Text, text_end(rest.get(1..)?)?),
            '"' => rest.get(1..)?.split_once('"').map(|(name, after)| (Token::Name(name), after))?,
            '$' if rest.starts_with("$$") => (Token::Text, rest.get(2..)?.split_once("$$")?.1),
            letter if is_of_word(letter) => {
                let end = rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len());
                let (word, after) = rest.split_at_checked(end)?;
                (Token::Word(word), after)
            }
            '\0' => return None,
            sign => (Token::Sign(sign), rest.get(sign.len_utf8()..)?),
        };
        *rest = after;
        Some(Some(token))
    }
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

/// What follows a comment of a line. Where else than at `\n` a line may end is for others to say.
fn line_end(text: &str) -> Option<&str> {
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.strip_suffix('\r').unwrap_or(line);
    let ends =
        |letter: char| letter != '\t' && (letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}'));
    (!line.contains(ends)).then_some(after)
}

/// What follows a text, whose first quote is taken. A backslash begins an escape; two quotes are a text after a text.
fn text_end(text: &str) -> Option<&str> {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()?),
            '\'' => return text.get(at + 1..),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn a_query_is_let_in() {
        let queries = [
            "SELECT 1",
            "(SELECT 1) UNION ALL (SELECT 2)",
            "with a as (select ')' as b, $$;)$$ as c) select * from a",
            "SELECT '\\';)', 'it''s;', \"a;)\" FROM t -- ;)\n WHERE x > 1 // ')\n",
            "SELECT /* ;) */ x:a.b::string, $1, f(x -> x + 1) FROM @s",
            "SELECT COUNT(*) FROM t WHERE identifiers IS NULL AND \"IDENTIFIER\" = 1",
        ];
        for text in queries {
            assert_eq!(query(text), Some(text.trim()), "{text}");
        }
        assert_eq!(query(" SELECT 1 ;\n"), Some("SELECT 1 "));
    }

    #[test]
    fn what_leaves_its_parentheses_or_does_more_is_not() {
        let texts = [
            "",
            ";",
            "-- SELECT 1",
            "DROP TABLE t",
            "CALL p()",
            "SHOW TABLES",
            "SELECT 1; DROP TABLE t",
            "SELECT 1) ; DROP TABLE t; SELECT * FROM (SELECT 1",
            "SELECT 1) x, (SELECT 2",
            "SELECT (1",
            "SELECT 1 ->> DROP TABLE t",
            "SELECT '->>'",
            "SELECT '\\'') ; DROP TABLE t; --'",
            "SELECT 'a\\\\') ; DROP TABLE t; --'",
            "SELECT $$'$$) ; DROP TABLE t; --'",
            "SELECT \"'\") ; DROP TABLE t; --'",
            "SELECT 1 /* ' */) ; DROP TABLE t; --'",
            "SELECT 1 /* /* */) ; DROP TABLE t; -- */",
            "SELECT 1 /*",
            "SELECT 'a",
            "SELECT \"a",
            "SELECT $$a",
            "SELECT 1 -- \r) ; DROP TABLE t",
            "SELECT 1 -- \u{2028}) ; DROP TABLE t",
            "SELECT 1\0",
            "SELECT SYSTEM$CANCEL_ALL_QUERIES(1)",
            "SELECT \"SYSTEM$ABORT_SESSION\"(1)",
            "SELECT snowflake.system$abort_session(1)",
            "SELECT IDENTIFIER('S\\x59STEM$ABORT_SESSION')(1)",
            "SELECT s.nextval",
        ];
        for text in texts {
            assert_eq!(query(text), None, "{text}");
        }
    }
}
