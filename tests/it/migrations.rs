//! Both back ends have the same tables, and come up, down and up again.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};
use orgraph::db::{Backend, Database, migrate};
use tokio_postgres::NoTls;

use crate::support::{FreshDb, Kind};

fn folders(tree: &str) -> BTreeSet<String> {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(tree);
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(tree).unwrap() {
        let folder = entry.unwrap().path();
        for file in ["up.sql", "down.sql"] {
            assert!(folder.join(file).is_file(), "{} has no {file}", folder.display());
        }
        names.insert(folder.file_name().unwrap().to_string_lossy().into_owned());
    }
    names
}

#[test]
fn both_trees_have_the_same_folders() {
    let postgres = folders("postgres");
    assert!(!postgres.is_empty());
    assert_eq!(postgres, folders("sqlite"), "a migration exists twice, in folders of the same name");
}

/// Lines of text that a catalogue query gives.
async fn lines(backend: &Backend, sql: &str) -> BTreeSet<String> {
    match backend {
        Backend::Postgres { url } => {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            let connection = tokio::spawn(connection);
            let rows = client.query(sql, &[]).await.unwrap();
            drop(client);
            connection.await.unwrap().unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
        Backend::Sqlite { path } => {
            #[derive(QueryableByName)]
            struct Line {
                #[diesel(sql_type = diesel::sql_types::Text)]
                line: String,
            }
            let mut conn = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
            let rows: Vec<Line> = sql_query(sql).load(&mut conn).unwrap();
            rows.into_iter().map(|row| row.line).collect()
        }
    }
}

/// A question to the catalogue of either back end, whose answers shall be the same.
struct Question {
    about: &'static str,
    postgres: &'static str,
    sqlite: &'static str,
}

const QUESTIONS: [Question; 5] = [
    Question {
        about: "columns",
        postgres: "select c.table_name || '.' || c.column_name || ' '
                || case c.data_type
                    when 'character varying' then 'varchar(' || c.character_maximum_length || ')'
                    when 'uuid' then 'blob'
                    when 'timestamp with time zone' then 'bigint'
                    -- The only integer that SQLite counts up by itself; it has 64 bits there.
                    when 'bigint' then case when is_identity = 'YES' then 'integer' else 'bigint' end
                    when 'jsonb' then 'text'
                    else c.data_type end
                || case c.is_nullable when 'NO' then ' not null' else '' end
                || coalesce(' default ' || c.column_default, '') as line
            from information_schema.columns c
            where c.table_schema = 'public' and c.table_name not like '\\_\\_diesel%'",
        sqlite: "select t.name || '.' || c.name || ' ' || lower(c.type)
                || case c.\"notnull\" when 1 then ' not null' else '' end
                || coalesce(' default ' || c.dflt_value, '') as line
            from sqlite_schema t, pragma_table_info(t.name) c
            where t.type = 'table' and t.name not like '\\_\\_diesel%' escape '\\' and t.name not like 'sqlite%'",
    },
    Question {
        about: "primary keys",
        postgres: "select t.relname || ' (' || string_agg(a.attname, ', ' order by k.place) || ')' as line
            from pg_constraint p
            join pg_class t on t.oid = p.conrelid and t.relnamespace = 'public'::regnamespace
            cross join unnest(p.conkey) with ordinality k (attnum, place)
            join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
            where p.contype = 'p' and t.relname not like '\\_\\_diesel%'
            group by t.relname, p.conname",
        sqlite: "select name || ' (' || group_concat(col, ', ') || ')' as line from (
                select t.name as name, c.name as col from sqlite_schema t, pragma_table_info(t.name) c
                where t.type = 'table' and c.pk > 0 and t.name not like '\\_\\_diesel%' escape '\\'
                order by t.name, c.pk)
            group by name",
    },
    // PostgreSQL's own name is compared with the one that a violation on SQLite is reported under.
    Question {
        about: "unique constraints",
        postgres: "select t.relname || ' ' || u.conname as line
            from pg_constraint u
            join pg_class t on t.oid = u.conrelid and t.relnamespace = 'public'::regnamespace
            where u.contype = 'u'",
        sqlite: "select name || ' ' || name || '_' || group_concat(col, '_') || '_key' as line from (
                select t.name as name, i.name as key, c.name as col
                from sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
                where t.type = 'table' and i.origin = 'u' order by t.name, i.name, c.seqno)
            group by name, key",
    },
    Question {
        about: "foreign keys",
        postgres: "select t.relname || '.' || a.attname || ' references ' || r.relname || '.' || b.attname
                || ' on delete ' || case f.confdeltype when 'c' then 'cascade' when 'a' then 'no action'
                    when 'r' then 'restrict' when 'n' then 'set null' else f.confdeltype::text end as line
            from pg_constraint f
            join pg_class t on t.oid = f.conrelid and t.relnamespace = 'public'::regnamespace
            join pg_class r on r.oid = f.confrelid
            cross join unnest(f.conkey, f.confkey) k (own, other)
            join pg_attribute a on a.attrelid = t.oid and a.attnum = k.own
            join pg_attribute b on b.attrelid = r.oid and b.attnum = k.other
            where f.contype = 'f'",
        sqlite: "select t.name || '.' || f.\"from\" || ' references ' || f.\"table\" || '.' || f.\"to\"
                || ' on delete ' || lower(f.on_delete) as line
            from sqlite_schema t, pragma_foreign_key_list(t.name) f
            where t.type = 'table'",
    },
    Question {
        about: "indexes",
        postgres: "select pg_get_indexdef(i.indexrelid) as line
            from pg_index i
            join pg_class t on t.oid = i.indrelid and t.relnamespace = 'public'::regnamespace
            where t.relname not like '\\_\\_diesel%'
                and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u'))",
        sqlite: "select sql as line from sqlite_schema where type = 'index' and sql is not null",
    },
];

