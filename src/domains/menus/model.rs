//! The rows of menus.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize, Serializer};

use super::super::{Status, TimeRange};
use crate::audit::Audited;
use crate::clock::Timestamp;
use crate::db::page::{Direction, Order, SortKey};
use crate::db::schema::menus;
use crate::db::types::smallint_enum;
pub use crate::ids::MenuId;
use crate::security::{Permission, Permissions};

/// What a menu is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum, AsExpression, FromSqlRow, Serialize, Deserialize,
)]
#[diesel(sql_type = diesel::sql_types::SmallInt)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MenuKind {
    /// Holds other menus.
    Directory,
    /// A page of the front end.
    Menu,
    /// Something to press on a page: it carries permissions, and is not in the side bar.
    Button,
    /// A page from elsewhere, shown inside the front end.
    Embedded,
    /// A page from elsewhere, opened outside of the front end.
    Link,
}
smallint_enum!(MenuKind { Directory = 0, Menu = 1, Button = 2, Embedded = 3, Link = 4 });

/// The permission codes of a menu, as its column keeps them: separated by commas.
#[derive(Clone, Debug, Default, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Codes(String);

impl Codes {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each code, known or not.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.0.split(',').map(str::trim).filter(|code| !code.is_empty())
    }

    /// The rights that they stand for. A code that this program does not know stands for none.
    pub fn permissions(&self) -> Permissions {
        self.codes().filter_map(Permission::from_code).collect()
    }
}

impl From<Permission> for Codes {
    fn from(permission: Permission) -> Self {
        Self(permission.code().to_owned())
    }
}

impl From<Permissions> for Codes {
    fn from(permissions: Permissions) -> Self {
        let codes: Vec<_> = permissions.iter().map(Permission::code).collect();
        Self(codes.join(","))
    }
}

impl Serialize for Codes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.codes())
    }
}

impl<DB: Backend> ToSql<Text, DB> for Codes
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        ToSql::<Text, DB>::to_sql(self.as_str(), out)
    }
}

impl<DB: Backend> FromSql<Text, DB> for Codes
where
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Text, DB>::from_sql(value).map(Self)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = menus, treat_none_as_null = true)]
#[serde(rename_all = "camelCase")]
pub struct Menu {
    pub id: MenuId,
    pub title: String,
    pub name: String,
    pub kind: MenuKind,
    pub path: Option<String>,
    pub component: Option<String>,
    pub icon: Option<String>,
    pub link: Option<String>,
    pub permissions: Codes,
    pub sort: i32,
    pub status: Status,
    pub hidden: bool,
    pub keep_alive: bool,
    pub remark: Option<String>,
    pub parent_id: Option<MenuId>,
    pub version: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Menu {
    /// An enabled, visible menu with nothing but a name.
    pub fn new(kind: MenuKind, title: impl Into<String>, name: impl Into<String>, now: Timestamp) -> Self {
        Self {
            id: MenuId::new(),
            title: title.into(),
            name: name.into(),
            kind,
            path: None,
            component: None,
            icon: None,
            link: None,
            permissions: Codes::default(),
            sort: 0,
            status: Status::Enabled,
            hidden: false,
            keep_alive: true,
            remark: None,
            parent_id: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

impl Audited for Menu {
    fn target(&self) -> String {
        self.id.to_string()
    }
}

#[derive(Clone, Debug, Default)]
pub struct MenuFilter {
    /// In the title or the name, in any case.
    pub text: Option<String>,
    pub kind: Option<MenuKind>,
    pub status: Option<Status>,
    /// Only the direct children of this one.
    pub parent: Option<MenuId>,
    /// Only those without a parent.
    pub roots: bool,
    pub created: Option<TimeRange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
/// What menus can be sorted by.
pub enum MenuSort {
    /// The number that an administrator gave.
    Sort,
    /// The title, by code point.
    Title,
    /// When it was made.
    CreatedAt,
}

impl MenuSort {
    fn key(self) -> SortKey<menus::table, Menu> {
        match self {
            Self::Sort => SortKey::new("sort", menus::sort, |menu: &Menu| menu.sort),
            Self::Title => SortKey::new("title", menus::title, |menu: &Menu| menu.title.clone()),
            Self::CreatedAt => SortKey::new("created", menus::created_at, |menu: &Menu| menu.created_at),
        }
    }
}

/// The order of a list: as asked, or by the administrator's number; the id makes it total.
pub fn order(by: &[(MenuSort, Direction)]) -> Order<menus::table, Menu> {
    let by = if by.is_empty() { &[(MenuSort::Sort, Direction::Asc)] } else { by };
    Order::by(by, |sort| sort.key(), SortKey::new("id", menus::id, |menu: &Menu| menu.id))
}
