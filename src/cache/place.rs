//! Where Redis is: at one address, or wherever sentinels or a cluster say.

use std::borrow::Cow;

use redis::sentinel::{Sentinel, SentinelNodeConnectionInfo};
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo, RedisError,
    TlsMode,
};

/// What keys begin with in a cluster. They all lie in one slot: what belongs together is written together, and a cache
/// of some megabytes need not be divided.
const TAG: &str = "{orgraph}";
/// How often a cluster may send us on to another node.
const REDIRECTIONS: usize = 5;

#[derive(Clone, Debug)]
pub enum Place {
    /// `redis://…`, `rediss://…`
    Fixed(ConnectionInfo),
    /// `redis+sentinel://user:password@host:26379,host:26379/master/number?sentinel_password=…`
    Sentinels { at: Vec<ConnectionInfo>, master: String, node: ConnectionInfo },
    /// `redis+cluster://user:password@host:6379,host:6379`
    Cluster(Vec<ConnectionInfo>),
}

impl Place {
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("it has no `://`")?;
        let (tls, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        if !matches!(tls, "redis" | "rediss") {
            return Err("it begins with none of redis://, rediss://, redis+sentinel:// and redis+cluster://".into());
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (user, rest) =
            rest.rsplit_once('@').map_or((String::new(), rest), |(user, rest)| (format!("{user}@"), rest));
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let each = |user: &str, number: &str| -> Result<Vec<_>, String> {
            let urls = hosts.split(',').map(|host| format!("{tls}://{user}{host}/{number}"));
            urls.map(|url| connection(&url)).collect()
        };
        match kind {
            "" => Ok(Self::Fixed(connection(text)?)),
            "sentinel" => {
                let (master, number) = path.split_once('/').unwrap_or((path, ""));
                if master.is_empty() {
                    return Err(
                        "it must name the master after the sentinels: redis+sentinel://host:26379/mymaster".into()
                    );
                }
                let sentinel = sentinel_user(query)?;
                let mut nodes = each(&user, number)?;
                Ok(Self::Sentinels { at: each(&sentinel, "")?, master: master.into(), node: nodes.swap_remove(0) })
            }
            "cluster" if path.is_empty() || path == "0" => Ok(Self::Cluster(each(&user, "")?)),
            "cluster" => Err("a cluster has no numbered databases".into()),
            other => Err(format!("+{other} is neither +sentinel nor +cluster")),
        }
    }

    /// What the connections are set up with, whichever server they lead to.
    fn settings(&self) -> &RedisConnectionInfo {
        match self {
            Self::Fixed(info) | Self::Sentinels { node: info, .. } => info.redis_settings(),
            Self::Cluster(nodes) => nodes[0].redis_settings(),
        }
    }

    pub fn number(&self) -> i64 {
        self.settings().db()
    }

    /// Whether another server may take the place of the one that is talked to.
    pub fn may_move(&self) -> bool {
        !matches!(self, Self::Fixed(_))
    }

    /// The name of a key there.
    pub fn key<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self {
            Self::Cluster(_) => format!("{TAG}:{text}").into(),
            _ => text.into(),
        }
    }

    /// The server to talk to now.
    pub async fn client(&self) -> Result<Client, RedisError> {
        match self {
            Self::Fixed(info) => Client::open(info.clone()),
            Self::Sentinels { at, master, node } => {
                let mut info =
                    SentinelNodeConnectionInfo::default().set_redis_connection_info(node.redis_settings().clone());
                if matches!(node.addr(), ConnectionAddr::TcpTls { .. }) {
                    info = info.set_tls_mode(TlsMode::Secure);
                }
                Sentinel::build(at.clone())?.async_master_for(master, Some(&info)).await
            }
            Self::Cluster(nodes) => {
                let mut failure = (redis::ErrorKind::Client, "the cluster has no nodes").into();
                for node in nodes {
                    match keeper(node.clone()).await {
                        Ok(client) => return Ok(client),
                        Err(error) => failure = error,
                    }
                }
                Err(failure)
            }
        }
    }
}

