//! Who sends a request, as worked out once at the way in.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Permission, Permissions, RefreshCookie, Scope};
use crate::audit::Action;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{DeptId, SessionId, UserId};

/// What is known of a request apart from who sends it.
#[derive(Clone, Debug, Default)]
pub struct RequestInfo {
    pub trace_id: String,
    /// Empty for commands of the command line.
    pub ip: String,
    pub user_agent: Option<String>,
    /// The name of the GraphQL operation, if it has one.
    pub operation: Option<String>,
    pub cookie: RefreshCookie,
}

/// Someone logged in, with what the session and the rights were when the request came in.
#[derive(Clone, Debug)]
pub struct Identity {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub username: String,
    pub dept_id: Option<DeptId>,
    pub is_superuser: bool,
    pub is_staff: bool,
    pub permissions: Permissions,
    pub scope: Scope,
    pub session_expires_at: Timestamp,
    /// Whether this session may do nothing but change the password. It has no rights and sees nothing but its
    /// own account then.
    pub must_change_password: bool,
}

/// The sender of a request: someone logged in, nobody in particular, or this program's own command line.
pub struct Viewer {
    identity: Result<Identity, &'static str>,
    pub request: RequestInfo,
    action: Mutex<Option<Arc<Action>>>,
    logged_in: OnceLock<UserId>,
}

impl Viewer {
    pub fn known(identity: Identity, request: RequestInfo) -> Self {
        Self { identity: Ok(identity), request, action: Mutex::default(), logged_in: OnceLock::new() }
    }

    /// Nobody; `why` tells what to do about it.
    pub fn anonymous(why: &'static str, request: RequestInfo) -> Self {
        Self { identity: Err(why), request, action: Mutex::default(), logged_in: OnceLock::new() }
    }

    /// This program itself, running a command: its writes are recorded under the command's name.
    pub fn command(name: &str) -> Self {
        let viewer = Self::anonymous(
            "a command has no session",
            RequestInfo { trace_id: uuid::Uuid::now_v7().simple().to_string(), ..RequestInfo::default() },
        );
        viewer.start(Action::new(name, serde_json::Value::Null));
        viewer
    }

    pub fn identity(&self) -> Result<&Identity> {
        self.identity.as_ref().map_err(|why| Error::Unauthenticated(why))
    }

    /// The same, if the session may do more than change the password.
    pub fn unrestricted(&self) -> Result<&Identity> {
        let identity = self.identity()?;
        if identity.must_change_password {
            return Err(Error::NotAllowed(
                "Your password has expired or was set by somebody else: change it with `changePassword` first.".into(),
            ));
        }
        Ok(identity)
    }

    pub fn must_change_password(&self) -> bool {
        self.identity.as_ref().is_ok_and(|identity| identity.must_change_password)
    }

    pub fn user_id(&self) -> Option<UserId> {
        self.identity.as_ref().ok().map(|identity| identity.user_id)
    }

    /// Whether this is the viewer's own account.
    pub fn is(&self, user: UserId) -> bool {
        self.user_id() == Some(user)
    }

    /// The same, or that of whom this request has logged in: what somebody may read of themselves. Rules ask [`Self::is`].
    pub fn reads_as(&self, user: UserId) -> bool {
        self.is(user) || self.logged_in.get() == Some(&user)
    }

    /// Lets the rest of a request that has logged someone in read their own account. It gives no other right.
    pub fn has_logged_in(&self, user: UserId) {
        let _ = self.logged_in.set(user);
    }

    pub fn is_superuser(&self) -> bool {
        self.identity.as_ref().is_ok_and(|identity| identity.is_superuser)
    }

    pub fn permissions(&self) -> Permissions {
        self.identity.as_ref().map_or_else(|_| Permissions::default(), |identity| identity.permissions)
    }

    pub fn can(&self, permission: Permission) -> bool {
        self.permissions().contains(permission)
    }

    pub fn ensure(&self, permission: Permission) -> Result<()> {
        self.unrestricted()?;
        if self.can(permission) { Ok(()) } else { Err(Error::Forbidden(permission)) }
    }

    /// Refuses permissions that the viewer lacks: nobody can grant those, nor take them away, which would put whoever
    /// holds them within reach.
    pub fn ensure_holds(&self, changed: Permissions) -> Result<()> {
        let lacking = changed.without(self.permissions());
        if lacking.is_empty() {
            return Ok(());
        }
        Err(Error::NotAllowed(format!(
            "You cannot grant or take away what you do not hold yourself: {}.",
            lacking.codes()
        )))
    }

    /// The rows that are there for this viewer: none for nobody.
    pub fn scope(&self) -> &Scope {
        self.identity.as_ref().map_or(&Scope::Nothing, |identity| &identity.scope)
    }

    /// Notes which change the viewer is about to make: the next write belongs to it.
    pub fn start(&self, action: Action) -> Arc<Action> {
        let action = Arc::new(action);
        *self.action.lock().unwrap_or_else(PoisonError::into_inner) = Some(action.clone());
        action
    }

    /// The change that is being made. Root fields of a mutation run one after the other, so there is one.
    pub fn action(&self) -> Option<Arc<Action>> {
        self.action.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
