use std::time::{Duration, Instant};

use super::*;

#[track_caller]
fn over(limits: Limits, query: &str) -> String {
    let errors = check(&ENV.registry, &limits, query, None, &Variables::default()).expect_err("it passes");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].code, ErrorCode::LimitExceeded);
    errors[0].message.clone()
}

#[track_caller]
fn within(limits: Limits, query: &str) {
    if let Err(errors) = check(&ENV.registry, &limits, query, None, &Variables::default()) {
        panic!("{errors:?}");
    }
}

/// Checks a query at its limit and one below it.
macro_rules! at_and_over {
    ($field:ident, $amount:expr, $query:expr, $text:expr) => {{
        within(Limits { $field: $amount, ..Limits::default() }, $query);
        let message = over(Limits { $field: $amount - 1, ..Limits::default() }, $query);
        assert!(message.contains($text), "{message}");
    }};
}

#[test]
fn each_limit_at_and_over_its_bound() {
    let query = "{ a: me { id boss { name } } b: me { id } roles { ...R } } fragment R on Role { id code }";
    at_and_over!(bytes, query.len(), query, "bytes");
    at_and_over!(tokens, 31, query, "tokens");
    at_and_over!(brackets, 3, query, "brackets");
    at_and_over!(selections, 10, query, "selections");
    at_and_over!(depth, 3, query, "levels of fields");
    at_and_over!(nesting, 3, query, "levels of selection sets");
    at_and_over!(root_fields, 3, query, "root fields");
    at_and_over!(aliases, 2, query, "aliases");
    // a, b: 1 + 1 (id) + (1 + 1), 1 + 1; roles: 1 + 5 * 2.
    at_and_over!(cost, 17, query, "17 fields");
    at_and_over!(directives, 2, "{ me { id @skip(if: true) name @include(if: true) } }", "directives");
    at_and_over!(introspection, 2, "{ __schema { types { name } } }", "introspection");
    at_and_over!(introspection_depth, 3, "{ __schema { types { name } } }", "introspection");
    at_and_over!(
        introspection_lists,
        2,
        "{ __type(name: \"User\") { fields { type { fields { name } } } } }",
        "nested lists"
    );
    let two = "query A { me { id } } query B { me { id } }";
    let limits = Limits { operations: 1, ..Limits::default() };
    assert!(over(limits, two).contains("2 operations"));
    let limits = Limits { variables: 0, ..Limits::default() };
    assert!(over(limits, "query ($x: Int) { echo(number: $x) }").contains("1 variables"));
}

#[test]
fn tokens_are_counted_as_the_parser_sees_them() {
    let one = r#"{ a(b: "x, { y }\" { # z", c: """ {{ \""" "{ """, d: -1.5e+3) # { { { {
        ...F, b_1: b } é "#;
    // { a ( b : "" c : """ d : - ) ... F b_1 : b } ?
    let limits = Limits { tokens: 20, brackets: 2, ..Limits::default() };
    let errors = check(&ENV.registry, &limits, one, None, &Variables::default()).unwrap_err();
    assert_eq!(errors[0].code, ErrorCode::GraphqlParseFailed);
    assert!(over(Limits { tokens: 19, ..Limits::default() }, one).contains("tokens"));
}

#[test]
fn pages_multiply_the_cost_of_what_is_in_them() {
    let cost = |query: &str, variables| passes_with(query, variables).cost;
    assert_eq!(cost("{ users { nodes { id } } }", value!({})), 1 + 20 * 2);
    assert_eq!(cost("{ users(first: 3) { nodes { id } } }", value!({})), 1 + 3 * 2);
    assert_eq!(cost("{ users(last: 4) { nodes { id } } }", value!({})), 1 + 4 * 2);
    assert_eq!(cost("{ users(first: 1000000) { totalCount } }", value!({})), 1 + 101);
    assert_eq!(cost("{ users(first: -5) { totalCount } }", value!({})), 1);
    let query = "query ($n: Int = 6) { users(first: $n) { nodes { id } } }";
    assert_eq!(cost(query, value!({})), 1 + 6 * 2);
    assert_eq!(cost(query, value!({ "n": 2 })), 1 + 2 * 2);
    assert_eq!(cost("{ roles { id } }", value!({})), 1 + 5);
    assert_eq!(cost("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id } }", value!({})), 1 + 3);
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(cost(query, value!({ "ids": ["a", "b"] })), 1 + 2);
    assert_eq!(cost("{ me { ...F } } fragment F on User { users { totalCount } }", value!({})), 1 + 1 + 20);
    assert_eq!(cost("{ me { id } roles @skip(if: true) { id } }", value!({})), 2);

    let query = "{ users(first: 100) { nodes { users(first: 100) { nodes { users(first: 100) { totalCount } } } } } }";
    assert!(over(Limits::default(), query).contains("over a million"));
}

/// `levels` fragments, each spreading the next `width` times.
fn bomb(levels: usize, width: usize, leaf: &str) -> String {
    let mut text = "{ ...f0 }".to_owned();
    for level in 0..levels {
        let _ = write!(text, " fragment f{level} on Query {{ {} }}", format!("...f{} ", level + 1).repeat(width));
    }
    let _ = write!(text, " fragment f{levels} on Query {{ {leaf} }}");
    text
}

