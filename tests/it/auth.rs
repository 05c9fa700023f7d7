//! Logging in and out, tokens and sessions.

use std::time::Duration;

use orgraph::security::kid;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{TOKEN_SECRET, TestApp, on_each_database, text};

const LOGIN: &str = "mutation($username: String!, $password: String!) { login(input: {username: $username, password: $password}) { accessToken refreshToken user { id username email roles { name } } } }";
const REFRESH: &str =
    "mutation($token: String!) { refreshSession(input: {refreshToken: $token}) { accessToken refreshToken } }";
const WHO: &str = "{ viewer { user { username } } }";

on_each_database!(
    refused_logins_look_alike_and_leave_their_reason,
    whoever_logs_in_may_read_their_own_account_in_the_same_answer,
    a_refresh_token_works_once_and_its_copy_ends_the_session,
    of_many_refreshes_at_once_each_gets_the_next_token,
    of_many_copies_at_once_one_ends_the_session,
    logout_ends_access_and_refresh,
    a_single_login_ends_the_users_other_sessions_and_nobody_elses,
    a_new_password_ends_the_other_sessions,
    tokens_expire_and_forged_ones_are_refused,
    a_token_that_is_wrong_in_one_thing_is_refused,
    a_reset_ends_the_sessions_of_the_one_whose_password_it_is,
);

