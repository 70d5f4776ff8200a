//! The server's side: who asks, of whom, and what else the response says.
//!
//! Everything here reads the context, which belongs to the reactive owner: call it before the first `.await`.

mod kept_cards;
mod report;

use super::PAGE_META;
use crate::{
    ApiError,
    components::page_meta::Description,
    performance::Report,
    state::PageStart,
    theme::{self, Theme},
};
use backend::{
    Backend,
    accounts::SessionToken,
    cache::Answer,
    chat::{Chat, Visitor},
    client::Client,
};
use domain::{
    account::Viewer,
    chrome::Chrome,
    picture::{self, COVER_WIDTHS, PictureFile, PictureFormat, PictureKind},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::{Link, Meta};

pub(crate) use kept_cards::keep_cards;

/// The services. Missing only while the routes are listed at start, when nothing may be called.
pub(crate) fn backend() -> Result<Backend, ApiError> {
    use_context::<Backend>().ok_or_else(|| domain::Error::Unavailable.into())
}

/// The person behind the request, if they are signed in.
pub(crate) fn viewer() -> Option<Viewer> {
    use_context::<Parts>()?.extensions.get::<Viewer>().cloned()
}

pub(crate) fn signed_in() -> Result<(Backend, Viewer), ApiError> {
    let viewer = viewer().ok_or(domain::Error::Unauthenticated)?;
    Ok((backend()?, viewer))
}

/// Whoever asks, with an account or without.
pub(crate) fn visitor() -> Result<(Backend, Visitor), ApiError> {
    let (backend, client) = (backend()?, client()?);
    let former = cookie(Chat::former_cookie_name(client.cookies_are_secure)).and_then(|sealed| backend.chat.former(&sealed));
    Ok((backend, Visitor { viewer: viewer(), former, client }))
}

/// The value of a cookie of the request.
fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    let cookies = parts.headers.get(header::COOKIE)?.to_str().ok()?;
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// How this server is doing, if the viewer may know.
pub(crate) fn report(backend: &Backend, viewer: &Viewer) -> Result<Report, ApiError> {
    let position = backend.events.position();
    Ok(report::report(position, &backend.performance.samples(viewer)?, backend.performance.uptime()))
}

/// Where the request comes from.
pub(crate) fn client() -> Result<Client, ApiError> {
    let client = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Client>().cloned());
    client.ok_or_else(|| domain::Error::Unavailable.into())
}

/// Tells the browser which page was opened, and lets it fetch the part of the program that the page needs.
pub(crate) fn announce_page(name: &'static str, part: &'static str) {
    leptos::prefetch_lazy_fn_on_server(part);
    let _nothing = view! { <Meta name=PAGE_META content=name/> }.to_html();
}

/// Sets the status of the page or of the answer.
pub(crate) fn set_status(status: StatusCode) {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(status);
    }
}

/// What the browser is told with the page: the viewer, and the settings it keeps in cookies.
pub(crate) fn page_start() -> PageStart {
    PageStart {
        viewer: viewer(),
        theme: cookie(theme::COOKIE).as_deref().and_then(Theme::from_name),
        has_narrow_side_bar: cookie(crate::state::SIDE_BAR_COOKIE).as_deref() == Some("narrow"),
        chrome: use_context::<Parts>().and_then(|parts| parts.extensions.get::<Chrome>().cloned()).unwrap_or_default(),
        is_theatre: cookie(crate::state::THEATRE_COOKIE).as_deref() == Some("on"),
        is_side_closed: cookie(crate::state::WATCH_SIDE_COOKIE).as_deref() == Some("closed"),
    }
}

/// Where the response says how old its data is.
pub(crate) struct Age(Option<ResponseOptions>);

/// Takes hold of the response before the first `.await`.
pub(crate) fn age() -> Age {
    Age(use_context())
}

impl Age {
    /// Takes the data out of an answer, and says so when it is not fresh (RFC 9211, Cache-Status).
    pub(crate) fn of<T>(&self, answer: Answer<T>) -> T {
        if let (Some(options), Some(status)) = (&self.0, answer.cache_status())
            && let Ok(status) = HeaderValue::from_str(&status)
        {
            options.insert_header(http::HeaderName::from_static("cache-status"), status);
        }
        answer.value
    }
}

