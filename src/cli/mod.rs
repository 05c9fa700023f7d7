//! The command line: settings, commands, and what they say when they fail.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the commands, their help, and the way to each |
//! | `serve.rs`, `shutdown.rs` | `orgraph serve`: starting, the welcome block; signals, draining |
//! | `migrate.rs`, `schema.rs`, `config.rs`, `admin.rs` | the other commands |
//! | `output.rs` | what commands print, and how they fail |

mod admin;
mod config;
mod migrate;
mod output;
mod schema;
mod serve;
mod shutdown;

use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use orgraph::config::{Config, Settings, data_dir, load_dotenv, unknown_variables};
use orgraph::db::{Backend, Database};
use orgraph::telemetry;

use self::output::Failure;

/// A GraphQL admin API: users, roles, menus, departments, sessions and logs.
///
/// Every setting is a flag and an environment variable; a file `.env` in the current directory counts as
/// environment. Durations are written like 90s, 15m, 12h or 7d.
#[derive(Parser)]
#[command(name = "orgraph", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (what happens without a command)
    Serve,
    /// Bring the database up to date, making SQLite's file if needed
    Migrate,
    /// Print the GraphQL schema; needs no database
    Schema,
    /// Look after superusers from the command line
    Admin(admin::Admin),
    /// Print the effective configuration, with secrets masked
    Config,
}

pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain("error", &failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn run() -> Result<(), Failure> {
    // First of all: clap looks at the environment, and a second thread must not.
    let from_file = load_dotenv().map_err(Failure::configuration)?;
    let command = with_brief_help(Cli::command());
    let matches = command.clone().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let unknown = unknown_variables(&command);
    let chosen = cli.command.unwrap_or(Command::Serve);
    if let Command::Schema = chosen {
        return schema::run();
    }
    let mut config = Config::read(&cli.settings).map_err(|problems| {
        // A misspelled name may be the reason.
        unknown.iter().for_each(|warning| output::complain("warning", warning));
        Failure::configuration(problems)
    })?;
    telemetry::init(std::mem::take(&mut config.log));
    for warning in unknown.iter().chain(&config.warnings) {
        tracing::warn!("{warning}");
    }
    match chosen {
        Command::Serve => block_on(serve::run(config)),
        Command::Migrate => block_on(migrate::run(&config)),
        Command::Admin(admin) => block_on(admin::run(admin, config)),
        Command::Config => config::run(&command, &matches, &config, &from_file),
        Command::Schema => schema::run(),
    }
}

/// `-h` of a command tells of that command; its `--help`, and both of the program itself, of all settings.
fn with_brief_help(command: clap::Command) -> clap::Command {
    let mut command = on_commands(command, |command| {
        command
            .after_help("--help lists the settings too, which are flags and environment variables.")
            .after_long_help("A file `.env` in the current directory counts as environment.")
    });
    // Hands the settings down to the commands; only then can they be hidden there.
    command.build();
    on_commands(command, |command| {
        command.mut_args(|arg| {
            let is_setting = arg.get_env().is_some();
            arg.hide_short_help(is_setting)
        })
    })
}

fn on_commands(command: clap::Command, change: fn(clap::Command) -> clap::Command) -> clap::Command {
    command.mut_subcommands(|command| on_commands(change(command), change))
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::from(format!("The threads cannot be started: {error}.")))?;
    let result = runtime.block_on(work);
    // Whatever still runs has had its time.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

/// Opens the database. SQLite's file is made if it is not there, and so is the data directory if it is in it.
async fn open_database(config: &Config) -> Result<Database, Failure> {
    let database = &config.database;
    if let Backend::Sqlite { path } = &database.backend {
        if path.starts_with(&database.data_dir) {
            data_dir::prepare(&database.data_dir)?;
        }
        data_dir::prepare_database_file(path)?;
    }
    Ok(Database::open(database.backend.clone(), database.connections).await?)
}
