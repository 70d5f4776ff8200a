//! People.

use crate::schema::{stats, users};
use diesel::{expression::SqlLiteral, prelude::*, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    PictureId, UserId,
    account::Role,
    user::{Email, Username},
};
use uuid::Uuid;

diesel::define_sql_function! {
    /// PostgreSQL's own, which the unique indexes are on.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

pub(crate) fn role_from(text: &str) -> Role {
    if text == "admin" { Role::Admin } else { Role::Member }
}

/// Adds a member together with their row of experience points.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    id: UserId,
    username: &Username,
    email: &Email,
    password_hash: &str,
) -> QueryResult<()> {
    let row = (
        users::id.eq(id.0),
        users::username.eq(username.as_str()),
        users::email.eq(email.as_str()),
        users::display_name.eq(username.as_str()),
        users::password_hash.eq(password_hash),
    );
    diesel::insert_into(users::table).values(row).execute(connection).await?;
    diesel::insert_into(stats::table).values(stats::user_id.eq(id.0)).execute(connection).await?;
    Ok(())
}

/// The password hash of the account with this username or e-mail address.
pub(crate) async fn credentials(connection: &mut AsyncPgConnection, name: &str) -> QueryResult<Option<(UserId, String)>> {
    let by_name = users::table.select((users::id, users::password_hash));
    let name = name.to_lowercase();
    let found: Option<(Uuid, String)> = if name.contains('@') {
        by_name.filter(lower(users::email).eq(name)).first(connection).await.optional()?
    } else {
        by_name.filter(lower(users::username).eq(name)).first(connection).await.optional()?
    };
    Ok(found.map(|(id, hash)| (UserId(id), hash)))
}

pub(crate) async fn password_hash(connection: &mut AsyncPgConnection, id: UserId) -> QueryResult<Option<String>> {
    users::table.find(id.0).select(users::password_hash).first(connection).await.optional()
}

pub(crate) async fn set_password_hash(connection: &mut AsyncPgConnection, id: UserId, hash: &str) -> QueryResult<()> {
    diesel::update(users::table.find(id.0)).set(users::password_hash.eq(hash)).execute(connection).await?;
    Ok(())
}

pub(crate) async fn make_admin(connection: &mut AsyncPgConnection, id: UserId) -> QueryResult<()> {
    diesel::update(users::table.find(id.0)).set(users::role.eq("admin")).execute(connection).await?;
    Ok(())
}

/// Until the end of the transaction nobody else changes what is counted for these members.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, members: &[UserId]) -> QueryResult<()> {
    let rows = users::table.filter(users::id.eq_any(super::ids(members))).order(users::id).select(users::id);
    rows.for_no_key_update().load::<Uuid>(connection).await.map(|_locked| ())
}

/// The name and the words about oneself, as others read them.
pub(crate) async fn set_profile(
    connection: &mut AsyncPgConnection,
    id: UserId,
    display_name: &str,
    bio: &str,
) -> QueryResult<()> {
    diesel::update(users::table.find(id.0))
        .set((users::display_name.eq(display_name), users::bio.eq(bio)))
        .execute(connection)
        .await?;
    Ok(())
}

/// The name, the words about oneself, and the picture.
pub(crate) async fn profile(
    connection: &mut AsyncPgConnection,
    id: UserId,
) -> QueryResult<Option<(String, String, Option<PictureId>)>> {
    let profile = users::table.find(id.0).select((users::display_name, users::bio, users::avatar));
    let found: Option<(String, String, Option<Uuid>)> = profile.first(connection).await.optional()?;
    Ok(found.map(|(display_name, bio, avatar)| (display_name, bio, avatar.map(PictureId))))
}

pub(crate) async fn email(connection: &mut AsyncPgConnection, id: UserId) -> QueryResult<Option<String>> {
    users::table.find(id.0).select(users::email).first(connection).await.optional()
}

pub(crate) async fn set_email(connection: &mut AsyncPgConnection, id: UserId, email: &Email) -> QueryResult<()> {
    diesel::update(users::table.find(id.0)).set(users::email.eq(email.as_str())).execute(connection).await?;
    Ok(())
}

/// Everybody with rights on the whole site. The rows stay as they are until the transaction ends.
pub(crate) async fn lock_admins(connection: &mut AsyncPgConnection) -> QueryResult<Vec<UserId>> {
    let admins = users::table.filter(is_admin()).order(users::id).select(users::id).for_update();
    let ids: Vec<Uuid> = admins.load(connection).await?;
    Ok(ids.into_iter().map(UserId).collect())
}

/// Removes a member, and with them every row that belongs to them.
pub(crate) async fn delete(connection: &mut AsyncPgConnection, id: UserId) -> QueryResult<bool> {
    Ok(diesel::delete(users::table.find(id.0)).execute(connection).await? > 0)
}

pub(crate) async fn has_admin(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(users::table.filter(is_admin()))).get_result(connection).await
}

/// The words by which the index on them is found: it is not for whatever a parameter may be.
fn is_admin() -> SqlLiteral<Bool> {
    diesel::dsl::sql("users.role = 'admin'")
}