/// An index's definition with what the back ends write differently taken away.
fn plain(definition: &str) -> String {
    let mut plain = definition.to_lowercase();
    for ornament in ["using btree", "public.", "::text", "::character varying", "(", ")", " ", "\n"] {
        plain = plain.replace(ornament, "");
    }
    plain
}

async fn answers(backend: &Backend, question: &Question) -> BTreeSet<String> {
    let sql = match backend {
        Backend::Postgres { .. } => question.postgres,
        Backend::Sqlite { .. } => question.sqlite,
    };
    let lines = lines(backend, sql).await;
    if question.about == "indexes" { lines.iter().map(|line| plain(line)).collect() } else { lines }
}

async fn tables(backend: &Backend) -> BTreeSet<String> {
    let sql = match backend {
        Backend::Postgres { .. } => {
            "select relname::text as line from pg_class
                where relnamespace = 'public'::regnamespace and relkind <> 'i' and relname not like '\\_\\_diesel%'
            union all select typname::text from pg_type
                where typnamespace = 'public'::regnamespace and typrelid = 0 and typname not like '\\_%'
            union all select proname::text from pg_proc where pronamespace = 'public'::regnamespace"
        }
        Backend::Sqlite { .. } => {
            "select name as line from sqlite_schema
                where name not like '\\_\\_diesel%' escape '\\' and name not like 'sqlite%'
                and coalesce(tbl_name, '') not like '\\_\\_diesel%' escape '\\'"
        }
    };
    lines(backend, sql).await
}

async fn up_down_up(kind: Kind) {
    let Some(db) = FreshDb::empty(kind).await else { return };
    let database = Database::open(db.backend.clone(), 2).await.unwrap();
    let all: Vec<_> = folders("sqlite").into_iter().collect();

    let applied = migrate::run(&database).await.unwrap();
    assert_eq!(applied.len(), all.len());
    let mut first = Vec::new();
    for question in &QUESTIONS {
        first.push(answers(&db.backend, question).await);
    }
    assert!(migrate::run(&database).await.unwrap().is_empty(), "a second run has nothing to do");

    assert_eq!(migrate::revert_all(&database).await.unwrap().len(), all.len());
    assert_eq!(tables(&db.backend).await, BTreeSet::new(), "left behind");
    assert_eq!(migrate::status(&database).await.unwrap().pending, all);

    assert_eq!(migrate::run(&database).await.unwrap(), applied);
    for (question, first) in QUESTIONS.iter().zip(first) {
        assert!(!first.is_empty(), "no {} were found", question.about);
        assert_eq!(answers(&db.backend, question).await, first, "other {} the second time", question.about);
    }
}

mod up_down_and_up_again {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite() {
        up_down_up(Kind::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres() {
        up_down_up(Kind::Postgres).await;
    }
}

#[tokio::test]
async fn both_back_ends_have_the_same_tables() {
    let Some(postgres) = FreshDb::seeded(Kind::Postgres).await else { return };
    let Some(sqlite) = FreshDb::seeded(Kind::Sqlite).await else { return };
    let mut different = Vec::new();
    for question in &QUESTIONS {
        let (on_postgres, on_sqlite) =
            (answers(&postgres.backend, question).await, answers(&sqlite.backend, question).await);
        let only = |place, some: &BTreeSet<String>, others: &BTreeSet<String>| -> Vec<String> {
            some.difference(others).map(|line| format!("{} only on {place}: {line}", question.about)).collect()
        };
        let mut only_postgres = only("PostgreSQL", &on_postgres, &on_sqlite);
        // SQLite has no index on what is in a list.
        only_postgres.retain(|line| !line.contains("usinggin"));
        different.extend(only_postgres);
        different.extend(only("SQLite", &on_sqlite, &on_postgres));
    }
    assert!(different.is_empty(), "{different:#?}");
}

/// Deleting a row looks for those that refer to it: without an index, in the whole table.
#[tokio::test]
async fn every_foreign_key_has_an_index() {
    let Some(db) = FreshDb::seeded(Kind::Sqlite).await else { return };
    let bare = lines(
        &db.backend,
        "select t.name || '.' || f.\"from\" as line from sqlite_schema t, pragma_foreign_key_list(t.name) f
            where t.type = 'table' and not exists (
                select 1 from pragma_index_list(t.name) i, pragma_index_info(i.name) c
                where c.seqno = 0 and c.name = f.\"from\")",
    )
    .await;
    assert_eq!(bare, BTreeSet::new(), "foreign keys without an index");
}

/// A node that starts beside one that is busy writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_current_file_is_found_so_while_somebody_writes() {
    let db = FreshDb::seeded(Kind::Sqlite).await.unwrap();
    let Backend::Sqlite { path } = &db.backend else { unreachable!() };
    // Makes of it a file with a write-ahead log, as it is in use.
    drop(Database::open(db.backend.clone(), 2).await.unwrap());
    let mut writer = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    sql_query("BEGIN IMMEDIATE").execute(&mut writer).unwrap();
    let database = Database::open(db.backend.clone(), 2).await.unwrap();
    assert!(migrate::status(&database).await.unwrap().pending.is_empty());
    assert!(migrate::run(&database).await.unwrap().is_empty());
}
