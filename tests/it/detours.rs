//! Nobody comes by a detour to what the direct way refuses, and nobody in a hurry loses or blocks anything.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, TestApp, on_each_database, text};

on_each_database!(
    a_password_is_no_way_to_more_rows,
    nobody_is_brought_within_reach_by_taking_their_rights,
    nobody_moves_a_user_out_of_a_wider_view,
    nobody_switches_on_what_they_lack,
    nobody_makes_a_department_that_they_cannot_see,
    ones_own_password_is_changed_only_with_the_old_one,
    a_moved_department_brings_nothing_unseen_into_view,
    nobody_moves_their_own_department_below_a_disabled_one,
    a_disabled_menu_is_no_way_to_a_permission,
    two_superusers_do_not_unmake_each_other,
    records_tell_nothing_of_what_is_out_of_scope,
    records_tell_nothing_of_sessions_out_of_scope,
    records_tell_no_bystander_what_is_taken,
    a_login_in_the_same_request_gives_no_further_right,
    a_refused_text_with_a_null_character_is_recorded,
    what_nobody_may_do_takes_little_room_in_the_log,
    many_refreshes_at_once_need_one_connection_each,
    an_update_does_not_bring_back_an_earlier_login,
);

const SET_MENUS: &str =
    "mutation($role: ID!, $menus: [ID!]!) { setRoleMenus(input: {roleId: $role, menuIds: $menus}) { role { id } } }";
const SET_ROLES: &str =
    "mutation($user: ID!, $roles: [ID!]!) { setUserRoles(input: {userId: $user, roleIds: $roles}) { user { id } } }";
const RESET: &str =
    "mutation($id: ID!) { resetUserPassword(input: {userId: $id, password: \"Taken0ver-kettle\"}) { user { id } } }";
const UPDATE_DEPT: &str = "mutation($input: UpdateDeptInput!) { updateDept(input: $input) { dept { version } } }";
const CREATE_MENU: &str = "mutation($input: CreateMenuInput!) { createMenu(input: $input) { menu { id version } } }";

async fn move_dept(client: &Client, id: &str, parent: &str) -> Option<String> {
    let input = json!({ "id": id, "version": 1, "parentId": parent });
    client.run(UPDATE_DEPT, json!({ "input": input })).await.code().map(str::to_owned)
}

async fn a_password_is_no_way_to_more_rows(app: TestApp) {
    let dept = app.admin().await.dept("Branch", None).await;
    let of_dept = || app.user().permissions(&["sys:user:read"]).dept(&dept);
    let clerk = app.user().permissions(&["sys:user:read", "sys:user:password:reset"]).scope("DEPT").dept(&dept);
    let clerk = clerk.staff().login().await;
    let sees_all = of_dept().scope("ALL").login().await;
    let refused = clerk.run(RESET, json!({ "id": sees_all.id })).await;
    assert_eq!(refused.code(), Some("FORBIDDEN"), "{:#}", refused.body);
    let sees_as_much = of_dept().scope("DEPT").login().await;
    assert_eq!(clerk.run(RESET, json!({ "id": sees_as_much.id })).await.code(), None);
}

