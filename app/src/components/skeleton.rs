//! Shapes that stand in for content while another page is being fetched, in its final size.

use leptos::prelude::*;

/// As many cards as fit one screen.
#[component]
pub fn CardSkeletons(#[prop(default = 8)] n_cards: usize) -> impl IntoView {
    let card = || {
        view! {
            <div class="card" aria-hidden="true">
                <div class="cover skeleton"></div>
                <div class="card-body">
                    <span class="avatar skeleton"></span>
                    <div class="card-text">
                        <span class="skeleton skeleton-line"></span>
                        <span class="skeleton skeleton-line skeleton-short"></span>
                    </div>
                </div>
            </div>
        }
    };
    view! { {(0..n_cards).map(|_| card()).collect_view()} }
}

/// The home page before its streams are there.
#[component]
pub fn HomeSkeleton() -> impl IntoView {
    view! {
        <div class="only-heard" role="status">"Loading"</div>
        <div class="hero skeleton" aria-hidden="true"></div>
        <div class="tiles" aria-hidden="true">
            {(0..4).map(|_| view! { <div class="tile skeleton"></div> }).collect_view()}
        </div>
        <div class="row" aria-hidden="true">
            <div class="row-head"><span class="skeleton skeleton-line"></span></div>
            <div class="rail"><CardSkeletons n_cards=4/></div>
        </div>
    }
}
