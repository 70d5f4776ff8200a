//! Server-sent events (WHATWG HTML), as far as they are counted here.

/// One event. What a stream of events may hold besides, such as comments, is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Event<'a> {
    /// Empty when it has none.
    pub name: &'a [u8],
    pub id: Option<&'a [u8]>,
    /// The last line of the data; what is sent here has one.
    pub data: &'a [u8],
}

/// Hands over each event that is complete, and answers how many bytes they took.
pub fn scan(text: &[u8], mut each: impl FnMut(Event<'_>)) -> usize {
    let (mut event, mut line_at, mut taken) = (Event::default(), 0, 0);
    while let Some(line) = text.get(line_at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n').map(|n| (rest, n))) {
        let (rest, length) = line;
        line_at += length + 1;
        let line = rest.get(..length).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            taken = line_at;
            let event = std::mem::take(&mut event);
            if event != Event::default() {
                each(event);
            }
            continue;
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default()),
            None => (line, Default::default()),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => event.name = value,
            b"id" => event.id = Some(value),
            b"data" => event.data = value,
            _ => {}
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::scan;

    fn read(text: &str) -> (Vec<(String, String, String)>, usize) {
        let mut events = Vec::new();
        let owned = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let taken = scan(text.as_bytes(), |event| {
            events.push((owned(event.name), owned(event.id.unwrap_or_default()), owned(event.data)));
        });
        (events, taken)
    }

    #[test]
    fn events_and_what_is_left() {
        let text = ": hi\n\nevent: resync\nid: 1:2\ndata: {}\n\nid:3\ndata:x\n\nretry: 5\n\nid: 4\ndata: ha";
        let (events, taken) = read(text);
        let event = |name: &str, id: &str, data: &str| (name.to_owned(), id.to_owned(), data.to_owned());
        assert_eq!(events, [event("resync", "1:2", "{}"), event("", "3", "x")]);
        assert_eq!(text.get(taken..), Some("id: 4\ndata: ha"));
        assert_eq!(read("data: x\n"), (vec![], 0));
    }
}
