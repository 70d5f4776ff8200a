//! A member as lists of people show them.

use crate::{PictureId, UserId, user::Username};
use serde::{Deserialize, Serialize};

/// Who somebody is, in short. Their channel has the same id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: UserId,
    pub username: Username,
    pub display_name: String,
    /// Their own picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<PictureId>,
}
