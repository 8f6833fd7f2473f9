//! The lattice of column types: what a column has to become to hold one more kind of value.
//!
//! | | bool | int | big int | float | date | timestamp | text | json |
//! | --- | --- | --- | --- | --- | --- | --- | --- | --- |
//! | **bool** | bool | text | text | text | text | text | text | json |
//! | **int** | text | int | big int | float | text | text | text | json |
//! | **big int** | text | big int | big int | text | text | text | text | json |
//! | **float** | text | float | text | float | text | text | text | json |
//! | **date** | text | text | text | text | date | timestamp | text | json |
//! | **timestamp** | text | text | text | text | timestamp | timestamp | text | json |
//! | **text** | text | text | text | text | text | text | text | json |
//! | **json** | json | json | json | json | json | json | json | json |
//!
//! Lists of single values widen with their items, up to a list of text; a list and anything else are json. An *empty
//! list* is one that has had no item: it takes whichever comes.
//!
//! It is a join-semilattice: in which order the values come makes no difference. A *big int* is an int column with
//! a value beyond ±2⁵³, which a float could not hold exactly. An integer beyond 64 bits is text.

use crate::resource::{ColumnKind, ItemKind};

/// The largest integer up to which every integer is a float as well.
const EXACT_IN_FLOAT: u64 = 1 << 53;

/// What the values of a column have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Seen {
    /// Nulls only.
    #[default]
    Nothing,
    Bool,
    Int,
    /// Integers of which at least one lies beyond ±2⁵³.
    BigInt,
    Float,
    Date,
    Timestamp,
    Text,
    /// Lists of single values.
    List(SeenItems),
    Json,
}

/// What the items of lists have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeenItems {
    /// Nulls only, or none at all.
    Nothing,
    Bool,
    Int,
    BigInt,
    Float,
    Date,
    Timestamp,
    Text,
}

impl SeenItems {
    const ALL: [SeenItems; 8] = [
        SeenItems::Nothing,
        SeenItems::Bool,
        SeenItems::Int,
        SeenItems::BigInt,
        SeenItems::Float,
        SeenItems::Date,
        SeenItems::Timestamp,
        SeenItems::Text,
    ];

    /// What a column of such items would have seen.
    fn seen(self) -> Seen {
        match self {
            SeenItems::Nothing => Seen::Nothing,
            SeenItems::Bool => Seen::Bool,
            SeenItems::Int => Seen::Int,
            SeenItems::BigInt => Seen::BigInt,
            SeenItems::Float => Seen::Float,
            SeenItems::Date => Seen::Date,
            SeenItems::Timestamp => Seen::Timestamp,
            SeenItems::Text => Seen::Text,
        }
    }

    /// The type of the items. Text as long as there are none.
    fn kind(self) -> ItemKind {
        match self {
            SeenItems::Bool => ItemKind::Bool,
            SeenItems::Int | SeenItems::BigInt => ItemKind::Int,
            SeenItems::Float => ItemKind::Float,
            SeenItems::Date => ItemKind::Date,
            SeenItems::Timestamp => ItemKind::Timestamp,
            SeenItems::Nothing | SeenItems::Text => ItemKind::Text,
        }
    }

    fn name(self) -> &'static str {
        match self {
            SeenItems::Nothing => "empty list",
            SeenItems::BigInt => "list of big int",
            other => list_name(other.kind()),
        }
    }
}

impl Seen {
    /// Those of single values, and JSON, from the narrowest.
    pub const SINGLE: [Seen; 9] = [
        Seen::Nothing,
        Seen::Bool,
        Seen::Int,
        Seen::BigInt,
        Seen::Float,
        Seen::Date,
        Seen::Timestamp,
        Seen::Text,
        Seen::Json,
    ];

    /// All of them.
    pub fn all() -> impl Iterator<Item = Seen> {
        Seen::SINGLE.into_iter().chain(SeenItems::ALL.map(Seen::List))
    }

    /// What a list is whose items are these, if all of them are single values.
    pub fn list_of(items: Seen) -> Option<Seen> {
        SeenItems::ALL.into_iter().find(|item| item.seen() == items).map(Seen::List)
    }

    /// What values of a column type are.
    pub fn of_kind(kind: ColumnKind) -> Seen {
        Seen::all().find(|seen| !seen.is_empty() && seen.kind() == Some(kind)).unwrap_or(Seen::Nothing)
    }

    /// What the items of the lists have been, as a column of them would have seen it.
    pub fn items(self) -> Seen {
        match self {
            Seen::List(items) => items.seen(),
            _ => Seen::Nothing,
        }
    }

    /// Whether a column that has seen this holds nothing but nulls and empty lists, which are the same in any type.
    pub fn is_empty(self) -> bool {
        matches!(self, Seen::Nothing | Seen::List(SeenItems::Nothing))
    }

    /// What an integer is.
    pub fn of_int(int: i64) -> Seen {
        if int.unsigned_abs() <= EXACT_IN_FLOAT { Seen::Int } else { Seen::BigInt }
    }

