//! What the administrators' page shows: figures, and charts whose lines the server has drawn, with their numbers in words.
//!
//! All of it is text, so that the browser neither computes nor formats anything.

use domain::event::Position;
use serde::{Deserialize, Serialize};

/// How far a chart reaches to the right, and down.
pub const CHART_WIDTH: u32 = 595;
pub const CHART_HEIGHT: u32 = 160;

/// How a server is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Where events go on after it.
    pub position: Position,
    /// Sentences about what needs attention, the most pressing first.
    pub alerts: Vec<String>,
    pub figures: Vec<Figure>,
    pub charts: Vec<Chart>,
    pub tables: Vec<Table>,
}

/// One number that tells most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    pub name: String,
    pub value: String,
    /// What it is a number of.
    pub note: String,
}

/// Lines over the last ten minutes, from nothing at the bottom to `top`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chart {
    pub name: String,
    pub top: String,
    pub lines: Vec<Line>,
}

/// One line, and its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub name: String,
    /// The path data of SVG, within [`CHART_WIDTH`] and [`CHART_HEIGHT`].
    pub path: String,
    pub now: String,
    pub least: String,
    pub most: String,
}

/// What the cache did for one kind of reads, at this server and at all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    /// What was counted, here, and everywhere.
    pub rows: Vec<(String, String, String)>,
}

impl Chart {
    /// The same for who does not see it.
    pub fn text(&self) -> String {
        let lines = self.lines.iter().map(|Line { name, now, least, most, .. }| {
            ["; ", name, ": now ", now, ", at least ", least, ", at most ", most].concat()
        });
        [self.name.clone(), ", the last ten minutes".to_owned()].into_iter().chain(lines).collect()
    }
}
