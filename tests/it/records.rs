//! Every write leaves its record, and no secret in it.

use serde_json::{Value, json};

use crate::support::{TestApp, on_each_database};

const LATEST: &str = "query($first: Int!) { operationLogs(first: $first) { nodes {
    field operation status code message username traceId sessionId ip userAgent input targetIds durationMs user { username }
    changes { targetId kind fields { name before after } } } } }";

on_each_database!(
    one_record_for_each_mutation_with_before_and_after,
    failed_and_denied_mutations_leave_theirs,
    no_secret_is_in_any_record,
    a_mutation_selected_twice_runs_and_is_recorded_once,
    what_goes_with_something_deleted_is_recorded_with_it,
    commands_leave_theirs_too,
);

async fn one_record_for_each_mutation_with_before_and_after(app: TestApp) {
    let admin = app.admin().await;
    let user = app.user().login().await;
    let answer = admin.run(
        "mutation Rename($id: ID!) { updateUser(input: {id: $id, version: 1, nickname: \"After\"}) { user { id } } }",
        json!({ "id": user.id }),
    ).await;
    let log = admin.run(LATEST, json!({ "first": 1 })).await;
    let record = &log.data()["operationLogs"]["nodes"][0];
    assert_eq!(record["field"], "updateUser");
    assert_eq!(record["operation"], "Rename");
    assert_eq!((&record["status"], &record["code"]), (&json!("SUCCEEDED"), &json!(null)));
    assert_eq!(record["username"], "admin");
    assert_eq!(record["traceId"], answer.headers["x-request-id"].to_str().unwrap());
    assert_eq!(record["targetIds"], json!([user.id]));
    assert!(record["sessionId"].as_str().unwrap().starts_with("session_"));
    assert!(record["durationMs"].as_f64().unwrap() > 0.0);
    assert_eq!(
        record["changes"],
        json!([{
            "targetId": user.id, "kind": "UPDATED",
            "fields": [{ "name": "nickname", "before": format!("Nick {}", user.username), "after": "After" }],
        }])
    );
}

async fn failed_and_denied_mutations_leave_theirs(app: TestApp) {
    let admin = app.admin().await;
    let clerk = app.user().permissions(&["sys:user:read"]).scope("ALL").staff().login().await;
    clerk.run("mutation { createRole(input: {name: \"x\"}) { role { id } } }", json!({})).await;
    app.anonymous().run("mutation { createRole(input: {name: \"x\"}) { role { id } } }", json!({})).await;
    admin.run("mutation { createRole(input: {name: \"\"}) { role { id } } }", json!({})).await;
    let log = admin.run(LATEST, json!({ "first": 3 })).await;
    let records: Vec<_> = log.data()["operationLogs"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            (record["username"].clone(), record["status"].clone(), record["code"].clone(), record["changes"].clone())
        })
        .collect();
    assert_eq!(
        records,
        [
            (json!("admin"), json!("FAILED"), json!("BAD_USER_INPUT"), json!([])),
            (json!(null), json!("FAILED"), json!("UNAUTHENTICATED"), json!([])),
            (json!(clerk.username), json!("FAILED"), json!("FORBIDDEN"), json!([])),
        ]
    );
    let roles = admin.run("{ roles(filter: {text: \"x\"}) { totalCount } }", json!({})).await;
    assert_eq!(roles.data()["roles"]["totalCount"], 0);
}

/// However a secret is sent: inline, by variable, nested, under an alias, twice in one operation.
async fn no_secret_is_in_any_record(app: TestApp) {
    let admin = app.admin().await;
    let secret = "Sup3rSecret";
    let user = app.user().login().await;
    let anonymous = app.anonymous();
    anonymous
        .run(
            &format!("mutation {{ login(input: {{username: \"admin\", password: \"{secret}\"}}) {{ accessToken }} }}"),
            json!({}),
        )
        .await;
    anonymous
        .run(
            "mutation($input: LoginInput!) { a: login(input: $input) { accessToken } }",
            json!({ "input": { "username": "x", "password": secret } }),
        )
        .await;
    anonymous
        .run(
            "mutation($p: String!) { refreshSession(input: {refreshToken: $p}) { accessToken } }",
            json!({ "p": secret }),
        )
        .await;
    admin
        .run(
            "mutation($p: String!) { createUser(input: {username: \"fresh\", password: $p}) { user { id } } }",
            json!({ "p": secret }),
        )
        .await;
    admin
        .run(
            "mutation($id: ID!, $p: String!) { resetUserPassword(input: {userId: $id, password: $p}) { user { id } } }",
            json!({ "id": user.id, "p": secret }),
        )
        .await;
    user.run(
        "mutation($p: String!) { changePassword(input: {oldPassword: $p, newPassword: $p}) { user { id } } }",
        json!({ "p": secret }),
    )
    .await;
    let log = admin.run(LATEST, json!({ "first": 100 })).await.data().to_string();
    assert!(log.contains("[redacted]"));
    assert!(!log.contains(secret), "{log}");
    assert!(!log.contains("$2b$"), "a password hash is in {log}");
}

