//! Lists of the people around one channel.

use super::{Moment, count};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    PictureId, UserId,
    community::{Acquaintance, Circle, PEOPLE_PAGE, PeopleOrder, PeoplePage, PeopleQuery},
    person::Person,
    user::Username,
};
use uuid::Uuid;

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    username: String,
    #[diesel(sql_type = Text)]
    display_name: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    avatar: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    since: Moment,
    #[diesel(sql_type = Bool)]
    is_moderator: bool,
}

/// The table of a circle, the column of its owner, and that of the other person. Written into statements; never input.
const fn table(circle: Circle) -> (&'static str, &'static str, &'static str) {
    match circle {
        Circle::Followers => ("follows", "channel_id", "follower_id"),
        Circle::Moderators => ("moderators", "channel_id", "member_id"),
        Circle::Blocked => ("blocks", "blocker_id", "blocked_id"),
    }
}

/// One page of a circle. A page behind the last is the last.
pub(crate) async fn page(connection: &mut AsyncPgConnection, owner: UserId, query: &PeopleQuery) -> QueryResult<PeoplePage> {
    let (table, own, other) = table(query.circle);
    let pattern = contains(&query.search);
    let found = format!(
        "FROM {table} AS circle JOIN users ON users.id = circle.{other} \
         WHERE circle.{own} = $1 AND (lower(users.username) LIKE $2 OR lower(users.display_name) LIKE $2)"
    );
    let total: Total = diesel::sql_query(format!("SELECT count(*) AS n {found}"))
        .bind::<SqlUuid, _>(owner.0)
        .bind::<Text, _>(&pattern)
        .get_result(connection)
        .await?;
    let total = count(total.n);
    let length = u32::try_from(PEOPLE_PAGE).unwrap_or(u32::MAX);
    let n_pages = total.div_ceil(length).max(1);
    let page = query.page.clamp(1, n_pages);
    let order = match query.order {
        PeopleOrder::Newest => "circle.created_at DESC, users.id",
        PeopleOrder::Oldest => "circle.created_at, users.id",
        PeopleOrder::Name => "lower(users.display_name), users.id",
    };
    let statement = format!(
        "SELECT users.id, users.username, users.display_name, users.avatar, circle.created_at AS since, \
                EXISTS (SELECT FROM moderators WHERE channel_id = $1 AND member_id = users.id) AS is_moderator \
         {found} ORDER BY {order} LIMIT $3 OFFSET $4"
    );
    let rows: Vec<Row> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(owner.0)
        .bind::<Text, _>(&pattern)
        .bind::<BigInt, _>(i64::from(length))
        .bind::<BigInt, _>(i64::from(page - 1) * i64::from(length))
        .load(connection)
        .await?;
    let acquaintance = |row: Row| Acquaintance {
        person: Person {
            id: UserId(row.id),
            username: Username::from_stored(row.username),
            display_name: row.display_name,
            avatar: row.avatar.map(PictureId),
        },
        since: row.since.0,
        is_moderator: row.is_moderator,
    };
    Ok(PeoplePage { people: rows.into_iter().map(acquaintance).collect(), total, page, n_pages })
}

/// A pattern for whatever contains these words, with nothing in them that LIKE would take for its own.
fn contains(words: &str) -> String {
    let mut pattern = "%".to_owned();
    for c in words.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn what_like_would_interpret_is_escaped() {
        assert_eq!(contains(""), "%%");
        assert_eq!(contains("A_b"), "%a\\_b%");
        assert_eq!(contains("100%\\"), "%100\\%\\\\%");
    }
}
