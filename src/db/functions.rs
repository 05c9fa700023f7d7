//! SQL functions that mean the same on every back end.

/// Text in lower case. SQLite's own knows ASCII only, so there it is replaced on every connection: a search must
/// find `É` under `é` everywhere.
#[diesel::declare_sql_function]
extern "SQL" {
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}
