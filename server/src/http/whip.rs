//! WHIP: publishing over HTTP (RFC 9725), from a browser with its session or from an encoder with a stream key.

use super::{problem::Problem, signalling};
use crate::AppState;
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{UserId, account::Viewer};

/// `POST /whip`.
pub(crate) async fn post(
    State(state): State<AppState>,
    viewer: Option<axum::Extension<Viewer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let channel = authorize(&state, viewer.map(|viewer| viewer.0), &headers).await?;
    let offer = match signalling::offer(&headers, &body) {
        Ok(offer) => offer,
        Err(refused) => return Ok(refused.into_response()),
    };
    let host = signalling::host_address(&headers);
    match state.backend.broadcasts.publish(channel, &offer, host).await {
        Ok(answer) => Ok(signalling::created("whip", state.backend.broadcasts.node(), answer)),
        Err(refusal) => {
            let is_malformed = refusal == backend::media::Refusal::MalformedOffer;
            let mut response = Problem::from(refusal).into_response();
            if is_malformed {
                *response.status_mut() = StatusCode::BAD_REQUEST;
            }
            Ok(response)
        }
    }
}

/// A stream key decides before a session: an encoder may run on a machine where somebody else is signed in.
async fn authorize(state: &AppState, viewer: Option<Viewer>, headers: &HeaderMap) -> Result<UserId, Problem> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let key = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")).ok_or(domain::Error::Unauthenticated)?;
        return Ok(state.backend.stream_keys.channel(key.trim()).await?);
    }
    Ok(viewer.ok_or(domain::Error::Unauthenticated)?.id)
}
