//! `/sign-up`

use crate::{
    components::{auth_card::AuthCard, page_meta::PageMeta, sign_up_form::SignUpForm},
    pages::lazy_page::lazy_page,
    paths,
    state::next_or_leave,
};
use leptos::prelude::*;

lazy_page!(SIGN_UP = sign_up_page in entry);

fn sign_up_page() -> AnyView {
    let next = next_or_leave();
    let sign_in = paths::sign_in(next.as_deref());
    view! {
        <PageMeta title="Sign up" description="Create an account on Learnify: learn live with others, and go live yourself."/>
        <AuthCard title="Join Learnify" text="One account to learn and to teach. Your own channel comes with it.">
            <SignUpForm next/>
            <p class="auth-other">"Already a member? " <a class="link" href=sign_in>"Sign in"</a></p>
        </AuthCard>
    }
    .into_any()
}
