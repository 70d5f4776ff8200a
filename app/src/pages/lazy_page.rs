//! Pages whose code is downloaded when they are opened.

use crate::{backoff::Backoff, document, dom, platform};
use leptos::{LazyViewError, prelude::*, wasm_split::SplitLoaderError};
use leptos_router::ChooseView;
use std::pin::Pin;

type Later<T> = Pin<Box<dyn Future<Output = T>>>;

/// A page of the route table.
///
/// One type stands for all of them, so that the first download carries the router's part once.
#[derive(Clone, Copy)]
pub struct Page {
    pub(crate) name: &'static str,
    /// The part of the program that has the page's code; nothing for what the first download brings.
    pub(crate) part: Option<&'static str>,
    pub(crate) load: fn() -> Later<Result<(), SplitLoaderError>>,
    pub(crate) open: fn() -> Later<Result<AnyView, LazyViewError>>,
}

impl ChooseView for Page {
    async fn choose(self) -> AnyView {
        if let Some(part) = self.part {
            platform::announce_page(self.name, part);
        }
        (self.open)().await.unwrap_or_else(|_not_loaded| view! { <PartMissing/> }.into_any())
    }

    async fn preload(&self) {}
}

/// Loads the code of the page that the server rendered, and asks until it comes.
pub(crate) async fn load_opened_page(pages: &[Page]) {
    let Some(name) = document::meta(platform::PAGE_META) else { return };
    let Some(page) = pages.iter().find(|page| page.name == name) else { return };
    let mut backoff = Backoff::default();
    while (page.load)().await.is_err() {
        dom::sleep(backoff.next(js_sys::Math::random())).await;
    }
}

/// Makes a [`Page`] of a function: `lazy_page!(SETTINGS = settings_page in member)`.
///
/// Pages with the same part are downloaded together. Each page in a part of its own would cut the program
/// into more than a hundred pieces, one for every set of pages that share a function.
macro_rules! lazy_page {
    ($page:ident = $view:ident in $part:ident) => {
        pub(crate) const $page: $crate::pages::lazy_page::Page = {
            #[leptos::wasm_split::wasm_split($part, wasm_split_path = leptos::wasm_split, fallible, preload(load))]
            fn $view() -> Result<leptos::prelude::AnyView, leptos::LazyViewError> {
                Ok(self::$view())
            }
            $crate::pages::lazy_page::Page {
                name: stringify!($view),
                part: Some(stringify!($part)),
                load: || Box::pin(load()),
                open: || Box::pin($view()),
            }
        };
    };
}

pub(crate) use lazy_page;

/// What stands where a page's code could not be downloaded.
#[component]
fn PartMissing() -> impl IntoView {
    view! {
        <div class="page-narrow" role="alert">
            <h1 class="page-title">"This page did not load"</h1>
            <p class="panel-text">"A part of Learnify could not be fetched. Check your connection, then try again."</p>
            <button class="button button-primary" type="button" on:click=|_| document::reload()>"Try again"</button>
        </div>
    }
}