async fn a_mutation_selected_twice_runs_and_is_recorded_once(app: TestApp) {
    let admin = app.admin().await;
    let answer = admin.run(
        "mutation { createRole(input: {name: \"Once\"}) { role { id } } createRole(input: {name: \"Once\"}) { role { name } } ...Again }
         fragment Again on Mutation { createRole(input: {name: \"Once\"}) { role { version } } }",
        json!({}),
    ).await;
    assert_eq!(answer.code(), None);
    assert_eq!(answer.data()["createRole"]["role"]["name"], "Once");
    let log = admin.run(LATEST, json!({ "first": 2 })).await;
    let fields: Vec<Value> =
        log.data()["operationLogs"]["nodes"].as_array().unwrap().iter().map(|record| record["input"].clone()).collect();
    assert_eq!(fields.iter().filter(|input| input.to_string().contains("Once")).count(), 1);
}

/// Their record is the last that tells of them.
async fn what_goes_with_something_deleted_is_recorded_with_it(app: TestApp) {
    let admin = app.admin().await;
    let dept = admin.data("mutation { createDept(input: {name: \"D\"}) { dept { id } } }", json!({})).await;
    let dept = dept["createDept"]["dept"]["id"].as_str().unwrap().to_owned();
    let user = app.user().permissions(&["sys:user:read"]).scope_depts(&[&dept]).login().await;
    let other = app.user().permissions(&["sys:user:read"]).login().await;
    let users = "mutation($ids: [ID!]!) { deleteUsers(input: {ids: $ids}) { deletedIds } }";
    admin.data(users, json!({ "ids": [user.id, other.id] })).await;
    let roles = "mutation($ids: [ID!]!) { deleteRoles(input: {ids: $ids}) { deletedIds } }";
    admin.data(roles, json!({ "ids": [user.role_id] })).await;
    let log = admin.data(LATEST, json!({ "first": 2 })).await;
    // What a list of links was before, of each list that ended.
    let ended = |at: usize| -> Vec<(String, Value)> {
        let record = &log["operationLogs"]["nodes"][at];
        let changes = record["changes"].as_array().unwrap().iter();
        let fields = changes.filter(|change| change["kind"] == "UPDATED").map(|change| &change["fields"][0]);
        fields.map(|field| (field["name"].as_str().unwrap().to_owned(), field["before"].clone())).collect()
    };
    let held = |user: &crate::support::Client| ("roles".to_owned(), json!([user.role_id]));
    assert_eq!(ended(1), [held(&user), held(&other)]);
    assert_eq!(log["operationLogs"]["nodes"][1]["targetIds"], json!([user.id, other.id]), "each once");
    let role = ended(0);
    assert_eq!((&*role[0].0, role[0].1.as_array().unwrap().len()), ("menus", 1));
    assert_eq!(role[1], ("customDepts".to_owned(), json!([dept])));
    assert_eq!(log["operationLogs"]["nodes"][0]["targetIds"], json!([user.role_id]));
}

async fn commands_leave_theirs_too(app: TestApp) {
    use orgraph::domains::users::service::{create_superuser, reset_superuser_password};
    use orgraph::security::Viewer;
    let viewer = Viewer::command("admin create");
    create_superuser(&app.app, &viewer, "second", "Secret-kettle-123".to_owned().into()).await.unwrap();
    let viewer = Viewer::command("admin reset-password");
    reset_superuser_password(&app.app, &viewer, "SECOND", "Secret-raven-456".to_owned().into()).await.unwrap();
    let log = app.admin().await.run(LATEST, json!({ "first": 3 })).await;
    let fields: Vec<_> =
        log.data()["operationLogs"]["nodes"].as_array().unwrap().iter().map(|record| record["field"].clone()).collect();
    assert!(fields.contains(&json!("admin create")) && fields.contains(&json!("admin reset-password")), "{fields:?}");
    assert_eq!(
        app.anonymous()
            .run(
                "mutation { login(input: {username: \"second\", password: \"Secret-raven-456\"}) { user { isSuperuser } } }",
                json!({})
            )
            .await
            .data()["login"]["user"]["isSuperuser"],
        true
    );
}
