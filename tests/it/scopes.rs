//! Row scopes: what is outside of one's own is not there, whichever way one looks.

use serde_json::{Value, json};

use crate::support::{Client, TestApp, on_each_database};

/// Two branches side by side below one head, a viewer and a colleague in each.
struct Branches {
    head: String,
    depts: [String; 2],
    viewers: [Client; 2],
}

const READ: &[&str] = &[
    "sys:user:read",
    "sys:user:contact:read",
    "sys:dept:read",
    "sys:role:read",
    "sys:menu:read",
    "log:login:read",
    "log:opera:read",
    "sys:user:edit",
    "sys:user:del",
    "sys:user:role:edit",
    "sys:user:password:reset",
    "sys:dept:edit",
    "sys:dept:del",
    "sys:user:add",
    "sys:dept:add",
];

async fn branches(app: &TestApp) -> Branches {
    let admin = app.admin().await;
    let head = admin.dept("Head", None).await;
    let north = admin.dept("North", Some(&head)).await;
    let south = admin.dept("South", Some(&head)).await;
    let viewer =
        async |dept: &str| app.user().permissions(READ).scope("DEPT_AND_BELOW").dept(dept).staff().login().await;
    let viewers = [viewer(&north).await, viewer(&south).await];
    Branches { head, depts: [north, south], viewers }
}

fn text(value: &Value) -> String {
    value.to_string()
}

on_each_database!(
    two_viewers_never_see_each_others_rows,
    targets_of_writes_outside_of_ones_scope_are_not_there,
    every_scope_shows_what_it_says_and_fails_closed,
    contact_data_needs_its_own_right_and_siblings_stay,
    the_history_of_an_object_is_for_those_who_see_it,
);

