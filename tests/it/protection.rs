//! Guessing passwords: limits, locks, captchas, and that each guess is counted.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use orgraph::app::{CaptchaPolicy, Lockout, LoginPolicy};
use orgraph::cache::{Cache, Counter, Counters};
use orgraph::clock::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Kind, RedisServer, TestApp, UNPROTECTED, on_each_database, text};

const LOGIN: &str = "mutation($input: LoginInput!) { login(input: $input) { accessToken user { lockedUntil } } }";
const UNLOCK: &str = "mutation($id: ID!) { unlockUser(input: {userId: $id}) { user { lockedUntil } } }";
const LOCKED: &str = "query($id: ID!) { user(id: $id) { lockedUntil } }";
const MINUTE: Duration = Duration::from_secs(60);
const LOCKOUT: LoginPolicy = LoginPolicy { lockout: Lockout { failures: 5, duration: FIVE_MINUTES }, ..UNPROTECTED };
const FIVE_MINUTES: Duration = Duration::from_secs(300);

on_each_database!(
    of_twenty_guesses_at_once_five_are_judged,
    a_lock_ends_by_itself_and_by_an_administrator,
    wrong_passwords_far_apart_do_not_lock,
    a_new_password_unlocks,
    limits_go_by_account_and_by_address,
    failures_bring_a_captcha,
    a_captcha_can_be_answered_once_and_in_time,
    the_present_password_cannot_be_guessed_in_a_session,
    how_long_a_refusal_takes_tells_nothing,
    unlocking_again_and_again_does_not_let_anybody_guess_on,
);

async fn try_login(client: &Client, username: &str, password: &str) -> Answer {
    client.run(LOGIN, json!({ "input": { "username": username, "password": password } })).await
}

async fn with_captcha(client: &Client, username: &str, password: &str, id: &str, answer: &str) -> Answer {
    let captcha = json!({ "id": id, "text": answer });
    let input = json!({ "username": username, "password": password, "captcha": captcha });
    client.run(LOGIN, json!({ "input": input })).await
}

/// What a failed login tells.
fn told(answer: &Answer) -> (String, String) {
    (answer.code().unwrap_or_default().to_owned(), answer.message().to_owned())
}

/// How often logins ended so, from the log.
async fn noted(app: &TestApp, outcome: &str) -> u64 {
    const COUNT: &str = "query($as: LoginOutcome!) { loginLogs(first: 0, filter: {outcome: $as}) { totalCount } }";
    app.admin().await.data(COUNT, json!({ "as": outcome })).await["loginLogs"]["totalCount"].as_u64().unwrap()
}

async fn of_twenty_guesses_at_once_five_are_judged(app: TestApp) {
    let user = app.user().login().await;
    let other = app.user().login().await;
    let node = app.protected(None, LOCKOUT).await;
    let anonymous = node.anonymous();
    let guesses: Vec<String> = (0..20).map(|n| format!("Guess-{n}-x")).collect();
    let guesses = join_all(guesses.iter().map(|guess| try_login(&anonymous, &user.username, guess))).await;
    let unknown = try_login(&anonymous, "nobody", "Guess-1-x").await;
    for guess in &guesses {
        assert_eq!(told(guess), told(&unknown), "nothing tells of the lock");
    }
    assert_eq!((noted(&app, "WRONG_PASSWORD").await, noted(&app, "LOCKED").await), (5, 15));
    let right = try_login(&anonymous, &user.username, &user.password).await;
    assert_eq!(told(&right), told(&unknown), "a locked account does not tell that the password is right");
    assert_eq!(noted(&app, "LOCKED").await, 16);
    assert_eq!(try_login(&anonymous, &other.username, &other.password).await.code(), None);
    assert_eq!(user.run("{ viewer { user { id } } }", json!({})).await.code(), None, "sessions go on");
}

