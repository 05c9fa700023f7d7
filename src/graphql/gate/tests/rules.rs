use super::*;

#[track_caller]
fn invalid(query: &str, text: &str) {
    refused_once(query, ErrorCode::GraphqlValidationFailed, text);
}

#[test]
fn fields_and_arguments() {
    invalid("{ nope }", "no field \"nope\" on \"Query\"");
    invalid("{ me { nmae } }", "Did you mean \"name\"?");
    invalid("{ me }", "select fields of it");
    invalid("{ me { id { x } } }", "nothing can be selected in it");
    invalid("{ search { name } }", "fragment on one of its types");
    invalid("{ users(frist: 1) { totalCount } }", "no argument \"frist\". Did you mean \"first\"?");
    invalid("{ users(first: 1, first: 2) { totalCount } }", "given twice");
    invalid("{ node { id } }", "needs the argument \"id\" of type ID!");
    invalid("{ __typename(x: 1) }", "neither arguments nor fields");
    invalid("{ __typename { x } }", "neither arguments nor fields");
    invalid("{ me { __gate: id } }", "choose another");
    invalid("subscription { __typename }", "cannot select");
}

#[test]
fn literals() {
    invalid("{ users(first: \"1\") { totalCount } }", "`first` must be a whole number");
    invalid("{ users(first: 1.5) { totalCount } }", "whole number");
    invalid("{ users(first: 2147483648) { totalCount } }", "whole number");
    invalid("{ node(id: null) { id } }", "`id` must not be null");
    invalid("{ node(id: true) { id } }", "`id` must be an ID");
    invalid("{ echo(status: \"ACTIVE\") }", "must be one of ACTIVE, LOCKED");
    invalid("{ echo(status: NOPE) }", "must be one of");
    invalid("mutation { save(input: { email: \"x\", nope: 1 }) }", "`input.nope` is not a field of UserInput");
    invalid("mutation { save(input: { age: 1 }) }", "`input.email` is required");
    invalid(
        "mutation { save(input: { email: \"x\", address: { city: 1 } }) }",
        "`input.address.city` must be a string",
    );
    invalid("mutation { save(input: { email: \"x\", tags: [\"a\", 1] }) }", "`input.tags.1` must be a string");
    invalid("{ echo(target: { id: \"1\", email: \"x\" }) }", "exactly one");
    invalid("{ echo(target: { id: null }) }", "must not be null");
    passes("{ users(first: null) { totalCount } nodes(ids: \"1\") { id } echo(status: LOCKED, ids: [1, \"2\"]) }");
}

#[test]
fn what_does_not_run_is_validated_too() {
    invalid("{ me { id nope @skip(if: true) } }", "no field \"nope\"");
    invalid("{ me { id ... @include(if: false) { nope } } }", "no field \"nope\"");
    let errors = checked("query A { me { id } } query B { nope }", Some("A"), value!({})).unwrap_err();
    assert!(errors[0].message.contains("\"nope\""));
    let errors = checked("query A { me { id } } query B($x: Int) { me { id } }", Some("A"), value!({})).unwrap_err();
    assert!(errors[0].message.contains("\"$x\" of \"B\" is never used"));
}

