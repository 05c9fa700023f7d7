//! Bad input of every kind: one clear error, and nothing changed.

use serde_json::json;

use crate::support::{TestApp, on_each_database};

on_each_database!(
    all_bad_fields_are_listed_at_once,
    hostile_text_is_refused_or_kept_as_it_is,
    nothing_that_a_browser_would_run_is_kept_as_an_address,
    users_are_found_by_what_they_lack_and_when_they_came,
    pages_cursors_and_ids_that_make_no_sense_are_clear_errors,
    absent_keeps_and_null_clears,
    lists_page_through_everything_once_in_every_order,
    users_of_departments_and_roles_page_both_ways,
);

async fn all_bad_fields_are_listed_at_once(app: TestApp) {
    let answer = app.admin().await.run(
        "mutation($input: CreateUserInput!) { createUser(input: $input) { user { id } } }",
        json!({ "input": {
            "username": "no spaces please", "password": "short", "nickname": "n".repeat(65), "email": "nowhere", "phone": "call me",
            "avatar": "javascript:alert(1)", "deptId": "user_01h455vb4pex5vsknk084sn02q", "roleIds": ["role_x", "role_01h455vb4pex5vsknk084sn02q"],
        } }),
    ).await;
    assert_eq!(answer.code(), Some("BAD_USER_INPUT"));
    let fields: Vec<_> = answer.errors()[0]["extensions"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| format!("{} {}", field["path"].as_str().unwrap(), field["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        fields,
        [
            "input.username BAD_FORMAT",
            "input.nickname TOO_LONG",
            "input.email BAD_FORMAT",
            "input.phone BAD_FORMAT",
            "input.avatar BAD_FORMAT",
            "input.deptId WRONG_KIND",
            "input.roleIds.0 BAD_ID",
            "input.password TOO_SHORT",
            "input.password TOO_WEAK",
        ]
    );
}

/// The reference answered over-long text with a database error.
async fn hostile_text_is_refused_or_kept_as_it_is(app: TestApp) {
    let admin = app.admin().await;
    let create = "mutation($name: String!) { createDept(input: {name: $name}) { dept { name } } }";
    for (name, code) in [
        ("", "REQUIRED"),
        ("   ", "REQUIRED"),
        (&*"x".repeat(65), "TOO_LONG"),
        ("a\u{0}b", "BAD_FORMAT"),
        ("a\nb", "BAD_FORMAT"),
        ("Sales\u{200b}", "BAD_FORMAT"),
        ("a\u{202e}selaS", "BAD_FORMAT"),
        ("\u{200d}", "BAD_FORMAT"),
        (&*"😀".repeat(65), "TOO_LONG"),
    ] {
        let answer = admin.run(create, json!({ "name": name })).await;
        assert_eq!(answer.field().1, code, "{name:?}");
    }
    for name in ["'; drop table users; --", "100%_\\", "<script>", "Ünïcödé 部門 😀", "👩\u{200d}🚀", &"ß".repeat(64)]
    {
        let answer = admin.run(create, json!({ "name": name })).await;
        assert_eq!(answer.data()["createDept"]["dept"]["name"], name);
    }
    // A search means what it says, and knows every script.
    for (text, found) in [("100%_\\", 1), ("%", 1), ("_", 1), ("ÜNÏCÖDÉ", 1), ("部", 1), ("drop", 1), ("nothing", 0)]
    {
        let answer = admin
            .run("query($text: String) { depts(filter: {text: $text}) { totalCount } }", json!({ "text": text }))
            .await;
        assert_eq!(answer.data()["depts"]["totalCount"], found, "{text}");
    }
}

async fn nothing_that_a_browser_would_run_is_kept_as_an_address(app: TestApp) {
    let admin = app.admin().await;
    let create = "mutation($input: CreateMenuInput!) { createMenu(input: $input) { menu { path icon link } } }";
    let menu =
        |field: &str, value: &str| json!({ "input": { "title": "T", "name": "T", "kind": "MENU", field: value } });
    for field in ["path", "icon", "component", "link"] {
        for value in [" JavaScript:alert(1)", "data:text/html,<script>", "vbscript:x"] {
            let answer = admin.run(create, menu(field, value)).await;
            assert_eq!(answer.field(), (&*format!("input.{field}"), "BAD_FORMAT"), "{value}");
        }
    }
    let input = json!({ "title": "T", "name": "T", "kind": "MENU", "path": "/users/:id", "icon": "lucide:user" });
    let kept = admin.data(create, json!({ "input": input })).await;
    assert_eq!(kept["createMenu"]["menu"], json!({ "path": "/users/:id", "icon": "lucide:user", "link": null }));
}

async fn users_are_found_by_what_they_lack_and_when_they_came(app: TestApp) {
    let admin = app.admin().await;
    let user = app.user().login().await;
    let dept = admin.data("mutation { createDept(input: {name: \"D\"}) { dept { id } } }", json!({})).await;
    let input = json!({ "id": user.id, "version": 1, "deptId": dept["createDept"]["dept"]["id"] });
    admin.data("mutation($i: UpdateUserInput!) { updateUser(input: $i) { user { id } } }", json!({ "i": input })).await;
    let create = "mutation { createUser(input: {username: \"never\", password: \"Seldom-used-42\"}) { user { id } } }";
    admin.data(create, json!({})).await;
    for (filter, found) in [
        ("{hasDept: true}", vec![&*user.username]),
        ("{hasDept: false}", vec!["admin", "never"]),
        ("{lastLoginAt: {from: \"2026-01-01T00:00:00Z\"}}", vec!["admin", &*user.username]),
        ("{lastLoginAt: {until: \"2026-01-01T00:00:00Z\"}}", vec![]),
    ] {
        let query = format!("{{ users(filter: {filter}, orderBy: [{{field: USERNAME}}]) {{ nodes {{ username }} }} }}");
        let users = admin.data(&query, json!({})).await;
        let names: Vec<_> = users["users"]["nodes"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
        assert_eq!(names, found, "{filter}");
    }
}

async fn pages_cursors_and_ids_that_make_no_sense_are_clear_errors(app: TestApp) {
    let admin = app.admin().await;
    let page =
        admin.run("{ users(first: 1, orderBy: [{field: USERNAME}]) { pageInfo { endCursor } } }", json!({})).await;
    let cursor = page.data()["users"]["pageInfo"]["endCursor"].as_str().unwrap().to_owned();
    for (arguments, path, code) in [
        ("first: -1", "first", "TOO_SMALL"),
        ("first: 101", "first", "TOO_LARGE"),
        ("last: 101", "last", "TOO_LARGE"),
        ("offset: -5", "offset", "TOO_SMALL"),
        ("first: 1, last: 1", "first", "NOT_COMBINABLE"),
        ("after: \"x\", offset: 1", "offset", "NOT_COMBINABLE"),
        ("after: \"not a cursor\"", "after", "BAD_CURSOR"),
        (&*format!("after: \"{cursor}\""), "after", "BAD_CURSOR"),
        (&*format!("orderBy: [{{field: USERNAME}}], before: \"{}\"", &cursor[1..]), "before", "BAD_CURSOR"),
        ("filter: {deptId: \"role_01h455vb4pex5vsknk084sn02q\"}", "filter.deptId", "WRONG_KIND"),
        ("filter: {roleId: \"1\"}", "filter.roleId", "BAD_ID"),
    ] {
        let answer = admin.run(&format!("{{ users({arguments}) {{ nodes {{ id }} }} }}"), json!({})).await;
        assert_eq!(answer.field(), (path, code), "{arguments}");
    }
    let wrong = admin.run("{ user(id: \"dept_01h455vb4pex5vsknk084sn02q\") { id } }", json!({})).await;
    assert!(wrong.message().contains("id of a dept; a user id is needed"), "{}", wrong.message());
    let missing = admin.run("{ user(id: \"user_01h455vb4pex5vsknk084sn02q\") { id } }", json!({})).await;
    assert_eq!(missing.data()["user"], json!(null));
}

async fn absent_keeps_and_null_clears(app: TestApp) {
    let admin = app.admin().await;
    let made = admin.run(
        "mutation { createUser(input: {username: \"patch\", password: \"Secret-kettle-123\", email: \"p@example.com\", phone: \"555 1234\"}) { user { id } } }", json!({}),
    ).await;
    let id = made.data()["createUser"]["user"]["id"].clone();
    let update = "mutation($id: ID!, $version: Int!, $email: String, $phone: String) {
        updateUser(input: {id: $id, version: $version, email: $email, phone: $phone}) { user { email phone version } } }";
    // A variable that is not given is absent, one that is null is null.
    let answer = admin.run(update, json!({ "id": id, "version": 1, "email": null })).await;
    assert_eq!(answer.data()["updateUser"]["user"], json!({ "email": null, "phone": "555 1234", "version": 2 }));
    let same = admin.run(update, json!({ "id": id, "version": 2 })).await;
    assert_eq!(same.data()["updateUser"]["user"]["version"], 2, "nothing has changed");
}

async fn lists_page_through_everything_once_in_every_order(app: TestApp) {
    let admin = app.admin().await;
    let size = orgraph::demo::DemoSize { users: 57, depts: 9, roles: 3, operation_logs: 0 };
    orgraph::demo::run(&app.app, &size).await.unwrap();
    for order in [
        "",
        "{field: USERNAME}",
        "{field: STATUS, direction: DESC}, {field: NICKNAME}",
        "{field: NICKNAME, direction: DESC}, {field: CREATED_AT}",
        "{field: STATUS}, {field: STATUS, direction: DESC}",
    ] {
        let all = admin
            .run(&format!("{{ users(first: 100, orderBy: [{order}]) {{ totalCount nodes {{ id }} }} }}"), json!({}))
            .await;
        let all: Vec<_> = all.data()["users"]["nodes"].as_array().unwrap().clone();
        assert_eq!(all.len(), 58);
        for (size, cursor, info, has_more) in
            [("first", "after", "endCursor", "hasNextPage"), ("last", "before", "startCursor", "hasPreviousPage")]
        {
            let mut seen = Vec::new();
            let mut at = json!(null);
            loop {
                let query = format!(
                    "query($at: String) {{ users({size}: 7, {cursor}: $at, orderBy: [{order}]) {{ nodes {{ id }} pageInfo {{ {info} {has_more} }} }} }}"
                );
                let page = admin.run(&query, json!({ "at": at })).await;
                let page = page.data()["users"].clone();
                let nodes = page["nodes"].as_array().unwrap().clone();
                if size == "first" {
                    seen.extend(nodes)
                } else {
                    seen.splice(0..0, nodes);
                }
                at = page["pageInfo"][info].clone();
                if page["pageInfo"][has_more] == false {
                    break;
                }
            }
            assert_eq!(seen, all, "{order} {size}");
        }
        let jumped = admin
            .run(&format!("{{ users(first: 7, offset: 50, orderBy: [{order}]) {{ nodes {{ id }} }} }}"), json!({}))
            .await;
        assert_eq!(jumped.data()["users"]["nodes"], json!(all[50..57]));
    }
}

async fn users_of_departments_and_roles_page_both_ways(app: TestApp) {
    let admin = app.admin().await;
    let (one, other) = (admin.dept("One", None).await, admin.dept("Other", None).await);
    let role = app.user().permissions(&[]).scope("SELF").role_only().await;
    let grant =
        "mutation($id: ID!, $role: ID!) { setUserRoles(input: {userId: $id, roleIds: [$role]}) { user { id } } }";
    for dept in [&one, &other, &one, &one, &other, &one, &one, &one, &one] {
        let user = app.user().dept(dept).login().await;
        admin.data(grant, json!({ "id": user.id, "role": role })).await;
    }
    for (place, id, size) in [("dept", &one, 7), ("role", &role, 9)] {
        let users = async |page: &str| {
            let query = format!(
                "query($id: ID!) {{ {place}(id: $id) {{ users({page}) {{
                    nodes {{ id }} pageInfo {{ hasPreviousPage hasNextPage startCursor endCursor }} }} }} }}"
            );
            let users = admin.data(&query, json!({ "id": id })).await[place]["users"].clone();
            let ids: Vec<_> = users["nodes"].as_array().unwrap().iter().map(|user| user["id"].clone()).collect();
            let info = users["pageInfo"].clone();
            (ids, info["hasPreviousPage"] == true, info["hasNextPage"] == true, info)
        };
        let (all, ..) = users("first: 100").await;
        assert_eq!(all.len(), size);
        let (ids, before, after, info) = users("first: 3, offset: 2").await;
        assert_eq!((&ids[..], before, after), (&all[2..5], true, true));
        let back = format!("last: 3, before: {}", info["startCursor"]);
        let (ids, before, after, _) = users(&back).await;
        assert_eq!((&ids[..], before, after), (&all[..2], false, true));
        let (ids, before, after, info) = users("last: 3").await;
        assert_eq!((&ids[..], before, after), (&all[size - 3..], true, false));
        let (ids, before, ..) = users(&format!("last: 2, before: {}", info["startCursor"])).await;
        assert_eq!((&ids[..], before), (&all[size - 5..size - 3], true));
    }
}
