//! `orgraph migrate`

use orgraph::config::Config;
use orgraph::db::migrate;

use super::output::{Failure, say};

pub async fn run(config: &Config) -> Result<(), Failure> {
    let database = super::open_database(config).await?;
    let applied = migrate::run(&database).await?;
    say(&match &applied[..] {
        [] => "The database is up to date.".into(),
        [one] => format!("Applied 1 migration: {one}."),
        many => format!("Applied {} migrations: {}.", many.len(), many.join(", ")),
    })
}
