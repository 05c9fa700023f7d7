//! The catalogue of rights.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Declares the catalogue once: variant, code, and what it allows.
macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal,)+) => {
        /// A right. Fields name one of these; menus carry their codes; roles grant menus.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Permission {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Permission {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code that menus carry and errors name: `module:object:action`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What it allows, in a sentence.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

permissions! {
    /// Read users within one's row scope.
    UserRead = "sys:user:read",
    /// Read users' e-mail addresses and phone numbers.
    UserContactRead = "sys:user:contact:read",
    /// Create users.
    UserAdd = "sys:user:add",
    /// Edit users, and enable or disable them.
    UserEdit = "sys:user:edit",
    /// Delete users.
    UserDelete = "sys:user:del",
    /// Choose the roles of users.
    UserRoleEdit = "sys:user:role:edit",
    /// Set new passwords for users.
    UserPasswordReset = "sys:user:password:reset",
    /// Let users log in again who are locked out after wrong passwords.
    UserUnlock = "sys:user:unlock",
    /// Read roles with their menus, holders and data scopes.
    RoleRead = "sys:role:read",
    /// Create roles.
    RoleAdd = "sys:role:add",
    /// Edit roles, and enable or disable them.
    RoleEdit = "sys:role:edit",
    /// Delete roles that nobody holds.
    RoleDelete = "sys:role:del",
    /// Choose the menus, and so the permissions, of roles.
    RoleMenuEdit = "sys:role:menu:edit",
    /// Choose the data scope of roles.
    RoleScopeEdit = "sys:role:scope:edit",
    /// Read the menu tree and the permission catalogue.
    MenuRead = "sys:menu:read",
    /// Create menus.
    MenuAdd = "sys:menu:add",
    /// Edit menus, and enable or disable them.
    MenuEdit = "sys:menu:edit",
    /// Delete menus without children.
    MenuDelete = "sys:menu:del",
    /// Read departments within one's row scope.
    DeptRead = "sys:dept:read",
    /// Create departments.
    DeptAdd = "sys:dept:add",
    /// Edit, move, enable and disable departments.
    DeptEdit = "sys:dept:edit",
    /// Delete departments without users and children.
    DeptDelete = "sys:dept:del",
    /// Read the log of logins.
    LoginLogRead = "log:login:read",
    /// Read the log of operations.
    OperationLogRead = "log:opera:read",
    /// Read the sessions of users within one's row scope.
    SessionRead = "monitor:session:read",
    /// End the sessions of users within one's row scope.
    SessionKick = "monitor:session:kick",
}

impl Permission {
    pub fn from_code(code: &str) -> Option<Self> {
        static BY_CODE: LazyLock<HashMap<&str, Permission>> = LazyLock::new(|| {
            let all = Permission::ALL.iter();
            all.map(|permission| (permission.code(), *permission)).collect()
        });
        BY_CODE.get(code).copied()
    }
}

/// A set of rights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u128);

const _: () = assert!(Permission::ALL.len() <= 128, "Permissions has 128 places");

/// By their codes, which mean the same in every version that shares a cache.
impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Permission::code))
    }
}
impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let codes = Vec::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Ok(codes.iter().filter_map(|code| Permission::from_code(code)).collect())
    }
}

impl Permissions {
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In the order of the catalogue.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }

    /// The codes, for a message.
    pub fn codes(self) -> String {
        let codes: Vec<_> = self.iter().map(|permission| format!("`{}`", permission.code())).collect();
        codes.join(", ")
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, permission| set | 1 << permission as u8))
    }
}
