//! The way of a front end through the server, its answers kept as snapshots: the same on every back end.

use serde_json::json;

use crate::support::{ADMIN_PASSWORD, TestApp, masked, on_each_database, text};

const LOGIN: &str = "mutation SignIn($input: LoginInput!) { login(input: $input) {
    accessToken expiresAt refreshToken session { id createdAt } user { id username isSuperuser lastLoginAt } } }";
const LIST: &str = "query Screen { users(first: 20) {
    totalCount pageInfo { hasNextPage startCursor endCursor }
    edges { cursor node { id username nickname status email dept { id name } roles { id name } } } } }";
const CHANGE: &str = "mutation Rename($input: UpdateUserInput!) {
    updateUser(input: $input) { user { id nickname email version updatedAt } } }";
const RECORD: &str = "{ operationLogs(first: 1, filter: { field: \"updateUser\" }) { nodes {
    id traceId username operation field input targetIds status code ip createdAt
    changes { targetId kind fields { name before after hidden } } } } }";

async fn from_login_to_record(app: TestApp) {
    let input = json!({ "username": "ADMIN", "password": ADMIN_PASSWORD });
    let answer = app.anonymous().run(LOGIN, json!({ "input": input })).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["cache-control"], "no-store");
    insta::assert_json_snapshot!("login", masked(&answer.body));

    let dept = "mutation { createDept(input: { name: \"Workshop\" }) { dept { id } } }";
    let dept = text(&app.admin().await.data(dept, json!({})).await["createDept"]["dept"]["id"]);
    let user = app.user().permissions(&["sys:user:read"]).scope("DEPT").dept(&dept).login().await;

    let answer = app.admin().await.run(LIST, json!({})).await;
    insta::assert_json_snapshot!("users_for_the_administrator", masked(&answer.body));
    let answer = user.run(LIST, json!({})).await;
    insta::assert_json_snapshot!("users_for_a_member", masked(&answer.body));

    let input = json!({ "id": user.id, "version": 1, "nickname": "Ada", "email": "ada@example.org" });
    let answer = app.admin().await.run(CHANGE, json!({ "input": input })).await;
    insta::assert_json_snapshot!("update", masked(&answer.body));
    let answer = app.admin().await.run(CHANGE, json!({ "input": input })).await;
    insta::assert_json_snapshot!("stale_update", masked(&answer.body));
    let answer = app.admin().await.run(RECORD, json!({})).await;
    insta::assert_json_snapshot!("record_of_the_stale_update", masked(&answer.body));
    let succeeded = RECORD.replace("field: \"updateUser\"", "field: \"updateUser\", status: SUCCEEDED");
    let answer = app.admin().await.run(&succeeded, json!({})).await;
    insta::assert_json_snapshot!("record_of_the_update", masked(&answer.body));
}

on_each_database!(from_login_to_record);
