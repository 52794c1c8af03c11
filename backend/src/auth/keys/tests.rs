use super::*;
use serde_json::{Value, json};
use uuid::Uuid;

const NOW: i64 = 1_700_000_000_000;
const SECRET: [u8; 32] = [7; 32];

fn line(id: &str, secret: &[u8]) -> String {
    format!("{id} {}\n", URL_SAFE_NO_PAD.encode(secret))
}

fn keys() -> Keys {
    Keys::parse(&line("k1", &SECRET)).unwrap()
}

fn identity() -> VisitorIdentity {
    let id = |n| Uuid::from_u128(n);
    VisitorIdentity { tenant: TenantId(id(1)), site: SiteId(id(2)), visitor: VisitorId(id(3)) }
}

fn payload() -> Value {
    let now = NOW / 1000;
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": identity().visitor.to_string(),
        "tenant": identity().tenant.to_string(), "site": identity().site.to_string(),
        "version": 1, "iat": now, "nbf": now, "exp": now + 60,
    })
}

/// Signs any header and payload with the right secret: what only the key's owner could make.
fn signed(header: &Value, payload: &Value) -> String {
    use hmac::{KeyInit, Mac};
    let text =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload.to_string()));
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&SECRET).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

fn good_header() -> Value {
    json!({"alg": "HS256", "typ": TYP, "kid": "k1"})
}

#[test]
fn what_was_signed_is_read() {
    let (token, expires_at) = keys().sign_visitor(&identity(), Some("https://shop.example"), 4, NOW);
    let claims = keys().read_visitor(&token, NOW).unwrap();
    let origin = Some("https://shop.example".into());
    assert_eq!(claims, VisitorClaims { identity: identity(), version: 4, expires_at, origin });
    assert_eq!(expires_at, NOW + VISITOR_TOKEN_MS);
    assert!(keys().test_itself().is_ok());
    assert!(keys().claims(&signed(&good_header(), &payload()), NOW, LEEWAY_S).is_some());
}

#[test]
fn only_our_header_is_good() {
    let mut bad = vec![
        json!({"alg": "none", "typ": TYP, "kid": "k1"}),
        json!({"alg": "HS384", "typ": TYP, "kid": "k1"}),
        json!({"alg": "RS256", "typ": TYP, "kid": "k1"}),
        json!({"alg": "HS256", "typ": "JWT", "kid": "k1"}),
        json!({"alg": "HS256", "kid": "k1"}),
        json!({"alg": "HS256", "typ": TYP}),
        json!({"alg": "HS256", "typ": TYP, "kid": "k2"}),
        json!({"alg": "HS256", "typ": TYP, "kid": "../k1"}),
    ];
    for extra in ["jku", "x5u", "x5t", "cty", "url", "nonce", "b64", "anything"] {
        let mut header = good_header();
        header[extra] = json!("https://evil.example/key");
        bad.push(header);
    }
    let mut header = good_header();
    header["crit"] = json!(["exp"]);
    bad.push(header);
    let mut header = good_header();
    header["jwk"] = json!({"kty": "oct", "k": "AAAA"});
    bad.push(header);
    for header in bad {
        assert!(keys().claims(&signed(&header, &payload()), NOW, LEEWAY_S).is_none(), "{header}");
    }
}

#[test]
fn only_our_payload_is_good() {
    let now = NOW / 1000;
    let wrong = [
        ("iss", json!("other")),
        ("aud", json!("frontdesk:agent")),
        ("aud", json!([AUDIENCE])),
        ("sub", json!("nobody")),
        ("tenant", json!("")),
        ("site", json!(3)),
        ("version", json!("1")),
        ("exp", json!(now - 31)),
        ("exp", json!((now + 60).to_string())),
        ("exp", json!(now as f64 + 60.5)),
        ("exp", json!(-1)),
        ("exp", json!(1e30)),
        ("exp", json!(i64::MAX)),
        ("exp", Value::Null),
        ("nbf", json!(now + 31)),
        ("nbf", json!((now).to_string())),
        ("nbf", json!(i64::MAX)),
    ];
    for (name, value) in wrong {
        let mut payload = payload();
        payload[name] = value.clone();
        assert!(keys().claims(&signed(&good_header(), &payload), NOW, LEEWAY_S).is_none(), "{name} {value}");
    }
    for name in ["iss", "aud", "sub", "tenant", "site", "version", "exp", "nbf"] {
        let mut payload = payload();
        payload.as_object_mut().unwrap().remove(name);
        assert!(keys().claims(&signed(&good_header(), &payload), NOW, LEEWAY_S).is_none(), "without {name}");
    }
}

