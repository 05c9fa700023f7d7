//! Column types that have one name and one meaning on every back end.
//!
//! | SQL type | PostgreSQL | SQLite | Rust |
//! |---|---|---|---|
//! | `Uuid` | `uuid` | 16-byte blob | [`Id`] |
//! | `Timestamptz` | `timestamptz` | microseconds since 1970 UTC | [`Timestamp`] |
//! | `Jsonb` | `jsonb` | text | [`Json`] |

use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::marker::PhantomData;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sqlite::{Sqlite, SqliteValue};

use crate::clock::Timestamp;

/// The SQL types that `schema.rs` is written in.
pub mod sql {
    pub use diesel::sql_types::{Binary, Bool, Int2, Int4, Int8, Nullable, SmallInt, Text, VarChar, Varchar};

    #[derive(Clone, Copy, Debug, Default, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(oid = 2950, array_oid = 2951))]
    #[diesel(sqlite_type(name = "Binary"))]
    pub struct Uuid;

    #[derive(Clone, Copy, Debug, Default, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(oid = 1184, array_oid = 1185))]
    #[diesel(sqlite_type(name = "Long"))]
    pub struct Timestamptz;

    #[derive(Clone, Copy, Debug, Default, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(oid = 3802, array_oid = 3807))]
    #[diesel(sqlite_type(name = "Text"))]
    pub struct Jsonb;

    impl diesel::sql_types::SqlOrd for Uuid {}
    impl diesel::sql_types::SqlOrd for Timestamptz {}

    // `table!` knows the name and gives such columns `+` and `-`.
    impl diesel::sql_types::ops::Add for Timestamptz {
        type Rhs = diesel::sql_types::Interval;
        type Output = Self;
    }
    impl diesel::sql_types::ops::Sub for Timestamptz {
        type Rhs = diesel::sql_types::Interval;
        type Output = Self;
    }
}

/// What an [`Id`] identifies: its prefix in the text form.
pub trait Kind: 'static {
    /// The type prefix of the TypeID (lower-case letters and inner underscores).
    const PREFIX: &'static str;
}

/// The id of one `K`: a UUIDv7 made by this server, written as a TypeID
/// (typeid specification 0.3: `user_01h455vb4pex5vsknk084sn02q`).
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Uuid)]
pub struct Id<K: 'static>(uuid::Uuid, PhantomData<fn() -> K>);

impl<K: Kind> Id<K> {
    /// A new id, later than all ids made before it by this process.
    pub fn new() -> Self {
        Self::from_uuid(uuid::Uuid::now_v7())
    }

    pub const fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    pub const fn uuid(self) -> uuid::Uuid {
        self.0
    }

    /// Reads the text form; the prefix must be that of `K`.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, uuid) = super::typeid::decode(text)?;
        (prefix == K::PREFIX).then(|| Self::from_uuid(uuid))
    }
}

impl<K: Kind> Default for Id<K> {
    fn default() -> Self {
        Self::new()
    }
}
impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::typeid::encode(K::PREFIX, self.0))
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<K: Kind> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, K: Kind> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not an id of this kind"))
    }
}

impl<K: Kind> ToSql<sql::Uuid, Pg> for Id<K> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}
impl<K: Kind> ToSql<sql::Uuid, Sqlite> for Id<K> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}
impl<K: 'static> FromSql<sql::Uuid, Pg> for Id<K> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(uuid::Uuid::from_slice(value.as_bytes())?, PhantomData))
    }
}
impl<K: 'static> FromSql<sql::Uuid, Sqlite> for Id<K> {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(uuid::Uuid::from_slice(value.read_blob())?, PhantomData))
    }
}

/// PostgreSQL counts from 2000-01-01.
const PG_EPOCH: i64 = 946_684_800_000_000;

impl ToSql<sql::Timestamptz, Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&(self.micros() - PG_EPOCH).to_be_bytes())?;
        Ok(IsNull::No)
    }
}
impl ToSql<sql::Timestamptz, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.micros());
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Timestamptz, Pg> for Timestamp {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let micros = i64::from_be_bytes(value.as_bytes().try_into()?);
        Timestamp::from_micros(micros.saturating_add(PG_EPOCH)).ok_or("time out of range".into())
    }
}
impl FromSql<sql::Timestamptz, Sqlite> for Timestamp {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Timestamp::from_micros(value.read_long()).ok_or("time out of range".into())
    }
}

/// A JSON document in a column.
#[derive(Clone, Debug, Default, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Jsonb)]
pub struct Json(pub serde_json::Value);

impl ToSql<sql::Jsonb, Pg> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(&[1])?; // the version of jsonb's binary format
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}
impl ToSql<sql::Jsonb, Sqlite> for Json {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}
impl FromSql<sql::Jsonb, Pg> for Json {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let bytes = value.as_bytes();
        let text = bytes.strip_prefix(&[1]).ok_or("unknown jsonb version")?;
        Ok(Self(serde_json::from_slice(text)?))
    }
}
impl FromSql<sql::Jsonb, Sqlite> for Json {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(value.read_text())?))
    }
}

/// Gives a field-less enum its number in a `smallint` column.
macro_rules! smallint_enum {
    ($name:ident { $($variant:ident = $number:literal),+ $(,)? }) => {
        impl<DB> diesel::serialize::ToSql<diesel::sql_types::SmallInt, DB> for $name
        where
            DB: diesel::backend::Backend,
            i16: diesel::serialize::ToSql<diesel::sql_types::SmallInt, DB>,
        {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, DB>,
            ) -> diesel::serialize::Result {
                match self {
                    $(Self::$variant => {
                        const NUMBER: &i16 = &$number;
                        <i16 as diesel::serialize::ToSql<diesel::sql_types::SmallInt, DB>>::to_sql(NUMBER, out)
                    })+
                }
            }
        }
        impl<DB> diesel::deserialize::FromSql<diesel::sql_types::SmallInt, DB> for $name
        where
            DB: diesel::backend::Backend,
            i16: diesel::deserialize::FromSql<diesel::sql_types::SmallInt, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                match <i16 as diesel::deserialize::FromSql<_, DB>>::from_sql(value)? {
                    $($number => Ok(Self::$variant),)+
                    other => Err(format!("no {} has the number {other}", stringify!($name)).into()),
                }
            }
        }
    };
}
pub(crate) use smallint_enum;
