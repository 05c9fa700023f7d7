//! Sessions: who sees them, and what ends them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, TestApp, on_each_database, text};

const WHO: &str = "{ viewer { user { username } } }";
pub const OWN: &str = "{ sessions(first: 50) { totalCount nodes { id current createdAt lastSeenAt } } }";
pub const ONLINE: &str = "query($filter: SessionFilter, $order: [SessionOrder!]) {
    onlineSessions(first: 50, filter: $filter, orderBy: $order) {
        totalCount nodes { id userId username ip os browser device createdAt lastSeenAt expiresAt current } } }";
pub const REVOKE: &str = "mutation($id: ID!) { revokeSession(input: {sessionId: $id}) { endedIds } }";
pub const REVOKE_ALL: &str = "mutation($id: ID!) { revokeUserSessions(input: {userId: $id}) { endedIds } }";
pub const END: &str = "mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedIds } }";
pub const NODE: &str = "query($id: ID!) { node(id: $id) { ... on Session { id username } } }";
pub const REFRESH: &str =
    "mutation($token: String!) { refreshSession(input: {refreshToken: $token}) { accessToken refreshToken } }";

pub const MINUTE: Duration = Duration::from_secs(60);

on_each_database!(
    ones_own_sessions_are_listed_and_ended_without_a_right,
    online_sessions_are_within_the_row_scope,
    filters_and_orders_of_online_sessions,
    ends_of_sessions_respect_scope_and_rank,
    logging_out_everywhere_can_keep_the_current_session,
    ids_that_make_no_sense_are_clear_errors,
    disabling_deleting_and_demoting_end_sessions,
    a_new_password_can_end_the_current_session_too,
    statements_do_not_depend_on_the_number_of_sessions,
    ones_own_session_names_its_user_whatever_the_scope,
);

/// Another session of the same user.
pub async fn again(app: &TestApp, user: &Client) -> Client {
    app.anonymous().login(&user.username, &user.password).await
}

/// The id of the session that a client has.
pub async fn session_of(client: &Client) -> String {
    text(&client.data("{ viewer { session { id } } }", json!({})).await["viewer"]["session"]["id"])
}

pub async fn is_alive(client: &Client) -> bool {
    match client.run(WHO, json!({})).await.code() {
        None => true,
        Some("UNAUTHENTICATED") => false,
        Some(other) => panic!("{other}"),
    }
}

pub async fn refreshes(app: &TestApp, client: &Client) -> bool {
    app.anonymous().run(REFRESH, json!({ "token": client.refresh_token })).await.code().is_none()
}

/// One value of each row of a list.
pub fn each(list: &Value, field: &str) -> Vec<String> {
    list["nodes"].as_array().unwrap().iter().map(|node| text(&node[field])).collect()
}

pub async fn online(viewer: &Client, filter: Value, order: Value) -> Value {
    viewer.data(ONLINE, json!({ "filter": filter, "order": order })).await["onlineSessions"].clone()
}

async fn ones_own_sessions_are_listed_and_ended_without_a_right(app: TestApp) {
    let first = app.user().login().await;
    app.app.clock.advance(MINUTE);
    let second = again(&app, &first).await;
    let stranger = app.user().login().await;
    let ids = [session_of(&second).await, session_of(&first).await];
    let listed = first.data(OWN, json!({})).await["sessions"].clone();
    assert_eq!(each(&listed, "id"), ids, "the newest first, and nobody else's");
    assert_eq!(listed["totalCount"], 2);
    assert_eq!((&listed["nodes"][0]["current"], &listed["nodes"][1]["current"]), (&json!(false), &json!(true)));
    assert_eq!(first.data(NODE, json!({ "id": ids[0] })).await["node"]["username"], first.username);

    let theirs = session_of(&stranger).await;
    assert_eq!(first.run(END, json!({ "id": theirs })).await.code(), Some("NOT_FOUND"));
    assert_eq!(first.run(NODE, json!({ "id": theirs })).await.code(), Some("FORBIDDEN"));
    assert_eq!(first.run(REVOKE, json!({ "id": ids[0] })).await.code(), Some("FORBIDDEN"));
    assert_eq!(first.data(END, json!({ "id": ids[0] })).await["endSession"]["endedIds"], json!([ids[0]]));
    assert!(!is_alive(&second).await && !refreshes(&app, &second).await);
    assert!(is_alive(&first).await && is_alive(&stranger).await);
    assert_eq!(first.run(END, json!({ "id": ids[0] })).await.code(), Some("NOT_FOUND"), "it is over");
    assert_eq!(first.run(NODE, json!({ "id": ids[0] })).await.code(), Some("FORBIDDEN"), "as any that is not there");
    assert_eq!(each(&first.data(OWN, json!({})).await["sessions"], "id"), ids[1..]);
}

