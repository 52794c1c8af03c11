//! Just enough JSON for the path that is measured: finding members by name in text that the server encoded.
//! Texts of the load never contain a quote, so a name in quotes is always a name.

use uuid::Uuid;

/// The rest of `text` after the first `"name":`.
pub(super) fn after<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        let at = rest.find(name)?;
        let (before, found) = rest.split_at(at);
        let found = found.get(name.len()..)?;
        if before.ends_with('"')
            && let Some(value) = found.strip_prefix("\":")
        {
            return Some(value);
        }
        rest = found;
    }
}

/// The text of the first member called `name`, as it stands.
pub(super) fn text<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let value = after(json, name)?.strip_prefix('"')?;
    value.split_once('"').map(|(text, _)| text)
}

/// The number of the first member called `name`.
pub(super) fn number(json: &str, name: &str) -> Option<u64> {
    let value = after(json, name)?;
    let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    value.get(..end)?.parse().ok()
}

/// The `type` of an event.
pub(super) fn kind(event: &str) -> &str {
    text(event, "type").unwrap_or_default()
}

/// The client-made ids in an event, in order.
pub(super) fn cmids(event: &str) -> impl Iterator<Item = Uuid> {
    let mut rest = event;
    std::iter::from_fn(move || {
        rest = after(rest, "cmid")?;
        rest.get(1..37)
    })
    .filter_map(|text| Uuid::try_parse(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_members_by_name() {
        let event = r#"{"type":"ack","id":17,"identity":"x","cmid":"00000000-0000-0000-0000-000000000007","seq":3}"#;
        assert_eq!(kind(event), "ack");
        assert_eq!((number(event, "id"), number(event, "seq")), (Some(17), Some(3)));
        assert_eq!(text(event, "identity"), Some("x"));
        assert_eq!(text(event, "missing"), None);
        assert_eq!(number(event, "type"), None);
        assert_eq!(cmids(event).collect::<Vec<_>>(), [Uuid::from_u128(7)]);
    }

    #[test]
    fn damaged_text_finds_nothing() {
        for event in
            ["", "{", r#"{"cmid":"#, r#"{"cmid":"short"}"#, r#"{"cmid":"é0000000-0000-0000-0000-00000000000"}"#]
        {
            assert_eq!(cmids(event).count(), 0, "{event}");
            assert_eq!(kind(event), "");
        }
    }
}
