//! Rights on fields. A field declares its right once, as a directive; the schema shows it, and the functions here
//! read it from the schema and enforce it. A root field that declares none is refused.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;

use async_graphql::registry::{MetaField, MetaType};
use async_graphql::{Context, OutputType, TypeDirective, Value};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::context::ContextExt as _;
use crate::audit::{Action, record_failure, redact_arguments};
use crate::error::{Error, Result};
use crate::security::{Permission, Viewer};

/// Every field that can be denied or fail: null with an error of its own, and its siblings stay.
/// (`Result<Option<T>>` would lose the key, and on later versions of the engine the parent.)
pub type Field<T> = Option<Result<T>>;

/// Anyone may use this field.
#[TypeDirective(location = "FieldDefinition")]
pub fn public() {}

/// This field needs a valid session. With `beforePasswordChange`, one that has to change its password first will do.
#[TypeDirective(location = "FieldDefinition")]
pub fn authenticated(before_password_change: Option<bool>) {}

/// This field needs a permission; of a mutation, the staff flag as well. With `orOwn`, the viewer's own object needs none.
#[TypeDirective(location = "FieldDefinition")]
pub fn requires(permission: String, or_own: Option<bool>) {}

/// The value of this input is left out of the recorded arguments, and of the log of the server. What contact data was
/// changed to is in the changes of a record, for those who may read contact data.
#[TypeDirective(location = "InputFieldDefinition")]
pub fn sensitive() {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    Public,
    Authenticated { before_password_change: bool },
    Requires { permission: Permission, or_own: bool },
}

impl Right {
    /// The right that a field declares, if it declares one.
    pub fn of(field: &MetaField) -> Option<Self> {
        field.directive_invocations.iter().find_map(|directive| match directive.name.as_str() {
            "public" => Some(Self::Public),
            "authenticated" => Some(Self::Authenticated {
                before_password_change: directive.args.get("beforePasswordChange") == Some(&Value::Boolean(true)),
            }),
            "requires" => match directive.args.get("permission") {
                Some(Value::String(code)) => Some(Self::Requires {
                    permission: Permission::from_code(code)?,
                    or_own: directive.args.get("orOwn") == Some(&Value::Boolean(true)),
                }),
                _ => None,
            },
            _ => None,
        })
    }

    fn check(self, viewer: &Viewer, own: bool) -> Result<()> {
        match self {
            Self::Public => Ok(()),
            Self::Authenticated { before_password_change: true } => viewer.identity().map(drop),
            Self::Authenticated { .. } => viewer.unrestricted().map(drop),
            // Whose own it is, is known.
            Self::Requires { or_own: true, .. } if own => Ok(()),
            Self::Requires { permission, .. } => viewer.ensure(permission),
        }
    }
}

fn declared<'a>(ctx: &'a Context<'_>, parent: &str) -> Result<&'a MetaField> {
    let name = ctx.item.node.name.node.as_str();
    let object = ctx.schema_env.registry.types.get(parent);
    object
        .and_then(|object| object.field_by_name(name))
        .ok_or_else(|| Error::internal(format!("{parent}.{name} is not in the schema")))
}

fn check(ctx: &Context<'_>, parent: &str, own: bool) -> Result<()> {
    let field = declared(ctx, parent)?;
    let right =
        Right::of(field).ok_or_else(|| Error::internal(format!("{parent}.{} declares no right", field.name)))?;
    right.check(ctx.viewer(), own)
}

