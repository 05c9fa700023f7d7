//! Cookies, and which pages may use them.

use axum::http::{HeaderMap, HeaderName, header};
use url::{Host, Url};

use crate::security::RefreshCookie;

pub fn refresh_cookie(headers: &HeaderMap) -> RefreshCookie {
    let cookies: Vec<_> =
        headers.get_all(header::COOKIE).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    RefreshCookie::new(&cookies.join(";"), is_foreign(headers), is_local(headers))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    // What cannot be read is not nothing.
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// Whether a page of another origin sends the request, after Filippo Valsorda's
/// <https://words.filippo.io/csrf/>: browsers say so in `Sec-Fetch-Site`, and older ones in `Origin`. Who sends neither is no
/// browser.
fn is_foreign(headers: &HeaderMap) -> bool {
    if let Some(site) = text(headers, HeaderName::from_static("sec-fetch-site")) {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(headers, header::ORIGIN) else { return false };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_none_or(|authority| text(headers, header::HOST) != Some(authority))
}

/// Whether the page comes by plain HTTP from the browser's own machine. A proxy changes `Host`, but not `Origin`.
fn is_local(headers: &HeaderMap) -> bool {
    let origin = text(headers, header::ORIGIN).and_then(|origin| Url::parse(origin).ok());
    origin.is_some_and(|origin| {
        let is_loopback = match origin.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        origin.scheme() == "http" && is_loopback
    })
}
