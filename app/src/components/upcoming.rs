//! The lessons that are announced for later.

use super::{avatar::Avatar, countdown::Countdown, cover::CategoryChip, local_time::LocalTime};
use crate::paths;
use domain::schedule::UpcomingLesson;
use leptos::prelude::*;

/// The next lessons, soonest first.
#[component]
pub fn UpcomingList(lessons: Vec<UpcomingLesson>) -> impl IntoView {
    view! { <ul class="upcoming">{lessons.into_iter().map(|lesson| view! { <UpcomingItem lesson/> }).collect_view()}</ul> }
}

#[component]
fn UpcomingItem(lesson: UpcomingLesson) -> impl IntoView {
    let UpcomingLesson { username, display_name, title, category, starts_at, .. } = lesson;
    view! {
        <li class="lesson">
            <Avatar username=username.as_str() display_name=display_name.clone()/>
            <div class="lesson-text">
                <a class="card-link lesson-title" href=paths::channel(&username)>{title}</a>
                <p class="lesson-when">{display_name} " · " <LocalTime moment=starts_at/> " " <Countdown until=starts_at/></p>
            </div>
            <CategoryChip category/>
        </li>
    }
}
