//! `orgraph admin`: superusers, for when nobody can log in who could make one.

use std::sync::Arc;

use clap::{Args, Subcommand};
use orgraph::app::App;
use orgraph::cache::Cache;
use orgraph::clock::Clock;
use orgraph::config::Config;
use orgraph::db::{Backend, migrate};
use orgraph::domains::users::service;
use orgraph::error::Error;
use orgraph::security::{Viewer, generate_password};
use secrecy::{ExposeSecret as _, SecretString};

use super::output::{Failure, say};

#[derive(Args)]
pub struct Admin {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make a superuser, who may do everything
    Create(Account),
    /// Give a superuser a new password, which ends the user's sessions
    ResetPassword(Account),
}

#[derive(Args)]
struct Account {
    /// Name of the user
    #[arg(long, value_name = "NAME")]
    username: String,

    /// New password; other users of this machine may see it in the list of processes
    /// [default: ORGRAPH_ADMIN_PASSWORD, else generated and printed]
    #[arg(long, value_name = "PASSWORD")]
    password: Option<SecretString>,
}

pub async fn run(admin: Admin, config: Config) -> Result<(), Failure> {
    let app = open_app(&config).await?;
    let (Task::Create(account) | Task::ResetPassword(account)) = &admin.task;
    let username = account.username.as_str();
    let (password, told) = match (&account.password, &config.auth.admin_password) {
        (Some(given), _) => (given.clone(), "the given password".into()),
        (None, Some(given)) => (given.clone(), "the password in ORGRAPH_ADMIN_PASSWORD".into()),
        (None, None) => {
            let generated = SecretString::from(generate_password());
            let told = format!("the password {} (it is not shown again)", generated.expose_secret());
            (generated, told)
        }
    };
    let done = match &admin.task {
        Task::Create(_) => {
            let viewer = Viewer::command("admin create");
            let created = service::create_superuser(&app, &viewer, username, password).await;
            created.map_err(|error| match error {
                Error::Conflict(..) => name_taken(username),
                error => error.into(),
            })?;
            format!("Created the superuser `{username}` with {told}.")
        }
        Task::ResetPassword(_) => {
            let viewer = Viewer::command("admin reset-password");
            let reset = service::reset_superuser_password(&app, &viewer, username, password).await;
            reset.map_err(|error| match error {
                Error::NotFound(..) => nobody(username),
                error => error.into(),
            })?;
            format!("The superuser `{username}` now has {told}; all of the user's sessions are ended.")
        }
    };
    say(&done)
}

fn name_taken(username: &str) -> Failure {
    let reset = format!("`orgraph admin reset-password --username {username}`");
    format!("There is a user `{username}` already. Choose another name, or give a superuser of this name a new password with {reset}.")
        .into()
}

fn nobody(username: &str) -> Failure {
    let create = format!("`orgraph admin create --username {username}`");
    format!("There is no user `{username}`. {create} makes a superuser; the first start of the server makes `admin`.")
        .into()
}

/// The app on a database that is there and up to date: an administrator's typing error must not make a new one.
async fn open_app(config: &Config) -> Result<Arc<App>, Failure> {
    if let Backend::Sqlite { path } = &config.database.backend
        && !path.exists()
    {
        return Err(format!(
            "There is no database at {}. Start the server once, or run `orgraph migrate`, or correct \
             ORGRAPH_DATA_DIR or ORGRAPH_DATABASE_URL.",
            path.display()
        )
        .into());
    }
    let database = super::open_database(config).await?;
    let status = migrate::status(&database).await?;
    migrate::refuse_newer(&status)?;
    if !status.pending.is_empty() {
        let missing = status.pending.join(", ");
        return Err(format!("The database is not up to date: it lacks {missing}. Run `orgraph migrate` first.").into());
    }
    // No token is made or checked here, so the real secrets are not needed.
    let secret = SecretString::from(generate_password());
    Ok(App::new(database, Cache::new(0, None), Clock::System, config.auth.policy.clone(), &[secret])?)
}
