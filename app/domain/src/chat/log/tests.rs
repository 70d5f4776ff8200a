//! What the log promises: each message once and in order, whatever is retried, missed or comes twice.

use super::{CAPACITY, ChatLog, Delivery, READING_CAPACITY, WINDOW};
use crate::{
    ClientId, GuestId, MessageId, Timestamp, UserId,
    chat::{
        Author, AuthorId, ChatChange, ChatHistory, ChatMessage, ChatModes, ChatRole, ChatSnapshot, Emoji, Quote, Reaction,
        ReactionCounts, Standing,
    },
    event::Position,
    stream_list::Applied,
};
use proptest::prelude::*;
use uuid::Uuid;

const ME: AuthorId = AuthorId::Member(UserId(Uuid::from_u128(1)));
const OTHER: AuthorId = AuthorId::Member(UserId(Uuid::from_u128(2)));

fn at(sequence: u64) -> Position {
    Position { epoch: 1, sequence }
}

fn author(id: AuthorId) -> Author {
    Author { id, name: "Ana".to_owned(), username: None, avatar: None, role: ChatRole::Member }
}

fn message(n: u128, id: AuthorId) -> ChatMessage {
    ChatMessage {
        id: MessageId(Uuid::from_u128(n)),
        client: ClientId(Uuid::from_u128(n)),
        author: author(id),
        text: format!("message {n}"),
        sent_at: Timestamp(0),
        moment: None,
        reply_to: None,
        is_edited: false,
        held_until: None,
        reactions: Vec::new(),
    }
}

fn standing() -> Standing {
    Standing { author: ME, role: ChatRole::Member, is_following: false, timed_out_until: None, hidden: Vec::new() }
}

fn snapshot(position: Position, messages: Vec<ChatMessage>) -> ChatSnapshot {
    let channel = UserId(Uuid::from_u128(9));
    ChatSnapshot {
        position,
        channel,
        modes: ChatModes::default(),
        standing: standing(),
        messages,
        has_older: false,
        pin: None,
        present: 1,
    }
}

fn log(n: u128) -> ChatLog {
    ChatLog::new(snapshot(at(0), (1..=n).map(|n| message(n, OTHER)).collect()))
}

fn added(message: ChatMessage) -> ChatChange {
    ChatChange::Added { message: Box::new(message) }
}

fn ids(log: &ChatLog) -> Vec<u128> {
    log.messages().iter().map(|message| message.id.0.as_u128()).collect()
}

fn send(log: &mut ChatLog, n: u128) {
    log.begin(ClientId(Uuid::from_u128(n)), author(ME), &"hello".parse().unwrap(), None, Timestamp(0));
}

#[test]
fn an_event_is_applied_once_and_in_order() {
    let mut log = log(0);
    assert_eq!(log.apply(at(2), &added(message(5, OTHER))), Applied::Changed);
    assert_eq!(log.apply(at(2), &added(message(5, OTHER))), Applied::Unchanged);
    assert_eq!(log.apply(at(3), &added(message(4, OTHER))), Applied::Changed, "it was held");
    assert_eq!(log.apply(at(4), &added(message(5, OTHER))), Applied::Changed, "told anew");
    assert_eq!(ids(&log), [4, 5]);
    assert_eq!(log.apply(Position { epoch: 2, sequence: 9 }, &added(message(6, OTHER))), Applied::Incomplete);
}

#[test]
fn a_message_on_its_way_keeps_its_row() {
    let mut log = log(1);
    send(&mut log, 7);
    let row = *log.rows().last().unwrap();
    assert_eq!(log.row(row).map(|(_, delivery)| delivery), Some(Delivery::Sending));
    log.fail(row, "no network".to_owned());
    assert_eq!(log.n_failed(), 1);
    assert!(log.retry(row).is_some());
    log.acknowledge(message(7, ME));
    assert_eq!(log.rows().last(), Some(&row), "the same row");
    assert_eq!(log.row(row).map(|(_, delivery)| delivery), Some(Delivery::Sent));
    assert!(log.retry(row).is_none(), "nothing is left to send");
    log.apply(at(1), &added(message(7, ME)));
    assert_eq!(ids(&log), [1, 7]);
}

