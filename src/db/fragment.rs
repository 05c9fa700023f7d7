//! Parts of a statement that are put together at run time and still run on every back end.
//!
//! diesel's own boxed queries name one back end in their type, which would mean writing each list once per
//! back end. A [`Fragment`] is any diesel expression that all of them can write.

use std::marker::PhantomData;
use std::ops::Range;

use diesel::Column;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_source::{AppearsInFromClause, Once};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, Text, Untyped};
use diesel::sqlite::Sqlite;

use super::types::{Json, sql};

/// An expression that every back end can write.
pub trait Fragment: QueryFragment<Pg> + QueryFragment<Sqlite> + Send + Sync {}
impl<T: QueryFragment<Pg> + QueryFragment<Sqlite> + Send + Sync> Fragment for T {}

pub type BoxFragment = Box<dyn Fragment>;

/// The conditions on a list of `T`, all of which must hold; none at all lets every row through.
pub struct Filter<T> {
    conditions: Vec<BoxFragment>,
    after: Option<Keyset>,
    table: PhantomData<fn() -> T>,
}

impl<T> Default for Filter<T> {
    fn default() -> Self {
        Self { conditions: Vec::new(), after: None, table: PhantomData }
    }
}

/// Conditions on rows of `T`, of which one must hold; none at all lets no row through.
pub struct AnyOf<T> {
    conditions: Vec<BoxFragment>,
    table: PhantomData<fn() -> T>,
}

impl<T> Default for AnyOf<T> {
    fn default() -> Self {
        Self { conditions: Vec::new(), table: PhantomData }
    }
}

impl<T> AnyOf<T> {
    /// Adds a condition.
    pub fn allow<E>(&mut self, condition: E)
    where
        E: Expression + AppearsOnTable<T> + Fragment + 'static,
        E::SqlType: diesel::sql_types::BoolOrNullableBool,
    {
        self.conditions.push(Box::new(condition));
    }
}

impl<T> Filter<T> {
    /// Adds a condition.
    pub fn require<E>(&mut self, condition: E)
    where
        E: Expression + AppearsOnTable<T> + Fragment + 'static,
        E::SqlType: diesel::sql_types::BoolOrNullableBool,
    {
        self.conditions.push(Box::new(condition));
    }

    /// Adds a condition if there is a value for it.
    pub fn require_some<V, E>(&mut self, value: Option<V>, condition: impl FnOnce(V) -> E)
    where
        E: Expression + AppearsOnTable<T> + Fragment + 'static,
        E::SqlType: diesel::sql_types::BoolOrNullableBool,
    {
        if let Some(value) = value {
            self.require(condition(value));
        }
    }

    /// Only the rows behind a cursor.
    pub(super) fn after(&mut self, keyset: Keyset) {
        self.after = Some(keyset);
    }
}

/// The row that a cursor stands on, as the keys of the list's order, and which way the list goes on.
pub(super) struct Keyset(pub Vec<KeysetColumn>);

pub(super) struct KeysetColumn {
    pub column: BoxFragment,
    pub value: BoxFragment,
    pub descending: bool,
}

/// What a list is ordered by.
pub struct Ordering<T> {
    pub(super) keys: Vec<(BoxFragment, bool)>,
    pub(super) table: PhantomData<fn() -> T>,
}