/// Rights that somebody lacks are neither taken from a user, a role or a menu by them: afterwards they could set the
/// user's password, and wait until the rights are given back.
async fn nobody_is_brought_within_reach_by_taking_their_rights(app: TestApp) {
    let admin = app.admin().await;
    let boss = app.user().permissions(&["sys:user:read", "sys:dept:del"]).scope("ALL").login().await;
    let clerk = app.user().scope("SELF").permissions(&[
        "sys:user:read",
        "sys:user:edit",
        "sys:user:role:edit",
        "sys:user:password:reset",
        "sys:role:read",
        "sys:role:edit",
        "sys:role:menu:edit",
        "sys:role:scope:edit",
        "sys:menu:read",
        "sys:menu:edit",
        "sys:menu:del",
    ]);
    let clerk = clerk.staff().login().await;
    // The clerk sees all, but holds less.
    let all = json!({ "roleId": clerk.role_id, "dataScope": "ALL" });
    const SCOPE: &str = "mutation($i: SetRoleDataScopeInput!) { setRoleDataScope(input: $i) { role { id } } }";
    admin.data(SCOPE, json!({ "i": all })).await;
    let listed = admin.data("{ menus(first: 100) { nodes { id version permissions } } }", json!({})).await;
    let menus = listed["menus"]["nodes"].as_array().unwrap();
    let menu = &menus.iter().find(|menu| menu["permissions"] == json!(["sys:dept:del"])).unwrap()["id"];
    let role = &boss.role_id;
    for (mutation, variables) in [
        (SET_ROLES, json!({ "user": boss.id, "roles": [] })),
        (SET_MENUS, json!({ "role": role, "menus": [] })),
        (
            "mutation($i: UpdateRoleInput!) { updateRole(input: $i) { role { id } } }",
            json!({ "i": { "id": role, "version": 2, "status": "DISABLED" } }),
        ),
        (
            "mutation($i: UpdateMenuInput!) { updateMenu(input: $i) { menu { id } } }",
            json!({ "i": { "id": menu, "version": 1, "permissions": [] } }),
        ),
        (
            "mutation($i: UpdateMenuInput!) { updateMenu(input: $i) { menu { id } } }",
            json!({ "i": { "id": menu, "version": 1, "status": "DISABLED" } }),
        ),
        ("mutation($i: DeleteMenuInput!) { deleteMenu(input: $i) { deletedId } }", json!({ "i": { "id": menu } })),
    ] {
        let refused = clerk.run(mutation, variables).await;
        assert_eq!(refused.code(), Some("FORBIDDEN"), "{:#}", refused.body);
        assert!(refused.message().contains("`sys:dept:del`"), "{}", refused.message());
    }
    admin.data(SCOPE, json!({ "i": { "roleId": clerk.role_id, "dataScope": "CUSTOM", "deptIds": [admin.dept("A", None).await] } })).await;
    let narrowed = clerk.run(SCOPE, json!({ "i": { "roleId": role, "dataScope": "SELF" } })).await;
    assert_eq!(narrowed.code(), Some("FORBIDDEN"), "{:#}", narrowed.body);
    assert_eq!(
        boss.data("{ viewer { permissions } }", json!({})).await["viewer"]["permissions"],
        json!(["sys:user:read", "sys:dept:del"])
    );
}

/// Afterwards they could be reached, by a new password, and be moved back by somebody else.
async fn nobody_moves_a_user_out_of_a_wider_view(app: TestApp) {
    const MOVE: &str = "mutation($i: UpdateUserInput!) { updateUser(input: $i) { user { id } } }";
    let admin = app.admin().await;
    let (wide, narrow) = (admin.dept("Wide", None).await, admin.dept("Narrow", None).await);
    let member = || app.user().permissions(&["sys:user:read"]).dept(&wide);
    let sees_below = member().scope("DEPT_AND_BELOW").login().await;
    let sees_dept = member().scope("DEPT").login().await;
    // One role shows all below the own department, another one shows `wide` alone.
    let clerk = app.user().permissions(&["sys:user:read", "sys:user:edit"]).scope("DEPT_AND_BELOW").dept(&narrow);
    let clerk = clerk.staff().login().await;
    let alone = app.user().scope_depts(&[&wide]).role_only().await;
    admin.data(SET_ROLES, json!({ "user": clerk.id, "roles": [clerk.role_id, alone] })).await;
    for (user, expected) in [(&sees_below, Some("FORBIDDEN")), (&sees_dept, None)] {
        let input = json!({ "id": user.id, "version": 1, "deptId": narrow });
        assert_eq!(clerk.run(MOVE, json!({ "i": input })).await.code(), expected);
    }
}

