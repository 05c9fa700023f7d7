//! Rights count together with the rows that they are for, and with whoever else they would reach.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, on_each_database, text};

const SET_MENUS: &str =
    "mutation($role: ID!, $menus: [ID!]!) { setRoleMenus(input: {roleId: $role, menuIds: $menus}) { role { id } } }";
const SET_SCOPE: &str = "mutation($role: ID!, $scope: DataScope!) { setRoleDataScope(input: {roleId: $role, dataScope: $scope}) { role { id } } }";
const SET_ROLES: &str =
    "mutation($user: ID!, $roles: [ID!]!) { setUserRoles(input: {userId: $user, roleIds: $roles}) { user { id } } }";

const UPDATE_DEPT: &str = "mutation($input: UpdateDeptInput!) { updateDept(input: $input) { dept { version } } }";

on_each_database!(
    permissions_of_a_role_are_bound_with_its_rows,
    rows_of_a_role_are_bound_with_its_permissions,
    one_role_is_bound_with_the_others_of_its_holder,
    who_holds_more_is_left_alone,
    whether_somebody_has_a_department_needs_the_right_to_departments,
    a_department_is_bound_with_what_its_members_hold,
    a_department_is_bound_with_what_lies_below_it,
    codes_of_a_menu_are_bound_with_the_rows_of_its_roles,
    codes_of_a_menu_are_bound_with_the_rows_of_other_roles,
    nobody_narrows_their_own_rows,
    a_changed_role_is_bound_with_the_others_of_its_holders,
);
const UPDATE_MENU: &str = "mutation($i: UpdateMenuInput!) { updateMenu(input: $i) { menu { version } } }";
const DELETE_MENU: &str = "mutation($id: ID!) { deleteMenu(input: {id: $id}) { deletedId } }";

async fn menu_of(app: &TestApp, code: &str) -> Value {
    let menus = app.admin().await.data("{ menus(first: 100) { nodes { id permissions } } }", json!({})).await;
    let menus = menus["menus"]["nodes"].as_array().unwrap();
    menus.iter().find(|menu| menu["permissions"] == json!([code])).unwrap()["id"].clone()
}

async fn refused(client: &Client, query: &str, variables: Value) {
    let answer = client.run(query, variables).await;
    assert_eq!(answer.code(), Some("FORBIDDEN"), "{:#}", answer.body);
}

async fn permissions_of_a_role_are_bound_with_its_rows(app: TestApp) {
    let reader = app.user().permissions(&["sys:user:read"]).scope("ALL").staff().login().await;
    let codes = ["sys:role:read", "sys:role:menu:edit", "sys:menu:read", "sys:user:read", "sys:user:del"];
    let narrow = app.user().permissions(&codes).scope("SELF").staff().login().await;
    let wide = app.user().permissions(&codes).scope("ALL").staff().login().await;
    let (read, delete) = (menu_of(&app, "sys:user:read").await, menu_of(&app, "sys:user:del").await);
    let both = json!({ "role": reader.role_id, "menus": [read, delete] });
    refused(&narrow, SET_MENUS, both.clone()).await;
    refused(&narrow, SET_MENUS, json!({ "role": reader.role_id, "menus": [] })).await;
    wide.data(SET_MENUS, both).await;
}

async fn rows_of_a_role_are_bound_with_its_permissions(app: TestApp) {
    let deleter = app.user().permissions(&["sys:user:read", "sys:user:del"]).scope("SELF").staff().login().await;
    let codes = ["sys:role:read", "sys:role:scope:edit"];
    let without = app.user().permissions(&codes).scope("ALL").staff().login().await;
    let all = json!({ "role": deleter.role_id, "scope": "ALL" });
    refused(&without, SET_SCOPE, all.clone()).await;
    let codes = [&codes[..], &["sys:user:read", "sys:user:del"]].concat();
    app.user().permissions(&codes).scope("ALL").staff().login().await.data(SET_SCOPE, all).await;
}

async fn one_role_is_bound_with_the_others_of_its_holder(app: TestApp) {
    let admin = app.admin().await;
    let dept = admin.dept("A", None).await;
    let codes = ["sys:user:read", "sys:user:del", "sys:user:role:edit", "sys:role:read"];
    let giver = app.user().permissions(&codes).scope("DEPT_AND_BELOW").dept(&dept).staff().login().await;
    let reader = app.user().permissions(&["sys:user:read"]).scope("ALL").dept(&dept).staff().login().await;
    let plain = app.user().dept(&dept).staff().login().await;
    let delete = app.user().permissions(&["sys:user:del"]).scope("SELF").role_only().await;
    refused(&giver, SET_ROLES, json!({ "user": reader.id, "roles": [reader.role_id, delete] })).await;
    giver.data(SET_ROLES, json!({ "user": plain.id, "roles": [delete] })).await;
}

