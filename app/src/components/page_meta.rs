//! The title of a page and what other sites show of it.

use crate::platform;
use domain::PictureId;
use leptos::prelude::*;
use leptos_meta::Title;

/// What machines are told of a page.
#[derive(Debug, Clone, Default)]
#[allow(dead_code, reason = "only the server has somebody to tell")]
pub struct Description {
    pub title: String,
    pub text: String,
    /// What the page is about, in the words of Open Graph.
    pub kind: &'static str,
    /// The one address of the page, absolute.
    pub address: Option<String>,
    /// What it looks like, 16 by 9. Without one it looks like Learnify.
    pub picture: Option<PictureId>,
}

/// The title, the description, and both for social previews.
///
/// Only the title follows the visitor from page to page in the browser: whoever reads the rest loads each page anew.
#[component]
pub fn PageMeta(
    #[prop(into)] title: String,
    #[prop(into)] description: String,
    /// What the page is about, in the words of Open Graph.
    #[prop(default = "website")]
    kind: &'static str,
) -> impl IntoView {
    platform::describe(&Description { title: title.clone(), text: description, kind, address: None, picture: None });
    view! { <Title text=platform::title_text(&title)/> }
}
