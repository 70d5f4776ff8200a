//! Whole servers: the program itself, as an operator runs it, in processes that can be killed, stopped and starved.

use crate::harness::{Answer, encode, function_path};
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use backend::{
    Backend,
    accounts::SessionToken,
    database::Settings,
    events::Events,
    testing::{
        backend_on,
        clock::Clock,
        database_settings,
        machine::{Cable, Machine},
        redis::Redis,
    },
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long a server may take to start, on a busy machine and unoptimised.
const START: Duration = Duration::from_mins(1);
/// After how long a browser gives an answer up. Servers give up earlier.
const ANSWER: Duration = Duration::from_secs(15);
/// Files that a test may have open, if the system lets it: what macOS allows at most.
const N_FILES: u64 = 10_240;

/// What the servers of one site have in common.
pub struct Shared {
    /// The services on the same database, to look at it and to make members.
    pub backend: Backend,
    database: SecretString,
    folder: TempDir,
    redis: Option<Redis>,
}

impl Shared {
    pub async fn new(redis: Option<Redis>) -> Self {
        Self::on(database_settings().await, redis)
    }

    /// On a database of the test's own, which has all tables.
    pub fn on(settings: Settings, redis: Option<Redis>) -> Self {
        allow_files();
        let backend = backend_on(&settings, Events::local().unwrap());
        Self { backend, database: settings.url, folder: tempfile::tempdir().unwrap(), redis }
    }

    /// Starts a server, and waits until it is ready.
    pub async fn server(&self) -> Server {
        self.server_at(free_address()).await
    }

    /// The same at an address, as after a restart.
    pub async fn server_at(&self, address: SocketAddr) -> Server {
        self.start(Command::new(PROGRAM), address, &[]).await
    }

    /// A server that goes by a clock of the test's own.
    pub async fn server_by(&self, clock: &Clock, address: SocketAddr) -> Server {
        self.start(Command::new(PROGRAM), address, &clock.environment()).await
    }

    /// A server that may have only so many files and connections open.
    pub async fn starved_server(&self, n_files: u32) -> Server {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "ulimit -n \"$1\" && exec \"$0\"", PROGRAM, &n_files.to_string()]);
        self.start(shell, free_address(), &[]).await
    }

    /// A server on another machine, which is met at the address that a cable has there. It reaches its database by this address.
    pub async fn server_on(&self, machine: &Machine, cable: &Cable, database: &SecretString) -> Server {
        let address = SocketAddr::from((cable.there, free_address().port()));
        let further = [
            ("LEARNIFY_ADDRESS", SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())).to_string()),
            // With https cookies have the same names as on the machine itself.
            ("PUBLIC_ORIGIN", format!("https://{address}")),
            ("DATABASE_URL", database.expose_secret().to_owned()),
        ];
        self.start(machine.command(PROGRAM).into(), address, &further).await
    }

    /// The Redis of the servers, to be taken away and brought back.
    pub fn redis(&mut self) -> &mut Redis {
        self.redis.as_mut().expect("a site with Redis")
    }

    /// How servers reach the database.
    pub fn database(&self) -> &SecretString {
        &self.database
    }

    async fn start(&self, mut command: Command, address: SocketAddr, further: &[(&str, String)]) -> Server {
        let log = self.folder.path().join(format!("{}.log", address.port()));
        let file = fs::File::create(&log).unwrap();
        // Nothing of the developer's own settings, least of all the database.
        command.env_clear();
        for (name, value) in [
            ("LEARNIFY_ADDRESS", address.to_string()),
            ("DATA_DIR", self.folder.path().to_string_lossy().into_owned()),
            ("SITE_ROOT", self.folder.path().join("site").to_string_lossy().into_owned()),
            ("DATABASE_URL", self.database.expose_secret().to_owned()),
            // All tests share what their one PostgreSQL takes.
            ("DATABASE_POOL_SIZE", "8".to_owned()),
            ("REDIS_URL", self.redis.as_ref().map(Redis::url).unwrap_or_default()),
            ("MEDIA_PORT", "0".to_owned()),
            // Everybody comes from the same address; the limits themselves have tests of their own.
            ("RATE_LIMIT_FACTOR", "1000".to_owned()),
            ("EVENT_CONNECTIONS_PER_ADDRESS", "20000".to_owned()),
            ("METRICS_TOKEN", TOKEN.to_owned()),
            ("PUBLISH_TOKEN", TOKEN.to_owned()),
            ("RUST_LOG", "warn,audit=info".to_owned()),
            ("NO_COLOR", "1".to_owned()),
        ] {
            command.env(name, value);
        }
        command.envs(further.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).kill_on_drop(true);
        let mut server = Server { address, process: command.spawn().unwrap(), log };
        until("a server is ready", START, async || {
            assert!(server.process.try_wait().unwrap().is_none(), "{}", server.log());
            server.log().contains("Learnify is ready")
        })
        .await;
        server
    }
}