async fn who_holds_more_is_left_alone(app: TestApp) {
    let admin = app.admin().await;
    let dept = admin.dept("A", None).await;
    let codes = ["sys:user:read", "sys:user:edit", "sys:user:del", "sys:user:add"];
    let clerk = app.user().permissions(&codes).scope("DEPT_AND_BELOW").dept(&dept).staff().login().await;
    let boss = app.user().permissions(&["sys:user:read", "log:login:read"]).scope("DEPT").dept(&dept).staff();
    let boss = boss.login().await;
    let peer = app.user().permissions(&["sys:user:read"]).scope("DEPT").dept(&dept).staff().login().await;
    let changes = [
        "mutation($id: ID!) { setUserFlags(input: {userId: $id, isStaff: false}) { user { id } } }",
        "mutation($id: ID!) { setUserFlags(input: {userId: $id, isMultiLogin: false}) { user { id } } }",
        "mutation($id: ID!) { updateUser(input: {id: $id, version: VERSION, username: \"other.name\"}) { user { id } } }",
        "mutation($id: ID!) { setUserStatus(input: {userId: $id, status: DISABLED}) { user { id } } }",
        "mutation($id: ID!) { deleteUsers(input: {ids: [$id]}) { deletedIds } }",
    ];
    for change in changes {
        let version = async |id: &str| {
            let user = admin.data("query($id: ID!) { user(id: $id) { version } }", json!({ "id": id })).await;
            user["user"]["version"].to_string()
        };
        refused(&clerk, &change.replace("VERSION", &version(&boss.id).await), json!({ "id": boss.id })).await;
        clerk.data(&change.replace("VERSION", &version(&peer.id).await), json!({ "id": peer.id })).await;
    }
    assert_eq!(boss.run("{ viewer { user { id } } }", json!({})).await.code(), None);
    let ids = json!({ "ids": [boss.id] });
    let all = "mutation($ids: [ID!]!) { deleteUsers(input: {ids: $ids}) { deletedIds } }";
    assert_eq!(text(&admin.data(all, ids).await["deleteUsers"]["deletedIds"][0]), boss.id);
}

async fn whether_somebody_has_a_department_needs_the_right_to_departments(app: TestApp) {
    let reader = app.user().permissions(&["sys:user:read"]).scope("ALL").login().await;
    for has in [true, false] {
        let query = format!("{{ users(filter: {{hasDept: {has}}}) {{ totalCount }} }}");
        refused(&reader, &query, json!({})).await;
    }
}

async fn a_department_is_bound_with_what_its_members_hold(app: TestApp) {
    let admin = app.admin().await;
    let (upper, lower, aside) =
        (admin.dept("Upper", None).await, admin.dept("Aside", None).await, admin.dept("Elsewhere", None).await);
    let lower_of = admin.dept("Lower", Some(&upper)).await;
    let codes = ["sys:dept:read", "sys:dept:edit"];
    let clerk = app.user().permissions(&codes).scope("ALL").staff().login().await;
    let _peer = app.user().permissions(&["sys:dept:read"]).scope("DEPT").dept(&lower).login().await;
    let _boss = app.user().permissions(&["log:login:read"]).scope("SELF").dept(&lower_of).login().await;
    let change = async |client: &Client, id: &str, change: Value| {
        let dept = admin.data("query($id: ID!) { dept(id: $id) { version } }", json!({ "id": id })).await;
        let mut input = json!({ "id": id, "version": dept["dept"]["version"] });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        client.run(UPDATE_DEPT, json!({ "input": input })).await.code().map(str::to_owned)
    };
    let (on, off, to) = (json!({ "status": "ENABLED" }), json!({ "status": "DISABLED" }), json!({ "parentId": aside }));
    for what in [&off, &to] {
        assert_eq!(change(&clerk, &upper, what.clone()).await.as_deref(), Some("FORBIDDEN"), "{what}");
        assert_eq!(change(&clerk, &lower, what.clone()).await, None, "{what}");
    }
    assert_eq!(change(admin, &upper, off).await, None);
    assert_eq!(change(&clerk, &upper, on.clone()).await.as_deref(), Some("FORBIDDEN"));
    assert_eq!(change(&clerk, &upper, json!({ "name": "Renamed" })).await, None);
    assert_eq!(change(&clerk, &lower, on).await, None);
}

