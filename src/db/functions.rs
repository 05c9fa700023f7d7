//! SQL functions that mean the same on every back end.

use diesel::sql_types::{Nullable, Text};

/// Text in lower case. SQLite's own knows ASCII only, so there it is replaced on every connection: a search must
/// find `É` under `é` everywhere. (The second declaration is for that: the first one never sees a null.)
#[diesel::declare_sql_function]
extern "SQL" {
    fn lower(text: Text) -> Text;

    #[sql_name = "lower"]
    fn nullable_lower(text: Nullable<Text>) -> Nullable<Text>;
}
