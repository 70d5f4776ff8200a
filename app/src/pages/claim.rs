//! `/claim/{token}`: the one-time link that makes somebody the owner of this site.

use crate::{
    api::accounts::ClaimSite,
    components::{
        auth_card::AuthCard,
        button::SubmitButton,
        form_state::{FormProblem, FormState},
        page_meta::PageMeta,
        sign_up_form::SignUpForm,
    },
    document,
    pages::lazy_page::lazy_page,
    paths,
    state::use_viewer,
};
use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::use_params_map;

lazy_page!(CLAIM = claim_page in entry);

fn claim_page() -> AnyView {
    let token = use_params_map().with_untracked(|params| params.get_str("token").unwrap_or_default().to_owned());
    let viewer = use_viewer().get_untracked();
    let claim = match viewer {
        Some(viewer) => view! { <ClaimAsMember token name=viewer.username.to_string()/> }.into_any(),
        None => view! { <ClaimAsGuest token/> }.into_any(),
    };
    view! {
        <PageMeta title="Become the owner" description="Set up this Learnify site."/>
        {claim}
    }
    .into_any()
}

#[component]
fn ClaimAsMember(token: String, name: String) -> impl IntoView {
    let claim = ServerAction::<ClaimSite>::new();
    let state = FormState::new("claim", &[], claim);
    Effect::new(move |_| {
        if let Some(Ok(())) = claim.value().get() {
            document::load("/dashboard");
        }
    });
    view! {
        <AuthCard title="This site is yours to take" text=format!("You are signed in as {name}. The owner looks after members and categories.")>
            <ActionForm action=claim>
                <FormProblem state/>
                <input type="hidden" name="claim" value=token/>
                <SubmitButton is_pending=state.is_pending label="Become owner"/>
            </ActionForm>
        </AuthCard>
    }
}

#[component]
fn ClaimAsGuest(token: String) -> impl IntoView {
    let sign_in = paths::sign_in(Some(&format!("/claim/{token}")));
    view! {
        <AuthCard title="Set up your Learnify" text="Create the account that owns this site.">
            <SignUpForm next=None claim=token/>
            <p class="auth-other">"Already a member? " <a class="link" href=sign_in>"Sign in"</a></p>
        </AuthCard>
    }
}
