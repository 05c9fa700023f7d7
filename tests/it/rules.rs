//! The rules that stand above permissions: nobody grants what they lack, outranks a superuser, or locks themselves out.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{TestApp, on_each_database};

const SET_ROLES: &str =
    "mutation($user: ID!, $roles: [ID!]!) { setUserRoles(input: {userId: $user, roleIds: $roles}) { user { id } } }";
const SET_MENUS: &str =
    "mutation($role: ID!, $menus: [ID!]!) { setRoleMenus(input: {roleId: $role, menuIds: $menus}) { role { id } } }";

on_each_database!(
    nobody_adds_a_menu_whose_permission_they_lack,
    nobody_hands_out_a_role_beyond_their_own,
    nobody_shows_more_rows_than_they_see,
    only_superusers_change_superusers,
    the_last_superuser_stays_and_nobody_locks_themselves_out,
    staff_is_needed_for_back_office_writes,
    trees_take_no_cycles,
    what_is_in_use_refuses_deletion_and_says_by_how_much,
    names_and_addresses_are_unique_in_any_case,
    of_two_changes_to_one_version_one_wins,
    replaced_links_are_a_diff,
    switching_off_takes_effect_on_the_next_request,
    changes_without_a_version_do_not_conflict,
);

/// The reference let a holder of `sys:role:menu:edit` give any menu to their own role.
async fn nobody_adds_a_menu_whose_permission_they_lack(app: TestApp) {
    let clerk = app
        .user()
        .permissions(&["sys:role:read", "sys:menu:read", "sys:role:menu:edit"])
        .scope("ALL")
        .staff()
        .login()
        .await;
    let role = clerk.role_id.clone();
    let all = app.admin().await.data("{ menus(first: 100) { nodes { id } } }", json!({})).await;
    let all: Vec<_> = all["menus"]["nodes"].as_array().unwrap().iter().map(|menu| menu["id"].clone()).collect();
    let answer = clerk.run(SET_MENUS, json!({ "role": role, "menus": all })).await;
    assert_eq!(answer.code(), Some("FORBIDDEN"));
    assert!(answer.message().contains("`sys:user:del`"), "{}", answer.message());
    let held = clerk.run("{ viewer { permissions } }", json!({})).await;
    assert_eq!(held.data()["viewer"]["permissions"], json!(["sys:role:read", "sys:role:menu:edit", "sys:menu:read"]));
}

async fn nobody_hands_out_a_role_beyond_their_own(app: TestApp) {
    let clerk = app.user().permissions(&["sys:user:read", "sys:user:role:edit"]).scope("ALL").staff().login().await;
    let strong = app.user().permissions(&["sys:user:del"]).scope("SELF").role_only().await;
    let weak = app.user().permissions(&["sys:user:read"]).scope("SELF").role_only().await;
    let someone = app.user().login().await;
    let denied = clerk.run(SET_ROLES, json!({ "user": someone.id, "roles": [strong] })).await;
    assert_eq!(denied.code(), Some("FORBIDDEN"));
    let granted = clerk.run(SET_ROLES, json!({ "user": someone.id, "roles": [weak] })).await;
    assert_eq!(granted.code(), None);
}

async fn nobody_shows_more_rows_than_they_see(app: TestApp) {
    let admin = app.admin().await;
    let dept = admin.dept("Branch", None).await;
    let clerk = app
        .user()
        .permissions(&["sys:user:read", "sys:user:role:edit", "sys:role:scope:edit"])
        .scope("DEPT")
        .dept(&dept)
        .staff()
        .login()
        .await;
    let wide = app.user().permissions(&["sys:user:read"]).scope("ALL").role_only().await;
    let someone = app.user().dept(&dept).login().await;
    let denied = clerk.run(SET_ROLES, json!({ "user": someone.id, "roles": [wide] })).await;
    assert_eq!(denied.code(), Some("FORBIDDEN"));
    let own = clerk
        .run(
            "mutation($role: ID!) { setRoleDataScope(input: {roleId: $role, dataScope: ALL}) { role { id } } }",
            json!({ "role": clerk.role_id }),
        )
        .await;
    assert_eq!(own.code(), Some("FORBIDDEN"));
}

