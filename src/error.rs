//! The one error vocabulary.
//!
//! Everything below `graphql/` and `http/` returns [`Error`]. A rule that a caller can do something about is one
//! of the first variants, made by the service that knows the rule; everything foreign (database, pool, I/O)
//! is converted here, once, and reaches the caller only as [`ErrorCode::Unavailable`] or
//! [`ErrorCode::InternalServerError`]: the cause goes to the log with the request's trace id.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{ErrorExtensionValues, ErrorExtensions};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::security::Permission;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What `extensions.code` can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    BadUserInput,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    RateLimited,
    LimitExceeded,
    Unavailable,
    InternalServerError,
    /// The document is not GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
}

impl ErrorCode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::RateLimited => "RATE_LIMITED",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::Unavailable => "UNAVAILABLE",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
        }
    }
}

/// One thing wrong with one input field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where in the arguments: `input.email`, `filter.createdAt.from`, `first`.
    pub path: String,
    /// A stable code in upper case: `REQUIRED`, `TOO_LONG`, `TAKEN`, …
    pub code: &'static str,
    pub message: String,
}

impl FieldError {
    pub fn new(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.into(), code, message: message.into() }
    }
}

#[derive(Clone, Debug)]
pub enum Error {
    /// The caller's input, with every bad field.
    Input(Vec<FieldError>),
    /// No valid session; the text says why.
    Unauthenticated(&'static str),
    /// A permission is missing.
    Forbidden(Permission),
    /// The caller has the permission, but a rule above permissions forbids it.
    NotAllowed(String),
    /// Nothing there, or nothing that the caller may see.
    NotFound(String),
    /// The state of the data forbids it; the fields name a taken unique value, if that is the reason.
    Conflict(String, Vec<FieldError>),
    /// Too often in a time.
    RateLimited {
        message: String,
        /// How long until it can be tried again.
        left: Duration,
        /// Whether it is the first refusal in this time, the one that is recorded.
        is_first: bool,
    },
    /// The document or request is over a limit.
    Limit(String),
    /// Something this server needs does not answer; trying again may help.
    Unavailable(Arc<str>),
    /// A fault of this server.
    Internal(Arc<str>),
}

impl Error {
    pub fn input(path: impl Into<String>, code: &'static str, message: impl Into<String>) -> Self {
        Self::Input(vec![FieldError::new(path, code, message)])
    }

    pub fn not_found(what: &str, id: impl fmt::Display) -> Self {
        Self::NotFound(format!("There is no {what} {id}."))
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict(message.into(), Vec::new())
    }

    /// The row has changed since the caller read it.
    pub fn stale(what: &str, sent: i32, current: i32) -> Self {
        Self::conflict(format!(
            "The {what} has been changed since you read it: you sent version {sent}, it is now {current}. \
             Read it again and repeat your change."
        ))
    }

    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string().into())
    }

    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Input(_) => ErrorCode::BadUserInput,
            Self::Unauthenticated(_) => ErrorCode::Unauthenticated,
            Self::Forbidden(_) | Self::NotAllowed(_) => ErrorCode::Forbidden,
            Self::NotFound(_) => ErrorCode::NotFound,
            Self::Conflict(..) => ErrorCode::Conflict,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::Limit(_) => ErrorCode::LimitExceeded,
            Self::Unavailable(_) => ErrorCode::Unavailable,
            Self::Internal(_) => ErrorCode::InternalServerError,
        }
    }

    /// Turns a violated unique constraint into a `CONFLICT` that names the input field.
    pub fn on_unique(self, constraint: &str, path: &str, message: impl Into<String>) -> Self {
        match &self {
            Self::Conflict(violated, _) if violated == constraint => {
                let message = message.into();
                let field = FieldError::new(path, "TAKEN", message.clone());
                Self::Conflict(message, vec![field])
            }
            _ => self,
        }
    }

    fn fields(&self) -> &[FieldError] {
        match self {
            Self::Input(fields) | Self::Conflict(_, fields) => fields,
            _ => &[],
        }
    }
}

