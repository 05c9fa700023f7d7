//! Relay connections over a [`Slice`] of rows (<https://relay.dev/graphql/connections.htm>).

use std::borrow::Cow;
use std::sync::Arc;

use async_graphql::{Context, Object, ObjectType, SimpleObject, TypeName};

use super::Inline;
use crate::db::page::Slice;
use crate::error::Result;

/// Makes the cursor of a node.
type CursorOf<T> = Arc<dyn Fn(&T) -> String + Send + Sync>;

/// One page of a list.
pub struct Connection<T> {
    nodes: Vec<T>,
    cursor_of: CursorOf<T>,
    has_previous: bool,
    has_next: bool,
    total: Option<i64>,
}

impl<T> Connection<T> {
    /// Wraps rows into nodes. `total` is the whole list's count, if it was asked for.
    pub fn new<R>(
        slice: Slice<R>,
        total: Option<i64>,
        wrap: impl Fn(R) -> T,
        cursor_of: impl Fn(&T) -> String + Send + Sync + 'static,
    ) -> Self {
        Self {
            nodes: slice.rows.into_iter().map(wrap).collect(),
            cursor_of: Arc::new(cursor_of),
            has_previous: slice.has_previous,
            has_next: slice.has_next,
            total,
        }
    }
}

/// Counting costs a query of its own, so it is done only for those who read it.
pub fn wants_total(ctx: &Context<'_>) -> bool {
    ctx.look_ahead().field("totalCount").exists()
}

/// `count` if the caller reads the total.
pub async fn total_if_wanted(ctx: &Context<'_>, count: impl Future<Output = Result<i64>>) -> Result<Option<i64>> {
    if wants_total(ctx) { count.await.map(Some) } else { Ok(None) }
}

impl<T: ObjectType> TypeName for Connection<T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", T::type_name()).into()
    }
}

/// One page of a list.
#[Object(name_type)]
impl<T: ObjectType> Connection<T> {
    /// The items of the page, each with its cursor.
    async fn edges(&self) -> Vec<Inline<Edge<'_, T>>> {
        let cursor_of = &self.cursor_of;
        self.nodes.iter().map(|node| Inline(Edge { node, cursor_of })).collect()
    }

    /// The items of the page.
    async fn nodes(&self) -> Vec<Inline<&T>> {
        self.nodes.iter().map(Inline).collect()
    }

    /// Whether there is more, and where this page begins and ends.
    async fn page_info(&self) -> PageInfo {
        let cursor = |node: Option<&T>| node.map(|node| (self.cursor_of)(node));
        PageInfo {
            has_previous_page: self.has_previous,
            has_next_page: self.has_next,
            start_cursor: cursor(self.nodes.first()),
            end_cursor: cursor(self.nodes.last()),
        }
    }

    /// How many items the whole list has for this viewer. Counted only when selected.
    async fn total_count(&self) -> i64 {
        self.total.unwrap_or_default()
    }
}

/// An item of a page.
pub struct Edge<'a, T> {
    node: &'a T,
    cursor_of: &'a CursorOf<T>,
}

impl<T: ObjectType> TypeName for Edge<'_, T> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", T::type_name()).into()
    }
}

/// An item of a page.
#[Object(name_type)]
impl<T: ObjectType> Edge<'_, T> {
    /// The item.
    async fn node(&self) -> Inline<&T> {
        Inline(self.node)
    }

    /// Where the item stands in the list: pass it as `after` or `before`. Opaque.
    async fn cursor(&self) -> String {
        (self.cursor_of)(self.node)
    }
}

/// Whether there is more before and after a page.
#[derive(SimpleObject)]
pub struct PageInfo {
    /// Whether there are items before this page. True behind any `after` cursor or `offset`.
    has_previous_page: bool,
    /// Whether there are items after this page. True before any `before` cursor.
    has_next_page: bool,
    /// The cursor of the first item; null on an empty page.
    start_cursor: Option<String>,
    /// The cursor of the last item; null on an empty page.
    end_cursor: Option<String>,
}
