//! The links of members to other networks.

use crate::schema::social_links;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{UserId, social::SocialLink};

/// The links of a member, in their order.
pub(crate) async fn list(connection: &mut AsyncPgConnection, user: UserId) -> QueryResult<Vec<SocialLink>> {
    let rows: Vec<(String, String)> = social_links::table
        .filter(social_links::user_id.eq(user.0))
        .order(social_links::place.asc())
        .select((social_links::network, social_links::address))
        .load(connection)
        .await?;
    // The table's own check allows no other network; one that a later version took away is passed over.
    Ok(rows.into_iter().filter_map(|(slug, address)| Some(SocialLink { network: slug.parse().ok()?, address })).collect())
}

/// Puts these in the place of whatever links a member had.
pub(crate) async fn replace(connection: &mut AsyncPgConnection, user: UserId, links: &[SocialLink]) -> QueryResult<()> {
    diesel::delete(social_links::table.filter(social_links::user_id.eq(user.0))).execute(connection).await?;
    let rows: Vec<_> = links
        .iter()
        .zip(1_i16..)
        .map(|(link, place)| {
            (
                social_links::user_id.eq(user.0),
                social_links::network.eq(link.network.slug()),
                social_links::address.eq(&link.address),
                social_links::place.eq(place),
            )
        })
        .collect();
    diesel::insert_into(social_links::table).values(rows).execute(connection).await?;
    Ok(())
}
