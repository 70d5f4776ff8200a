//! The words of a message: text nodes, and links that begin with http.

use domain::{
    chat::{Segment, segments},
    user::Username,
};
use leptos::prelude::*;

/// What an address in a message may do for its author: nothing.
const REL: &str = "nofollow ugc noopener noreferrer";

/// Draws the text of a message. `me` is the reader, whose own name stands out.
pub(super) fn body(text: &str, me: Option<&Username>) -> AnyView {
    segments(text)
        .into_iter()
        .map(|segment| {
            let shown = segment.shown().to_owned();
            match segment {
                Segment::Plain(_) | Segment::Emoji(..) => shown.into_any(),
                Segment::Link(address) => {
                    view! { <a class="link" href=address.to_owned() rel=REL target="_blank">{shown}</a> }.into_any()
                }
                Segment::Mention(_) => {
                    let is_me = me.is_some_and(|me| is_name(&shown, me));
                    view! { <span class="chat-mention" class:is-me=is_me>{shown}</span> }.into_any()
                }
                Segment::Code(_) => view! { <code class="chat-code">{shown}</code> }.into_any(),
                Segment::Block(_) => view! { <code class="chat-code is-block">{shown}</code> }.into_any(),
            }
        })
        .collect_view()
        .into_any()
}

/// Whether a message names somebody.
pub(super) fn names(text: &str, me: &Username) -> bool {
    segments(text).into_iter().any(|segment| matches!(segment, Segment::Mention(source) if is_name(source, me)))
}

fn is_name(mention: &str, me: &Username) -> bool {
    mention.trim_start_matches('@').eq_ignore_ascii_case(me.as_str())
}
