//! A clock of a test's own for whole processes, told by a library that is put before the program (libfaketime).

use super::new_folder;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where systems keep the library, in its form for programs with threads.
const LIBRARIES: [&str; 5] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
    "/usr/local/lib/faketime/libfaketimeMT.so.1",
];

/// Where the library leaves something of every process, and under which names.
const LEFT_IN: &str = "/dev/shm";
const LEFT: [&str; 2] = ["faketime_shm_", "sem.faketime_sem_"];

/// Removed with its test.
pub struct Clock {
    library: &'static str,
    folder: PathBuf,
}

impl Clock {
    /// One that goes right. None on a machine without the library.
    pub fn new() -> Option<Self> {
        let library = LIBRARIES.into_iter().find(|library| Path::new(library).exists())?;
        let clock = Self { library, folder: new_folder() };
        clock.set(0);
        Some(clock)
    }

    /// Sets it so many seconds ahead of the machine's, also for processes that run.
    pub fn set(&self, seconds: i64) {
        // It is read at every look at the clock, and must never be empty.
        let new = self.folder.join("new");
        fs::write(&new, format!("{seconds:+}\n")).expect("a temporary file");
        fs::rename(new, self.file()).expect("a temporary file");
    }

    /// The environment of a process that is to go by this clock. How long something takes it knows as before.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("LD_PRELOAD", self.library.to_owned()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().to_string_lossy().into_owned()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }

    fn file(&self) -> PathBuf {
        self.folder.join("offset")
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        for entry in fs::read_dir(LEFT_IN).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let process = LEFT.iter().find_map(|prefix| name.strip_prefix(prefix));
            if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
                // Another test may have done it.
                let _removed = fs::remove_file(entry.path());
            }
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "the folder of a clock stays");
        }
    }
}
