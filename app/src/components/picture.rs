//! An uploaded picture, in the size and format that fit.

use domain::{
    PictureId,
    picture::{self, PictureFile, PictureFormat},
};
use leptos::prelude::*;

/// The picture, while there is one. It lies over what would stand there without it, which is so the placeholder while it
/// loads; and it repeats what stands beside it, so assistive technology passes it by.
#[component]
pub fn Picture(
    #[prop(into)] id: Signal<Option<PictureId>>,
    /// The widths it is kept in.
    widths: [u32; 3],
    /// How wide it is shown, in the words of the attribute.
    sizes: &'static str,
) -> impl IntoView {
    // Another picture changes the addresses in place: the former one stays until the new one is here.
    let is_there = Memo::new(move |_| id.with(Option::is_some));
    let set = Signal::derive(move || id.get().map(|id| sources(id, widths)));
    let usual = Signal::derive(move || {
        id.get().map(|id| picture::address(id, PictureFile { width: widths[1], format: PictureFormat::Jpeg }))
    });
    move || {
        is_there.get().then(|| {
            view! {
                <picture class="picture">
                    <source type="image/webp" srcset=set sizes=sizes/>
                    <img src=usual alt="" loading="lazy" decoding="async"/>
                </picture>
            }
        })
    }
}

/// Every size with its width, for the browser to choose.
fn sources(id: PictureId, widths: [u32; 3]) -> String {
    let mut sources = String::new();
    for width in widths {
        if !sources.is_empty() {
            sources.push_str(", ");
        }
        sources.push_str(&picture::address(id, PictureFile { width, format: PictureFormat::Webp }));
        sources.push(' ');
        sources.push_str(&width.to_string());
        sources.push('w');
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::sources;
    use domain::PictureId;

    #[test]
    fn every_size_is_named_with_its_width() {
        let id: PictureId = "00000000-0000-0000-0000-000000000007".parse().expect("an id");
        assert_eq!(
            sources(id, [64, 128, 256]),
            format!("/pictures/{id}/64.webp 64w, /pictures/{id}/128.webp 128w, /pictures/{id}/256.webp 256w")
        );
    }
}
