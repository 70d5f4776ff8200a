//! A field for a picture: what is there now, another one in its place, or none.
//!
//! A picture is sent as soon as it is chosen or dropped here. Without script the same form has a button for it.

use super::{
    icons::{Icon, Shape},
    toast::Toasts,
};
use crate::state::{Session, use_session, use_toasts};
use domain::{
    PictureId,
    picture::{self, PictureKind, Refusal},
};
use gloo_net::http::{Request, Response};
use leptos::{html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_query_map;
use serde::Deserialize;
use web_sys::File;

/// The field. `picture` is what is there, and changes with it.
#[component]
pub fn PictureField(
    kind: PictureKind,
    label: &'static str,
    /// A sentence on what the picture should be.
    hint: &'static str,
    picture: RwSignal<Option<PictureId>>,
    /// The picture as it is shown elsewhere.
    children: Children,
) -> impl IntoView {
    let field = Field::new(kind, picture);
    let input = NodeRef::<html::Input>::new();
    let slug = kind.slug();
    let address = endpoint(kind);
    let (hint_id, problem_id) = (format!("{slug}-hint"), format!("{slug}-problem"));
    let choose = move |_| {
        if let Some(file) = input.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0)) {
            field.upload(file);
        }
        // The same file may be chosen again after something was wrong with it.
        if let Some(input) = input.get_untracked() {
            input.set_value("");
        }
    };
    let remove = move |event: web_sys::MouseEvent| {
        event.prevent_default();
        field.remove();
    };
    view! {
        <form class="picture-field" method="post" action=address.clone() enctype="multipart/form-data">
            <div class=format!("picture-field-shown picture-field-{slug}") aria-busy=move || field.is_busy.get().then_some("true")>
                {children()}
                <span class="picture-field-over" aria-hidden="true"><Icon shape=Shape::ImageUp/></span>
                <input
                    class="picture-field-input"
                    type="file"
                    name="picture"
                    id=slug
                    node_ref=input
                    accept=picture::MEDIA_TYPES
                    aria-label=label
                    aria-describedby=format!("{problem_id} {hint_id}")
                    aria-invalid=move || field.problem.with(|problem| problem.is_some().then_some("true"))
                    disabled=move || field.is_busy.get()
                    on:change=choose
                />
            </div>
            <div class="picture-field-text">
                <p class="field-label">{label}</p>
                <p class="field-hint" id=hint_id>{hint} " JPEG, PNG or WebP, up to 4 MB."</p>
                <p class="field-problem" id=problem_id role="alert">{move || field.problem.get()}</p>
                <p class="picture-field-state" role="status">{move || field.state()}</p>
                <div class="picture-field-buttons">
                    <label class="button needs-script" for=slug>"Choose a picture"</label>
                    <button type="submit" class="button button-primary without-script">"Upload"</button>
                    <button
                        type="submit"
                        class="button button-quiet"
                        formaction=format!("{address}/remove")
                        hidden=move || picture.with(Option::is_none)
                        disabled=move || field.is_busy.get()
                        on:click=remove
                    >
                        "Remove"
                    </button>
                </div>
            </div>
        </form>
    }
}

/// Where pictures of a kind are sent.
fn endpoint(kind: PictureKind) -> String {
    format!("/api/pictures/{}", kind.slug())
}

#[derive(Clone, Copy)]
struct Field {
    kind: PictureKind,
    picture: RwSignal<Option<PictureId>>,
    is_busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    /// What a form without script was answered with.
    outcome: StoredValue<Option<&'static str>>,
    session: Session,
    toasts: Toasts,
}

impl Field {
    fn new(kind: PictureKind, picture: RwSignal<Option<PictureId>>) -> Self {
        let word = use_query_map().with_untracked(|query| query.get(kind.slug()));
        let refusal = word.as_deref().and_then(Refusal::from_code);
        let outcome = match word.as_deref() {
            Some("saved") => Some("Your picture is saved."),
            Some("removed") => Some("Your picture is removed."),
            _ => None,
        };
        Self {
            kind,
            picture,
            is_busy: RwSignal::new(false),
            problem: RwSignal::new(refusal.map(|refusal| refusal.to_string())),
            outcome: StoredValue::new(outcome),
            session: use_session(),
            toasts: use_toasts(),
        }
    }

    fn state(self) -> Option<&'static str> {
        if self.is_busy.get() { Some("Uploading …") } else { self.outcome.get_value() }
    }

    fn upload(self, file: File) {
        if let Err(refusal) = picture::check_file(&file.type_(), file.size()) {
            self.problem.set(Some(refusal.to_string()));
            return;
        }
        self.work("Your picture is saved.", async move {
            let request = Request::post(&endpoint(self.kind)).header("Content-Type", &file.type_()).body(file);
            let response = request.map_err(lost)?.send().await.map_err(lost)?;
            Ok(Some(answer::<Uploaded>(response).await?.picture))
        });
    }

    fn remove(self) {
        self.work("Your picture is removed.", async move {
            let response = Request::delete(&endpoint(self.kind)).send().await.map_err(lost)?;
            if response.ok() { Ok(None) } else { Err(refusal(response).await) }
        });
    }

    /// Shows what comes of a change, and that it is under way meanwhile.
    fn work(self, done: &'static str, change: impl Future<Output = Result<Option<PictureId>, String>> + 'static) {
        self.outcome.set_value(None);
        self.problem.set(None);
        self.is_busy.set(true);
        spawn_local(async move {
            let changed = change.await;
            self.is_busy.try_set(false);
            match changed {
                Ok(picture) => {
                    self.picture.try_set(picture);
                    if self.kind == PictureKind::Avatar {
                        self.session.viewer.try_update(|viewer| {
                            if let Some(viewer) = viewer {
                                viewer.avatar = picture;
                            }
                        });
                    }
                    self.toasts.done(done);
                }
                Err(problem) => {
                    self.problem.try_set(Some(problem));
                }
            }
        });
    }
}

#[derive(Deserialize)]
struct Uploaded {
    picture: PictureId,
}

#[derive(Deserialize)]
struct Refused {
    message: String,
}

fn lost(_error: gloo_net::Error) -> String {
    "We could not reach the server. Check your connection and try again.".to_owned()
}

async fn answer<T: serde::de::DeserializeOwned>(response: Response) -> Result<T, String> {
    if !response.ok() {
        return Err(refusal(response).await);
    }
    let body = response.binary().await.map_err(lost)?;
    serde_json::from_slice(&body)
        .map_err(|_other_answer| "The server gave an answer that this page does not understand.".to_owned())
}

/// The sentence of the server.
async fn refusal(response: Response) -> String {
    let body = response.binary().await.unwrap_or_default();
    let refused = serde_json::from_slice::<Refused>(&body);
    refused.map_or_else(|_other_answer| "The picture could not be saved. Please try again.".to_owned(), |refused| refused.message)
}
