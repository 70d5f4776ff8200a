//! Lessons that are announced for later.

use crate::{Category, Timestamp, UserId, user::Username};
use serde::{Deserialize, Serialize};

/// One announced lesson that has not begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpcomingLesson {
    pub channel: UserId,
    pub username: Username,
    pub display_name: String,
    pub title: String,
    pub category: Category,
    pub starts_at: Timestamp,
    /// 15 to 720.
    pub minutes: u16,
}