async fn nobody_switches_on_what_they_lack(app: TestApp) {
    const STATUS: &str =
        "mutation($id: ID!, $to: Status!) { setUserStatus(input: {userId: $id, status: $to}) { user { id } } }";
    const STAFF: &str = "mutation($id: ID!) { setUserFlags(input: {userId: $id, isStaff: true}) { user { id } } }";
    let admin = app.admin().await;
    let clerk = app.user().permissions(&["sys:user:read", "sys:user:edit"]).scope("ALL").staff().login().await;
    let holds_more = app.user().permissions(&["sys:user:read", "sys:dept:del"]).scope("ALL").login().await;
    let holds_as_much = app.user().permissions(&["sys:user:read"]).scope("ALL").login().await;
    for (user, expected) in [(&holds_more, Some("FORBIDDEN")), (&holds_as_much, None)] {
        assert_eq!(clerk.run(STAFF, json!({ "id": user.id })).await.code(), expected);
        admin.data(STATUS, json!({ "id": user.id, "to": "DISABLED" })).await;
        assert_eq!(clerk.run(STATUS, json!({ "id": user.id, "to": "ENABLED" })).await.code(), expected);
    }
}

async fn nobody_makes_a_department_that_they_cannot_see(app: TestApp) {
    const CREATE: &str = "mutation($i: CreateDeptInput!) { createDept(input: $i) { dept { id } } }";
    let dept = app.admin().await.dept("Own", None).await;
    let of_dept = || app.user().permissions(&["sys:dept:read", "sys:dept:add"]).dept(&dept).staff();
    let input = json!({ "i": { "name": "Below", "parentId": dept } });
    let refused = of_dept().scope("DEPT").login().await.run(CREATE, input.clone()).await;
    assert_eq!(refused.field(), ("input.parentId", "OUT_OF_SCOPE"));
    assert_eq!(of_dept().scope("DEPT_AND_BELOW").login().await.run(CREATE, input).await.code(), None);
}

async fn ones_own_password_is_changed_only_with_the_old_one(app: TestApp) {
    let admin = app.admin().await;
    assert_eq!(admin.run(RESET, json!({ "id": admin.id })).await.code(), Some("FORBIDDEN"));
    let twice = "mutation($i: ChangePasswordInput!) {
        a: changePassword(input: $i) { user { id } } b: changePassword(input: $i) { user { id } } }";
    let guess = json!({ "i": { "oldPassword": "wr0ng-guess", "newPassword": "An0ther-one" } });
    assert_eq!(admin.run(twice, guess).await.code(), Some("LIMIT_EXCEEDED"));
}

async fn a_moved_department_brings_nothing_unseen_into_view(app: TestApp) {
    let admin = app.admin().await;
    let (own, other) = (admin.dept("Own", None).await, admin.dept("Other", None).await);
    let below = admin.dept("Below other", Some(&other)).await;
    let mover = || app.user().permissions(&["sys:dept:read", "sys:dept:edit"]).dept(&own).staff();
    // One role shows what is below the own department, another one shows `other` alone.
    let clerk = mover().scope("DEPT_AND_BELOW").login().await;
    let alone = app.user().scope_depts(&[&other]).role_only().await;
    admin.data(SET_ROLES, json!({ "user": clerk.id, "roles": [clerk.role_id, alone] })).await;
    assert_eq!(move_dept(&clerk, &other, &own).await.as_deref(), Some("FORBIDDEN"));
    let seen = clerk.data("query($id: ID!) { dept(id: $id) { id } }", json!({ "id": below })).await;
    assert_eq!(seen["dept"], Value::Null);
    // What one sees whole, one may move.
    let (first, second) = (admin.dept("First", Some(&own)).await, admin.dept("Second", Some(&own)).await);
    assert_eq!(move_dept(&clerk, &first, &second).await, None);
}

async fn nobody_moves_their_own_department_below_a_disabled_one(app: TestApp) {
    let admin = app.admin().await;
    let (own, closed) = (admin.dept("Own", None).await, admin.dept("Closed", None).await);
    let inner = admin.dept("Inner", Some(&closed)).await;
    admin.data(UPDATE_DEPT, json!({ "input": { "id": closed, "version": 1, "status": "DISABLED" } })).await;
    let clerk =
        app.user().permissions(&["sys:dept:read", "sys:dept:edit"]).scope("ALL").dept(&own).staff().login().await;
    assert_eq!(move_dept(&clerk, &own, &inner).await.as_deref(), Some("FORBIDDEN"));
}