#[test]
fn forged_and_misshapen_tokens_are_refused() {
    let (token, _) = keys().sign_visitor(&identity(), None, 1, NOW);
    let other = Keys::parse(&line("k1", &[8; 32])).unwrap();
    assert!(other.claims(&token, NOW, LEEWAY_S).is_none());
    let (signed, _) = token.rsplit_once('.').unwrap();
    for bad in ["", ".", "..", "a.b.c", &format!("{signed}."), signed, &"a".repeat(5000), &format!("{token}.x")] {
        assert!(keys().claims(bad, NOW, LEEWAY_S).is_none(), "{bad}");
    }
    let long = format!("{token}{}", "A".repeat(TOKEN_BYTES));
    assert!(keys().claims(&long, NOW, LEEWAY_S).is_none());
}

#[test]
fn rotation_overlaps() {
    let (old, _) = keys().sign_visitor(&identity(), None, 1, NOW);
    let both = Keys::parse(&(line("k1", &SECRET) + &line("k2", &[9; 32]))).unwrap();
    let (new, _) = both.sign_visitor(&identity(), None, 1, NOW);
    assert!(both.claims(&old, NOW, LEEWAY_S).is_some() && both.claims(&new, NOW, LEEWAY_S).is_some());
    let only_new = Keys::parse(&line("k2", &[9; 32])).unwrap();
    assert!(only_new.claims(&old, NOW, LEEWAY_S).is_none() && only_new.claims(&new, NOW, LEEWAY_S).is_some());
}

#[test]
fn weak_and_unreadable_key_files_are_refused() {
    for bad in ["", "# none", "k1", "k1 !!!", &line("k1", &[1; 31]), &line("k/1", &SECRET)] {
        assert!(Keys::parse(bad).is_err(), "{bad}");
    }
    assert!(Keys::parse(&(line("k1", &SECRET) + &line("k1", &SECRET))).is_err());
}

#[test]
fn the_key_file_is_made_once_and_private() {
    let folder = std::env::temp_dir().join(format!("frontdesk-keys-{}", Uuid::new_v4()));
    let path = folder.join("keys");
    let (token, _) = Keys::open(&path).unwrap().sign_visitor(&identity(), None, 1, NOW);
    assert!(Keys::open(&path).unwrap().claims(&token, NOW, LEEWAY_S).is_some());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_expired_token_says_who_somebody_was_for_as_long_again_as_it_was_good() {
    let keys = keys().with_life(60_000);
    let (token, expires_at) = keys.sign_visitor(&identity(), None, 3, NOW);
    let leeway = LEEWAY_S * 1000;
    assert!(keys.read_visitor(&token, expires_at + leeway).is_err());
    let late = keys.read_late_visitor(&token, expires_at + leeway).unwrap();
    assert_eq!((late.identity, late.version), (identity(), 3));
    assert!(keys.read_late_visitor(&token, expires_at + 59_000 + leeway).is_ok());
    assert!(keys.read_late_visitor(&token, expires_at + 60_000 + leeway).is_err());
    assert!(keys.read_late_visitor(&token[1..], NOW).is_err());
}

#[test]
fn keys_come_by_a_setting_too() {
    const FIRST: &str = "b25lIG9mIHRoZSBzZWNyZXRzIG9mIGEgdGVzdCwgbG9uZyBlbm91Z2g";
    const SECOND: &str = "YW5vdGhlciBvZiB0aGUgc2VjcmV0cyBvZiBhIHRlc3QsIGxvbmcgZW5vdWdo";
    let alone = Keys::from_text(FIRST).unwrap();
    let both = Keys::from_text(&format!("one {FIRST},two {SECOND}")).unwrap();
    let lines = Keys::from_text(&format!("# keys\none {FIRST}\ntwo {SECOND}\n")).unwrap();
    assert!(both.knows(alone.signs_with()) && !alone.knows(both.signs_with()));
    assert_eq!(both.signs_with(), lines.signs_with());
    assert_eq!(alone.signs_with(), Keys::from_text(FIRST).unwrap().signs_with(), "the same on every node");
    for wrong in ["", "short", "one c2hvcnQ", "one two three"] {
        let Err(error) = Keys::from_text(wrong) else { panic!("{wrong} is taken") };
        let error = format!("{error:#}");
        assert!(error.contains("FRONTDESK_SECRET") && !error.contains("c2hvcnQ"), "{error}");
    }
}