macro_rules! for_backend {
    ($($db:ty),+) => {$(
        impl<T> QueryFragment<$db> for Filter<T> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $db>) -> QueryResult<()> {
                out.push_sql("(");
                let mut separator = "";
                for condition in &self.conditions {
                    out.push_sql(separator);
                    out.push_sql("(");
                    QueryFragment::<$db>::walk_ast(&**condition, out.reborrow())?;
                    out.push_sql(")");
                    separator = " AND ";
                }
                if let Some(keyset) = &self.after {
                    out.push_sql(separator);
                    QueryFragment::<$db>::walk_ast(keyset, out.reborrow())?;
                } else if self.conditions.is_empty() {
                    out.push_sql("TRUE");
                }
                out.push_sql(")");
                Ok(())
            }
        }

        impl<T> QueryFragment<$db> for AnyOf<T> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $db>) -> QueryResult<()> {
                out.push_sql(if self.conditions.is_empty() { "FALSE" } else { "(" });
                for (at, condition) in self.conditions.iter().enumerate() {
                    out.push_sql(if at > 0 { " OR " } else { "" });
                    QueryFragment::<$db>::walk_ast(&**condition, out.reborrow())?;
                }
                out.push_sql(if self.conditions.is_empty() { "" } else { ")" });
                Ok(())
            }
        }

        impl QueryFragment<$db> for Keyset {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $db>) -> QueryResult<()> {
                let keys = &self.0;
                let one_way = keys.windows(2).all(|pair| pair[0].descending == pair[1].descending);
                if one_way {
                    // (a, b) > (x, y): the index on (a, b) starts right behind the cursor.
                    out.push_sql("(");
                    for (at, key) in keys.iter().enumerate() {
                        out.push_sql(if at > 0 { ", " } else { "" });
                        QueryFragment::<$db>::walk_ast(&*key.column, out.reborrow())?;
                    }
                    out.push_sql(if keys.iter().any(|key| key.descending) { ") < (" } else { ") > (" });
                    for (at, key) in keys.iter().enumerate() {
                        out.push_sql(if at > 0 { ", " } else { "" });
                        QueryFragment::<$db>::walk_ast(&*key.value, out.reborrow())?;
                    }
                    out.push_sql(")");
                } else {
                    // a >= x AND (a > x OR (b < y AND …)): the first half lets an index on a start there.
                    for (at, key) in keys.iter().enumerate() {
                        let last = at + 1 == keys.len();
                        for operator in if last { &[""][..] } else { &["=", ""][..] } {
                            out.push_sql(if operator.is_empty() { "" } else { "(" });
                            QueryFragment::<$db>::walk_ast(&*key.column, out.reborrow())?;
                            out.push_sql(if key.descending { " <" } else { " >" });
                            out.push_sql(operator);
                            out.push_sql(" ");
                            QueryFragment::<$db>::walk_ast(&*key.value, out.reborrow())?;
                            out.push_sql(match (operator.is_empty(), last) {
                                (false, _) => " AND (",
                                (true, false) => " OR ",
                                (true, true) => "",
                            });
                        }
                    }
                    for _ in 1..keys.len() {
                        out.push_sql("))");
                    }
                }
                Ok(())
            }
        }

        impl<T> QueryFragment<$db> for Ordering<T> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $db>) -> QueryResult<()> {
                for (at, (column, descending)) in self.keys.iter().enumerate() {
                    out.push_sql(if at > 0 { ", " } else { "" });
                    QueryFragment::<$db>::walk_ast(&**column, out.reborrow())?;
                    out.push_sql(if *descending { " DESC" } else { " ASC" });
                }
                Ok(())
            }
        }
    )+};
}
for_backend!(Pg, Sqlite);

/// Statements made of fragments are cached by their text, not by their type.
macro_rules! dynamic_expression {
    ($name:ident, $sql_type:ty) => {
        impl<T: 'static> QueryId for $name<T> {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
        impl<T> Expression for $name<T> {
            type SqlType = $sql_type;
        }
        // As for a column of `T`: also in a select that a subselect of `T` stands in.
        impl<T, QS> AppearsOnTable<QS> for $name<T> where QS: AppearsInFromClause<T, Count = Once> {}
        impl<T, QS> SelectableExpression<QS> for $name<T> where Self: AppearsOnTable<QS> {}
        impl<T, G> ValidGrouping<G> for $name<T> {
            type IsAggregate = is_aggregate::Never;
        }
    };
}
dynamic_expression!(Filter, Bool);
dynamic_expression!(AnyOf, Bool);
dynamic_expression!(Ordering, Untyped);

/// Columns whose values are among those of a select that names few rows.
pub struct Among<T> {
    columns: BoxFragment,
    values: BoxFragment,
    is_row: bool,
    table: PhantomData<fn() -> T>,
}

/// One column, and a select of one.
pub fn among<C, S>(column: C, values: S) -> Among<C::Table>
where
    C: Column + Fragment + 'static,
    S: Fragment + 'static,
{
    Among { columns: Box::new(column), values: Box::new(values), is_row: false, table: PhantomData }
}

/// Two columns, and a select of two.
pub fn row_among<A, B, S>(columns: (A, B), values: S) -> Among<A::Table>
where
    A: Column + Fragment + 'static,
    B: Column<Table = A::Table> + Fragment + 'static,
    S: Fragment + 'static,
{
    Among { columns: Box::new(columns), values: Box::new(values), is_row: true, table: PhantomData }
}

/// A select of some rows of each group.
pub struct PageOfEach {
    names: &'static str,
    ranked: BoxFragment,
    /// How many go before them.
    skipped: BoxFragment,
    last: BoxFragment,
}

/// `ranked` selects columns that are to be called `names`, and then their place within the group.
pub fn page_of_each(names: &'static str, ranked: BoxFragment, places: Range<i64>) -> PageOfEach {
    let number = |number: i64| -> BoxFragment { Box::new(diesel::IntoSql::into_sql::<BigInt>(number)) };
    PageOfEach { names, ranked, skipped: number(places.start), last: number(places.end) }
}

