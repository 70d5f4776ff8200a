//! The colors of the page: as the system prefers, or as the visitor chose.

use serde::{Deserialize, Serialize};

/// The cookie that keeps the choice.
pub const COOKIE: &str = "theme";

/// A choice that overrides the preference of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Theme {
    Dark,
    Light,
}

impl Theme {
    /// The value of `data-theme` on the document, and of the cookie.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
        }
    }

    /// Reads a cookie back. Anything else means that nothing was chosen.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Dark, Self::Light].into_iter().find(|theme| theme.name() == name)
    }
}

impl From<Theme> for String {
    fn from(theme: Theme) -> Self {
        theme.name().to_owned()
    }
}

impl TryFrom<String> for Theme {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::from_name(&name).ok_or("not a theme")
    }
}

#[cfg(test)]
mod tests {
    use super::Theme;

    #[test]
    fn names_read_back() {
        for theme in [Theme::Dark, Theme::Light] {
            assert_eq!(Theme::from_name(theme.name()), Some(theme));
        }
        assert_eq!(Theme::from_name("\"><script>"), None);
    }
}
