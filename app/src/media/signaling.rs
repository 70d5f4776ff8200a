//! The HTTP side of WHIP and WHEP: an offer goes out, an answer and the session's address come back.

use crate::dom;
use gloo_net::http::Request;
use js_sys::Promise;
use serde::Deserialize;

/// Why the server, or the way to it, said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status, 0 if there was no answer.
    pub(crate) status: u16,
    /// A sentence for the user.
    pub(crate) message: String,
    /// How long the server asked us to wait.
    pub(crate) retry_after_seconds: Option<u32>,
}

impl Refusal {
    /// Something in the browser failed, before the server was asked.
    pub(super) fn local(message: &str) -> Self {
        Self { status: 0, message: message.to_owned(), retry_after_seconds: None }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self.status, 0 | 404 | 408 | 409 | 425 | 429 | 500..)
    }
}

/// What the server answered to an offer.
pub(super) struct Answer {
    pub(super) sdp: String,
    /// Where the session is ended.
    pub(super) location: String,
}

/// Sends an offer.
pub(super) async fn exchange(endpoint: &str, offer: String) -> Result<Answer, Refusal> {
    let lost = |_error| Refusal::local("We could not reach the server. Check your connection.");
    let request = Request::post(endpoint).header("Content-Type", "application/sdp").body(offer).map_err(lost)?;
    let response = request.send().await.map_err(lost)?;
    let headers = response.headers();
    let body = response.text().await.map_err(lost)?;
    if response.status() != 201 {
        return Err(refusal(response.status(), &body, headers.get("Retry-After").as_deref()));
    }
    let location = headers.get("Location").ok_or_else(|| refusal(502, "", None))?;
    Ok(Answer { sdp: body, location })
}

/// Ends a session. Also works while the page is being left, which an ordinary request would not survive.
pub(super) fn end(location: &str) -> Option<Promise> {
    let window = web_sys::window()?;
    let init = web_sys::RequestInit::new();
    init.set_method("DELETE");
    dom::set_property(&init, "keepalive", true);
    Some(window.fetch_with_str_and_init(location, &init))
}

/// What the server says of a refusal, as far as it is of use here.
#[derive(Deserialize)]
struct Problem {
    error: domain::Error,
}

fn refusal(status: u16, body: &str, retry_after: Option<&str>) -> Refusal {
    let error = serde_json::from_slice::<Problem>(body.as_bytes()).ok().map(|problem| problem.error);
    let retry_after_seconds = match &error {
        Some(domain::Error::RateLimited { retry_after_seconds }) => Some(*retry_after_seconds),
        _ => retry_after.and_then(|seconds| seconds.parse().ok()),
    };
    let message = error.map_or_else(|| "The server refused the connection.".to_owned(), |error| error.to_string());
    Refusal { status, message, retry_after_seconds }
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_refusal_speaks_the_servers_sentence() {
        let body = r#"{"kind":"rate_limited","message":"…","error":{"rate_limited":{"retry_after_seconds":7}}}"#;
        let refused = refusal(429, body, None);
        assert_eq!(refused.message, "Too many attempts. Please try again in 7 s.");
        assert_eq!(refused.retry_after_seconds, Some(7));
        assert!(refused.may_pass());
    }

    #[test]
    fn any_answer_is_understood_as_far_as_it_goes() {
        let refused = refusal(503, "<html>", Some("3"));
        assert_eq!(refused.message, "The server refused the connection.");
        assert_eq!(refused.retry_after_seconds, Some(3));
        assert_eq!(refusal(503, "", Some("soon")).retry_after_seconds, None);
        for (status, expected) in [(400, false), (401, false), (403, false), (404, true), (409, true), (415, false), (500, true)]
        {
            assert_eq!(refusal(status, "", None).may_pass(), expected, "{status}");
        }
    }
}
