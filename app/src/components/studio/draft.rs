//! What the title and the category of the stream are about to be.

use crate::{ApiError, api::channels::update_stream};
use domain::{Category, channel::StreamSettings};
use leptos::prelude::*;

/// The fields as they stand in the form, saved or not.
#[derive(Clone, Copy)]
pub struct Draft {
    pub(super) title: RwSignal<String>,
    pub(super) category: RwSignal<String>,
    saved: RwSignal<(String, String)>,
}

impl Draft {
    pub fn new(title: &str, category: Category) -> Self {
        let saved = (title.to_owned(), category.slug().to_owned());
        Self { title: RwSignal::new(saved.0.clone()), category: RwSignal::new(saved.1.clone()), saved: RwSignal::new(saved) }
    }

    /// Whether something was typed that is not saved.
    pub fn is_dirty(self) -> Signal<bool> {
        Signal::derive(move || {
            self.saved.with(|(title, category)| *title != self.title.get() || *category != self.category.get())
        })
    }

    /// Notes that the fields were saved as they stand.
    pub(super) fn note_saved(self) {
        self.saved.set((self.title.get_untracked(), self.category.get_untracked()));
    }

    /// Saves what was typed but not saved: who goes live means the title that stands in the form.
    pub(super) async fn save(self) -> Result<(), ApiError> {
        let typed = (self.title.get_untracked(), self.category.get_untracked());
        StreamSettings::parse(&typed.0, &typed.1)?;
        if self.saved.get_untracked() != typed {
            update_stream(typed.0.clone(), typed.1.clone()).await?;
            self.saved.try_set(typed);
        }
        Ok(())
    }
}
