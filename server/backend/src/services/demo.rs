//! Synthetic teachers for a look at the platform. Their accounts have no password that anybody knows.

use crate::{
    Error, Result,
    database::Database,
    passwords::Passwords,
    repositories::{
        Moment, channels,
        chat_messages::{self, New, Reader},
        follows, schedule, users,
    },
    stream_keys::StreamKeys,
    tokens::random_token,
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    Category, ClientId, Timestamp, UserId,
    channel::{StreamSettings, StreamTitle},
    chat::AuthorId,
    user::{Email, Username},
};
use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

struct Teacher {
    username: &'static str,
    name: &'static str,
    bio: &'static str,
    category: Category,
    title: &'static str,
    /// Announced, with the hours from now.
    next: (&'static str, i64),
    is_live: bool,
}

const TEACHERS: [Teacher; 8] = [
    Teacher {
        username: "demo_rust",
        name: "The Rust Workshop",
        bio: "Small programs, written slowly and explained out loud. Bring a question; we stop for every one of them.",
        category: Category::Coding,
        title: "Ownership by drawing: a linked list on paper",
        next: ("Lifetimes without fear", 26),
        is_live: true,
    },
    Teacher {
        username: "demo_databases",
        name: "Query Clinic",
        bio: "We take a slow query apart until it is fast, and then we find out why it was slow.",
        category: Category::Coding,
        title: "Reading an EXPLAIN from the inside out",
        next: ("Indexes you do not need", 50),
        is_live: true,
    },
    Teacher {
        username: "demo_watercolour",
        name: "Watercolour Mornings",
        bio: "One landscape a week. Cheap paper is welcome here.",
        category: Category::Creativity,
        title: "Skies in three washes",
        next: ("Trees that are not lollipops", 20),
        is_live: true,
    },
    Teacher {
        username: "demo_music",
        name: "Theory by Ear",
        bio: "Harmony with the ears first and the names second. No instrument needed.",
        category: Category::Creativity,
        title: "Why that chord feels like going home",
        next: ("Hearing the bass line", 5),
        is_live: false,
    },
    Teacher {
        username: "demo_studyhall",
        name: "The Quiet Study Hall",
        bio: "Fifty minutes of work, ten of rest, cameras off. Say what you will do, then do it.",
        category: Category::Study,
        title: "Fifty quiet minutes",
        next: ("Evening session", 8),
        is_live: true,
    },
    Teacher {
        username: "demo_algebra",
        name: "Linear Algebra, Again",
        bio: "For everybody who passed the exam and never saw the picture.",
        category: Category::Study,
        title: "A matrix is a machine that moves space",
        next: ("Eigenvectors: what does not turn", 30),
        is_live: false,
    },
    Teacher {
        username: "demo_garage",
        name: "The Prototype Garage",
        bio: "From a sentence to something you can press, in one evening.",
        category: Category::Innovation,
        title: "A paper prototype in twenty minutes",
        next: ("Five users and a coffee", 44),
        is_live: false,
    },
    Teacher {
        username: "demo_pitch",
        name: "Plain Pitch",
        bio: "Say what it does, for whom, and what it costs. Then stop talking.",
        category: Category::Innovation,
        title: "Your idea in one breath",
        next: ("Answering the hard question", 72),
        is_live: false,
    },
];

/// What is said in the chats of those who are live: the channel, who says it, and the words.
const CONVERSATIONS: [(&str, &str, &str); 12] = [
    ("demo_rust", "demo_databases", "The drawing helps a lot. Who owns the tail?"),
    ("demo_rust", "demo_rust", "Nobody but the node before it. Pull one arrow and see what is left hanging."),
    ("demo_rust", "demo_algebra", "So `Option<Box<Node>>` is the arrow?"),
    ("demo_rust", "demo_rust", "Exactly. :tada:"),
    ("demo_databases", "demo_rust", "Why is the sort so far inside?"),
    ("demo_databases", "demo_databases", "Because the merge join above it asked for it. Look at the rows, not at the cost."),
    ("demo_databases", "demo_pitch", "I have one of those at work :scream:"),
    ("demo_watercolour", "demo_music", "Is the second wash still wet when the third goes on?"),
    ("demo_watercolour", "demo_watercolour", "Damp. If it shines, wait; if it is matt, go."),
    ("demo_studyhall", "demo_garage", "Fifty minutes on a parts list. See you at the break."),
    ("demo_studyhall", "demo_algebra", "Chapter four, exercises one to nine. @demo_garage same time tomorrow?"),
    ("demo_studyhall", "demo_studyhall", "Quiet from now. :coffee: in fifty."),
];

/// A stream for the program that sends the pictures.
#[derive(Debug, Serialize)]
pub struct DemoStream {
    pub key: String,
    pub title: String,
    pub seed: u64,
}

/// The demonstration. Cheap to clone.
#[derive(Clone)]
pub struct Demo {
    database: Database,
    stream_keys: StreamKeys,
    passwords: Passwords,
}

impl Demo {
    pub(crate) fn new(database: Database, stream_keys: StreamKeys) -> Result<Self> {
        Ok(Self { database, stream_keys, passwords: Passwords::new()? })
    }

