//! Unguessable values, from the operating system.
//!
//! The WebRTC library's own random values are made for speed, not for secrets; session ids and ICE passwords
//! are secrets (RFC 8445, section 5.3 asks for 128 bits of randomness in a password).

/// The operating system gave no random bytes. Does not happen on a system that has finished booting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub(crate) struct NoRandomness;

impl From<NoRandomness> for std::io::Error {
    fn from(error: NoRandomness) -> Self {
        Self::other(error)
    }
}

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(NoRandomness),
    }
}

/// `N` random bytes as `2 * N` hexadecimal digits: all of them are ice-chars (RFC 8839, section 5.4).
pub(crate) fn hex<const N: usize>() -> Result<String, NoRandomness> {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * N);
    for byte in bytes::<N>()? {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