async fn two_viewers_never_see_each_others_rows(app: TestApp) {
    let Branches { head, depts, viewers } = branches(&app).await;
    for (at, me) in viewers.iter().enumerate() {
        let (other, other_dept) = (&viewers[1 - at], &depts[1 - at]);
        let everything = me.run(
            "query($role: ID!, $me: ID!, $dept: ID!) {
                users(first: 10) { totalCount nodes { id username dept { id name } roles { users { nodes { id } totalCount } userCount } } }
                depts(first: 10) { totalCount nodes { id users { nodes { id } } userCount children { id } parent { id } ancestors { name } } }
                roles(first: 50) { nodes { users(first: 50) { nodes { id } } customDepts { id } } }
                loginLogs(first: 100) { nodes { userId username user { id } } }
                operationLogs(first: 100) { nodes { userId username targetIds user { id } } }
                role(id: $role) { users { nodes { id } } userCount }
                user(id: $me) { id } dept(id: $dept) { id }
                byText: users(filter: {text: \"user\"}, first: 100) { nodes { id } }
                byDept: users(filter: {deptId: $dept}) { totalCount nodes { id } }
                byRole: users(filter: {roleId: $role}) { totalCount nodes { id } }
                node(id: $me) { id } nodes(ids: [$me, $dept]) { id }
            }",
            json!({ "role": other.role_id, "me": other.id, "dept": other_dept }),
        ).await;
        assert_eq!(everything.code(), None);
        let data = everything.data().clone();
        let seen = text(&data);
        for hidden in [&other.id, &other.username, other_dept, &head] {
            assert!(!seen.contains(hidden.as_str()), "{hidden} is in {seen}");
        }
        for absent in ["user", "dept", "node"] {
            assert_eq!(data[absent], json!(null), "{absent}");
        }
        assert_eq!(data["nodes"], json!([null, null]));
        assert_eq!((&data["byDept"]["totalCount"], &data["byRole"]["totalCount"]), (&json!(0), &json!(0)));
        assert_eq!((&data["role"]["userCount"], &data["users"]["totalCount"]), (&json!(0), &json!(1)));
        // Ancestors are shown by name only.
        assert_eq!(data["depts"]["nodes"][0]["ancestors"], json!([{ "name": "Head" }]));
        assert_eq!(data["depts"]["nodes"][0]["parent"], json!(null));
    }
}

/// Outside of one's scope a target is as if it were not there: the same answer as for an id that nobody has.
async fn targets_of_writes_outside_of_ones_scope_are_not_there(app: TestApp) {
    let Branches { depts, viewers: [me, other], .. } = branches(&app).await;
    let nobody = "user_01h455vb4pex5vsknk084sn02q";
    let nowhere = "dept_01h455vb4pex5vsknk084sn02q";
    for (mutation, real, unreal) in [
        ("mutation($id: ID!) { deleteUsers(input: {ids: [$id]}) { deletedIds } }", &*other.id, nobody),
        (
            "mutation($id: ID!) { updateUser(input: {id: $id, version: 1, nickname: \"x\"}) { user { id } } }",
            &other.id,
            nobody,
        ),
        (
            "mutation($id: ID!) { setUserStatus(input: {userId: $id, status: DISABLED}) { user { id } } }",
            &other.id,
            nobody,
        ),
        (
            "mutation($id: ID!) { setUserFlags(input: {userId: $id, isMultiLogin: true}) { user { id } } }",
            &other.id,
            nobody,
        ),
        ("mutation($id: ID!) { setUserRoles(input: {userId: $id, roleIds: []}) { user { id } } }", &other.id, nobody),
        (
            "mutation($id: ID!) { resetUserPassword(input: {userId: $id, password: \"Secret-kettle-123\"}) { user { id } } }",
            &other.id,
            nobody,
        ),
        (
            "mutation($id: ID!) { updateDept(input: {id: $id, version: 1, name: \"x\"}) { dept { id } } }",
            &depts[1],
            nowhere,
        ),
        ("mutation($id: ID!) { deleteDept(input: {id: $id}) { deletedId } }", &depts[1], nowhere),
    ] {
        let hidden = me.run(mutation, json!({ "id": real })).await;
        let missing = me.run(mutation, json!({ "id": unreal })).await;
        assert_eq!(hidden.code(), Some("NOT_FOUND"), "{mutation}");
        assert_eq!(hidden.message().replace(real, "…"), missing.message().replace(unreal, "…"), "{mutation}");
    }
    for (mutation, variables) in [
        (
            "mutation($dept: ID) { createUser(input: {username: \"spy\", password: \"Secret-kettle-123\", deptId: $dept}) { user { id } } }",
            json!({ "dept": depts[1] }),
        ),
        (
            "mutation($dept: ID) { createUser(input: {username: \"spy\", password: \"Secret-kettle-123\", deptId: $dept}) { user { id } } }",
            json!({ "dept": null }),
        ),
        (
            "mutation($dept: ID) { createDept(input: {name: \"Spy\", parentId: $dept}) { dept { id } } }",
            json!({ "dept": depts[1] }),
        ),
        (
            "mutation($dept: ID) { createDept(input: {name: \"Spy\", parentId: $dept}) { dept { id } } }",
            json!({ "dept": null }),
        ),
    ] {
        assert_eq!(me.run(mutation, variables).await.code(), Some("BAD_USER_INPUT"), "{mutation}");
    }
    let unchanged = app
        .admin()
        .await
        .run("query($id: ID!) { user(id: $id) { nickname status isMultiLogin } }", json!({ "id": other.id }))
        .await;
    assert_eq!(unchanged.data()["user"]["status"], "ENABLED");
}

/// The reference showed everything where a scope could not be worked out.
async fn every_scope_shows_what_it_says_and_fails_closed(app: TestApp) {
    let admin = app.admin().await;
    let head = admin.dept("Head", None).await;
    let below = admin.dept("Below", Some(&head)).await;
    let apart = admin.dept("Apart", None).await;
    for dept in [&head, &below, &apart] {
        app.user().dept(dept).login().await;
    }
    let seen = async |scope: &'static str, dept: Option<&str>, custom: &[&str]| {
        let user = app.user().permissions(&["sys:user:read", "sys:dept:read"]);
        let mut user = if custom.is_empty() { user.scope(scope) } else { user.scope_depts(custom) };
        if let Some(dept) = dept {
            user = user.dept(dept);
        }
        let answer =
            user.login().await.run("{ users(first: 100) { totalCount } depts { totalCount } }", json!({})).await;
        (answer.data()["users"]["totalCount"].clone(), answer.data()["depts"]["totalCount"].clone())
    };
    // Oneself is always there.
    assert_eq!(seen("SELF", Some(&head), &[]).await, (json!(1), json!(0)));
    assert_eq!(seen("DEPT", None, &[]).await, (json!(1), json!(0)));
    assert_eq!(seen("DEPT_AND_BELOW", None, &[]).await, (json!(1), json!(0)));
    assert_eq!(seen("DEPT", Some(&below), &[]).await, (json!(2), json!(1)));
    assert_eq!(seen("DEPT_AND_BELOW", Some(&head), &[]).await, (json!(5), json!(2)));
    assert_eq!(seen("CUSTOM", None, &[&apart]).await, (json!(2), json!(1)));
    assert_eq!(seen("ALL", None, &[]).await, (json!(11), json!(3)));
}