async fn a_lock_ends_by_itself_and_by_an_administrator(app: TestApp) {
    let user = app.user().login().await;
    // Made before the node begins, which learns of what others change a moment later only.
    let helper = app.user().permissions(&["sys:user:unlock", "sys:user:read"]).scope("ALL").staff().login().await;
    let node = app.protected(None, LOCKOUT).await;
    let (anonymous, admin) = (node.anonymous(), app.admin().await.on(&node));
    let lock = async || {
        for _ in 0..5 {
            try_login(&anonymous, &user.username, "Wrong-1234").await;
        }
        assert_eq!(try_login(&anonymous, &user.username, &user.password).await.code(), Some("UNAUTHENTICATED"));
    };
    lock().await;
    let until = text(&admin.data(LOCKED, json!({ "id": user.id })).await["user"]["lockedUntil"]);
    assert_eq!(until, app.app.clock.now().plus(FIVE_MINUTES).to_string());
    app.app.clock.advance(FIVE_MINUTES);
    let opened = try_login(&anonymous, &user.username, &user.password).await;
    assert_eq!(opened.data()["login"]["user"]["lockedUntil"], Value::Null);

    lock().await;
    let unlocked = helper.on(&node).data(UNLOCK, json!({ "id": user.id })).await;
    assert_eq!(unlocked["unlockUser"]["user"]["lockedUntil"], Value::Null);
    assert_eq!(try_login(&anonymous, &user.username, &user.password).await.code(), None);
    let unlocks =
        "{ operationLogs(first: 1, filter: {field: \"unlockUser\"}) { nodes { changes { fields { name before } } } } }";
    let fields = admin.data(unlocks, json!({})).await["operationLogs"]["nodes"][0]["changes"][0]["fields"].clone();
    assert!(fields.as_array().unwrap().contains(&json!({ "name": "failedLogins", "before": 5 })), "{fields}");

    let hidden = app.user().permissions(&["sys:user:unlock"]).scope("SELF").staff().login().await;
    assert_eq!(hidden.run(UNLOCK, json!({ "id": user.id })).await.code(), Some("NOT_FOUND"));
    let boss = json!({ "id": app.admin().await.id });
    assert_eq!(helper.run(UNLOCK, boss).await.code(), Some("FORBIDDEN"));
}

async fn wrong_passwords_far_apart_do_not_lock(app: TestApp) {
    let user = app.user().login().await;
    let node = app.protected(None, LOCKOUT).await;
    for _ in 0..8 {
        try_login(&node.anonymous(), &user.username, "Wrong-1234").await;
        app.app.clock.advance(FIVE_MINUTES);
    }
    for _ in 0..4 {
        try_login(&node.anonymous(), &user.username, "Wrong-1234").await;
    }
    assert_eq!(try_login(&node.anonymous(), &user.username, &user.password).await.code(), None);
    for _ in 0..4 {
        try_login(&node.anonymous(), &user.username, "Wrong-1234").await;
    }
    assert_eq!(try_login(&node.anonymous(), &user.username, &user.password).await.code(), None, "a login begins anew");
}

async fn a_new_password_unlocks(app: TestApp) {
    const RESET: &str = "mutation($id: ID!) { resetUserPassword(input: {userId: $id, password: \"Fresh-start-77\"}) { user { lockedUntil } } }";
    let user = app.user().login().await;
    let node = app.protected(None, LOCKOUT).await;
    for _ in 0..5 {
        try_login(&node.anonymous(), &user.username, "Wrong-1234").await;
    }
    let reset = app.admin().await.on(&node).data(RESET, json!({ "id": user.id })).await;
    assert_eq!(reset["resetUserPassword"]["user"]["lockedUntil"], Value::Null);
    assert_eq!(try_login(&node.anonymous(), &user.username, "Fresh-start-77").await.code(), None);
}

async fn limits_go_by_account_and_by_address(app: TestApp) {
    let user = app.user().login().await;
    let node = app.protected(None, LoginPolicy { address_limit: 6, account_limit: 3, ..UNPROTECTED }).await;
    let anonymous = node.anonymous();
    for name in [&*user.username, "nobody"] {
        app.app.clock.advance(MINUTE);
        for _ in 0..3 {
            assert_eq!(try_login(&anonymous, name, "Wrong-1234").await.code(), Some("UNAUTHENTICATED"));
        }
        app.app.clock.advance(Duration::from_millis(10_500));
        for _ in 0..2 {
            let refused = try_login(&anonymous, &name.to_uppercase(), &user.password).await;
            assert_eq!(
                told(&refused),
                ("RATE_LIMITED".into(), "Too many attempts to log in in a minute. Try again in 50 s.".into())
            );
            assert_eq!(refused.body["errors"][0]["extensions"]["retryAfter"], 50);
        }
    }
    // Three and two have been counted for the address.
    assert_eq!(try_login(&anonymous, "somebody", "Wrong-1234").await.code(), Some("UNAUTHENTICATED"));
    let others = try_login(&anonymous, "somebody else", "Wrong-1234").await;
    assert_eq!(others.code(), Some("RATE_LIMITED"), "by address");
    app.app.clock.advance(MINUTE);
    assert_eq!(try_login(&anonymous, &user.username, &user.password).await.code(), None);
    assert_eq!(noted(&app, "RATE_LIMITED").await, 3, "one a minute for each limit");
    let of_user = "query($id: ID!) { loginLogs(filter: {userId: $id, outcome: RATE_LIMITED}) { totalCount } }";
    let of_user = app.admin().await.data(of_user, json!({ "id": user.id })).await;
    assert_eq!(of_user["loginLogs"]["totalCount"], 1, "whose name was typed");
    let operations = "{ operationLogs(first: 0, filter: {field: \"login\", status: FAILED}) { totalCount } }";
    assert_eq!(app.admin().await.data(operations, json!({})).await["operationLogs"]["totalCount"], 7 + 3);
}

