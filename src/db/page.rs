//! One page of a list: which rows, in which order, behind which cursor. No database is needed to read or test it.

use std::marker::PhantomData;
use std::ops::Range;

use data_encoding::BASE64URL_NOPAD;
use diesel::expression::{AppearsOnTable, AsExpression, Expression};
use diesel::sql_types::is_nullable::NotNull;
use diesel::sql_types::{SingleValue, SqlType};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fragment::{BoxFragment, Filter, Fragment, Keyset, KeysetColumn, Ordering};
use crate::error::{Error, FieldError, Result};

/// Rows on a page when the caller does not say.
pub const DEFAULT_PAGE: i64 = 20;
/// The most rows on a page; asking for more is an error.
pub const MAX_PAGE: i64 = 100;

/// Paging arguments as a caller sends them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PageArgs {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
    pub offset: Option<i32>,
}

/// Paging arguments that make sense together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    pub size: i64,
    pub backward: bool,
    pub cursor: Option<String>,
    pub offset: i64,
}

impl Default for Page {
    fn default() -> Self {
        Self { size: DEFAULT_PAGE, backward: false, cursor: None, offset: 0 }
    }
}

impl PageArgs {
    pub fn check(self) -> Result<Page> {
        let mut errors = Vec::new();
        for (name, value) in [("first", self.first), ("last", self.last)] {
            match value {
                Some(size) if size < 0 => {
                    errors.push(FieldError::new(name, "TOO_SMALL", format!("`{name}` cannot be negative.")))
                }
                Some(size) if i64::from(size) > MAX_PAGE => errors.push(FieldError::new(
                    name,
                    "TOO_LARGE",
                    format!("`{name}` can be {MAX_PAGE} at the most; page on with a cursor."),
                )),
                _ => {}
            }
        }
        if self.offset.is_some_and(|offset| offset < 0) {
            errors.push(FieldError::new("offset", "TOO_SMALL", "`offset` cannot be negative."));
        }
        let backward = self.last.is_some() || self.before.is_some();
        let mut exclude = |name: &str, present: bool, other: &str| {
            if present {
                let message = format!("`{name}` cannot be combined with {other}.");
                errors.push(FieldError::new(name, "NOT_COMBINABLE", message));
            }
        };
        if backward {
            exclude("first", self.first.is_some(), "`last` or `before`");
            exclude("after", self.after.is_some(), "`last` or `before`");
            exclude("offset", self.offset.is_some(), "`last` or `before`");
        }
        exclude("offset", self.offset.is_some() && self.after.is_some(), "`after`");
        if !errors.is_empty() {
            return Err(Error::Input(errors));
        }
        let size = self.first.or(self.last).map_or(DEFAULT_PAGE, i64::from);
        Ok(Page {
            size,
            backward,
            cursor: if backward { self.before } else { self.after },
            offset: self.offset.unwrap_or(0).into(),
        })
    }
}

/// Something that rows `R` of table `T` can be ordered by: a column that is never null, for a cursor compares it, and its
/// value in a row.
pub struct SortKey<T, R> {
    name: &'static str,
    column: Box<dyn Fn() -> BoxFragment + Send + Sync>,
    value: Box<dyn Fn(&R) -> Value + Send + Sync>,
    bind: fn(Value) -> Option<BoxFragment>,
    table: PhantomData<fn() -> T>,
}

impl<T, R> SortKey<T, R> {
    pub fn new<C, V>(name: &'static str, column: C, value: fn(&R) -> V) -> Self
    where
        C: Expression + AppearsOnTable<T> + Fragment + Copy + 'static,
        C::SqlType: SqlType<IsNull = NotNull> + SingleValue,
        V: Serialize + DeserializeOwned + AsExpression<C::SqlType> + 'static,
        V::Expression: Fragment + 'static,
        R: 'static,
    {
        Self {
            name,
            column: Box::new(move || Box::new(column)),
            value: Box::new(move |row| serde_json::to_value(value(row)).unwrap_or(Value::Null)),
            bind: |value| {
                let value: V = serde_json::from_value(value).ok()?;
                Some(Box::new(value.as_expression()))
            },
            table: PhantomData,
        }
    }
}

/// The whole order of a list. The last key must be unique, so that every row has its place.
pub struct Order<T, R>(Vec<(SortKey<T, R>, Direction)>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, async_graphql::Enum)]
#[graphql(name = "OrderDirection")]
/// Which way a list is sorted.
pub enum Direction {
    /// Smallest, earliest, or first in the alphabet first.
    #[default]
    Asc,
    /// Largest, latest, or last in the alphabet first.
    Desc,
}

