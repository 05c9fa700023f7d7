use clap::{Args as _, Command, FromArgMatches as _};

use super::*;

fn command() -> Command {
    Settings::augment_args(Command::new("orgraph"))
}

/// Flags stand for every source here: tests share one environment, so they leave it alone.
fn read(flags: &[&str]) -> Result<Config, String> {
    let unset = |arg: clap::Arg| arg.env(None);
    let command = command().mut_args(unset);
    let matches = command.get_matches_from([&["orgraph"], flags].concat());
    let settings = Settings::from_arg_matches(&matches).expect("clap refuses no setting");
    Config::read(&settings).map_err(|problems| problems.to_string())
}

#[test]
fn defaults_are_good_and_both_lists_have_them() {
    command().debug_assert();
    read(&[]).expect("good defaults");
    let example = include_str!("../../.env.example");
    let readme = include_str!("../../README.md");
    for arg in command().get_arguments() {
        let name = arg.get_env().expect("every setting has a variable").to_string_lossy();
        let flag = arg.get_long().expect("every setting has a flag");
        assert_eq!(name, format!("ORGRAPH_{}", flag.to_uppercase().replace('-', "_")));
        let default = arg.get_default_values().first().map(|value| value.to_string_lossy());
        let line = format!("\n# {name}={}", default.as_deref().unwrap_or_default());
        let line = if default.is_some() { line + "\n" } else { line };
        assert!(example.contains(&line), ".env.example lacks{line}");
        let row = format!("| `{name}` | `--{flag}` |");
        let row = default.map_or(row.clone(), |default| format!("{row} `{default}` |"));
        assert!(readme.contains(&row), "README.md lacks {row}");
    }
}

#[test]
fn all_problems_are_listed_at_once_without_secrets() {
    let problems = read(&[
        "--listen=here",
        "--body-limit=1GiB",
        "--access-token-lifetime=15",
        "--database-url=mysql://root:hush@db/x",
        "--admin-password=hush",
        "--token-secret=hush,hush",
        "--log=verbose",
        "--demo-users=0",
    ]);
    let problems = problems.expect_err("nothing of this is right");
    assert!(problems.starts_with("8 settings are wrong:"), "{problems}");
    assert!(problems.contains("(--listen) is \"here\": must be an address"), "{problems}");
    assert!(!problems.contains("hush"), "{problems}");
}

#[test]
fn settings_that_contradict_each_other_are_a_problem() {
    let problems = read(&["--access-token-lifetime=2h", "--session-lifetime=1h"]).expect_err("longer than the session");
    assert!(problems.contains("is 2h: cannot be longer than ORGRAPH_SESSION_LIFETIME"), "{problems}");
    let problems =
        read(&["--session-idle-lifetime=25h", "--session-lifetime=24h"]).expect_err("longer than the session");
    assert!(problems.contains("(--session-idle-lifetime) is 25h: cannot be longer than"), "{problems}");
}

#[test]
fn values_are_typed() {
    let secrets = format!("{},{}", "a".repeat(32), "b".repeat(40));
    let config = read(&[
        "--listen=[::1]:80",
        "--body-limit=512KiB",
        "--session-lifetime=12h",
        "--graphiql=off",
        "--database-url=postgres://bob:hush@db:5433/org?sslmode=require",
        "--redis-url=rediss://:hush@cache/0",
        "--admin-password=hush4-mossy-kettle",
        "--token-secret",
        &secrets,
        "--demo",
    ]);
    let config = config.expect("good settings");
    assert_eq!(config.http.listen.to_string(), "[::1]:80");
    assert_eq!(config.http.body_limit, 512 * 1024);
    assert!(!config.http.graphiql);
    assert_eq!(config.auth.policy.session_lifetime.as_secs(), 12 * 3600);
    assert_eq!(config.auth.policy.session_idle_lifetime.as_secs(), 12 * 3600, "never longer than the session");
    assert_eq!(config.auth.token_secrets.as_ref().map(Vec::len), Some(2));
    assert_eq!(config.demo, Some(Demo { users: 1000, depts: 60, roles: 12, operation_logs: 5000 }));
    assert_eq!(config.database.url(), "postgres://bob:***@db:5433/org?sslmode=require");
    let shown = format!("{config:?}");
    assert!(!shown.contains("hush") && !shown.contains("aaaa"), "{shown}");
}

#[test]
fn passwords_in_urls_are_masked() {
    let masked = [
        ("redis://cache:6379", "redis://cache:6379"),
        ("postgres://bob@db/x", "postgres://bob@db/x"),
        ("postgres://bob:a/b@c@db/x?a=1&PassWord=p", "postgres://bob:***@db/x?a=1&PassWord=***"),
        ("bob:hush@db", "bob:***@db"),
    ];
    for (url, shown) in masked {
        assert_eq!(mask_url(url), shown);
    }
}

#[cfg(unix)]
#[test]
fn token_secret_is_made_once_and_refused_when_others_may_read_it() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use secrecy::ExposeSecret as _;

    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("data");
    let exposed = |secrets: &[secrecy::SecretString]| secrets[0].expose_secret().to_owned();
    assert!(data_dir::kept_secrets(&data).expect("no directory is fine").is_none());
    let made = exposed(&data_dir::make_secret(&data).expect("a secret"));
    assert_eq!(made, exposed(&data_dir::make_secret(&data).expect("the same secret")));
    assert_eq!(made, exposed(&data_dir::kept_secrets(&data).expect("readable").expect("kept")));
    assert_eq!(std::fs::read_dir(&data).expect("listed").count(), 1, "no drafts are left");
    set_permissions(data_dir::secret_file(&data), Permissions::from_mode(0o640)).expect("changed");
    let refused = data_dir::kept_secrets(&data).expect_err("readable by the group");
    assert!(refused.contains("mode 0640") && refused.contains("chmod 600"), "{refused}");
}
