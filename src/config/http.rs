//! The HTTP server.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;

use super::setting::{Problems, Setting};
use super::values;

#[derive(Clone, Debug)]
pub struct Http {
    pub listen: Listen,
    /// A request that takes longer is answered with an error.
    pub request_timeout: Duration,
    /// How long a connection may wait for the headers of its next request.
    pub keep_alive: Duration,
    /// Bytes; a larger body is refused.
    pub body_limit: usize,
    /// Whether browsers get the query editor.
    pub graphiql: bool,
    /// How long running operations may go on after the signal to stop.
    pub drain_timeout: Duration,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// Where to listen: a name or an address of this machine, and a port (0: any free one).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    pub host: String,
    pub port: u16,
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "HTTP")]
pub struct HttpSettings {
    /// Address and port to listen on; port 0 takes any free one
    #[arg(long, global = true, env = "ORGRAPH_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8000")]
    listen: Setting,

    /// Longest time for one request (1s to 1h)
    #[arg(long, global = true, env = "ORGRAPH_REQUEST_TIMEOUT", value_name = "DURATION", default_value = "30s")]
    request_timeout: Setting,

    /// Longest wait on a connection for the headers of the next request, or for the client to take its answer; longer
    /// than a proxy in front keeps its own connections, so that it never uses one that is just being closed (1s to 1h)
    #[arg(long, global = true, env = "ORGRAPH_KEEP_ALIVE", value_name = "DURATION", default_value = "75s")]
    keep_alive: Setting,

    /// Largest body of a request, in bytes or like 512KiB, 1MiB (1KiB to 100MiB)
    #[arg(long, global = true, env = "ORGRAPH_BODY_LIMIT", value_name = "SIZE", default_value = "1MiB")]
    body_limit: Setting,

    /// Whether browsers get the query editor GraphiQL at /graphql
    #[arg(long, global = true, env = "ORGRAPH_GRAPHIQL", value_name = "on|off", default_value = "on")]
    graphiql: Setting,

    /// How long running operations may go on after SIGTERM or Ctrl-C (0s to 1h)
    #[arg(long, global = true, env = "ORGRAPH_DRAIN_TIMEOUT", value_name = "DURATION", default_value = "10s")]
    drain_timeout: Setting,

    /// Proxies whose `X-Forwarded-For` tells the client's address: addresses and networks like 10.0.0.0/8, separated
    /// by commas [default: none]
    #[arg(long, global = true, env = "ORGRAPH_TRUSTED_PROXIES", value_name = "NETWORKS")]
    trusted_proxies: Option<Setting>,
}

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

impl HttpSettings {
    pub(super) fn read(&self, problems: &mut Problems) -> Option<Http> {
        // All are read before the first `?`, so that every problem is found.
        let listen = problems.read(&self.listen, listen);
        let request_timeout = problems.read(&self.request_timeout, values::duration(SECOND..=HOUR));
        let keep_alive = problems.read(&self.keep_alive, values::duration(SECOND..=HOUR));
        let body_limit = problems.read(&self.body_limit, values::size);
        let graphiql = problems.read(&self.graphiql, values::switch);
        let drain_timeout = problems.read(&self.drain_timeout, values::duration(Duration::ZERO..=HOUR));
        let trusted_proxies = problems.read_some(self.trusted_proxies.as_ref(), networks);
        Some(Http {
            listen: listen?,
            request_timeout: request_timeout?,
            keep_alive: keep_alive?,
            body_limit: body_limit?,
            graphiql: graphiql?,
            drain_timeout: drain_timeout?,
            trusted_proxies: trusted_proxies?.unwrap_or_default(),
        })
    }
}

fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let network = |text: &str| {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map_err(|_| format!("{text:?} is neither an address like 10.0.0.1 nor a network like 10.0.0.0/8"))
    };
    text.split(',').map(|text| network(text.trim())).collect()
}

fn listen(text: &str) -> Result<Listen, String> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(Listen { host: address.ip().to_string(), port: address.port() });
    }
    let host_and_port = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let part_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    match host_and_port {
        Some((host, port)) if !host.is_empty() && host.chars().all(part_of_name) => {
            Ok(Listen { host: host.into(), port })
        }
        _ => Err("must be an address and a port, like 127.0.0.1:8000, [::1]:8000 or 0.0.0.0:80".into()),
    }
}
