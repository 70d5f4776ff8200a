//! A message as the database answers it.

use crate::repositories::Moment;
use diesel::{
    QueryResult, QueryableByName,
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use domain::{
    BroadcastId, ClientId, GuestId, MessageId, PictureId, UserId,
    chat::{Author, AuthorId, BroadcastMoment, ChatMessage, ChatRole, Quote, text::excerpt},
    user::Username,
};
use uuid::Uuid;

#[derive(QueryableByName)]
pub(super) struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    client_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    author: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    member_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    username: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    avatar: Option<Uuid>,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    broadcast_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<BigInt>)]
    offset_ms: Option<i64>,
    #[diesel(sql_type = Text)]
    text: String,
    #[diesel(sql_type = Timestamptz)]
    sent_at: Moment,
    #[diesel(sql_type = Bool)]
    is_edited: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    held_until: Option<Moment>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    reply_to: Option<Uuid>,
    #[diesel(sql_type = Text)]
    reply_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    reply_text: Option<String>,
}

impl Row {
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    pub(super) fn into_message(self) -> QueryResult<ChatMessage> {
        let moment = self.broadcast_id.zip(self.offset_ms).map(|(broadcast, offset)| BroadcastMoment {
            broadcast: BroadcastId(broadcast),
            offset_ms: offset.try_into().unwrap_or(0),
        });
        let (name, text) = (self.reply_name, self.reply_text);
        let quote = |id| Quote { message: MessageId(id), name, text: text.as_deref().map(excerpt) };
        let author = Author {
            id: author_id(self.author, self.member_id),
            name: self.name,
            username: self.username.map(Username::from_stored),
            avatar: self.avatar.map(PictureId),
            role: role(&self.role)?,
        };
        Ok(ChatMessage {
            id: MessageId(self.id),
            client: ClientId(self.client_id),
            author,
            text: self.text,
            sent_at: self.sent_at.0,
            moment,
            reply_to: self.reply_to.map(quote),
            is_edited: self.is_edited,
            held_until: self.held_until.map(|moment| moment.0),
            reactions: Vec::new(),
        })
    }
}

pub(super) fn author_id(author: Uuid, member: Option<Uuid>) -> AuthorId {
    member.map_or(AuthorId::Guest(GuestId(author)), |member| AuthorId::Member(UserId(member)))
}

fn role(text: &str) -> QueryResult<ChatRole> {
    match text {
        "guest" => Ok(ChatRole::Guest),
        "member" => Ok(ChatRole::Member),
        "moderator" => Ok(ChatRole::Moderator),
        "streamer" => Ok(ChatRole::Streamer),
        other => Err(diesel::result::Error::DeserializationError(format!("{other:?} is no role").into())),
    }
}
