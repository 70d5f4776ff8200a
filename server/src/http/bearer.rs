//! Bearer tokens (RFC 6750) of programs: other servers and trusted services.

use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// Whether a request bears this very token. How long it takes tells nothing but its length.
pub(super) fn bears(headers: &HeaderMap, token: &SecretString) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    given.is_some_and(|given| given.as_bytes().ct_eq(token.expose_secret().as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::bears;
    use axum::http::{HeaderMap, HeaderValue, header};

    #[test]
    fn only_the_token_itself_is_the_token() {
        let check = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            bears(&headers, &"a token".to_owned().into())
        };
        assert!(check("Bearer a token"));
        for other in ["", "a token", "Bearer", "Bearer ", "Bearer a toke", "Bearer a token ", "Basic a token", "bearer a token"] {
            assert!(!check(other), "{other:?}");
        }
        assert!(!bears(&HeaderMap::new(), &"a token".to_owned().into()));
    }
}