#[test]
fn fragments() {
    invalid("{ ...Nope }", "no fragment \"Nope\"");
    invalid("{ me { id } } fragment F on User { id }", "No operation uses the fragment \"F\"");
    invalid("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "spreads itself");
    invalid("{ ...X } fragment X on Query { ...A } fragment A on Query { ...A }", "\"A\" spreads itself");
    invalid("{ ... on Nope { id } }", "no type \"Nope\"");
    invalid("{ ... on Sttaus { id } }", "Did you mean \"Status\"?");
    invalid("{ ... on Status { id } }", "has no fields");
    invalid("{ me { ... on Role { id } } }", "can never apply here");
    invalid("{ me { ...F } } fragment F on Role { id }", "can never apply here");
    // Cycles that nothing runs into.
    let errors = refused("{ me { id } } fragment A on User { ...B } fragment B on User { ...A }");
    assert_eq!(errors.len(), 3);
}

#[test]
fn directives() {
    invalid("{ me @nope { id } }", "no directive \"@nope\"");
    invalid("{ __typename @nope }", "no directive \"@nope\"");
    invalid("{ me @deprecated { id } }", "cannot be used at this place");
    invalid("query @skip(if: true) { me { id } }", "cannot be used at this place");
    invalid("{ __typename @skip(if: true) @skip(if: true) }", "used twice");
    invalid("{ me @skip { id } }", "\"@skip\" needs the argument \"if\"");
    invalid("{ me @skip(if: 1) { id } }", "`if` must be true or false");
    invalid("{ me @skip(if: true, x: 1) { id } }", "no argument \"x\"");
    invalid("{ me { ...F @defer } } fragment F on User { id }", "no directive \"@defer\"");
}

#[test]
fn declarations_of_variables() {
    invalid("query ($x: Nope) { echo(text: $x) }", "unknown type Nope");
    invalid("query ($x: User) { echo(text: $x) }", "not for input");
    invalid("query ($x: Int, $x: Int) { echo(number: $x) }", "declared twice");
    invalid("query ($x: Int = \"1\") { echo(number: $x) }", "A default does not fit: `$x` must be a whole number");
    invalid("query ($x: Status = \"ACTIVE\") { echo(status: $x) }", "must be one of");
    invalid("query ($x: Int) { me { id } }", "\"$x\" is never used");
    invalid("query Q { echo(number: $x) }", "\"$x\" of \"Q\" is used, but not declared");
    invalid("{ __typename @skip(if: $x) }", "not declared");
    invalid("{ ...F } fragment F on Query { echo(number: $x) }", "not declared");
    invalid("{ nodes(ids: [$x]) { id } }", "not declared");
}

#[test]
fn uses_of_variables() {
    invalid("query ($x: ID) { node(id: $x) { id } }", "\"$x\" is declared as ID, but ID! is needed here");
    invalid("query ($x: Int) { echo(text: $x) }", "but String is needed");
    invalid("query ($x: String) { node(id: $x) { id } }", "but ID! is needed");
    invalid("query ($x: [ID]!) { nodes(ids: $x) { id } }", "but [ID!]! is needed");
    invalid("query ($x: ID) { nodes(ids: [$x]) { id } }", "but ID! is needed");
    invalid("query ($x: ID) { echo(target: { id: $x }) }", "but ID! is needed");
    invalid("query ($x: Boolean) { me { id @skip(if: $x) } }", "but Boolean! is needed");
    for query in [
        "query ($x: ID! = 1) { node(id: $x) { id } }",
        "query ($x: ID = 1) { node(id: $x) { id } }",
        "query ($x: Int) { echo(number: $x) }",
        "query ($x: [ID!] = []) { echo(ids: $x) nodes(ids: $x) { id } }",
        "query ($x: Boolean = true) { me { id @skip(if: $x) } }",
        "query ($x: ID = 1) { ...F } fragment F on Query { node(id: $x) { id } }",
    ] {
        passes(query);
    }
}

#[test]
fn syntax() {
    let errors = refused("{ me { id }");
    assert_eq!(errors[0].code, ErrorCode::GraphqlParseFailed);
    assert!(errors[0].message.starts_with("Syntax error at line 1, column 12: expected "), "{}", errors[0].message);
    assert_eq!(errors[0].locations.len(), 1);
    for query in ["", "fragment F on User { id }", "{ me { id } } { me { id } }", "type X { a: Int }", "{}"] {
        assert_eq!(refused(query)[0].code, ErrorCode::GraphqlParseFailed, "{query}");
    }
    invalid("mutation { nope }", "\"nope\" on \"Mutation\"");
}

#[test]
fn errors_are_in_the_order_of_the_document_and_carry_their_code() {
    let errors = refused("{ a b c ...F } fragment F on Query { d }");
    let messages: Vec<_> = errors.iter().map(|error| error.message.split('"').nth(1).unwrap()).collect();
    assert_eq!(messages, ["a", "b", "c", "d"]);
    let server: async_graphql::ServerError = errors[0].clone().into();
    let code = server.extensions.unwrap().get("code").cloned();
    assert_eq!(code, Some("GRAPHQL_VALIDATION_FAILED".into()));
    assert_eq!((server.locations[0].line, server.locations[0].column), (1, 3));
}

#[test]
fn a_field_of_an_input_object_is_given_once() {
    let twice = "The input field \"a\" is given twice.";
    for query in [
        "{ echo(object: {a: 1, b: {a: 1}, a: 2}) }",
        "{ me { id @x(in: [{a: 1}, {a: 1 a: 2}]) } }",
        "query ($x: In = {b: a, a: 1, a: 1}) { me { id } }",
    ] {
        refused_once(query, ErrorCode::GraphqlValidationFailed, twice);
    }
    let errors = refused("{\n  echo(object: {é: 1 a: 1, a: 2})\n}");
    assert_eq!((errors[0].locations[0].line, errors[0].locations[0].column), (2, 28));
    // Not in one object, or no objects.
    passes(
        "query ($a: Int = 1, $b: Int) { a: echo(number: $a) b: echo(number: $b) me { a: id } ... { a: echo(number: $a) } }",
    );
}

#[tokio::test]
async fn every_escape_of_the_specification_is_read() {
    let query = r#"{
        a: echo(text: "\u{1F600}") b: echo(text: "\ud83D\uDE00!") c: echo(text: "\\u{41}\u{22}\u{41}\n\u00e9")
    }"#;
    let answer = data(query).await.replace(" 7 false nobody 0", "");
    assert_eq!(answer, r#"{"a":"😀","b":"😀!","c":"\\u{41}\"A\né"}"#);
    // What is none stays a mistake, and places after an escape are those of the text.
    for wrong in [r"\ud83d", r"\ude00\ud83d", r"\u{110000}", r"\u{}", r"\u{+41}", r"\u{41", r"\u"] {
        let errors = refused(&format!("{{ echo(text: \"{wrong}\") }}"));
        assert_eq!(errors[0].code, ErrorCode::GraphqlParseFailed, "{wrong}");
    }
    let errors = refused(r#"{ echo(text: "\ud83d\ude00") nonsense }"#);
    assert_eq!(errors[0].locations[0].column, 30);
    let errors = refused(r#"{ echo(text: "\u{9}\u{A}\u{22}") nonsense }"#);
    assert_eq!(errors[0].locations[0].column, 34);
}

#[tokio::test]
async fn block_strings_are_what_the_specification_says() {
    for (block, value) in [
        (r#""""a "quote" and \n""""#, r#"a \"quote\" and \\n"#),
        ("\"\"\"\n    one \\\"\"\" two\n\n      three\r\n  \t\n  \"\"\"", r#"one \"\"\" two\n\n  three"#),
        ("\"\"\"  first\n    second\n  \n    third\"\"\"", r#"  first\nsecond\n\nthird"#),
        (r#"""" "a" "b" "c" and \d+\.\d+\.\d+""""#, r#" \"a\" \"b\" \"c\" and \\d+\\.\\d+\\.\\d+"#),
        ("\"\"\"a\r    b\r  \r    c\"\"\"", r#"a\nb\n\nc"#),
        ("\"\"\" \n \"\"\"", ""),
        ("\"\"\"\"\"\"", ""),
    ] {
        let answer = data(&format!("{{ a: echo(text: {block}) }}")).await.replace(" 7 false nobody 0", "");
        assert_eq!(answer, format!(r#"{{"a":"{value}"}}"#), "{block}");
        let errors = refused(&format!("{{ echo(text: {block}) nonsense }}"));
        let sent = format!("{{ echo(text: {block}) ");
        let last = sent.rsplit('\n').next().unwrap();
        let (line, column) = (sent.matches('\n').count() + 1, last.chars().count() + 1);
        assert_eq!((errors[0].locations[0].line, errors[0].locations[0].column), (line, column), "{block}");
    }
}