#[test]
fn a_bomb_of_fragments_is_refused_at_once() {
    for leaf in ["__typename", "me { id }"] {
        let text = bomb(8, 8, leaf);
        assert!(text.len() < 900);
        let started = Instant::now();
        let message = over(Limits { cost: u64::MAX, ..Limits::default() }, &text);
        assert!(message.contains("over a million selections"), "{message}");
        // Far less than a millisecond when it is optimised.
        assert!(started.elapsed() < Duration::from_millis(200));
    }
    assert!(!refused(&bomb(30, 20, "__typename")).is_empty());
    // A long chain is no bomb, but whatever walks it recurses.
    assert!(refused(&bomb(300, 1, "__typename"))[0].message.contains("levels of selection sets"));
    within(Limits::default(), &bomb(20, 1, "__typename"));
}

#[test]
fn deep_brackets_do_not_reach_the_parser() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        let query = format!("{{ echo(ids: {}{}) }}", open.repeat(2_000), close.repeat(2_000));
        assert!(over(Limits { tokens: 100_000, ..Limits::default() }, &query).contains("brackets"));
        // The deepest that passes, on a small stack.
        let query = format!("{{ echo(ids: {}{}) }}", open.repeat(62), close.repeat(62));
        let checked = move || refused(&query);
        std::thread::Builder::new().stack_size(1 << 20).spawn(checked).unwrap().join().unwrap();
    }
}

/// The parser reads an unclosed block string as an empty one, and goes on behind it.
#[test]
fn nothing_hides_behind_a_string_without_an_end() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        let deep = format!("{}{}", open.repeat(1_400), close.repeat(1_400));
        for query in [
            format!("{{ echo(ids: [\"\"\"x\",{deep}]) }}"),
            format!("{{ echo(ids: [\"\"\"\",{deep}\\\"\"\"]) }}"),
            format!("query ($a: Int = [\"\"\"x\" {deep}]) {{ me {{ id }} }}"),
        ] {
            refused_once(&query, ErrorCode::GraphqlParseFailed, "the block string has no end");
        }
    }
    passes(r#"{ a: echo(text: """""") b: echo(text: """x\""" " """) c: echo(text: """ \"""""") }"#);
    // Nor behind literals that run on, or in spreads without spaces between.
    for query in ["{ echo(object: {a: trueb: 1}) }", "{ echo(ids: [nullx]) }", "query ($a: Int = falsex) { me { id } }"]
    {
        refused_once(query, ErrorCode::GraphqlParseFailed, "is no value");
    }
    passes("query ($nullable: Int = 1) { me { id } falsely: echo(number: $nullable) }");
    assert!(
        over(Limits { tokens: 100, ..Limits::default() }, &format!("{{{}}}", "...F".repeat(50))).contains("tokens")
    );
    assert!(
        over(Limits { tokens: 100, ..Limits::default() }, &format!("{{a(b:[1{}]}}", "...F".repeat(50)))
            .contains("tokens")
    );
}

#[test]
fn secrets_are_tried_once_in_an_operation() {
    refused_once(
        "mutation { a: login(name: \"a\") b: login(name: \"b\") }",
        ErrorCode::LimitExceeded,
        "\"login\" can be used once",
    );
    refused_once(
        "mutation { login(name: \"a\") ...F } fragment F on Mutation { b: login(name: \"b\") }",
        ErrorCode::LimitExceeded,
        "once",
    );
    let schema = "{ __schema { queryType { name } } a: __schema { queryType { name } } }";
    refused_once(schema, ErrorCode::LimitExceeded, "\"__schema\" can be used once");
    passes("mutation { login(name: \"a\") ...F } fragment F on Mutation { login(name: \"a\") }");
}

#[test]
fn no_answer_is_as_long_as_the_question() {
    let long = "x".repeat(50_000);
    for query in [
        format!("{{ {long} }}"),
        format!("{{ me {{ id }} }} {long}"),
        format!("query {long}($x: Int) {{ me {{ id }} }}"),
        format!("{{ echo(text: \"{long}\", {long}: 1) }}"),
        format!("{{ ...{long} }}"),
        format!("{{ {}}}", "nope ".repeat(1_500)),
        format!("query ({}) {{ me {{ id }} }}", (0..100).map(|n| format!("$v{n}: Int ")).collect::<String>()),
    ] {
        let errors = refused(&query);
        assert!(errors.len() <= 20);
        assert!(errors.iter().all(|error| error.message.len() < 500), "{errors:?}");
    }
    let named = checked("query A { me { id } } query B { me { id } }", Some(&long), value!({})).unwrap_err();
    assert!(named[0].message.len() < 500);
    let errors = refused_with("mutation ($i: UserInput!) { save(input: $i) }", value!({ "i": { (long): 1 } }));
    assert!(errors[0].message.len() < 500 && errors[0].fields[0].path.len() < 100);
}

#[test]
fn a_known_text_is_checked_like_a_new_one() {
    let gate = super::super::Gate::new(ENV.clone(), Limits::default());
    let query = "query ($n: Int!) { users(first: $n) { nodes { id } } }";
    for n in [5, 6] {
        let checked = gate.check(query, None, &Variables::from_value(value!({ "n": n }))).unwrap();
        assert_eq!(checked.cost, 1 + n * 2);
    }
    let errors = gate.check(query, None, &Variables::default()).unwrap_err();
    assert_eq!(errors[0].code, ErrorCode::BadUserInput);
    assert!(gate.check(query, Some("A"), &Variables::default()).is_err());
    assert!(gate.check("{ nope }", None, &Variables::default()).is_err());
}