#[test]
fn somebody_elses_client_id_settles_nothing() {
    let mut log = log(0);
    send(&mut log, 7);
    log.apply(at(1), &added(message(7, OTHER)));
    assert_eq!(log.pending().len(), 1);
    assert_eq!(log.rows().len(), 2);
}

#[test]
fn a_late_answer_does_not_bring_back_what_was_removed() {
    let mut log = log(0);
    send(&mut log, 7);
    log.apply(at(1), &added(message(7, ME)));
    log.apply(at(2), &ChatChange::Removed { message: MessageId(Uuid::from_u128(7)) });
    log.acknowledge(message(7, ME));
    assert!(log.rows().is_empty());
}

#[test]
fn edits_and_removals_reach_quotes_and_the_pin() {
    let mut answer = message(2, OTHER);
    let id = MessageId(Uuid::from_u128(1));
    answer.reply_to = Some(Quote { message: id, name: "Ana".to_owned(), text: Some("message 1".to_owned()) });
    let mut start = snapshot(at(0), vec![message(1, OTHER), answer]);
    start.pin = Some(message(1, OTHER));
    let mut log = ChatLog::new(start);
    log.apply(at(1), &ChatChange::Edited { message: id, text: "corrected".to_owned() });
    let quote = |log: &ChatLog| log.messages().last().unwrap().reply_to.clone().unwrap().text;
    assert_eq!(quote(&log).as_deref(), Some("corrected"));
    assert_eq!(log.pin().unwrap().text, "corrected");
    assert!(log.message(id).unwrap().is_edited);
    log.apply(at(2), &ChatChange::Removed { message: id });
    assert_eq!((quote(&log), log.pin()), (None, None));
    assert_eq!(log.apply(at(3), &ChatChange::Cleared { author: OTHER }), Applied::Changed);
    assert!(log.messages().is_empty());
}

#[test]
fn what_an_event_quotes_is_taken_from_what_is_here() {
    let mut log = log(1);
    let mut answer = message(2, OTHER);
    answer.reply_to = Some(Quote { message: MessageId(Uuid::from_u128(1)), name: "Ana".to_owned(), text: None });
    log.apply(at(1), &added(answer));
    let quote = |log: &ChatLog| log.messages().last().unwrap().reply_to.clone().unwrap().text;
    assert_eq!(quote(&log).as_deref(), Some("message 1"));
    log.clear();
    assert!(log.rows().is_empty());
}

#[test]
fn counts_keep_what_the_reader_said() {
    let mut log = log(1);
    let id = MessageId(Uuid::from_u128(1));
    log.react(id, Emoji::Like, true);
    log.react(id, Emoji::Like, true);
    let reactions = |log: &ChatLog| log.message(id).unwrap().reactions.clone();
    assert_eq!(reactions(&log), [Reaction { emoji: Emoji::Like, count: 1, is_mine: true }]);
    let counted = vec![Reaction { emoji: Emoji::Like, count: 4, is_mine: false }];
    log.apply(at(1), &ChatChange::Reactions { counts: vec![ReactionCounts { message: id, reactions: counted }] });
    assert_eq!(reactions(&log), [Reaction { emoji: Emoji::Like, count: 4, is_mine: true }]);
    log.react(id, Emoji::Like, false);
    assert_eq!(reactions(&log), [Reaction { emoji: Emoji::Like, count: 3, is_mine: false }]);
}

#[test]
fn hidden_people_are_not_seen() {
    let mut start = snapshot(at(0), vec![message(1, OTHER), message(2, ME)]);
    start.standing.hidden = vec![UserId(Uuid::from_u128(2))];
    let mut log = ChatLog::new(start);
    log.apply(at(1), &added(message(3, OTHER)));
    log.apply(at(2), &added(message(4, AuthorId::Guest(GuestId(Uuid::from_u128(3))))));
    assert_eq!(ids(&log), [2, 4]);
}

