//! The questions that edges to users ask.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;

use super::model::{User, UserId};
use super::repository;
use crate::db::page::{Page, Slice};
use crate::error::{Error, Result};
use crate::graphql::Batch;
use crate::ids::{DeptId, RoleId};

/// A user within the viewer's scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserById(pub UserId);

impl Loader<UserById> for Batch {
    type Value = Arc<User>;
    type Error = Error;

    async fn load(&self, keys: &[UserById]) -> Result<HashMap<UserById, Arc<User>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::by_ids(&mut self.app.db.read().await?, self.viewer.scope(), &ids).await?;
        Ok(rows.into_iter().map(|user| (UserById(user.id), Arc::new(user))).collect())
    }
}

/// The user of a session: within the viewer's scope, or whatever the scope where the user is the viewer. One question, as
/// for the department of a user.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserOfSession {
    pub id: UserId,
    pub own: bool,
}

impl Loader<UserOfSession> for Batch {
    type Value = Arc<User>;
    type Error = Error;

    async fn load(&self, keys: &[UserOfSession]) -> Result<HashMap<UserOfSession, Arc<User>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
        let own: Vec<_> = keys.iter().filter(|key| key.own).map(|key| key.id).collect();
        let mut conn = self.app.db.read().await?;
        let rows = repository::of_sessions(&mut conn, self.viewer.scope(), &own, &ids).await?;
        let rows: HashMap<_, _> = rows.into_iter().map(|user| (user.id, Arc::new(user))).collect();
        Ok(keys.iter().filter_map(|key| Some((*key, rows.get(&key.id)?.clone()))).collect())
    }
}

/// The user name of a user whose session is visible: it is part of the session, whatever may be read of users.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UsernameOf(pub UserId);

impl Loader<UsernameOf> for Batch {
    type Value = String;
    type Error = Error;

    async fn load(&self, keys: &[UsernameOf]) -> Result<HashMap<UsernameOf, String>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let names = repository::usernames(&mut self.app.db.read().await?, &ids).await?;
        Ok(names.into_iter().map(|(id, name)| (UsernameOf(id), name)).collect())
    }
}

/// What users are listed under.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Dept(DeptId),
    Role(RoleId),
}

/// How many users within the viewer's scope a department or a role has.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserCount(Place);

impl UserCount {
    pub fn dept(id: DeptId) -> Self {
        Self(Place::Dept(id))
    }

    pub fn role(id: RoleId) -> Self {
        Self(Place::Role(id))
    }
}

/// The places of one kind among many.
fn split(places: impl Iterator<Item = Place>) -> (Vec<DeptId>, Vec<RoleId>) {
    let (mut depts, mut roles) = (Vec::new(), Vec::new());
    for place in places {
        match place {
            Place::Dept(id) => depts.push(id),
            Place::Role(id) => roles.push(id),
        }
    }
    (depts, roles)
}

impl Loader<UserCount> for Batch {
    type Value = i64;
    type Error = Error;

    async fn load(&self, keys: &[UserCount]) -> Result<HashMap<UserCount, i64>> {
        let (depts, roles) = split(keys.iter().map(|key| key.0));
        let scope = self.viewer.scope();
        let mut conn = self.app.db.read().await?;
        let mut counts = HashMap::new();
        if !depts.is_empty() {
            let rows = repository::count_in_depts(&mut conn, scope, &depts).await?;
            counts.extend(rows.into_iter().map(|(id, count)| (UserCount::dept(id), count)));
        }
        if !roles.is_empty() {
            let rows = repository::count_in_roles(&mut conn, scope, &roles).await?;
            counts.extend(rows.into_iter().map(|(id, count)| (UserCount::role(id), count)));
        }
        Ok(counts)
    }
}

/// A page of the users within the viewer's scope that a department or a role has, as they were made.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UsersIn {
    place: Place,
    page: Page,
}

impl UsersIn {
    pub fn dept(id: DeptId, page: Page) -> Self {
        Self { place: Place::Dept(id), page }
    }

    pub fn role(id: RoleId, page: Page) -> Self {
        Self { place: Place::Role(id), page }
    }
}

impl Loader<UsersIn> for Batch {
    type Value = Slice<Arc<User>>;
    type Error = Error;

    /// One statement for each kind of place and each page asked for: a document bounds both.
    async fn load(&self, keys: &[UsersIn]) -> Result<HashMap<UsersIn, Self::Value>> {
        let scope = self.viewer.scope();
        let mut by_page: HashMap<&Page, Vec<Place>> = HashMap::new();
        for key in keys {
            by_page.entry(&key.page).or_default().push(key.place);
        }
        let mut conn = self.app.db.read().await?;
        let mut slices = HashMap::new();
        for (page, places) in by_page {
            let mut rows: HashMap<Place, Vec<Arc<User>>> = places.iter().map(|place| (*place, Vec::new())).collect();
            let (depts, roles) = split(places.into_iter());
            if !depts.is_empty() {
                for (id, user) in repository::page_in_depts(&mut conn, scope, &depts, page).await? {
                    rows.entry(Place::Dept(id)).or_default().push(Arc::new(user));
                }
            }
            if !roles.is_empty() {
                for (id, user) in repository::page_in_roles(&mut conn, scope, &roles, page).await? {
                    rows.entry(Place::Role(id)).or_default().push(Arc::new(user));
                }
            }
            slices.extend(
                rows.into_iter().map(|(place, rows)| (UsersIn { place, page: page.clone() }, page.slice(rows))),
            );
        }
        Ok(slices)
    }
}
