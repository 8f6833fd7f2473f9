//! Names: which there can be, how SQL writes them, and what tables are called that nobody should look at.

use super::dataset::Dataset;
use crate::schema::Naming;

/// A column could have 300 letters and a table more; so a hidden one has room for what it is of. Whatever its case, the name
/// of a column is one. <https://cloud.google.com/bigquery/docs/schemas#column_names>
pub(super) const NAMING: Naming = Naming {
    longest: 200,
    folds_case: true,
    takes: |letter| letter.is_ascii_alphanumeric() || letter == '_',
    reserved: &["_rowid"],
    reserved_prefixes: &[
        "_table_",
        "_file_",
        "_partition",
        "_row_timestamp",
        "__root__",
        "_colidentifier",
        "_change_",
    ],
};

/// Tables of the pipeline's own.
pub(super) const TABLES: &str = "_tables";
pub(super) const COLUMNS: &str = "_columns";
pub(super) const STATE: &str = "_state";
pub(super) const LOADS: &str = "_loads";
pub(super) const PACKAGES: &str = "_packages";
pub(super) const LEASE: &str = "_lease";

/// What hidden tables are called: nothing else begins so. Those of a load have a part of its token in their names, so
/// that two loads never write to the same one.
pub(super) const HIDDEN: [&str; 3] = ["_stage_", "_new_", "_gone_"];

/// The name of the hidden copy in which a complete read gathers.
pub(super) fn stage_of(table: &str, load: &str) -> String {
    format!("_stage_{load}_{table}")
}

/// The name of the table in which rows wait for the commit of their package, the `number`th of the load.
pub(super) fn incoming_of(target: &str, load: &str, number: usize) -> String {
    format!("_new_{load}_{number}_{target}")
}

/// The name of the table in which keys wait whose list rows go.
pub(super) fn gone_of(target: &str, load: &str, number: usize) -> String {
    format!("_gone_{load}_{number}_{target}")
}

pub(super) fn is_hidden(name: &str) -> bool {
    HIDDEN.iter().any(|start| name.starts_with(start))
}

/// A name in backticks, within which a backslash escapes: what comes from records cannot end it.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// A text as SQL writes it: a backslash begins an escape, and a line does not end in it.
pub(super) fn literal(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r");
    format!("'{escaped}'")
}

/// Names in backticks, with commas between.
pub(super) fn quoted_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}

impl Dataset {
    /// A table of it, as SQL writes it.
    pub(super) fn table(&self, name: &str) -> String {
        format!("{}.{}.{}", quoted(&self.project), quoted(&self.name), quoted(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_itself() {
        assert_eq!(quoted("a`; DROP TABLE b; --\\"), "`a\\`; DROP TABLE b; --\\\\`");
        assert_eq!(quoted_list(["select", "b"]), "`select`, `b`");
    }

    #[test]
    fn hidden_names_fit_beside_the_longest() {
        let longest = "n".repeat(NAMING.longest);
        assert!(incoming_of(&stage_of(&longest, "abcdefgh"), "abcdefgh", usize::MAX).len() <= 255);
    }
}
