//! The secrets of an installation: made at the first start, kept in one file that only its owner can read.

use crate::{
    Error, Result,
    key_ring::{KEY_LENGTH, KeyRing},
    tokens::{random_bytes, random_token},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// What `secrets.toml` holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// `id:key` in base64url, newest first, with commas between.
    encryption_keys: String,
    index_key: String,
    database_password: String,
    service_token: String,
}

/// The secrets of this installation. Servers that share a database must share these.
#[derive(Clone)]
pub struct Secrets {
    encryption_keys: SecretString,
    index_key: SecretString,
    /// For the private database cluster.
    pub database_password: SecretString,
    /// With which servers and trusted services speak to each other.
    pub service_token: SecretString,
}

impl Secrets {
    /// Reads `secrets.toml`, or makes it with mode 0600. A file that others can read is refused.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
                Err(Error::Setting(format!("{} can be read by others. Run: chmod 600 {}", path.display(), path.display())))
            }
            Ok(_) => {
                let text = fs::read_to_string(path).map_err(|source| Error::Io { what: "the secrets cannot be read", source })?;
                let file: File = toml::from_str(&text)
                    .map_err(|error| Error::Setting(format!("{} is not valid: {}", path.display(), error.message())))?;
                Ok(file.into())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::create(path),
            Err(source) => Err(Error::Io { what: "the secrets cannot be read", source }),
        }
    }

    fn create(path: &Path) -> Result<Self> {
        let key = || Ok::<_, Error>(BASE64_URL_SAFE_NO_PAD.encode(random_bytes::<KEY_LENGTH>()?));
        let file = File {
            encryption_keys: format!("1:{}", key()?),
            index_key: key()?,
            database_password: random_token()?,
            service_token: random_token()?,
        };
        let text = toml::to_string(&file).map_err(|error| Error::Setting(error.to_string()))?;
        let write = || -> std::io::Result<()> {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            // Written beside and then linked into place: a second server starting now sees all of it or none.
            let draft = path.with_extension(format!("{}.new", std::process::id()));
            let mut handle = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            handle.write_all(text.as_bytes())?;
            handle.sync_all()?;
            let linked = fs::hard_link(&draft, path);
            fs::remove_file(&draft)?;
            linked
        };
        match write() {
            Ok(()) => Ok(file.into()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Self::load_or_create(path),
            Err(source) => Err(Error::Io { what: "the secrets cannot be written", source }),
        }
    }

    pub fn key_ring(&self) -> Result<KeyRing> {
        let keys = self.encryption_keys.expose_secret().split(',').map(|entry| {
            let (id, key) = entry.trim().split_once(':').ok_or_else(malformed)?;
            Ok((id.parse().map_err(|_not_a_number| malformed())?, decode_key(key)?))
        });
        KeyRing::new(&keys.collect::<Result<Vec<_>>>()?, &decode_key(self.index_key.expose_secret())?)
    }
}

impl From<File> for Secrets {
    fn from(file: File) -> Self {
        Self {
            encryption_keys: file.encryption_keys.into(),
            index_key: file.index_key.into(),
            database_password: file.database_password.into(),
            service_token: file.service_token.into(),
        }
    }
}

fn malformed() -> Error {
    Error::Setting("secrets.toml: a key must be written as id:key, the key being 32 bytes in base64url".to_owned())
}

fn decode_key(text: &str) -> Result<[u8; KEY_LENGTH]> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(malformed)
}

#[cfg(test)]
mod tests {
    use super::Secrets;
    use secrecy::ExposeSecret;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn are_made_once_and_kept_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/secrets.toml");
        let first = Secrets::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Secrets::load_or_create(&path).unwrap();
        assert_eq!(first.service_token.expose_secret(), again.service_token.expose_secret());
        let sealed = first.key_ring().unwrap().seal("x", "y").unwrap();
        assert_eq!(again.key_ring().unwrap().open("x", &sealed).unwrap(), "y");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Secrets::load_or_create(&path).is_err());
    }
}
