//! Media types of requests and answers (GraphQL over HTTP, <https://graphql.github.io/graphql-over-http/draft/>).

use axum::http::{HeaderMap, header};

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `application/graphql-response+json`: the status says whether the request was good.
    GraphqlResponse,
    /// `application/json`, for older clients: any well-formed request is answered with 200.
    Json,
}

impl Form {
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// A media range of an `Accept` header with its weight.
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = (String, f32)> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next()?.to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        (weight > 0.0 && !kind.is_empty()).then_some((kind, weight))
    })
}

/// The form that the caller prefers; `None` if it takes neither. Who says nothing gets the newer one.
pub fn form(headers: &HeaderMap) -> Option<Form> {
    if !headers.contains_key(header::ACCEPT) {
        return Some(Form::GraphqlResponse);
    }
    let mut best: Option<(Form, f32)> = None;
    for (kind, weight) in ranges(headers) {
        let form = match kind.as_str() {
            "application/graphql-response+json" | "*/*" | "application/*" => Form::GraphqlResponse,
            "application/json" => Form::Json,
            _ => continue,
        };
        let better = best.is_none_or(|(chosen, most)| {
            weight > most || (weight == most && chosen == Form::Json && kind == "application/graphql-response+json")
        });
        if better {
            best = Some((form, weight));
        }
    }
    best.map(|(form, _)| form)
}

/// Whether the caller is a browser that wants a page.
pub fn wants_html(headers: &HeaderMap) -> bool {
    ranges(headers).any(|(kind, _)| kind == "text/html")
}

/// Whether a body is declared as JSON in UTF-8.
pub fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let mut parts = value.split(';').map(|part| part.trim().to_ascii_lowercase());
    parts.next().as_deref() == Some("application/json")
        && parts.all(|part| part.strip_prefix("charset=").is_none_or(|set| set.trim_matches('"') == "utf-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT, value.parse().unwrap())])
    }

    #[test]
    fn prefers_what_weighs_most_and_then_the_newer_form() {
        use Form::{GraphqlResponse, Json};
        assert_eq!(form(&HeaderMap::new()), Some(GraphqlResponse));
        for (accept, expected) in [
            ("*/*", Some(GraphqlResponse)),
            ("application/json", Some(Json)),
            ("application/json, application/graphql-response+json", Some(GraphqlResponse)),
            ("application/graphql-response+json;q=0.5, application/json", Some(Json)),
            ("application/json;q=0.9, */*;q=0.1", Some(Json)),
            ("application/graphql-response+json;q=0, application/json", Some(Json)),
            ("text/html", None),
            ("image/png, text/*", None),
        ] {
            assert_eq!(form(&accepting(accept)), expected, "{accept}");
        }
    }

    #[test]
    fn takes_json_in_utf8_only() {
        for (kind, good) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/json; charset=latin1", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(is_json(&headers), good, "{kind}");
        }
    }
}
