//! A small schema with one of everything.

use std::sync::atomic::{AtomicI32, Ordering};

use async_graphql::futures_util::stream::{self, Stream};
use async_graphql::{
    Context, Enum, ID, InputObject, Interface, MaybeUndefined, Object, OneofObject, Schema, SchemaBuilder,
    SimpleObject, Subscription, Union,
};

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

pub struct Query;

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
pub struct Counter(AtomicI32);

pub struct Mutation;

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

pub struct Ticks;

#[Subscription]
impl Ticks {
    async fn tick(&self) -> impl Stream<Item = i32> {
        stream::iter([1, 2])
    }
    async fn tock(&self) -> impl Stream<Item = i32> {
        stream::iter([1])
    }
}

pub fn builder() -> SchemaBuilder<Query, Mutation, Ticks> {
    Schema::build(Query, Mutation, Ticks)
}