/// A viewer of each of two departments, who may read and end sessions there.
async fn two_viewers(app: &TestApp, permissions: &[&str]) -> [Client; 2] {
    let admin = app.admin().await;
    let mut viewers = Vec::new();
    for name in ["North", "South"] {
        let dept = admin.dept(name, None).await;
        viewers.push(app.user().permissions(permissions).scope("DEPT").dept(&dept).staff().login().await);
    }
    viewers.try_into().unwrap_or_else(|_| unreachable!())
}

async fn online_sessions_are_within_the_row_scope(app: TestApp) {
    let viewers = two_viewers(&app, &["monitor:session:read"]).await;
    for (at, me) in viewers.iter().enumerate() {
        let other = &viewers[1 - at];
        let (mine, theirs) = (session_of(me).await, session_of(other).await);
        let seen = online(me, json!({}), json!([])).await;
        assert_eq!((each(&seen, "id"), &seen["totalCount"]), (vec![mine.clone()], &json!(1)));
        assert_eq!(each(&seen, "username"), [&*me.username]);
        for filter in [json!({ "userId": other.id }), json!({ "username": other.username })] {
            assert_eq!(online(me, filter, json!([])).await["totalCount"], 0);
        }
        assert_eq!(me.data(NODE, json!({ "id": theirs })).await["node"], Value::Null);
        assert_eq!(me.data(NODE, json!({ "id": mine })).await["node"]["id"], *mine);
    }
    let all = online(app.admin().await, json!({}), json!([])).await;
    assert_eq!(all["totalCount"], 3);
    let reader = app.user().permissions(&["monitor:session:read"]).scope("ALL").login().await;
    let user = "query($of: ID!) { onlineSessions(filter: {userId: $of}) { nodes { username user { username } } } }";
    let denied = reader.run(user, json!({ "of": viewers[0].id })).await;
    assert_eq!(denied.error()["extensions"]["permission"], "sys:user:read");
    assert_eq!(denied.body["data"]["onlineSessions"]["nodes"][0]["username"], viewers[0].username);
}

async fn filters_and_orders_of_online_sessions(app: TestApp) {
    let admin = app.admin().await;
    let first = app.user().login().await;
    app.app.clock.advance(MINUTE);
    let second = app.user().login().await;
    let at = text(&second.data(OWN, json!({})).await["sessions"]["nodes"][0]["createdAt"]);
    let names = async |filter: Value, order: Value| each(&online(admin, filter, order).await, "username");
    assert_eq!(names(json!({}), json!([])).await, [&*second.username, &first.username, "admin"]);
    assert_eq!(names(json!({ "userId": first.id }), json!([])).await, [&*first.username]);
    assert_eq!(names(json!({ "username": first.username.to_uppercase() }), json!([])).await, [&*first.username]);
    assert_eq!(names(json!({ "username": "nobody" }), json!([])).await, [""; 0]);
    assert_eq!(names(json!({ "ip": "127.0.0.1", "userId": second.id }), json!([])).await, [&*second.username]);
    assert_eq!(names(json!({ "ip": "127.0.0.2" }), json!([])).await, [""; 0]);
    assert_eq!(names(json!({ "createdAt": { "from": at } }), json!([])).await, [&*second.username]);
    assert_eq!(names(json!({ "createdAt": { "until": at } }), json!([])).await.len(), 2);
    assert_eq!(names(json!({ "lastSeenAt": { "from": at } }), json!([])).await, [&*second.username]);
    for field in ["CREATED_AT", "LAST_SEEN_AT", "EXPIRES_AT"] {
        for direction in ["ASC", "DESC"] {
            let mut found = names(json!({}), json!([{ "field": field, "direction": direction }])).await;
            if direction == "DESC" {
                found.reverse();
            }
            assert_eq!(found, ["admin", &first.username, &second.username], "{field} {direction}");
        }
    }
}