    /// The narrowest that holds what both hold.
    pub fn join(self, other: Seen) -> Seen {
        use Seen::{BigInt, Date, Float, Int, Json, List, Nothing, Text, Timestamp};
        match (self, other) {
            (a, b) if a == b => a,
            (Nothing, one) | (one, Nothing) => one,
            (List(one), List(other)) => Seen::list_of(one.seen().join(other.seen())).unwrap_or(Json),
            (Json | List(_), _) | (_, Json | List(_)) => Json,
            (Int, BigInt) | (BigInt, Int) => BigInt,
            (Int, Float) | (Float, Int) => Float,
            (Date, Timestamp) | (Timestamp, Date) => Timestamp,
            _ => Text,
        }
    }

    /// The column type that holds it; `None` when there was no value yet.
    pub fn kind(self) -> Option<ColumnKind> {
        Some(match self {
            Seen::Nothing => return None,
            Seen::Bool => ColumnKind::Bool,
            Seen::Int | Seen::BigInt => ColumnKind::Int,
            Seen::Float => ColumnKind::Float,
            Seen::Date => ColumnKind::Date,
            Seen::Timestamp => ColumnKind::Timestamp,
            Seen::Text => ColumnKind::Text,
            Seen::List(items) => ColumnKind::List(items.kind()),
            Seen::Json => ColumnKind::Json,
        })
    }

    /// The word that the schema tables of a destination keep.
    pub fn name(self) -> &'static str {
        match self {
            Seen::Nothing => "nothing",
            Seen::BigInt => "big int",
            Seen::List(items) => items.name(),
            other => other.kind().map_or("nothing", kind_name),
        }
    }

    /// The reverse of [`Seen::name`].
    pub fn from_name(name: &str) -> Option<Seen> {
        Seen::all().find(|seen| seen.name() == name)
    }
}

/// The word for a column type, in reports and in the schema tables of a destination.
pub fn kind_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Bool => "bool",
        ColumnKind::Int => "int",
        ColumnKind::Float => "float",
        ColumnKind::Date => "date",
        ColumnKind::Timestamp => "timestamp",
        ColumnKind::Text => "text",
        ColumnKind::List(item) => list_name(item),
        ColumnKind::Json => "json",
    }
}

fn list_name(item: ItemKind) -> &'static str {
    match item {
        ItemKind::Bool => "list of bool",
        ItemKind::Int => "list of int",
        ItemKind::Float => "list of float",
        ItemKind::Date => "list of date",
        ItemKind::Timestamp => "list of timestamp",
        ItemKind::Text => "list of text",
    }
}

/// The reverse of [`kind_name`].
pub fn kind_from_name(name: &str) -> Option<ColumnKind> {
    Seen::all().filter_map(Seen::kind).find(|kind| kind_name(*kind) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_is_commutative_associative_and_idempotent() {
        for a in Seen::all() {
            assert_eq!(a.join(a), a);
            for b in Seen::all() {
                assert_eq!(a.join(b), b.join(a), "{a:?} {b:?}");
                for c in Seen::all() {
                    assert_eq!(a.join(b).join(c), a.join(b.join(c)), "{a:?} {b:?} {c:?}");
                }
            }
        }
    }

    #[test]
    fn the_table_in_the_header_is_what_join_does() {
        let header = include_str!("kind.rs").lines().filter_map(|line| line.strip_prefix("//! | **"));
        let mut rows = 0;
        for line in header {
            let (name, cells) = line.split_once("** | ").unwrap();
            let row = Seen::from_name(name).unwrap();
            for (column, cell) in Seen::SINGLE.iter().skip(1).zip(cells.trim_end_matches(" |").split(" | ")) {
                assert_eq!(row.join(*column).name(), cell, "{name} with {}", column.name());
            }
            rows += 1;
        }
        assert_eq!(rows, Seen::SINGLE.len() - 1);
    }

    #[test]
    fn lists_widen_with_their_items() {
        let list = |items| Seen::list_of(items).unwrap();
        assert_eq!(list(Seen::Int).join(list(Seen::Text)), list(Seen::Text));
        assert_eq!(list(Seen::BigInt).join(list(Seen::Float)), list(Seen::Text));
        assert_eq!(list(Seen::Nothing).join(list(Seen::Int)), list(Seen::Int));
        assert_eq!(list(Seen::Int).join(Seen::Int), Seen::Json);
        assert_eq!(list(Seen::Nothing).join(Seen::Text), Seen::Json);
        assert_eq!(Seen::Nothing.join(list(Seen::Int)), list(Seen::Int));
        assert_eq!(Seen::list_of(Seen::Json), None);
    }

    #[test]
    fn integers_that_a_float_would_round_are_told_apart() {
        assert_eq!(Seen::of_int(9_007_199_254_740_992), Seen::Int);
        assert_eq!(Seen::of_int(9_007_199_254_740_993), Seen::BigInt);
        assert_eq!(Seen::of_int(i64::MIN), Seen::BigInt);
        assert_eq!(Seen::BigInt.join(Seen::Float), Seen::Text);
    }

    #[test]
    fn names_lead_back() {
        for seen in Seen::all() {
            assert_eq!(Seen::from_name(seen.name()), Some(seen));
            if let Some(kind) = seen.kind() {
                assert_eq!(kind_from_name(kind_name(kind)), Some(kind));
            }
        }
    }
}