async fn contact_data_needs_its_own_right_and_siblings_stay(app: TestApp) {
    let clerk = app.user().permissions(&["sys:user:read", "log:opera:read"]).scope("ALL").login().await;
    let admin = app.admin().await;
    let made = admin.run(
        "mutation { createUser(input: {username: \"contact\", password: \"Secret-kettle-123\", email: \"c@example.com\", phone: \"555 1234\"}) { user { id } } }",
        json!({}),
    ).await;
    let id = made.data()["createUser"]["user"]["id"].clone();
    let answer = clerk.run("query($id: ID!) { user(id: $id) { username email phone } }", json!({ "id": id })).await;
    assert_eq!(answer.body["data"]["user"], json!({ "username": "contact", "email": null, "phone": null }));
    let denied: Vec<_> = answer
        .errors()
        .iter()
        .map(|error| (error["path"].clone(), error["extensions"]["permission"].clone()))
        .collect();
    assert_eq!(
        denied,
        [
            (json!(["user", "email"]), json!("sys:user:contact:read")),
            (json!(["user", "phone"]), json!("sys:user:contact:read")),
        ]
    );
    let own = clerk.run("{ viewer { user { email phone } } }", json!({})).await;
    assert_eq!(own.code(), None);
    let logs = clerk.run("{ operationLogs(first: 100) { nodes { field input message changes { fields { name before after hidden } } } } }", json!({})).await;
    assert!(!text(logs.data()).contains("c@example.com"), "{}", logs.data());
    assert!(!text(logs.data()).contains("555 1234"));
    let all =
        admin.run("{ operationLogs(first: 100) { nodes { changes { fields { name after } } } } }", json!({})).await;
    assert!(text(all.data()).contains("c@example.com"));
    for filter in ["email", "phone"] {
        let query = format!("{{ users(filter: {{{filter}: \"x\"}}) {{ totalCount }} }}");
        assert_eq!(admin.run(&query, json!({})).await.code(), Some("GRAPHQL_VALIDATION_FAILED"));
    }
}

async fn the_history_of_an_object_is_for_those_who_see_it(app: TestApp) {
    let Branches { depts, viewers: [me, other], .. } = branches(&app).await;
    let worker = app.user().dept(&depts[0]).login().await;
    let update = "mutation($i: UpdateUserInput!) { updateUser(input: $i) { user { id } } }";
    me.data(update, json!({ "i": { "id": worker.id, "version": 1, "nickname": "Renamed" } })).await;
    let history = async |client: &Client, id: &str| -> Vec<String> {
        const HISTORY: &str =
            "query($id: ID!) { operationLogs(filter: {targetId: $id}, orderBy: [{field: CREATED_AT}]) {
            totalCount nodes { field targetIds } } }";
        let found = client.data(HISTORY, json!({ "id": id })).await["operationLogs"].clone();
        let records = found["nodes"].as_array().unwrap();
        assert_eq!(found["totalCount"], records.len());
        assert!(records.iter().all(|record| record["targetIds"].as_array().unwrap().contains(&json!(id))), "{found}");
        records.iter().map(|record| record["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(history(app.admin().await, &worker.id).await, ["createUser", "updateUser"]);
    assert_eq!(history(&me, &worker.id).await, ["updateUser"], "the administrator is outside of the scope");
    assert!(history(&other, &worker.id).await.is_empty());
    let moved = json!({ "i": { "id": worker.id, "version": 2, "deptId": depts[1] } });
    app.admin().await.data(update, moved).await;
    assert!(history(&me, &worker.id).await.is_empty(), "not even what one has done to somebody who is gone");
    assert!(history(&other, &worker.id).await.is_empty(), "whoever did it is outside of the scope");
    assert_eq!(history(app.admin().await, &worker.id).await, ["createUser", "updateUser", "updateUser"]);
    let bad = me.run("{ operationLogs(filter: {targetId: \"7\"}) { totalCount } }", json!({})).await;
    assert_eq!(bad.field(), ("filter.targetId", "BAD_ID"));
}
