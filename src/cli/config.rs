//! `orgraph config`

use clap::{ArgMatches, Command};
use orgraph::config::{Config, show};

use super::output::{Failure, say};

pub fn run(command: &Command, matches: &ArgMatches, config: &Config, from_file: &[String]) -> Result<(), Failure> {
    say(&show(command, matches, config, from_file).join("\n"))
}