async fn ends_of_sessions_respect_scope_and_rank(app: TestApp) {
    let [me, other] = two_viewers(&app, &["monitor:session:read", "monitor:session:kick"]).await;
    let second = again(&app, &other).await;
    let theirs = session_of(&other).await;
    let nothing = "session_01h455vb4pex5vsknk084sn02q";
    let hidden = me.run(REVOKE, json!({ "id": theirs })).await;
    let missing = me.run(REVOKE, json!({ "id": nothing })).await;
    assert_eq!(hidden.code(), Some("NOT_FOUND"));
    assert_eq!(hidden.message().replace(&theirs, ""), missing.message().replace(nothing, ""));
    assert_eq!(me.run(REVOKE_ALL, json!({ "id": other.id })).await.code(), Some("NOT_FOUND"));
    assert!(is_alive(&other).await);

    let head = app.user().permissions(&["monitor:session:kick"]).scope("ALL").staff().login().await;
    let admin = app.admin().await;
    for (mutation, id) in [(REVOKE, session_of(admin).await), (REVOKE_ALL, admin.id.clone())] {
        assert_eq!(head.run(mutation, json!({ "id": id })).await.code(), Some("FORBIDDEN"));
    }
    assert!(is_alive(admin).await);
    assert_eq!(head.data(REVOKE, json!({ "id": theirs })).await["revokeSession"]["endedIds"], json!([theirs]));
    assert!(!is_alive(&other).await && !refreshes(&app, &other).await);
    assert!(is_alive(&second).await);
    let ended = head.data(REVOKE_ALL, json!({ "id": other.id })).await;
    assert_eq!(ended["revokeUserSessions"]["endedIds"].as_array().unwrap().len(), 1, "what is over is not ended again");
    assert!(!is_alive(&second).await && is_alive(&me).await);

    let log = admin
        .data(
            "{ operationLogs(first: 1, filter: {field: \"revokeSession\"}) { nodes { field username status changes { targetId fields { name } } } } }",
            json!({}),
        )
        .await;
    let record = &log["operationLogs"]["nodes"][0];
    assert_eq!((&record["field"], &record["username"]), (&json!("revokeSession"), &json!(head.username)));
    assert_eq!(record["changes"], json!([{ "targetId": theirs, "fields": [{ "name": "endedAt" }] }]));
    let superuser = app.user().superuser().login().await;
    assert_eq!(superuser.run(REVOKE_ALL, json!({ "id": superuser.id })).await.code(), None);
    assert!(!is_alive(&superuser).await);
}

async fn logging_out_everywhere_can_keep_the_current_session(app: TestApp) {
    const EVERYWHERE: &str = "mutation($keep: Boolean) { logoutEverywhere(input: {keepCurrent: $keep}) { endedIds } }";
    let first = app.user().login().await;
    let (second, third) = (again(&app, &first).await, again(&app, &first).await);
    let stranger = app.user().login().await;
    let ended = first.data(EVERYWHERE, json!({ "keep": true })).await;
    assert_eq!(ended["logoutEverywhere"]["endedIds"].as_array().unwrap().len(), 2);
    assert!(is_alive(&first).await && !is_alive(&second).await && !refreshes(&app, &third).await);
    let fourth = again(&app, &first).await;
    assert_eq!(first.run("mutation { logoutEverywhere(input: {}) { endedIds } }", json!({})).await.code(), None);
    assert!(!is_alive(&first).await && !is_alive(&fourth).await && is_alive(&stranger).await);
}

async fn ids_that_make_no_sense_are_clear_errors(app: TestApp) {
    let admin = app.admin().await;
    for mutation in [REVOKE, END] {
        for (id, code) in [
            ("", "BAD_ID"),
            ("' or 1=1 --", "BAD_ID"),
            ("session_\u{0}", "BAD_ID"),
            ("user_01h455vb4pex5vsknk084sn02q", "WRONG_KIND"),
            ("session_81h455vb4pex5vsknk084sn02q", "BAD_ID"),
        ] {
            let answer = admin.run(mutation, json!({ "id": id })).await;
            assert_eq!(answer.field(), ("input.sessionId", code), "{id:?}");
        }
    }
    let wrong = admin.run(REVOKE_ALL, json!({ "id": "session_01h455vb4pex5vsknk084sn02q" })).await;
    assert_eq!(wrong.field(), ("input.userId", "WRONG_KIND"));
    let filter = json!({ "filter": { "userId": "x", "username": "x".repeat(65), "ip": "\u{0}" } });
    let wrong = admin.run(ONLINE, filter).await;
    assert_eq!(wrong.error()["extensions"]["fields"].as_array().unwrap().len(), 3);
    assert!(is_alive(admin).await);
}