async fn a_department_is_bound_with_what_lies_below_it(app: TestApp) {
    let admin = app.admin().await;
    let upper = admin.dept("Upper", None).await;
    admin.dept("Lower", Some(&upper)).await;
    let codes = ["sys:dept:read", "sys:dept:edit"];
    let sees_one = app.user().permissions(&codes).scope("CUSTOM").scope_depts(&[&upper]).staff().login().await;
    let off = json!({ "input": { "id": upper, "version": 1, "status": "DISABLED" } });
    refused(&sees_one, UPDATE_DEPT, off.clone()).await;
    // Who sees a department by itself, and nothing lies below it, sees all of it.
    let leaf = admin.dept("Leaf", None).await;
    let sees_leaf = app.user().permissions(&codes).scope("CUSTOM").scope_depts(&[&leaf]).staff().login().await;
    sees_leaf.data(UPDATE_DEPT, json!({ "input": { "id": leaf, "version": 1, "status": "DISABLED" } })).await;
    app.user().permissions(&codes).scope("ALL").staff().login().await.data(UPDATE_DEPT, off).await;
}

async fn codes_of_a_menu_are_bound_with_the_rows_of_its_roles(app: TestApp) {
    let admin = app.admin().await;
    let _reader = app.user().permissions(&["sys:user:del"]).scope("ALL").staff().login().await;
    let codes = ["sys:menu:read", "sys:menu:edit", "sys:menu:del", "sys:user:read", "sys:user:del"];
    let narrow = app.user().permissions(&codes).scope("SELF").staff().login().await;
    let wide = app.user().permissions(&codes).scope("ALL").staff().login().await;
    let menu = menu_of(&app, "sys:user:del").await;
    let of_menu = "query($id: ID!) { menu(id: $id) { version } }";
    let version = admin.data(of_menu, json!({ "id": menu })).await["menu"]["version"].clone();
    let more = json!({ "i": { "id": menu, "version": version, "permissions": ["sys:user:read", "sys:user:del"] } });
    let off = json!({ "i": { "id": menu, "version": version, "status": "DISABLED" } });
    refused(&narrow, UPDATE_MENU, more.clone()).await;
    refused(&narrow, UPDATE_MENU, off).await;
    refused(&narrow, DELETE_MENU, json!({ "id": menu })).await;
    narrow.data(UPDATE_MENU, json!({ "i": { "id": menu, "version": version, "icon": "people" } })).await;
    let more = json!({ "i": { "id": menu, "version": version.as_i64().unwrap() + 1, "permissions": more["i"]["permissions"] } });
    wide.data(UPDATE_MENU, more).await;
}

async fn codes_of_a_menu_are_bound_with_the_rows_of_other_roles(app: TestApp) {
    let admin = app.admin().await;
    let codes = ["sys:menu:read", "sys:menu:edit", "sys:menu:del"];
    let narrow = app.user().permissions(&codes).scope("SELF").staff().login().await;
    let friend = app.user().permissions(&["sys:user:read"]).scope("ALL").staff().login().await;
    let own = app.user().scope("SELF").role_only().await;
    let create =
        "mutation { createMenu(input: {title: \"x\", name: \"x\", kind: BUTTON, permissions: [\"sys:dept:add\"]}) {
        menu { id } } }";
    let menu = text(&admin.data(create, json!({})).await["createMenu"]["menu"]["id"]);
    admin.data(SET_MENUS, json!({ "role": own, "menus": [menu] })).await;
    admin.data(SET_ROLES, json!({ "user": narrow.id, "roles": [narrow.role_id, own] })).await;
    let switch = |version, status| json!({ "i": { "id": menu, "version": version, "status": status } });
    narrow.data(UPDATE_MENU, switch(1, "DISABLED")).await;
    admin.data(UPDATE_MENU, switch(2, "ENABLED")).await;
    admin.data(SET_ROLES, json!({ "user": friend.id, "roles": [friend.role_id, own] })).await;
    refused(&narrow, UPDATE_MENU, switch(3, "DISABLED")).await;
    refused(&narrow, DELETE_MENU, json!({ "id": menu })).await;
}

