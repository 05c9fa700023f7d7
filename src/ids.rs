//! The kinds of objects that have ids, and the prefixes of their text form.

use crate::db::types::{Id, Kind};

macro_rules! kinds {
    ($($(#[$doc:meta])* $id:ident, $kind:ident = $prefix:literal;)+) => {$(
        pub enum $kind {}
        impl Kind for $kind {
            const PREFIX: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $id = Id<$kind>;
    )+};
}

kinds! {
    UserId, UserKind = "user";
    RoleId, RoleKind = "role";
    MenuId, MenuKind = "menu";
    DeptId, DeptKind = "dept";
    SessionId, SessionKind = "session";
    LoginLogId, LoginLogKind = "loginlog";
    OperationLogId, OperationLogKind = "operationlog";
    /// A process that writes to the database; never leaves the server.
    NodeId, NodeKind = "node";
    /// A remembered password hash; never leaves the server.
    PasswordHistoryId, PasswordHistoryKind = "passwordhistory";
}
