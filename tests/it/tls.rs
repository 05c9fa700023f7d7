//! TLS to PostgreSQL. The certificate of the tests' server is made out to `localhost`, by an authority of the tests' own.

use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl as _;
use orgraph::db::{Backend, Conn, Database};

use crate::support::{AUTHORITY, servers};

/// Whether a connection is encrypted; or why there is none.
async fn connect(host: &str, parameters: &str) -> Result<bool, String> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        ssl: bool,
    }
    let port = servers().postgres.unwrap();
    let url = format!("postgres://orgraph@{host}:{port}/postgres?{parameters}");
    let database = Database::open(Backend::parse(&url)?, 1).await.map_err(|error| error.to_string())?;
    let Conn::Pg(mut conn, _) = database.read().await.map_err(|error| error.cause())? else { unreachable!() };
    let query = diesel::sql_query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    let row: Row = query.get_result(&mut *conn).await.map_err(|error| error.to_string())?;
    Ok(row.ssl)
}

#[tokio::test]
async fn each_sslmode_checks_what_it_promises() {
    if servers().postgres.is_none() {
        return;
    }
    let ours = format!("sslrootcert={}", servers().directory.join(AUTHORITY).display());
    let encrypted = Ok(true);
    assert_eq!(connect("127.0.0.1", "sslmode=disable").await, Ok(false));
    for mode in ["prefer", "require"] {
        assert_eq!(connect("127.0.0.1", &format!("sslmode={mode}")).await, encrypted);
    }
    // The name does not matter to an authority, and does to a full check.
    for mode in ["require", "verify-ca"] {
        assert_eq!(connect("127.0.0.1", &format!("sslmode={mode}&{ours}")).await, encrypted);
    }
    assert_eq!(connect("localhost", &format!("sslmode=verify-full&{ours}")).await, encrypted);
    let wrong_name = connect("127.0.0.1", &format!("sslmode=verify-full&{ours}")).await.unwrap_err();
    assert!(wrong_name.contains("not valid for name"), "{wrong_name}");

    // An authority that nobody knows, and another one than ours.
    let other = servers().directory.join("other-authority.pem");
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    std::fs::write(&other, params.self_signed(&key).unwrap().pem()).unwrap();
    for root in [String::new(), format!("&sslrootcert={}", other.display())] {
        for mode in ["verify-ca", "verify-full"] {
            let unknown = connect("localhost", &format!("sslmode={mode}{root}")).await.unwrap_err();
            assert!(unknown.contains("UnknownIssuer") || unknown.contains("BadSignature"), "{unknown}");
        }
    }
    // As libpq has it: who names an authority wants it asked.
    assert!(connect("localhost", &format!("sslmode=require&sslrootcert={}", other.display())).await.is_err());
    let missing = connect("localhost", "sslmode=verify-full&sslrootcert=/nowhere/root.pem").await.unwrap_err();
    assert!(missing.contains("/nowhere/root.pem"), "{missing}");
}

/// A port that something else holds, or a server that is stuck: it takes connections, and says nothing.
#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("postgres://nobody@{}/none?connect_timeout=1", silent.local_addr().unwrap());
    let opened = Database::open(Backend::parse(&url).unwrap(), 1).await;
    let error = opened.map(drop).unwrap_err().to_string();
    assert!(error.contains("says nothing"), "{error}");
}