/// Unknown user, wrong password, no such password length: one answer. The log keeps the reason.
async fn refused_logins_look_alike_and_leave_their_reason(app: TestApp) {
    let user = app.user().login().await;
    let locked = app.user().login().await;
    app.admin()
        .await
        .run(
            "mutation($id: ID!) { setUserStatus(input: {userId: $id, status: DISABLED}) { user { id } } }",
            json!({ "id": locked.id }),
        )
        .await;
    let anonymous = app.anonymous();
    let long = "x".repeat(5000);
    let mut answers = Vec::new();
    for (username, password) in [
        ("nobody", "Wrong1234"),
        (&*user.username, "Wrong1234"),
        (&*user.username, &*long),
        (&*user.username, ""),
        (&*locked.username, "Wrong1234"),
        ("no\u{0}body", "Wrong1234"),
        (&*long, "Wrong1234"),
        ("' or 1=1 --", "x"),
    ] {
        let answer = anonymous.run(LOGIN, json!({ "username": username, "password": password })).await;
        answers.push((answer.status, answer.code().map(str::to_owned), answer.message().to_owned()));
    }
    answers.dedup();
    let expected =
        "The user name or the password is wrong. After several wrong ones an account is locked for a while.".to_owned();
    assert_eq!(answers, [(200, Some("UNAUTHENTICATED".to_owned()), expected)]);
    // Only who knows the password learns that the account is disabled.
    let right = anonymous.run(LOGIN, json!({ "username": locked.username, "password": locked.password })).await;
    assert_eq!(right.message(), "This account is disabled. Ask an administrator.");

    let logs = app.admin().await.run("{ loginLogs(first: 9) { nodes { outcome } } }", json!({})).await;
    let outcomes: Vec<_> = logs.data()["loginLogs"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| log["outcome"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        outcomes,
        [
            "USER_DISABLED",
            "UNKNOWN_USER",
            "UNKNOWN_USER",
            "UNKNOWN_USER",
            "WRONG_PASSWORD",
            "WRONG_PASSWORD",
            "WRONG_PASSWORD",
            "WRONG_PASSWORD",
            "UNKNOWN_USER",
        ]
    );
}

async fn whoever_logs_in_may_read_their_own_account_in_the_same_answer(app: TestApp) {
    let user = app.user().permissions(&["sys:dept:read"]).login().await;
    let answer = app
        .anonymous()
        .run(LOGIN, json!({ "username": user.username.to_uppercase(), "password": user.password }))
        .await;
    assert_eq!(answer.code(), None);
    assert_eq!(answer.data()["login"]["user"]["username"], user.username);
    assert_eq!(answer.data()["login"]["user"]["roles"].as_array().unwrap().len(), 1);
}

async fn a_refresh_token_works_once_and_its_copy_ends_the_session(app: TestApp) {
    let user = app.user().login().await;
    let anonymous = app.anonymous();
    let first = anonymous.run(REFRESH, json!({ "token": user.refresh_token })).await;
    let second = first.data()["refreshSession"].clone();
    let renewed = app.anonymous().with_token(second["accessToken"].as_str().unwrap());
    assert_eq!(renewed.run(WHO, json!({})).await.data()["viewer"]["user"]["username"], user.username);

    app.app.clock.advance(Duration::from_secs(11));
    let replayed = anonymous.run(REFRESH, json!({ "token": user.refresh_token })).await;
    assert_eq!(replayed.code(), Some("UNAUTHENTICATED"));
    for token in [second["refreshToken"].as_str().unwrap(), "never given out", ""] {
        assert_eq!(anonymous.run(REFRESH, json!({ "token": token })).await.code(), Some("UNAUTHENTICATED"));
    }
    assert_eq!(renewed.run(WHO, json!({})).await.code(), Some("UNAUTHENTICATED"));
    assert_eq!(user.run(WHO, json!({})).await.code(), Some("UNAUTHENTICATED"));
}

/// Tabs of one browser share a token, and may all find the access token expired.
async fn of_many_refreshes_at_once_each_gets_the_next_token(app: TestApp) {
    let user = app.user().login().await;
    let anonymous = app.anonymous();
    let tries = (0..8).map(|_| anonymous.run(REFRESH, json!({ "token": user.refresh_token })));
    let answers = futures_util::future::join_all(tries).await;
    let tokens: std::collections::HashSet<_> =
        answers.iter().map(|answer| text(&answer.data()["refreshSession"]["refreshToken"])).collect();
    assert_eq!(tokens.len(), 1);
    let next = tokens.into_iter().next();
    assert_eq!(anonymous.run(REFRESH, json!({ "token": next })).await.code(), None);
}

async fn of_many_copies_at_once_one_ends_the_session(app: TestApp) {
    const ENDS: &str = "{ operationLogs(filter: {field: \"refreshSession\", status: FAILED}) { nodes { changes { fields { name } } } } }";
    let user = app.user().login().await;
    let anonymous = app.anonymous();
    assert_eq!(anonymous.run(REFRESH, json!({ "token": user.refresh_token })).await.code(), None);
    app.app.clock.advance(Duration::from_secs(11));
    let tries = (0..8).map(|_| anonymous.run(REFRESH, json!({ "token": user.refresh_token })));
    for answer in futures_util::future::join_all(tries).await {
        assert_eq!(answer.code(), Some("UNAUTHENTICATED"));
    }
    let records = app.admin().await.data(ENDS, json!({})).await["operationLogs"]["nodes"].clone();
    let ends = records.as_array().unwrap().iter().filter(|record| record["changes"] != json!([]));
    assert_eq!((records.as_array().unwrap().len(), ends.count()), (8, 1), "{records}");
}

/// The reference left the refresh token alive.
async fn logout_ends_access_and_refresh(app: TestApp) {
    let user = app.user().login().await;
    assert_eq!(user.run("mutation { logout { sessionId } }", json!({})).await.code(), None);
    assert_eq!(user.run(WHO, json!({})).await.code(), Some("UNAUTHENTICATED"));
    assert_eq!(
        app.anonymous().run(REFRESH, json!({ "token": user.refresh_token })).await.code(),
        Some("UNAUTHENTICATED")
    );
}

/// The reference ended the sessions of all users whose id begins alike.
async fn a_single_login_ends_the_users_other_sessions_and_nobody_elses(app: TestApp) {
    let first = app.user().single_login().login().await;
    let other = app.user().login().await;
    let again = app.anonymous().run(LOGIN, json!({ "username": first.username, "password": first.password })).await;
    assert_eq!(again.code(), None);
    assert_eq!(first.run(WHO, json!({})).await.code(), Some("UNAUTHENTICATED"));
    assert_eq!(other.run(WHO, json!({})).await.code(), None);

    let several = app.user().login().await;
    app.anonymous().run(LOGIN, json!({ "username": several.username, "password": several.password })).await;
    assert_eq!(several.run(WHO, json!({})).await.code(), None);
}

async fn a_new_password_ends_the_other_sessions(app: TestApp) {
    let user = app.user().login().await;
    let other = app.anonymous().run(LOGIN, json!({ "username": user.username, "password": user.password })).await;
    let other = app.anonymous().with_token(other.data()["login"]["accessToken"].as_str().unwrap());
    let change = "mutation($old: String!, $new: String!) { changePassword(input: {oldPassword: $old, newPassword: $new}) { user { id } } }";
    let wrong = user.run(change, json!({ "old": "Wrong1234", "new": "Newer-kettle-5678" })).await;
    assert_eq!(wrong.field().1, "WRONG");
    let reused = user.run(change, json!({ "old": user.password, "new": user.password })).await;
    assert_eq!(reused.field().1, "REUSED");
    for (weak, code) in [("short1", "TOO_SHORT"), ("onlyletters", "TOO_WEAK"), ("12345678", "TOO_WEAK")] {
        let answer = user.run(change, json!({ "old": user.password, "new": weak })).await;
        assert_eq!(answer.field().1, code, "{weak}");
    }
    let long = "a1".repeat(37);
    let answer = user.run(change, json!({ "old": user.password, "new": long })).await;
    assert_eq!(answer.field().1, "TOO_LONG");
    assert_eq!(user.run(change, json!({ "old": user.password, "new": "Newer-kettle-5678" })).await.code(), None);
    assert_eq!(user.run(WHO, json!({})).await.code(), None);
    assert_eq!(other.run(WHO, json!({})).await.code(), Some("UNAUTHENTICATED"));
    let old = app.anonymous().run(LOGIN, json!({ "username": user.username, "password": user.password })).await;
    assert_eq!(old.code(), Some("UNAUTHENTICATED"));
}

async fn tokens_expire_and_forged_ones_are_refused(app: TestApp) {
    let user = app.user().login().await;
    assert_eq!(user.run(WHO, json!({})).await.code(), None);
    let part = |n: usize| user.token.as_deref().unwrap().split('.').nth(n).unwrap().to_owned();
    let none = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
    for forged in [
        format!("{none}.{}.", part(1)),
        format!("{}.{}.{}", part(0), part(1), data_encoding::BASE64URL_NOPAD.encode(&[7; 32])),
        format!("{}.{}", part(0), part(1)),
        "x".to_owned(),
        user.refresh_token.clone(),
    ] {
        let answer = app.anonymous().with_token(&forged).run(WHO, json!({})).await;
        assert_eq!(answer.code(), Some("UNAUTHENTICATED"), "{forged}");
    }
    // What is public stays so for the holder of a bad token.
    assert_eq!(app.anonymous().with_token("x").run("{ __typename }", json!({})).await.code(), None);
    app.app.clock.advance(Duration::from_secs(16 * 60));
    let expired = user.run(WHO, json!({})).await;
    assert_eq!(expired.message(), "The access token has expired. Use the refresh token, or log in again.");
    app.app.clock.advance(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(
        app.anonymous().run(REFRESH, json!({ "token": user.refresh_token })).await.code(),
        Some("UNAUTHENTICATED")
    );
}

/// Each differs from a good token in one thing.
async fn a_token_that_is_wrong_in_one_thing_is_refused(app: TestApp) {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    let user = app.user().login().await;
    let secret = SecretString::from(TOKEN_SECRET);
    let claims = user.token.as_deref().unwrap().split('.').nth(1).unwrap();
    let claims: Value =
        serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
    let with = |name: &str, value: Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        changed
    };
    let header = |algorithm| Header { kid: Some(kid(&secret)), ..Header::new(algorithm) };
    let sign = |header: &Header, claims: &Value, key: &str| {
        encode(header, claims, &EncodingKey::from_secret(key.as_bytes())).unwrap()
    };
    let good = header(Algorithm::HS256);
    let answer = async |token: String| app.anonymous().with_token(&token).run(WHO, json!({})).await;
    assert_eq!(answer(sign(&good, &claims, TOKEN_SECRET)).await.code(), None, "it is the thing that makes it wrong");
    let now = app.app.clock.now().seconds();
    let other_user = app.user().login().await;
    for (what, token) in [
        ("key", sign(&good, &claims, "another secret, which is just as long as that")),
        ("algorithm", sign(&header(Algorithm::HS384), &claims, TOKEN_SECRET)),
        ("no kid", sign(&Header::new(Algorithm::HS256), &claims, TOKEN_SECRET)),
        ("kid", sign(&Header { kid: Some("0".into()), ..good.clone() }, &claims, TOKEN_SECRET)),
        ("audience", sign(&good, &with("aud", "another".into()), TOKEN_SECRET)),
        ("issuer", sign(&good, &with("iss", "another".into()), TOKEN_SECRET)),
        ("type", sign(&good, &with("typ", "refresh".into()), TOKEN_SECRET)),
        ("future", sign(&good, &with("iat", (now + 120).into()), TOKEN_SECRET)),
        ("expired", sign(&good, &with("exp", now.into()), TOKEN_SECRET)),
        ("user", sign(&good, &with("sub", other_user.id.clone().into()), TOKEN_SECRET)),
        ("session", sign(&good, &with("sid", "session_01h455vb4pex5vsknk084sn02q".into()), TOKEN_SECRET)),
    ] {
        assert_eq!(answer(token).await.code(), Some("UNAUTHENTICATED"), "{what}");
    }
}

async fn a_reset_ends_the_sessions_of_the_one_whose_password_it_is(app: TestApp) {
    let user = app.user().login().await;
    let reset = app
        .admin()
        .await
        .run(
            "mutation($id: ID!) { resetUserPassword(input: {userId: $id, password: \"Given4you-kettle\"}) { user { id } } }",
            json!({ "id": user.id }),
        )
        .await;
    assert_eq!(reset.code(), None);
    assert_eq!(user.run(WHO, json!({})).await.code(), Some("UNAUTHENTICATED"));
    assert_eq!(
        app.anonymous().run(REFRESH, json!({ "token": user.refresh_token })).await.code(),
        Some("UNAUTHENTICATED")
    );
    let login = app.anonymous().run(LOGIN, json!({ "username": user.username, "password": "Given4you-kettle" })).await;
    assert_eq!(login.code(), None);
}
