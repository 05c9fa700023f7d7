use super::*;

async fn shaped(query: &str) -> (String, usize) {
    let response = respond(query, value!({})).await;
    (serde_json::to_string(&response.data).expect("JSON"), response.errors.len())
}

#[tokio::test]
async fn keys_are_in_the_order_of_the_selection() {
    let query = "{ me { dept { name id } name b: id boss { dept { id } id } __typename } lost { id } roles { code } }";
    assert_eq!(
        data(query).await,
        r#"{"me":{"dept":{"name":"IT","id":"d"},"name":"user 1","b":"1","boss":{"dept":{"id":"d"},"id":"2"},"__typename":"User"},"lost":null,"roles":[{"code":"admin"}]}"#
    );
    let nodes = "{ users { nodes { dept { id } id } totalCount } }";
    assert_eq!(
        data(nodes).await,
        r#"{"users":{"nodes":[{"dept":{"id":"d"},"id":"0"},{"dept":{"id":"d"},"id":"1"}],"totalCount":2}}"#
    );
    let typed = "{ nodes(ids: [1, 2]) { ... on User { dept { id } name } id } }";
    assert_eq!(
        data(typed).await,
        r#"{"nodes":[{"id":"1","dept":{"id":"d"},"name":"user 1"},{"id":"1","dept":{"id":"d"},"name":"user 1"}]}"#
    );
}

#[tokio::test]
async fn what_failed_is_null() {
    assert_eq!(
        shaped("{ me { id fails name } }").await,
        (r#"{"me":{"id":"1","fails":null,"name":"user 1"}}"#.into(), 1)
    );
    assert_eq!(shaped("{ me { drops name } }").await, (r#"{"me":{"drops":null,"name":"user 1"}}"#.into(), 1));
    let branch = "{ node(id: 1) { ... on User { drops name } } }";
    assert_eq!(shaped(branch).await, (r#"{"node":{"drops":null,"name":"user 1"}}"#.into(), 1));
}

#[tokio::test]
async fn null_moves_up_to_where_it_is_allowed() {
    assert_eq!(shaped("{ me { id boss { id must } } }").await, (r#"{"me":{"id":"1","boss":null}}"#.into(), 1));
    assert_eq!(shaped("{ me { must } roles { id } }").await, ("null".into(), 1));
    assert_eq!(shaped("{ broken { id } roles { id } }").await, ("null".into(), 1));
    assert_eq!(shaped("{ nodes(ids: [1]) { id ... on User { must } } }").await, (r#"{"nodes":[null]}"#.into(), 1));
    assert_eq!(shaped("{ users { nodes { must } } }").await, ("null".into(), 2));
}

#[tokio::test]
async fn what_has_not_run_has_no_data() {
    let shape = passes("{ lost { id } }").shape;
    let mut response = Response::from_errors(vec![async_graphql::ServerError::new("no", None)]);
    shape.apply(&mut response);
    assert_eq!(response.data, async_graphql::Value::Null);
    // Everything failed, but it has run.
    let mut response = Response::from_errors(vec![async_graphql::ServerError::new("no", None)]);
    response.errors[0].path.push(async_graphql::PathSegment::Field("lost".into()));
    shape.apply(&mut response);
    assert_eq!(response.data, value!({ "lost": null }));
}

#[tokio::test]
async fn subscriptions() {
    use async_graphql::futures_util::StreamExt as _;

    let checked = passes("subscription { t: tick }");
    let mut request = Request::new("");
    request.set_parsed_query(checked.document);
    let mut stream = builder().finish().execute_stream(request);
    let mut response = stream.next().await.expect("a tick");
    checked.shape.apply(&mut response);
    assert_eq!(response.data, value!({ "t": 1 }));
}
