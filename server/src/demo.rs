//! The demonstration: synthetic teachers, some of them live with a generated picture.

use crate::start::Server;
use std::process::Stdio;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

/// The program that sends the pictures.
pub struct Demo {
    publisher: Child,
}

/// Adds the teachers, and starts `publisher`, which lies beside this program, with their stream keys on its standard input.
pub async fn start(server: &Server) -> Result<Demo, String> {
    let streams = server.backend.demo.seed().await.map_err(|error| error.to_string())?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?.with_file_name("publisher");
    let mut publisher = Command::new(&program)
        .args(["--url", &format!("http://{}/whip", server.address), "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
    let list = serde_json::to_vec(&streams).map_err(|error| error.to_string())?;
    if let Some(mut input) = publisher.stdin.take() {
        input.write_all(&list).await.map_err(|error| error.to_string())?;
    }
    Ok(Demo { publisher })
}

impl Demo {
    pub async fn stop(mut self) {
        if let Err(error) = self.publisher.kill().await {
            tracing::warn!(%error, "the publisher could not be stopped");
        }
    }
}