async fn a_disabled_menu_is_no_way_to_a_permission(app: TestApp) {
    let admin = app.admin().await;
    let input = json!({ "title": "Strong", "name": "Strong", "kind": "BUTTON", "permissions": ["sys:user:del"],
                        "status": "DISABLED" });
    let menu = admin.data(CREATE_MENU, json!({ "input": input })).await["createMenu"]["menu"]["id"].clone();
    let strong = app.user().scope("SELF").role_only().await;
    admin.data(SET_MENUS, json!({ "role": strong, "menus": [menu] })).await;
    let clerk = app.user().permissions(&["sys:user:read", "sys:user:role:edit"]).scope("ALL").staff().login().await;
    let refused = clerk.run(SET_ROLES, json!({ "user": clerk.id, "roles": [clerk.role_id, strong] })).await;
    assert_eq!(refused.code(), Some("FORBIDDEN"));
    assert!(refused.message().contains("`sys:user:del`"), "{}", refused.message());
}

async fn two_superusers_do_not_unmake_each_other(app: TestApp) {
    const UNMAKE: &str =
        "mutation($id: ID!) { setUserFlags(input: {userId: $id, isSuperuser: false}) { user { id } } }";
    let (one, two) = (app.user().superuser().login().await, app.user().superuser().login().await);
    let (first, second) =
        tokio::join!(one.run(UNMAKE, json!({ "id": two.id })), two.run(UNMAKE, json!({ "id": one.id })),);
    let done = [&first, &second].iter().filter(|answer| answer.errors().is_empty()).count();
    assert_eq!(done, 1, "{:#} {:#}", first.body, second.body);
}

async fn records_tell_nothing_of_what_is_out_of_scope(app: TestApp) {
    let admin = app.admin().await;
    let (here, there) = (admin.dept("Here", None).await, admin.dept("There", None).await);
    let reader = app.user().permissions(&["log:opera:read", "sys:user:read"]).scope("DEPT").dept(&here).login().await;
    let editor = app.user().permissions(&["sys:user:read", "sys:user:edit"]).scope("ALL").dept(&here).staff();
    let editor = editor.login().await;
    let (colleague, stranger) = (app.user().dept(&here).login().await, app.user().dept(&there).login().await);
    let update = "mutation($id: ID!, $version: Int!, $to: String!, $dept: ID) {
        updateUser(input: {id: $id, version: $version, nickname: $to, deptId: $dept}) { user { id } } }";
    let colleague_to = json!({ "id": colleague.id, "version": 1, "to": "Seen", "dept": here });
    let stranger_to = json!({ "id": stranger.id, "version": 1, "to": "Unseen", "dept": there });
    let too_old = json!({ "id": stranger.id, "version": 1, "to": "Unseen again", "dept": there });
    editor.data(update, colleague_to).await;
    editor.data(update, stranger_to).await;
    assert_eq!(editor.run(update, too_old).await.code(), Some("CONFLICT"));
    let read = "query($by: String!) { operationLogs(filter: {username: $by, field: \"updateUser\"}) { nodes {
        input targetIds message changes { targetId fields { name before after } } } } }";
    let mut seen = reader.data(read, json!({ "by": editor.username })).await["operationLogs"]["nodes"].clone();
    let all = admin.data(read, json!({ "by": editor.username })).await.to_string();
    assert!(all.contains("Unseen") && all.contains(&stranger.id));
    let written = seen.to_string();
    assert!(!written.contains("Unseen") && !written.contains(&stranger.id) && !written.contains(&there), "{written}");
    let nothing = json!({ "input": null, "targetIds": [], "message": null, "changes": [] });
    let seen = seen.as_array_mut().unwrap();
    assert_eq!(seen.iter().filter(|node| **node == nothing).count(), 2, "{seen:#?}");
    assert!(seen.iter().any(|node| node["changes"][0]["fields"][0]["after"] == "Seen"), "{seen:#?}");
}