async fn only_superusers_change_superusers(app: TestApp) {
    let clerk = app
        .user()
        .permissions(&["sys:user:read", "sys:user:edit", "sys:user:del", "sys:user:password:reset"])
        .scope("ALL")
        .staff()
        .login()
        .await;
    let admin = app.admin().await.id.clone();
    for (mutation, field) in [
        ("mutation($id: ID!) { deleteUsers(input: {ids: [$id]}) { deletedIds } }", "deleteUsers"),
        (
            "mutation($id: ID!) { setUserStatus(input: {userId: $id, status: DISABLED}) { user { id } } }",
            "setUserStatus",
        ),
        (
            "mutation($id: ID!) { updateUser(input: {id: $id, version: 1, nickname: \"x\"}) { user { id } } }",
            "updateUser",
        ),
        (
            "mutation($id: ID!) { resetUserPassword(input: {userId: $id, password: \"Taken0ver-kettle\"}) { user { id } } }",
            "resetUserPassword",
        ),
        (
            "mutation($id: ID!) { setUserFlags(input: {userId: $id, isSuperuser: false}) { user { id } } }",
            "setUserFlags",
        ),
    ] {
        let answer = clerk.run(mutation, json!({ "id": admin })).await;
        assert_eq!((answer.code(), &answer.body["data"][field]), (Some("FORBIDDEN"), &Value::Null), "{field}");
    }
    let promotion = clerk
        .run(
            "mutation($id: ID!) { setUserFlags(input: {userId: $id, isSuperuser: true}) { user { id } } }",
            json!({ "id": clerk.id }),
        )
        .await;
    assert_eq!(promotion.code(), Some("FORBIDDEN"));
}

async fn the_last_superuser_stays_and_nobody_locks_themselves_out(app: TestApp) {
    let admin = app.admin().await;
    let id = admin.id.clone();
    for mutation in [
        "mutation($id: ID!) { deleteUsers(input: {ids: [$id]}) { deletedIds } }",
        "mutation($id: ID!) { setUserStatus(input: {userId: $id, status: DISABLED}) { user { id } } }",
        "mutation($id: ID!) { setUserFlags(input: {userId: $id, isSuperuser: false}) { user { id } } }",
        "mutation($id: ID!) { setUserFlags(input: {userId: $id, isStaff: false}) { user { id } } }",
    ] {
        assert_eq!(admin.run(mutation, json!({ "id": id })).await.code(), Some("FORBIDDEN"), "{mutation}");
    }
    // Another one can be disabled: the one who does it is left.
    let second = app.user().superuser().login().await;
    let disabled = admin
        .run(
            "mutation($id: ID!) { setUserStatus(input: {userId: $id, status: DISABLED}) { user { status } } }",
            json!({ "id": second.id }),
        )
        .await;
    assert_eq!(disabled.data()["setUserStatus"]["user"]["status"], "DISABLED");

    let clerk = app
        .user()
        .permissions(&["sys:role:read", "sys:role:edit", "sys:role:menu:edit", "sys:user:role:edit", "sys:user:read"])
        .scope("ALL")
        .staff()
        .login()
        .await;
    let role = clerk.run("query($id: ID!) { role(id: $id) { version } }", json!({ "id": clerk.role_id })).await;
    let version = role.data()["role"]["version"].clone();
    for (mutation, variables) in [
        (SET_MENUS, json!({ "role": clerk.role_id, "menus": [] })),
        (SET_ROLES, json!({ "user": clerk.id, "roles": [] })),
        (
            "mutation($id: ID!, $version: Int!) { updateRole(input: {id: $id, version: $version, status: DISABLED}) { role { id } } }",
            json!({ "id": clerk.role_id, "version": version }),
        ),
    ] {
        let answer = clerk.run(mutation, variables).await;
        assert_eq!(answer.code(), Some("FORBIDDEN"), "{mutation}");
        assert!(answer.message().contains("lock yourself out"), "{}", answer.message());
    }
}

async fn staff_is_needed_for_back_office_writes(app: TestApp) {
    let clerk = app.user().permissions(&["sys:dept:add", "sys:dept:read"]).scope("ALL").login().await;
    let answer = clerk.run("mutation { createDept(input: {name: \"New\"}) { dept { id } } }", json!({})).await;
    assert_eq!(answer.code(), Some("FORBIDDEN"));
    assert!(answer.message().contains("staff"), "{}", answer.message());
}

async fn trees_take_no_cycles(app: TestApp) {
    let admin = app.admin().await;
    let top = admin.dept("Top", None).await;
    let middle = admin.dept("Middle", Some(&top)).await;
    let bottom = admin.dept("Bottom", Some(&middle)).await;
    for parent in [&top, &middle, &bottom] {
        let answer = admin.run(
            "mutation($id: ID!, $parent: ID) { updateDept(input: {id: $id, version: 1, parentId: $parent}) { dept { id } } }",
            json!({ "id": top, "parent": parent }),
        ).await;
        assert_eq!(answer.field().1, "CYCLE");
    }
    // A legal move takes everything below along.
    let moved = admin
        .run(
            "mutation($id: ID!) { updateDept(input: {id: $id, version: 1, parentId: null}) { dept { parentId } } }",
            json!({ "id": middle }),
        )
        .await;
    assert_eq!(moved.data()["updateDept"]["dept"]["parentId"], json!(null));
    let ancestors =
        admin.run("query($id: ID!) { dept(id: $id) { ancestors { name } } }", json!({ "id": bottom })).await;
    assert_eq!(ancestors.data()["dept"]["ancestors"], json!([{ "name": "Middle" }]));

    let menus =
        admin.run("{ menus(filter: {text: \"System\"}) { nodes { id version children { id } } } }", json!({})).await;
    let menu = &menus.data()["menus"]["nodes"][0];
    let answer = admin.run(
        "mutation($id: ID!, $version: Int!, $parent: ID) { updateMenu(input: {id: $id, version: $version, parentId: $parent}) { menu { id } } }",
        json!({ "id": menu["id"], "version": menu["version"], "parent": menu["children"][0]["id"] }),
    ).await;
    assert_eq!(answer.field().1, "CYCLE");
}