/// Answers the request for a page with another page of this site.
pub(crate) fn redirect(path: &str) {
    if let (Some(options), Ok(location)) =
        (use_context::<ResponseOptions>(), HeaderValue::from_str(domain::account::local_path(path)))
    {
        options.insert_header(header::LOCATION, location);
        options.set_status(StatusCode::FOUND);
    }
}

/// The response as it can still be shaped, to be used after an `.await`.
pub(crate) struct Reply {
    options: Option<ResponseOptions>,
    client: Client,
    is_form: bool,
}

/// Takes hold of the response before the first `.await`.
pub(crate) fn reply() -> Result<Reply, ApiError> {
    let accepts = use_context::<Parts>().and_then(|parts| parts.headers.get(header::ACCEPT).cloned());
    let is_form = accepts.as_ref().and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("text/html"));
    Ok(Reply { options: use_context(), client: client()?, is_form })
}

impl Reply {
    /// Makes the browser keep the session's token.
    pub(crate) fn keep(&self, token: &SessionToken) {
        self.set_cookie(&token.to_cookie(self.client.cookies_are_secure));
    }

    /// Makes the browser say, until it is closed, who signed out in it.
    pub(crate) fn mark(&self, backend: &Backend, member: domain::UserId) -> Result<(), ApiError> {
        self.set_cookie(&backend.chat.former_cookie(member, self.client.cookies_are_secure)?);
        Ok(())
    }

    /// Makes the browser forget its session and what it cached while signed in.
    pub(crate) fn forget(&self) {
        self.set_cookie(&SessionToken::expired_cookie(self.client.cookies_are_secure));
        if let Some(options) = &self.options {
            options.insert_header(
                http::HeaderName::from_static("clear-site-data"),
                HeaderValue::from_static("\"cache\", \"storage\""),
            );
        }
    }

    /// Answers a plain form, sent without script, with the next page. A caller with script goes there by itself.
    pub(crate) fn go(&self, path: &str) {
        let (true, Some(options), Ok(location)) =
            (self.is_form, &self.options, HeaderValue::from_str(domain::account::local_path(path)))
        else {
            return;
        };
        options.insert_header(header::LOCATION, location);
        options.set_status(StatusCode::FOUND);
    }

    fn set_cookie(&self, cookie: &str) {
        if let (Some(options), Ok(value)) = (&self.options, HeaderValue::from_str(cookie)) {
            options.append_header(header::SET_COOKIE, value);
        }
    }
}

/// The title of a page, as markup: unlike other text, it is written into the head as it is given.
pub(crate) fn title_text(title: &str) -> String {
    title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Describes the page to machines, in the head of the document.
pub(crate) fn describe(description: &Description) {
    let Description { title, text, kind, address, picture } = description.clone();
    let origin = use_context::<Backend>().map(|backend| backend.public_origin.to_string()).unwrap_or_default();
    let address = address.map(|address| {
        view! {
            <Link rel="canonical" href=address.clone()/>
            <Meta property="og:url" content=address/>
        }
    });
    let (image, width, height) = match picture {
        Some(id) => {
            let [_, _, width] = COVER_WIDTHS;
            let file = PictureFile { width, format: PictureFormat::Jpeg };
            (picture::address(id, file), width, PictureKind::Thumbnail.height(width))
        }
        None => ("/social.png".to_owned(), 1200, 630),
    };
    let tags = view! {
        <Meta name="description" content=text.clone()/>
        <Meta property="og:title" content=title.clone()/>
        <Meta property="og:description" content=text/>
        <Meta property="og:site_name" content="Learnify"/>
        <Meta property="og:type" content=kind/>
        <Meta property="og:image" content=format!("{origin}{image}")/>
        <Meta property="og:image:width" content=width.to_string()/>
        <Meta property="og:image:height" content=height.to_string()/>
        <Meta property="og:image:alt" content=title.clone()/>
        <Meta name="twitter:card" content="summary_large_image"/>
        {address}
    };
    // Writing them puts them into the head. They are no part of the page, so that the browser need not know of them.
    let _nothing = tags.to_html();
}