/// The master that keeps our slot, as any node of a cluster knows.
async fn keeper(mut node: ConnectionInfo) -> Result<Client, RedisError> {
    for _ in 0..REDIRECTIONS {
        let client = Client::open(node.clone())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let asked: Result<(), RedisError> = redis::cmd("EXISTS").arg(TAG).query_async(&mut connection).await;
        let error = match asked {
            Ok(()) => return Ok(client),
            Err(error) => error,
        };
        let Some((host, port)) = error.redirect_node().and_then(|(address, _)| address.rsplit_once(':')) else {
            return Err(error);
        };
        let port = port.parse().unwrap_or_default();
        let (own, tls) = match node.addr().clone() {
            ConnectionAddr::TcpTls { host, insecure, tls_params, .. } => (host, Some((insecure, tls_params))),
            ConnectionAddr::Tcp(host, _) => (host, None),
            _ => return Err(error),
        };
        // A node that does not know its own name is where we are already.
        let host = if host.is_empty() { own } else { host.trim_matches(['[', ']']).to_owned() };
        node = node.set_addr(match tls {
            Some((insecure, tls_params)) => ConnectionAddr::TcpTls { host, port, insecure, tls_params },
            None => ConnectionAddr::Tcp(host, port),
        });
    }
    Err((redis::ErrorKind::Client, "the cluster sends us from node to node").into())
}

fn connection(url: &str) -> Result<ConnectionInfo, String> {
    // The detail alone: the whole text ends in the library's name for its kind.
    let why = |error: RedisError| error.detail().unwrap_or("it is not well formed").to_owned();
    let info = url.into_connection_info().map_err(why)?;
    // Messages come over the same connection then; Redis 6 is the first to know it.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings))
}

/// What stands before the `@` of a sentinel's URL: sentinels have users and passwords of their own, or none.
fn sentinel_user(query: &str) -> Result<String, String> {
    let (mut name, mut password) = ("", None);
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key {
            "sentinel_username" => name = value,
            "sentinel_password" => password = Some(value),
            _ => {
                return Err(format!("there is no parameter {key}; sentinel_username and sentinel_password can be set"));
            }
        }
    }
    Ok(password.map(|password| format!("{name}:{password}@")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_one_server_or_those_who_know_it() {
        let sentinels = "rediss+sentinel://u:p@a:1,b:2/main/3?sentinel_password=s%40x";
        let Place::Sentinels { at, master, node } = Place::parse(sentinels).unwrap() else { panic!("{sentinels}") };
        let addresses: Vec<_> = at.iter().map(|info| info.addr().to_string()).collect();
        assert_eq!((&addresses[..], &*master), (&["a:1".to_owned(), "b:2".to_owned()][..], "main"));
        let (own, theirs) = (node.redis_settings(), at[0].redis_settings());
        assert_eq!((own.username(), own.password(), own.db()), (Some("u"), Some("p"), 3));
        assert_eq!((theirs.username(), theirs.password(), theirs.db()), (None, Some("s@x"), 0));
        assert!(matches!(node.addr(), ConnectionAddr::TcpTls { .. }));

        let cluster = Place::parse("redis+cluster://:p@a:1,b:2").unwrap();
        assert_eq!((cluster.key("orgraph:x"), cluster.may_move()), ("{orgraph}:orgraph:x".into(), true));
        let fixed = Place::parse("redis://a:1/7").unwrap();
        assert_eq!((fixed.key("orgraph:x"), fixed.number(), fixed.may_move()), ("orgraph:x".into(), 7, false));

        for wrong in [
            "a:1",
            "http://a:1",
            "redis://",
            "redis://a:1/x",
            "redis+sentinel://a:1",
            "redis+sentinel://a:1/main/x",
            "redis+sentinel://a:1/main?password=x",
            "redis+cluster://a:1/3",
            "redis+other://a:1",
        ] {
            assert!(Place::parse(wrong).is_err(), "{wrong}");
        }
    }
}
