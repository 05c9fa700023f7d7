//! How long sessions last: unused ones, their uses, and refresh tokens that come twice.

use std::time::Duration;

use orgraph::domains::sessions::service::{noting, write_seen};
use serde_json::{Value, json};

use crate::sessions::{END, MINUTE, OWN, REFRESH, again, each, is_alive, online, refreshes, session_of};
use crate::support::{Client, TestApp, on_each_database, text};

const HOUR: Duration = Duration::from_secs(3600);

on_each_database!(
    what_is_not_used_for_long_is_over,
    uses_are_written_once_a_minute_together,
    another_nodes_use_counts,
    a_use_that_is_not_written_yet_counts,
    a_lost_answer_to_a_refresh_can_be_asked_for_again,
    a_copied_token_is_noticed_when_both_go_on,
    requests_send_no_statement_for_their_session,
    a_server_that_stops_writes_what_it_has_noted,
);

/// The idle lifetime of the tests is a day.
async fn what_is_not_used_for_long_is_over(app: TestApp) {
    let admin = app.admin().await;
    let used = app.user().login().await;
    let idle = again(&app, &used).await;
    let (used_id, idle_id) = (session_of(&used).await, session_of(&idle).await);
    let mut used = used;
    for _ in 0..3 {
        app.app.clock.advance(10 * HOUR);
        let pair = used.data(REFRESH, json!({ "token": used.refresh_token })).await["refreshSession"].clone();
        used = used.with_token(&text(&pair["accessToken"]));
        used.refresh_token = text(&pair["refreshToken"]);
        assert!(is_alive(&used).await);
    }
    assert!(!refreshes(&app, &idle).await, "a day and six hours without use");
    assert_eq!(each(&used.data(OWN, json!({})).await["sessions"], "id"), [used_id]);
    assert_eq!(used.run(END, json!({ "id": idle_id })).await.code(), Some("NOT_FOUND"));
    let admin = again(&app, admin).await;
    assert_eq!(online(&admin, json!({ "userId": used.id }), json!([])).await["totalCount"], 1);
}

/// A policy under which access tokens outlive idle sessions: the session's own end shows.
async fn requests_of(app: &TestApp, client: &Client) -> bool {
    is_alive(
        &client.with_token(
            &app.app
                .tokens
                .issue(
                    orgraph::ids::UserId::parse(&client.id).unwrap(),
                    orgraph::ids::SessionId::parse(&session_id_in(client)).unwrap(),
                    app.app.clock.now(),
                    app.app.clock.now().plus(HOUR),
                )
                .unwrap()
                .token,
        ),
    )
    .await
}

/// The session that an access token names.
fn session_id_in(client: &Client) -> String {
    let claims = client.token.as_deref().unwrap().split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    text(&serde_json::from_slice::<Value>(&claims).unwrap()["sid"])
}

async fn uses_are_written_once_a_minute_together(app: TestApp) {
    let admin = app.admin().await;
    let users = [app.user().login().await, app.user().login().await, app.user().login().await];
    let seen = async || {
        let all = online(admin, json!({}), json!([])).await;
        let rows = all["nodes"].as_array().unwrap().iter().filter(|node| node["username"] != "admin");
        rows.map(|node| text(&node["lastSeenAt"])).collect::<Vec<_>>()
    };
    let use_all = async || {
        for user in &users {
            assert!(is_alive(user).await);
        }
    };
    use_all().await;
    let (none, _) = app.statements(write_seen(&app.app)).await;
    assert_eq!(none, 0, "what the row says already is not written");
    let before = seen().await;
    app.app.clock.advance(MINUTE / 2);
    use_all().await;
    write_seen(&app.app).await.unwrap();
    assert_eq!(seen().await, before, "half a minute is too soon");
    app.app.clock.advance(MINUTE);
    let (few, _) = app.statements(write_seen(&app.app)).await;
    assert_eq!(app.statements(write_seen(&app.app)).await.0, 0, "once is enough");
    let after = seen().await;
    assert!(after.iter().zip(&before).all(|(after, before)| after > before), "{before:?} {after:?}");
    app.app.clock.advance(MINUTE);
    let more = [app.user().login().await, app.user().login().await];
    app.app.clock.advance(2 * MINUTE);
    use_all().await;
    for user in &more {
        assert!(is_alive(user).await);
    }
    assert_eq!(app.statements(write_seen(&app.app)).await.0, few, "however many sessions there are");
    let current = users[0].data("{ viewer { session { lastSeenAt } } }", json!({})).await;
    assert_eq!(text(&current["viewer"]["session"]["lastSeenAt"]), app.app.clock.now().to_string());
}

