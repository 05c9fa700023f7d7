//! An app of its own for each test, served over HTTP on a free port.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use orgraph::app::{App, Policy};
use orgraph::clock::{Clock, Timestamp};
use orgraph::config::{Http, Listen};
use orgraph::db::Database;
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, oneshot};

use super::client::{Client, UserBuilder};
use super::db::{FreshDb, Kind};

/// The password of `admin`.
pub const ADMIN_PASSWORD: &str = "Adm1n-of-the-tests";
/// When every test begins.
const START: &str = "2026-06-01T08:00:00Z";

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
    _db: FreshDb,
}

/// A further server on the database of a [`TestApp`].
pub struct Node {
    pub app: Arc<App>,
    pub url: String,
    _stop: oneshot::Sender<()>,
}

/// The app on a database: the clock stands still, and hashing is as cheap as it gets.
pub fn build(database: Database) -> Arc<App> {
    build_at(database, Clock::manual(Timestamp::parse(START).unwrap()))
}

fn build_at(database: Database, clock: Clock) -> Arc<App> {
    let policy = Policy {
        bcrypt_cost: 4,
        access_lifetime: Duration::from_secs(15 * 60),
        session_lifetime: Duration::from_secs(7 * 24 * 3600),
        session_idle_lifetime: Duration::from_secs(24 * 3600),
    };
    App::new(database, clock, policy, &["a secret of the tests, long enough to sign".into()]).unwrap()
}

/// Serves until what is returned beside the address is dropped.
async fn serve(app: Arc<App>) -> (String, oneshot::Sender<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = Http {
        listen: Listen { host: address.ip().to_string(), port: address.port() },
        request_timeout: Duration::from_secs(30),
        body_limit: 1024 * 1024,
        graphiql: true,
        drain_timeout: Duration::from_secs(10),
    };
    let (stop, stopped) = oneshot::channel();
    let server = orgraph::http::serve(listener, app, options, async {
        // The sender is only ever dropped.
        let _ = stopped.await;
    });
    tokio::spawn(server);
    (format!("http://{address}"), stop)
}

impl TestApp {
    /// None, with a note, if the back end is not there to be tested.
    pub async fn start(kind: Kind) -> Option<Self> {
        let db = FreshDb::seeded(kind).await?;
        let app = build(Database::open(db.backend.clone(), 4).await.unwrap());
        let (url, stop) = serve(app.clone()).await;
        Some(Self {
            app,
            url,
            http: reqwest::Client::new(),
            admin: OnceCell::new(),
            numbers: AtomicU32::new(1),
            _stop: stop,
            _db: db,
        })
    }

    /// A second server on the same database, with a cache of its own and the same clock.
    pub async fn second_node(&self) -> Node {
        let database = Database::open(self.app.db.backend().clone(), 4).await.unwrap();
        let app = build_at(database, self.app.clock.clone());
        let (url, stop) = serve(app.clone()).await;
        Node { app, url, _stop: stop }
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
