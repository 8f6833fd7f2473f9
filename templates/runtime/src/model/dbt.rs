//! Tables as dbt knows them: a source, a staging model for each of its tables, and tests of what is true of them.
//!
//! Tests have `arguments`, as dbt 1.10 and later want it. dbt renders what stands in its files as templates of Jinja, and what the document says is nobody's template.

use super::{Model, Tie};
use crate::destination::Definitions;
use crate::schema::Naming;
use crate::schema::table::{Column, Table};

/// A model is a view, and PostgreSQL has the shortest names of those that dbt makes views in.
const LONGEST: usize = 63;

/// Why the rows of a table may lack those that they hang on; `None` where they do not.
pub(crate) type MayLack<'m> = &'m dyn Fn(&Tie) -> Option<String>;

/// What is written for dbt.
pub(crate) struct Project<'m> {
    pub(crate) model: &'m Model,
    pub(crate) sql: &'m dyn Definitions,
    /// What the source is called.
    pub(crate) source: String,
    pub(crate) may_lack: MayLack<'m>,
}

impl<'m> Project<'m> {
    pub(crate) fn new(
        model: &'m Model,
        sql: &'m dyn Definitions,
        pipeline: &str,
        may_lack: MayLack<'m>,
    ) -> Self {
        Self { model, sql, source: word(pipeline), may_lack }
    }

    /// Names of files, and what stands in them.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let yaml = [("sources.yml".to_owned(), self.sources()), ("schema.yml".to_owned(), self.models())];
        let staging = self.model.tables.iter().map(|table| {
            let (source, name) = (jinja(&self.source), jinja(&table.name));
            let sql = format!("select * from {{{{ source('{source}', '{name}') }}}}\n");
            (format!("{}.sql", self.staging(table)), sql)
        });
        yaml.into_iter().chain(staging).collect()
    }

    /// Where the tables lie.
    pub(crate) fn sources(&self) -> String {
        let database = self.sql.database().map(|name| format!("    database: {}\n", text(&name)));
        let mut yaml = format!(
            "# {}\nversion: 2\n\nsources:\n  - name: {}\n{}    schema: {}\n    quoting:\n      schema: true\n      \
             identifier: true\n    tables:\n",
            self.model.origin,
            text(&self.source),
            database.unwrap_or_default(),
            text(&self.sql.schema()),
        );
        for table in &self.model.tables {
            yaml.push_str(&format!("      - name: {}\n", text(&table.name)));
            let own = self.sql.named(&table.name);
            if own != table.name {
                yaml.push_str(&format!("        identifier: {}\n", text(&own)));
            }
            yaml.push_str(&format!("        description: {}\n", text(self.model.about(table))));
        }
        yaml
    }

    /// What the models hold, and what is true of them.
    pub(crate) fn models(&self) -> String {
        let head = format!("# {}\nversion: 2\n\nmodels:\n", self.model.origin);
        let models: Vec<String> = self.model.tables.iter().map(|table| self.of_table(table)).collect();
        format!("{head}{}", models.join("\n"))
    }

    fn of_table(&self, table: &Table) -> String {
        let ties = || self.model.ties.iter().filter(|tie| tie.is_nearest && tie.from == table.name);
        let untested = ties().filter_map(|tie| {
            let why = (self.may_lack)(tie)?;
            Some(format!(" That its rows have one in {} is not tested: {why}.", tie.to))
        });
        let about = format!("{}{}", self.model.about(table), untested.collect::<String>());
        let mut yaml =
            format!("  - name: {}\n    description: {}\n", text(&self.staging(table)), text(about.trim()));
        let tied = ties().filter(|tie| (self.may_lack)(tie).is_none());
        let tests: Vec<String> =
            self.is_unique(table).into_iter().chain(tied.map(|tie| self.is_tied(tie))).collect();
        if !tests.is_empty() {
            yaml.push_str(&format!("    data_tests:\n{}", tests.concat()));
        }
        yaml.push_str("    columns:\n");
        table.columns.iter().for_each(|column| yaml.push_str(&self.of_column(table, column)));
        yaml
    }

    fn of_column(&self, table: &Table, column: &Column) -> String {
        let name = self.sql.named(&column.name);
        let mut yaml = format!("      - name: {}\n        quote: true\n", text(&name));
        let about = self.model.about_column(table, &column.name);
        if !about.is_empty() {
            yaml.push_str(&format!("        description: {}\n", text(about)));
        }
        if is_filled(table, column) {
            yaml.push_str("        data_tests:\n          - not_null\n");
        }
        yaml
    }

    /// What tells rows apart, comes once.
    fn is_unique(&self, table: &Table) -> Option<String> {
        let key = self.together(table.key.iter().map(String::as_str))?;
        Some(format!("      - unique:\n          arguments:\n            column_name: {}\n", text(&key)))
    }

    /// Each row has one in the table that it hangs on.
    fn is_tied(&self, tie: &Tie) -> String {
        let own = self.together(tie.columns.iter().map(|(own, _)| own.as_str())).unwrap_or_default();
        let other = self.together(tie.columns.iter().map(|(_, other)| other.as_str())).unwrap_or_default();
        let above = self.model.tables.iter().find(|table| table.name == tie.to);
        let to = above.map(|above| format!("ref('{}')", self.staging(above))).unwrap_or_default();
        format!(
            "      - relationships:\n          arguments:\n            column_name: {}\n            to: {}\n            \
             field: {}\n",
            text(&own),
            text(&to),
            text(&other)
        )
    }

    /// One value of several columns; null where one of them is.
    fn together<'c>(&self, columns: impl Iterator<Item = &'c str>) -> Option<String> {
        let columns: Vec<String> = columns.map(|column| self.sql.quoted(column)).collect();
        match columns.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => {
                let texts: Vec<String> = many.iter().map(|column| self.sql.as_text(column)).collect();
                Some(format!("({})", texts.join(" || '|' || ")))
            }
        }
    }

    fn staging(&self, table: &Table) -> String {
        let name = format!("stg_{}__{}", self.source, word(&table.name));
        Naming { longest: LONGEST, ..Naming::DEFAULT }.fitting(name, &table.name)
    }
}

