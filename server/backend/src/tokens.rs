//! Secrets that are handed out once and kept only as a hash.

use crate::{Error, Result};
use aws_lc_rs::{
    digest::{SHA256, digest},
    rand,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// 256 random bits, in base64url without padding.
pub(crate) fn random_token() -> Result<String> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_unspecified| Error::Crypto("no random numbers"))?;
    Ok(bytes)
}

/// SHA-256: enough for a token of 256 random bits, which cannot be guessed from its hash.
pub(crate) fn token_hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}