macro_rules! among_for {
    ($($db:ty: $in_array:expr),+) => {$(
        impl<T> QueryFragment<$db> for Among<T> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $db>) -> QueryResult<()> {
                let in_array = $in_array && !self.is_row;
                out.push_sql(if self.is_row { "(" } else { "" });
                QueryFragment::<$db>::walk_ast(&*self.columns, out.reborrow())?;
                out.push_sql(if self.is_row { ")" } else { "" });
                out.push_sql(if in_array { " = ANY (ARRAY(" } else { " IN (" });
                QueryFragment::<$db>::walk_ast(&*self.values, out.reborrow())?;
                out.push_sql(if in_array { "))" } else { ")" });
                Ok(())
            }
        }

        impl QueryFragment<$db> for PageOfEach {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $db>) -> QueryResult<()> {
                out.push_sql("WITH \"ranked\" (");
                out.push_sql(self.names);
                out.push_sql(", \"place\") AS (");
                QueryFragment::<$db>::walk_ast(&*self.ranked, out.reborrow())?;
                out.push_sql(") SELECT ");
                out.push_sql(self.names);
                out.push_sql(" FROM \"ranked\" WHERE \"place\" > ");
                QueryFragment::<$db>::walk_ast(&*self.skipped, out.reborrow())?;
                out.push_sql(" AND \"place\" <= ");
                QueryFragment::<$db>::walk_ast(&*self.last, out.reborrow())
            }
        }
    )+};
}
// PostgreSQL expects half of the table of an `IN (SELECT …)` inside an `OR`, and a third of what is ranked; it then
// reads whole tables to find a few rows. Of an array it expects few, works it out once, and looks them up.
among_for!(Pg: true, Sqlite: false);
dynamic_expression!(Among, Bool);

/// Text that is found anywhere in some columns, in any case and script.
pub struct Contains<T> {
    columns: Vec<BoxFragment>,
    pattern: BoxFragment,
    table: PhantomData<fn() -> T>,
}

/// Looks for `text`; [`Contains::in_column`] says where.
pub fn contains<T>(text: &str) -> Contains<T> {
    let escaped = text.to_lowercase().replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    Contains {
        columns: Vec::new(),
        pattern: Box::new(diesel::IntoSql::into_sql::<Text>(format!("%{escaped}%"))),
        table: PhantomData,
    }
}

impl<T> Contains<T> {
    pub fn in_column<C: Expression + AppearsOnTable<T> + Fragment + 'static>(mut self, column: C) -> Self {
        self.columns.push(Box::new(column));
        self
    }
}

macro_rules! contains_for {
    ($($db:ty: $collation:literal),+) => {$(
        impl<T> QueryFragment<$db> for Contains<T> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $db>) -> QueryResult<()> {
                for (at, column) in self.columns.iter().enumerate() {
                    out.push_sql(if at > 0 { " OR lower(" } else { "lower(" });
                    QueryFragment::<$db>::walk_ast(&**column, out.reborrow())?;
                    out.push_sql($collation);
                    out.push_sql(") LIKE ");
                    QueryFragment::<$db>::walk_ast(&*self.pattern, out.reborrow())?;
                    out.push_sql(r" ESCAPE '\'");
                }
                Ok(())
            }
        }
    )+};
}
// Columns that lists sort by are collated by code point, under which PostgreSQL's `lower` knows ASCII only.
contains_for!(Pg: r#" COLLATE "default""#, Sqlite: "");
dynamic_expression!(Contains, Bool);

/// Lists of texts, kept as JSON, that have one among them.
pub struct Lists<T> {
    column: BoxFragment,
    as_list: BoxFragment,
    as_text: BoxFragment,
    table: PhantomData<fn() -> T>,
}

/// Looks for `item`, which needs no escaping in JSON.
pub fn lists<C>(column: C, item: &str) -> Lists<C::Table>
where
    C: Column + Fragment + 'static,
{
    Lists {
        column: Box::new(column),
        as_list: Box::new(diesel::IntoSql::into_sql::<sql::Jsonb>(Json([item].as_slice().into()))),
        as_text: Box::new(diesel::IntoSql::into_sql::<Text>(format!("\"{item}\""))),
        table: PhantomData,
    }
}

impl<T> QueryFragment<Pg> for Lists<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        QueryFragment::<Pg>::walk_ast(&*self.column, out.reborrow())?;
        out.push_sql(" @> ");
        QueryFragment::<Pg>::walk_ast(&*self.as_list, out.reborrow())
    }
}

impl<T> QueryFragment<Sqlite> for Lists<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("instr(");
        QueryFragment::<Sqlite>::walk_ast(&*self.column, out.reborrow())?;
        out.push_sql(", ");
        QueryFragment::<Sqlite>::walk_ast(&*self.as_text, out.reborrow())?;
        out.push_sql(") > 0");
        Ok(())
    }
}
dynamic_expression!(Lists, Bool);