const AFTER_TWO: LoginPolicy = LoginPolicy { captcha: CaptchaPolicy::After(2), ..UNPROTECTED };

/// The code of the bad field.
fn wanted(answer: &Answer) -> Value {
    answer.body["errors"][0]["extensions"]["fields"][0]["code"].clone()
}

fn draw(node: &TestApp) -> (String, String) {
    let drawn = node.app.captchas.draw(node.app.clock.now()).unwrap();
    (drawn.id, drawn.answer)
}

async fn failures_bring_a_captcha(app: TestApp) {
    const CAPTCHA: &str = "{ captcha { id image expiresAt lifetime isRequired } }";
    let user = app.user().login().await;
    let node = app.protected(None, AFTER_TWO).await;
    let anonymous = node.anonymous();
    let first = anonymous.data(CAPTCHA, json!({})).await["captcha"].clone();
    assert_eq!((&first["lifetime"], &first["isRequired"]), (&json!(300), &json!(false)));
    assert_eq!(text(&first["expiresAt"]), app.app.clock.now().plus(FIVE_MINUTES).to_string());
    let png = text(&first["image"]).strip_prefix("data:image/png;base64,").map(str::to_owned).unwrap();
    assert!(data_encoding::BASE64.decode(png.as_bytes()).unwrap().starts_with(b"\x89PNG\r\n\x1a\n"));

    for _ in 0..2 {
        assert_eq!(try_login(&anonymous, &user.username, "Wrong-1234").await.code(), Some("UNAUTHENTICATED"));
    }
    // Both for the account, and for whatever comes from the address, whether anybody has the name or not.
    for name in [&*user.username, "nobody"] {
        let refused = try_login(&anonymous, name, &user.password).await;
        assert_eq!((refused.code(), wanted(&refused)), (Some("BAD_USER_INPUT"), json!("CAPTCHA_REQUIRED")));
    }
    assert_eq!(anonymous.data(CAPTCHA, json!({})).await["captcha"]["isRequired"], true);
    let (id, answer) = draw(&node);
    let solved = with_captcha(&anonymous, &user.username, &user.password, &id, &answer.to_lowercase()).await;
    assert_eq!(solved.code(), None);
    assert_eq!(
        wanted(&try_login(&anonymous, "nobody", "Wrong-1234").await),
        "CAPTCHA_REQUIRED",
        "the address stays bad"
    );
    assert_eq!(noted(&app, "CAPTCHA_REFUSED").await, 3);
    app.app.clock.advance(15 * MINUTE);
    assert_eq!(try_login(&anonymous, "nobody", "Wrong-1234").await.code(), Some("UNAUTHENTICATED"));
}

async fn a_captcha_can_be_answered_once_and_in_time(app: TestApp) {
    let user = app.user().login().await;
    let node = app.protected(None, LoginPolicy { captcha: CaptchaPolicy::Always, ..UNPROTECTED }).await;
    let anonymous = node.anonymous();
    let tries =
        async |id: &str, answer: &str| with_captcha(&anonymous, &user.username, &user.password, id, answer).await;
    assert_eq!(wanted(&try_login(&anonymous, &user.username, &user.password).await), "CAPTCHA_REQUIRED");

    let (id, answer) = draw(&node);
    assert_eq!(wanted(&tries(&id, "wrong").await), "WRONG_CAPTCHA");
    assert_eq!(wanted(&tries(&id, &answer).await), "WRONG_CAPTCHA", "it has been answered");
    let (id, answer) = draw(&node);
    let answers = join_all((0..8).map(|_| tries(&id, &answer))).await;
    assert_eq!(answers.iter().filter(|answer| answer.code().is_none()).count(), 1);
    let (id, answer) = draw(&node);
    app.app.clock.advance(FIVE_MINUTES);
    assert_eq!(wanted(&tries(&id, &answer).await), "WRONG_CAPTCHA", "too late");

    let (id, answer) = draw(&node);
    let mut bytes = data_encoding::BASE64URL_NOPAD.decode(id.as_bytes()).unwrap();
    bytes[0] ^= 1;
    let (other, _) = draw(&node);
    for forged in ["", "x", &*"A".repeat(100), &other, &data_encoding::BASE64URL_NOPAD.encode(&bytes)] {
        assert_eq!(wanted(&tries(forged, &answer).await), "WRONG_CAPTCHA", "{forged}");
    }
    assert_eq!(tries(&id, &format!(" {answer} ")).await.code(), None);
}

