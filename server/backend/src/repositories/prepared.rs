//! Statements written as SQL, which a connection prepares once.

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::Untyped,
};

/// A statement whose text is always the same, for all that is asked with it.
///
/// Diesel has PostgreSQL parse and plan the text of `sql_query` each time, since it might be another one each time, of which
/// a connection would keep ever more.
///
/// After some uses PostgreSQL makes one plan for all values. So it is not for tables that are empty at one time and full at
/// another, nor where one value has a few rows and another a hundred thousand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prepared<Q>(Q);

/// What [`diesel::sql_query`] gives, with its values.
pub(crate) trait Prepare: Query<SqlType = Untyped> + Sized {
    /// Has each connection keep the statement. Its text may not depend on anything but the program.
    fn prepared(self) -> Prepared<Self> {
        Prepared(self)
    }
}

impl<Q: Query<SqlType = Untyped>> Prepare for Q {}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

/// It is known by its text.
impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}
