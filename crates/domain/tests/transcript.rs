//! The hash chain and the verification of exports: every change of a proven field is found.

use domain::chain;
use domain::entry::Audience;
use domain::transcript::{FORMAT, StoredEntry, Transcript, TranscriptEntry, VERSION, VerifyError, verify};
use proptest::prelude::*;
use protocol::ids::{ConversationId, SiteId, TenantId, VisitorId};
use uuid::Uuid;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));
const CONVERSATION: ConversationId = ConversationId(Uuid::from_u128(2));

fn stored() -> Vec<StoredEntry> {
    let visitor = "visitor:00000000-0000-0000-0000-000000000004";
    let agent = "agent:00000000-0000-0000-0000-000000000005";
    let rows = [
        ("queued", "system", r#"{"type":"queued"}"#),
        ("message", visitor, r#"{"type":"message","text":"hello"}"#),
        ("note", agent, r#"{"type":"note","text":"an old friend"}"#),
        ("message", agent, r#"{"type":"message","text":"hello, too"}"#),
        ("message", visitor, r#"{"type":"message","text":"my secret"}"#),
        ("closed", "system", r#"{"type":"closed","by":"visitor_gone"}"#),
    ];
    let mut previous = chain::genesis(TENANT, CONVERSATION);
    let mut entries = vec![];
    for (index, (kind, author, body)) in rows.into_iter().enumerate() {
        let seq = index as u64 + 1;
        let at = 1_000 + index as i64;
        let salt = [index as u8; 16];
        let commitment = chain::commitment(&salt, body);
        previous = chain::link(&previous, seq, kind, author, at, &commitment);
        entries.push(StoredEntry {
            seq,
            at,
            kind: kind.into(),
            author: author.into(),
            author_name: (author != "system").then(|| "somebody".into()),
            content: Some((body.into(), salt)),
            commitment,
            hash: previous,
        });
    }
    entries[4].content = None;
    entries
}

fn export(reader: Audience) -> Transcript {
    let stored = stored();
    Transcript {
        format: FORMAT.into(),
        version: VERSION,
        tenant: TENANT,
        conversation: CONVERSATION,
        site: SiteId(Uuid::from_u128(3)),
        site_name: "Shop".into(),
        visitor: VisitorId(Uuid::from_u128(4)),
        visitor_name: None,
        created_at: 1_000,
        exported_at: 9_000,
        last_seq: 6,
        head: chain::to_hex(&stored[5].hash),
        entries: stored.iter().map(|entry| TranscriptEntry::export(entry, reader)).collect(),
    }
}

#[test]
fn a_transcript_verifies_and_survives_json() {
    for (reader, placeholders) in [(Audience::Agents, 0), (Audience::Everyone, 1)] {
        let json = serde_json::to_string_pretty(&export(reader)).unwrap();
        let read: Transcript = serde_json::from_str(&json).unwrap();
        let verified = verify(&read).unwrap();
        assert_eq!((verified.entries, verified.redacted, verified.placeholders), (6, 1, placeholders));
        assert!(!json.contains("secret"));
        assert_eq!(json.contains("old friend"), placeholders == 0);
    }
}

#[test]
fn a_placeholder_tells_nothing_but_hashes() {
    let exported = export(Audience::Everyone);
    let json = serde_json::to_value(&exported.entries[2]).unwrap();
    let keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["digest", "hash", "seq"]);
}

#[test]
fn an_empty_conversation_verifies() {
    let mut transcript = export(Audience::Agents);
    transcript.entries.clear();
    transcript.last_seq = 0;
    transcript.head = chain::to_hex(&chain::genesis(TENANT, CONVERSATION));
    assert_eq!(verify(&transcript).unwrap().entries, 0);
}

#[test]
fn removed_reordered_inserted_and_cut_entries_are_found() {
    for reader in [Audience::Agents, Audience::Everyone] {
        for at in 0..6 {
            let mut transcript = export(reader);
            transcript.entries.remove(at);
            assert!(verify(&transcript).is_err(), "removed {at}");
            // Also when what follows is renumbered.
            (1u64..).zip(&mut transcript.entries).for_each(|(seq, entry)| entry.seq = seq);
            transcript.last_seq = 5;
            assert!(verify(&transcript).is_err(), "removed {at} and renumbered");

            let mut transcript = export(reader);
            let copy = transcript.entries[at].clone();
            transcript.entries.insert(at, copy);
            (1u64..).zip(&mut transcript.entries).for_each(|(seq, entry)| entry.seq = seq);
            transcript.last_seq = 7;
            assert!(verify(&transcript).is_err(), "inserted at {at}");
        }
        for at in 0..5 {
            let mut transcript = export(reader);
            transcript.entries.swap(at, at + 1);
            assert!(verify(&transcript).is_err(), "swapped {at}");
            (1u64..).zip(&mut transcript.entries).for_each(|(seq, entry)| entry.seq = seq);
            assert!(verify(&transcript).is_err(), "swapped {at} and renumbered");
        }
    }
    let mut transcript = export(Audience::Agents);
    transcript.entries.pop();
    assert_eq!(verify(&transcript), Err(VerifyError::Count { stated: 6, found: 5 }));
    transcript.last_seq = 5;
    assert_eq!(verify(&transcript), Err(VerifyError::Head));
}

#[test]
fn an_entry_cannot_claim_another_audience() {
    for at in 0..6 {
        let mut transcript = export(Audience::Agents);
        let other = match transcript.entries[at].audience {
            Some(Audience::Agents) => Audience::Everyone,
            _ => Audience::Agents,
        };
        transcript.entries[at].audience = Some(other);
        assert_eq!(verify(&transcript), Err(VerifyError::Entry(at as u64 + 1)));
    }
}

/// Labels are not proven; everything else is.
const LABELS: &[&str] = &["site", "site_name", "visitor", "visitor_name", "author_name", "created_at", "exported_at"];

/// Every place in a JSON value that holds text or a number and is not a label.
fn leaves(value: &serde_json::Value, pointer: &str, out: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| !LABELS.contains(&key.as_str())) {
                leaves(member, &format!("{pointer}/{key}"), out);
            }
        }
        serde_json::Value::Array(items) => {
            (0..).zip(items).for_each(|(index, item): (usize, _)| leaves(item, &format!("{pointer}/{index}"), out));
        }
        _ => out.push(pointer.to_owned()),
    }
}

/// The value with one place changed in a small way.
fn flipped(value: &serde_json::Value, at: usize) -> serde_json::Value {
    match value {
        serde_json::Value::Number(number) => (number.as_i64().expect("a number or hexadecimal digit") + 1).into(),
        serde_json::Value::String(text) => {
            let mut chars: Vec<char> = text.chars().collect();
            let at = at % chars.len();
            chars[at] = match chars[at] {
                '0' => '1',
                '1'..='9' | 'a'..='e' => char::from_u32(chars[at] as u32 - 1).expect("a number or hexadecimal digit"),
                _ => 'b',
            };
            chars.into_iter().collect::<String>().into()
        }
        other => panic!("{other}"),
    }
}

proptest! {
    #[test]
    fn every_flipped_field_is_found(visitor in any::<bool>(), which in any::<prop::sample::Index>(), at in 0usize..200) {
        let reader = if visitor { Audience::Everyone } else { Audience::Agents };
        let mut json = serde_json::to_value(export(reader)).unwrap();
        let mut places = vec![];
        leaves(&json, "", &mut places);
        let place = which.get(&places);
        let leaf = json.pointer_mut(place).unwrap();
        let changed = flipped(leaf, at);
        prop_assume!(*leaf != changed);
        *leaf = changed;
        let found = match serde_json::from_value::<Transcript>(json) {
            Err(_) => true,
            Ok(transcript) => verify(&transcript).is_err(),
        };
        prop_assert!(found, "{} was changed and not found", place);
    }

    #[test]
    fn every_dropped_field_is_found(visitor in any::<bool>(), which in any::<prop::sample::Index>()) {
        let reader = if visitor { Audience::Everyone } else { Audience::Agents };
        let mut json = serde_json::to_value(export(reader)).unwrap();
        let mut places = vec![];
        leaves(&json, "", &mut places);
        let place = which.get(&places);
        let (parent, key) = place.rsplit_once('/').unwrap();
        json.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
        let found = match serde_json::from_value::<Transcript>(json) {
            Err(_) => true,
            Ok(transcript) => verify(&transcript).is_err(),
        };
        prop_assert!(found, "{} was dropped and not found", place);
    }

    #[test]
    fn different_entries_have_different_hashes(
        a in ("[a-c:]{0,3}", "[a-c:]{0,3}", 0i64..3), b in ("[a-c:]{0,3}", "[a-c:]{0,3}", 0i64..3),
    ) {
        let hash = |(kind, author, at): &(String, String, i64)| chain::link(&[0; 32], 1, kind, author, *at, &[7; 32]);
        prop_assert_eq!(hash(&a) == hash(&b), a == b);
    }

    #[test]
    fn hex_round_trips(bytes in any::<[u8; 32]>()) {
        let text = chain::to_hex(&bytes);
        prop_assert_eq!(chain::from_hex::<32>(&text), Some(bytes));
        prop_assert_eq!(chain::from_hex::<31>(&text), None);
        let upper = text.to_uppercase();
        prop_assert_eq!(chain::from_hex::<32>(&upper).is_some(), upper == text);
    }
}

#[test]
fn a_known_chain() {
    // SHA-256 of sixteen zero bytes and "{}".
    let commitment = chain::commitment(&[0; 16], "{}");
    let expected = "333b13ff02f57ae18049b82ca66f37592c5a3d8fd54e44e23ae5c7085c24fd2a";
    assert_eq!(chain::to_hex(&commitment), expected);
    let first = chain::link(&chain::genesis(TENANT, CONVERSATION), 1, "message", "system", -1, &commitment);
    assert_eq!(chain::to_hex(&first), "a7b05b666402bb554f044dc1df408d7dbbafd574a0f13988c92dabf8f797af38");
}