async fn the_present_password_cannot_be_guessed_in_a_session(app: TestApp) {
    const CHANGE: &str = "mutation($old: String!, $new: String!) { changePassword(input: {oldPassword: $old, newPassword: $new}) { user { id } } }";
    let user = app.user().login().await;
    let node = app.protected(None, LoginPolicy { account_limit: 3, ..UNPROTECTED }).await;
    let client = user.on(&node);
    for _ in 0..3 {
        let wrong = client.run(CHANGE, json!({ "old": "Wrong-1234", "new": "Another-one-99" })).await;
        assert_eq!(wanted(&wrong), "WRONG");
    }
    let right = json!({ "old": user.password, "new": "Another-one-99" });
    for _ in 0..2 {
        assert_eq!(client.run(CHANGE, right.clone()).await.code(), Some("RATE_LIMITED"));
    }
    let noted = "{ operationLogs(filter: {field: \"changePassword\"}) { nodes { code } } }";
    let noted = app.admin().await.data(noted, json!({})).await["operationLogs"]["nodes"].to_string();
    assert_eq!((noted.matches("BAD_USER_INPUT").count(), noted.matches("RATE_LIMITED").count()), (3, 1), "{noted}");
    app.app.clock.advance(MINUTE);
    assert_eq!(client.run(CHANGE, right).await.code(), None);
}

/// The counters themselves, in memory and in Redis.
async fn counting(redis: Option<&RedisServer>) {
    let clock = Clock::manual(Timestamp::parse("2026-06-01T08:00:00Z").unwrap());
    let mut nodes: Vec<Counters> = Vec::new();
    for _ in 0..if redis.is_some() { 2 } else { 1 } {
        let redis = redis
            .map(|server| orgraph::cache::Redis::new(&server.url().into(), "tests").unwrap().with_patience(MINUTE));
        let is_shared = redis.is_some();
        let cache = Arc::new(Cache::new(0, redis));
        let listening = cache.clone();
        tokio::spawn(async move { listening.listen().await });
        while is_shared && !cache.is_shared() {
            tokio::task::yield_now().await;
        }
        nodes.push(cache.counters(clock.clone()));
    }
    let (first, last) = (&nodes[0], &nodes[nodes.len() - 1]);
    let counter = |name: &str| Counter { name: name.into(), window: MINUTE };
    let (a, b) = (counter("a"), counter("b"));
    let hits =
        join_all((0..1_000).map(async |n| if n % 2 == 0 { first.hit([&a]).await } else { last.hit([&a]).await }));
    let mut seen: Vec<u64> = hits.await.into_iter().map(|[count]| count.hits).collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(1..=1_000), "each hit has a number of its own");

    clock.advance(Duration::from_secs(45));
    let [of_a, of_b] = last.hit([&a, &b]).await;
    assert_eq!((of_a.hits, of_a.left), (1_001, Duration::from_secs(15)), "later hits do not move the window");
    assert_eq!((of_b.hits, of_b.left), (1, MINUTE));
    assert_eq!(first.read([&a, &counter("c")]).await.map(|count| count.hits), [1_001, 0]);
    clock.advance(Duration::from_secs(15));
    assert_eq!(first.hit([&a, &b]).await.map(|count| count.hits), [1, 2]);
    last.clear([&a]).await;
    assert_eq!(first.read([&a, &b]).await.map(|count| count.hits), [0, 2]);
}

#[tokio::test]
async fn counters_in_memory() {
    counting(None).await;
}

#[tokio::test]
async fn counters_in_redis() {
    let Some(redis) = RedisServer::start() else { return };
    counting(Some(&redis)).await;
}