    /// Adds the teachers that are missing, and their next lessons. Answers those who should be live.
    pub async fn seed(&self) -> Result<Vec<DemoStream>> {
        let mut streams = Vec::new();
        let mut channels = Vec::new();
        for (teacher, seed) in TEACHERS.iter().zip(1..) {
            let channel = self.ensure(teacher).await?;
            channels.push(channel);
            if teacher.is_live {
                let key = self.stream_keys.of_channel(channel).await?;
                streams.push(DemoStream { key, title: teacher.title.to_owned(), seed });
            }
        }
        self.acquaint(&channels).await?;
        self.converse().await?;
        Ok(streams)
    }

    /// Makes each teacher follow some of the others: the first the next one, the second the next two, and so on.
    async fn acquaint(&self, channels: &[UserId]) -> Result<()> {
        let mut connection = self.database.connection().await?;
        for (n_followed, follower) in (1..).zip(channels) {
            let others = channels.iter().cycle().skip(n_followed).take(n_followed.min(channels.len() - 1));
            for channel in others.filter(|channel| *channel != follower) {
                if follows::insert(&mut connection, *follower, *channel).await? {
                    follows::reward_first(&mut connection, *follower, *channel).await?;
                }
            }
        }
        Ok(())
    }

    /// Lets the teachers talk where nobody has said anything yet.
    async fn converse(&self) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let mut quiet = Vec::new();
        for (channel, author, text) in CONVERSATIONS {
            let (channel, author) = (id_of(&mut connection, channel).await?, id_of(&mut connection, author).await?);
            if !quiet.contains(&channel) {
                let said = chat_messages::page(&mut connection, channel, &Reader::of_everything(), None, 1).await?;
                if !said.is_empty() {
                    continue;
                }
                quiet.push(channel);
            }
            let (client, author) = (ClientId(Uuid::new_v4()), AuthorId::Member(author));
            let new = New { channel, client, author, guest_name: None, text, reply_to: None, hold: 0 };
            chat_messages::insert(&mut connection, &new).await?;
        }
        Ok(())
    }

    async fn ensure(&self, teacher: &Teacher) -> Result<UserId> {
        let invalid = |message: String| Error::Setting(format!("the demonstration's {}: {message}", teacher.username));
        let username: Username = teacher.username.parse().map_err(invalid)?;
        let title: StreamTitle = teacher.title.parse().map_err(invalid)?;
        let mut connection = self.database.connection().await?;
        let id = if let Some(channel) = channels::find_by_username(&mut connection, &username).await? {
            channel.id
        } else {
            let id = UserId(Uuid::now_v7());
            let email: Email = format!("{}@demo.invalid", teacher.username).parse().map_err(invalid)?;
            let hash = self.passwords.hash(random_token()?.parse().map_err(invalid)?).await?;
            let settings = StreamSettings { title, category: teacher.category };
            connection
                .transaction(async |connection| {
                    users::insert(connection, id, &username, &email, &hash).await?;
                    users::set_profile(connection, id, teacher.name, teacher.bio).await?;
                    channels::insert(connection, id, &settings.title, settings.category).await
                })
                .await?;
            id
        };
        if schedule::upcoming(&mut connection, Some(id), &[]).await?.is_empty() {
            let (title, hours) = teacher.next;
            schedule::insert(&mut connection, id, title, teacher.category, in_hours(hours), 60).await?;
        }
        Ok(id)
    }
}

/// One of the teachers, who are all there by now.
async fn id_of(connection: &mut AsyncPgConnection, username: &str) -> Result<UserId> {
    let missing = || Error::Setting(format!("the demonstration's {username} is missing"));
    let name: Username = username.parse().map_err(|_not_a_name: String| missing())?;
    Ok(channels::find_by_username(connection, &name).await?.ok_or_else(missing)?.id)
}

/// A full hour that far ahead.
fn in_hours(hours: i64) -> Moment {
    const HOUR: i64 = 3600;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let now = i64::try_from(seconds).unwrap_or(0);
    Moment(Timestamp((now / HOUR + hours) * HOUR * 1000))
}
