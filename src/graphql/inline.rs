//! Objects whose fields are resolved where they stand.
//!
//! The engine makes a task on the heap of every field of every object, and lets them run in any order. Most fields are
//! columns that are there already, and a page of a list has hundreds of them. [`Inline`] runs the fields of an object
//! one after the other up to where they have to wait, and keeps only those that do; these then wait side by side, so
//! that a batch still gets the keys of all of them.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::{ContainerType, resolve_container};
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

/// An object as the value of a field or as an item of a list: the same in the schema, and cheaper.
pub struct Inline<T>(pub T);

async fn resolve_field<T: ContainerType>(
    ctx: &ContextSelectionSet<'_>,
    object: &T,
    field: &Positioned<Field>,
) -> ServerResult<Value> {
    if field.node.name.node == "__typename" {
        return Ok(Value::String(object.introspection_type_name().into_owned()));
    }
    let value = object.resolve_field(&ctx.with_field(field)).await?;
    Ok(value.unwrap_or_default())
}

impl<T: ContainerType> OutputType for Inline<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        let selections = &ctx.item.node.items;
        let is_plain = |selection: &Positioned<Selection>| match &selection.node {
            Selection::Field(field) => field.node.directives.is_empty(),
            _ => false,
        };
        // The gate has merged selections, so that no key is there twice, and left fragments only inside interfaces.
        if !selections.iter().all(is_plain) {
            return resolve_container(ctx, &self.0).await;
        }
        let mut object = IndexMap::with_capacity(selections.len());
        let mut waiting: Vec<(usize, Pin<Box<Option<_>>>)> = Vec::new();
        let mut spare: Option<Pin<Box<Option<_>>>> = None;
        let done = |index: usize, result: ServerResult<Value>, object: &mut IndexMap<_, Value>| match result {
            Ok(value) => object[index] = value,
            // The key stays, and null is what the shape of the response makes of it.
            Err(error) => ctx.add_error(error),
        };
        for selection in selections {
            let Selection::Field(field) = &selection.node else { continue };
            let (index, _) = object.insert_full(field.node.response_key().node.clone(), Value::Null);
            let resolving = resolve_field(ctx, &self.0, field);
            // One place on the heap serves all fields that do not wait.
            let mut slot = match spare.take() {
                Some(mut slot) => {
                    slot.set(Some(resolving));
                    slot
                }
                None => Box::pin(Some(resolving)),
            };
            let polled = poll_fn(|cx| Poll::Ready(slot.as_mut().as_pin_mut().map(|future| future.poll(cx)))).await;
            match polled {
                Some(Poll::Ready(result)) => {
                    done(index, result, &mut object);
                    spare = Some(slot);
                }
                _ => waiting.push((index, slot)),
            }
        }
        drop(spare);
        poll_fn(|cx| {
            waiting.retain_mut(|(index, slot)| match slot.as_mut().as_pin_mut().map(|future| future.poll(cx)) {
                Some(Poll::Ready(result)) => {
                    done(*index, result, &mut object);
                    false
                }
                _ => true,
            });
            if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Ok(Value::Object(object))
    }
}
