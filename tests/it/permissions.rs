//! Every right against every kind of viewer, generated from the schema: a new field is tested without a line here.

use std::collections::BTreeMap;

use async_graphql::registry::MetaType;
use orgraph::graphql::guard::{Right, root_rights};
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp, on_each_database, text};

type Types = BTreeMap<String, MetaType>;

/// Whoever has run one of them is nobody afterwards.
const ENDING: [&str; 2] = ["logout", "logoutEverywhere"];

/// Under `@authenticated`, each object needs the right of its own root field.
const BY_KIND: [&str; 2] = ["node", "nodes"];

/// A root field with its right, and an operation that selects nothing else.
struct RootField {
    name: String,
    is_mutation: bool,
    right: Right,
    operation: String,
}

fn root_fields(types: &Types) -> Vec<RootField> {
    let own = root_rights(types).into_iter().filter(|(_, name, _)| !name.starts_with("__"));
    let each = own.map(|(root, name, right)| {
        let field = &types[&root].fields().unwrap()[&name];
        let is_mutation = root == "Mutation";
        let args = field.args.values().filter(|arg| is_required(&arg.ty, arg.default_value.is_some()));
        let args: Vec<_> =
            args.map(|arg| format!("{}: {}", arg.name, literal(types, &name, &arg.name, &arg.ty))).collect();
        let args = if args.is_empty() { String::new() } else { format!("({})", args.join(", ")) };
        let operation = if is_mutation { "mutation" } else { "query" };
        RootField {
            operation: format!("{operation} {{ {name}{args}{} }}", selection(types, &field.ty)),
            right: right.unwrap_or_else(|| panic!("{root}.{name} declares no right")),
            is_mutation,
            name,
        }
    });
    let fields: Vec<_> = each.collect();
    assert!(fields.len() > 30, "only {} root fields were found", fields.len());
    fields
}

fn is_required(ty: &str, has_default: bool) -> bool {
    ty.ends_with('!') && !has_default
}

fn named(ty: &str) -> &str {
    ty.trim_matches(['[', ']', '!'])
}

/// The least that can be selected of a type.
fn selection(types: &Types, ty: &str) -> &'static str {
    match &types[named(ty)] {
        MetaType::Scalar { .. } | MetaType::Enum { .. } => "",
        _ => " { __typename }",
    }
}

/// A value of a type that could be one: for `field`, under the name `key`.
fn literal(types: &Types, field: &str, key: &str, ty: &str) -> String {
    let ty = ty.trim_end_matches('!');
    if let Some(item) = ty.strip_prefix('[') {
        return format!("[{}]", literal(types, field, key, item.trim_end_matches(']')));
    }
    match &types[ty] {
        MetaType::InputObject { input_fields, .. } => {
            let required = input_fields.values().filter(|input| is_required(&input.ty, input.default_value.is_some()));
            let required =
                required.map(|input| format!("{}: {}", input.name, literal(types, field, &input.name, &input.ty)));
            format!("{{{}}}", required.collect::<Vec<_>>().join(", "))
        }
        MetaType::Enum { enum_values, .. } => enum_values.keys().next().unwrap().clone(),
        _ => match ty {
            "ID" => format!("\"{}\"", id_for(field, key)),
            "Int" => "1".into(),
            "Float" => "1.5".into(),
            "Boolean" => "true".into(),
            "DateTime" => "\"2026-01-01T00:00:00Z\"".into(),
            _ => "\"text\"".into(),
        },
    }
}

/// A well-formed id of nothing, of the kind that its name, or else the field, speaks of.
fn id_for(field: &str, key: &str) -> String {
    let of = |text: &str| {
        let text = text.to_lowercase();
        ["user", "role", "menu", "dept", "session"].into_iter().find(|kind| text.contains(kind))
    };
    let kind = of(key).or_else(|| of(field)).unwrap_or("user");
    format!("{kind}_01h455vb4pex5vsknk084sn02q")
}