/// Runs a root field of a query.
///
/// This and its siblings box the work at once: it may be tens of kilobytes, and every merged root object would
/// carry the largest of them on the stack of every request.
pub fn query<'a, T: Send + 'a>(
    ctx: &'a Context<'_>,
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Field<T>> {
    guarded(ctx, "Query".into(), false, Box::pin(work))
}

/// Runs a field of an object of type `P` that declares a right; `own` says whether it is the viewer's own object.
pub fn edge<'a, P: OutputType, T: Send + 'a>(
    ctx: &'a Context<'_>,
    _parent: &P,
    own: bool,
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Field<T>> {
    guarded(ctx, P::type_name(), own, Box::pin(work))
}

fn guarded<'a, T: Send + 'a>(
    ctx: &'a Context<'_>,
    parent: Cow<'static, str>,
    own: bool,
    work: BoxFuture<'a, Result<T>>,
) -> BoxFuture<'a, Field<T>> {
    Box::pin(async move {
        let work = match check(ctx, &parent, own) {
            Ok(()) => caught(work).await,
            Err(error) => Err(error),
        };
        Some(work)
    })
}

/// Checks the right to the root field `name` on behalf of `node`, through which the same objects can be reached.
pub fn check_root(ctx: &Context<'_>, name: &str) -> Result<()> {
    let root = ctx.schema_env.registry.types.get("Query");
    let field = root.and_then(|root| root.field_by_name(name));
    let right = field.and_then(Right::of).ok_or_else(|| Error::internal(format!("no right for {name}")))?;
    right.check(ctx.viewer(), false)
}

/// Runs a root field of a mutation, and sees to it that it leaves exactly one record, whatever comes of it.
pub fn mutation<'a, T: Send + 'a>(
    ctx: &'a Context<'_>,
    work: impl Future<Output = Result<T>> + Send + 'a,
) -> BoxFuture<'a, Field<T>> {
    let work: BoxFuture<'a, Result<T>> = Box::pin(work);
    Box::pin(async move { Some(recorded(ctx, work).await) })
}

async fn recorded<T>(ctx: &Context<'_>, work: BoxFuture<'_, Result<T>>) -> Result<T> {
    let (app, viewer) = (ctx.app(), ctx.viewer());
    let field = declared(ctx, "Mutation")?;
    let arguments = ctx.field().arguments().unwrap_or_default();
    let input = redact_arguments(&ctx.schema_env.registry, &field.args, arguments);
    let action = viewer.start(Action::new(&field.name, input));
    let allowed = check(ctx, "Mutation", false).and_then(|()| ensure_staff(viewer, field));
    let mut result = match allowed {
        Ok(()) => caught(work).await,
        Err(error) => Err(error),
    };
    if result.is_ok() && action.is_undone() {
        result = Err(Error::internal("a write was not committed"));
    }
    // A record of each refusal would be what a limit is there to prevent.
    let is_limited = matches!(result, Err(Error::RateLimited { is_first: false, .. }));
    if !action.is_recorded() && !is_limited {
        let recorded = record_failure(app, viewer, result.as_ref().err()).await;
        if let Err(error) = recorded {
            tracing::error!(field = action.field, cause = error.cause(), "an operation could not be recorded");
            // What cannot be recorded is not done; a failure stays the failure that it was.
            if result.is_ok() {
                result = Err(error);
            }
        }
    }
    result
}

/// Back-office writes are for staff; superusers are.
fn ensure_staff(viewer: &Viewer, field: &MetaField) -> Result<()> {
    if !matches!(Right::of(field), Some(Right::Requires { .. })) {
        return Ok(());
    }
    let identity = viewer.identity()?;
    if identity.is_staff || identity.is_superuser {
        Ok(())
    } else {
        Err(Error::NotAllowed("This change is for staff, and your account is not marked as staff.".into()))
    }
}

/// A panic in one field is an error of that field.
async fn caught<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Error::internal(format!("a resolver panicked: {}", text.unwrap_or_default())))
    })
}

/// The arguments of every root field, for tests and tools: which right each declares.
pub fn root_rights(types: &std::collections::BTreeMap<String, MetaType>) -> Vec<(String, String, Option<Right>)> {
    let mut rights = Vec::new();
    for root in ["Query", "Mutation"] {
        for (name, field) in types.get(root).and_then(MetaType::fields).into_iter().flatten() {
            rights.push((root.to_owned(), name.clone(), Right::of(field)));
        }
    }
    rights
}
