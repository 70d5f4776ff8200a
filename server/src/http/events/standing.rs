//! Who reads an event stream, and whether they still may.

use super::SessionSecret;
use backend::Backend;
use domain::{UserId, account::Viewer};

/// The session of a reader; a guest has none.
#[derive(Clone)]
pub(super) struct Standing(pub(super) Option<Box<(Viewer, SessionSecret)>>);

impl Standing {
    pub(super) fn is_guest(&self) -> bool {
        self.0.is_none()
    }

    /// With the same rights, that is. When the database cannot say, a session counts as it did.
    pub(super) async fn is_signed_in_still(&self, backend: &Backend) -> bool {
        let Some((viewer, token)) = self.0.as_deref() else { return true };
        match backend.accounts.viewer_now(&token.0).await {
            Ok(now) => now.is_some_and(|now| now.session == viewer.session && now.role == viewer.role),
            Err(_unknown) => true,
        }
    }

    /// The people hidden from the reader now, if the database says.
    pub(super) async fn hidden(&self, backend: &Backend) -> Option<Vec<UserId>> {
        let viewer = self.0.as_deref().map(|(viewer, _)| viewer.id);
        backend.blocks.hidden(viewer).await.ok()
    }
}
