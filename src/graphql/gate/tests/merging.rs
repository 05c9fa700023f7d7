use super::*;

#[track_caller]
fn merges(query: &str, into: &str) {
    assert_eq!(text(&passes(query).document), into, "{query}");
}

#[tokio::test]
async fn a_mutation_selected_twice_runs_once() {
    for query in [
        "mutation { bump { id } bump { id } }",
        "mutation { bump { id } ...F ...F ... { bump { id } } ... on Mutation { bump { id } } } \
         fragment F on Mutation { bump { id } }",
    ] {
        merges(query, "bump { id }");
        assert_eq!(data(query).await, r#"{"bump":{"id":"1"}}"#);
    }
    let both = "mutation { bump { id } again: bump { name } bump { name } }";
    assert_eq!(data(both).await, r#"{"bump":{"id":"1","name":"user 1"},"again":{"name":"user 2"}}"#);
}

#[test]
fn selections_of_one_key_become_one() {
    merges("{ me { id } me { name id } }", "me { id name }");
    merges(
        "{ me { ...A boss { id } ...B } } fragment A on User { boss { name ...B } } fragment B on User { age }",
        "me { boss { name age id } age }",
    );
    merges(
        "{ users(first: 1, last: 2) { totalCount } users(last: 2, first: 1) { nodes { id } } }",
        "users(first: 1, last: 2) { totalCount nodes { id } }",
    );
    // The type of the object is known, so fragments on its interfaces and unions apply or do not.
    merges(
        "{ me { ... on Node { id ... on User { name } ... on Role { code } } ... on Hit { __typename } } }",
        "me { id name __typename }",
    );
}

#[test]
fn one_key_has_one_meaning() {
    let conflict = |query: &str, text: &str| refused_once(query, ErrorCode::GraphqlValidationFailed, text);
    conflict("{ me { x: id x: name } }", "\"x\" is ambiguous: it stands for \"id\" and for \"name\"");
    conflict("{ users(first: 1) { totalCount } users { totalCount } }", "different arguments");
    conflict("{ users(first: 1) { totalCount } users(first: 2) { totalCount } }", "different arguments");
    conflict("{ users { nodes { x: id } } users { nodes { x: name } } }", "\"x\" is ambiguous");
    conflict("{ me { ...A x: name } } fragment A on User { ...B } fragment B on User { x: id }", "\"x\"");
    conflict("{ node(id: 1) { x: id ... on User { x: name } } }", "\"x\"");
    conflict(
        "query ($a: Int, $b: Int) { users(first: $a) { totalCount } users(first: $b) { totalCount } }",
        "\"users\"",
    );
    // Not in one object, but one place of the response.
    conflict(
        "{ search { ... on User { x: name } ... on Role { x: level } } }",
        "a String! on some objects and a Int! on",
    );
    conflict("{ search { ... on User { x: age } ... on Role { x: level } } }", "\"x\"");
    conflict("{ search { ... on User { dept { x: id } } ... on Role { dept { x: name } } } }", "\"x\"");
    passes("{ search { ... on User { x: name } ... on Role { x: code } } }");
}

#[tokio::test]
async fn interfaces_are_told_apart_by_type() {
    let node = "{ node(id: 1) { id ... on User { name id ... on Node { id } } ...F } } \
                fragment F on Node { ... on User { age } ... on Role { code } }";
    merges(node, "node(id: 1) { __gate: __typename id ... on User { name age } ... on Role { code } }");
    assert_eq!(data(node).await, r#"{"node":{"id":"1","name":"user 1","age":null}}"#);
    let role = node.replace("id: 1", "id: \"r\"");
    assert_eq!(data(&role).await, r#"{"node":{"id":"r","code":"admin"}}"#);
    // Without a difference there is nothing to tell apart.
    merges("{ node(id: 1) { id ...N } } fragment N on Node { id dept { id } }", "node(id: 1) { id dept { id } }");

    let search = "{ search { __typename ... on Node { id } ... on User { name } } }";
    merges(search, "search { __typename ... on User { id name } ... on Role { id } }");
    assert_eq!(
        data(search).await,
        r#"{"search":[{"__typename":"User","id":"1","name":"user 1"},{"__typename":"Role","id":"r"}]}"#
    );
    // What differs inside a field that all have.
    let dept = "{ node(id: 1) { dept { id } ... on User { dept { name } } } }";
    merges(dept, "node(id: 1) { __gate: __typename ... on User { dept { id name } } ... on Role { dept { id } } }");
    assert_eq!(data(dept).await, r#"{"node":{"dept":{"id":"d","name":"IT"}}}"#);
}

#[tokio::test]
async fn skip_and_include_are_decided() {
    let query = "query ($yes: Boolean!, $no: Boolean = false) { \
        me { id @include(if: $yes) name @skip(if: $yes) ...F @include(if: $no) ... @skip(if: $no) { dept { id } } } \
        __typename @include(if: $no) \
        lost @skip(if: true) @include(if: true) { id } } \
        fragment F on User { age }";
    let checked = passes_with(query, value!({ "yes": true }));
    assert_eq!(text(&checked.document), "me { id dept { id } }");
    // The engine would find the variables unused.
    let (_, operation) = checked.document.operations.iter().next().unwrap();
    assert!(operation.node.variable_definitions.is_empty());
    assert_eq!(data_with(query, value!({ "yes": true })).await, r#"{"me":{"id":"1","dept":{"id":"d"}}}"#);
    let all = value!({ "yes": false, "no": true });
    assert_eq!(data_with(query, all).await, r#"{"me":{"name":"user 1","age":null},"__typename":"Query"}"#);
    let typename = "query ($x: Boolean!) { __typename @include(if: $x) me { id } }";
    assert_eq!(data_with(typename, value!({ "x": false })).await, r#"{"me":{"id":"1"}}"#);
}

#[tokio::test]
async fn what_is_skipped_entirely_is_an_empty_object() {
    assert_eq!(data("{ me { id @skip(if: true) } }").await, r#"{"me":{}}"#);
    assert_eq!(data("{ me @skip(if: true) { id } }").await, "{}");
    assert_eq!(data("mutation { bump @include(if: false) { id } }").await, "{}");
    assert_eq!(data("{ node(id: 1) { ... on User { id @skip(if: true) } } }").await, r#"{"node":{}}"#);
    assert_eq!(data("{ search { ...F @skip(if: true) } } fragment F on User { id }").await, r#"{"search":[{},{}]}"#);
    assert_eq!(data("{ lost { id @skip(if: true) } }").await, r#"{"lost":null}"#);
}

#[test]
fn the_operation_is_chosen_by_name() {
    let two = "query A { me { id } } mutation B { bump { id } }";
    let chosen = |query, name| checked(query, name, value!({}));
    assert_eq!(text(&chosen(two, Some("A")).unwrap().document), "me { id }");
    let b = chosen(two, Some("B")).unwrap();
    assert_eq!(b.operation_type, async_graphql::parser::types::OperationType::Mutation);
    assert_eq!((b.operation_name.as_deref(), b.document.operations.iter().len()), (Some("B"), 1));
    assert_eq!(b.root_fields, ["bump"]);
    for (query, name) in [(two, None), (two, Some("")), (two, Some("C")), ("{ me { id } }", Some("A"))] {
        let errors = chosen(query, name).unwrap_err();
        assert_eq!((errors.len(), errors[0].code), (1, ErrorCode::GraphqlValidationFailed));
        assert!(errors[0].message.contains("operationName"));
    }
    assert_eq!(chosen("query A { me { id } }", None).unwrap().operation_name.as_deref(), Some("A"));
}

#[test]
fn a_subscription_has_one_root_field() {
    let checked = passes("subscription { tick ...F } fragment F on Ticks { tick }");
    assert_eq!(text(&checked.document), "tick");
    for query in ["subscription { tick tock }", "subscription { tick @skip(if: true) }"] {
        refused_once(query, ErrorCode::GraphqlValidationFailed, "exactly one root field");
    }
}

/// One fragment on an interface is one on each of its types, and that can be nested.
#[test]
fn selections_on_interfaces_cannot_multiply() {
    let budget = Limits { selections: 30, ..Limits::default() };
    let inner = "... on Node { id dept { id name } } ".repeat(2);
    let roots: String = (0..6).map(|n| format!("n{n}: search {{ {inner} }} ")).collect();
    let query = format!("{{ {roots} }}");
    let checked = |limits| check(&ENV.registry, &limits, &query, None, &Variables::default());
    assert!(checked(Limits::default()).is_ok());
    assert!(checked(budget).is_err());
}
