//! Encryption at rest: a ring of AES-256-GCM keys, and a blind index to find what is encrypted.

use crate::{Error, Result};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    hmac,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// Bytes of a key.
pub const KEY_LENGTH: usize = 32;

/// The first key seals, all of them open: put a new one in front to rotate, drop an old one when nothing needs it.
pub struct KeyRing {
    keys: Vec<(u32, RandomizedNonceKey)>,
    index: hmac::Key,
}

impl KeyRing {
    /// `keys` are `(id, key)`, the newest first. `index_key` must be another key: it is used for another purpose.
    pub fn new(keys: &[(u32, [u8; KEY_LENGTH])], index_key: &[u8; KEY_LENGTH]) -> Result<Self> {
        if keys.is_empty() {
            return Err(Error::Crypto("the key ring is empty"));
        }
        let keys = keys.iter().map(|(id, key)| {
            let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_unspecified| Error::Crypto("a key is not usable"))?;
            Ok((*id, key))
        });
        Ok(Self { keys: keys.collect::<Result<_>>()?, index: hmac::Key::new(hmac::HMAC_SHA256, index_key) })
    }

    /// Encrypts, as `v1.<key id>.<nonce>.<ciphertext>`. It opens only with the same `context`.
    pub fn seal(&self, context: &str, plain: &str) -> Result<String> {
        let (id, key) = self.keys.first().ok_or(Error::Crypto("the key ring is empty"))?;
        let mut sealed = plain.as_bytes().to_vec();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut sealed)
            .map_err(|_unspecified| Error::Crypto("sealing failed"))?;
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        Ok(format!("v1.{id}.{}.{}", encode(nonce.as_ref()), encode(&sealed)))
    }

    /// Decrypts what [`Self::seal`] wrote for the same `context`.
    pub fn open(&self, context: &str, sealed: &str) -> Result<String> {
        const REFUSED: Error = Error::Crypto("a sealed value does not open");
        let mut parts = sealed.split('.');
        let (Some("v1"), Some(id), Some(nonce), Some(text), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(REFUSED);
        };
        let (_, key) =
            self.keys.iter().find(|(known, _)| known.to_string() == id).ok_or(Error::Crypto("the key is not in the ring"))?;
        let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_malformed| REFUSED);
        let nonce: [u8; 12] = decode(nonce)?.try_into().map_err(|_length| REFUSED)?;
        let mut bytes = decode(text)?;
        let plain =
            key.open_in_place(Nonce::from(&nonce), Aad::from(context.as_bytes()), &mut bytes).map_err(|_unspecified| REFUSED)?;
        String::from_utf8(plain.to_vec()).map_err(|_not_text| REFUSED)
    }

    /// A value that finds the row of `plain` without telling what it is.
    pub fn blind_index(&self, plain: &str) -> Vec<u8> {
        hmac::sign(&self.index, plain.as_bytes()).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::KeyRing;

    const OLD: (u32, [u8; 32]) = (1, [1; 32]);
    const NEW: (u32, [u8; 32]) = (2, [2; 32]);

    #[test]
    fn opens_only_in_its_context_and_unaltered() {
        let ring = KeyRing::new(&[OLD], &[9; 32]).unwrap();
        let sealed = ring.seal("row 1", "secret").unwrap();
        assert_eq!(ring.open("row 1", &sealed).unwrap(), "secret");
        assert!(ring.open("row 2", &sealed).is_err());
        assert!(!sealed.contains("secret"));
        let (shortened, _) = sealed.split_at(sealed.len() - 2);
        for broken in ["", "v1", "v2.1.a.b", shortened, &format!("{sealed}.x")] {
            assert!(ring.open("row 1", broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let before = KeyRing::new(&[OLD], &[9; 32]).unwrap();
        let sealed = before.seal("row", "secret").unwrap();
        let after = KeyRing::new(&[NEW, OLD], &[9; 32]).unwrap();
        assert_eq!(after.open("row", &sealed).unwrap(), "secret");
        assert!(after.seal("row", "secret").unwrap().starts_with("v1.2."));
        assert!(KeyRing::new(&[NEW], &[9; 32]).unwrap().open("row", &sealed).is_err());
        assert_eq!(before.blind_index("secret"), after.blind_index("secret"));
    }
}