async fn what_is_in_use_refuses_deletion_and_says_by_how_much(app: TestApp) {
    let admin = app.admin().await;
    let top = admin.dept("Top", None).await;
    admin.dept("Below", Some(&top)).await;
    let user = app.user().dept(&top).permissions(&["sys:user:read"]).login().await;
    let dept =
        admin.run("mutation($id: ID!) { deleteDept(input: {id: $id}) { deletedId } }", json!({ "id": top })).await;
    assert_eq!(dept.message(), "The department still has 1 child department and 1 user.");
    let role = admin
        .run("mutation($id: ID!) { deleteRoles(input: {ids: [$id]}) { deletedIds } }", json!({ "id": user.role_id }))
        .await;
    assert_eq!(role.code(), Some("CONFLICT"));
    assert!(role.message().contains("1 user"), "{}", role.message());
    let menus = admin.run("{ menus(filter: {text: \"System\"}) { nodes { id children { id } } } }", json!({})).await;
    let menu = admin
        .run(
            "mutation($id: ID!) { deleteMenu(input: {id: $id}) { deletedId } }",
            json!({ "id": menus.data()["menus"]["nodes"][0]["id"] }),
        )
        .await;
    assert_eq!(menu.code(), Some("CONFLICT"));
    let children = menus.data()["menus"]["nodes"][0]["children"].as_array().unwrap().len();
    assert_eq!(menu.message(), format!("The menu still has {children} child menus."));
}

async fn names_and_addresses_are_unique_in_any_case(app: TestApp) {
    let admin = app.admin().await;
    let create = "mutation($name: String!, $email: String) { createUser(input: {username: $name, password: \"Secret-kettle-123\", email: $email}) { user { id } } }";
    assert_eq!(admin.run(create, json!({ "name": "Grace", "email": "Grace@example.com" })).await.code(), None);
    for (name, email, field) in
        [("gRACE", "other@example.com", "input.username"), ("Other", "grace@EXAMPLE.com", "input.email")]
    {
        let answer = admin.run(create, json!({ "name": name, "email": email })).await;
        assert_eq!(answer.code(), Some("CONFLICT"));
        assert_eq!(answer.field().0, field);
    }
    assert_eq!(admin.run(create, json!({ "name": "Other", "email": null })).await.code(), None);
    assert_eq!(admin.run(create, json!({ "name": "Another", "email": null })).await.code(), None);
}

async fn of_two_changes_to_one_version_one_wins(app: TestApp) {
    let admin = app.admin().await;
    let user = app.user().login().await;
    let update = "mutation($id: ID!, $name: String!) { updateUser(input: {id: $id, version: 1, nickname: $name}) { user { version } } }";
    let version = admin.run("query($id: ID!) { user(id: $id) { version } }", json!({ "id": user.id })).await;
    assert_eq!(version.data()["user"]["version"], 1);
    let names: Vec<_> = (0..8).map(|n| format!("Name {n}")).collect();
    let answers = futures_util::future::join_all(
        names.iter().map(|name| admin.run(update, json!({ "id": user.id, "name": name }))),
    )
    .await;
    let won = answers.iter().filter(|answer| answer.errors().is_empty()).count();
    let lost = answers.iter().filter(|answer| !answer.errors().is_empty() && answer.code() == Some("CONFLICT")).count();
    assert_eq!((won, lost), (1, 7));
}

/// What is in both lists is not touched, and the record names the difference.
async fn replaced_links_are_a_diff(app: TestApp) {
    let admin = app.admin().await;
    let (a, b, c) = (
        app.user().permissions(&[]).scope("SELF").role_only().await,
        app.user().permissions(&[]).scope("SELF").role_only().await,
        app.user().permissions(&[]).scope("SELF").role_only().await,
    );
    let user = app.user().login().await;
    admin.run(SET_ROLES, json!({ "user": user.id, "roles": [a, b] })).await;
    admin.run(SET_ROLES, json!({ "user": user.id, "roles": [b, c, c] })).await;
    let log = admin
        .run(
            "{ operationLogs(first: 1) { nodes { field changes { targetId fields { name before after } } } } }",
            json!({}),
        )
        .await;
    let change = &log.data()["operationLogs"]["nodes"][0]["changes"][0];
    assert_eq!(change["fields"][0]["name"], "roles");
    let mut before = vec![a, b.clone()];
    let mut after = vec![b, c];
    before.sort();
    after.sort();
    assert_eq!((&change["fields"][0]["before"], &change["fields"][0]["after"]), (&json!(before), &json!(after)));
}

