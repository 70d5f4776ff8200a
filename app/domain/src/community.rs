//! The people around one's own channel: who follows it, who moderates it, and whom one blocked.

use crate::{Timestamp, person::Person};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Circle {
    Followers,
    Moderators,
    Blocked,
}

impl Circle {
    pub const ALL: [Self; 3] = [Self::Followers, Self::Moderators, Self::Blocked];

    /// The name in addresses.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Followers => "followers",
            Self::Moderators => "moderators",
            Self::Blocked => "blocked",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Followers => "Followers",
            Self::Moderators => "Moderators",
            Self::Blocked => "Blocked",
        }
    }
}

impl FromStr for Circle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|circle| circle.slug() == text).ok_or_else(|| "There is no such list.".to_owned())
    }
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleOrder {
    #[default]
    Newest,
    Oldest,
    Name,
}

impl PeopleOrder {
    pub const ALL: [Self; 3] = [Self::Newest, Self::Oldest, Self::Name];

    /// The name in addresses.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Name => "name",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Newest => "Newest first",
            Self::Oldest => "Oldest first",
            Self::Name => "By name",
        }
    }
}

impl FromStr for PeopleOrder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|order| order.slug() == text).ok_or_else(|| "There is no such order.".to_owned())
    }
}

/// People on one page of a list.
pub const PEOPLE_PAGE: usize = 50;
/// The last page that can be asked for.
pub const LAST_PAGE: u32 = 2000;
/// Characters of a search that are looked at.
pub const SEARCH_MAX: usize = 50;

/// Which part of which list is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleQuery {
    pub circle: Circle,
    /// A part of a name, in whatever case. Empty finds all.
    pub search: String,
    pub order: PeopleOrder,
    /// Counted from 1.
    pub page: u32,
}

impl PeopleQuery {
    /// The same within the bounds of what is answered.
    #[must_use]
    pub fn bounded(self) -> Self {
        let search = self.search.trim().chars().take(SEARCH_MAX).collect();
        Self { search, page: self.page.clamp(1, LAST_PAGE), ..self }
    }
}

/// Somebody in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquaintance {
    pub person: Person,
    /// Since when they follow, moderate, or are blocked.
    pub since: Timestamp,
    pub is_moderator: bool,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeoplePage {
    pub people: Vec<Acquaintance>,
    /// How many match in all.
    pub total: u32,
    /// The page this is, counted from 1.
    pub page: u32,
    pub n_pages: u32,
}

#[cfg(test)]
mod tests {
    use super::{Circle, LAST_PAGE, PeopleOrder, PeopleQuery, SEARCH_MAX};

    #[test]
    fn names_in_addresses_read_back() {
        for circle in Circle::ALL {
            assert_eq!(circle.slug().parse(), Ok(circle));
        }
        for order in PeopleOrder::ALL {
            assert_eq!(order.slug().parse(), Ok(order));
        }
        assert!("enemies".parse::<Circle>().is_err() && "".parse::<PeopleOrder>().is_err());
    }

    #[test]
    fn queries_are_bounded() {
        let query =
            PeopleQuery { circle: Circle::Blocked, search: format!(" {} ", "ü".repeat(90)), order: PeopleOrder::Name, page: 0 };
        let bounded = query.bounded();
        assert_eq!((bounded.search.chars().count(), bounded.page), (SEARCH_MAX, 1));
        assert_eq!(PeopleQuery { page: u32::MAX, ..bounded }.bounded().page, LAST_PAGE);
    }
}
