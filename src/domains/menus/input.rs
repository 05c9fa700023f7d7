//! What clients send about menus.

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::model::{MenuFilter, MenuKind, MenuSort};
use crate::db::page::Direction;
use crate::domains::{Status, TimeRange};
use crate::error::Result;
use crate::validate::Check;

/// Which menus a list holds; every given condition must be met.
#[derive(InputObject)]
#[graphql(name = "MenuFilter")]
pub struct MenuFilterInput {
    /// In the title or the name, anywhere, in any case.
    pub text: Option<String>,
    /// Only menus of this kind.
    pub kind: Option<MenuKind>,
    /// Enabled or disabled ones.
    pub status: Option<Status>,
    /// The direct children of this menu; null asks for those without a parent.
    pub parent_id: MaybeUndefined<ID>,
    /// When they were made.
    pub created_at: Option<TimeRange>,
}

impl MenuFilterInput {
    pub fn check(&self) -> Result<MenuFilter> {
        let mut check = Check::default();
        let filter = MenuFilter {
            text: check.optional_line("filter.text", self.text.as_deref(), 64),
            kind: self.kind,
            status: self.status,
            parent: self.parent_id.value().and_then(|id| check.id("filter.parentId", id)),
            roots: self.parent_id.is_null(),
            created: self.created_at,
        };
        check.finish().map(|()| filter)
    }
}

/// One key of a menu list's order.
#[derive(InputObject)]
pub struct MenuOrder {
    /// What to sort by.
    pub field: MenuSort,
    /// Which way; ascending if not given.
    #[graphql(default)]
    pub direction: Direction,
}

/// A new menu.
#[derive(InputObject)]
pub struct CreateMenuInput {
    /// Its caption, or the key of its translation: up to 64 characters. Only buttons may share one.
    pub title: String,
    /// The name of its route: up to 64 characters.
    pub name: String,
    /// What it is.
    pub kind: MenuKind,
    /// The menu that it lies in, which cannot be a button; null for one at the top.
    pub parent_id: Option<ID>,
    /// The address of its route; up to 200 characters.
    pub path: Option<String>,
    /// The front end's component that shows it; up to 256 characters.
    pub component: Option<String>,
    /// The name or the address of its icon; up to 128 characters.
    pub icon: Option<String>,
    /// The http or https address that an embedded page or a link shows, which both need; up to 1024 characters.
    pub link: Option<String>,
    /// The codes of the permissions that it grants to the roles that have it; you must hold each of them. None if null.
    pub permissions: Option<Vec<String>>,
    /// Its place among its siblings; smaller comes first.
    #[graphql(default = 0)]
    pub sort: i32,
    /// Whether it is in use; enabled if not given. A disabled menu grants nothing.
    pub status: Option<Status>,
    /// Whether it is a route only, and not shown in the side bar.
    #[graphql(default = false)]
    pub hidden: bool,
    /// Whether its page is kept while another is open.
    #[graphql(default = false)]
    pub keep_alive: bool,
    /// A note; up to 1000 characters.
    pub remark: Option<String>,
}

/// Changes to a menu. What is left out stays as it is; null clears what may be empty, and changes nothing else.
#[derive(InputObject)]
pub struct UpdateMenuInput {
    /// Which menu.
    pub id: ID,
    /// The version that the change is based on.
    pub version: i32,
    /// Its caption, or the key of its translation.
    pub title: Option<String>,
    /// The name of its route.
    pub name: Option<String>,
    /// What it is.
    pub kind: Option<MenuKind>,
    /// The menu that it moves to; null moves it to the top.
    pub parent_id: MaybeUndefined<ID>,
    /// The address of its route.
    pub path: MaybeUndefined<String>,
    /// The front end's component that shows it.
    pub component: MaybeUndefined<String>,
    /// The name or the address of its icon.
    pub icon: MaybeUndefined<String>,
    /// The http or https address that an embedded page or a link shows.
    pub link: MaybeUndefined<String>,
    /// All the codes that it shall carry; you must hold each one that is new. Null takes all away.
    pub permissions: MaybeUndefined<Vec<String>>,
    /// Its place among its siblings.
    pub sort: Option<i32>,
    /// Whether it is in use.
    pub status: Option<Status>,
    /// Whether it is a route only, and not shown in the side bar.
    pub hidden: Option<bool>,
    /// Whether its page is kept while another is open.
    pub keep_alive: Option<bool>,
    /// A note.
    pub remark: MaybeUndefined<String>,
}

/// The menu to delete.
#[derive(InputObject)]
pub struct DeleteMenuInput {
    /// Which menu: one without children.
    pub id: ID,
}
