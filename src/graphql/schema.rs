//! The roots of the schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::registry::MetaType;
use async_graphql::{EmptySubscription, MergedObject, SDLExportOptions, SchemaBuilder, SchemaEnv, ValidationMode};

use super::gate::{self, Gate, Limits};
use super::node::NodeQuery;
use crate::domains::auth::graphql::{AuthMutation, AuthQuery};
use crate::domains::depts::graphql::{DeptMutation, DeptQuery};
use crate::domains::logs::graphql::LogQuery;
use crate::domains::menus::graphql::{MenuMutation, MenuQuery};
use crate::domains::roles::graphql::{RoleMutation, RoleQuery};
use crate::domains::sessions::graphql::{SessionMutation, SessionQuery};
use crate::domains::users::graphql::{UserMutation, UserQuery};

/// Reads. Every field declares its right.
#[derive(MergedObject, Default)]
pub struct Query(NodeQuery, AuthQuery, UserQuery, RoleQuery, MenuQuery, DeptQuery, LogQuery, SessionQuery);

/// Changes. Every field declares its right and leaves a record.
#[derive(MergedObject, Default)]
pub struct Mutation(AuthMutation, UserMutation, RoleMutation, MenuMutation, DeptMutation, SessionMutation);

type Engine = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// The schema, ready to run operations.
#[derive(Clone)]
pub struct Schema {
    pub(super) engine: Engine,
    pub(super) gate: Arc<Gate>,
    env: SchemaEnv,
}

impl Schema {
    /// The types of the schema, for tools and tests.
    pub fn types(&self) -> &BTreeMap<String, MetaType> {
        &self.env.registry.types
    }
}

fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    // The gate validates and bounds documents: the engine need not do it again, and must not be tighter.
    Engine::build(Query::default(), Mutation::default(), EmptySubscription)
        .validation_mode(ValidationMode::Fast)
        .limit_recursive_depth(64)
}

pub fn build() -> Schema {
    let env = gate::schema_env(builder());
    Schema { engine: builder().finish(), gate: Arc::new(Gate::new(env.clone(), Limits::default())), env }
}

/// The schema as text, in a stable order.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    builder().finish().sdl_with_options(options)
}
