//! Who asks: the address behind trusted proxies, the browser, and the person, if they are signed in.

use crate::{
    AppState,
    http::{
        events::{SessionSecret, session_token},
        problem::Problem,
    },
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use backend::client::{Client, browser_name};
use std::{collections::BTreeSet, net::IpAddr};

/// The address of the other end of the TCP connection.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub IpAddr);

pub(crate) async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let peer = request.extensions().get::<PeerAddress>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let client = Client {
        address: client_address(peer, headers, &state.config.trusted_proxies),
        browser: browser_name(user_agent),
        cookies_are_secure: state.config.is_https() || is_loopback(headers),
    };
    let token = session_token(headers, client.cookies_are_secure);
    request.extensions_mut().insert(client);
    if let Some(token) = token {
        match state.backend.accounts.viewer(&token).await {
            Ok(Some(viewer)) => {
                request.extensions_mut().insert(viewer);
                request.extensions_mut().insert(SessionSecret(token));
            }
            Ok(None) => {}
            // Reading goes on as a guest; a change must not fail with the wrong reason.
            Err(_) if request.method().is_safe() => {}
            Err(error) => return Problem::from(error).into_response(),
        }
    }
    next.run(request).await
}

/// The rightmost address that no trusted proxy has: what stands left of it could be anything.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &BTreeSet<IpAddr>) -> IpAddr {
    let mut address = peer.to_canonical();
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    while trusted.contains(&address) {
        let Some(hop) = hops.pop().and_then(|hop| hop.parse::<IpAddr>().ok()) else { break };
        address = hop.to_canonical();
    }
    address
}

/// Whether the browser speaks to its own machine, where it keeps `Secure` cookies without https.
fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let authority = host.and_then(|host| host.parse::<axum::http::uri::Authority>().ok());
    authority.is_some_and(|authority| {
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::{client_address, is_loopback};
    use axum::http::{HeaderMap, HeaderValue, header};
    use std::{collections::BTreeSet, net::IpAddr};

    fn check(peer: &str, forwarded: &'static str, trusted: &[&str], expected: &str) {
        let headers = HeaderMap::from_iter([("x-forwarded-for".parse().unwrap(), HeaderValue::from_static(forwarded))]);
        let trusted: BTreeSet<IpAddr> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(client_address(peer.parse().unwrap(), &headers, &trusted), expected.parse::<IpAddr>().unwrap());
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check("203.0.113.9", "10.0.0.1", &[], "203.0.113.9");
        check("10.0.0.1", "203.0.113.9", &["10.0.0.1"], "203.0.113.9");
        check("10.0.0.1", "1.2.3.4, 203.0.113.9", &["10.0.0.1"], "203.0.113.9");
        check("10.0.0.1", "1.2.3.4, 203.0.113.9, 10.0.0.2", &["10.0.0.1", "10.0.0.2"], "203.0.113.9");
        check("10.0.0.1", "not an address", &["10.0.0.1"], "10.0.0.1");
        check("::ffff:10.0.0.1", "203.0.113.9", &["10.0.0.1"], "203.0.113.9");
    }

    #[test]
    fn this_machine_is_recognised() {
        let check = |host: &'static str| is_loopback(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]));
        assert!(check("localhost:3000") && check("127.0.0.1:3000") && check("[::1]:3000"));
        assert!(!check("example.org") && !check("10.0.0.1:3000") && !check("localhost.example.org"));
    }
}
