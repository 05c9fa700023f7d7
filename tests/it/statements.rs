//! The number of SQL statements of an operation depends neither on the number of rows nor on who asks.

use orgraph::demo::{self, DemoSize};
use serde_json::json;

use crate::support::{Client, TestApp, on_each_database, text};

const SIZES: [u32; 3] = [1, 20, 100];

/// Superuser and restricted viewer, in an organisation that is large enough for a page of 100.
async fn viewers(app: &TestApp) -> [(&'static str, Client); 2] {
    let size = DemoSize { users: 200, depts: 150, roles: 40, operation_logs: 120 };
    assert!(demo::run(&app.app, &size).await.unwrap());
    let admin = app.admin().await.clone();
    let top = admin.data("{ depts(filter: { parentId: null }) { nodes { id } } }", json!({})).await;
    let reads = ["user", "role", "menu", "dept"].map(|noun| format!("sys:{noun}:read"));
    let mut permissions: Vec<&str> = reads.iter().map(String::as_str).collect();
    permissions.extend(["log:login:read", "log:opera:read"]);
    let restricted = app.user().permissions(&permissions).scope("DEPT_AND_BELOW");
    let restricted = restricted.dept(&text(&top["depts"]["nodes"][0]["id"])).login().await;
    [("superuser", admin), ("restricted viewer", restricted)]
}

/// An operation over a page of `$n`, and how many statements it takes: one for the page, and one for each edge, but
/// two for users of roles, which are found through links.
struct Case {
    query: &'static str,
    statements: u64,
}

const fn case(statements: u64, query: &'static str) -> Case {
    Case { query, statements }
}

/// What a list screen of users shows: at most 3 statements.
const USERS: &[Case] = &[
    case(1, "query($n: Int) { users(first: $n) { nodes { id username status } } }"),
    case(
        3,
        "query($n: Int) { users(first: $n, filter: { text: \".\" }) {
            nodes { id username status dept { id name } roles { id name } } } }",
    ),
    case(2, "query($n: Int) { users(first: $n) { totalCount nodes { id } } }"),
];

const EDGES: &[Case] = &[
    case(2, "query($n: Int) { users(first: $n, filter: { text: \".\" }) { nodes { dept { name } } } }"),
    case(2, "query($n: Int) { users(first: $n, filter: { text: \".\" }) { nodes { roles { name } } } }"),
    case(2, "query($n: Int) { depts(first: $n, filter: { text: \"team\" }) { nodes { parent { name } } } }"),
    case(2, "query($n: Int) { depts(first: $n) { nodes { children { name } } } }"),
    case(2, "query($n: Int) { depts(first: $n, filter: { text: \"team\" }) { nodes { ancestors { name } } } }"),
    case(2, "query($n: Int) { depts(first: $n) { nodes { userCount } } }"),
    case(2, "query($n: Int) { depts(first: $n) { nodes { users(first: 2) { nodes { username } } } } }"),
    case(3, "query($n: Int) { depts(first: $n) { nodes { users(first: 2) { totalCount nodes { username } } } } }"),
    case(2, "query($n: Int) { roles(first: $n) { nodes { menus { title } } } }"),
    case(2, "query($n: Int) { roles(first: $n) { nodes { userCount } } }"),
    case(3, "query($n: Int) { roles(first: $n) { nodes { users(first: 2) { nodes { username } } } } }"),
    case(3, "query($n: Int) { roles(first: $n, filter: { dataScope: CUSTOM }) { nodes { customDepts { name } } } }"),
    case(2, "query($n: Int) { menus(first: $n, filter: { kind: BUTTON }) { nodes { parent { title } } } }"),
    case(2, "query($n: Int) { menus(first: $n) { nodes { children { title } } } }"),
    case(2, "query($n: Int) { menus(first: $n) { nodes { roles { name } } } }"),
    case(2, "query($n: Int) { loginLogs(first: $n) { nodes { user { username } } } }"),
    case(2, "query($n: Int) { operationLogs(first: $n) { nodes { user { username } } } }"),
    // Edges of edges, and the same edge along two ways.
    case(
        5,
        "query($n: Int) { users(first: $n, filter: { text: \".\" }) {
            nodes { dept { userCount } roles { userCount } } } }",
    ),
];