/// On two nodes that share a Redis, and then have none: each guess counts, and no request fails of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_guesses_on_two_nodes_are_a_thousand() {
    let Some(redis) = RedisServer::start() else { return };
    let Some(app) = TestApp::start_node(Kind::Postgres, None).await else { return };
    let (user, url) = (app.user().login().await, redis.url());
    let policy = LoginPolicy { account_limit: 700, ..UNPROTECTED };
    let nodes = [app.protected(Some(&url), policy.clone()).await, app.protected(Some(&url), policy).await];
    let clients = [nodes[0].anonymous(), nodes[1].anonymous()];
    for node in &nodes {
        while !node.app.cache.is_shared() {
            tokio::task::yield_now().await;
        }
    }
    let mut guesses = Vec::new();
    // Hundreds at once: who waits ten seconds for the database is told to try again.
    for _ in 0..4 {
        guesses.extend(join_all((0..250).map(|n| try_login(&clients[n % 2], &user.username, "Wrong-1234"))).await);
    }
    let limited = guesses.iter().filter(|guess| guess.code() == Some("RATE_LIMITED")).count();
    let judged = guesses.iter().filter(|guess| guess.code() == Some("UNAUTHENTICATED")).count();
    let others: BTreeSet<_> = guesses.iter().map(|guess| guess.code().unwrap_or("none")).collect();
    assert_eq!((judged, limited), (700, 300), "{others:?}");
    assert_eq!((noted(&app, "WRONG_PASSWORD").await, noted(&app, "RATE_LIMITED").await), (700, 1));

    drop(redis);
    let limited = join_all((0..702).map(|_| try_login(&clients[0], &user.username, "Wrong-1234"))).await;
    let limited = limited.iter().filter(|guess| guess.code() == Some("RATE_LIMITED")).count();
    assert_eq!(limited, 2, "the process counts for itself");
}

async fn unlocking_again_and_again_does_not_let_anybody_guess_on(app: TestApp) {
    let user = app.user().login().await;
    let helper = app.user().permissions(&["sys:user:unlock", "sys:user:read"]).scope("ALL").staff().login().await;
    let node = app.protected(None, LoginPolicy { account_limit: 10, ..LOCKOUT }).await;
    let mut judged = 0;
    for _ in 0..4 {
        for _ in 0..4 {
            let answer = try_login(&node.anonymous(), &user.username, "Wrong-1234").await;
            judged += usize::from(answer.code() == Some("UNAUTHENTICATED"));
        }
        helper.on(&node).data(UNLOCK, json!({ "id": user.id })).await;
    }
    assert_eq!(judged, 10);
}

/// Whoever asks often can tell what takes longer. Hashing is what takes long, so each refusal must do it once.
async fn how_long_a_refusal_takes_tells_nothing(app: TestApp) {
    const ROUNDS: usize = 40;
    let node = app.hashing(8, Lockout { failures: 5, duration: 10 * FIVE_MINUTES }).await;
    let users: Vec<_> = futures_util::future::join_all((0..3).map(|_| node.user().login())).await;
    let [known, locked, disabled] = &users[..] else { unreachable!() };
    for _ in 0..5 {
        try_login(&node.anonymous(), &locked.username, "Wrong-1234").await;
    }
    let disable = "mutation($id: ID!) { setUserStatus(input: {userId: $id, status: DISABLED}) { user { id } } }";
    node.admin().await.data(disable, json!({ "id": disabled.id })).await;
    let tries = [
        ("a wrong password", &*known.username, "Wrong-1234"),
        ("an unknown user", "nobody", "Wrong-1234"),
        ("a locked account", &*locked.username, "Wrong-1234"),
        ("a locked account's right password", &*locked.username, &*locked.password),
        ("a disabled account", &*disabled.username, "Wrong-1234"),
    ];
    let mut times = vec![Vec::with_capacity(ROUNDS); tries.len()];
    for round in 0..ROUNDS {
        for ((_, username, password), times) in tries.iter().zip(&mut times) {
            let begun = Instant::now();
            let answer = try_login(&node.anonymous(), username, password).await;
            times.push(begun.elapsed());
            assert_eq!(answer.code(), Some("UNAUTHENTICATED"));
        }
        if round % 4 == 3 {
            // The known user is not to be locked as well.
            assert_eq!(try_login(&node.anonymous(), &known.username, &known.password).await.code(), None);
            app.app.clock.advance(Duration::from_secs(1));
        }
    }
    times.iter_mut().for_each(|times| times.sort_unstable());
    let told: Vec<_> =
        tries.iter().zip(&times).map(|((what, ..), times)| (what, times[0], times[ROUNDS / 2])).collect();
    let _ = writeln!(std::io::stderr(), "note: refusals, the quickest and the middle one of {ROUNDS}: {told:?}");
    // The quickest of each, because a busy machine only ever adds to it. Without hashing it would be a tenth.
    let wrong = times[0][0].as_secs_f64();
    for (what, quickest, _) in told {
        let ratio = quickest.as_secs_f64() / wrong;
        assert!((0.6..1.6).contains(&ratio), "{what} takes {ratio} of what a wrong password takes");
    }
}