/// Two nodes on one database: one's cache still says that the session is idle, the other has written its use.
async fn another_nodes_use_counts(app: TestApp) {
    let user = app.user().login().await;
    assert!(is_alive(&user).await, "it is in the cache now");
    let other = app.beside(None).await;
    app.app.clock.advance(20 * HOUR);
    assert!(requests_of(&app, &user.on(&other)).await);
    write_seen(&other.app).await.unwrap();
    app.app.clock.advance(20 * HOUR);
    assert!(requests_of(&app, &user).await);
    app.app.clock.advance(25 * HOUR);
    assert!(!requests_of(&app, &user).await && !requests_of(&app, &user.on(&other)).await);
}

async fn a_use_that_is_not_written_yet_counts(app: TestApp) {
    let user = app.user().login().await;
    for _ in 0..3 {
        app.app.clock.advance(20 * HOUR);
        assert!(requests_of(&app, &user).await);
    }
    app.app.clock.advance(20 * HOUR);
    assert!(refreshes(&app, &user).await, "the row says that it was last used at its login");
    app.app.clock.advance(25 * HOUR);
    assert!(!requests_of(&app, &user).await);
}

async fn a_lost_answer_to_a_refresh_can_be_asked_for_again(app: TestApp) {
    let user = app.user().login().await;
    let anonymous = app.anonymous();
    let refresh = async |token: &Value| anonymous.run(REFRESH, json!({ "token": token })).await;
    let token = json!(user.refresh_token);
    let first = refresh(&token).await.data()["refreshSession"].clone();
    app.app.clock.advance(Duration::from_secs(10));
    let second = refresh(&token).await.data()["refreshSession"].clone();
    assert_eq!(first["refreshToken"], second["refreshToken"], "there is one next token, however often it is asked for");
    for pair in [&first, &second] {
        assert!(is_alive(&anonymous.with_token(&text(&pair["accessToken"]))).await);
        assert_eq!(refresh(&pair["refreshToken"]).await.code(), None);
    }
    // Counted from the first use: trying again and again does not keep it open.
    app.app.clock.advance(Duration::from_micros(1));
    assert_eq!(refresh(&token).await.code(), Some("UNAUTHENTICATED"));
    assert!(!is_alive(&user).await);
    let log = app.admin().await.data(
        "{ operationLogs(first: 1, filter: {field: \"refreshSession\"}) { nodes { username status changes { targetId } } } }",
        json!({}),
    ).await;
    let record = &log["operationLogs"]["nodes"][0];
    assert_eq!((&record["username"], &record["status"]), (&json!(user.username), &json!("FAILED")));
    assert_eq!(record["changes"], json!([{ "targetId": session_id_in(&user) }]));
    let ended = app.user().login().await;
    refresh(&json!(ended.refresh_token)).await.data();
    ended.data("mutation { logout { sessionId } }", json!({})).await;
    assert!(!refreshes(&app, &ended).await, "no grace for a session that was ended");
}

/// Also one that was copied and used within the grace: both are on one chain then, and the second to go on is noticed.
async fn a_copied_token_is_noticed_when_both_go_on(app: TestApp) {
    let user = app.user().login().await;
    let anonymous = app.anonymous();
    let refresh = async |token: &Value| anonymous.run(REFRESH, json!({ "token": token })).await;
    let token = json!(user.refresh_token);
    let owner = refresh(&token).await.data()["refreshSession"].clone();
    let thief = refresh(&token).await.data()["refreshSession"].clone();
    app.app.clock.advance(10 * MINUTE);
    let owner = refresh(&owner["refreshToken"]).await.data()["refreshSession"].clone();
    app.app.clock.advance(MINUTE);
    assert_eq!(refresh(&thief["refreshToken"]).await.code(), Some("UNAUTHENTICATED"));
    assert_eq!(refresh(&owner["refreshToken"]).await.code(), Some("UNAUTHENTICATED"));
    assert!(!is_alive(&anonymous.with_token(&text(&owner["accessToken"]))).await);
}

async fn requests_send_no_statement_for_their_session(app: TestApp) {
    let user = app.user().login().await;
    user.data("{ viewer { session { lastSeenAt } } }", json!({})).await;
    for _ in 0..3 {
        app.app.clock.advance(2 * MINUTE);
        let (statements, _) = app.statements(user.data("{ viewer { session { lastSeenAt } } }", json!({}))).await;
        assert_eq!(statements, 0);
    }
}

async fn a_server_that_stops_writes_what_it_has_noted(app: TestApp) {
    let user = app.user().login().await;
    app.app.clock.advance(MINUTE / 2);
    assert!(noting(&app.app, is_alive(&user)).await);
    let listed = app.admin().await.data("{ onlineSessions(first: 1) { nodes { lastSeenAt } } }", json!({})).await;
    assert_eq!(listed["onlineSessions"]["nodes"][0]["lastSeenAt"], app.app.clock.now().to_string());
}
