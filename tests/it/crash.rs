//! A server that is killed under write load loses nothing that it has acknowledged, and no record of it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use orgraph::db::Backend;
use serde_json::{Value, json};

use crate::support::{ADMIN_PASSWORD, FreshDb, Kind, text};

/// The program itself, as an operator runs it.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(db: &FreshDb, data: &std::path::Path) -> Self {
        let url = match &db.backend {
            Backend::Postgres { url } => url.clone(),
            Backend::Sqlite { path } => format!("sqlite://{}", path.display()),
        };
        let mut process = Command::new(env!("CARGO_BIN_EXE_orgraph"))
            .current_dir(data)
            .env("ORGRAPH_DATA_DIR", data)
            .env("ORGRAPH_DATABASE_URL", url)
            .env("ORGRAPH_LISTEN", "127.0.0.1:0")
            .env("ORGRAPH_BCRYPT_COST", "4")
            .env("ORGRAPH_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The welcome says where it listens.
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned));
        Self { process, url: url.expect("the server says its address") }
    }

    async fn run(&self, token: Option<&str>, query: &str, variables: Value) -> Option<Value> {
        run(&self.url, token, query, variables).await
    }

    async fn login(&self) -> String {
        let query =
            "mutation($password: String!) { login(input: {username: \"admin\", password: $password}) { accessToken } }";
        let answer = self.run(None, query, json!({ "password": ADMIN_PASSWORD })).await.unwrap();
        text(&answer["data"]["login"]["accessToken"])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGKILL: nothing is told, nothing can be finished.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// None if no whole answer came.
async fn run(url: &str, token: Option<&str>, query: &str, variables: Value) -> Option<Value> {
    let mut request = reqwest::Client::new().post(url).json(&json!({ "query": query, "variables": variables }));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.ok()?.json().await.ok()
}

async fn nothing_acknowledged_is_lost(kind: Kind) {
    let Some(db) = FreshDb::seeded(kind).await else { return };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(&db, data.path());
    let token = server.login().await;

    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU32::new(0));
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (url, token, stop, count) = (server.url.clone(), token.clone(), stop.clone(), count.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let name = format!("Role {writer} {n}");
                    let query = "mutation($name: String!) { createRole(input: {name: $name}) { role { id } } }";
                    let Some(answer) = run(&url, Some(&token), query, json!({ "name": name })).await else { break };
                    assert_eq!(answer["errors"], Value::Null, "{answer}");
                    acknowledged.push((name, text(&answer["data"]["createRole"]["role"]["id"])));
                    count.fetch_add(1, Ordering::Relaxed);
                }
                acknowledged
            })
        })
        .collect();
    while count.load(Ordering::Relaxed) < 200 {
        tokio::task::yield_now().await;
    }
    drop(server);
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    assert!(acknowledged.len() >= 200);

    let server = Server::start(&db, data.path());
    let token = server.login().await;
    for chunk in acknowledged.chunks(100) {
        let ids: Vec<_> = chunk.iter().map(|(_, id)| id).collect();
        let nodes = server
            .run(
                Some(&token),
                "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Role { name } } }",
                json!({ "ids": ids }),
            )
            .await
            .unwrap();
        let names: Vec<_> = chunk.iter().map(|(name, _)| json!({ "name": name })).collect();
        assert_eq!(nodes["data"]["nodes"], json!(names));
    }
    // Each has its one record, and nothing is recorded that is not there.
    let mut recorded = Vec::new();
    let mut after = Value::Null;
    loop {
        let query =
            "query($after: String) { operationLogs(first: 100, after: $after, filter: {field: \"createRole\"}) {
            nodes { status targetIds } pageInfo { hasNextPage endCursor } } }";
        let page = server.run(Some(&token), query, json!({ "after": after })).await.unwrap();
        let page = page["data"]["operationLogs"].clone();
        for record in page["nodes"].as_array().unwrap() {
            assert_eq!(record["status"], "SUCCEEDED");
            recorded.push(text(&record["targetIds"][0]));
        }
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    recorded.sort();
    let distinct = recorded.len();
    recorded.dedup();
    assert_eq!(recorded.len(), distinct);
    for (name, id) in &acknowledged {
        assert!(recorded.contains(id), "{name} has no record");
    }
    let roles =
        server.run(Some(&token), "{ roles(filter: {text: \"Role \"}) { totalCount } }", json!({})).await.unwrap();
    assert_eq!(roles["data"]["roles"]["totalCount"], recorded.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    nothing_acknowledged_is_lost(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    nothing_acknowledged_is_lost(Kind::Postgres).await;
}
