//! An example organisation: the same people, departments, roles and habits each time, at any size.
//!
//! The people have no passwords, so an open demonstration is no open door; the administrator can set one.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | sizes, and how it all hangs together |
//! | `people.rs` | names |
//! | `repository.rs` | rows, many at a time |

mod people;
mod repository;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use crate::app::App;
use crate::audit::{OperationStatus, Write};
use crate::clock::Timestamp;
use crate::db::Lock;
use crate::db::types::Json;
use crate::domains::depts::model::{Dept, Descent};
use crate::domains::depts::service::DeptTreeKey;
use crate::domains::logs::model::{LoginLog, LoginOutcome, OperationLog};
use crate::domains::menus::model::{Menu, MenuKind};
use crate::domains::roles::model::{DataScope, Role, RoleDept, RoleMenu, UserRole};
use crate::domains::roles::service::RoleSnapshotKey;
use crate::domains::users::model::User;
use crate::domains::{Status, menus};
use crate::error::Result;
use crate::ids::{DeptId, LoginLogId, OperationLogId, RoleId};
use crate::security::Viewer;

/// How large the organisation is.
#[derive(Clone, Copy, Debug)]
pub struct DemoSize {
    pub users: u32,
    pub depts: u32,
    pub roles: u32,
    pub operation_logs: u32,
}

/// The department at the top; where it is, the organisation is.
const ROOT: &str = "Meridian Group";
/// How far back the logs go.
const HISTORY: Duration = Duration::from_secs(30 * 24 * 3600);
/// Rows in one statement: well within what each back end takes.
const CHUNK: usize = 1000;

/// Adds the organisation in one transaction. False if it is there already.
pub async fn run(app: &App, size: &DemoSize) -> Result<bool> {
    let viewer = Viewer::command("demo");
    let mut write = app.write(&viewer).await?;
    write.serialize(Lock::Migration).await?;
    if repository::has_dept(write.conn(), ROOT).await? {
        return Ok(false);
    }
    let menus = menus::service::all(&mut write).await?;
    let progress = Progress::new(size);
    let mut maker = Maker { rng: StdRng::seed_from_u64(20), now: app.clock.now(), progress };

    let depts = maker.depts(size.depts);
    repository::insert_depts(&mut write, &depts, &closure(&depts), CHUNK).await?;
    let roles = maker.roles(size.roles);
    let (role_menus, role_depts) = maker.grants(&roles, &menus, &depts);
    repository::insert_roles(&mut write, &roles, &role_menus, &role_depts, CHUNK).await?;
    let users = maker.users(size.users, &depts);
    for chunk in users.chunks(CHUNK) {
        let links = maker.holdings(chunk, &roles);
        repository::insert_users(&mut write, chunk, &links).await?;
        maker.progress.advance(chunk.len());
    }
    maker.logs(&mut write, &users, size.operation_logs as usize).await?;
    write.forget(&DeptTreeKey);
    write.forget(&RoleSnapshotKey);
    write.commit().await?;
    maker.progress.finish();
    Ok(true)
}

