//! An app of its own for each test, served over HTTP on a free port.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orgraph::app::{App, CaptchaPolicy, Lockout, LoginPolicy, Policy};
use orgraph::cache::{Cache, Redis};
use orgraph::clock::{Clock, Timestamp};
use orgraph::config::{Http, Listen};
use orgraph::db::Database;
use orgraph::security::{CharacterClass, PasswordPolicy};
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, oneshot};

use super::client::{Client, UserBuilder};
use super::db::{FreshDb, Kind};
use super::servers::RedisServer;

/// The password of `admin`.
pub const ADMIN_PASSWORD: &str = "Adm1n-of-the-tests";
/// What tokens are signed with.
pub const TOKEN_SECRET: &str = "a secret of the tests, long enough to sign";
const CACHE_SIZE: u64 = 32 * 1024 * 1024;
/// Tests log in often; those of the limits set some.
pub const UNPROTECTED: LoginPolicy = LoginPolicy {
    address_limit: 0,
    account_limit: 0,
    lockout: Lockout { failures: 0, duration: Duration::from_secs(300) },
    captcha: CaptchaPolicy::Never,
    failure_memory: Duration::from_secs(900),
};
/// When every test begins.
const START: &str = "2026-06-01T08:00:00Z";

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(following) = &self.following {
            following.abort();
        }
    }
}

/// A server with a database of its own. Dropping it stops both.
pub struct TestApp {
    pub app: Arc<App>,
    /// The server, without a path.
    pub url: String,
    pub(super) http: reqwest::Client,
    admin: OnceCell<Client>,
    numbers: AtomicU32,
    // In this order: the server stops before its database goes.
    _stop: oneshot::Sender<()>,
    following: Option<tokio::task::JoinHandle<()>>,
    db: Arc<FreshDb>,
    redis: Option<RedisServer>,
}

/// The app on a database: the clock stands still, and hashing is as cheap as it gets.
pub fn build(database: Database, cache: Cache) -> Arc<App> {
    build_at(database, cache, Clock::manual(Timestamp::parse(START).unwrap()), policy())
}

fn build_at(database: Database, cache: Cache, clock: Clock, policy: Policy) -> Arc<App> {
    App::new(database, cache, clock, policy, &[TOKEN_SECRET.into()]).unwrap()
}

fn policy() -> Policy {
    Policy {
        bcrypt_cost: 4,
        access_lifetime: Duration::from_secs(15 * 60),
        session_lifetime: Duration::from_secs(7 * 24 * 3600),
        session_idle_lifetime: Duration::from_secs(24 * 3600),
        login: UNPROTECTED,
        password: PasswordPolicy {
            classes: vec![CharacterClass::Letter, CharacterClass::Digit],
            strength: 2,
            history: 3,
            lifetime: Some(Duration::from_secs(90 * 24 * 3600)),
            reminder: Duration::from_secs(7 * 24 * 3600),
        },
    }
}

pub fn options(address: SocketAddr, keep_alive: Duration) -> Http {
    Http {
        listen: Listen { host: address.ip().to_string(), port: address.port() },
        request_timeout: Duration::from_secs(30),
        keep_alive,
        body_limit: 1024 * 1024,
        graphiql: true,
        drain_timeout: Duration::from_secs(10),
        trusted_proxies: Vec::new(),
    }
}

/// An HTTP end for an app, until what is returned beside its URL is dropped.
pub async fn listen(app: Arc<App>, keep_alive: Duration) -> (String, oneshot::Sender<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = options(address, keep_alive);
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(orgraph::http::serve(listener, app, options, async {
        // The sender is only ever dropped.
        let _ = stopped.await;
    }));
    (format!("http://{address}"), stop)
}

impl TestApp {
    /// None, with a note, if the back end is not there to be tested.
    pub async fn start(kind: Kind) -> Option<Self> {
        let db = Arc::new(FreshDb::seeded(kind).await?);
        let app = build(Database::open(db.backend.clone(), 4).await.unwrap(), Cache::new(CACHE_SIZE, None));
        Some(Self::serve(app, db).await)
    }

