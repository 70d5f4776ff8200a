//! Redirects lead to this site only.
//!
//! A form without script is answered with the page it came from, which is whatever `Referer` says.

use axum::{
    extract::Request,
    http::{HeaderValue, Uri, header, uri::Authority},
    middleware::Next,
    response::Response,
};
use domain::account::local_path;

pub(crate) async fn keep_local(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).and_then(|host| host.parse().ok());
    let mut response = next.run(request).await;
    if let Some(location) = response.headers().get(header::LOCATION) {
        let path = location.to_str().map_or_else(|_not_text| "/".to_owned(), |location| own_path(location, host.as_ref()));
        let path = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
        response.headers_mut().insert(header::LOCATION, path);
    }
    response
}

/// The path of an address on this host; home for every other.
fn own_path(location: &str, host: Option<&Authority>) -> String {
    let Ok(uri) = location.parse::<Uri>() else { return "/".to_owned() };
    match uri.authority() {
        None => local_path(location).to_owned(),
        Some(authority) if Some(authority) == host => {
            uri.path_and_query().map_or_else(|| "/".to_owned(), |path| local_path(path.as_str()).to_owned())
        }
        Some(_) => "/".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn other_hosts_become_home() {
        let host = "learn.example.org".parse().unwrap();
        for (location, expected) in [
            ("/sign-in?next=%2Fdashboard", "/sign-in?next=%2Fdashboard"),
            ("https://learn.example.org/sign-in?x=1", "/sign-in?x=1"),
            ("https://learn.example.org", "/"),
            ("https://evil.example/sign-in", "/"),
            ("https://learn.example.org.evil.example/", "/"),
            ("https://learn.example.org@evil.example/", "/"),
            ("//evil.example", "/"),
            ("javascript:alert(1)", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_path(location, Some(&host)), expected, "{location:?}");
        }
    }
}