/// Whether each row has a value there: it alone tells rows apart, or the pipeline fills it.
fn is_filled(table: &Table, column: &Column) -> bool {
    let is_alone = table.key.len() == 1;
    let is_ours = ["partition/", "list/"].iter().any(|start| column.source.starts_with(start));
    table.key.contains(&column.name) && (is_alone || is_ours)
}

/// What can stand in the name of a file and of a model.
fn word(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

/// A text in quotes of Jinja.
fn jinja(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'").replace('{', "\\x7b").replace('}', "\\x7d")
}

/// A text in YAML, in which Jinja finds nothing to render.
fn text(text: &str) -> String {
    let mut yaml = String::from("\"");
    let mut last = ' ';
    for letter in text.chars() {
        if last == '{' && matches!(letter, '{' | '%' | '#') {
            yaml.push(' ');
        }
        match letter {
            '"' | '\\' => yaml.extend(['\\', letter]),
            ' '..='~' => yaml.push(letter),
            _ if letter.is_alphanumeric() => yaml.push(letter),
            _ => yaml.push_str(&format!("\\U{:08X}", u32::from(letter))),
        }
        last = letter;
    }
    yaml.push('"');
    yaml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_document_says_is_no_template_and_no_yaml() {
        assert_eq!(
            text("a \"b\" \\ \n: {{ env_var('X') }} {% raw %}"),
            "\"a \\\"b\\\" \\\\ \\U0000000A: { { env_var('X') }} { % raw %}\""
        );
        assert_eq!(text("{{{"), "\"{ { {\"");
        assert_eq!(jinja("a') }} {{ x"), "a\\') \\x7d\\x7d \\x7b\\x7b x");
    }
}
