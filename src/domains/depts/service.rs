//! The rules of departments.

use super::input::{CreateDeptInput, DeleteDeptInput, UpdateDeptInput};
use super::model::{self, Dept, DeptFilter, DeptId, DeptSort};
use super::repository;
use crate::app::App;
use crate::audit::Write;
use crate::db::Lock;
use crate::db::page::{Direction, Order, Page, Slice};
use crate::db::schema::depts;
use crate::domains::{Ceiling, Status};
use crate::error::{Error, Result};
use crate::security::{Scope, Viewer};
use crate::validate::{Check, map, parse_id};

pub use super::cache::{DeptTree, DeptTreeKey, tree, tree_part, tree_within};

pub struct Listed {
    pub slice: Slice<Dept>,
    pub order: Order<depts::table, Dept>,
}

pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: &DeptFilter,
    by: &[(DeptSort, Direction)],
    page: &Page,
) -> Result<Listed> {
    let order = model::order(by);
    let rows = repository::list(&mut app.db.read().await?, viewer.scope(), filter, &order, page).await?;
    Ok(Listed { slice: page.slice(rows), order })
}

pub async fn count(app: &App, viewer: &Viewer, filter: &DeptFilter) -> Result<i64> {
    repository::count(&mut app.db.read().await?, viewer.scope(), filter).await
}

/// Refuses ids that are not there, or not for this scope; returns the departments.
pub async fn ensure_visible(write: &mut Write<'_>, scope: &Scope, path: &str, ids: &[DeptId]) -> Result<Vec<Dept>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = repository::by_ids(write.conn(), scope, ids).await?;
    match ids.iter().find(|id| !found.iter().any(|dept| dept.id == **id)) {
        Some(missing) => Err(Error::input(path, "NOT_FOUND", format!("There is no department {missing}."))),
        None => Ok(found),
    }
}

async fn get(write: &mut Write<'_>, scope: &Scope, id: DeptId) -> Result<Dept> {
    let found = repository::by_ids(write.conn(), scope, &[id]).await?;
    found.into_iter().next().ok_or_else(|| Error::not_found("department", id))
}

fn name_taken(error: Error) -> Error {
    error.on_unique("depts_name_key", "input.name", "Another department has this name.")
}

/// Refuses a place for a department in which the viewer would not see it.
async fn ensure_can_lie_in(
    write: &mut Write<'_>,
    viewer: &Viewer,
    tree: &DeptTree,
    parent: Option<DeptId>,
) -> Result<()> {
    let path = "input.parentId";
    let Some(parent) = parent else {
        if viewer.scope().is_all() {
            return Ok(());
        }
        return Err(Error::input(
            path,
            "REQUIRED",
            "Your row scope is limited, so the department must belong to one that you can see.",
        ));
    };
    ensure_visible(write, viewer.scope(), path, &[parent]).await?;
    if tree.is_covered(parent, viewer.scope(), true) {
        return Ok(());
    }
    Err(Error::input(path, "OUT_OF_SCOPE", "Your row scope shows this department, but not what lies below it."))
}

