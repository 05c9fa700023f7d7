//! The refresh cookie: what browsers are told to do with it, and which pages may use it.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue, SET_COOKIE};
use serde_json::{Value, json};

use crate::support::{ADMIN_PASSWORD, TestApp, on_each_database, text};

const LOGIN: &str = "mutation($password: String!) {
    login(input: { username: \"admin\", password: $password, refreshCookie: true }) { accessToken refreshToken } }";
const REFRESH: &str = "mutation { refreshSession { accessToken refreshToken } }";
const WHO: &str = "{ viewer { user { username } } }";

on_each_database!(
    a_session_can_live_in_a_cookie,
    pages_of_other_origins_cannot_use_the_cookie,
    the_cookie_is_for_tls_but_on_the_own_machine,
    a_cookie_that_is_no_good_is_taken_away,
);

/// What was answered: `data`, the code of the first error, the cookie that was set.
struct Answered {
    data: Value,
    code: Option<String>,
    cookie: Option<String>,
}

impl Answered {
    /// `name=value` as a browser sends it back.
    fn pair(&self) -> String {
        self.cookie.as_deref().unwrap().split(';').next().unwrap().to_owned()
    }
}

async fn ask(app: &TestApp, query: &str, headers: &[(&'static str, &str)]) -> Answered {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let body = json!({ "query": query, "variables": { "password": ADMIN_PASSWORD } });
    let request = reqwest::Client::new().post(format!("{}/graphql", app.url)).headers(all).json(&body);
    let response = request.send().await.unwrap();
    let mut cookies = response.headers().get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned());
    let cookie = cookies.next();
    assert!(cookies.next().is_none(), "one cookie at the most");
    let body: Value = response.json().await.unwrap();
    let code = body["errors"][0]["extensions"]["code"].as_str().map(str::to_owned);
    Answered { data: body["data"].clone(), code, cookie }
}

async fn a_session_can_live_in_a_cookie(app: TestApp) {
    let opened = ask(&app, LOGIN, &[]).await;
    assert_eq!(opened.data["login"]["refreshToken"], Value::Null, "no script is given it");
    let (pair, attributes) = (opened.pair(), opened.cookie.as_deref().unwrap().split_once("; ").unwrap().1.to_owned());
    let week = 7 * 24 * 3600;
    assert_eq!(attributes, format!("Path=/graphql; Max-Age={week}; HttpOnly; SameSite=Strict; Secure"));

    app.app.clock.advance(Duration::from_secs(3600));
    let renewed = ask(&app, REFRESH, &[("cookie", &format!("theme=dark; {pair}"))]).await;
    assert_eq!((renewed.code.as_deref(), &renewed.data["refreshSession"]["refreshToken"]), (None, &Value::Null));
    assert!(
        renewed.cookie.as_deref().unwrap().contains(&format!("Max-Age={}", week - 3600)),
        "the session is no longer"
    );
    assert_ne!(renewed.pair(), pair);
    let bearer = format!("Bearer {}", text(&renewed.data["refreshSession"]["accessToken"]));
    assert_eq!(ask(&app, WHO, &[("authorization", &bearer)]).await.data["viewer"]["user"]["username"], "admin");

    // Beside a token in the input, the cookie does not count.
    let other = app.anonymous().login("admin", ADMIN_PASSWORD).await;
    let by_input = REFRESH
        .replace("refreshSession", &format!("refreshSession(input: {{ refreshToken: \"{}\" }})", other.refresh_token));
    let by_input = ask(&app, &by_input, &[("cookie", &renewed.pair())]).await;
    assert!(by_input.cookie.is_none() && by_input.data["refreshSession"]["refreshToken"].is_string());

    let logout =
        ask(&app, "mutation { logout { sessionId } }", &[("authorization", &bearer), ("cookie", &renewed.pair())])
            .await;
    assert_eq!(
        logout.cookie.as_deref(),
        Some("orgraph_refresh=; Path=/graphql; Max-Age=0; HttpOnly; SameSite=Strict; Secure")
    );
    assert_eq!(ask(&app, REFRESH, &[("cookie", &renewed.pair())]).await.code.as_deref(), Some("UNAUTHENTICATED"));
}

/// A browser sends the cookie along whoever asks it to; it says who does.
async fn pages_of_other_origins_cannot_use_the_cookie(app: TestApp) {
    let pair = ask(&app, LOGIN, &[]).await.pair();
    let host = app.url.strip_prefix("http://").unwrap();
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "same-origin, cross-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", &*format!("http://{host}.evil.example")),
        ("origin", "\u{e9}"),
    ] {
        let refused = ask(&app, REFRESH, &[("cookie", &pair), (name, value)]).await;
        assert_eq!((refused.code.as_deref(), refused.cookie), (Some("FORBIDDEN"), None), "{name}: {value}");
        let refused = ask(&app, LOGIN, &[(name, value)]).await;
        assert_eq!((refused.code.as_deref(), refused.cookie), (Some("FORBIDDEN"), None), "{name}: {value}");
    }
    // Nothing of it has used the token: it is good a long time later.
    app.app.clock.advance(Duration::from_secs(3600));
    let mut pair = pair;
    for headers in [
        &[("sec-fetch-site", "same-origin"), ("origin", "https://behind.a.proxy.example")][..],
        &[("sec-fetch-site", "none")],
        &[("origin", &app.url)],
        &[],
    ] {
        let taken = ask(&app, REFRESH, &[&[("cookie", &*pair)], headers].concat()).await;
        assert_eq!(taken.code, None, "{headers:?}");
        pair = taken.pair();
    }
}

async fn the_cookie_is_for_tls_but_on_the_own_machine(app: TestApp) {
    for (origin, is_secure) in [
        ("http://localhost:5173", false),
        ("http://127.0.0.1:8000", false),
        ("http://[::1]:8000", false),
        ("https://localhost", true),
        ("http://admin.example.org", true),
        ("http://localhost.example.org", true),
        ("null", true),
    ] {
        let opened = ask(&app, LOGIN, &[("origin", origin), ("sec-fetch-site", "same-origin")]).await;
        assert_eq!(opened.cookie.unwrap().ends_with("; Secure"), is_secure, "{origin}");
    }
}

async fn a_cookie_that_is_no_good_is_taken_away(app: TestApp) {
    let pair = ask(&app, LOGIN, &[]).await.pair();
    assert!(ask(&app, REFRESH, &[("cookie", &pair)]).await.code.is_none());
    app.app.clock.advance(Duration::from_secs(11));
    for (cookie, is_taken_away) in [
        ("orgraph_refresh=never-given-out", true),
        // Used before: its session ends.
        (&*pair, true),
        ("orgraph_refresh=", false),
        ("theme=dark", false),
        // A neighbouring site can set one of the same name.
        (&*format!("{pair}; orgraph_refresh=other"), false),
    ] {
        let refused = ask(&app, REFRESH, &[("cookie", cookie)]).await;
        assert_eq!(refused.code.as_deref(), Some("UNAUTHENTICATED"), "{cookie}");
        let taken_away = refused.cookie.is_some_and(|cookie| cookie.contains("Max-Age=0"));
        assert_eq!(taken_away, is_taken_away, "{cookie}");
    }
}