/// Who names it may read what servers count, and publish events.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

const PROGRAM: &str = env!("CARGO_BIN_EXE_learnify");

/// Each connection is a file, here and in the servers that are started, and most systems begin with a thousand.
fn allow_files() {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.maximum.unwrap_or(N_FILES).min(N_FILES);
    if limit.current.is_some_and(|now| now < current) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: limit.maximum }).unwrap();
    }
}

/// An address of this machine that nobody uses just now, and that is not taken while its server is away: systems begin with
/// higher ports for connections that are made, and one that is made to its own port would even be answered, by itself.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id().wrapping_mul(16).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(20_000 + number % 10_000).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return (Ipv4Addr::LOCALHOST, port).into();
        }
    }
}

/// Killed with its test.
pub struct Server {
    pub address: SocketAddr,
    process: Child,
    log: PathBuf,
}

impl Server {
    /// Takes it away as a crash does.
    pub async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }

    /// Asks it to stop (SIGTERM).
    pub fn terminate(&self) {
        let id = self.process.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits until it has ended, as it should, and answers how long that took.
    pub async fn ended(&mut self, limit: Duration) -> Duration {
        let began = Instant::now();
        let status = tokio::time::timeout(limit, self.process.wait()).await.expect("it ends in time").unwrap();
        assert!(status.success(), "{status}: {}", self.log());
        began.elapsed()
    }

    /// What it has printed, the log included.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// How long it has kept a processor busy.
    #[cfg(target_os = "linux")]
    pub fn cpu_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id().unwrap())).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let ticks: u64 = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        // A tick is a hundredth of a second everywhere.
        Duration::from_millis(ticks * 10)
    }

    /// The memory that it holds, in KiB.
    #[cfg(target_os = "linux")]
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id().unwrap())).unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        resident.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

/// A browser that reaches servers over the network. None instead of an answer says that the connection broke.
#[derive(Clone)]
pub struct Remote {
    client: Client<HttpConnector, Body>,
    cookie: Option<String>,
    token: Option<&'static str>,
}

impl Remote {
    pub fn guest() -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), cookie: None, token: None }
    }

    /// A service that is trusted.
    pub fn service() -> Self {
        Self { token: Some(TOKEN), ..Self::guest() }
    }

    /// With the token of a session.
    pub fn member(token: &str) -> Self {
        Self { cookie: Some(session_cookie(token)), ..Self::guest() }
    }

    pub async fn get(&self, at: SocketAddr, path: &str) -> Option<Answer> {
        self.get_with(at, path, &[]).await
    }

    pub async fn get_with(&self, at: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Option<Answer> {
        self.send(at, Method::GET, path, headers, Body::empty()).await
    }

    pub async fn post(&self, at: SocketAddr, path: &str, media_type: &str, body: String) -> Option<Answer> {
        self.send(at, Method::POST, path, &[("content-type", media_type)], body.into()).await
    }

    /// Calls a server function that changes something.
    pub async fn call(&self, at: SocketAddr, function: &str, fields: &[(&str, &str)]) -> Option<Answer> {
        self.post(at, &function_path(function), "application/x-www-form-urlencoded", encode(fields)).await
    }

    pub async fn read(&self, at: SocketAddr, function: &str, query: &str) -> Option<Answer> {
        self.get(at, &format!("{}?{query}", function_path(function))).await
    }

    async fn send(&self, at: SocketAddr, method: Method, path: &str, headers: &[(&str, &str)], body: Body) -> Option<Answer> {
        let mut request = Request::builder().method(method).uri(format!("http://{at}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(token) = self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let answer = tokio::time::timeout(ANSWER, self.client.request(request.body(body).unwrap())).await;
        Some(Answer::new(answer.expect("an answer, or none").ok()?.map(Body::new)))
    }
}

/// What a browser sends that is signed in.
pub fn session_cookie(token: &str) -> String {
    // What comes from this machine counts as secure.
    format!("{}={token}", SessionToken::cookie_name(true))
}

/// Waits until something holds that must hold within a time, and answers how long that took.
pub async fn until(what: &str, limit: Duration, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(limit, waiting).await.unwrap_or_else(|_late| panic!("not within {limit:?}: {what}"));
    began.elapsed()
}

/// Says what was seen; `make faults` shows it.
pub fn saw(line: &str) {
    std::io::Write::write_all(&mut std::io::stdout(), format!("{line}\n").as_bytes()).unwrap();
}
