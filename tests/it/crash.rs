//! A server that is killed under write load loses nothing that it has acknowledged, and no record of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::support::{FreshDb, Kind, Program, run, text};

async fn nothing_acknowledged_is_lost(kind: Kind) {
    let Some(db) = FreshDb::seeded(kind).await else { return };
    let data = tempfile::tempdir().unwrap();
    let server = Program::start(&db, data.path(), &[]);
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

    let server = Program::start(&db, data.path(), &[]);
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
