//! The HTTP end: what it takes, what it refuses, and that a refusal changes nothing.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::{ADMIN_PASSWORD, TestApp, listen, on_each_database, options};

const ROLE: &str = r#"{"query": "mutation { createRole(input: {name: \"Forged\"}) { role { id } } }"}"#;

on_each_database!(
    only_json_by_post_changes_anything,
    a_sane_request_id_is_kept_and_another_one_made,
    who_sends_no_headers_is_hung_up_on,
    head_is_get_without_the_body,
    a_body_that_says_it_is_too_large_is_not_waited_for,
    a_stopping_server_waits_for_changes_whose_callers_have_gone,
    a_stopping_server_does_not_wait_for_half_a_request,
    probes_answer_and_the_editor_loads_nothing_from_elsewhere,
);

/// Status, and the code of the error.
async fn refused(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    let error = &body["errors"][0]["extensions"];
    assert!(error["traceId"].is_string() && body["data"].is_null(), "{body}");
    (status, error["code"].as_str().unwrap_or_default().to_owned())
}

async fn only_json_by_post_changes_anything(app: TestApp) {
    let admin = app.anonymous().login("admin", ADMIN_PASSWORD).await;
    let (http, url) = (Client::new(), format!("{}/graphql", app.url));
    let post = |kind: &str| {
        let request = http.post(&url).bearer_auth(admin.token.as_deref().unwrap());
        request.header("content-type", kind).body(ROLE)
    };
    // What a form of another site can send, and what is not plain.
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin1",
    ] {
        assert_eq!(refused(post(kind)).await, (415, "BAD_USER_INPUT".into()), "{kind}");
    }
    let packed = post("application/json").header("content-encoding", "gzip");
    assert_eq!(refused(packed).await, (415, "BAD_USER_INPUT".into()));
    let query = serde_json::from_str::<Value>(ROLE).unwrap()["query"].as_str().unwrap().to_owned();
    let mut link = reqwest::Url::parse(&url).unwrap();
    link.query_pairs_mut().append_pair("query", &query);
    let link = http.get(link).bearer_auth(admin.token.as_deref().unwrap());
    assert_eq!(refused(link).await, (405, "BAD_USER_INPUT".into()));
    assert_eq!(refused(http.put(&url)).await, (405, "BAD_USER_INPUT".into()));
    let large = http.post(&url).header("content-type", "application/json").body(" ".repeat(1024 * 1024 + 1));
    assert_eq!(refused(large).await, (413, "LIMIT_EXCEEDED".into()));
    for (body, status) in [("[]", 400), ("{}", 400), ("nonsense", 400), ("{\"query\": 7}", 400)] {
        let request = http.post(&url).header("content-type", "application/json").body(body);
        assert_eq!(refused(request).await, (status, "BAD_USER_INPUT".into()), "{body}");
    }
    let roles = "{ roles(filter: {text: \"Forged\"}) { totalCount } }";
    assert_eq!(admin.data(roles, json!({})).await["roles"]["totalCount"], 0);
    let taken = post("application/json").send().await.unwrap();
    assert_eq!(taken.status(), 200);
    assert_eq!(admin.data(roles, json!({})).await["roles"]["totalCount"], 1, "the same body, sent as JSON");
}

async fn a_sane_request_id_is_kept_and_another_one_made(app: TestApp) {
    let url = format!("{}/graphql?query={{nothing}}", app.url);
    for (sent, is_kept) in [("abc-1.2_3", true), ("a b", false), (&*"x".repeat(129), false), ("<script>", false)] {
        let answer = Client::new().get(&url).header("x-request-id", sent).send().await.unwrap();
        let echoed = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
        assert_eq!(echoed == sent, is_kept, "{sent}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["errors"][0]["extensions"]["traceId"], echoed);
    }
}

/// Whoever opens connections and says nothing, or says it slowly, must not hold them.
async fn who_sends_no_headers_is_hung_up_on(app: TestApp) {
    let (url, _open) = listen(app.app.clone(), Duration::from_millis(100)).await;
    let address = url.strip_prefix("http://").unwrap();
    for sent in ["", "POST /graphql HTTP/1.1\r\nx-slow: ", "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // To the end of the connection, which is all that this waits for.
        connection.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.contains(" 200 OK"), sent.starts_with("GET"), "{sent}: {answer}");
    }
}

