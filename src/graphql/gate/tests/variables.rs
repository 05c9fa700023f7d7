use super::*;

/// The paths and codes of what is wrong with the values.
#[track_caller]
fn bad(query: &str, variables: async_graphql::Value) -> Vec<(String, &'static str)> {
    let errors = refused_with(query, variables);
    assert_eq!((errors.len(), errors[0].code), (1, ErrorCode::BadUserInput), "{errors:?}");
    errors[0].fields.iter().map(|field| (field.path.clone(), field.code)).collect()
}

#[track_caller]
fn bad_input(input: async_graphql::Value, path: &str, code: &str) {
    let found = bad("mutation ($input: UserInput!) { save(input: $input) }", value!({ "input": input }));
    assert_eq!(found, [(path.to_owned(), code)]);
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let query = "query ($a: ID!, $b: [ID!]!, $c: Int! = 1, $d: Int) { \
        node(id: $a) { id } nodes(ids: $b) { id } echo(number: $c) e: echo(number: $d) }";
    let required = |path: &str| (path.to_owned(), "REQUIRED");
    assert_eq!(bad(query, value!({})), [required("$a"), required("$b")]);
    assert_eq!(
        bad(query, value!({ "a": null, "b": [null], "c": null })),
        [required("$a"), required("$b.0"), required("$c")]
    );
    passes_with(query, value!({ "a": "x", "b": [] }));
    // Null for a variable of nullable type at a place that has a default, but must not be null.
    assert_eq!(bad(query, value!({ "a": "x", "b": [], "d": null })), [required("$d")]);
    let message = &refused_with(query, value!({}))[0].message;
    assert_eq!(
        message,
        "2 values of variables are not valid: `$a` of type ID! is required. `$b` of type [ID!]! is required."
    );
}

#[test]
fn scalars() {
    let int = "query ($x: Int) { echo(number: $x) }";
    for value in [value!(1), value!(-2_147_483_648), value!(2_147_483_647)] {
        passes_with(int, value!({ "x": value }));
    }
    for value in [value!("1"), value!(1.5), value!(2_147_483_648_i64), value!(true), value!([1]), value!({})] {
        assert_eq!(bad(int, value!({ "x": value })), [("$x".to_owned(), "INVALID_VALUE")]);
    }
    let text = "query ($x: String) { echo(text: $x) }";
    passes_with(text, value!({ "x": null }));
    for value in [value!(1), value!(true), value!(["a"]), value!({ "a": 1 })] {
        assert_eq!(bad(text, value!({ "x": value })), [("$x".to_owned(), "INVALID_VALUE")]);
    }
    let id = "query ($x: ID!) { node(id: $x) { id } }";
    passes_with(id, value!({ "x": "a" }));
    passes_with(id, value!({ "x": 5 }));
    assert_eq!(bad(id, value!({ "x": 1.5 })), [("$x".to_owned(), "INVALID_VALUE")]);
    let flag = "query ($x: Boolean!) { me { id @skip(if: $x) } }";
    passes_with(flag, value!({ "x": true }));
    assert_eq!(bad(flag, value!({ "x": "true" })), [("$x".to_owned(), "INVALID_VALUE")]);
    let status = "query ($x: Status) { echo(status: $x) }";
    passes_with(status, value!({ "x": "LOCKED" }));
    assert_eq!(bad(status, value!({ "x": "locked" })), [("$x".to_owned(), "INVALID_VALUE")]);
}

#[tokio::test]
async fn a_single_item_is_a_list() {
    let query = "query ($x: [ID!]) { echo(ids: $x) }";
    assert_eq!(data_with(query, value!({ "x": "a" })).await, r#"{"echo":"absent 7 false nobody 1"}"#);
    assert_eq!(data_with(query, value!({ "x": ["a", "b"] })).await, r#"{"echo":"absent 7 false nobody 2"}"#);
    assert_eq!(bad(query, value!({ "x": ["a", null] })), [("$x.1".to_owned(), "REQUIRED")]);
    assert_eq!(bad(query, value!({ "x": [["a"]] })), [("$x.0".to_owned(), "INVALID_VALUE")]);
}

#[test]
fn input_objects() {
    bad_input(value!({}), "$input.email", "REQUIRED");
    bad_input(value!({ "email": null }), "$input.email", "REQUIRED");
    bad_input(value!({ "email": 1 }), "$input.email", "INVALID_VALUE");
    bad_input(value!({ "email": "x", "emial": "y" }), "$input.emial", "UNKNOWN_FIELD");
    bad_input(value!({ "email": "x", "address": {} }), "$input.address.city", "REQUIRED");
    bad_input(value!({ "email": "x", "address": { "city": "x", "floor": null } }), "$input.address.floor", "REQUIRED");
    bad_input(value!({ "email": "x", "address": "y" }), "$input.address", "INVALID_VALUE");
    bad_input(value!({ "email": "x", "tags": ["a", 2] }), "$input.tags.1", "INVALID_VALUE");
    bad_input(value!("x"), "$input", "INVALID_VALUE");
    let query = "mutation ($input: UserInput!) { save(input: $input) }";
    let several = bad(query, value!({ "input": { "age": "x", "status": 1, "nope": 1 } }));
    assert_eq!(several.len(), 4);
    passes_with(query, value!({ "input": { "email": "x", "tags": "one", "address": { "city": "y" } } }));
    // Values may be secret; messages do not repeat them.
    let errors = refused_with(query, value!({ "input": { "email": ["hunter2"], "status": "hunter2" } }));
    assert!(!format!("{errors:?}").contains("hunter2"));
}

#[test]
fn one_of() {
    let query = "query ($x: Target) { echo(target: $x) }";
    passes_with(query, value!({ "x": { "id": "1" } }));
    for value in [value!({}), value!({ "id": "1", "email": "y" })] {
        assert_eq!(bad(query, value!({ "x": value })), [("$x".to_owned(), "INVALID_VALUE")]);
    }
    assert_eq!(bad(query, value!({ "x": { "id": null } })), [("$x.id".to_owned(), "REQUIRED")]);
}

/// The engine takes an absent variable for null, which would clear what was to be kept.
#[tokio::test]
async fn absent_is_not_null() {
    let echo = "query ($x: String, $n: Int) { echo(text: $x, number: $n) }";
    assert_eq!(data_with(echo, value!({})).await, r#"{"echo":"absent 7 false nobody 0"}"#);
    assert_eq!(data_with(echo, value!({ "x": null, "n": 3 })).await, r#"{"echo":"null 3 false nobody 0"}"#);
    let defaults = "query ($x: String = \"d\", $s: Status = LOCKED) { echo(text: $x, status: $s) }";
    assert_eq!(data_with(defaults, value!({})).await, r#"{"echo":"d 7 true nobody 0"}"#);

    let save = "mutation ($nick: String, $age: Int, $floor: Int) { \
        save(input: { email: \"e\", nick: $nick, age: $age, address: { city: \"c\", floor: $floor } }) }";
    let kept = r#"{"save":"e kept -1 None None Some((\"c\", 1))"}"#;
    assert_eq!(data_with(save, value!({})).await, kept);
    let cleared = r#"{"save":"e cleared 5 None None Some((\"c\", 2))"}"#;
    assert_eq!(data_with(save, value!({ "nick": null, "age": 5, "floor": 2 })).await, cleared);
}

#[test]
fn what_is_not_declared_is_ignored() {
    passes_with("{ me { id } }", value!({ "other": { "x": [1, 2] } }));
}
