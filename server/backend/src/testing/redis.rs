//! A Redis of a test's own, which can be taken away and brought back.

use crate::events::BusSettings;
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

/// Ended with its test.
pub struct Redis {
    port: u16,
    process: Option<Child>,
}

impl Redis {
    /// One that is not there yet.
    pub fn absent() -> Self {
        Self { port: free_port(), process: None }
    }

    pub fn running() -> Self {
        let mut redis = Self::absent();
        redis.start();
        redis
    }

    pub fn start(&mut self) {
        let port = self.port.to_string();
        let arguments = ["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"];
        let started = Command::new("redis-server").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.process = Some(started.expect("redis-server must be installed for this test (Debian: apt install redis-server)"));
    }

    /// Takes it away as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it runs");
            process.wait().expect("it was killed");
        }
    }

    /// `STOP` lets it hold connections and say nothing, `CONT` lets it go on.
    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill").success());
    }

    /// Runs a command, as no server would.
    pub fn command(&self, words: &[&str]) {
        let answer = self.ask(words);
        assert!(!answer.starts_with('-'), "{words:?}: {answer}");
    }

    /// The same for a command that answers a number.
    pub fn number(&self, words: &[&str]) -> i64 {
        let answer = self.ask(words);
        answer.strip_prefix(':').and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{words:?}: {answer}"))
    }

    /// The first line of the answer.
    fn ask(&self, words: &[&str]) -> String {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).expect("a Redis");
        let head = format!("*{}\r\n", words.len());
        let request = words.iter().fold(head, |request, word| request + &format!("${}\r\n{word}\r\n", word.len()));
        connection.write_all(request.as_bytes()).expect("a Redis");
        let mut answer = String::new();
        BufReader::new(connection).read_line(&mut answer).expect("a Redis");
        answer.trim_end().to_owned()
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn settings(&self) -> BusSettings {
        BusSettings { url: self.url().into(), prefix: "test".to_owned() }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _was_running = process.kill();
            let _status = process.wait();
        }
    }
}

/// A port of this machine that nobody uses just now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}
