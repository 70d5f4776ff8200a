//! Who was signed in before: until the browser is closed, a guest is still hidden from those who blocked them.

use super::Chat;
use crate::Result;
use domain::UserId;

/// Binds the mark to its purpose.
const CONTEXT: &str = "former member";

impl Chat {
    /// The name of the cookie that carries the mark.
    pub const fn former_cookie_name(is_secure: bool) -> &'static str {
        if is_secure { "__Host-former" } else { "former" }
    }

    /// The `Set-Cookie` with which a browser, until it is closed, says who signed out in it. Only this site can read it.
    pub fn former_cookie(&self, member: UserId, is_secure: bool) -> Result<String> {
        let (name, secure) = (Self::former_cookie_name(is_secure), if is_secure { "; Secure" } else { "" });
        let sealed = self.key_ring.seal(CONTEXT, &member.to_string())?;
        Ok(format!("{name}={sealed}; Path=/; HttpOnly; SameSite=Lax{secure}"))
    }

    /// The member whom such a cookie names. Whatever was not made here names nobody.
    pub fn former(&self, sealed: &str) -> Option<UserId> {
        self.key_ring.open(CONTEXT, sealed).ok()?.parse().ok()
    }
}