#[test]
fn the_modes_and_the_readers_own_rights_follow() {
    let mut log = log(0);
    let modes = ChatModes { slow_seconds: 9, ..ChatModes::default() };
    assert_eq!(log.apply(at(1), &ChatChange::Modes { modes }), Applied::Changed);
    assert_eq!(log.modes(), modes);
    let until = Some(Timestamp(9));
    assert_eq!(log.apply(at(2), &ChatChange::TimedOut { author: OTHER, until }), Applied::Unchanged);
    assert_eq!(log.apply(at(3), &ChatChange::TimedOut { author: ME, until }), Applied::Changed);
    assert_eq!(log.standing().timed_out_until, until);
    assert_eq!(log.apply(at(4), &ChatChange::Standing { author: ME }), Applied::Incomplete);
}

#[test]
fn a_snapshot_does_not_swallow_what_came_while_it_was_read() {
    let mut log = log(2);
    log.lose();
    log.apply(at(5), &added(message(5, OTHER)));
    log.apply(at(6), &ChatChange::Removed { message: MessageId(Uuid::from_u128(2)) });
    log.replace(snapshot(at(4), vec![message(1, OTHER), message(2, OTHER), message(3, OTHER)]));
    assert_eq!(ids(&log), [1, 3, 5]);
    let mut rights = snapshot(at(3), vec![]);
    rights.standing.is_following = true;
    log.replace(rights);
    assert_eq!(ids(&log), [1, 3, 5], "nothing was missed");
    assert!(log.standing().is_following);
}

#[test]
fn after_a_restart_the_snapshot_takes_the_events_of_the_new_epoch() {
    let mut log = log(2);
    send(&mut log, 7);
    let new = |sequence| Position { epoch: 2, sequence };
    assert_eq!(log.apply(new(3), &added(message(8, OTHER))), Applied::Incomplete);
    assert_eq!(log.apply(new(4), &added(message(9, OTHER))), Applied::Incomplete);
    log.replace(snapshot(new(3), vec![message(1, OTHER), message(7, ME), message(8, OTHER)]));
    assert_eq!(ids(&log), [1, 7, 8, 9]);
    assert!(log.pending().is_empty());
}

#[test]
fn what_is_kept_is_bounded_and_the_window_too() {
    let mut log = log(0);
    for n in 1..=1000_u32 {
        log.apply(at(n.into()), &added(message(n.into(), OTHER)));
    }
    assert_eq!(log.messages().len(), CAPACITY);
    assert!(log.has_older());
    assert_eq!(log.shown().len(), WINDOW);
    assert_eq!(log.shown().last().unwrap().id.0.as_u128(), 1000);
}

#[test]
fn a_reader_further_up_is_not_moved() {
    let mut log = log(200);
    log.earlier();
    let shown: Vec<_> = log.shown().to_vec();
    assert_eq!(shown.first().unwrap().id.0.as_u128(), 1);
    for n in 201..=900_u32 {
        log.apply(at(n.into()), &added(message(n.into(), OTHER)));
    }
    assert_eq!(log.shown(), shown, "nothing moved");
    assert_eq!(log.n_new(), 700);
    assert!(log.messages().len() <= READING_CAPACITY);
    assert!(log.follow(), "the newest are not here");
    log.replace(snapshot(at(900), (801..=900).map(|n| message(n, OTHER)).collect()));
    assert_eq!(log.shown().last().unwrap().id.0.as_u128(), 900);
    assert!(!log.is_reading());
}

#[test]
fn older_pages_join_and_the_window_moves_both_ways() {
    let mut start = snapshot(at(0), (101..=200).map(|n| message(n, OTHER)).collect());
    start.has_older = true;
    let mut log = ChatLog::new(start);
    let before = log.earlier().expect("there is more at the server");
    assert_eq!(before.0.as_u128(), 101);
    let page = || ChatHistory { messages: (51..=100).map(|n| message(n, OTHER)).collect(), has_older: true };
    log.prepend(before, page());
    log.prepend(before, page());
    assert_eq!(ids(&log), (51..=200).collect::<Vec<_>>());
    log.prepend(log.messages()[0].id, ChatHistory { messages: (1..=50).map(|n| message(n, OTHER)).collect(), has_older: false });
    assert_eq!(log.earlier(), None);
    assert_eq!(log.shown().first().unwrap().id.0.as_u128(), 1);
    assert_eq!(log.shown().len(), WINDOW);
    assert!(!log.later());
    assert!(log.later(), "the newest are followed again");
    assert!(log.reveal(MessageId(Uuid::from_u128(1))));
    assert!(log.shown().iter().any(|message| message.id.0.as_u128() == 1));
    assert!(!log.reveal(MessageId(Uuid::from_u128(999))));
}

