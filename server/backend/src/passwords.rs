//! Password hashing: Argon2id, a bounded number at a time.

use crate::{Error, Result};
use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use domain::user::Password;
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// How long a request waits for its turn before it is told to come back.
const PATIENCE: Duration = Duration::from_secs(2);

/// Hashes and verifies. Each hash takes 19 MiB and some 40 ms of a core (OWASP's minimum for Argon2id),
/// so as many run at once as there are cores, and the rest wait or are refused.
#[derive(Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// Verified against when the account does not exist, so that both cases take the same time.
    decoy: Arc<str>,
}

impl Passwords {
    pub(crate) fn new() -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let decoy = hash(b"no account has this password")?;
        Ok(Self { turns: Arc::new(Semaphore::new(cores)), decoy: decoy.into() })
    }

    /// The PHC string to store.
    pub(crate) async fn hash(&self, password: Password) -> Result<String> {
        self.in_turn(move || hash(password.as_bytes())).await?
    }

    /// Whether the password is right. Without a stored hash it takes as long and is never right.
    pub(crate) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool> {
        if password.len() > Password::MAX {
            return Ok(false);
        }
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| (*self.decoy).to_owned());
        let verify = move || {
            let parsed = PasswordHash::new(&stored).map_err(|_malformed| Error::Crypto("a stored password hash is malformed"))?;
            Ok::<_, Error>(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
        };
        Ok(self.in_turn(verify).await?? && exists)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned());
        let permit = turn.await.ok().and_then(Result::ok).ok_or(domain::Error::Unavailable)?;
        // The permit moves along: a caller that goes away must not let the next hash start while this one runs.
        let hashing = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        hashing.await.map_err(|_panicked| Error::Crypto("a password hash did not finish"))
    }
}

fn hash(password: &[u8]) -> Result<String> {
    let hashed = Argon2::default().hash_password(password).map_err(|_failed| Error::Crypto("a password could not be hashed"))?;
    Ok(hashed.to_string())
}

#[cfg(test)]
mod tests {
    use super::Passwords;

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash("correct horse".parse().unwrap()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(passwords.verify("correct horse".into(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify("correct horsf".into(), Some(stored.clone())).await.unwrap());
        assert!(!passwords.verify("x".repeat(2000), Some(stored)).await.unwrap());
        assert!(!passwords.verify("no account has this password".into(), None).await.unwrap());
    }
}