/// What the right of a field has to do with an answer.
#[derive(Debug, PartialEq)]
enum Verdict {
    Unauthenticated,
    /// For want of this permission.
    Forbidden(String),
    /// For want of the staff flag.
    NotStaff,
    /// Until the password is changed.
    Restricted,
    /// Let in, whatever came of it.
    LetIn,
}

fn verdict(field: &RootField, answer: &Answer) -> Verdict {
    let Some(error) = answer.errors().first() else { return Verdict::LetIn };
    let message = text(&error["message"]);
    match (answer.code().unwrap(), error["extensions"]["permission"].as_str()) {
        // Logging in is public, and says the same of wrong credentials.
        ("UNAUTHENTICATED", None) if field.right == Right::Public => {
            let says_why = ["wrong", "valid", "no refresh token"].iter().any(|why| message.contains(why));
            assert!(says_why, "{message}");
            Verdict::LetIn
        }
        ("UNAUTHENTICATED", None) => Verdict::Unauthenticated,
        ("FORBIDDEN", Some(permission)) => {
            assert!(message.contains(permission), "the message does not name {permission}: {message}");
            Verdict::Forbidden(permission.into())
        }
        ("FORBIDDEN", None) if message.contains("staff") => Verdict::NotStaff,
        ("FORBIDDEN", None) if message.contains("`changePassword` first") => Verdict::Restricted,
        ("INTERNAL_SERVER_ERROR" | "UNAVAILABLE" | "FORBIDDEN" | "GRAPHQL_VALIDATION_FAILED", _) => {
            panic!("{} gave {:#}", field.operation, answer.body)
        }
        _ => Verdict::LetIn,
    }
}

/// Asserts what becomes of a field for a viewer.
async fn expect(mistakes: &mut Vec<String>, who: &str, client: &Client, field: &RootField, expected: Verdict) {
    let answer = client.run(&field.operation, json!({})).await;
    let found = verdict(field, &answer);
    if found != expected {
        mistakes.push(format!("{} for {who}: {found:?} instead of {expected:?}: {}", field.operation, answer.body));
    }
    if matches!(expected, Verdict::LetIn) {
        return;
    }
    if answer.body["data"] != json!({ &field.name: null }) || answer.status != 200 {
        mistakes.push(format!("{} for {who}: status {} {}", field.operation, answer.status, answer.body));
    }
}

