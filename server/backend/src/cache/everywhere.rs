//! What the caches of all servers did, added up in Redis.
//!
//! Each server adds what it counted since it last did. A batch that got no answer may have arrived all the same and is not
//! sent again: counting too little is better than counting twice.

use super::{
    counters::{Numbers, PerNamespace},
    lifetimes::Namespace,
    shared::Shared,
};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// What this server has added, and the sums that it was told then.
#[derive(Default)]
pub(super) struct Everywhere {
    added: Mutex<PerNamespace>,
    sums: Mutex<Option<PerNamespace>>,
}

impl Everywhere {
    /// Adds what is new in `counted`, and answers the sums of all servers.
    pub(super) async fn add(&self, shared: &Shared, counted: PerNamespace) -> Option<PerNamespace> {
        let sums = self.told(shared, counted).await;
        *self.sums.lock().unwrap_or_else(PoisonError::into_inner) = sums;
        sums
    }

    async fn told(&self, shared: &Shared, counted: PerNamespace) -> Option<PerNamespace> {
        if !shared.is_up() {
            return None;
        }
        let added = std::mem::replace(&mut *self.added.lock().unwrap_or_else(PoisonError::into_inner), counted);
        let sums = shared.add(&increments(counted, added)).await?;
        Some(Namespace::ALL.map(|namespace| read(&sums, namespace)))
    }

    /// The sums as they were when this server last asked. None while Redis does not answer.
    pub(super) fn sums(&self) -> Option<PerNamespace> {
        *self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was counted since, under its names and without what did not change.
fn increments(counted: PerNamespace, added: PerNamespace) -> Vec<(String, i64)> {
    let mut increments = Vec::new();
    for (namespace, (counted, added)) in Namespace::ALL.into_iter().zip(counted.into_iter().zip(added)) {
        for (name, increment) in Numbers::NAMES.into_iter().zip(counted.since(added).values()) {
            if increment > 0 {
                increments.push((field(namespace, name), i64::try_from(increment).unwrap_or(i64::MAX)));
            }
        }
    }
    increments
}

fn read(sums: &HashMap<String, i64>, namespace: Namespace) -> Numbers {
    let sum = |name| sums.get(&field(namespace, name)).copied().and_then(|sum| u64::try_from(sum).ok()).unwrap_or(0);
    Numbers::from_values(Numbers::NAMES.map(sum))
}

fn field(namespace: Namespace, name: &str) -> String {
    format!("{}:{name}", namespace.name())
}

#[cfg(test)]
mod tests {
    use super::{Namespace, Numbers, increments, read};
    use std::{collections::HashMap, time::Duration};

    #[test]
    fn only_what_is_new_is_added() {
        let mut added = [Numbers::default(); 4];
        added[0].hits = 5;
        let mut counted = added;
        assert_eq!(increments(counted, added), []);
        counted[0].hits = 7;
        counted[2].saved = Duration::from_micros(30);
        let increments = increments(counted, added);
        assert_eq!(increments, [("home:hits".to_owned(), 2), ("channel:saved_micros".to_owned(), 30)]);
        let sums: HashMap<_, _> = increments.into_iter().collect();
        assert_eq!(read(&sums, Namespace::Home).hits, 2);
        assert_eq!(read(&sums, Namespace::Channel).saved, Duration::from_micros(30));
        assert_eq!(read(&sums, Namespace::Category), Numbers::default());
    }
}
