//! Whether a value fits an input type, for literals of the document and for values of variables alike.

use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Number, Pos};
use async_graphql_value::{ConstValue, Value};

use super::error::{MAX_ERRORS, bounded, did_you_mean};
use crate::error::FieldError;

/// What a value is, whatever it is made of.
pub(super) enum View<'v, V> {
    Variable(&'v str),
    Null,
    Number(&'v Number),
    Text(&'v str),
    Boolean,
    Enum(&'v str),
    List(&'v [V]),
    Object(&'v IndexMap<Name, V>),
    Binary,
}

pub(super) trait Input: Sized {
    /// Whether this stands in the document: there, an enum value is not a string.
    const LITERAL: bool;

    fn view(&self) -> View<'_, Self>;

    /// The value, if there are no variables in it.
    fn constant(&self) -> Option<Cow<'_, ConstValue>>;
}

impl Input for Value {
    const LITERAL: bool = true;

    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Variable(name) => View::Variable(name),
            Self::Null => View::Null,
            Self::Number(number) => View::Number(number),
            Self::String(text) => View::Text(text),
            Self::Boolean(_) => View::Boolean,
            Self::Enum(name) => View::Enum(name),
            Self::List(items) => View::List(items),
            Self::Object(fields) => View::Object(fields),
            Self::Binary(_) => View::Binary,
        }
    }

    fn constant(&self) -> Option<Cow<'_, ConstValue>> {
        self.clone().into_const().map(Cow::Owned)
    }
}

/// The value of a variable, or a variable's default (which may name enum values as the document does).
impl Input for ConstValue {
    const LITERAL: bool = false;

    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Null => View::Null,
            Self::Number(number) => View::Number(number),
            Self::String(text) => View::Text(text),
            Self::Boolean(_) => View::Boolean,
            Self::Enum(name) => View::Enum(name),
            Self::List(items) => View::List(items),
            Self::Object(fields) => View::Object(fields),
            Self::Binary(_) => View::Binary,
        }
    }

    fn constant(&self) -> Option<Cow<'_, ConstValue>> {
        Some(Cow::Borrowed(self))
    }
}

/// A variable where a value is expected.
#[derive(Clone)]
pub(super) struct Use<'a> {
    pub name: &'a str,
    pub pos: Pos,
    /// What is expected there; nothing is known about the inside of a scalar.
    pub ty: Option<Cow<'a, str>>,
    /// Whether there is a default for when the variable is not given.
    pub has_default: bool,
}

/// Compares values with types, and collects what does not fit. No message repeats a value: it may be a password.
pub(super) struct Inspector<'a> {
    pub registry: &'a Registry,
    /// Where the inspected value is: `input.email`, `$ids.3`.
    pub path: String,
    pub pos: Pos,
    pub problems: Vec<FieldError>,
    pub uses: Vec<Use<'a>>,
}

impl<'a> Inspector<'a> {
    pub fn new(registry: &'a Registry) -> Self {
        Self { registry, path: String::new(), pos: Pos::default(), problems: Vec::new(), uses: Vec::new() }
    }

    /// Inspects the value of an argument or of a variable.
    pub fn inspect<V: Input>(&mut self, ty: &'a str, value: &'a V, has_default: bool) {
        if self.problems.len() >= MAX_ERRORS {
            return;
        }
        let view = value.view();
        if let View::Variable(name) = view {
            let (ty, pos) = (Some(ty.into()), self.pos);
            self.uses.push(Use { name, pos, ty, has_default });
            return;
        }
        match MetaTypeName::create(ty) {
            MetaTypeName::NonNull(_) if matches!(view, View::Null) => {
                self.problem("REQUIRED", "must not be null.");
            }
            MetaTypeName::NonNull(inner) => self.inspect(inner, value, has_default),
            _ if matches!(view, View::Null) => {}
            MetaTypeName::List(inner) => match view {
                View::List(items) => {
                    for (index, item) in items.iter().enumerate() {
                        self.within(index, |this| this.inspect(inner, item, false));
                    }
                }
                _ => self.inspect(inner, value, false),
            },
            MetaTypeName::Named(name) => self.inspect_named(name, value, view),
        }
    }

    /// The same for something deeper inside.
    pub fn within(&mut self, segment: impl std::fmt::Display, inspect: impl FnOnce(&mut Self)) {
        use std::fmt::Write as _;

        let length = self.path.len();
        let dot = if length == 0 { "" } else { "." };
        let _ = write!(self.path, "{dot}{segment}");
        inspect(self);
        self.path.truncate(length);
    }

