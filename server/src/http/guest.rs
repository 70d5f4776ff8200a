//! The name of a guest's browser, by which several tabs of it count as one.

use axum::http::{HeaderMap, HeaderValue};
use axum_extra::extract::CookieJar;
use backend::client::Client;
use uuid::Uuid;

/// A year, like other preferences.
const MAX_AGE: u32 = 365 * 24 * 60 * 60;

/// The cookie that keeps it, where cookies are secure and where they are not. What a page shows does not depend on it.
pub(crate) const COOKIES: [&str; 2] = [SECURE, INSECURE];
const SECURE: &str = "__Host-guest";
const INSECURE: &str = "guest";

/// The name, and the cookie that keeps it, if the browser had none.
pub(super) fn guest(headers: &HeaderMap, client: &Client) -> (Uuid, Option<HeaderValue>) {
    let cookie_name = if client.cookies_are_secure { SECURE } else { INSECURE };
    let cookies = CookieJar::from_headers(headers);
    if let Some(known) = cookies.get(cookie_name).and_then(|cookie| cookie.value().parse().ok()) {
        return (known, None);
    }
    let name = Uuid::new_v4();
    let secure = if client.cookies_are_secure { "; Secure" } else { "" };
    let cookie = format!("{cookie_name}={name}; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Lax{secure}");
    (name, HeaderValue::from_str(&cookie).ok())
}