async fn records_tell_nothing_of_sessions_out_of_scope(app: TestApp) {
    let admin = app.admin().await;
    let (here, there) = (admin.dept("Here", None).await, admin.dept("There", None).await);
    let reader = app.user().permissions(&["log:opera:read"]).scope("DEPT").dept(&here).login().await;
    let codes = ["monitor:session:read", "monitor:session:kick"];
    let ender = app.user().permissions(&codes).scope("ALL").dept(&here).staff().login().await;
    let mut ended = Vec::new();
    for dept in [&here, &there] {
        let user = app.user().dept(dept).login().await;
        let session = text(&user.data("{ viewer { session { id } } }", json!({})).await["viewer"]["session"]["id"]);
        ender.data(crate::sessions::REVOKE, json!({ "id": session })).await;
        let missed = ender.run(crate::sessions::REVOKE, json!({ "id": format!(" {} ", session.to_uppercase()) })).await;
        assert_eq!(missed.code(), Some("BAD_USER_INPUT"), "{:#}", missed.body);
        ended.push(session);
    }
    let read =
        "{ operationLogs(filter: {field: \"revokeSession\"}) { nodes { input targetIds changes { targetId } } } }";
    let seen = reader.data(read, json!({})).await.to_string().to_lowercase();
    let all = admin.data(read, json!({})).await.to_string().to_lowercase();
    // Twice in the input, once as a target, once as changed.
    let times = |text: &str| ended.iter().map(|id| text.matches(id.as_str()).count()).collect::<Vec<_>>();
    assert_eq!((times(&seen), times(&all)), (vec![4, 0], vec![4, 4]), "{seen}");
}

async fn records_tell_no_bystander_what_is_taken(app: TestApp) {
    let admin = app.admin().await;
    let (here, there) = (admin.dept("Here", None).await, admin.dept("There", None).await);
    let reader = app.user().permissions(&["log:opera:read"]).scope("DEPT").dept(&here).login().await;
    let adder = app.user().permissions(&["sys:user:add", "log:opera:read"]).scope("DEPT").dept(&here);
    let adder = adder.staff().login().await;
    let taken = app.user().dept(&there).login().await.username;
    let add = "mutation($name: String!, $dept: ID!) { createUser(input: {username: $name, nickname: \"New\",
        password: \"Mellow-Orbit-57\", deptId: $dept}) { user { id } } }";
    let refused = adder.run(add, json!({ "name": taken, "dept": here })).await;
    assert_eq!(refused.code(), Some("CONFLICT"), "{:#}", refused.body);
    let read = "{ operationLogs(filter: {field: \"createUser\"}, first: 1) { nodes { code input message } } }";
    for (client, sees) in [(&reader, false), (&adder, true), (admin, true)] {
        let node = client.data(read, json!({})).await["operationLogs"]["nodes"][0].clone();
        assert_eq!(node["code"], "CONFLICT");
        assert_eq!((node["input"].is_null(), node["message"].is_null()), (!sees, !sees), "{node:#}");
        assert_eq!(node.to_string().contains(&*taken), sees, "{node:#}");
    }
}