async fn head_is_get_without_the_body(app: TestApp) {
    for (query, status) in [("{__typename}", 200), ("mutation { logout { sessionId } }", 405)] {
        let mut url = reqwest::Url::parse(&format!("{}/graphql", app.url)).unwrap();
        url.query_pairs_mut().append_pair("query", query);
        let head = Client::new().head(url).send().await.unwrap();
        assert_eq!(head.status(), status, "{query}");
        assert!(head.headers()["content-length"] != "0" && head.text().await.unwrap().is_empty(), "{query}");
    }
}

async fn a_body_that_says_it_is_too_large_is_not_waited_for(app: TestApp) {
    let mut connection = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        expect: 100-continue\r\ncontent-length: 99999999\r\n\r\n";
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut line = [0; 12];
    connection.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"HTTP/1.1 413");
}

async fn a_stopping_server_waits_for_changes_whose_callers_have_gone(app: TestApp) {
    // A program of its own, which knows the viewer: what it asks the database from then on is the change.
    let node = app.beside(None).await;
    let admin = app.admin().await;
    admin.on(&node).data("{ viewer { user { id } } }", json!({})).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = orgraph::http::serve(listener, node.app.clone(), options(address, Duration::from_secs(75)), async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(server);
    // Held by somebody else, so that the change cannot be done yet.
    let command = orgraph::security::Viewer::command("hold");
    let mut held = app.app.write(&command).await.unwrap();
    held.serialize(orgraph::db::Lock::Rights).await.unwrap();
    let body = json!({ "query": "mutation { createDept(input: {name: \"Late\"}) { dept { id } } }" }).to_string();
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        admin.token.as_deref().unwrap(),
        body.len()
    );
    let before = node.app.db.statements();
    connection.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    while node.app.db.statements() == before {
        tokio::task::yield_now().await;
    }
    drop(connection);
    drop(stop);
    drop(held);
    server.await.unwrap();
    let made = admin.data("{ depts(filter: {text: \"Late\"}) { totalCount } }", json!({})).await;
    assert_eq!(made["depts"]["totalCount"], 1);
}

/// Well within the 10 seconds that operations have, and the 30 that a body has.
async fn a_stopping_server_does_not_wait_for_half_a_request(app: TestApp) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let options = options(address, Duration::from_secs(75));
    let serving = tokio::spawn(orgraph::http::serve(listener, app.app.clone(), options, async {
        let _ = stopped.await;
    }));
    let head = "POST /graphql HTTP/1.1\r\nhost: orgraph\r\ncontent-type: application/json\r\ncontent-length: 100\r\n";
    let connect = async |text: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    };
    let mut half_head = connect(head).await;
    let mut half_body = connect(&format!("{head}expect: 100-continue\r\n\r\n{{")).await;
    // The server waits for the rest.
    half_body.read_exact(&mut [0; "HTTP/1.1 100 Continue\r\n\r\n".len()]).await.unwrap();
    let mut idle = connect("GET /healthz HTTP/1.1\r\nhost: orgraph\r\n\r\n").await;
    assert!(idle.read(&mut [0; 4096]).await.unwrap() > 0);
    drop(stop);
    tokio::time::timeout(Duration::from_secs(5), serving).await.expect("it waits").unwrap();
    let mut rest = String::new();
    assert_eq!(half_head.read_to_string(&mut rest).await.unwrap_or(0), 0, "{rest}");
    half_body.read_to_string(&mut rest).await.unwrap();
    assert!(rest.starts_with("HTTP/1.1 503 ") && rest.contains("\"UNAVAILABLE\""), "{rest}");
}

async fn probes_answer_and_the_editor_loads_nothing_from_elsewhere(app: TestApp) {
    let http = Client::new();
    for probe in ["healthz", "readyz"] {
        assert_eq!(http.get(format!("{}/{probe}", app.url)).send().await.unwrap().status(), 200, "{probe}");
    }
    let page = http.get(format!("{}/graphql", app.url)).header("accept", "text/html").send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    let html = page.text().await.unwrap();
    assert!(!html.contains("//"), "the page names another host: {html}");
}
