//! `orgraph config`

use clap::{ArgMatches, Command};
use orgraph::config::{Config, show};

use super::output::{Failure, say};

pub fn run(command: &Command, matches: &ArgMatches, config: &Config) -> Result<(), Failure> {
    say(&show(command, matches, config).join("\n"))
}
