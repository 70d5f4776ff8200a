//! The picture of a stream; without one, the color and pattern of its category, and the initials of the streamer.

use super::{
    icons::{Icon, Shape},
    picture::Picture,
};
use crate::format;
use domain::{Category, PictureId, picture::COVER_WIDTHS};
use leptos::prelude::*;

/// How many arrangements `style/cover.css` has.
const VARIANTS: u32 = 6;

/// The icon of a category.
pub fn category_shape(category: Category) -> Shape {
    match category {
        Category::Coding => Shape::Code,
        Category::Creativity => Shape::Palette,
        Category::Study => Shape::BookOpen,
        Category::Innovation => Shape::Lightbulb,
    }
}

/// A cover of 16 by 9. It repeats what stands beside it, so assistive technology passes it by.
#[component]
pub fn Cover(
    category: Category,
    /// Decides the arrangement, so that a streamer's cover stays the same.
    #[prop(into)]
    username: String,
    #[prop(into)] display_name: String,
    /// What the streamer chose, or a recent frame.
    #[prop(optional, into)]
    picture: Signal<Option<PictureId>>,
    /// How wide it is shown; as wide as a card, if nothing else is said.
    #[prop(default = "(width < 34rem) 78vw, 24rem")]
    sizes: &'static str,
) -> impl IntoView {
    let variant = format::variant_of(&username, VARIANTS);
    view! {
        <div class=format!("cover tint-{category} cover-{variant}") aria-hidden="true">
            <span class="cover-initials">{format::initials(&display_name)}</span>
            <Icon shape=category_shape(category)/>
            <Picture id=picture widths=COVER_WIDTHS sizes/>
        </div>
    }
}

/// The name of a category in its color.
#[component]
pub fn CategoryChip(category: Category) -> impl IntoView {
    view! { <span class=format!("chip tint-{category}")>{category.label()}</span> }
}
