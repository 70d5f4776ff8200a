//! What WHIP and WHEP have in common: the offer that comes in, the session that goes out, and how it is ended.

use super::{node_client::FORWARDED, problem::Problem};
use crate::AppState;
use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use backend::{broadcasts::Place, media::Answer};
use std::net::IpAddr;
use uuid::Uuid;

/// No session description of a browser or an encoder comes near this.
pub(crate) const MAX_OFFER: usize = 64 * 1024;

/// Reads the offer, or says why it is none.
pub(super) fn offer(headers: &HeaderMap, body: &Bytes) -> Result<String, NoOffer> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/sdp") {
        return Err(NoOffer::OtherMediaType);
    }
    match std::str::from_utf8(body) {
        Ok(text) if text.starts_with("v=0") => Ok(text.to_owned()),
        _ => Err(NoOffer::OtherText),
    }
}

/// Why a body is no offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoOffer {
    OtherMediaType,
    OtherText,
}

impl IntoResponse for NoOffer {
    fn into_response(self) -> Response {
        match self {
            Self::OtherMediaType => {
                // RFC 9110 section 12.5.1: what would be taken.
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, [(header::ACCEPT, "application/sdp")]).into_response()
            }
            Self::OtherText => {
                let problem = domain::Error::invalid("offer", "The body is not a session description.");
                (StatusCode::BAD_REQUEST, Problem(problem)).into_response()
            }
        }
    }
}

/// The address in `Host`, when it is one: the caller can reach that, so media may be sent there too.
pub(super) fn host_address(headers: &HeaderMap) -> Option<IpAddr> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let authority: axum::http::uri::Authority = host.parse().ok()?;
    authority.host().trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// RFC 9725 section 4.2: 201 with the answer, and where the session can be ended.
pub(super) fn created(protocol: &str, node: Uuid, answer: Answer) -> Response {
    let location = format!("/{protocol}/sessions/{node}/{}", answer.session);
    let mut response = (StatusCode::CREATED, answer.sdp).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/sdp"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&location) {
        headers.insert(header::LOCATION, value);
    }
    if let Ok(value) = HeaderValue::from_str(&format!("\"{}\"", answer.session)) {
        headers.insert(header::ETAG, value);
    }
    response
}

/// `DELETE` of a session: its name, which cannot be guessed, is the right to end it.
pub(crate) async fn delete(
    State(state): State<AppState>,
    Path((node, session)): Path<(Uuid, String)>,
    method: Method,
    uri: axum::http::Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let gone = || Problem(domain::Error::not_found("session"));
    match state.backend.broadcasts.place_of_node(node).await? {
        Some(Place::Here) => {
            let was_open = if uri.path().starts_with("/whip/") {
                state.backend.broadcasts.close_publisher(&session).await?
            } else {
                state.backend.broadcasts.close_viewer(&session).await
            };
            if was_open { Ok(StatusCode::OK.into_response()) } else { Err(gone()) }
        }
        Some(Place::Elsewhere(address)) if !headers.contains_key(FORWARDED) => {
            let url = format!("{address}{}", uri.path());
            state.node_client.send(method, &url, HeaderMap::new(), String::new()).await
        }
        _ => Err(gone()),
    }
}

/// `PATCH` of a session. All candidates are in the answer, so a browser's own are not needed (RFC 9725 section 4.3).
pub(crate) async fn patch() -> StatusCode {
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::{host_address, offer};
    use axum::{
        body::Bytes,
        http::{HeaderMap, HeaderValue, header},
        response::IntoResponse,
    };

    #[test]
    fn only_session_descriptions_are_offers() {
        let check = |media_type: &'static str, body: &'static [u8]| {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(media_type))]);
            offer(&headers, &Bytes::from_static(body)).map_err(|refused| refused.into_response().status().as_u16())
        };
        assert_eq!(check("application/sdp", b"v=0\r\n"), Ok("v=0\r\n".to_owned()));
        assert!(check("Application/SDP; charset=utf-8", b"v=0\r\n").is_ok());
        assert_eq!(check("application/json", b"v=0\r\n"), Err(415));
        assert_eq!(check("application/sdp", b"\xff"), Err(400));
        assert_eq!(check("application/sdp", b""), Err(400));
    }

    #[test]
    fn a_host_may_be_an_address() {
        let check = |host: &'static str| host_address(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]));
        assert_eq!(check("10.0.0.1:3000"), Some([10, 0, 0, 1].into()));
        assert_eq!(check("[::1]:3000"), Some(std::net::Ipv6Addr::LOCALHOST.into()));
        assert_eq!(check("learn.example.org"), None);
    }
}