impl Error {
    /// What the caller reads. (No `Display`: with it, the engine would turn the error into a bare text.)
    pub fn message(&self) -> String {
        match self {
            Self::Input(fields) => match &fields[..] {
                [one] => one.message.clone(),
                many => {
                    let each = many.iter().map(|field| format!(" {}: {}", field.path, field.message));
                    format!("The input is not valid.{}", each.collect::<String>())
                }
            },
            Self::Unauthenticated(why) => (*why).to_owned(),
            Self::Forbidden(permission) => format!("You need the permission `{}` for this.", permission.code()),
            Self::NotAllowed(why)
            | Self::NotFound(why)
            | Self::Conflict(why, _)
            | Self::RateLimited { message: why, .. }
            | Self::Limit(why) => why.clone(),
            Self::Unavailable(_) => "The server cannot answer this right now. Please try again.".to_owned(),
            Self::Internal(_) => {
                "Something went wrong on the server. Its log says what, under this trace id.".to_owned()
            }
        }
    }

    /// What the log reads: the cause of what callers are not told.
    pub fn cause(&self) -> String {
        match self {
            Self::Unavailable(cause) | Self::Internal(cause) => cause.to_string(),
            _ => self.message(),
        }
    }

    fn write_extensions(&self, extensions: &mut ErrorExtensionValues) {
        extensions.set("code", self.code().as_str());
        if let Self::Forbidden(permission) = self {
            extensions.set("permission", permission.code());
        }
        if let Self::RateLimited { left, .. } = self {
            extensions.set("retryAfter", seconds(*left));
        }
        if !self.fields().is_empty() {
            let fields = self.fields().iter().map(|field| {
                async_graphql::value!({
                    "path": field.path.clone(), "code": field.code, "message": field.message.clone(),
                })
            });
            extensions.set("fields", fields.collect::<Vec<_>>());
        }
    }
}

/// Whole seconds, rounded up: whoever waits as long has waited long enough.
fn seconds(duration: Duration) -> u64 {
    duration.as_micros().div_ceil(1_000_000) as u64
}

/// What async-graphql asks for when a resolver fails; the cause of a masked error is logged here.
impl From<Error> for async_graphql::Error {
    fn from(error: Error) -> Self {
        if let Error::Unavailable(cause) | Error::Internal(cause) = &error {
            tracing::error!(code = error.code().as_str(), %cause, "request failed");
        }
        async_graphql::Error::new(error.message()).extend_with(|_, extensions| error.write_extensions(extensions))
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound("There is no such object.".into()),
            DieselError::DatabaseError(kind, info) => match kind {
                // Named by the constraint until `on_unique` names the field.
                DatabaseErrorKind::UniqueViolation => {
                    Self::Conflict(crate::db::constraint_name(info.constraint_name(), info.message()), Vec::new())
                }
                DatabaseErrorKind::ForeignKeyViolation => Self::conflict(
                    "An object that this refers to, or that refers to it, has just changed. \
                     Read it again and repeat your change.",
                ),
                DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand => Self::Unavailable(info.message().into()),
                _ if is_transient(info.message()) => Self::Unavailable(info.message().into()),
                _ => Self::internal(info.message()),
            },
            other => Self::internal(other),
        }
    }
}

/// Messages of both back ends that mean "not now" and have no kind of their own in diesel.
fn is_transient(message: &str) -> bool {
    [
        "database is locked",
        "deadlock detected",
        "terminating connection",
        "connection closed",
        "the database system is",
        "disk is full",
    ]
    .iter()
    .any(|part| message.contains(part))
}

impl From<diesel_async::pooled_connection::bb8::RunError> for Error {
    fn from(error: diesel_async::pooled_connection::bb8::RunError) -> Self {
        use diesel_async::pooled_connection::bb8::RunError;
        Self::Unavailable(match error {
            // Connecting goes on in the background, and fails there; nobody is told how.
            RunError::TimedOut => "no database connection has become free in time: the database is away, or \
                                   ORGRAPH_DATABASE_CONNECTIONS is too few"
                .into(),
            error => format!("no database connection: {error}").into(),
        })
    }
}
