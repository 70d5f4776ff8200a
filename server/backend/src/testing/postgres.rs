//! A PostgreSQL of a test's own, which can be taken away and brought back.

use super::{clock::Clock, machine::Cable, new_folder, programs};
use crate::{
    cluster::{Cluster, Programs, ROLE},
    database::Settings,
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Command,
    time::Duration,
};

/// Ended and removed with its test.
pub struct Postgres {
    folder: PathBuf,
    programs: Programs,
    password: SecretString,
    cluster: Option<Cluster>,
}

impl Postgres {
    pub fn running() -> Self {
        Self::running_with(new_folder(), programs())
    }

    /// One that goes by a clock of the test's own.
    pub fn running_by(clock: &Clock) -> Self {
        let mut exports = String::new();
        for (name, value) in clock.environment() {
            writeln!(exports, "export {name}='{value}'").expect("a text grows");
        }
        // Its programs, with that before each.
        let (folder, originals) = (new_folder(), programs().find().expect("PostgreSQL for the tests"));
        let programs = folder.join("bin");
        fs::create_dir(&programs).expect("a temporary folder");
        for name in ["initdb", "pg_ctl", "postgres"] {
            let (script, original) = (programs.join(name), originals.join(name));
            fs::write(&script, format!("#!/bin/sh\n{exports}exec '{}' \"$@\"\n", original.display())).expect("a script");
            fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a script");
        }
        Self::running_with(folder, Programs { folder: Some(programs), ..Programs::default() })
    }

    /// One that is reached over a cable, too. Answers its address for the other machine.
    pub fn running_at(cable: &Cable) -> (Self, SecretString) {
        let mut postgres = Self::running();
        postgres.stop();
        let (here, there) = (cable.here, cable.there);
        postgres.append("postgresql.conf", &format!("listen_addresses = '{here}'\n")).expect("its settings");
        postgres.append("pg_hba.conf", &format!("host all all {there}/32 scram-sha-256\n")).expect("its settings");
        postgres.start();
        let url = format!("postgres://{ROLE}:{}@{here}/postgres", postgres.password.expose_secret());
        (postgres, url.into())
    }

    fn append(&self, name: &str, line: &str) -> io::Result<()> {
        let path = self.folder.join("postgres").join(name);
        fs::OpenOptions::new().append(true).open(path)?.write_all(line.as_bytes())
    }

    fn running_with(folder: PathBuf, programs: Programs) -> Self {
        let mut postgres = Self { folder, programs, password: "only for tests".replace(' ', "-").into(), cluster: None };
        postgres.start();
        postgres
    }

    /// Starts it again. What a crash left of it holds its memory for a moment, so it is tried for a while.
    pub fn start(&mut self) {
        for _ in 0..100 {
            match Cluster::start(&self.folder, &self.programs, &self.password, true) {
                Ok(cluster) => {
                    self.cluster = Some(cluster);
                    return;
                }
                Err(_not_yet) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
        panic!("PostgreSQL starts again");
    }

    /// Takes it away as a crash does.
    pub fn kill(&mut self) {
        self.signal("KILL");
        // A process that nobody has waited for still counts as running to `pg_ctl`; its file must not name it.
        fs::remove_file(self.folder.join("postgres").join("postmaster.pid")).expect("it ran");
        self.cluster = None;
    }

    fn stop(&mut self) {
        if let Some(cluster) = self.cluster.take() {
            self.signal("CONT");
            if let Err(error) = cluster.stop() {
                tracing::warn!(%error, "the PostgreSQL of a test goes on");
            }
        }
    }

    /// Sends a signal to every process of it.
    pub fn signal(&self, name: &str) {
        let file = fs::read_to_string(self.folder.join("postgres").join("postmaster.pid")).expect("it runs");
        let first = file.lines().next().expect("the id of a process");
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", first]).output().expect("ps");
        let children = String::from_utf8(children.stdout).expect("numbers");
        for id in std::iter::once(first).chain(children.split_whitespace()) {
            // A child may be gone by now.
            let _status = Command::new("kill").args([&format!("-{name}"), id]).status().expect("kill");
        }
    }

    /// How its one database is reached. In full size as by a server of its own; otherwise nobody waits long for it, which is
    /// there to be missed.
    pub fn settings(&self) -> Settings {
        let cluster = self.cluster.as_ref().expect("it runs");
        let mut settings = Settings::new(cluster.url("postgres", &self.password)).with_pool_size(4);
        if !super::is_full_size() {
            settings.limits.wait = Duration::from_secs(1);
            settings.limits.create = Duration::from_secs(1);
        }
        settings
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "the folder of a test stays");
        }
    }
}