#[test]
fn removing_the_last_message_that_is_read_keeps_the_place() {
    let mut log = log(5);
    log.read();
    log.apply(at(1), &added(message(6, OTHER)));
    log.apply(at(2), &ChatChange::Removed { message: MessageId(Uuid::from_u128(5)) });
    assert_eq!(log.shown().len(), 4);
    assert!(log.is_reading());
}

/// What the network does with one message of the reader's.
#[derive(Debug, Clone, Copy)]
enum Step {
    Send,
    LoseAnswer,
    Answer,
    Event,
    Retry,
    Miss,
    Snapshot,
}

proptest! {
    /// Answers, events, losses, retries and snapshots in any order: the server has the message once, and so has the page.
    #[test]
    fn exactly_one_message_whatever_is_retried(
        steps in proptest::collection::vec(
            (0_u128..4, proptest::sample::select(vec![
                Step::Send, Step::LoseAnswer, Step::Answer, Step::Event, Step::Retry, Step::Miss, Step::Snapshot,
            ])),
            0..80,
        ),
    ) {
        let mut log = log(0);
        // The server: what it took, in order, and its position. What it published and the page has not heard.
        let mut stored: Vec<u128> = Vec::new();
        let mut unheard: std::collections::VecDeque<(u64, u128)> = std::collections::VecDeque::new();
        let mut position = 0;
        let mut has_missed = false;
        for (n, step) in steps {
            let key = (ME, ClientId(Uuid::from_u128(n)));
            let arrive = |stored: &mut Vec<u128>, unheard: &mut std::collections::VecDeque<(u64, u128)>, position: &mut u64| {
                if !stored.contains(&n) {
                    stored.push(n);
                    *position += 1;
                    unheard.push_back((*position, n));
                }
            };
            match step {
                Step::Send => if !stored.contains(&n) { send(&mut log, n) },
                Step::LoseAnswer => if log.pending().iter().any(|pending| pending.message.key() == key) {
                    arrive(&mut stored, &mut unheard, &mut position);
                    log.fail(key, "lost".to_owned());
                },
                Step::Answer => if log.pending().iter().any(|pending| pending.message.key() == key) {
                    arrive(&mut stored, &mut unheard, &mut position);
                    log.acknowledge(message(n, ME));
                },
                Step::Retry => if log.retry(key).is_some() {
                    arrive(&mut stored, &mut unheard, &mut position);
                    log.acknowledge(message(n, ME));
                },
                Step::Event => if let Some((sequence, n)) = unheard.pop_front() {
                    log.apply(at(sequence), &added(message(n, ME)));
                },
                Step::Miss => if unheard.pop_front().is_some() {
                    has_missed = true;
                    log.lose();
                },
                Step::Snapshot => {
                    let mut all: Vec<u128> = stored.clone();
                    all.sort_unstable();
                    log.lose();
                    log.replace(snapshot(at(position), all.into_iter().map(|n| message(n, ME)).collect()));
                    has_missed = false;
                }
            }
            let rows = log.rows();
            let mut unique = rows.clone();
            unique.sort_unstable();
            unique.dedup();
            prop_assert_eq!(rows.len(), unique.len(), "no row twice");
        }
        // In the end everything is heard or read anew.
        if has_missed {
            let mut all = stored.clone();
            all.sort_unstable();
            log.replace(snapshot(at(position), all.into_iter().map(|n| message(n, ME)).collect()));
        }
        while let Some((sequence, n)) = unheard.pop_front() {
            log.apply(at(sequence), &added(message(n, ME)));
        }
        stored.sort_unstable();
        prop_assert_eq!(ids(&log), stored);
    }
}
