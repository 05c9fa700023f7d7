//! The example organisation.

use super::setting::{Problems, Setting, Source};
use super::values;

/// How large the example organisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demo {
    pub users: u32,
    pub depts: u32,
    pub roles: u32,
    pub operation_logs: u32,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Example organisation (serve)")]
pub struct DemoSettings {
    /// Add an example organisation, once
    #[arg(long, global = true, env = "ORGRAPH_DEMO", value_name = "on|off", default_value = "off")]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    demo: Setting,

    /// Its users (1 to 1000000)
    #[arg(long, global = true, env = "ORGRAPH_DEMO_USERS", value_name = "NUMBER", default_value = "1000")]
    demo_users: Setting,

    /// Its departments (1 to 10000)
    #[arg(long, global = true, env = "ORGRAPH_DEMO_DEPTS", value_name = "NUMBER", default_value = "60")]
    demo_depts: Setting,

    /// Its roles (1 to 1000)
    #[arg(long, global = true, env = "ORGRAPH_DEMO_ROLES", value_name = "NUMBER", default_value = "12")]
    demo_roles: Setting,

    /// Rows of its operation log (0 to 10000000)
    #[arg(long, global = true, env = "ORGRAPH_DEMO_OPERATION_LOGS", value_name = "NUMBER", default_value = "5000")]
    demo_operation_logs: Setting,
}

impl DemoSettings {
    /// `Some(None)` if none is asked for.
    pub(super) fn read(&self, problems: &mut Problems) -> Option<Option<Demo>> {
        let wanted = problems.read(&self.demo, values::switch);
        let users = problems.number(&self.demo_users, 1, 1_000_000);
        let depts = problems.number(&self.demo_depts, 1, 10_000);
        let roles = problems.number(&self.demo_roles, 1, 1_000);
        let operation_logs = problems.number(&self.demo_operation_logs, 0, 10_000_000);
        let demo = Demo { users: users?, depts: depts?, roles: roles?, operation_logs: operation_logs? };
        Some(wanted?.then_some(demo))
    }

    /// Whether a size is given.
    pub(super) fn is_sized(&self) -> bool {
        [&self.demo_users, &self.demo_depts, &self.demo_roles, &self.demo_operation_logs]
            .iter()
            .any(|setting| setting.source != Source::Default)
    }
}