async fn disabling_deleting_and_demoting_end_sessions(app: TestApp) {
    let admin = app.admin().await;
    let bystander = app.user().login().await;
    for (mutation, superuser) in [
        ("mutation($id: ID!) { setUserStatus(input: {userId: $id, status: DISABLED}) { user { id } } }", false),
        ("mutation($id: ID!) { deleteUsers(input: {ids: [$id]}) { deletedIds } }", false),
        ("mutation($id: ID!) { setUserFlags(input: {userId: $id, isSuperuser: false}) { user { id } } }", true),
    ] {
        let user = if superuser { app.user().superuser() } else { app.user() }.login().await;
        let second = again(&app, &user).await;
        assert!(is_alive(&user).await && is_alive(&second).await);
        admin.data(mutation, json!({ "id": user.id })).await;
        assert!(!is_alive(&user).await && !is_alive(&second).await && !refreshes(&app, &user).await, "{mutation}");
        assert_eq!(online(admin, json!({ "userId": user.id }), json!([])).await["totalCount"], 0, "{mutation}");
    }
    // Enabled again, what was ended stays so.
    let user = app.user().login().await;
    for status in ["DISABLED", "ENABLED"] {
        let set =
            "mutation($id: ID!, $to: Status!) { setUserStatus(input: {userId: $id, status: $to}) { user { id } } }";
        admin.data(set, json!({ "id": user.id, "to": status })).await;
    }
    assert!(!is_alive(&user).await && !refreshes(&app, &user).await && is_alive(&bystander).await);
}

async fn a_new_password_can_end_the_current_session_too(app: TestApp) {
    const CHANGE: &str = "mutation($old: String!, $new: String!, $keep: Boolean) {
        changePassword(input: {oldPassword: $old, newPassword: $new, keepCurrentSession: $keep}) { user { id } } }";
    let user = app.user().login().await;
    let change = async |old: &str, new: &str, keep: bool| {
        user.data(CHANGE, json!({ "old": old, "new": new, "keep": keep })).await;
    };
    change(&user.password, "Newer-kettle-5678", true).await;
    assert!(is_alive(&user).await);
    change("Newer-kettle-5678", "Newest9012", false).await;
    assert!(!is_alive(&user).await && !refreshes(&app, &user).await);
}

async fn statements_do_not_depend_on_the_number_of_sessions(app: TestApp) {
    let admin = app.admin().await;
    let permissions = ["monitor:session:read", "sys:user:read"];
    let restricted = app.user().permissions(&permissions).scope("ALL").login().await;
    let count = async |viewer: &Client, query: &str| {
        viewer.data(query, json!({})).await;
        app.statements(viewer.data(query, json!({}))).await.0
    };
    let cases = [
        ("{ onlineSessions { nodes { ip } } }", 1),
        ("{ onlineSessions { totalCount nodes { username } } }", 3),
        ("{ onlineSessions { nodes { username user { username } } } }", 3),
        ("{ sessions { nodes { username current } } }", 2),
    ];
    for _ in 0..2 {
        for (query, expected) in cases {
            assert_eq!(count(admin, query).await, expected, "{query}");
            assert_eq!(count(&restricted, query).await, expected, "{query}");
        }
        for _ in 0..5 {
            again(&app, &app.user().login().await).await;
        }
    }
}

async fn ones_own_session_names_its_user_whatever_the_scope(app: TestApp) {
    let dept = app.admin().await.dept("Elsewhere", None).await;
    let user = app.user().permissions(&[]).scope_depts(&[&dept]).login().await;
    let login = "mutation($name: String!, $password: String!) {
        login(input: {username: $name, password: $password}) { session { user { id email } } } }";
    let variables = json!({ "name": user.username, "password": user.password });
    let opened = app.anonymous().data(login, variables).await;
    let own = &opened["login"]["session"]["user"];
    assert_eq!(own["id"], json!(user.id));
    let listed = user.data("{ sessions(first: 10) { nodes { user { id email } } } }", json!({})).await;
    let listed = listed["sessions"]["nodes"].as_array().unwrap();
    assert!(listed.len() == 2 && listed.iter().all(|session| session["user"] == *own), "{listed:#?}");
}