async fn root_fields_for_every_viewer(app: TestApp) {
    let schema = orgraph::graphql::schema();
    let fields = root_fields(schema.types());
    let mut mistakes = Vec::new();
    let anonymous = app.anonymous();
    let without_rights = app.user().staff().login().await;
    let superuser = app.user().superuser().login().await;
    let restricted = app.user().superuser().must_change_password().login().await;
    // With exactly one right: staff, and not.
    let mut holders: BTreeMap<&str, (Client, Client)> = BTreeMap::new();
    for field in &fields {
        let wrong = &mut mistakes;
        let (mut superuser, mut without_rights) = (superuser.clone(), without_rights.clone());
        if ENDING.contains(&field.name.as_str()) {
            superuser = app.user().superuser().login().await;
            without_rights = app.user().staff().login().await;
        }
        expect(wrong, "a superuser", &superuser, field, Verdict::LetIn).await;
        let (client, verdict) = match (&*field.name, field.right) {
            ("logout", _) => (app.user().superuser().must_change_password().login().await, Verdict::LetIn),
            ("viewer" | "changePassword", _) | (_, Right::Public) => (restricted.clone(), Verdict::LetIn),
            _ => (restricted.clone(), Verdict::Restricted),
        };
        expect(wrong, "a superuser with a password to be changed", &client, field, verdict).await;
        match field.right {
            Right::Public => {
                expect(wrong, "nobody", &anonymous, field, Verdict::LetIn).await;
                expect(wrong, "a user without rights", &without_rights, field, Verdict::LetIn).await;
            }
            Right::Authenticated { .. } => {
                expect(wrong, "nobody", &anonymous, field, Verdict::Unauthenticated).await;
                if !BY_KIND.contains(&field.name.as_str()) {
                    expect(wrong, "a user without rights", &without_rights, field, Verdict::LetIn).await;
                }
            }
            Right::Requires { permission, .. } => {
                let code = permission.code();
                if !holders.contains_key(code) {
                    let staff = app.user().permissions(&[code]).scope("ALL").staff().login().await;
                    let other = app.user().permissions(&[code]).scope("ALL").login().await;
                    holders.insert(code, (staff, other));
                }
                let (staff, other) = &holders[code];
                expect(wrong, "nobody", &anonymous, field, Verdict::Unauthenticated).await;
                let forbidden = Verdict::Forbidden(code.into());
                expect(wrong, "a user without rights", &without_rights, field, forbidden).await;
                expect(wrong, "staff with the right", staff, field, Verdict::LetIn).await;
                let others = if field.is_mutation { Verdict::NotStaff } else { Verdict::LetIn };
                expect(wrong, "others with the right", other, field, others).await;
            }
        }
    }
    assert!(holders.len() > 15, "only {} rights were tried", holders.len());
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

/// Which right `node` and `nodes` ask for, by the kind of the id.
async fn nodes_need_the_right_of_their_kind(app: TestApp) {
    const KINDS: [(&str, &str); 7] = [
        ("user", "sys:user:read"),
        ("role", "sys:role:read"),
        ("menu", "sys:menu:read"),
        ("dept", "sys:dept:read"),
        ("loginlog", "log:login:read"),
        ("operationlog", "log:opera:read"),
        ("session", "monitor:session:read"),
    ];
    let without_rights = app.user().login().await;
    for (kind, permission) in KINDS {
        let id = format!("{kind}_01h455vb4pex5vsknk084sn02q");
        let holder = app.user().permissions(&[permission]).scope("ALL").login().await;
        for (query, path) in [
            ("query($id: ID!) { it: node(id: $id) { id } }", "/data/it"),
            ("query($id: ID!) { it: nodes(ids: [$id]) { id } }", "/data/it/0"),
        ] {
            let denied = without_rights.run(query, json!({ "id": id })).await;
            assert_eq!(denied.code(), Some("FORBIDDEN"), "{}", denied.body);
            assert_eq!(denied.error()["extensions"]["permission"], permission);
            assert_eq!(denied.body.pointer(path), Some(&Value::Null), "{}", denied.body);
            let found = holder.run(query, json!({ "id": id })).await;
            assert_eq!(found.code(), None, "{}", found.body);
            assert_eq!(found.body.pointer(path), Some(&Value::Null), "{}", found.body);
        }
    }
}

/// A way to an object of a type, and the rights that it takes.
struct Way {
    to: &'static str,
    needs: &'static [&'static str],
    /// With `@` where the object's fields are selected.
    query: &'static str,
    /// Where the object is in the answer's data.
    at: &'static str,
}

const WAYS: [Way; 10] = [
    Way {
        to: "User",
        needs: &["sys:user:read"],
        query: "{ users(filter: { text: \"admin\" }) { nodes { @ } } }",
        at: "/users/nodes/0",
    },
    Way { to: "Dept", needs: &["sys:dept:read"], query: "{ depts(first: 1) { nodes { @ } } }", at: "/depts/nodes/0" },
    Way { to: "Dept", needs: &[], query: "{ viewer { user { dept { @ } } } }", at: "/viewer/user/dept" },
    Way { to: "Role", needs: &["sys:role:read"], query: "{ roles(first: 1) { nodes { @ } } }", at: "/roles/nodes/0" },
    Way { to: "Role", needs: &[], query: "{ viewer { user { roles { @ } } } }", at: "/viewer/user/roles/0" },
    Way { to: "Menu", needs: &["sys:menu:read"], query: "{ menus(first: 1) { nodes { @ } } }", at: "/menus/nodes/0" },
    Way { to: "PermissionInfo", needs: &["sys:menu:read"], query: "{ permissions { @ } }", at: "/permissions/0" },
    Way {
        to: "LoginLog",
        needs: &["log:login:read"],
        query: "{ loginLogs(first: 1) { nodes { @ } } }",
        at: "/loginLogs/nodes/0",
    },
    Way {
        to: "OperationLog",
        needs: &["log:opera:read"],
        query: "{ operationLogs(first: 1) { nodes { @ } } }",
        at: "/operationLogs/nodes/0",
    },
    Way {
        to: "Session",
        needs: &["monitor:session:read"],
        query: "{ onlineSessions(first: 1, orderBy: [{field: CREATED_AT}]) { nodes { @ } } }",
        at: "/onlineSessions/nodes/0",
    },
];

