//! A channel of Redis, heard again after whatever happens to its connection.

use fred::{
    clients::SubscriberClient,
    interfaces::{ClientLike, EventInterface, PubsubInterface},
    types::Value,
};
use std::time::Duration;
use tokio::sync::{broadcast::error::RecvError, mpsc};

/// After how long another attempt is made to hear the channel.
const PAUSE: Duration = Duration::from_millis(500);
/// After how long without a word it is looked whether the connection is alive.
const SILENCE: Duration = Duration::from_secs(3);

/// What is heard of a channel.
pub(crate) enum Heard<'a> {
    Said(&'a str),
    /// From here on it is heard. What was said before may have been missed.
    Anew,
}

/// Connects, and passes on what `read` makes of what is heard, until nobody takes that any more. A Redis that is away is tried
/// again for ever.
pub(crate) async fn hear<T>(
    subscriber: SubscriberClient,
    channel: &str,
    inputs: mpsc::Sender<T>,
    mut read: impl FnMut(Heard<'_>) -> Option<T>,
) {
    let (mut messages, mut connections) = (subscriber.message_rx(), subscriber.reconnect_rx());
    subscriber.connect();
    loop {
        let input = tokio::select! {
            // What was said before a reconnection is no proof of what was said after.
            biased;
            message = messages.recv() => match message {
                Ok(message) => message.value.as_str().and_then(|text| read(Heard::Said(&text))),
                Err(RecvError::Lagged(_)) => read(Heard::Anew),
                Err(RecvError::Closed) => return,
            },
            // The first connection is among them.
            connection = connections.recv() => match connection {
                Ok(_) | Err(RecvError::Lagged(_)) => {
                    // First, so that nothing is said between what is kept elsewhere and what is heard.
                    subscribe(&subscriber, channel).await;
                    read(Heard::Anew)
                }
                Err(RecvError::Closed) => return,
            },
            // If the connection is dead, it ends because this is not answered.
            () = tokio::time::sleep(SILENCE) => {
                let _is_alive = subscriber.ping::<Value>(None).await;
                None
            }
        };
        if let Some(input) = input
            && inputs.send(input).await.is_err()
        {
            return;
        }
    }
}

/// Hears the channel from now on, however long that takes.
async fn subscribe(subscriber: &SubscriberClient, channel: &str) {
    loop {
        let asked = async {
            subscriber.subscribe(channel).await?;
            // What Redis answers to that is kept from us. It answers this with a list to who is subscribed, and with a word to
            // others.
            subscriber.ping::<Value>(None).await
        };
        match asked.await {
            Ok(Value::Array(_)) => return,
            Ok(_) => tracing::warn!(channel, "Redis does not let this server hear the others"),
            Err(error) => tracing::warn!(channel, %error, "Redis is not reachable yet"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
