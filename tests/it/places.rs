//! Redis behind TLS, sentinels and a cluster.

use std::sync::Arc;
use std::time::{Duration, Instant};

use orgraph::cache::Key as _;

use crate::cache::{Counted, Number, Part, SIZE};
use crate::support::{AUTHORITY, FreshDb, Kind, Program, RedisServer, free_port, servers};

/// Asks again until it is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} does not come about");
        tokio::task::yield_now().await;
    }
}

async fn share(here: &Arc<Counted>, there: &Arc<Counted>) {
    let loads = || here.loads() + there.loads();
    let before = loads();
    here.cache.forget(&[Part.text()]).await;
    for number in 0..20 {
        let value = format!("{number} of {before}");
        here.cache.forget(&[Number(number).text()]).await;
        assert_eq!(here.get(number, Some(&value)).await.as_deref(), Some(&*value));
        while there.get(number, Some("other")).await.as_deref() != Some(&*value) {
            tokio::task::yield_now().await;
        }
        here.whole(number, "part").await;
    }
    here.cache.forget(&[Part.text()]).await;
    assert_eq!(here.whole(1, "new").await, "1 new");
    assert_eq!(loads() - before, 41, "each was loaded once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_cluster_keeps_is_shared() {
    // Redis takes port + 10000 for its nodes' own talk, if it is not told otherwise.
    let node = || {
        let (talk, file) = (free_port().to_string(), format!("nodes-{}.conf", free_port()));
        let options = ["--cluster-enabled", "yes", "--cluster-config-file", &file, "--cluster-port", &talk];
        Some((RedisServer::start_with(&options)?, talk))
    };
    let (Some((one, _)), Some((other, talk))) = (node(), node()) else { return };
    // Our slot is on one of them; both are asked first once.
    assert_eq!(one.ask("CLUSTER ADDSLOTSRANGE 0 8191"), "+OK");
    assert_eq!(other.ask("CLUSTER ADDSLOTSRANGE 8192 16383"), "+OK");
    assert_eq!(one.ask(&format!("CLUSTER MEET 127.0.0.1 {} {talk}", other.port)), "+OK");
    let mut answers = Vec::new();
    until("the cluster", || {
        answers = [&one, &other].map(|node| node.ask("EXISTS {orgraph}")).to_vec();
        answers.sort();
        answers[0].starts_with("-MOVED") && answers[1] == ":0"
    })
    .await;
    let at = |first: &RedisServer, second: &RedisServer| {
        Some(format!("redis+cluster://127.0.0.1:{},127.0.0.1:{}", first.port, second.port))
    };
    let here = Counted::at("tests", SIZE, at(&one, &other)).await;
    let there = Counted::at("tests", SIZE, at(&other, &one)).await;
    share(&here, &there).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_name_the_next_master() {
    let Some(master) = RedisServer::start() else { return };
    let replica = RedisServer::start_with(&["--replicaof", "127.0.0.1", &master.port.to_string()]).unwrap();
    until("replication", || replica.ask("GET x") == "$-1" && master.ask("WAIT 1 1") == ":1").await;
    let sentinel = RedisServer::sentinel_of(&master);
    until("the sentinel's list", || sentinel.ask("SENTINEL REPLICAS main") == "*1").await;
    let url = Some(format!("redis+sentinel://127.0.0.1:{}/main", sentinel.port));
    let (here, there) = (Counted::at("tests", SIZE, url.clone()).await, Counted::at("tests", SIZE, url).await);
    share(&here, &there).await;

    master.stop();
    // Nobody waits for it meanwhile.
    assert_eq!(here.get(100, Some("meanwhile")).await.as_deref(), Some("meanwhile"));
    // A sentinel hangs up on all of a server's clients when its part changes.
    until("the failover", || replica.try_ask("SET x 1").is_ok_and(|answer| answer == "+OK")).await;
    until("the new master's use", || here.cache.is_shared() && there.cache.is_shared()).await;
    share(&here, &there).await;
    assert_eq!(replica.ask(&format!("EXISTS {}", Number(1).text())), ":1");
}

/// The certificate is checked, against the authorities of the system or those that are named instead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_reached_by_tls() {
    let (Some(db), authority) = (FreshDb::seeded(Kind::Postgres).await, servers().directory.join(AUTHORITY)) else {
        return;
    };
    let file = |name: &str| servers().directory.join("postgres").join(name).display().to_string();
    let port = free_port().to_string();
    let (certificate, key) = (file("server.crt"), file("server.key"));
    let options = ["--tls-port", &port, "--tls-cert-file", &certificate, "--tls-key-file", &key];
    let Some(redis) = RedisServer::start_with(&[&options[..], &["--tls-auth-clients", "no"]].concat()) else { return };
    for (host, is_trusted) in [("127.0.0.1", false), ("localhost", true)] {
        let data = tempfile::tempdir().unwrap();
        let url = format!("rediss://{host}:{port}");
        let settings = [("ORGRAPH_REDIS_URL", &*url), ("SSL_CERT_FILE", authority.to_str().unwrap())];
        let settings =
            [&settings[..], &[("ORGRAPH_TOKEN_SECRET", "a secret of the tests that is long enough to sign")]].concat();
        let server = Program::start(&db, data.path(), &settings);
        let token = server.login().await;
        // Enough of them for several tries to connect.
        for _ in 0..50 {
            server.run(Some(&token), "{ viewer { user { id } } }", serde_json::json!({})).await.unwrap();
        }
        if is_trusted {
            until("its use", || redis.ask("DBSIZE") != ":0").await;
        } else {
            assert_eq!(redis.ask("DBSIZE"), ":0", "the certificate is made out to another name");
        }
    }
}
