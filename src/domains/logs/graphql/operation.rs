//! Operations in the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use serde_json::Value;

use crate::audit::{ChangeKind, OperationStatus};
use crate::clock::Timestamp;
use crate::domains::depts::loader::DeptById;
use crate::domains::logs::model::OperationLog;
use crate::domains::logs::readable::{self, Mentioned};
use crate::domains::sessions::loader::SessionInScope;
use crate::domains::users::graphql::UserObject;
use crate::domains::users::loader::UserById;
use crate::graphql::guard::requires;
use crate::graphql::{ContextExt, Field, edge, load, load_many};
use crate::security::Permission;

/// The record of an operation.
pub struct OperationLogObject(pub Arc<OperationLog>);

impl OperationLogObject {
    async fn unseen(&self, ctx: &Context<'_>) -> Mentioned {
        unseen(ctx, || Mentioned::by(&self.0)).await
    }
}

/// What of it is outside of the viewer's scope; all of it, if that cannot be found out.
pub(super) async fn unseen(ctx: &Context<'_>, mentioned: impl FnOnce() -> Mentioned) -> Mentioned {
    if ctx.viewer().scope().is_all() {
        return Mentioned::default();
    }
    let mut named = mentioned();
    let (users, depts, sessions) = tokio::join!(
        load_many(ctx, named.users.iter().copied().map(UserById)),
        load_many(ctx, named.depts.iter().copied().map(DeptById)),
        load_many(ctx, named.sessions.iter().copied().map(SessionInScope)),
    );
    let (users, depts, sessions) = (users.unwrap_or_default(), depts.unwrap_or_default(), sessions.unwrap_or_default());
    named.users.retain(|id| !users.contains_key(&UserById(*id)));
    named.depts.retain(|id| !depts.contains_key(&DeptById(*id)));
    named.sessions.retain(|id| !sessions.contains_key(&SessionInScope(*id)));
    named
}

/// The record of an operation: a root field of a mutation, carried out or not, or a command of the command line.
#[Object(name = "OperationLog")]
impl OperationLogObject {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The trace id of the request, which the server's own log names too.
    async fn trace_id(&self) -> &str {
        &self.0.trace_id
    }

    /// The id of the user who asked for it, also after that user was deleted; null if nobody was logged in.
    async fn user_id(&self) -> Option<ID> {
        self.0.user_id.map(|id| id.to_string().into())
    }

    /// The user who asked for it; null if there is none, none any more, or none for you.
    #[graphql(directive = requires::apply(Permission::UserRead.code().into(), None))]
    async fn user(&self, ctx: &Context<'_>) -> Field<Option<UserObject>> {
        edge(ctx, self, false, async {
            let Some(user) = self.0.user_id else { return Ok(None) };
            Ok(load(ctx, UserById(user)).await?.map(UserObject))
        })
        .await
    }

    /// The user name at the time; null if nobody was logged in.
    async fn username(&self) -> Option<&str> {
        self.0.username.as_deref()
    }

    /// The id of the session; null if nobody was logged in.
    async fn session_id(&self) -> Option<ID> {
        self.0.session_id.map(|id| id.to_string().into())
    }

    /// The name that the client gave to the GraphQL operation; null if it gave none.
    async fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }

    /// The root field, or the command.
    async fn field(&self) -> &str {
        &self.0.field
    }

    /// Its arguments, without secrets, and without contact data that you may not read; null if it had none. They are null,
    /// too, if your row scope is not everything, and the record names a user, a department or a session outside of
    /// it, or it is somebody else's `CONFLICT` or failed login, which may be about such.
    async fn input(&self, ctx: &Context<'_>) -> Option<Value> {
        present(readable::input(&self.0, ctx.viewer(), &self.unseen(ctx).await))
    }

    /// The ids of the objects that it changed, as far as they are in your row scope; empty if it failed.
    async fn target_ids(&self, ctx: &Context<'_>) -> Vec<ID> {
        readable::target_ids(&self.0, &self.unseen(ctx).await).into_iter().map(ID::from).collect()
    }

    /// What it changed, object by object, as far as these are in your row scope; empty if it failed.
    async fn changes(&self, ctx: &Context<'_>) -> Vec<ChangeObject> {
        let changes = readable::changes(&self.0, ctx.viewer(), &self.unseen(ctx).await);
        let each = changes.into_iter().map(|(change, hidden)| ChangeObject {
            target_id: change.target.into(),
            kind: change.kind,
            fields: change
                .fields
                .into_iter()
                .zip(hidden)
                .map(|(field, hidden)| FieldChangeObject {
                    name: field.name,
                    before: present(field.before),
                    after: present(field.after),
                    hidden,
                })
                .collect(),
        });
        each.collect()
    }

    /// How it ended.
    async fn status(&self) -> OperationStatus {
        self.0.status
    }

    /// The code of the error that it ended with; null if it succeeded.
    async fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The message of the error that it ended with; null if it succeeded, and where `input` is kept from you.
    async fn message(&self, ctx: &Context<'_>) -> Option<&str> {
        let message = self.0.message.as_deref()?;
        (!readable::tells_of_unseen(&self.0, ctx.viewer(), &self.unseen(ctx).await)).then_some(message)
    }

    /// The IP address that it came from; null for a command.
    async fn ip(&self) -> Option<&str> {
        self.0.ip.as_deref()
    }

    /// What the client called itself; null if it did not.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// The operating system, as the client tells; null if it does not.
    async fn os(&self) -> Option<&str> {
        self.0.os.as_deref()
    }

    /// The browser, as the client tells; null if it does not.
    async fn browser(&self) -> Option<&str> {
        self.0.browser.as_deref()
    }

    /// The kind of device, as the client tells; null if it does not.
    async fn device(&self) -> Option<&str> {
        self.0.device.as_deref()
    }

    /// How long it took, in milliseconds.
    async fn duration_ms(&self) -> f64 {
        self.0.duration_us as f64 / 1000.0
    }

    /// When it ended.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at
    }
}

/// An object that an operation has changed.
#[derive(SimpleObject)]
#[graphql(name = "Change")]
pub struct ChangeObject {
    /// Its id.
    target_id: ID,
    /// What happened to it.
    kind: ChangeKind,
    /// The fields that changed.
    fields: Vec<FieldChangeObject>,
}

/// A field that an operation has changed.
#[derive(SimpleObject)]
#[graphql(name = "FieldChange")]
pub struct FieldChangeObject {
    /// Its name.
    name: String,
    /// Its value before; null if it had none, or if it is hidden.
    before: Option<Value>,
    /// Its value after; null if it has none, or if it is hidden.
    after: Option<Value>,
    /// Whether the values are kept from you: contact data needs the permission `sys:user:contact:read`, and users,
    /// departments and sessions that they name must be in your row scope.
    hidden: bool,
}

fn present(value: Value) -> Option<Value> {
    (!value.is_null()).then_some(value)
}