    fn inspect_named<V: Input>(&mut self, ty: &'a str, value: &'a V, view: View<'a, V>) {
        match self.registry.types.get(ty) {
            Some(MetaType::Scalar { is_valid, .. }) => {
                let fits = match ty {
                    "Int" => matches!(view, View::Number(number) if is_int(number)),
                    "Float" => matches!(view, View::Number(_)),
                    "Boolean" => matches!(view, View::Boolean),
                    "String" => matches!(view, View::Text(_)),
                    "ID" => match view {
                        View::Number(number) => number.is_i64() || number.is_u64(),
                        _ => matches!(view, View::Text(_)),
                    },
                    _ => match value.constant() {
                        Some(value) => is_valid.as_ref().is_none_or(|is_valid| is_valid(&value)),
                        None => {
                            self.collect_variables(value);
                            true
                        }
                    },
                };
                if !fits {
                    self.problem("INVALID_VALUE", expected(ty));
                }
            }
            Some(MetaType::Enum { enum_values, .. }) => {
                let name = match view {
                    View::Enum(name) => Some(name),
                    View::Text(name) if !V::LITERAL => Some(name),
                    _ => None,
                };
                if !name.is_some_and(|name| enum_values.contains_key(name)) {
                    let names: Vec<_> = enum_values.keys().take(20).map(String::as_str).collect();
                    self.problem("INVALID_VALUE", format!("must be one of {}.", names.join(", ")));
                }
            }
            Some(MetaType::InputObject { input_fields, oneof, .. }) => match view {
                View::Object(object) => self.inspect_object(ty, input_fields, *oneof, object),
                _ => self.problem("INVALID_VALUE", format!("must be an object with the fields of {ty}.")),
            },
            // Not an input type: refused where it is declared.
            _ => {}
        }
    }

    fn inspect_object<V: Input>(
        &mut self,
        ty: &str,
        fields: &'a IndexMap<String, MetaInputValue>,
        oneof: bool,
        object: &'a IndexMap<Name, V>,
    ) {
        for name in object.keys().filter(|name| !fields.contains_key(name.as_str())) {
            let hint = if self.registry.enable_suggestions && self.problems.len() < MAX_ERRORS {
                did_you_mean(name, fields.keys())
            } else {
                String::new()
            };
            let path = if name.len() > 60 { "…" } else { name.as_str() };
            self.within(path, |this| {
                this.problem("UNKNOWN_FIELD", format!("is not a field of {ty}.{hint}"));
            });
        }
        if oneof && object.len() != 1 {
            self.problem("INVALID_VALUE", format!("must have exactly one of the fields of {ty}."));
        }
        for (name, field) in fields {
            let has_default = field.default_value.is_some();
            match object.get(name.as_str()) {
                Some(value) if oneof => self.within(name, |this| this.inspect_oneof(&field.ty, value)),
                Some(value) => {
                    self.within(name, |this| this.inspect(&field.ty, value, has_default));
                }
                None if field.ty.ends_with('!') && !has_default => {
                    self.within(name, |this| this.problem("REQUIRED", "is required."));
                }
                None => {}
            }
        }
    }

    /// The one field that is given is nullable by its type, but must not be null.
    fn inspect_oneof<V: Input>(&mut self, ty: &'a str, value: &'a V) {
        match value.view() {
            View::Null => self.problem("REQUIRED", "must not be null."),
            View::Variable(name) => {
                let (ty, pos) = (Some(format!("{ty}!").into()), self.pos);
                self.uses.push(Use { name, pos, ty, has_default: false });
            }
            _ => self.inspect(ty, value, false),
        }
    }

    /// Variables at places of which no type is known.
    pub fn collect_variables<V: Input>(&mut self, value: &'a V) {
        match value.view() {
            View::Variable(name) => {
                let pos = self.pos;
                self.uses.push(Use { name, pos, ty: None, has_default: false });
            }
            View::List(items) => items.iter().for_each(|item| self.collect_variables(item)),
            View::Object(fields) => fields.values().for_each(|item| self.collect_variables(item)),
            _ => {}
        }
    }

    pub fn problem(&mut self, code: &'static str, what: impl AsRef<str>) {
        if self.problems.len() < MAX_ERRORS {
            let path = bounded(self.path.clone());
            let message = format!("`{path}` {}", what.as_ref());
            self.problems.push(FieldError::new(path, code, message));
        }
    }
}

/// GraphQL's `Int` has 32 bits.
fn is_int(number: &Number) -> bool {
    number.as_i64().is_some_and(|number| i32::try_from(number).is_ok())
}

fn expected(ty: &str) -> Cow<'static, str> {
    match ty {
        "Int" => "must be a whole number between -2147483648 and 2147483647.".into(),
        "Float" => "must be a number.".into(),
        "Boolean" => "must be true or false.".into(),
        "String" => "must be a string.".into(),
        "ID" => "must be an ID, a string.".into(),
        "DateTime" => "must be a time, written as in 2026-11-22T09:30:00Z.".into(),
        _ => format!("is not a valid {ty}.").into(),
    }
}
