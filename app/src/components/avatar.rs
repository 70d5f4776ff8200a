//! A person's picture, or their initials on a color of their own.

use super::picture::Picture;
use crate::format;
use domain::{PictureId, picture::AVATAR_WIDTHS};
use leptos::prelude::*;

/// How many colors `style/avatar.css` has.
const COLORS: u32 = 8;

/// The picture of a person. It stands beside their name, so assistive technology passes it by.
#[component]
pub fn Avatar(
    /// Decides the color.
    #[prop(into)]
    username: String,
    /// Decides the initials.
    #[prop(into)]
    display_name: String,
    /// What they uploaded, if anything.
    #[prop(optional, into)]
    picture: Signal<Option<PictureId>>,
    #[prop(optional)] is_large: bool,
) -> impl IntoView {
    let (size, width) = if is_large { (" avatar-large", "3rem") } else { ("", "2.25rem") };
    let color = format::variant_of(&username, COLORS);
    view! {
        <span class=format!("avatar avatar-{color}{size}") aria-hidden="true">
            {format::initials(&display_name)}
            <Picture id=picture widths=AVATAR_WIDTHS sizes=width/>
        </span>
    }
}
