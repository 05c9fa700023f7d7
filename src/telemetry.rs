//! Logs, and what can be told of a client.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging to standard error: for people on a terminal, JSON lines otherwise.
pub fn init(filter: EnvFilter) {
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let result = if std::io::stderr().is_terminal() {
        registry.with(lines.compact().with_target(false)).try_init()
    } else {
        registry.with(lines.json().flatten_event(true).with_current_span(true).with_span_list(false)).try_init()
    };
    // A second start in one process (tests) keeps the first one's subscriber.
    drop(result);
}

/// What a user-agent header tells.
#[derive(Clone, Debug, Default)]
pub struct Client {
    pub os: Option<String>,
    pub browser: Option<String>,
    pub device: Option<String>,
}

impl Client {
    pub fn of(user_agent: Option<&str>) -> Self {
        let parsed = user_agent.and_then(|text| woothee::parser::Parser::new().parse(text));
        let Some(parsed) = parsed else {
            return Self::default();
        };
        let known = |text: &str| (!text.is_empty() && text != "UNKNOWN").then(|| clip(text, 64));
        Self {
            os: known(format!("{} {}", parsed.os, parsed.os_version).replace("UNKNOWN", "").trim()),
            browser: known(format!("{} {}", parsed.name, parsed.version).replace("UNKNOWN", "").trim()),
            device: known(parsed.category),
        }
    }
}

/// The first `limit` characters.
pub fn clip(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}
