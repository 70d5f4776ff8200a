//! Accounts: who is asking, what a new member fills in, and the browsers that are signed in.

use crate::{
    Error, PictureId, SessionId, Timestamp, UserId,
    error::Problems,
    user::{Email, Password, Username},
};
use serde::{Deserialize, Serialize};

/// What a person may do on the whole site. Rights on one channel are a matter of that channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Role {
    Member,
    Admin,
}

impl TryFrom<String> for Role {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "member" => Ok(Self::Member),
            "admin" => Ok(Self::Admin),
            _ => Err("not a role"),
        }
    }
}

/// The signed-in person behind a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    pub id: UserId,
    pub session: SessionId,
    pub username: Username,
    pub role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<PictureId>,
}

/// A valid application for an account.
#[derive(Debug)]
pub struct NewMember {
    pub username: Username,
    pub email: Email,
    pub password: Password,
}

impl NewMember {
    /// Checks all fields and reports every problem at once. Field names are those of the form.
    pub fn parse(username: &str, email: &str, password: &str) -> Result<Self, Error> {
        let mut problems = Problems::default();
        let fields = (
            problems.check("username", username.parse()),
            problems.check("email", email.parse()),
            problems.check("password", password.parse()),
        );
        match fields {
            (Some(username), Some(email), Some(password)) => Ok(Self { username, email, password }),
            _ => Err(problems.into_error()),
        }
    }
}

/// One signed-in browser, as its owner sees it in the list of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    pub id: SessionId,
    /// A short name made of the browser's own words, never more than 100 characters.
    pub browser: String,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// Whether this is the session that asks.
    pub is_current: bool,
}

/// Where to go after signing in: a path on this site, or home.
///
/// Anything that a browser could read as another host is refused: it must start with one `/`,
/// not followed by `/` or `\`, and hold no control characters.
pub fn local_path(path: &str) -> &str {
    let mut bytes = path.bytes();
    let is_local = bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && !path.chars().any(|c| c.is_control() || c == '\\')
        && path.len() <= 512;
    if is_local { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::{NewMember, local_path};

    #[test]
    fn a_form_shows_all_its_problems() {
        let error = NewMember::parse("a", "b", "c").expect_err("all three are wrong");
        for field in ["username", "email", "password"] {
            assert!(error.problem_with(field).is_some(), "{field}");
        }
        assert!(NewMember::parse("ana", "ana@example.org", "long enough").is_ok());
    }

    #[test]
    fn only_local_paths_are_followed() {
        for path in ["/", "/dashboard", "/ana?x=1#y"] {
            assert_eq!(local_path(path), path);
        }
        for path in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nb",
            "/a\\b",
            "dashboard",
        ] {
            assert_eq!(local_path(path), "/", "{path:?}");
        }
    }
}
