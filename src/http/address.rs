//! Where a request comes from, behind proxies or not.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The address of the client: the peer, or, where the peer is a proxy that is trusted, the last address in
/// `X-Forwarded-For` that is not one. What stands before that address anybody can have written.
pub fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    if trusted.is_empty() {
        return client;
    }
    let values: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or_default()).collect();
    for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        if !is_trusted(&client) {
            break;
        }
        match parse(hop.trim()) {
            Some(address) => client = address.to_canonical(),
            // A proxy that writes no address: it is the last one that is known.
            None => break,
        }
    }
    client
}

/// An address, which some proxies write with a port.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(address, _)| address);
    bare.parse().ok().or_else(|| Some(text.parse::<std::net::SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &str) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<IpNet> =
            trusted.split(',').filter(|text| !text.is_empty()).map(|text| text.parse().unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_header_counts_only_from_a_trusted_proxy() {
        assert_eq!(seen("10.0.0.1", &["1.2.3.4"], ""), "10.0.0.1");
        assert_eq!(seen("192.0.2.9", &["1.2.3.4"], "10.0.0.0/8"), "192.0.2.9");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4"], "10.0.0.0/8"), "1.2.3.4");
        assert_eq!(seen("::ffff:10.0.0.1", &["2001:db8::7"], "10.0.0.0/8"), "2001:db8::7");
        assert_eq!(seen("10.0.0.1", &[], "10.0.0.0/8"), "10.0.0.1");
    }

    #[test]
    fn what_the_client_has_written_itself_does_not_count() {
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 1.2.3.4"], "10.0.0.0/8"), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"], "10.0.0.0/8"), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "1.2.3.4"], "10.0.0.0/8"), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &["10.0.0.9, 10.0.0.2"], "10.0.0.0/8"), "10.0.0.9");
    }

    #[test]
    fn ports_are_left_out_and_nonsense_ends_the_walk() {
        assert_eq!(seen("10.0.0.1", &["1.2.3.4:5678"], "10.0.0.0/8"), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &["[2001:db8::7]:99"], "10.0.0.0/8"), "2001:db8::7");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, unknown"], "10.0.0.0/8"), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, not an address, 10.0.0.3"], "10.0.0.0/8"), "10.0.0.3");
    }
}
