//! `GET /api/export`: everything that is stored about the member who asks, as a file.

use super::problem::Problem;
use crate::AppState;
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::account::Viewer;

pub(crate) async fn export(State(state): State<AppState>, viewer: Option<Extension<Viewer>>) -> Result<Response, Problem> {
    let Extension(viewer) = viewer.ok_or(domain::Error::Unauthenticated)?;
    let data = state.backend.personal_data.export(&viewer).await?;
    let mut response = Json(data).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Usernames are letters, digits and underscores, so nothing in the name needs quoting.
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"learnify-{}.json\"", viewer.username)) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}