async fn switching_off_takes_effect_on_the_next_request(app: TestApp) {
    let admin = app.admin().await;
    let dept = admin.dept("Branch", None).await;
    let user = app.user().permissions(&["sys:user:read"]).scope("ALL").dept(&dept).login().await;
    let users = "{ users(first: 1) { nodes { id } } }";
    assert_eq!(user.run(users, json!({})).await.code(), None);

    let set_role = "mutation($id: ID!, $version: Int!, $status: Status!) { updateRole(input: {id: $id, version: $version, status: $status}) { role { version } } }";
    let version =
        |answer: &crate::support::Answer, field: &str, object: &str| answer.data()[field][object]["version"].clone();
    let role = admin.run("query($id: ID!) { role(id: $id) { version } }", json!({ "id": user.role_id })).await;
    let off = admin
        .run(set_role, json!({ "id": user.role_id, "version": role.data()["role"]["version"], "status": "DISABLED" }))
        .await;
    assert_eq!(user.run(users, json!({})).await.code(), Some("FORBIDDEN"));
    admin
        .run(
            set_role,
            json!({ "id": user.role_id, "version": version(&off, "updateRole", "role"), "status": "ENABLED" }),
        )
        .await;
    assert_eq!(user.run(users, json!({})).await.code(), None);

    let set_dept = "mutation($id: ID!, $version: Int!, $status: Status!) { updateDept(input: {id: $id, version: $version, status: $status}) { dept { version } } }";
    let off = admin.run(set_dept, json!({ "id": dept, "version": 1, "status": "DISABLED" })).await;
    assert_eq!(user.run(users, json!({})).await.code(), Some("UNAUTHENTICATED"));
    admin
        .run(set_dept, json!({ "id": dept, "version": version(&off, "updateDept", "dept"), "status": "ENABLED" }))
        .await;
    assert_eq!(user.run(users, json!({})).await.code(), None);

    let set_user =
        "mutation($id: ID!, $status: Status!) { setUserStatus(input: {userId: $id, status: $status}) { user { id } } }";
    admin.run(set_user, json!({ "id": user.id, "status": "DISABLED" })).await;
    assert_eq!(user.run(users, json!({})).await.code(), Some("UNAUTHENTICATED"));
    // Its sessions have ended: enabling the account does not bring them back.
    admin.run(set_user, json!({ "id": user.id, "status": "ENABLED" })).await;
    assert_eq!(user.run(users, json!({})).await.code(), Some("UNAUTHENTICATED"));

    let reader = app.user().permissions(&["sys:user:read"]).scope("ALL").login().await;
    let menus = admin.data("{ menus(first: 100) { nodes { id version permissions } } }", json!({})).await;
    let menus = menus["menus"]["nodes"].as_array().unwrap().iter();
    for menu in menus.filter(|menu| menu["permissions"].as_array().unwrap().contains(&json!("sys:user:read"))) {
        assert_eq!(reader.run(users, json!({})).await.code(), None);
        let off = "mutation($id: ID!, $v: Int!) { updateMenu(input: {id: $id, version: $v, status: DISABLED}) { menu { id } } }";
        admin.data(off, json!({ "id": menu["id"], "v": menu["version"] })).await;
    }
    assert_eq!(reader.run(users, json!({})).await.code(), Some("FORBIDDEN"));
}

/// There is no version that could be too old.
async fn changes_without_a_version_do_not_conflict(app: TestApp) {
    let (admin, user) = (app.admin().await, app.user().login().await);
    let profile = "mutation($name: String!) { updateProfile(input: {nickname: $name}) { user { id } } }";
    // Not the flag that ends sessions.
    let flags =
        "mutation($id: ID!, $on: Boolean!) { setUserFlags(input: {userId: $id, isStaff: $on}) { user { id } } }";
    let names: Vec<_> = (0..8).map(|n| json!({ "name": format!("Name {n}") })).collect();
    let changes = names.iter().map(|name| user.run(profile, name.clone()));
    let flagged = (0..4).map(|n| admin.run(flags, json!({ "id": user.id, "on": n % 2 == 0 })));
    let (changed, flagged) = join(join_all(changes), join_all(flagged)).await;
    for answer in changed.iter().chain(&flagged) {
        assert_eq!(answer.code(), None, "{:#}", answer.body);
    }
}