impl<T, R> Order<T, R> {
    /// The order by `keys`, the first one first, and by the unique `id` at the end, which goes the way of the last key.
    /// A key that comes again orders nothing any more.
    pub fn by<S: Copy + PartialEq>(
        keys: &[(S, Direction)],
        key: impl Fn(S) -> SortKey<T, R>,
        id: SortKey<T, R>,
    ) -> Self {
        let is_first = |at: usize| keys[..at].iter().all(|(earlier, _)| *earlier != keys[at].0);
        let distinct = keys.iter().enumerate().filter(|(at, _)| is_first(*at));
        let mut order: Vec<_> = distinct.map(|(_, (sort, direction))| (key(*sort), *direction)).collect();
        let last = order.last().map_or(Direction::Asc, |(_, direction)| *direction);
        order.push((id, last));
        Self(order)
    }

    /// Names the order inside a cursor, which is worthless under any other.
    fn signature(&self) -> String {
        self.0
            .iter()
            .map(|(key, direction)| match direction {
                Direction::Asc => format!("{}+", key.name),
                Direction::Desc => format!("{}-", key.name),
            })
            .collect()
    }

    /// The opaque cursor of a row.
    pub fn cursor(&self, row: &R) -> String {
        let mut parts = vec![Value::String(self.signature())];
        parts.extend(self.0.iter().map(|(key, _)| (key.value)(row)));
        BASE64URL_NOPAD.encode(Value::Array(parts).to_string().as_bytes())
    }

    fn keyset(&self, cursor: &str, backward: bool) -> Result<Keyset> {
        let path = if backward { "before" } else { "after" };
        let bad = |why: &str| Error::input(path, "BAD_CURSOR", format!("`{path}` {why}"));
        let not_ours = || bad("is not a cursor of this list.");
        let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).map_err(|_| not_ours())?;
        // PostgreSQL refuses a text with a null character, and no row has one.
        let parts: Vec<Value> = match serde_json::from_slice(&bytes) {
            Ok(parts) if !bytes.windows(6).any(|escape| escape == br"\u0000") => parts,
            _ => return Err(not_ours()),
        };
        let Some((Value::String(signature), values)) = parts.split_first() else {
            return Err(not_ours());
        };
        if *signature != self.signature() {
            return Err(bad("belongs to a list in another order; start again from its first page."));
        }
        if values.len() != self.0.len() {
            return Err(not_ours());
        }
        let columns = self.0.iter().zip(values).map(|((key, direction), value)| {
            Some(KeysetColumn {
                column: (key.column)(),
                value: (key.bind)(value.clone())?,
                descending: (*direction == Direction::Desc) != backward,
            })
        });
        columns.collect::<Option<_>>().map(Keyset).ok_or_else(not_ours)
    }

    /// Narrows `filter` to what lies behind the page's cursor, and gives the order to read in.
    pub fn apply(&self, page: &Page, filter: &mut Filter<T>) -> Result<Ordering<T>> {
        if let Some(cursor) = &page.cursor {
            filter.after(self.keyset(cursor, page.backward)?);
        }
        let keys = self
            .0
            .iter()
            .map(|(key, direction)| ((key.column)(), (*direction == Direction::Desc) != page.backward))
            .collect();
        Ok(Ordering { keys, table: PhantomData })
    }
}

/// The rows of one page, in the order of the list.
#[derive(Clone, Debug)]
pub struct Slice<R> {
    pub rows: Vec<R>,
    pub has_previous: bool,
    pub has_next: bool,
}

impl Page {
    /// One row more than the page shows, to know whether there is a next one.
    pub fn limit(&self) -> i64 {
        self.size + 1
    }

    /// The same rows by their places in the list, the first of which is 0.
    pub fn places(&self) -> Range<i64> {
        self.offset..self.offset + self.limit()
    }

    /// Makes the page of the rows that were read with [`Page::limit`].
    pub fn slice<R>(&self, mut rows: Vec<R>) -> Slice<R> {
        let size = usize::try_from(self.size).unwrap_or_default();
        let more = rows.len() > size;
        rows.truncate(size);
        let came_from = self.cursor.is_some() || self.offset > 0;
        if self.backward {
            rows.reverse();
            Slice { rows, has_previous: more, has_next: came_from }
        } else {
            Slice { rows, has_previous: came_from, has_next: more }
        }
    }
}
