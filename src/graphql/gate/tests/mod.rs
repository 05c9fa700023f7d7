//! The gate against a small schema, and what comes out of it against the engine.

mod introspection;
mod limits;
mod merging;
mod responses;
mod rules;
mod variables;

use std::fmt::Write as _;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI32, Ordering};

use async_graphql::futures_util::stream::{self, Stream};
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{
    Context, Enum, ID, InputObject, Interface, MaybeUndefined, Object, OneofObject, Request, Response, Schema,
    SchemaBuilder, SchemaEnv, SimpleObject, Subscription, Union, Variables, value,
};

use super::{Checked, GateError, Limits, check, schema_env};
use crate::error::ErrorCode;

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum Status {
    Active,
    Locked,
}

#[derive(InputObject)]
struct UserInput {
    email: String,
    age: Option<i32>,
    status: Option<Status>,
    tags: Option<Vec<String>>,
    address: Option<AddressInput>,
    nick: MaybeUndefined<String>,
}

#[derive(InputObject)]
struct AddressInput {
    city: String,
    #[graphql(default = 1)]
    floor: i32,
}

#[derive(OneofObject)]
enum Target {
    Id(ID),
    Email(String),
}

#[derive(SimpleObject)]
struct Dept {
    id: ID,
    name: String,
}

struct User(i32);

#[Object]
impl User {
    async fn id(&self) -> ID {
        self.0.into()
    }
    async fn name(&self) -> String {
        format!("user {}", self.0)
    }
    async fn age(&self) -> Option<i32> {
        None
    }
    async fn dept(&self) -> Dept {
        // Answers later than its siblings, so the engine puts it behind them.
        let mut waited = false;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut waited, true) {
                return std::task::Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
        Dept { id: "d".into(), name: "IT".into() }
    }
    async fn boss(&self) -> Option<User> {
        Some(User(self.0 + 1))
    }
    async fn fails(&self) -> Option<async_graphql::Result<String>> {
        Some(Err("no".into()))
    }
    /// The engine leaves the key out.
    async fn drops(&self) -> async_graphql::Result<Option<String>> {
        Err("no".into())
    }
    async fn must(&self) -> async_graphql::Result<String> {
        Err("no".into())
    }
    async fn users(&self, first: Option<i32>, last: Option<i32>) -> UserConnection {
        UserConnection(first.or(last).unwrap_or(2))
    }
}

struct Role;

#[Object]
impl Role {
    async fn id(&self) -> ID {
        "r".into()
    }
    async fn code(&self) -> String {
        "admin".into()
    }
    async fn level(&self) -> i32 {
        1
    }
    async fn dept(&self) -> Dept {
        Dept { id: "e".into(), name: "HR".into() }
    }
}

#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID"), field(name = "dept", ty = "Dept"))]
enum Node {
    User(User),
    Role(Role),
}

#[derive(Union)]
enum Hit {
    User(User),
    Role(Role),
}

struct UserConnection(i32);

#[Object]
impl UserConnection {
    async fn nodes(&self) -> Vec<User> {
        (0..self.0).map(User).collect()
    }
    async fn total_count(&self) -> i32 {
        self.0
    }
}

struct Query;

#[Object]
impl Query {
    async fn me(&self) -> User {
        User(1)
    }
    async fn users(&self, first: Option<i32>, last: Option<i32>) -> UserConnection {
        UserConnection(first.or(last).unwrap_or(2))
    }
    async fn roles(&self) -> Vec<Role> {
        vec![Role]
    }
    async fn node(&self, id: ID) -> Option<Node> {
        Some(if id == "r" { Node::Role(Role) } else { Node::User(User(1)) })
    }
    async fn nodes(&self, ids: Vec<ID>) -> Vec<Option<Node>> {
        ids.iter().map(|_| Some(Node::User(User(1)))).collect()
    }
    async fn search(&self) -> Vec<Hit> {
        vec![Hit::User(User(1)), Hit::Role(Role)]
    }
    /// What the resolver was given.
    async fn echo(
        &self,
        text: MaybeUndefined<String>,
        #[graphql(default = 7)] number: i32,
        status: Option<Status>,
        target: Option<Target>,
        ids: Option<Vec<ID>>,
    ) -> String {
        let text = match text {
            MaybeUndefined::Undefined => "absent".into(),
            MaybeUndefined::Null => "null".into(),
            MaybeUndefined::Value(text) => text,
        };
        let target = match target {
            None => "nobody".into(),
            Some(Target::Id(id)) => id.0,
            Some(Target::Email(email)) => email,
        };
        let locked = status == Some(Status::Locked);
        format!("{text} {number} {locked} {target} {}", ids.map_or(0, |ids| ids.len()))
    }
    async fn lost(&self) -> Option<User> {
        None
    }
    async fn broken(&self) -> async_graphql::Result<User> {
        Err("no".into())
    }
}

