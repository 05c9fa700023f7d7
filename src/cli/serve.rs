//! `orgraph serve`: everything that can go wrong goes wrong before anything is made, or leaves it whole.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use orgraph::app::App;
use orgraph::cache::Cache;
use orgraph::clock::Clock;
use orgraph::config::{Config, Listen, data_dir};
use orgraph::db::migrate;
use orgraph::demo::{self, DemoSize};
use orgraph::domains::sessions;
use orgraph::security::kid;
use orgraph::seed::{self, Seeded};
use tokio::net::TcpListener;

use super::output::{Failure, say};
use super::shutdown::{Signals, serve_until_signal};

pub async fn run(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    // First, because it costs nothing and fails often.
    let listener = bind(&config.http.listen).await?;
    let (app, seeded) = signals.or_stop(prepare(&config)).await?;
    if let Some(size) = &config.demo {
        let size =
            DemoSize { users: size.users, depts: size.depts, roles: size.roles, operation_logs: size.operation_logs };
        let adding = async { Ok(demo::run(&app, &size).await?) };
        match signals.or_stop(adding).await {
            Ok(true) => tracing::info!("the example organisation has been added"),
            Ok(false) => tracing::info!("the example organisation is there already"),
            Err(failure) => {
                // The next start does not make a password again, so this is the last chance to tell it.
                if let Some(account) = account(&seeded, &config) {
                    say(&account)?;
                }
                return Err(failure);
            }
        }
    }
    tokio::spawn(Cache::follow(app.clone()).await?);
    let address = listener.local_addr().map_err(|error| format!("The port has no address: {error}."))?;
    say(&welcome(address, &seeded, &config))?;
    tracing::info!(%address, database = config.database.backend.name(), "ready");
    let drain_timeout = config.http.drain_timeout;
    let server = |shutdown| orgraph::http::serve(listener, app.clone(), config.http, shutdown);
    sessions::service::noting(&app, serve_until_signal(server, signals, drain_timeout)).await
}

async fn bind(listen: &Listen) -> Result<TcpListener, Failure> {
    TcpListener::bind((listen.host.as_str(), listen.port)).await.map_err(|error| {
        let choose = "choose another with --listen or ORGRAPH_LISTEN";
        let reason = match error.kind() {
            ErrorKind::AddrInUse => format!("another program listens there. Stop it, or {choose}."),
            ErrorKind::AddrNotAvailable => format!("this machine does not have that address; {choose}."),
            ErrorKind::PermissionDenied => format!("this user may not open that port; {choose}, above 1023."),
            _ => format!("{error}; {choose}."),
        };
        format!("Cannot listen on {listen}: {reason}").into()
    })
}

/// Opens the database, brings it up to date, and sees to the secrets and the first data.
async fn prepare(config: &Config) -> Result<(Arc<App>, Seeded), Failure> {
    let data_dir = &config.database.data_dir;
    let given = match &config.auth.token_secrets {
        Some(secrets) => Some(secrets.clone()),
        None => data_dir::kept_secrets(data_dir)?,
    };
    let database = super::open_database(config).await?;
    migrate::refuse_newer(&migrate::status(&database).await?)?;
    // Only now: a database that cannot be used must not leave a directory behind.
    let secrets = match given {
        Some(secrets) => secrets,
        None => {
            let secrets = data_dir::make_secret(data_dir)?;
            let file = data_dir::secret_file(data_dir);
            tracing::info!(file = %file.display(), "made the token secret; further nodes need it as ORGRAPH_TOKEN_SECRET");
            secrets
        }
    };
    for name in migrate::run(&database).await? {
        tracing::info!(migration = name, "applied");
    }
    let app =
        App::new(database, config.cache.open(&kid(&secrets[0])), Clock::System, config.auth.policy.clone(), &secrets)?;
    let seeded = seed::run(&app, config.auth.admin_password.clone()).await?;
    if config.auth.admin_password.is_some() && !seeded.created {
        tracing::info!(
            "the password that is set for the administrator changes nothing: it is for the first start only"
        );
    }
    Ok((app, seeded))
}

/// What the terminal, or a container's log, shows of a start.
fn welcome(address: SocketAddr, seeded: &Seeded, config: &Config) -> String {
    let mut reachable = address;
    let mut note = String::new();
    if address.ip().is_unspecified() {
        // Nobody can type 0.0.0.0 into a browser.
        reachable.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
        note = format!("  (listening on {address})");
    }
    let name = if config.http.graphiql { "GraphiQL" } else { "GraphQL " };
    let mut lines = vec![
        String::new(),
        format!("  Orgraph {} is ready.", env!("CARGO_PKG_VERSION")),
        String::new(),
        format!("  {name}       http://{reachable}/graphql{note}"),
    ];
    match account(seeded, config) {
        Some(account) => lines.push(account),
        None => lines.push(format!("  Administrator  {}", seeded.admin_username)),
    }
    lines.push(format!("  Database       {}", config.database.place()));
    lines.push("\n  Ctrl-C stops it.\n".into());
    lines.join("\n")
}

/// The administrator that this start has made.
fn account(seeded: &Seeded, config: &Config) -> Option<String> {
    let password = match &seeded.generated_password {
        Some(password) => format!("{password}  (shown this once only)"),
        None if seeded.created && config.auth.admin_password.is_some() => "as you have set it".into(),
        None => return None,
    };
    Some(format!("  Administrator  {}\n  Password       {password}", seeded.admin_username))
}
