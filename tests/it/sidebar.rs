//! The side bar is kept between requests, and is never older than the last change.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, on_each_database, text};

on_each_database!(the_side_bar_follows_every_change);

/// The titles, those of children below their parents' in brackets.
async fn shown(client: &Client) -> String {
    fn line(items: &Value) -> String {
        let each = items.as_array().into_iter().flatten().map(|item| match line(&item["children"]).as_str() {
            "" => text(&item["title"]),
            inner => format!("{} [{inner}]", text(&item["title"])),
        });
        each.collect::<Vec<_>>().join(", ")
    }
    let data = client.data("{ viewer { sidebar { title children { title children { title } } } } }", json!({})).await;
    line(&data["viewer"]["sidebar"])
}

async fn the_side_bar_follows_every_change(app: TestApp) {
    let admin = app.admin().await;
    let user = app.user().scope("SELF").login().await;
    let menu = async |title: &str, parent: Option<&str>| {
        const CREATE: &str = "mutation($i: CreateMenuInput!) { createMenu(input: $i) { menu { id } } }";
        let kind = if parent.is_some() { "MENU" } else { "DIRECTORY" };
        let input = json!({ "title": title, "name": title, "kind": kind, "parentId": parent, "sort": -1 });
        text(&admin.data(CREATE, json!({ "i": input })).await["createMenu"]["menu"]["id"])
    };
    let update = async |id: &str, version: i32, change: Value| {
        const UPDATE: &str = "mutation($i: UpdateMenuInput!) { updateMenu(input: $i) { menu { version } } }";
        let mut input = json!({ "id": id, "version": version });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        admin.data(UPDATE, json!({ "i": input })).await;
    };
    assert_eq!(shown(&user).await, "");
    let whole = shown(admin).await;
    let tools = menu("Tools", None).await;
    assert_eq!(shown(admin).await, format!("Tools, {whole}"), "a superuser is shown every menu");
    let hammer = menu("Hammer", Some(&tools)).await;
    assert_eq!(shown(&user).await, "", "it is in none of the user's roles");

    let grant = "mutation($role: ID!, $menus: [ID!]!) { setRoleMenus(input: {roleId: $role, menuIds: $menus}) { role { id } } }";
    admin.data(grant, json!({ "role": user.role_id, "menus": [hammer] })).await;
    assert_eq!(shown(&user).await, "Tools [Hammer]");
    update(&hammer, 1, json!({ "title": "Mallet" })).await;
    assert_eq!((shown(&user).await, shown(admin).await), ("Tools [Mallet]".into(), format!("Tools [Mallet], {whole}")));
    update(&tools, 1, json!({ "status": "DISABLED" })).await;
    assert_eq!((shown(&user).await, shown(admin).await), (String::new(), whole.clone()));
    update(&tools, 2, json!({ "status": "ENABLED" })).await;
    assert_eq!(shown(&user).await, "Tools [Mallet]");

    let set_role = "mutation($i: UpdateRoleInput!) { updateRole(input: $i) { role { version } } }";
    let role = admin.data("query($id: ID!) { role(id: $id) { version } }", json!({ "id": user.role_id })).await;
    let version = role["role"]["version"].as_i64().unwrap();
    for (at, (status, sees)) in [("DISABLED", ""), ("ENABLED", "Tools [Mallet]")].into_iter().enumerate() {
        let input = json!({ "id": user.role_id, "version": version + at as i64, "status": status });
        admin.data(set_role, json!({ "i": input })).await;
        assert_eq!(shown(&user).await, sees);
    }
    let set_roles = "mutation($user: ID!, $roles: [ID!]!) { setUserRoles(input: {userId: $user, roleIds: $roles}) { user { id } } }";
    for (roles, sees) in [(json!([]), ""), (json!([user.role_id]), "Tools [Mallet]")] {
        admin.data(set_roles, json!({ "user": user.id, "roles": roles })).await;
        assert_eq!(shown(&user).await, sees);
    }
    admin.data("mutation($id: ID!) { deleteMenu(input: {id: $id}) { deletedId } }", json!({ "id": hammer })).await;
    assert_eq!((shown(&user).await, shown(admin).await), (String::new(), format!("Tools, {whole}")));

    let promoted = app.user().login().await;
    assert_eq!(shown(&promoted).await, "");
    let promote = "mutation($id: ID!) { setUserFlags(input: {userId: $id, isSuperuser: true}) { user { id } } }";
    admin.data(promote, json!({ "id": promoted.id })).await;
    assert_eq!(shown(&promoted).await, shown(admin).await);
}