async fn nobody_narrows_their_own_rows(app: TestApp) {
    let admin = app.admin().await;
    let (upper, codes) = (
        admin.dept("Upper", None).await,
        [
            "sys:role:read",
            "sys:role:edit",
            "sys:role:scope:edit",
            "sys:user:read",
            "sys:user:edit",
            "sys:user:role:edit",
        ],
    );
    let lower = admin.dept("Lower", Some(&upper)).await;
    let wide = app.user().permissions(&codes).scope("ALL").dept(&upper).staff().login().await;
    let narrow = app.user().permissions(&codes).scope("DEPT_AND_BELOW").role_only().await;
    let both = json!({ "user": wide.id, "roles": [wide.role_id, narrow] });
    wide.data(SET_ROLES, both).await;

    refused(&wide, SET_SCOPE, json!({ "role": wide.role_id, "scope": "DEPT_AND_BELOW" })).await;
    refused(&wide, SET_ROLES, json!({ "user": wide.id, "roles": [narrow] })).await;
    let off = "mutation($role: ID!) { updateRole(input: {id: $role, version: 2, status: DISABLED}) { role { id } } }";
    refused(&wide, off, json!({ "role": wide.role_id })).await;
    // What changes nothing of that goes through, and so does all of it for somebody else.
    wide.data(SET_SCOPE, json!({ "role": narrow, "scope": "SELF" })).await;
    wide.data(SET_ROLES, json!({ "user": wide.id, "roles": [wide.role_id] })).await;
    wide.data(off, json!({ "role": app.user().permissions(&["sys:role:read"]).scope("ALL").role_only().await })).await;

    let member = app.user().permissions(&codes).scope("DEPT_AND_BELOW").dept(&upper).staff().login().await;
    let to =
        "mutation($id: ID!, $dept: ID) { updateUser(input: {id: $id, version: 1, deptId: $dept}) { user { id } } }";
    refused(&member, to, json!({ "id": member.id, "dept": lower })).await;
    let other = app.user().dept(&upper).login().await;
    member.data(to, json!({ "id": other.id, "dept": lower })).await;
}

/// What a role is given counts on all rows that its holders see, and the rows that it shows with all their permissions.
async fn a_changed_role_is_bound_with_the_others_of_its_holders(app: TestApp) {
    let admin = app.admin().await;
    let branch = admin.dept("Branch", None).await;
    let codes = [
        "sys:role:read",
        "sys:role:edit",
        "sys:role:menu:edit",
        "sys:menu:read",
        "sys:menu:edit",
        "sys:menu:del",
        "sys:user:read",
        "sys:user:del",
    ];
    let narrow = app.user().permissions(&codes).scope("DEPT_AND_BELOW").dept(&branch).staff().login().await;
    let wide = app.user().permissions(&codes).scope("ALL").staff().login().await;
    let friend = app.user().permissions(&["sys:user:read"]).scope("ALL").dept(&branch).staff().login().await;
    let shared = app.user().permissions(&["sys:dept:read"]).scope("SELF").role_only().await;
    let own = app.user().permissions(&["sys:user:del"]).scope("SELF").role_only().await;
    admin.data(SET_ROLES, json!({ "user": friend.id, "roles": [friend.role_id, shared, own] })).await;

    let delete = menu_of(&app, "sys:user:del").await;
    let read = menu_of(&app, "sys:dept:read").await;
    let dept_read = app.user().permissions(&["sys:dept:read"]).scope("ALL").role_only().await;
    admin.data(SET_ROLES, json!({ "user": wide.id, "roles": [wide.role_id, dept_read] })).await;
    let more = json!({ "role": shared, "menus": [read, delete] });
    refused(&narrow, SET_MENUS, more.clone()).await;
    wide.data(SET_MENUS, more).await;
    refused(&narrow, SET_MENUS, json!({ "role": own, "menus": [] })).await;
    let off = "mutation($role: ID!) { updateRole(input: {id: $role, version: 2, status: DISABLED}) { role { id } } }";
    let version = admin.data("query($id: ID!) { role(id: $id) { version } }", json!({ "id": own })).await;
    let off = off.replace("version: 2", &format!("version: {}", version["role"]["version"]));
    refused(&narrow, &off, json!({ "role": own })).await;
    wide.data(&off, json!({ "role": own })).await;

    // Rows: who sees all, but lacks what a holder has by another role, does not show that holder all.
    let codes = ["sys:role:read", "sys:role:scope:edit", "sys:user:read"];
    let shower = app.user().permissions(&codes).scope("ALL").staff().login().await;
    let shown = app.user().permissions(&["sys:user:read"]).scope("SELF").role_only().await;
    let other = app.user().permissions(&["sys:user:del"]).scope("SELF").dept(&branch).staff().login().await;
    admin.data(SET_ROLES, json!({ "user": other.id, "roles": [other.role_id, shown] })).await;
    let all = json!({ "role": shown, "scope": "ALL" });
    refused(&shower, SET_SCOPE, all.clone()).await;
    admin.data(SET_ROLES, json!({ "user": other.id, "roles": [shown] })).await;
    shower.data(SET_SCOPE, all).await;
}
