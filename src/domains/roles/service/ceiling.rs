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
    Needs::Both.ensure(viewer, tree, grant, dept)
}

/// What the viewer must have of a role that somebody has beside the changed one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Where permissions change.
    Rows,
    /// Where rows change.
    Permissions,
    Both,
}

impl Needs {
    fn ensure(self, viewer: &Viewer, tree: &DeptTree, grant: &RoleGrant, dept: Option<DeptId>) -> Result<()> {
        if self != Self::Rows {
            viewer.ensure_holds(grant.permissions)?;
        }
        let is_covered = |dept, below| tree.is_covered(dept, viewer.scope(), below);
        let sees = match grant.data_scope {
            DataScope::All => viewer.scope().is_all(),
            DataScope::DeptAndBelow => dept.is_none_or(|dept| is_covered(dept, true)),
            DataScope::Dept => dept.is_none_or(|dept| is_covered(dept, false)),
            DataScope::Own => true,
            DataScope::Custom => grant.depts.iter().all(|dept| is_covered(*dept, false)),
        };
        if sees || self == Self::Permissions { Ok(()) } else { Err(more_rows()) }
    }
}

fn more_rows() -> Error {
    Error::NotAllowed("You cannot grant or take away a view of more rows than you see yourself.".into())
}

/// Refuses to give a role a scope, or to take it away, that shows its holders rows which the viewer does not see.
pub(super) fn ensure_scope_allowed(viewer: &Viewer, tree: &DeptTree, scope: DataScope, depts: &[DeptId]) -> Result<()> {
    let allowed = match scope {
        DataScope::Own => true,
        DataScope::Custom => depts.iter().all(|dept| tree.is_covered(*dept, viewer.scope(), false)),
        // Holders may be in any department.
        DataScope::All | DataScope::Dept | DataScope::DeptAndBelow => viewer.scope().is_all(),
    };
    if allowed {
        return Ok(());
    }
    Err(more_rows())
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
    let tree = tree_within(write).await?;
    ensure_has(write, viewer, &tree, held, Needs::Both, refusal).await
}

async fn ensure_has(
    write: &mut Write<'_>,
    viewer: &Viewer,
    tree: &DeptTree,
    held: &[(Option<DeptId>, RoleId)],
    needs: Needs,
    refusal: &str,
) -> Result<()> {
    let all = potential(write).await?;
    let grants = held.iter().filter_map(|(dept, role)| Some((*dept, all.get(*role)?)));
    for (dept, grant) in grants {
        needs.ensure(viewer, tree, grant, dept).map_err(|_| Error::NotAllowed(refusal.into()))?;
    }
    Ok(())
}

/// Refuses to change roles that somebody has beside others which, in what the change needs, give more than the viewer
/// has.
pub(super) async fn ensure_not_below(
    write: &mut Write<'_>,
    viewer: &Viewer,
    tree: &DeptTree,
    roles: &[RoleId],
    needs: Needs,
) -> Result<()> {
    if viewer.is_superuser() {
        return Ok(());
    }
    let held = repository::held_beside(write.conn(), roles, viewer.identity()?.user_id).await?;
    let refusal = "Somebody who has this role sees rows or holds permissions that you do not, and the change would count \
                   for these too.";
    ensure_has(write, viewer, tree, &held, needs, refusal).await
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
        let ids: Vec<_> = having.iter().map(|(_, role)| role.id).collect();
        let shown = repository::depts_of(write.conn(), &ids).await?;
        for (_, role) in &having {
            let depts: Vec<_> = shown.iter().filter(|(id, _)| *id == role.id).map(|(_, dept)| *dept).collect();
            ensure_scope_allowed(viewer, &tree, role.data_scope, &depts)?;
        }
        ensure_not_below(write, viewer, &tree, &ids, Needs::Rows).await
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
