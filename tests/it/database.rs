//! What becomes of requests when the database gets in their way.

use diesel::{Connection as _, SqliteConnection};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection as _};
use futures_util::future::join_all;
use orgraph::db::{Backend, Conn, Database};
use orgraph::security::Viewer;
use serde_json::json;

use crate::support::{FreshDb, Kind, TestApp, on_each_database};

on_each_database!(who_waits_to_write_leaves_connections_to_readers, links_that_stay_are_not_touched);

/// On PostgreSQL writers take turns by a lock that they wait for with a connection in hand.
async fn who_waits_to_write_leaves_connections_to_readers(app: TestApp) {
    let command = Viewer::command("hold");
    // More than there are connections, and none is given back.
    let writes = join_all((0..8).map(|_| app.app.write(&command)));
    tokio::pin!(writes);
    tokio::select! {
        biased;
        _ = &mut writes => panic!("more writers than connections"),
        read = app.app.db.read() => drop(read.unwrap()),
    }
}

async fn execute(database: &Database, sql: &str) {
    match database.backend() {
        Backend::Postgres { .. } => {
            let Conn::Pg(mut conn, _) = database.read().await.unwrap() else { unreachable!() };
            conn.batch_execute(sql).await.unwrap();
        }
        // The program's own connections only read, or are busy.
        Backend::Sqlite { path } => {
            let mut conn = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
            diesel::connection::SimpleConnection::batch_execute(&mut conn, sql).unwrap();
        }
    }
}

/// What has happened to a table since [`watch`], in order.
async fn happened(database: &Database) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        what: String,
    }
    let query = diesel::sql_query("SELECT what FROM happened ORDER BY what");
    let rows: Vec<Row> = match database.read().await.unwrap() {
        Conn::Pg(mut conn, _) => RunQueryDsl::load(query, &mut *conn).await.unwrap(),
        Conn::Sqlite(mut conn) => RunQueryDsl::load(query, &mut *conn).await.unwrap(),
    };
    rows.into_iter().map(|row| row.what).collect()
}

async fn watch(database: &Database, table: &str) {
    let mut sql = "CREATE TABLE happened (what text);".to_owned();
    for what in ["insert", "update", "delete"] {
        sql += &match database.backend() {
            Backend::Postgres { .. } => format!(
                "CREATE FUNCTION note_{what}() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN INSERT INTO happened VALUES ('{what}'); RETURN NULL; END $$;
                CREATE TRIGGER note_{what} AFTER {what} ON {table} FOR EACH ROW EXECUTE FUNCTION note_{what}();"
            ),
            Backend::Sqlite { .. } => format!(
                "CREATE TRIGGER note_{what} AFTER {what} ON {table}
                    BEGIN INSERT INTO happened VALUES ('{what}'); END;"
            ),
        };
    }
    execute(database, &sql).await;
}

/// A list of links that is replaced as a whole is written as a difference.
async fn links_that_stay_are_not_touched(app: TestApp) {
    const SET: &str = "mutation($user: ID!, $roles: [ID!]!) { setUserRoles(input: {userId: $user, roleIds: $roles}) { user { id } } }";
    let (admin, user) = (app.admin().await, app.user().login().await);
    let mut roles = Vec::new();
    for _ in 0..4 {
        roles.push(app.user().permissions(&[]).scope("SELF").role_only().await);
    }
    admin.data(SET, json!({ "user": user.id, "roles": roles[..3] })).await;
    watch(&app.app.db, "user_roles").await;
    admin.data(SET, json!({ "user": user.id, "roles": roles[1..] })).await;
    assert_eq!(happened(&app.app.db).await, ["delete", "insert"]);
    admin.data(SET, json!({ "user": user.id, "roles": roles[1..] })).await;
    assert_eq!(happened(&app.app.db).await.len(), 2, "nothing was left to do");
}

/// As after a restart: the server has closed all connections, and takes new ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_connections_fail_no_request() {
    let Some(app) = TestApp::start(Kind::Postgres).await else { return };
    let admin = app.admin().await;
    let read = "{ users(first: 1) { totalCount } roles(first: 1) { totalCount } depts(first: 1) { totalCount } }";
    join_all((0..8).map(|_| admin.data(read, json!({})))).await;
    let other = Database::open(app.app.db.backend().clone(), 1).await.unwrap();
    let close = "DO $$ BEGIN
        WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()) LOOP
            PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid();
            PERFORM pg_stat_clear_snapshot();
        END LOOP;
        END $$";
    execute(&other, close).await;
    for _ in 0..8 {
        admin.data(read, json!({})).await;
    }
    let create = "mutation { createDept(input: {name: \"After\"}) { dept { name } } }";
    admin.data(create, json!({})).await;
}

/// A check that PostgreSQL makes at the end of a transaction: nobody was told before that it was done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_is_a_failure_with_a_record() {
    let Some(app) = TestApp::start(Kind::Postgres).await else { return };
    let admin = app.admin().await;
    let doom = "CREATE FUNCTION doom() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'too late'; END $$;
        CREATE CONSTRAINT TRIGGER doom AFTER INSERT ON depts DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.name = 'Doomed') EXECUTE FUNCTION doom()";
    execute(&app.app.db, doom).await;
    let answer = admin.run("mutation { createDept(input: {name: \"Doomed\"}) { dept { id } } }", json!({})).await;
    assert_eq!(answer.code(), Some("INTERNAL_SERVER_ERROR"), "{:#}", answer.body);
    assert!(!answer.body.to_string().contains("too late"), "{:#}", answer.body);
    let left = "{ depts(filter: {text: \"Doomed\"}) { totalCount }
        operationLogs(first: 1) { nodes { field status code targetIds } } }";
    let left = admin.data(left, json!({})).await;
    assert_eq!(left["depts"]["totalCount"], 0);
    let failed = json!({ "field": "createDept", "status": "FAILED", "code": "INTERNAL_SERVER_ERROR", "targetIds": [] });
    assert_eq!(left["operationLogs"]["nodes"][0], failed);
}

/// A database that something else uses too keeps what it has, and gets nothing of ours by halves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_something_else_are_left_alone() {
    let Some(db) = FreshDb::empty(Kind::Postgres).await else { return };
    let database = Database::open(db.backend.clone(), 2).await.unwrap();
    execute(&database, "CREATE TABLE roles (theirs int)").await;
    let error = orgraph::db::migrate::run(&database).await.unwrap_err().to_string();
    assert!(error.contains("\"roles\" already exists") && error.contains("of its own"), "{error}");
    let Conn::Pg(mut conn, _) = database.read().await.unwrap() else { unreachable!() };
    #[derive(diesel::QueryableByName)]
    struct Table {
        #[diesel(sql_type = diesel::sql_types::Text)]
        tablename: String,
    }
    let tables = diesel::sql_query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'");
    let tables: Vec<Table> = RunQueryDsl::load(tables, &mut *conn).await.unwrap();
    let tables: Vec<_> = tables.iter().map(|table| &*table.tablename).collect();
    assert_eq!(tables, ["roles"]);
}