/// Whoever gets to the object has the right to these fields by that alone.
const IMPLIED: [&str; 3] = ["Menu.parent", "Menu.children", "PermissionInfo.menus"];

/// A denied field of an object is null with an error of its own, and the rest of the object stays.
async fn guarded_edges_are_denied_alone(app: TestApp) {
    const DEPT: &str = "mutation { createDept(input: { name: \"Somewhere\" }) { dept { id } } }";
    let dept = text(&app.admin().await.data(DEPT, json!({})).await["createDept"]["dept"]["id"]);
    let schema = orgraph::graphql::schema();
    let types = schema.types();
    let mut implied = Vec::new();
    let mut denied = 0;
    let objects = types.iter().filter(|(name, _)| !matches!(name.as_str(), "Query" | "Mutation"));
    for (object, field) in objects.flat_map(|(name, of)| {
        of.fields().into_iter().flat_map(|fields| fields.values()).map(move |field| (name.as_str(), field))
    }) {
        let Some(Right::Requires { permission, .. }) = Right::of(field) else { continue };
        let code = permission.code();
        let coordinate = format!("{object}.{}", field.name);
        let mut ways = WAYS.iter().filter(|way| way.to == object).peekable();
        assert!(ways.peek().is_some(), "no way leads to {coordinate}: add one to WAYS above");
        let Some(way) = ways.find(|way| !way.needs.contains(&code)) else {
            implied.push(coordinate);
            continue;
        };
        let id = if object == "PermissionInfo" { "code" } else { "id" };
        let query = way.query.replace('@', &format!("{id} {}{}", field.name, selection(types, &field.ty)));

        let viewer = app.user().permissions(way.needs).scope("ALL").dept(&dept).login().await;
        let answer = viewer.run(&query, json!({})).await;
        let error = answer.error();
        assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{coordinate}: {:#}", answer.body);
        assert_eq!(error["extensions"]["permission"], code, "{coordinate}: {:#}", answer.body);
        let path: Vec<_> = error["path"].as_array().unwrap().iter().map(plain).collect();
        assert_eq!(format!("/{}", path.join("/")), format!("{}/{}", way.at, field.name));
        let found = answer.body["data"].pointer(way.at).unwrap_or_else(|| panic!("{coordinate}: {:#}", answer.body));
        assert!(found[id].is_string(), "{coordinate} took its siblings with it: {:#}", answer.body);
        assert_eq!(found.get(&field.name), Some(&Value::Null), "{coordinate}: {:#}", answer.body);
        denied += 1;

        let needs: Vec<_> = way.needs.iter().copied().chain([code]).collect();
        let viewer = app.user().permissions(&needs).scope("ALL").dept(&dept).login().await;
        viewer.run(&query, json!({})).await.data();
    }
    assert_eq!(implied, IMPLIED);
    assert!(denied >= 15, "only {denied} edges were tried");
}

/// A segment of an error's path.
fn plain(segment: &Value) -> String {
    segment.as_str().map_or_else(|| segment.to_string(), str::to_owned)
}

on_each_database!(root_fields_for_every_viewer, nodes_need_the_right_of_their_kind, guarded_edges_are_denied_alone);