async fn a_login_in_the_same_request_gives_no_further_right(app: TestApp) {
    let dept = app.admin().await.dept("Branch", None).await;
    let codes = ["sys:user:read", "sys:user:edit", "log:opera:read"];
    let editor = app.user().permissions(&codes).scope("DEPT").dept(&dept).staff().login().await;
    let reader = app.user().permissions(&["log:opera:read"]).scope("DEPT").dept(&dept).login().await;
    let boss = app.user().permissions(&["sys:user:del"]).scope("ALL").dept(&dept).staff().login().await;
    let both = "mutation($name: String!, $password: String!, $id: ID!) {
        login(input: {username: $name, password: $password}) { user { id } }
        updateUser(input: {id: $id, version: 1, username: \"stolen\"}) { user { id } } }";
    let of_boss = json!({ "name": boss.username, "password": boss.password, "id": boss.id });
    let refused = editor.run(both, of_boss).await;
    assert_eq!((refused.code(), &refused.body["data"]["updateUser"]), (Some("FORBIDDEN"), &Value::Null));
    assert_eq!(refused.body["data"]["login"]["user"]["id"], json!(boss.id));
    // What a failed one was about is for who sees everything.
    let login = "mutation { login(input: {username: \"somebody\", password: \"Wrong-1234\"}) { user { id } } }";
    assert_eq!(editor.run(login, json!({})).await.code(), Some("UNAUTHENTICATED"));
    let read = "{ operationLogs(filter: {field: \"login\", status: FAILED}, first: 1) { nodes { input message } } }";
    for (client, sees) in [(&reader, false), (&editor, true)] {
        let nodes = client.data(read, json!({})).await["operationLogs"]["nodes"].clone();
        assert_eq!((nodes[0]["input"].is_null(), nodes[0]["message"].is_null()), (!sees, !sees), "{nodes:#}");
    }
}

async fn a_refused_text_with_a_null_character_is_recorded(app: TestApp) {
    let admin = app.admin().await;
    let input = json!({ "title": "x", "name": "x", "kind": "BUTTON", "permissions": ["a\u{0}b"] });
    assert_eq!(admin.run(CREATE_MENU, json!({ "input": input })).await.code(), Some("BAD_USER_INPUT"));
    let latest = admin.data("{ operationLogs(first: 1) { nodes { field status code } } }", json!({})).await;
    let expected = json!({ "field": "createMenu", "status": "FAILED", "code": "BAD_USER_INPUT" });
    assert_eq!(latest["operationLogs"]["nodes"][0], expected);
}

async fn what_nobody_may_do_takes_little_room_in_the_log(app: TestApp) {
    let ids: Vec<_> = (0..900).map(|_| "x".repeat(900)).collect();
    let delete = "mutation($ids: [ID!]!) { deleteUsers(input: {ids: $ids}) { deletedIds } }";
    assert_eq!(app.anonymous().run(delete, json!({ "ids": ids })).await.code(), Some("UNAUTHENTICATED"));
    let few: Vec<_> = ids.iter().take(30).map(|_| "y").collect();
    assert_eq!(app.anonymous().run(delete, json!({ "ids": few })).await.code(), Some("UNAUTHENTICATED"));
    let read = "{ operationLogs(first: 2, filter: {field: \"deleteUsers\"}) { nodes { input } } }";
    let nodes = app.admin().await.data(read, json!({})).await["operationLogs"]["nodes"].clone();
    assert_eq!(nodes[0]["input"]["input"]["ids"].as_array().map(Vec::len), Some(21));
    assert_eq!(nodes[0]["input"]["input"]["ids"][20], "… (30 items)");
    assert!(text(&nodes[1]["input"]).starts_with("too much to be kept"), "{nodes:#}");
}

/// There are as many refreshes as connections, and what they need to know of departments is not in the cache.
async fn many_refreshes_at_once_need_one_connection_each(app: TestApp) {
    let refresh = "mutation($token: String!) { refreshSession(input: {refreshToken: $token}) { accessToken } }";
    let admin = app.admin().await;
    let dept = admin.dept("Branch", None).await;
    let user = app.user().dept(&dept).login().await;
    let sessions = join_all((0..8).map(|_| app.anonymous().login(&user.username, &user.password))).await;
    admin.data(UPDATE_DEPT, json!({ "input": { "id": dept, "version": 1, "name": "Renamed" } })).await;
    let refreshed = sessions.iter().map(|session| session.run(refresh, json!({ "token": session.refresh_token })));
    for answer in join_all(refreshed).await {
        assert_eq!(answer.code(), None, "{:#}", answer.body);
    }
}

async fn an_update_does_not_bring_back_an_earlier_login(app: TestApp) {
    let admin = app.admin().await;
    let user = app.user().login().await;
    let read = "query($id: ID!) { user(id: $id) { version lastLoginAt } }";
    let update = "mutation($id: ID!, $version: Int!, $to: String!) {
        updateUser(input: {id: $id, version: $version, nickname: $to}) { user { id } } }";
    for round in 0..10 {
        app.app.clock.advance(Duration::from_secs(1));
        let version = admin.data(read, json!({ "id": user.id })).await["user"]["version"].clone();
        let variables = json!({ "id": user.id, "version": version, "to": format!("Round {round}") });
        tokio::join!(async { admin.data(update, variables).await }, async {
            app.anonymous().login(&user.username, &user.password).await
        },);
        let after = admin.data(read, json!({ "id": user.id })).await;
        assert_eq!(after["user"]["lastLoginAt"], app.app.clock.now().to_string());
    }
}
