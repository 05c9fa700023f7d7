//! What is logged.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::setting::{Problems, Setting};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Log")]
pub struct LogSettings {
    /// What is logged to standard error: off, error, warn, info, debug or trace, or a list like
    /// `info,orgraph=debug`
    #[arg(long, global = true, env = "ORGRAPH_LOG", value_name = "FILTER", default_value = "info")]
    log: Setting,
}

impl LogSettings {
    pub(super) fn read(&self, problems: &mut Problems) -> Option<EnvFilter> {
        problems.read(&self.log, |text| {
            let allowed = "must be off, error, warn, info, debug or trace, or a list like `info,orgraph=debug`";
            // A single word that is no level would be taken for the name of a module, and silence all others.
            let is_word = !text.contains([',', '=', '[', ':']);
            if is_word && text.trim().parse::<LevelFilter>().is_err() {
                return Err(allowed.into());
            }
            EnvFilter::try_new(text).map_err(|_| allowed.into())
        })
    }
}