pub async fn create(app: &App, viewer: &Viewer, input: CreateDeptInput) -> Result<Dept> {
    let CreateDeptInput { name, parent_id, sort, leader, phone, email, status } = input;
    let mut check = Check::default();
    let now = app.clock.now();
    let dept = Dept {
        id: DeptId::new(),
        name: check.line("input.name", &name, 64),
        sort,
        leader: check.optional_line("input.leader", leader.as_deref(), 32),
        phone: check.optional_phone("input.phone", phone.as_deref()),
        email: check.optional_email("input.email", email.as_deref()),
        status: status.unwrap_or(Status::Enabled),
        parent_id: parent_id.as_ref().and_then(|id| check.id("input.parentId", id)),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    check.finish()?;
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let tree = tree_within(&mut write).await?;
    ensure_can_lie_in(&mut write, viewer, &tree, dept.parent_id).await?;
    repository::insert(&mut write, &dept).await.map_err(name_taken)?;
    write.forget(&DeptTreeKey);
    write.commit().await?;
    Ok(dept)
}

pub async fn update(
    app: &App,
    viewer: &Viewer,
    input: UpdateDeptInput,
    ensure_reaches_members: Ceiling<DeptId>,
) -> Result<Dept> {
    let UpdateDeptInput { id, version, name, parent_id, sort, leader, phone, email, status } = input;
    let mut check = Check::default();
    let id: Option<DeptId> = check.id("input.id", &id);
    let name = name.as_ref().map(|name| check.line("input.name", name, 64));
    let parent = map(&parent_id, |id| check.id::<crate::ids::DeptKind>("input.parentId", id));
    let leader = map(&leader, |text| check.optional_line("input.leader", Some(text), 32));
    let phone = map(&phone, |text| check.optional_phone("input.phone", Some(text)));
    let email = map(&email, |text| check.optional_email("input.email", Some(text)));
    check.finish()?;
    let id = id.ok_or_else(|| Error::internal("an unchecked id"))?;

    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let before = get(&mut write, viewer.scope(), id).await?;
    if before.version != version {
        return Err(Error::stale("department", version, before.version));
    }
    let mut after = before.clone();
    after.name = name.unwrap_or(after.name);
    after.sort = sort.unwrap_or(after.sort);
    after.status = status.unwrap_or(after.status);
    crate::validate::apply(&mut after.leader, leader);
    crate::validate::apply(&mut after.phone, phone);
    crate::validate::apply(&mut after.email, email);
    crate::validate::apply(&mut after.parent_id, parent);
    if after == before {
        write.commit().await?;
        return Ok(before);
    }
    let tree = tree_within(&mut write).await?;
    let moves = after.parent_id != before.parent_id;
    if moves || after.status != before.status {
        // What lies below is moved, enabled or disabled along with it, and who is in there with that.
        if !tree.is_wholly_covered(id, viewer.scope()) {
            return Err(Error::NotAllowed(
                "You can move, enable or disable only departments of which you also see everything below.".into(),
            ));
        }
        ensure_reaches_members(&mut write, viewer, id).await?;
    }
    if moves {
        ensure_can_move(&mut write, viewer, &tree, &after).await?;
    }
    if after.status == Status::Disabled && lies_above(viewer, &tree, id)? {
        return Err(Error::NotAllowed(
            "You cannot disable a department that you are in: you would lock yourself out.".into(),
        ));
    }
    after.version += 1;
    after.updated_at = write.now();
    if !repository::update(&mut write, &before, &after).await.map_err(name_taken)? {
        return Err(Error::stale("department", version, before.version + 1));
    }
    write.forget(&DeptTreeKey);
    write.commit().await?;
    Ok(after)
}

/// Whether the viewer's access depends on this department.
fn lies_above(viewer: &Viewer, tree: &DeptTree, id: DeptId) -> Result<bool> {
    let me = viewer.identity()?;
    Ok(!me.is_superuser && me.dept_id.is_some_and(|dept| tree.path(dept).any(|above| above == id)))
}

async fn ensure_can_move(write: &mut Write<'_>, viewer: &Viewer, tree: &DeptTree, after: &Dept) -> Result<()> {
    ensure_can_lie_in(write, viewer, tree, after.parent_id).await?;
    let Some(parent) = after.parent_id else { return Ok(()) };
    let below = repository::descendants(write.conn(), after.id).await?;
    if below.iter().any(|(id, _)| *id == parent) {
        return Err(Error::input(
            "input.parentId",
            "CYCLE",
            "A department cannot be moved into itself or below itself.",
        ));
    }
    if lies_above(viewer, tree, after.id)? && !tree.is_open(parent) {
        return Err(Error::NotAllowed(
            "You cannot move a department that you are in below a disabled one: you would lock yourself out.".into(),
        ));
    }
    Ok(())
}

pub async fn delete(app: &App, viewer: &Viewer, input: DeleteDeptInput) -> Result<DeptId> {
    let id = parse_id("input.id", &input.id)?;
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let dept = get(&mut write, viewer.scope(), id).await?;
    let (children, users, roles) = repository::dependents(write.conn(), id).await?;
    let mut reasons = Vec::new();
    for (count, one, many) in [
        (children, "child department", "child departments"),
        (users, "user", "users"),
        (roles, "role scoped to it", "roles scoped to it"),
    ] {
        if count > 0 {
            reasons.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    }
    if !reasons.is_empty() {
        return Err(Error::conflict(format!("The department still has {}.", reasons.join(" and "))));
    }
    repository::delete(&mut write, &dept).await?;
    write.forget(&DeptTreeKey);
    write.commit().await?;
    Ok(id)
}
