//! Text with a little form, drawn from data. No markup is ever made from text.

use domain::rich_text::{Block, RichText, Span};
use leptos::prelude::*;

/// The blocks of a text, one below the other.
#[component]
pub fn RichTextView(text: RichText) -> impl IntoView {
    view! { <div class="rich">{text.0.into_iter().map(block).collect_view()}</div> }
}

fn block(block: Block) -> AnyView {
    match block {
        Block::Paragraph(spans) => view! { <p>{run(spans)}</p> }.into_any(),
        Block::List { is_ordered, items } => {
            let items = items.into_iter().map(|item| view! { <li>{run(item)}</li> }).collect_view();
            if is_ordered { view! { <ol>{items}</ol> }.into_any() } else { view! { <ul>{items}</ul> }.into_any() }
        }
        Block::Code(text) => view! { <pre tabindex="0"><code>{text}</code></pre> }.into_any(),
    }
}

fn run(spans: Vec<Span>) -> impl IntoView {
    spans.into_iter().map(span).collect_view()
}

fn span(span: Span) -> AnyView {
    let Span { text, is_strong, is_emphasized, is_code, link } = span;
    let text = if is_code { view! { <code>{text}</code> }.into_any() } else { text.into_any() };
    let text = if is_emphasized { view! { <em>{text}</em> }.into_any() } else { text };
    let text = if is_strong { view! { <strong>{text}</strong> }.into_any() } else { text };
    match link {
        Some(address) => {
            view! { <a class="link" href=address target="_blank" rel="nofollow ugc noopener noreferrer">{text}</a> }.into_any()
        }
        None => text,
    }
}
