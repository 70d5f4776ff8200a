//! The home page and the pages of categories as they were rendered, kept for a moment for visitors of whom nothing is known.
//!
//! - **A page is given away until an event of its topics comes**, or its lifetime is over. A change that is merged with
//!   others on its way to the readers is seen after the lifetime at the latest. The page holds the position that it was
//!   read at, so its events begin there and it is brought up to date as soon as it is open.
//! - **A page that was begun less than a second ago is given away whatever changed since**, and rendered anew meanwhile. Where
//!   streams start and stop all the time no page would be given twice otherwise, and everybody would wait for the next.
//! - **Single flight**: of those who wait for the same page one renders it. Who asked after a change does not wait for a
//!   page that was begun before it.
//! - **Every response has a nonce of its own.** The nonce with which a page was rendered is given to nobody: it marks
//!   where those of the responses stand.
//! - **Only what is whole is kept**: status 200, no cookie that is set, and nothing that says of itself that it is old.
//! - **Bounded** in bytes by [`MAX_BYTES`], and in keys by how many categories there are.
//!
//! Whoever sends another cookie than that of a guest may see something else: their own side bar, their theme. The page of
//! a channel is not kept, because its chat says what this visitor may write. `Cache-Control` of a request is not asked: who
//! reloads a page is given what is current, as everybody.

mod page;

use super::headers::PagePolicy;
use crate::{AppState, http::guest};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use backend::cache::Namespace;
use domain::{
    Category,
    event::{Position, Topic},
};
use leptos::nonce::Nonce;
use moka::future::Cache;
use page::Page;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// All pages together.
const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// The largest page that can be kept; the largest page there is has a fraction of it.
const MAX_PAGE: usize = 2 * 1024 * 1024;

/// How old a page may be that is given away although something changed since.
const PATIENCE: Duration = Duration::from_secs(1);
/// How old it must be to be rendered anew: so often at most, however often something changes.
const PACE: Duration = Duration::from_millis(125);

/// Which page, and when something last changed about it. So after a change no earlier page is found.
type Key = (Option<Category>, Position);

/// The pages that are kept. Cheap to clone.
#[derive(Clone)]
pub(crate) struct KeptPages(Option<Arc<Kept>>);

struct Kept {
    pages: Cache<Key, Arc<Page>>,
    /// The last one of each, whatever changed since; as many as there are categories, and one.
    last: Mutex<BTreeMap<Option<Category>, Arc<Last>>>,
    /// How old they may be.
    patience: Duration,
}

struct Last {
    page: Arc<Page>,
    /// Whether somebody renders it anew.
    is_renewed: AtomicBool,
}

/// What came of rendering a page.
enum Rendered {
    Page {
        page: Arc<Page>,
        /// Whether another rendered it.
        is_awaited: bool,
    },
    /// It cannot be kept.
    Other(Response),
}

impl KeptPages {
    /// Keeps each page for this long; not at all when it is zero.
    pub(crate) fn new(lifetime: Duration) -> Self {
        let pages = Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(|_, page: &Arc<Page>| u32::try_from(page.len()).unwrap_or(u32::MAX))
            .time_to_live(lifetime);
        let kept = || Arc::new(Kept { pages: pages.build(), last: Mutex::default(), patience: PATIENCE.min(lifetime) });
        Self((!lifetime.is_zero()).then(kept))
    }
}

impl Kept {
    /// A page that can be given away, and whether whoever asked is to render the next one meanwhile.
    async fn find(&self, key: &Key) -> Option<(Arc<Page>, bool)> {
        if let Some(page) = self.pages.get(key).await {
            return Some((page, false));
        }
        let last = self.last().get(&key.0).cloned()?;
        let age = last.page.began.elapsed();
        let is_due = || age >= PACE && !last.is_renewed.swap(true, Ordering::Relaxed);
        (age < self.patience).then(|| (Arc::clone(&last.page), is_due()))
    }

