//! The program as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use orgraph::db::Backend;
use serde_json::{Value, json};

use super::app::ADMIN_PASSWORD;
use super::client::text;
use super::db::FreshDb;

/// The program itself, as an operator runs it.
pub struct Program {
    pub process: Child,
    pub url: String,
}

impl Program {
    /// With settings beside those that a test needs.
    pub fn start(db: &FreshDb, data: &std::path::Path, settings: &[(&str, &str)]) -> Self {
        let url = match &db.backend {
            Backend::Postgres { url } => url.clone(),
            Backend::Sqlite { path } => format!("sqlite://{}", path.display()),
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgraph"));
        // Not the settings of whoever runs the tests.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ORGRAPH_")) {
            command.env_remove(name);
        }
        let mut process = command
            .current_dir(data)
            .env("ORGRAPH_DATA_DIR", data)
            .env("ORGRAPH_DATABASE_URL", url)
            .env("ORGRAPH_LISTEN", "127.0.0.1:0")
            .env("ORGRAPH_BCRYPT_COST", "4")
            .env("ORGRAPH_LOG", "warn")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The welcome says where it listens.
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| line.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned));
        Self { process, url: url.expect("the server says its address") }
    }

    pub async fn run(&self, token: Option<&str>, query: &str, variables: Value) -> Option<Value> {
        run(&self.url, token, query, variables).await
    }

    pub async fn login(&self) -> String {
        let query =
            "mutation($password: String!) { login(input: {username: \"admin\", password: $password}) { accessToken } }";
        let answer = self.run(None, query, json!({ "password": ADMIN_PASSWORD })).await.unwrap();
        text(&answer["data"]["login"]["accessToken"])
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL: nothing is told, nothing can be finished.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// None if no whole answer came.
pub async fn run(url: &str, token: Option<&str>, query: &str, variables: Value) -> Option<Value> {
    let mut request = reqwest::Client::new().post(url).json(&json!({ "query": query, "variables": variables }));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    request.send().await.ok()?.json().await.ok()
}
