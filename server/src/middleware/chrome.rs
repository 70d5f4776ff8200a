//! What stands around a page is read before the page is rendered, so that its first HTML has it.

use super::limit;
use crate::AppState;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use backend::limits::Action;
use domain::account::Viewer;
use std::time::Duration;

/// How long a page waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) async fn read(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if limit::action(request.method(), request.uri().path()) == Some(Action::Page) {
        let reader = request.extensions().get::<Viewer>().map(|viewer| viewer.id);
        // A page without it is a page still, and asks for it when it is open.
        match tokio::time::timeout(PATIENCE, state.backend.surroundings.of(reader)).await {
            Ok(Ok(chrome)) => {
                request.extensions_mut().insert(chrome);
            }
            Ok(Err(error)) => {
                let _logged = error.into_domain();
            }
            Err(_elapsed) => tracing::warn!("a page goes out without its side bar: the database takes too long"),
        }
    }
    next.run(request).await
}
