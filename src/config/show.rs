//! The effective configuration, as `orgraph config` prints it.

use clap::{Arg, ArgMatches, Command};

use super::Config;
use super::setting::{Setting, Source};

/// One `NAME=value  # from …` line for each setting, with secrets masked. The names in `from_file` are from `.env`.
pub fn show(command: &Command, matches: &ArgMatches, config: &Config, from_file: &[String]) -> Vec<String> {
    let settings = command.get_arguments().filter_map(|arg| Some((arg, arg.get_env()?)));
    let line = |(arg, name): (&Arg, &std::ffi::OsStr)| {
        let name = name.to_string_lossy();
        let setting = matches.try_get_one::<Setting>(arg.get_id().as_str()).ok().flatten();
        match setting.map(|setting| (setting.source, setting.shown())) {
            Some((Source::Flag, value)) => format!("{name}={}  # from flag", quoted(&value)),
            Some((Source::Environment, value)) => {
                let from = if from_file.iter().any(|set| *set == name) { ".env" } else { "environment" };
                format!("{name}={}  # from {from}", quoted(&value))
            }
            Some((Source::Default, value)) if !value.is_empty() => format!("{name}={}  # from default", quoted(&value)),
            _ => unset(&name, config),
        }
    };
    settings.map(line).collect()
}

/// What stands in for a setting that has no fixed default.
fn unset(name: &str, config: &Config) -> String {
    let (value, note) = match name {
        "ORGRAPH_DATABASE_URL" => (quoted(&config.database.url()), String::new()),
        "ORGRAPH_ADMIN_PASSWORD" => (String::new(), " (generated at the first start)".into()),
        "ORGRAPH_TOKEN_SECRET" => {
            let file = super::data_dir::secret_file(&config.database.data_dir);
            (String::new(), format!(" (kept in {})", file.display()))
        }
        "ORGRAPH_SESSION_IDLE_LIFETIME" => {
            (super::values::written(config.auth.policy.session_idle_lifetime), String::new())
        }
        _ => (String::new(), " (none)".into()),
    };
    format!("{name}={value}  # from default{note}")
}

/// The value as `.env` reads it.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/.,:;=@%+-_*[]?&".contains(c);
    match value {
        value if value.chars().all(plain) => value.into(),
        value if !value.contains(['\'', '\n']) => format!("'{value}'"),
        value => format!("{value:?}"),
    }
}