#[derive(Default)]
struct Counter(AtomicI32);

struct Mutation;

#[Object]
impl Mutation {
    async fn bump(&self, ctx: &Context<'_>, #[graphql(default = 1)] by: i32) -> User {
        User(ctx.data_unchecked::<Counter>().0.fetch_add(by, Ordering::Relaxed) + by)
    }
    async fn login(&self, name: String) -> String {
        name
    }
    async fn save(&self, input: UserInput) -> String {
        let nick = match input.nick {
            MaybeUndefined::Undefined => "kept".into(),
            MaybeUndefined::Null => "cleared".into(),
            MaybeUndefined::Value(nick) => nick,
        };
        let (age, status) = (input.age.unwrap_or(-1), input.status.map(|status| status == Status::Active));
        let floor = input.address.map(|address| (address.city, address.floor));
        format!("{} {nick} {age} {status:?} {:?} {floor:?}", input.email, input.tags)
    }
}

struct Ticks;

#[Subscription]
impl Ticks {
    async fn tick(&self) -> impl Stream<Item = i32> {
        stream::iter([1, 2])
    }
    async fn tock(&self) -> impl Stream<Item = i32> {
        stream::iter([1])
    }
}

fn builder() -> SchemaBuilder<Query, Mutation, Ticks> {
    Schema::build(Query, Mutation, Ticks)
}

static ENV: LazyLock<SchemaEnv> = LazyLock::new(|| schema_env(builder()));

fn checked(
    query: &str,
    operation_name: Option<&str>,
    variables: async_graphql::Value,
) -> Result<Checked, Vec<GateError>> {
    let variables = Variables::from_value(variables);
    check(&ENV.registry, &Limits::default(), query, operation_name, &variables)
}

#[track_caller]
fn passes(query: &str) -> Checked {
    passes_with(query, value!({}))
}

#[track_caller]
fn passes_with(query: &str, variables: async_graphql::Value) -> Checked {
    checked(query, None, variables).unwrap_or_else(|errors| panic!("{query} is refused: {errors:?}"))
}

#[track_caller]
fn refused(query: &str) -> Vec<GateError> {
    refused_with(query, value!({}))
}

#[track_caller]
fn refused_with(query: &str, variables: async_graphql::Value) -> Vec<GateError> {
    checked(query, None, variables).expect_err("it passes")
}

/// That a query is refused for one reason, whose message contains `text`.
#[track_caller]
fn refused_once(query: &str, code: ErrorCode, text: &str) {
    let errors = refused(query);
    assert!(
        errors.len() == 1 && errors[0].code == code && errors[0].message.contains(text),
        "{query}\nshould be refused as {code:?} because of {text}\nbut: {errors:#?}"
    );
}

/// What the merged document looks like, without the outer braces.
fn text(document: &ExecutableDocument) -> String {
    fn set_of(set: &SelectionSet, text: &mut String) {
        for selection in &set.items {
            let inner = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    if let Some(alias) = &field.alias {
                        let _ = write!(text, "{alias}: ");
                    }
                    let _ = write!(text, "{}", field.name);
                    let arguments = field.arguments.iter().map(|(name, value)| format!("{name}: {value}"));
                    if !field.arguments.is_empty() {
                        let _ = write!(text, "({})", arguments.collect::<Vec<_>>().join(", "));
                    }
                    &field.selection_set.node
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map(|on| &on.node.on.node);
                    let _ = write!(text, "... on {}", on.map_or("", |on| on));
                    &inline.node.selection_set.node
                }
                Selection::FragmentSpread(_) => panic!("a fragment is left"),
            };
            assert!(selection.node.directives().is_empty());
            text.push(' ');
            if !inner.items.is_empty() {
                text.push_str("{ ");
                set_of(inner, text);
                text.push_str("} ");
            }
        }
    }
    assert!(document.fragments.is_empty());
    let mut text = String::new();
    let (_, operation) = document.operations.iter().next().expect("an operation");
    set_of(&operation.node.selection_set.node, &mut text);
    text.trim_end().to_owned()
}

/// The shaped response to a query that has passed.
async fn respond(query: &str, variables: async_graphql::Value) -> Response {
    let checked = passes_with(query, variables.clone());
    let mut request = Request::new("").variables(Variables::from_value(variables));
    request.operation_name = checked.operation_name;
    request.set_parsed_query(checked.document);
    let mut response = builder().data(Counter::default()).finish().execute(request).await;
    checked.shape.apply(&mut response);
    response
}

/// The data of a response without errors, as text, since the order of keys matters.
async fn data(query: &str) -> String {
    data_with(query, value!({})).await
}

async fn data_with(query: &str, variables: async_graphql::Value) -> String {
    let response = respond(query, variables).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    serde_json::to_string(&response.data).expect("JSON")
}
