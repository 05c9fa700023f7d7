//! First data: the administrator, a menu for everything that there is, and a role that holds it all.

use secrecy::SecretString;

use crate::app::App;
use crate::domains::menus::model::{Menu, MenuKind};
use crate::domains::{menus, roles, users};
use crate::error::Result;
use crate::security::{Permission, Viewer, generate_password};

/// The name of the first account.
pub const ADMIN: &str = "admin";

pub struct Seeded {
    pub admin_username: String,
    /// The administrator's password, if this start has made one up.
    pub generated_password: Option<String>,
    /// Whether this start has made the administrator.
    pub created: bool,
}

/// Puts first data into an empty database; does nothing to one with users.
pub async fn run(app: &App, admin_password: Option<SecretString>) -> Result<Seeded> {
    let viewer = Viewer::command("first start");
    if menus::service::count(app, &Default::default()).await? == 0 {
        let (menus, granted) = tree(app);
        let mut write = app.write(&viewer).await?;
        write.serialize(crate::db::Lock::Migration).await?;
        if menus::service::insert_first(&mut write, &menus).await? {
            roles::service::insert_first(&mut write, "Administrator", &granted).await?;
            write.commit().await?;
        }
    }
    let generated = admin_password.is_none().then(generate_password);
    let password = admin_password.unwrap_or_else(|| generated.clone().unwrap_or_default().into());
    let created = users::service::ensure_first_superuser(app, &viewer, ADMIN, password).await?;
    // An administrator of another name may have been made from the command line.
    let admin_username = match users::service::oldest_superuser(app).await? {
        Some(user) => user.username,
        None => ADMIN.into(),
    };
    Ok(Seeded { admin_username, generated_password: generated.filter(|_| created), created })
}

/// A page of the back office. Its path and component are made from its name.
struct Page {
    title: &'static str,
    name: &'static str,
    icon: &'static str,
    /// What opening the page needs.
    read: Permission,
    /// What can be done on it, one button each.
    buttons: &'static [(&'static str, Permission)],
}

/// Every permission of the catalogue is on one of these; a test sees to it.
const DIRECTORIES: &[(&str, &str, &str, &[Page])] = &[
    (
        "System",
        "System",
        "carbon:settings",
        &[
            Page {
                title: "Departments",
                name: "SysDept",
                icon: "mingcute:department-line",
                read: Permission::DeptRead,
                buttons: &[
                    ("Add", Permission::DeptAdd),
                    ("Edit", Permission::DeptEdit),
                    ("Delete", Permission::DeptDelete),
                ],
            },
            Page {
                title: "Users",
                name: "SysUser",
                icon: "ant-design:user-outlined",
                read: Permission::UserRead,
                buttons: &[
                    ("Add", Permission::UserAdd),
                    ("Edit", Permission::UserEdit),
                    ("Delete", Permission::UserDelete),
                    ("Read contact data", Permission::UserContactRead),
                    ("Choose roles", Permission::UserRoleEdit),
                    ("Reset password", Permission::UserPasswordReset),
                    ("Unlock", Permission::UserUnlock),
                ],
            },
            Page {
                title: "Roles",
                name: "SysRole",
                icon: "carbon:user-role",
                read: Permission::RoleRead,
                buttons: &[
                    ("Add", Permission::RoleAdd),
                    ("Edit", Permission::RoleEdit),
                    ("Delete", Permission::RoleDelete),
                    ("Choose menus", Permission::RoleMenuEdit),
                    ("Set data scope", Permission::RoleScopeEdit),
                ],
            },
            Page {
                title: "Menus",
                name: "SysMenu",
                icon: "ant-design:menu-outlined",
                read: Permission::MenuRead,
                buttons: &[
                    ("Add", Permission::MenuAdd),
                    ("Edit", Permission::MenuEdit),
                    ("Delete", Permission::MenuDelete),
                ],
            },
        ],
    ),
    (
        "Logs",
        "Log",
        "carbon:cloud-logging",
        &[
            Page { title: "Logins", name: "LoginLog", icon: "mdi:login", read: Permission::LoginLogRead, buttons: &[] },
            Page {
                title: "Operations",
                name: "OperationLog",
                icon: "carbon:operations-record",
                read: Permission::OperationLogRead,
                buttons: &[],
            },
        ],
    ),
    (
        "Monitor",
        "Monitor",
        "carbon:cloud-monitoring",
        &[Page {
            title: "Online sessions",
            name: "OnlineSession",
            icon: "carbon:user-online",
            read: Permission::SessionRead,
            buttons: &[("End", Permission::SessionKick)],
        }],
    ),
];

/// The first menus, parents before children.
fn tree(app: &App) -> (Vec<Menu>, Vec<crate::ids::MenuId>) {
    let now = app.clock.now();
    let mut menus = Vec::new();
    for (place, (title, name, icon, pages)) in (0..).zip(DIRECTORIES) {
        let path = format!("/{}", name.to_lowercase());
        let directory = Menu {
            path: Some(path.clone()),
            icon: Some((*icon).into()),
            sort: place,
            ..Menu::new(MenuKind::Directory, *title, *name, now)
        };
        let directory_id = directory.id;
        menus.push(directory);
        for (place, page) in (0..).zip(*pages) {
            let file = page.name.to_lowercase();
            let menu = Menu {
                path: Some(format!("{path}/{file}")),
                component: Some(format!("{path}/{file}/index")),
                icon: Some(page.icon.into()),
                sort: place,
                parent_id: Some(directory_id),
                permissions: page.read.into(),
                ..Menu::new(MenuKind::Menu, page.title, page.name, now)
            };
            let menu_id = menu.id;
            menus.push(menu);
            for (place, (title, permission)) in (0..).zip(page.buttons) {
                menus.push(Menu {
                    sort: place,
                    parent_id: Some(menu_id),
                    permissions: (*permission).into(),
                    ..Menu::new(MenuKind::Button, *title, permission.code(), now)
                });
            }
        }
    }
    let ids = menus.iter().map(|menu| menu.id).collect();
    (menus, ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_is_on_a_menu() {
        let pages = DIRECTORIES.iter().flat_map(|(.., pages)| *pages);
        let on_menus = pages
            .flat_map(|page| std::iter::once(page.read).chain(page.buttons.iter().map(|(_, permission)| *permission)));
        let mut on_menus: Vec<_> = on_menus.collect();
        on_menus.sort_unstable();
        assert_eq!(on_menus, Permission::ALL, "each permission belongs on one page in DIRECTORIES");
    }
}
