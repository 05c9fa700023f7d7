//! Users who speak HTTP to the server, and the answers they get.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::app::TestApp;

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: String,
    /// The access token, if somebody is logged in.
    pub token: Option<String>,
    /// The id of who is logged in; empty for nobody.
    pub id: String,
}

impl Client {
    pub(super) fn new(app: &TestApp) -> Self {
        Self { http: app.http.clone(), endpoint: format!("{}/graphql", app.url), token: None, id: String::new() }
    }

    /// The same client with a session.
    pub async fn login(mut self, username: &str, password: &str) -> Self {
        const LOGIN: &str = "mutation($input: LoginInput!) { login(input: $input) { accessToken user { id } } }";
        let input = json!({ "username": username, "password": password });
        let answer = self.run(LOGIN, json!({ "input": input })).await;
        let login = &answer.data()["login"];
        self.token = Some(text(&login["accessToken"]));
        self.id = text(&login["user"]["id"]);
        self
    }

    /// Sends an operation by `POST`.
    pub async fn run(&self, query: &str, variables: Value) -> Answer {
        let mut request = self.http.post(&self.endpoint).json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("the answer is whole");
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into());
        Answer { status, headers, body, query: query.to_owned() }
    }

    /// Sends an operation that must succeed whole, and returns its data.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        self.run(query, variables).await.data().clone()
    }
}

/// The text in a JSON value that must be one.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// What the server has answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// As JSON; as a JSON string if it is not JSON.
    pub body: Value,
    query: String,
}

impl Answer {
    /// The data of an answer without errors.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert!(self.errors().is_empty() && !self.body["data"].is_null(), "{} gave {:#}", self.query, self.body);
        &self.body["data"]
    }

    pub fn errors(&self) -> &[Value] {
        self.body["errors"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The code of the only error; none if there is no error.
    #[track_caller]
    pub fn code(&self) -> Option<&str> {
        assert!(self.errors().len() <= 1, "{} gave several errors: {:#}", self.query, self.body);
        let error = self.errors().first()?;
        Some(error["extensions"]["code"].as_str().unwrap_or_else(|| panic!("an error has no code: {:#}", self.body)))
    }

    /// The only error.
    #[track_caller]
    pub fn error(&self) -> &Value {
        match self.errors() {
            [error] => error,
            _ => panic!("{} gave not one error: {:#}", self.query, self.body),
        }
    }
}

/// A user to be made by the administrator, with a role to match, all through the API.
pub struct UserBuilder<'a> {
    app: &'a TestApp,
    permissions: Vec<String>,
    scope: Option<&'static str>,
    dept: Option<String>,
    is_staff: bool,
    is_superuser: bool,
}

/// The password of every user but the administrator.
const PASSWORD: &str = "Passw0rd-of-a-user";

impl<'a> UserBuilder<'a> {
    pub(super) fn new(app: &'a TestApp) -> Self {
        Self { app, permissions: Vec::new(), scope: None, dept: None, is_staff: false, is_superuser: false }
    }

    /// Gives a role that grants exactly these.
    pub fn permissions(mut self, codes: &[&str]) -> Self {
        self.permissions.extend(codes.iter().map(|code| (*code).to_owned()));
        self
    }

    /// The data scope of the role: `ALL`, `DEPT_AND_BELOW`, `DEPT` or `SELF`.
    pub fn scope(mut self, scope: &'static str) -> Self {
        self.scope = Some(scope);
        self
    }

    pub fn dept(mut self, id: &str) -> Self {
        self.dept = Some(id.to_owned());
        self
    }

    pub fn staff(mut self) -> Self {
        self.is_staff = true;
        self
    }

    pub fn superuser(mut self) -> Self {
        self.is_superuser = true;
        self
    }

    /// Makes the user and logs in.
    pub async fn login(self) -> Client {
        let (app, admin) = (self.app, self.app.admin().await);
        let username = format!("user{}", app.number());
        let roles = if self.permissions.is_empty() && self.scope.is_none() {
            vec![]
        } else {
            vec![self.role(admin, &format!("Role of {username}")).await]
        };
        const CREATE: &str = "mutation($input: CreateUserInput!) { createUser(input: $input) { user { id } } }";
        let input = json!({
            "username": username, "password": PASSWORD, "nickname": format!("Nick {username}"),
            "email": format!("{username}@example.org"), "phone": "+44 20 7946 0000",
            "deptId": self.dept, "roleIds": roles, "isStaff": self.is_staff, "isMultiLogin": true,
        });
        let made = admin.data(CREATE, json!({ "input": input })).await;
        if self.is_superuser {
            const FLAGS: &str = "mutation($input: SetUserFlagsInput!) { setUserFlags(input: $input) { user { id } } }";
            let input = json!({ "userId": made["createUser"]["user"]["id"], "isSuperuser": true });
            admin.data(FLAGS, json!({ "input": input })).await;
        }
        app.anonymous().login(&username, PASSWORD).await
    }

    async fn role(&self, admin: &Client, name: &str) -> String {
        const CREATE: &str = "mutation($input: CreateRoleInput!) { createRole(input: $input) { role { id } } }";
        let made = admin.data(CREATE, json!({ "input": { "name": name } })).await;
        let id = text(&made["createRole"]["role"]["id"]);
        if let Some(scope) = self.scope {
            const SET: &str =
                "mutation($input: SetRoleDataScopeInput!) { setRoleDataScope(input: $input) { role { id } } }";
            let input = json!({ "roleId": id, "dataScope": scope });
            admin.data(SET, json!({ "input": input })).await;
        }
        if !self.permissions.is_empty() {
            const SET: &str = "mutation($input: SetRoleMenusInput!) { setRoleMenus(input: $input) { role { id } } }";
            let input = json!({ "roleId": id, "menuIds": self.menus(admin).await });
            admin.data(SET, json!({ "input": input })).await;
        }
        id
    }

    /// The menus that carry the permissions, one each.
    async fn menus(&self, admin: &Client) -> Vec<Value> {
        let listed = admin.data("{ menus(first: 100) { nodes { id permissions } } }", json!({})).await;
        let menus = listed["menus"]["nodes"].as_array().unwrap();
        let carrying = |code: &String| {
            let found = menus.iter().find(|menu| menu["permissions"] == json!([code]));
            found.unwrap_or_else(|| panic!("no menu carries {code}, and nothing else"))["id"].clone()
        };
        self.permissions.iter().map(carrying).collect()
    }
}
