//! What passwords must be like, how long they are good for, and what can be done with one that is not.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp, on_each_database, text};

const CREATE: &str = "mutation($input: CreateUserInput!) { createUser(input: $input) { user { id } } }";
const RESET: &str = "mutation($input: ResetUserPasswordInput!) { resetUserPassword(input: $input) { user { id } } }";
const CHANGE: &str = "mutation($old: String!, $new: String!) { changePassword(input: {oldPassword: $old, newPassword: $new}) { user { id } } }";
const LOGIN: &str =
    "mutation($input: LoginInput!) { login(input: $input) { accessToken mustChangePassword passwordExpiresInDays } }";
const DAY: Duration = Duration::from_secs(24 * 3600);

on_each_database!(
    every_path_refuses_what_is_easy_to_guess,
    earlier_passwords_are_refused_and_the_first_is_one,
    the_command_line_keeps_to_the_same_rules,
    a_password_that_was_reset_can_only_be_changed,
    an_expired_password_can_only_be_changed,
);

async fn login(app: &TestApp, username: &str, password: &str) -> (Client, Value) {
    let input = json!({ "username": username, "password": password });
    let login = app.anonymous().data(LOGIN, json!({ "input": input })).await["login"].clone();
    (app.anonymous().with_token(&text(&login["accessToken"])), login)
}

async fn change(client: &Client, old: &str, new: &str) -> Answer {
    client.run(CHANGE, json!({ "old": old, "new": new })).await
}

async fn every_path_refuses_what_is_easy_to_guess(app: TestApp) {
    let user = app.user().login().await;
    let admin = app.admin().await;
    for (password, code) in [
        ("Sh0rt", "TOO_SHORT"),
        ("long enough, but no number", "TOO_WEAK"),
        ("Password1", "TOO_WEAK"),
        ("qwerty123", "TOO_WEAK"),
        ("aaaaaaaaaaaa1", "TOO_WEAK"),
        (&*"a1".repeat(37), "TOO_LONG"),
        ("null\u{0}character1", "BAD_FORMAT"),
    ] {
        let input = json!({ "username": "somebody", "password": password });
        let created = admin.run(CREATE, json!({ "input": input })).await;
        assert_eq!(created.field(), ("input.password", code), "{password}");
        let input = json!({ "userId": user.id, "password": password });
        let reset = admin.run(RESET, json!({ "input": input })).await;
        assert_eq!(reset.field(), ("input.password", code), "{password}");
        let changed = change(&user, &user.password, password).await;
        assert_eq!(changed.field(), ("input.newPassword", code), "{password}");
    }
    let weak = change(&user, &user.password, "Password1").await;
    let message = &weak.error()["extensions"]["fields"][0]["message"];
    assert_eq!(message, "The password is too easy to guess. This is a very common password.");
    // The user's own name does not make it harder to guess.
    let input = json!({ "username": "wilhelmina", "password": "Wilhelmina1", "nickname": "Mina" });
    let created = admin.run(CREATE, json!({ "input": input })).await;
    assert_eq!(created.field(), ("input.password", "TOO_WEAK"));
    assert!(user.run("{ viewer { user { id } } }", json!({})).await.code().is_none(), "nothing has changed");
}

/// The reference forgot the first one.
async fn earlier_passwords_are_refused_and_the_first_is_one(app: TestApp) {
    let user = app.user().login().await;
    let given = user.password.clone();
    let passwords = [&*given, "Second-try-22", "Third-attempt-33", "Fourth-wish-44"];
    assert_eq!(change(&user, &given, &given).await.field(), ("input.newPassword", "REUSED"));
    for present in 1..passwords.len() {
        assert_eq!(change(&user, passwords[present - 1], passwords[present]).await.code(), None);
        for earlier in &passwords[(present + 1).saturating_sub(3)..=present] {
            let reused = change(&user, passwords[present], earlier).await;
            assert_eq!(reused.field(), ("input.newPassword", "REUSED"), "{earlier}");
        }
    }
    assert_eq!(change(&user, passwords[3], &given).await.code(), None, "only three are remembered");
}

