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
    pub username: String,
    pub password: String,
    pub refresh_token: String,
    /// The role that was made for the user; empty if there is none.
    pub role_id: String,
}

impl Client {
    pub(super) fn new(app: &TestApp) -> Self {
        Self {
            http: app.http.clone(),
            endpoint: format!("{}/graphql", app.url),
            token: None,
            id: String::new(),
            username: String::new(),
            password: String::new(),
            refresh_token: String::new(),
            role_id: String::new(),
        }
    }

    /// The same user, speaking to another node.
    pub fn on(&self, node: &TestApp) -> Self {
        Self { endpoint: Self::new(node).endpoint, ..self.clone() }
    }

    /// Whoever holds this token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client with a session.
    pub async fn login(mut self, username: &str, password: &str) -> Self {
        const LOGIN: &str =
            "mutation($input: LoginInput!) { login(input: $input) { accessToken refreshToken user { id } } }";
        let input = json!({ "username": username, "password": password });
        let answer = self.run(LOGIN, json!({ "input": input })).await;
        let login = &answer.data()["login"];
        self.token = Some(text(&login["accessToken"]));
        self.id = text(&login["user"]["id"]);
        self.refresh_token = text(&login["refreshToken"]);
        (self.username, self.password) = (username.to_owned(), password.to_owned());
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

    /// Makes a department.
    pub async fn dept(&self, name: &str, parent: Option<&str>) -> String {
        const CREATE: &str = "mutation($input: CreateDeptInput!) { createDept(input: $input) { dept { id } } }";
        let made = self.data(CREATE, json!({ "input": { "name": name, "parentId": parent } })).await;
        text(&made["createDept"]["dept"]["id"])
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

    /// What the only error says.
    #[track_caller]
    pub fn message(&self) -> &str {
        self.error()["message"].as_str().unwrap_or_default()
    }

    /// The codes of the bad fields that the only error names.
    #[track_caller]
    pub fn field(&self) -> (&str, &str) {
        let field = &self.error()["extensions"]["fields"][0];
        (field["path"].as_str().unwrap_or_default(), field["code"].as_str().unwrap_or_default())
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
    scope_depts: Option<Vec<String>>,
    is_staff: bool,
    is_superuser: bool,
    is_multi_login: bool,
    must_change_password: bool,
}

/// The password of every user but the administrator.
const PASSWORD: &str = "Passw0rd-of-a-user";

impl<'a> UserBuilder<'a> {
    pub(super) fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            permissions: Vec::new(),
            scope: None,
            dept: None,
            scope_depts: None,
            is_staff: false,
            is_superuser: false,
            is_multi_login: true,
            must_change_password: false,
        }
    }

    /// One session at a time.
    pub fn single_login(mut self) -> Self {
        self.is_multi_login = false;
        self
    }

    /// With a session that may only change the password.
    pub fn must_change_password(mut self) -> Self {
        self.must_change_password = true;
        self
    }

    /// Makes only the role.
    pub async fn role_only(self) -> String {
        let (app, admin) = (self.app, self.app.admin().await);
        self.role(admin, &format!("Role {}", app.number())).await
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

    /// The data scope `CUSTOM`.
    pub fn scope_depts(mut self, depts: &[&str]) -> Self {
        self.scope = Some("CUSTOM");
        self.scope_depts = Some(depts.iter().map(|id| (*id).to_owned()).collect());
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
            "deptId": self.dept, "roleIds": &roles, "isStaff": self.is_staff, "isMultiLogin": self.is_multi_login,
            "mustChangePassword": self.must_change_password,
        });
        let made = admin.data(CREATE, json!({ "input": input })).await;
        if self.is_superuser {
            const FLAGS: &str = "mutation($input: SetUserFlagsInput!) { setUserFlags(input: $input) { user { id } } }";
            let input = json!({ "userId": made["createUser"]["user"]["id"], "isSuperuser": true });
            admin.data(FLAGS, json!({ "input": input })).await;
        }
        let client = app.anonymous().login(&username, PASSWORD).await;
        Client { role_id: roles.into_iter().next().unwrap_or_default(), ..client }
    }

    async fn role(&self, admin: &Client, name: &str) -> String {
        const CREATE: &str = "mutation($input: CreateRoleInput!) { createRole(input: $input) { role { id } } }";
        let made = admin.data(CREATE, json!({ "input": { "name": name } })).await;
        let id = text(&made["createRole"]["role"]["id"]);
        if let Some(scope) = self.scope {
            const SET: &str =
                "mutation($input: SetRoleDataScopeInput!) { setRoleDataScope(input: $input) { role { id } } }";
            let input = json!({ "roleId": id, "dataScope": scope, "deptIds": self.scope_depts });
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
            found.unwrap_or_else(|| panic!("no menu of src/seed.rs carries {code}, and nothing else"))["id"].clone()
        };
        self.permissions.iter().map(carrying).collect()
    }
}