    /// The same with a Redis of its own.
    pub async fn start_with_redis(kind: Kind) -> Option<Self> {
        let db = Arc::new(FreshDb::seeded(kind).await?);
        let server = RedisServer::start()?;
        let redis = Redis::new(&server.url().into(), "tests").unwrap();
        let app = build(Database::open(db.backend.clone(), 4).await.unwrap(), Cache::new(CACHE_SIZE, Some(redis)));
        let listening = app.clone();
        let mut app = Self::serve(app, db).await;
        app.following = Some(tokio::spawn(async move { listening.cache.listen().await }));
        let shared = async {
            while !app.app.cache.is_shared() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), shared).await.expect("Redis answers");
        app.redis = Some(server);
        Some(app)
    }

    /// A node among others: it follows what they change.
    pub async fn start_node(kind: Kind, redis: Option<&str>) -> Option<Self> {
        let clock = Clock::manual(Timestamp::parse(START).unwrap());
        Some(Self::node(Arc::new(FreshDb::seeded(kind).await?), clock, redis, UNPROTECTED).await)
    }

    /// Another node on the same database, by the same clock.
    pub async fn beside(&self, redis: Option<&str>) -> Self {
        self.protected(redis, UNPROTECTED).await
    }

    /// Another node, that protects logins.
    pub async fn protected(&self, redis: Option<&str>, login: LoginPolicy) -> Self {
        Self::node(self.db.clone(), self.app.clock.clone(), redis, login).await
    }

    /// The same database, served with locks and by a program that hashes as long as a real one, or nearly.
    pub async fn hashing(&self, bcrypt_cost: u32, lockout: Lockout) -> Self {
        let database = Database::open(self.db.backend.clone(), 4).await.unwrap();
        let policy = Policy { bcrypt_cost, login: LoginPolicy { lockout, ..UNPROTECTED }, ..policy() };
        let app = build_at(database, Cache::new(CACHE_SIZE, None), self.app.clock.clone(), policy);
        Self::serve(app, self.db.clone()).await
    }

    async fn node(db: Arc<FreshDb>, clock: Clock, redis: Option<&str>, login: LoginPolicy) -> Self {
        let redis = redis.map(|url| Redis::new(&url.into(), "tests").unwrap());
        let redis = redis.map(|redis| match login.account_limit {
            // What is counted exactly must not depend on how busy the machine is.
            1.. => redis.with_patience(Duration::from_secs(30)),
            0 => redis,
        });
        let database = Database::open(db.backend.clone(), 4).await.unwrap();
        let app = build_at(database, Cache::new(CACHE_SIZE, redis), clock, Policy { login, ..policy() });
        let following = Cache::follow(app.clone()).await.unwrap();
        let mut node = Self::serve(app, db).await;
        node.following = Some(tokio::spawn(following));
        node
    }

    async fn serve(app: Arc<App>, db: Arc<FreshDb>) -> Self {
        let (url, stop) = listen(app.clone(), Duration::from_secs(75)).await;
        Self {
            app,
            url,
            http: reqwest::Client::new(),
            admin: OnceCell::new(),
            numbers: AtomicU32::new(1),
            following: None,
            _stop: stop,
            db,
            redis: None,
        }
    }

    /// From here on this node does not hear of what others change, as if it had lost the database and Redis.
    pub fn deafen(&self) {
        self.following.as_ref().expect("a node among others").abort();
    }

    /// Somebody who is not logged in.
    pub fn anonymous(&self) -> Client {
        Client::new(self)
    }

    /// The administrator, logged in once for the whole test.
    pub async fn admin(&self) -> &Client {
        self.admin.get_or_init(|| async { self.anonymous().login("admin", ADMIN_PASSWORD).await }).await
    }

    /// A user to be made: `app.user().permissions(&["sys:user:read"]).scope("DEPT").dept(id).staff().login().await`.
    pub fn user(&self) -> UserBuilder<'_> {
        UserBuilder::new(self)
    }

    /// A number that nothing else in this test has, for names.
    pub fn number(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// How many SQL statements some work sends.
    pub async fn statements<T>(&self, work: impl Future<Output = T>) -> (u64, T) {
        let before = self.app.db.statements();
        let done = work.await;
        (self.app.db.statements() - before, done)
    }
}