/// Also for whoever cannot log in any more.
async fn the_command_line_keeps_to_the_same_rules(app: TestApp) {
    let (username, old, new) = ("admin", crate::support::ADMIN_PASSWORD, "Secret-raven-456");
    let lockout = orgraph::app::Lockout { failures: 2, duration: DAY };
    let node = app.hashing(4, lockout).await;
    let log_in = async |password: &str| {
        let input = json!({ "username": username, "password": password });
        node.anonymous().run(LOGIN, json!({ "input": input })).await
    };
    for _ in 0..2 {
        log_in("Wrong-1234").await;
    }
    assert_eq!(log_in(old).await.code(), Some("UNAUTHENTICATED"), "it is locked");
    let reset = async |password: &str| {
        let viewer = orgraph::security::Viewer::command("admin reset-password");
        let password = password.to_owned().into();
        let reset = orgraph::domains::users::service::reset_superuser_password;
        reset(&app.app, &viewer, username, password).await.map_err(|error| error.message())
    };
    assert_eq!(reset(old).await, Err("The password must differ from the last 3.".into()));
    assert!(reset("Password1").await.unwrap_err().contains("too easy to guess"));
    assert_eq!(log_in(old).await.code(), Some("UNAUTHENTICATED"), "nothing has changed");
    assert_eq!(reset(new).await, Ok(()));
    assert_eq!(log_in(new).await.code(), None, "a new password unlocks");
    assert_eq!(reset(new).await, Err("The password must differ from the last 3.".into()));
}

async fn a_password_that_was_reset_can_only_be_changed(app: TestApp) {
    let user = app.user().permissions(&["sys:user:read"]).scope("ALL").login().await;
    let input = json!({ "userId": user.id, "password": "Handed-over-7" });
    app.admin().await.data(RESET, json!({ "input": input })).await;
    let (session, told) = login(&app, &user.username, "Handed-over-7").await;
    assert_eq!(told["mustChangePassword"], true);
    let refused = session.run("{ users { totalCount } }", json!({})).await;
    assert_eq!(refused.code(), Some("FORBIDDEN"));
    assert!(refused.message().contains("changePassword"), "{}", refused.message());
    let profile = "mutation { updateProfile(input: {nickname: \"X\"}) { user { id } } }";
    assert_eq!(session.run(profile, json!({})).await.code(), Some("FORBIDDEN"));
    let viewer = "{ viewer { mustChangePassword permissions user { username email } session { id } } }";
    let seen = session.data(viewer, json!({})).await["viewer"].clone();
    assert_eq!((&seen["mustChangePassword"], &seen["permissions"]), (&json!(true), &json!([])));
    assert_eq!(seen["user"]["username"], user.username);

    assert_eq!(change(&session, "Handed-over-7", "Chosen-by-me-8").await.code(), None);
    assert_eq!(session.run("{ users { totalCount } }", json!({})).await.code(), None, "the session goes on, whole");
    let (_, told) = login(&app, &user.username, "Chosen-by-me-8").await;
    assert_eq!(told["mustChangePassword"], false);

    let input = json!({ "userId": user.id, "password": "Handed-over-9", "mustChangePassword": false });
    app.admin().await.data(RESET, json!({ "input": input })).await;
    let (session, _) = login(&app, &user.username, "Handed-over-9").await;
    assert_eq!(session.run("{ users { totalCount } }", json!({})).await.code(), None);
}

/// The tests' passwords are good for 90 days, and logins tell of the last 7. In the reference its owner could not even
/// change it.
async fn an_expired_password_can_only_be_changed(app: TestApp) {
    let user = app.user().permissions(&["sys:user:read"]).scope("ALL").superuser().login().await;
    let days_told = async || login(&app, &user.username, &user.password).await.1["passwordExpiresInDays"].clone();
    assert_eq!(days_told().await, Value::Null);
    app.app.clock.advance(83 * DAY);
    assert_eq!(days_told().await, Value::Null);
    app.app.clock.advance(DAY);
    assert_eq!(days_told().await, 6);
    let (session, _) = login(&app, &user.username, &user.password).await;
    app.app.clock.advance(6 * DAY);
    let (expired, told) = login(&app, &user.username, &user.password).await;
    assert_eq!((&told["mustChangePassword"], &told["passwordExpiresInDays"]), (&json!(true), &json!(0)));
    assert_eq!(expired.run("{ users { totalCount } }", json!({})).await.code(), Some("FORBIDDEN"));
    assert_eq!(change(&expired, &user.password, "Good-for-90-more").await.code(), None);
    assert_eq!(expired.run("{ users { totalCount } }", json!({})).await.code(), None);
    assert_eq!(session.run("{ users { totalCount } }", json!({})).await.code(), Some("UNAUTHENTICATED"));
}
