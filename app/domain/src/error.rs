//! What can go wrong, in terms the person in front of the screen can act on.

use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Every failure a caller may see. Closed and free of internals: what broke underneath is for the log.
///
/// Its JSON names the variant outside: a tag inside would make the browser's reader buffer, which costs it 20 KB of code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Error {
    #[error("Please sign in to continue.")]
    Unauthenticated,
    #[error("You are not allowed to do this.")]
    Forbidden,
    /// Also the answer when the caller may not know that the thing exists.
    #[error("We could not find this {what}.")]
    NotFound { what: String },
    /// One or more fields were refused; each problem names its field.
    #[error("{}", first_message(problems))]
    Invalid { problems: Vec<Problem> },
    /// The credentials do not match. One message for an unknown name and a wrong password alike.
    #[error("The username or password is not right.")]
    WrongCredentials,
    #[error("Too many attempts. Please try again in {retry_after_seconds} s.")]
    RateLimited { retry_after_seconds: u32 },
    #[error("Learnify is busy or restarting. Please try again in a moment.")]
    Unavailable,
    #[error("Something went wrong on our side. It has been recorded.")]
    Internal,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The name of the form field.
    pub field: String,
    /// A sentence for the user.
    pub message: String,
}

fn first_message(problems: &[Problem]) -> &str {
    problems.first().map_or("Some of the input is not valid.", |problem| &problem.message)
}

impl Error {
    pub fn not_found(what: &str) -> Self {
        Self::NotFound { what: what.to_owned() }
    }

    /// One refused field.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { problems: vec![Problem { field: field.to_owned(), message: message.into() }] }
    }

    /// The sentence for one field, if that field was refused.
    pub fn problem_with(&self, field: &str) -> Option<&str> {
        match self {
            Self::Invalid { problems } => {
                problems.iter().find(|problem| problem.field == field).map(|problem| problem.message.as_str())
            }
            _ => None,
        }
    }

    /// The name of the variant, as its JSON has it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound { .. } => "not_found",
            Self::Invalid { .. } => "invalid",
            Self::WrongCredentials => "wrong_credentials",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Collects the problems of several fields, so that a form shows all of them at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Keeps the value, or notes what is wrong with it.
    pub fn check<T>(&mut self, field: &str, parsed: Result<T, String>) -> Option<T> {
        parsed.map_err(|message| self.0.push(Problem { field: field.to_owned(), message })).ok()
    }

    /// The collected problems as one error.
    pub fn into_error(self) -> Error {
        Error::Invalid { problems: self.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, Problems};

    #[test]
    fn travels_as_json_with_its_kind() {
        let error = Error::RateLimited { retry_after_seconds: 7 };
        let json = serde_json::to_string(&error).expect("an error is plain data");
        assert_eq!(json, r#"{"rate_limited":{"retry_after_seconds":7}}"#);
        assert_eq!(serde_json::from_str::<Error>(&json).expect("it was just written"), error);
    }

    #[test]
    fn gathers_the_problems_of_several_fields() {
        let mut problems = Problems::default();
        assert_eq!(problems.check("a", Ok::<_, String>(1)), Some(1));
        assert_eq!(problems.check::<u8>("b", Err("no".to_owned())), None);
        assert_eq!(problems.check::<u8>("c", Err("never".to_owned())), None);
        let error = problems.into_error();
        assert_eq!(error.problem_with("c"), Some("never"));
        assert_eq!(error.problem_with("a"), None);
        assert_eq!(error.to_string(), "no");
    }
}
