//! GraphiQL, the query editor for people, served from the binary: no other host is ever asked.
//!
//! The front end is built by hand (`assets/graphiql/README.md`) and its output committed, so that building the server
//! needs no Node.

use std::io::Read;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

/// Everything comes from this server and nothing runs inline: a hostile description or answer that gets into the page
/// as markup stays dead text, and can send the token nowhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! asset {
    ($name:literal, $type:literal, $form:ident $file:literal) => {{
        let body = include_bytes!(concat!("../../assets/graphiql/", $file));
        Asset::new($name, $type, Body::$form(body))
    }};
}

static ASSETS: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    [
        asset!("app.js", "text/javascript; charset=utf-8", Gzip "dist/app.js.gz"),
        asset!("app.css", "text/css; charset=utf-8", Gzip "dist/app.css.gz"),
        asset!("LICENSES.txt", "text/plain; charset=utf-8", Plain "dist/LICENSES.txt"),
        asset!("favicon.svg", "image/svg+xml", Plain "favicon.svg"),
    ]
});

/// The page. It posts its queries to the path it was loaded from.
pub fn page() -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    let html = include_str!("../../assets/graphiql/index.html");
    (headers, Html(html)).into_response()
}

/// What the page loads: `/graphiql/<file>`.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/graphiql/{file}", get(serve))
}

async fn serve(Path(file): Path<String>, request: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Names without a hash, so the browser always asks again; mostly the answer is the empty 304.
    let headers = [
        (header::ETAG, asset.etag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    let mut known = list(&request, header::IF_NONE_MATCH);
    if known.any(|tag| tag.as_bytes() == asset.etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = [(header::CONTENT_TYPE, asset.content_type), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    match asset.body {
        Body::Plain(bytes) => (headers, kind, Bytes::from_static(bytes)).into_response(),
        Body::Gzip(bytes) if accepts_gzip(&request) => {
            let encoding = [(header::CONTENT_ENCODING, "gzip")];
            (headers, kind, encoding, Bytes::from_static(bytes)).into_response()
        }
        // Every browser takes gzip: this is for the odd script or proxy, and not worth keeping in memory.
        Body::Gzip(bytes) => {
            let mut plain = Vec::new();
            match GzDecoder::new(bytes).read_to_end(&mut plain) {
                Ok(_) => (headers, kind, plain).into_response(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
    }
}

enum Body {
    Plain(&'static [u8]),
    Gzip(&'static [u8]),
}

struct Asset {
    name: &'static str,
    content_type: &'static str,
    etag: HeaderValue,
    body: Body,
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, body: Body) -> Self {
        let (Body::Plain(bytes) | Body::Gzip(bytes)) = body;
        let hash = HEXLOWER.encode(&Sha256::digest(bytes)[..16]);
        // Weak, because the compressed and the plain form share it
        let etag = HeaderValue::try_from(format!("W/\"{hash}\"")).expect("hex fits into a header");
        Self { name, content_type, etag, body }
    }
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    list(request, header::ACCEPT_ENCODING).any(|offer| {
        let (name, weight) = offer.split_once(';').unwrap_or((offer, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("gzip") && weight.parse().is_ok_and(|q: f32| q > 0.0)
    })
}

/// The items of a header that holds a list, however many lines it takes.
fn list(request: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lines = request.get_all(name).into_iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(str::trim)
}
