//! Security headers on every response, and when to come back on those that say so.

use crate::{AppState, config::Config};
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};

/// What a browser may do with answers that are not pages: nothing.
const DATA_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'");

const NO_DEVICES: HeaderValue = HeaderValue::from_static(
    "camera=(), microphone=(), display-capture=(), geolocation=(), payment=(), usb=(), serial=(), midi=(), \
     fullscreen=(self), picture-in-picture=(self), autoplay=(self), screen-wake-lock=(self)",
);
const CAPTURE_DEVICES: HeaderValue = HeaderValue::from_static(
    "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=(), serial=(), \
     midi=(), fullscreen=(self), picture-in-picture=(self), autoplay=(self), screen-wake-lock=(self)",
);
/// Seconds after which what is not available now may be. A pool of connections takes about as long to heal.
pub(crate) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// The policy of pages.
#[derive(Clone, Copy)]
pub(crate) struct PagePolicy {
    pub is_https: bool,
    /// While the sources are watched: the port on which cargo-leptos tells pages to load anew.
    pub reload_port: Option<u16>,
}

impl PagePolicy {
    pub(crate) fn of(config: &Config) -> Self {
        Self { is_https: config.is_https(), reload_port: config.reload_port }
    }

    /// Scripts run by the nonce of this very response, and what they load by that trust.
    pub(crate) fn with(self, nonce: &str) -> String {
        let upgrade = if self.is_https { "; upgrade-insecure-requests" } else { "" };
        let reload = self.reload_port.map(|port| format!(" ws://127.0.0.1:{port} ws://localhost:{port}")).unwrap_or_default();
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
             img-src 'self' blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'{reload}; \
             worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
             frame-ancestors 'none'{upgrade}"
        )
    }
}

pub(crate) async fn set(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // A policy belongs to the document: the page that may use the camera must be loaded, not navigated to by script.
    let may_capture = request.uri().path().trim_end_matches('/') == "/dashboard";
    let is_signed_in = request.headers().contains_key(header::COOKIE);
    let mut response = next.run(request).await;
    let status = response.status();
    let headers = response.headers_mut();
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert(PERMISSIONS_POLICY, if may_capture { CAPTURE_DEVICES } else { NO_DEVICES });
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(DATA_POLICY);
    if is_page {
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.entry(header::RETRY_AFTER).or_insert(RETRY_AFTER);
    }
    if state.config.is_https() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
    // Pages carry a nonce, and often what only this person may see.
    if is_page || is_signed_in {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::PagePolicy;

    #[test]
    fn pages_reach_nothing_else_unless_the_sources_are_watched() {
        let served = PagePolicy { is_https: false, reload_port: None };
        assert!(served.with("n").contains("connect-src 'self';"));
        let watched = PagePolicy { reload_port: Some(3002), ..served };
        assert!(watched.with("n").contains("connect-src 'self' ws://127.0.0.1:3002 ws://localhost:3002;"));
    }
}