async fn check(app: TestApp, cases: &[Case]) {
    let viewers = viewers(&app).await;
    let mut mistakes = Vec::new();
    for case in cases {
        let mut found = Vec::new();
        for (_, viewer) in &viewers {
            // What is kept between requests is there afterwards.
            viewer.data(case.query, json!({ "n": 1 })).await;
            for size in SIZES {
                let (statements, data) = app.statements(viewer.data(case.query, json!({ "n": size }))).await;
                let rows = data.as_object().unwrap().values().next().unwrap()["nodes"].as_array().unwrap().len();
                assert!(rows > 0 && rows <= size as usize, "{} gave {rows} rows for {size}", case.query);
                found.push(statements);
            }
        }
        if found.iter().any(|statements| *statements != case.statements) {
            mistakes.push(format!("{}: {found:?} instead of {}", case.query, case.statements));
        }
    }
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

async fn pages_of_users(app: TestApp) {
    check(app, USERS).await;
}

async fn edges(app: TestApp) {
    check(app, EDGES).await;
}

/// A page whose rows and whose statements both are what they seem: 100 rows come back when there are 100.
async fn full_pages_are_full(app: TestApp) {
    for (who, viewer) in viewers(&app).await {
        for query in ["{ it: users(first: 100) { nodes { id } } }", "{ it: depts(first: 100) { nodes { id } } }"] {
            let rows = viewer.data(query, json!({})).await["it"]["nodes"].as_array().unwrap().len();
            assert_eq!(rows, 100, "{query} for a {who}");
        }
    }
}

/// The catalogue with the menus of each permission, which is no page.
async fn permissions_with_their_menus(app: TestApp) {
    let admin = app.admin().await;
    const QUERY: &str = "{ permissions { code menus { title } } }";
    admin.data(QUERY, json!({})).await;
    let (statements, data) = app.statements(admin.data(QUERY, json!({}))).await;
    assert!(data["permissions"].as_array().unwrap().len() > 20);
    assert_eq!(statements, 1);
}

/// Several objects by id are as many statements as kinds.
async fn nodes_by_id(app: TestApp) {
    let [(_, admin), _] = viewers(&app).await;
    let listed = admin.data("{ users(first: 50) { nodes { id } } depts(first: 49) { nodes { id } } }", json!({})).await;
    let ids: Vec<_> = ["users", "depts"].iter().flat_map(|list| listed[list]["nodes"].as_array().unwrap()).collect();
    let ids: Vec<_> = ids.iter().map(|node| node["id"].clone()).collect();
    const QUERY: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let (statements, data) = app.statements(admin.data(QUERY, json!({ "ids": ids }))).await;
    assert!(data["nodes"].as_array().unwrap().iter().all(|node| node["id"].is_string()));
    assert_eq!(statements, 2);
}

/// Who one is comes from the cache, and is never older than the last change.
async fn the_viewer(app: TestApp) {
    const QUERY: &str = "{ viewer { user { nickname email lastLoginAt lockedUntil version } permissions
        sidebar { title children { title } } } }";
    for (who, viewer) in viewers(&app).await {
        viewer.data(QUERY, json!({})).await;
        let (statements, before) = app.statements(viewer.data(QUERY, json!({}))).await;
        assert_eq!(statements, 0, "for a {who}");
        let email = format!("{}@example.net", viewer.username);
        let change = "mutation($i: UpdateProfileInput!) { updateProfile(input: $i) { user { version } } }";
        viewer.data(change, json!({ "i": { "nickname": "Changed", "email": email } })).await;
        app.app.clock.advance(std::time::Duration::from_secs(60));
        app.anonymous().login(&viewer.username, &viewer.password).await;
        let mut after = viewer.data(QUERY, json!({})).await["viewer"].clone();
        assert_eq!((&after["user"]["nickname"], &after["user"]["email"]), (&json!("Changed"), &json!(email)));
        assert!(text(&after["user"]["lastLoginAt"]) > text(&before["viewer"]["user"]["lastLoginAt"]));
        assert_eq!(after["permissions"].take(), before["viewer"]["permissions"]);
    }
}

on_each_database!(pages_of_users, edges, full_pages_are_full, permissions_with_their_menus, nodes_by_id, the_viewer);
