//! What of a record its reader may see. A record is there for whoever sees the user who acted; what it tells of others is
//! for those who see these as well, and contact data for those who may read it at the users.

use std::collections::HashSet;

use serde::Deserialize as _;
use serde_json::Value;

use super::model::OperationLog;
use crate::audit::{Change, OperationStatus, REDACTED};
use crate::error::ErrorCode;
use crate::ids::{DeptId, SessionId, UserId};
use crate::security::{Permission, Viewer};

/// The fields of a user that need [`Permission::UserContactRead`].
const CONTACT: &[&str] = &["email", "phone"];

/// What of scoped tables a record names.
#[derive(Default)]
pub struct Mentioned {
    pub users: HashSet<UserId>,
    pub depts: HashSet<DeptId>,
    pub sessions: HashSet<SessionId>,
}

impl Mentioned {
    pub fn by(log: &OperationLog) -> Self {
        let mut mentioned = Self::default();
        [&log.targets.0, &log.input.0, &log.changes.0].into_iter().for_each(|part| mentioned.collect(part));
        // Of a long list in the input, a message may name what the record does not keep.
        let words = log.message.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c)));
        words.for_each(|word| mentioned.collect(&word.into()));
        mentioned
    }

    pub fn id(text: &str) -> Self {
        let mut mentioned = Self::default();
        mentioned.collect(&text.into());
        mentioned
    }

    fn collect(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                let text = plain(text);
                self.users.extend(UserId::parse(&text));
                self.depts.extend(DeptId::parse(&text));
                self.sessions.extend(SessionId::parse(&text));
            }
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Object(fields) => fields.values().for_each(|value| self.collect(value)),
            _ => {}
        }
    }

    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.depts.is_empty() && self.sessions.is_empty()
    }

    fn names(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.names_id(text),
            Value::Array(items) => items.iter().any(|item| self.names(item)),
            Value::Object(fields) => fields.values().any(|value| self.names(value)),
            _ => false,
        }
    }

    fn names_id(&self, text: &str) -> bool {
        let text = plain(text);
        UserId::parse(&text).is_some_and(|id| self.users.contains(&id))
            || DeptId::parse(&text).is_some_and(|id| self.depts.contains(&id))
            || SessionId::parse(&text).is_some_and(|id| self.sessions.contains(&id))
    }
}

