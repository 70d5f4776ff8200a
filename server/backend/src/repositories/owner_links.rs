//! One-time links that make somebody the owner of the site.

use crate::schema::owner_links;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Makes this the only link.
pub(crate) async fn replace(connection: &mut AsyncPgConnection, token_hash: &[u8]) -> QueryResult<()> {
    diesel::delete(owner_links::table).execute(connection).await?;
    diesel::insert_into(owner_links::table).values(owner_links::token_hash.eq(token_hash)).execute(connection).await?;
    Ok(())
}

/// Uses the link up. False when there is none of this token.
pub(crate) async fn take(connection: &mut AsyncPgConnection, token_hash: &[u8]) -> QueryResult<bool> {
    Ok(diesel::delete(owner_links::table.find(token_hash)).execute(connection).await? > 0)
}