    /// Renders a page, or waits for somebody who does.
    async fn render(&self, key: Key, request: Request, next: Next) -> Rendered {
        let (mut rest, mut other) = (Some((request, next)), None);
        let render = async {
            let (request, next) = rest.take()?;
            let began = Instant::now();
            match read(next.run(request).await, began).await {
                Ok(page) => Some(Arc::new(page)),
                Err(response) => {
                    other = Some(response);
                    None
                }
            }
        };
        let page = self.pages.optionally_get_with(key, render).await;
        match (page, other, rest) {
            (Some(page), _, None) => {
                self.note(key.0, &page);
                Rendered::Page { page, is_awaited: false }
            }
            (Some(page), _, Some(_)) => Rendered::Page { page, is_awaited: true },
            (None, Some(response), _) => Rendered::Other(response),
            // Who rendered it found that it cannot be kept.
            (None, None, Some((request, next))) => Rendered::Other(next.run(request).await),
            (None, None, None) => Rendered::Other(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        }
    }

    fn note(&self, category: Option<Category>, page: &Arc<Page>) {
        let mut last = self.last();
        // One that took long may end after one that was begun later.
        if last.get(&category).is_none_or(|known| known.page.began < page.began) {
            last.insert(category, Arc::new(Last { page: Arc::clone(page), is_renewed: AtomicBool::new(false) }));
        }
    }

    fn last(&self) -> MutexGuard<'_, BTreeMap<Option<Category>, Arc<Last>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) async fn give(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (Some(kept), Some(category)) = (&state.kept_pages.0, category(&request)) else { return next.run(request).await };
    let (cache, namespace) = (&state.backend.cache, if category.is_some() { Namespace::Category } else { Namespace::Home });
    let topics: Vec<Topic> = [Topic::Streams].into_iter().chain(category.map(Topic::Category)).collect();
    let key = (category, state.backend.events.changed_at(&topics));
    let (takes_gzip, policy) = (page::takes_gzip(request.headers()), PagePolicy::of(&state.config));
    if let Some((page, is_due)) = kept.find(&key).await {
        if is_due {
            let kept = Arc::clone(kept);
            tokio::spawn(async move { kept.render(key, request, next).await });
        }
        cache.count_page(namespace, page.cost);
        return answer(&page, takes_gzip, policy);
    }
    match kept.render(key, request, next).await {
        Rendered::Page { page, is_awaited } => {
            // Whoever rendered it is counted by what that read.
            if is_awaited {
                cache.count_wait(namespace);
            }
            answer(&page, takes_gzip, policy)
        }
        Rendered::Other(response) => response,
    }
}

/// The category whose page is asked for, none for the home page. No page at all if what is asked for is not kept.
#[expect(clippy::option_option, reason = "the page that is no category's is the home page")]
fn category(request: &Request) -> Option<Option<Category>> {
    if request.method() != Method::GET || request.uri().query().is_some() || !is_nobody(request.headers()) {
        return None;
    }
    match request.uri().path() {
        "/" => Some(None),
        path => path.strip_prefix("/category/")?.parse().ok().map(Some),
    }
}

/// Whether no cookie changes the page.
fn is_nobody(headers: &HeaderMap) -> bool {
    let is_guest = |pair: &str| pair.trim().split_once('=').is_some_and(|(name, _)| guest::COOKIES.contains(&name));
    headers.get_all(header::COOKIE).iter().all(|value| value.to_str().is_ok_and(|text| text.split(';').all(is_guest)))
}

/// Takes a page out of a response that began at some moment, or answers the response if it cannot be kept.
async fn read(response: Response, began: Instant) -> Result<Page, Response> {
    let Some(nonce) = nonce_to_replace(&response) else { return Err(response) };
    let (parts, body) = response.into_parts();
    // Nothing is larger; a page that breaks off is none.
    let body = axum::body::to_bytes(body, MAX_PAGE).await.map_err(|error| {
        tracing::error!(%error, "a page could not be read");
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    })?;
    Ok(Page::new(parts.headers, &body, &nonce, began))
}

/// The nonce of a page that can be kept.
fn nonce_to_replace(response: &Response) -> Option<String> {
    let headers = response.headers();
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    let is_own = headers.contains_key(header::SET_COOKIE)
        || headers.contains_key(header::CONTENT_ENCODING)
        || headers.contains_key("cache-status");
    if response.status() != StatusCode::OK || !is_page || is_own {
        return None;
    }
    let policy = headers.get(header::CONTENT_SECURITY_POLICY)?.to_str().ok()?;
    let (_, nonce) = policy.split_once("'nonce-")?;
    let (nonce, _) = nonce.split_once('\'')?;
    (!nonce.is_empty()).then(|| nonce.to_owned())
}

fn answer(page: &Page, takes_gzip: bool, policy: PagePolicy) -> Response {
    let nonce = Nonce::new();
    let Ok(policy) = HeaderValue::from_str(&policy.with(&nonce)) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let mut headers: HeaderMap = page.headers.clone();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let body = if takes_gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        page.gzip(&nonce)
    } else {
        page.html(&nonce)
    };
    (headers, Body::from(body)).into_response()
}
