//! The error of a server function: a domain error, or a failure to reach the server.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

/// What the caller of a server function gets when it fails. Its `Display` is the sentence for the user.
#[derive(Debug, Clone, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ApiError {
    #[error(transparent)]
    Domain(#[from] domain::Error),
    /// The server did not understand the request, or the browser the answer.
    #[error("The page and the server do not understand each other. Load the page anew and try again.")]
    Malformed,
    /// The request or the answer was lost.
    #[error("We could not reach the server. Check your connection and try again.")]
    Transport,
}

impl ApiError {
    /// The sentence for one field of a form, if that field was refused.
    pub fn problem_with(&self, field: &str) -> Option<&str> {
        match self {
            Self::Domain(error) => error.problem_with(field),
            Self::Malformed | Self::Transport => None,
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => Self::Malformed,
            _ => Self::Transport,
        }
    }

    fn status_code(&self) -> StatusCode {
        match self {
            Self::Domain(error) => error.status(),
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Transport => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[cfg(feature = "ssr")]
impl From<backend::Error> for ApiError {
    /// The one place where a failure of the server is logged on its way to the user.
    fn from(error: backend::Error) -> Self {
        Self::Domain(error.into_domain())
    }
}