/// A bar that shows itself only when there is time to look at it.
struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    fn new(size: &DemoSize) -> Self {
        let rows = u64::from(size.users) * 6 + u64::from(size.operation_logs);
        let bar = ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("  Example organisation {bar:30} {percent}% of {len} rows");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar, started: Instant::now() }
    }

    fn advance(&self, rows: usize) {
        if self.bar.is_hidden() && self.started.elapsed() > Duration::from_secs(1) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(rows as u64);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

struct Maker {
    rng: StdRng,
    now: Timestamp,
    progress: Progress,
}

impl Maker {
    /// Four levels: the group, its divisions, their departments, and teams.
    fn depts(&mut self, count: u32) -> Vec<Dept> {
        let count = count.max(1) as usize;
        let divisions = (count / 10).clamp(1, people::DIVISIONS.len());
        let departments = (count / 3).max(1);
        let mut depts: Vec<Dept> = Vec::with_capacity(count);
        for at in 0..count {
            let (name, parent) = match at {
                0 => (ROOT.to_owned(), None),
                _ if at <= divisions => (people::DIVISIONS[at - 1].to_owned(), Some(0)),
                _ if at <= divisions + departments => {
                    let nth = at - divisions - 1;
                    let parent = 1 + nth % divisions;
                    let kind = people::DEPARTMENTS[nth / divisions % people::DEPARTMENTS.len()];
                    (
                        format!(
                            "{} {kind}{}",
                            depts[parent].name,
                            numbered(nth / divisions / people::DEPARTMENTS.len())
                        ),
                        Some(parent),
                    )
                }
                _ => {
                    let nth = at - divisions - departments - 1;
                    let parent = 1 + divisions + nth % departments;
                    (format!("{} Team {}", depts[parent].name, 1 + nth / departments), Some(parent))
                }
            };
            depts.push(Dept {
                id: DeptId::new(),
                name,
                sort: i32::try_from(at).unwrap_or(i32::MAX),
                leader: Some(self.person().0),
                phone: Some(format!("+44 20 7946 {:04}", at % 10_000)),
                email: None,
                status: Status::Enabled,
                parent_id: parent.map(|parent: usize| depts[parent].id),
                version: 1,
                created_at: self.now,
                updated_at: self.now,
            });
        }
        depts
    }

    fn roles(&mut self, count: u32) -> Vec<Role> {
        let scopes = [DataScope::Own, DataScope::Dept, DataScope::DeptAndBelow, DataScope::Custom, DataScope::All];
        (0..count as usize)
            .map(|at| Role {
                id: RoleId::new(),
                name: format!("{}{}", people::ROLES[at % people::ROLES.len()], numbered(at / people::ROLES.len())),
                status: if at % 11 == 10 { Status::Disabled } else { Status::Enabled },
                data_scope: scopes[at % scopes.len()],
                remark: None,
                version: 1,
                created_at: self.now,
                updated_at: self.now,
            })
            .collect()
    }

    /// Each role reads everything that it can see, and the later ones change more and more of it.
    fn grants(&mut self, roles: &[Role], menus: &[Menu], depts: &[Dept]) -> (Vec<RoleMenu>, Vec<RoleDept>) {
        let mut role_menus = Vec::new();
        let mut role_depts = Vec::new();
        for (at, role) in roles.iter().enumerate() {
            let granted =
                menus.iter().filter(|menu| menu.kind != MenuKind::Button || self.rng.random_ratio(at as u32 % 4, 4));
            role_menus.extend(granted.map(|menu| RoleMenu { role_id: role.id, menu_id: menu.id }));
            if role.data_scope == DataScope::Custom {
                let chosen = depts.choose_multiple(&mut self.rng, 3.min(depts.len()));
                role_depts.extend(chosen.map(|dept| RoleDept { role_id: role.id, dept_id: dept.id }));
            }
        }
        (role_menus, role_depts)
    }

    /// A full name and the login name made of it.
    fn person(&mut self) -> (String, String) {
        let first = people::FIRST_NAMES.choose(&mut self.rng).copied().unwrap_or("Ada");
        let last = people::LAST_NAMES.choose(&mut self.rng).copied().unwrap_or("Byron");
        (format!("{first} {last}"), format!("{first}.{last}").to_lowercase())
    }

    fn users(&mut self, count: u32, depts: &[Dept]) -> Vec<User> {
        let mut taken: HashMap<String, usize> = HashMap::new();
        (0..count)
            .map(|at| {
                let (nickname, name) = self.person();
                let namesakes = taken.entry(name.clone()).or_default();
                *namesakes += 1;
                let username = if *namesakes == 1 { name } else { format!("{name}.{namesakes}") };
                let joined_at = self.now.minus(Duration::from_secs(self.rng.random_range(30..2000) * 86_400));
                User {
                    nickname,
                    email: Some(format!("{username}@meridian.example")),
                    phone: Some(format!("+44 7700 {:06}", at % 1_000_000)),
                    status: if self.rng.random_ratio(1, 20) { Status::Disabled } else { Status::Enabled },
                    is_staff: self.rng.random_ratio(1, 3),
                    dept_id: depts.choose(&mut self.rng).map(|dept| dept.id),
                    joined_at,
                    last_login_at: Some(self.past()),
                    ..User::new(username, self.now)
                }
            })
            .collect()
    }

    /// Two or three roles each.
    fn holdings(&mut self, users: &[User], roles: &[Role]) -> Vec<UserRole> {
        let mut links = Vec::new();
        for user in users {
            let count = if self.rng.random_bool(0.5) { 2 } else { 3 };
            let held = roles.choose_multiple(&mut self.rng, count.min(roles.len()));
            links.extend(held.map(|role| UserRole { user_id: user.id, role_id: role.id }));
        }
        links
    }

    /// Some moment of the last thirty days.
    fn past(&mut self) -> Timestamp {
        self.now.minus(Duration::from_secs(self.rng.random_range(0..HISTORY.as_secs())))
    }

    async fn logs(&mut self, write: &mut Write<'_>, users: &[User], operations: usize) -> Result<()> {
        if users.is_empty() {
            return Ok(());
        }
        let mut left = users.len() * 5;
        while left > 0 {
            let rows: Vec<_> = (0..left.min(CHUNK)).map(|_| self.login(users)).collect();
            left -= rows.len();
            self.progress.advance(rows.len());
            repository::insert_logins(write, rows).await?;
        }
        let mut left = operations;
        while left > 0 {
            let rows: Vec<_> = (0..left.min(CHUNK)).map(|_| self.operation(users)).collect();
            left -= rows.len();
            self.progress.advance(rows.len());
            repository::insert_operations(write, rows).await?;
        }
        Ok(())
    }

    fn address(&mut self) -> String {
        // TEST-NET-3 (RFC 5737): addresses that belong to nobody.
        format!("203.0.113.{}", self.rng.random_range(1..255))
    }

    fn login(&mut self, users: &[User]) -> LoginLog {
        let user = &users[self.rng.random_range(0..users.len())];
        let wrong = self.rng.random_ratio(1, 12);
        LoginLog {
            id: LoginLogId::new(),
            user_id: Some(user.id),
            username: user.username.clone(),
            outcome: if wrong { LoginOutcome::WrongPassword } else { LoginOutcome::Succeeded },
            ip: self.address(),
            user_agent: None,
            os: Some("Windows 10".into()),
            browser: Some("Firefox".into()),
            device: Some("pc".into()),
            created_at: self.past(),
        }
    }

    fn operation(&mut self, users: &[User]) -> OperationLog {
        let user = &users[self.rng.random_range(0..users.len())];
        let target = &users[self.rng.random_range(0..users.len())];
        let field = people::OPERATIONS.choose(&mut self.rng).copied().unwrap_or("updateUser");
        let denied = self.rng.random_ratio(1, 25);
        OperationLog {
            id: OperationLogId::new(),
            trace_id: format!("{:032x}", self.rng.random::<u128>()),
            user_id: Some(user.id),
            username: Some(user.username.clone()),
            session_id: None,
            operation: None,
            field: field.into(),
            input: Json(serde_json::json!({ "input": { "userId": target.id } })),
            targets: Json(serde_json::json!([target.id])),
            changes: Json(serde_json::json!([])),
            status: if denied { OperationStatus::Failed } else { OperationStatus::Succeeded },
            code: denied.then(|| "FORBIDDEN".into()),
            message: denied.then(|| "You need a permission for this.".into()),
            ip: Some(self.address()),
            user_agent: None,
            os: Some("Windows 10".into()),
            browser: Some("Firefox".into()),
            device: Some("pc".into()),
            duration_us: self.rng.random_range(500..50_000),
            created_at: self.past(),
        }
    }
}

/// Nothing for the first of its kind, a number for the others.
fn numbered(nth: usize) -> String {
    if nth == 0 { String::new() } else { format!(" {}", nth + 1) }
}

/// Every department with each of its ancestors. Parents come before their children.
fn closure(depts: &[Dept]) -> Vec<Descent> {
    let mut above: HashMap<DeptId, Vec<(DeptId, i32)>> = HashMap::new();
    let mut pairs = Vec::new();
    for dept in depts {
        let parents = dept.parent_id.and_then(|parent| above.get(&parent)).cloned().unwrap_or_default();
        let mut own: Vec<_> = parents.into_iter().map(|(id, depth)| (id, depth + 1)).collect();
        own.push((dept.id, 0));
        pairs.extend(own.iter().map(|(id, depth)| Descent { ancestor_id: *id, descendant_id: dept.id, depth: *depth }));
        above.insert(dept.id, own);
    }
    pairs
}