/// An id that was refused for how it was written still says which one was meant.
fn plain(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// The objects that an operation has changed, without those that are `unseen`.
pub fn target_ids(log: &OperationLog, unseen: &Mentioned) -> Vec<String> {
    log.target_ids().filter(|target| !unseen.names_id(target)).map(str::to_owned).collect()
}

/// The changes that an operation has made, and whether a field is kept from the viewer: its values are null then.
pub fn changes(log: &OperationLog, viewer: &Viewer, unseen: &Mentioned) -> Vec<(Change, Vec<bool>)> {
    let changes = log.changes.0.as_array().into_iter().flatten();
    changes
        // A newer program may know changes that this one does not.
        .filter_map(|change| Change::deserialize(change).ok())
        .filter(|change| !unseen.names_id(&change.target))
        .map(|mut change| {
            let hides = hides_contact_of(viewer, &change.target);
            let mut hidden = Vec::with_capacity(change.fields.len());
            for field in &mut change.fields {
                let hide = hides && CONTACT.contains(&field.name.as_str())
                    || unseen.names(&field.before)
                    || unseen.names(&field.after);
                if hide {
                    (field.before, field.after) = (Value::Null, Value::Null);
                }
                hidden.push(hide);
            }
            (change, hidden)
        })
        .collect()
}

/// The arguments of an operation, as far as they tell of nothing unseen. One that has changed nothing may have been about
/// any user.
pub fn input(log: &OperationLog, viewer: &Viewer, unseen: &Mentioned) -> Value {
    if tells_of_unseen(log, viewer, unseen) {
        return Value::Null;
    }
    let mut input = log.input.0.clone();
    let mut targets = log.target_ids().peekable();
    let about_nothing = targets.peek().is_none() && !viewer.can(Permission::UserContactRead);
    if about_nothing || targets.any(|target| hides_contact_of(viewer, target)) {
        redact(&mut input);
    }
    input
}

/// Whether the arguments of an operation, and the message that it ended with, are kept from the viewer. A conflict tells
/// that what was asked for is taken or in use, by whomever; and a login that failed, of an account by its name.
pub fn tells_of_unseen(log: &OperationLog, viewer: &Viewer, unseen: &Mentioned) -> bool {
    let by_name = log.code.as_deref() == Some(ErrorCode::Conflict.as_str())
        || log.field == "login" && log.status == OperationStatus::Failed;
    let of_others = !viewer.scope().is_all() && !log.user_id.is_some_and(|user| viewer.is(user));
    !unseen.is_empty() || by_name && of_others
}

fn hides_contact_of(viewer: &Viewer, target: &str) -> bool {
    let of_user = UserId::parse(target);
    of_user.is_some_and(|user| !viewer.is(user)) && !viewer.can(Permission::UserContactRead)
}

fn redact(input: &mut Value) {
    match input {
        Value::Object(fields) => {
            for (name, value) in fields {
                if !CONTACT.contains(&name.as_str()) {
                    redact(value);
                } else if !value.is_null() {
                    *value = REDACTED.into();
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Timestamp;
    use crate::db::types::Json;
    use crate::ids::OperationLogId;
    use crate::security::{Identity, Permissions, RequestInfo, Scope};

    fn log(target: Option<String>) -> OperationLog {
        let fields = json!([
            { "name": "nickname", "before": "A", "after": "B" },
            { "name": "email", "before": null, "after": "b@example.org" },
        ]);
        let changes = target.iter().map(|target| json!({ "target": target, "kind": "updated", "fields": fields }));
        OperationLog {
            id: OperationLogId::new(),
            trace_id: "t".into(),
            user_id: None,
            username: None,
            session_id: None,
            operation: None,
            field: "updateUser".into(),
            input: Json(json!({ "input": { "nickname": "B", "email": "b@example.org", "phone": null } })),
            changes: Json(changes.collect()),
            targets: Json(target.iter().map(String::as_str).collect()),
            status: OperationStatus::Succeeded,
            code: None,
            message: None,
            ip: None,
            user_agent: None,
            os: None,
            browser: None,
            device: None,
            duration_us: 1,
            created_at: Timestamp::from_micros(0).unwrap(),
        }
    }

    fn viewer(user_id: UserId, permissions: &[Permission]) -> Viewer {
        let identity = Identity {
            user_id,
            session_id: SessionId::new(),
            username: "v".into(),
            dept_id: None,
            is_superuser: false,
            is_staff: false,
            permissions: permissions.iter().copied().collect::<Permissions>(),
            scope: Scope::All,
            session_expires_at: Timestamp::EPOCH,
            must_change_password: false,
        };
        Viewer::known(identity, RequestInfo::default())
    }

    /// Whether the e-mail address in the changes, and in the input, can be read.
    fn reads(log: &OperationLog, viewer: &Viewer) -> (Option<bool>, bool) {
        let changes = changes(log, viewer, &Mentioned::default());
        for (change, hidden) in &changes {
            assert_eq!((change.fields[0].after.as_str(), hidden[0]), (Some("B"), false));
            assert_eq!(change.fields[1].after.is_null(), hidden[1]);
        }
        let input = input(log, viewer, &Mentioned::default());
        assert_eq!((&input["input"]["nickname"], &input["input"]["phone"]), (&json!("B"), &Value::Null));
        (changes.first().map(|(_, hidden)| !hidden[1]), input["input"]["email"] == "b@example.org")
    }

    #[test]
    fn contact_data_of_others_needs_its_right() {
        let (user, other) = (UserId::new(), UserId::new());
        let (plain, allowed) = (viewer(user, &[]), viewer(user, &[Permission::UserContactRead]));
        let of_other = log(Some(other.to_string()));
        assert_eq!(reads(&of_other, &plain), (Some(false), false));
        assert_eq!(reads(&of_other, &allowed), (Some(true), true));
        assert_eq!(reads(&log(Some(user.to_string())), &plain), (Some(true), true));
        assert_eq!(reads(&log(Some(DeptId::new().to_string())), &plain), (Some(true), true));
        assert_eq!(reads(&log(None), &plain), (None, false));
        assert_eq!(reads(&log(None), &allowed), (None, true));
    }
}
