//! WHEP: watching over HTTP, like WHIP the other way round.
//!
//! Any server takes the offer; one whose media is at another server passes it on, and the media itself goes straight.

use super::{guest::guest, node_client::FORWARDED, problem::Problem, signalling};
use crate::AppState;
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use backend::{broadcasts::Place, client::Client, media::Audience};
use domain::{UserId, account::Viewer};
use std::net::IpAddr;
use uuid::Uuid;

/// `POST /whep/{username}`.
pub(crate) async fn post(
    State(state): State<AppState>,
    Path(username): Path<String>,
    viewer: Option<axum::Extension<Viewer>>,
    axum::Extension(client): axum::Extension<Client>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let channel = state.backend.channels.id(&username, viewer.as_ref().map(|viewer| viewer.id)).await?;
    let offer = match signalling::offer(&headers, &body) {
        Ok(offer) => offer,
        Err(refused) => return Ok(refused.into_response()),
    };
    let (audience, new_guest) = if let Some(viewer) = viewer {
        (Audience { viewer: viewer.id.0, is_counted: viewer.id != channel }, None)
    } else {
        let (guest, cookie) = guest(&headers, &client);
        (Audience { viewer: guest, is_counted: true }, cookie)
    };
    let mut response = match state.backend.broadcasts.place(channel).await? {
        None => return Err(domain::Error::not_found("live stream").into()),
        Some(Place::Here) => watch(&state, channel, audience, &offer, signalling::host_address(&headers)).await,
        Some(Place::Elsewhere(address)) => pass_on(&state, &address, channel, audience, &headers, offer).await?,
    };
    if let Some(cookie) = new_guest {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn watch(state: &AppState, channel: UserId, audience: Audience, offer: &str, host: Option<IpAddr>) -> Response {
    use backend::media::Refusal;
    match state.backend.broadcasts.watch(channel, audience, offer, host).await {
        Ok(answer) => signalling::created("whep", state.backend.broadcasts.node(), answer),
        Err(refusal) => {
            let status = match refusal {
                Refusal::MalformedOffer => Some(StatusCode::BAD_REQUEST),
                Refusal::UnsupportedCodec => Some(StatusCode::NOT_ACCEPTABLE),
                _ => None,
            };
            let mut response = Problem::from(refusal).into_response();
            if let Some(status) = status {
                *response.status_mut() = status;
            }
            response
        }
    }
}

const VIEWER: &str = "x-learnify-viewer";
const IS_COUNTED: &str = "x-learnify-counted";
const HOST_ADDRESS: &str = "x-learnify-host";

async fn pass_on(
    state: &AppState,
    address: &str,
    channel: UserId,
    audience: Audience,
    headers: &HeaderMap,
    offer: String,
) -> Result<Response, Problem> {
    let mut forwarded = HeaderMap::new();
    forwarded.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/sdp"));
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            forwarded.insert(name, value);
        }
    };
    set(VIEWER, audience.viewer.to_string());
    set(IS_COUNTED, u8::from(audience.is_counted).to_string());
    // The caller reaches this machine at that address; it is the other server's only when they share it.
    if let Some(host) = signalling::host_address(headers).filter(IpAddr::is_loopback) {
        set(HOST_ADDRESS, host.to_string());
    }
    state.node_client.send(Method::POST, &format!("{address}/internal/whep/{channel}"), forwarded, offer).await
}

/// `POST /internal/whep/{channel}`: an offer that another server passes on.
pub(crate) async fn post_internal(
    State(state): State<AppState>,
    Path(channel): Path<UserId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    if !headers.contains_key(FORWARDED) || !state.node_client.is_from_server(&headers) {
        return Err(domain::Error::not_found("page").into());
    }
    let offer = match signalling::offer(&headers, &body) {
        Ok(offer) => offer,
        Err(refused) => return Ok(refused.into_response()),
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let viewer: Uuid = text(VIEWER).and_then(|text| text.parse().ok()).ok_or(domain::Error::Forbidden)?;
    let audience = Audience { viewer, is_counted: text(IS_COUNTED) == Some("1") };
    let host = text(HOST_ADDRESS).and_then(|text| text.parse().ok());
    Ok(watch(&state, channel, audience, &offer, host).await)
}
