//! The schema as a contract: written down, described throughout, with a right on every root field.

use std::path::Path;

use orgraph::graphql::guard::root_rights;
use serde_json::{Value, json};

use crate::support::{TestApp, on_each_database, text};

#[test]
fn schema_file_is_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let current = orgraph::graphql::sdl();
    if kept.trim_end() == current.trim_end() {
        return;
    }
    let mut differing = kept.lines().zip(current.lines()).enumerate().filter(|(_, (kept, current))| kept != current);
    let first = differing.next().map(|(at, (kept, current))| format!("line {}: `{kept}` is now `{current}`", at + 1));
    panic!(
        "schema.graphql is not current; `cargo run -- schema > schema.graphql` writes it. First difference: {}",
        first.unwrap_or_else(|| "one is longer".into())
    );
}

#[test]
fn every_root_field_declares_its_right() {
    let rights = root_rights(orgraph::graphql::schema().types());
    assert!(rights.len() > 30, "only {} root fields were found", rights.len());
    // What the specification itself puts there is open to all.
    let own = rights.iter().filter(|(_, name, _)| !name.starts_with("__"));
    let undeclared: Vec<_> = own.filter(|(.., right)| right.is_none()).collect();
    assert!(undeclared.is_empty(), "without a right: {undeclared:?}");
}

const INTROSPECTION: &str = "
    query Introspection {
        __schema {
            queryType { name } mutationType { name }
            directives { name description args { name description } }
            types {
                name kind description
                fields(includeDeprecated: true) {
                    name description type { ...Type }
                    args(includeDeprecated: true) { name description type { ...Type } }
                }
                inputFields(includeDeprecated: true) { name description type { ...Type } }
                enumValues(includeDeprecated: true) { name description }
            }
        }
    }
    fragment Type on __Type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }";

/// The name of a type without its `[…]!`.
fn named(of: &Value) -> String {
    if of["ofType"].is_null() { text(&of["name"]) } else { named(&of["ofType"]) }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The scalars of the specification, of which the server may say nothing.
const BUILT_IN: [&str; 5] = ["Boolean", "Float", "ID", "Int", "String"];

/// The types of the schema, apart from those of the specification.
async fn types(app: &TestApp) -> Vec<Value> {
    let schema = app.anonymous().data(INTROSPECTION, json!({})).await;
    let types = items(&schema["__schema"]["types"]).iter();
    let own = types.filter(|of| {
        let name = text(&of["name"]);
        !name.starts_with("__") && !BUILT_IN.contains(&name.as_str())
    });
    let own: Vec<Value> = own.cloned().collect();
    assert!(own.len() > 50, "only {} types were found", own.len());
    own
}

/// Everything that can have a description and has none, by its coordinate.
async fn everything_is_described(app: TestApp) {
    let mut bare = Vec::new();
    let mut note = |at: String, described: &Value| {
        if described["description"].as_str().is_none_or(|text| text.trim().is_empty()) {
            bare.push(at);
        }
    };
    for of in types(&app).await {
        let name = text(&of["name"]);
        note(name.clone(), &of);
        for field in items(&of["fields"]) {
            let at = format!("{name}.{}", text(&field["name"]));
            note(at.clone(), field);
            for arg in items(&field["args"]) {
                note(format!("{at}({}:)", text(&arg["name"])), arg);
            }
        }
        for member in [&of["inputFields"], &of["enumValues"]].into_iter().flat_map(items) {
            note(format!("{name}.{}", text(&member["name"])), member);
        }
    }
    assert!(bare.is_empty(), "without a description: {bare:#?}");
}

/// `JSON` tells a client nothing; only the records of operations, whose shape is that of any input, may be it.
async fn json_is_for_operation_logs_only(app: TestApp) {
    let mut untyped = Vec::new();
    for of in types(&app).await {
        for field in [&of["fields"], &of["inputFields"]].into_iter().flat_map(items) {
            let at = format!("{}.{}", text(&of["name"]), text(&field["name"]));
            if named(&field["type"]) == "JSON" {
                untyped.push(at.clone());
            }
            let args = items(&field["args"]).iter().filter(|arg| named(&arg["type"]) == "JSON");
            untyped.extend(args.map(|arg| format!("{at}({}:)", text(&arg["name"]))));
        }
    }
    untyped.sort();
    assert_eq!(untyped, ["FieldChange.after", "FieldChange.before", "OperationLog.input"]);
}

on_each_database!(everything_is_described, json_is_for_operation_logs_only);
