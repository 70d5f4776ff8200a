//! Who teaches here, where else they can be found, and what comes next.

use crate::components::{
    countdown::Countdown,
    cover::CategoryChip,
    local_time::LocalTime,
    page_icons::{PageIcon, PageShape, network_shape},
    rich_text::RichTextView,
};
use crate::format;
use domain::{channel::ChannelPage, schedule::UpcomingLesson, social::SocialLink};
use leptos::prelude::*;

#[component]
pub(super) fn AboutCard(channel: Signal<ChannelPage>) -> impl IntoView {
    let (member_since, upcoming) = channel.with_untracked(|channel| (channel.about.member_since, channel.upcoming.clone()));
    let bio = Memo::new(move |_| channel.with(|channel| channel.about.bio.clone()));
    let links = Memo::new(move |_| channel.with(|channel| channel.about.links.clone()));
    let followers = move || channel.with(|channel| channel.follow.followers);
    let words = move || {
        let text = bio.get();
        if text.is_empty() {
            view! { <p class="watch-nothing">"Nothing is written here yet."</p> }.into_any()
        } else {
            view! { <RichTextView text/> }.into_any()
        }
    };
    let elsewhere = move || Some(links.get()).filter(|links| !links.is_empty()).map(|links| view! { <Links links/> });
    view! {
        <div class="watch-below">
            <section class="watch-about" aria-labelledby="about">
                <h2 class="row-title" id="about">
                    "About " {move || channel.with(|channel| channel.display_name.clone())}
                </h2>
                {words}
                {elsewhere}
                <ul class="watch-since">
                    <li>
                        <PageIcon shape=PageShape::People/>
                        <span>{move || format::count(followers())} {move || if followers() == 1 { " follower" } else { " followers" }}</span>
                    </li>
                    <li>
                        <PageIcon shape=PageShape::Calendar/>
                        <span>"Member since " <time datetime=member_since.to_rfc3339()>{format::day(member_since)}</time></span>
                    </li>
                </ul>
            </section>
            {(!upcoming.is_empty()).then(|| view! { <Next lessons=upcoming/> })}
        </div>
    }
}

#[component]
fn Links(links: Vec<SocialLink>) -> impl IntoView {
    let link = |link: SocialLink| {
        let shown = link.shown().to_owned();
        let SocialLink { network, address } = link;
        view! {
            <li>
                <a class="watch-link" href=address target="_blank" rel="me nofollow ugc noopener noreferrer" title=shown>
                    <PageIcon shape=network_shape(network)/>
                    {network.label()}
                </a>
            </li>
        }
    };
    view! { <ul class="watch-links" aria-label="Elsewhere">{links.into_iter().map(link).collect_view()}</ul> }
}

/// The next lessons of this channel, soonest first.
#[component]
fn Next(lessons: Vec<UpcomingLesson>) -> impl IntoView {
    let lesson = |lesson: UpcomingLesson| {
        let UpcomingLesson { title, category, starts_at, minutes, .. } = lesson;
        view! {
            <li class="watch-lesson">
                <p class="watch-lesson-title">{title}</p>
                <p class="watch-lesson-when">
                    <LocalTime moment=starts_at/>
                    {format!(" · {} · ", format::duration(u64::from(minutes) * 60_000))}
                    <Countdown until=starts_at/>
                </p>
                <CategoryChip category/>
            </li>
        }
    };
    view! {
        <section class="watch-about" aria-labelledby="next-lessons">
            <h2 class="row-title" id="next-lessons">"Next lessons"</h2>
            <ol class="watch-lessons">{lessons.into_iter().map(lesson).collect_view()}</ol>
        </section>
    }
}
