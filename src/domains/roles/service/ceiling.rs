//! Nobody gives or takes away what they lack, nor on rows that they do not see.
//!
//! A permission counts on all rows that its holder sees, whichever of their roles shows them; and rows count with all
//! permissions. So a change to one role is judged by all roles of those who have it.

use futures_util::future::BoxFuture;

use super::super::cache::{RoleGrant, enabled, potential};
use super::super::model::{DataScope, RoleId};
use super::super::repository;
use crate::audit::Write;
use crate::domains::depts::service::{DeptTree, tree_within};
use crate::domains::menus;
use crate::error::{Error, Result};
use crate::ids::{DeptId, MenuId};
use crate::security::{Permission, Viewer};

/// Refuses to give a user of `dept` a role, or to take it away, that has permissions or shows rows which the viewer
/// lacks.
pub fn ensure_can_grant(viewer: &Viewer, tree: &DeptTree, grant: &RoleGrant, dept: Option<DeptId>) -> Result<()> {
    Needs::Both.ensure(viewer, tree, grant, Holder::In(dept))
}

/// What the viewer must have of a role that is changed, and of each that somebody has beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Where permissions change.
    Rows,
    /// Where rows change.
    Permissions,
    Both,
}

impl Needs {
    fn ensure(self, viewer: &Viewer, tree: &DeptTree, grant: &RoleGrant, holder: Holder) -> Result<()> {
        if self != Self::Rows {
            viewer.ensure_holds(grant.permissions)?;
        }
        if self != Self::Permissions {
            ensure_sees(viewer, tree, grant.data_scope, &grant.depts, holder)?;
        }
        Ok(())
    }
}

/// Whose view a role is.
#[derive(Clone, Copy)]
enum Holder {
    /// Somebody's of this department, or of none.
    In(Option<DeptId>),
    Anybody,
}

fn ensure_sees(viewer: &Viewer, tree: &DeptTree, scope: DataScope, depts: &[DeptId], holder: Holder) -> Result<()> {
    let is_covered = |dept, below| tree.is_covered(dept, viewer.scope(), below);
    let sees = match (scope, holder) {
        (DataScope::Own, _) => true,
        (DataScope::Custom, _) => depts.iter().all(|dept| is_covered(*dept, false)),
        (DataScope::DeptAndBelow, Holder::In(dept)) => dept.is_none_or(|dept| is_covered(dept, true)),
        (DataScope::Dept, Holder::In(dept)) => dept.is_none_or(|dept| is_covered(dept, false)),
        // Anybody may be in any department.
        (DataScope::All, _) | (_, Holder::Anybody) => viewer.scope().is_all(),
    };
    if sees {
        return Ok(());
    }
    Err(Error::NotAllowed("You cannot grant or take away a view of more rows than you see yourself.".into()))
}

/// Refuses to give a role a scope, or to take it away, that shows its holders rows which the viewer does not see.
pub(super) fn ensure_scope_allowed(viewer: &Viewer, tree: &DeptTree, scope: DataScope, depts: &[DeptId]) -> Result<()> {
    ensure_sees(viewer, tree, scope, depts, Holder::Anybody)
}

/// Refuses to act on users whose roles, each with the department that its holder is in, give more than the viewer has.
pub async fn ensure_outranks(
    write: &mut Write<'_>,
    viewer: &Viewer,
    held: &[(Option<DeptId>, RoleId)],
    refusal: &str,
) -> Result<()> {
    if viewer.is_superuser() || held.is_empty() {
        return Ok(());
    }
    let (tree, all) = (tree_within(write).await?, potential(write).await?);
    for (dept, role) in held {
        let Some(grant) = all.get(*role) else { continue };
        ensure_can_grant(viewer, &tree, grant, *dept).map_err(|_| Error::NotAllowed(refusal.into()))?;
    }
    Ok(())
}

/// Refuses to change roles where these, or others that somebody has beside them, give more of what the change needs than
/// the viewer has.
pub(super) async fn ensure_may_change(
    write: &mut Write<'_>,
    viewer: &Viewer,
    tree: &DeptTree,
    roles: &[RoleId],
    needs: Needs,
) -> Result<()> {
    if viewer.is_superuser() {
        return Ok(());
    }
    let all = potential(write).await?;
    for grant in roles.iter().filter_map(|role| all.get(*role)) {
        needs.ensure(viewer, tree, grant, Holder::Anybody)?;
    }
    let refusal = "Somebody who has this role sees rows or holds permissions that you do not, and the change would count \
                   for these too.";
    for (dept, role) in repository::held_beside(write.conn(), roles, viewer.identity()?.user_id).await? {
        let Some(grant) = all.get(role) else { continue };
        needs.ensure(viewer, tree, grant, Holder::In(dept)).map_err(|_| Error::NotAllowed(refusal.into()))?;
    }
    Ok(())
}

/// Refuses to switch on or off, or to move, a department whose members, or those of what lies below it, hold more than
/// the viewer. This is the [`Ceiling`](crate::domains::Ceiling) of departments.
pub fn ensure_reaches_members<'a>(
    write: &'a mut Write<'_>,
    viewer: &'a Viewer,
    dept: DeptId,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let held = repository::held_within(write.conn(), dept, viewer.identity()?.user_id).await?;
        let refusal = "Somebody in this department, or below it, holds permissions or sees rows that you do not: you can \
                       neither enable, disable nor move it.";
        ensure_outranks(write, viewer, &held, refusal).await
    })
}

/// Refuses to change what a menu grants where a role that has it, or who has that role, sees more rows than the viewer.
/// This is the [`Ceiling`](crate::domains::Ceiling) of menus.
pub fn ensure_reaches_roles_of<'a>(
    write: &'a mut Write<'_>,
    viewer: &'a Viewer,
    menu: MenuId,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let tree = tree_within(write).await?;
        let having = repository::of_menus(write.conn(), &[menu]).await?;
        let roles: Vec<_> = having.iter().map(|(_, role)| role.id).collect();
        ensure_may_change(write, viewer, &tree, &roles, Needs::Rows).await
    })
}

/// Fails if this transaction has taken from the viewer, who is a member of `dept` now, what they need to take it back:
/// the permission that they have used, or rows that they saw.
pub async fn ensure_not_locked_out(
    write: &mut Write<'_>,
    viewer: &Viewer,
    tree: &DeptTree,
    used: Permission,
    dept: Option<DeptId>,
) -> Result<()> {
    if viewer.is_superuser() {
        return Ok(());
    }
    menus::service::ensure_still_allowed(write, viewer, used).await?;
    let me = viewer.identity()?.user_id;
    let held = repository::ids_of_user(write.conn(), me).await?;
    if tree.covers(&enabled(write).await?.scope(&held, me, dept), viewer.scope()) {
        return Ok(());
    }
    Err(Error::NotAllowed(
        "This would take rows from yourself that you see now, and you could not get them back. Ask somebody who sees all."
            .into(),
    ))
}
