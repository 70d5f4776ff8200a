//! Time as PostgreSQL keeps it, and its own clock: what is compared with stored times is always the database's now.

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::{AsExpression, SqlLiteral},
    pg::{Pg, PgValue, data_types::PgTimestamp},
    serialize::{self, Output, ToSql},
    sql_types::Timestamptz,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::Timestamp;

/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const EPOCH_OFFSET: i64 = 946_684_800_000_000;

/// A `timestamptz`.
#[derive(Debug, Clone, Copy, FromSqlRow, AsExpression)]
#[diesel(sql_type = Timestamptz)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl FromSql<Timestamptz, Pg> for Moment {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let PgTimestamp(micros) = FromSql::<Timestamptz, Pg>::from_sql(value)?;
        Ok(Self(Timestamp(micros.saturating_add(EPOCH_OFFSET).div_euclid(1000))))
    }
}

impl ToSql<Timestamptz, Pg> for Moment {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let micros = self.0.0.saturating_mul(1000).saturating_sub(EPOCH_OFFSET);
        ToSql::<Timestamptz, Pg>::to_sql(&PgTimestamp(micros), &mut out.reborrow())
    }
}

/// What the database's clock tells; throughout a transaction it stands still.
pub(crate) async fn clock(connection: &mut AsyncPgConnection) -> diesel::QueryResult<Timestamp> {
    let told: Moment = diesel::select(now()).get_result(connection).await?;
    Ok(told.0)
}

/// The database's now.
pub(crate) fn now() -> SqlLiteral<Timestamptz> {
    diesel::dsl::sql("now()")
}

/// Some time before the database's now, for example `14 days`.
pub(crate) fn ago(interval: &'static str) -> SqlLiteral<Timestamptz> {
    diesel::dsl::sql(&format!("now() - interval '{interval}'"))
}
