use super::*;
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

const NOW: i64 = 1_700_000_000_000;
const SECRET: &str = "fdi_a-secret-of-the-merchant";

fn payload() -> Value {
    json!({"sub": "customer-7", "exp": NOW / 1000 + 3600})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = payload();
    claims[name] = value;
    claims
}

fn signed_by(secret: &str, header: &Header, claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn signed(claims: &Value) -> String {
    signed_by(SECRET, &Header::default(), claims)
}

fn of_token(token: &str) -> Identity {
    Identity { token: Some(token.to_owned()), id: None, hmac: None, name: None, email: None }
}

fn check(token: &str) -> Result<Proven, Flaw> {
    verify(&of_token(token), &["another".to_owned(), SECRET.to_owned()], NOW)
}

#[test]
fn what_was_signed_is_taken_over() {
    let claims = json!({
        "sub": "客户-7", "exp": NOW / 1000 + 3600, "iat": NOW / 1000, "nbf": NOW / 1000, "iss": "shop", "more": [1],
        "name": " Ann ", "email": "ann@Example.com", "vip": true, "language": "zh-cn", "skills": ["Returns", "Returns"],
    });
    let proven = check(&signed(&claims)).unwrap();
    let expected = Proven {
        external_id: "客户-7".to_owned(),
        name: Some("Ann".to_owned()),
        email: Some("ann@example.com".to_owned()),
        vip: true,
        language: Some("zh-CN".to_owned()),
        skills: vec!["returns".to_owned()],
    };
    assert_eq!(proven, expected);
    let bare = check(&signed(&payload())).unwrap();
    assert!(!bare.vip && bare.name.is_none() && bare.skills.is_empty());
}

#[test]
fn what_only_describes_is_left_out_or_cut() {
    let long = "x".repeat(100);
    let claims = json!({
        "sub": "7", "exp": NOW / 1000 + 60, "name": long, "email": "nonsense", "language": "?",
        "skills": ["", "a\nb", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"],
    });
    let proven = check(&signed(&claims)).unwrap();
    assert_eq!(proven.name.unwrap().len(), limits::NAME_CHARS);
    assert_eq!((proven.email, proven.language), (None, None));
    assert_eq!(proven.skills.len(), SKILLS);
}

#[test]
fn only_a_key_of_the_tenant_signs() {
    assert_eq!(check(&signed_by("stranger", &Header::default(), &payload())), Err(Flaw::Signature));
    assert_eq!(verify(&of_token(&signed(&payload())), &[], NOW), Err(Flaw::Signature));
    let token = signed(&payload());
    let (head, body) = (token.split('.').next().unwrap(), signed(&with("sub", json!("customer-8"))));
    let swapped = format!("{head}.{}.{}", body.split('.').nth(1).unwrap(), token.split('.').nth(2).unwrap());
    assert_eq!(check(&swapped), Err(Flaw::Signature));
    for bad in ["", "a", "a.b", "..", &token[..token.len() - 2], &format!("{token}.x")] {
        assert!(check(bad).is_err(), "{bad}");
    }
    assert_eq!(check(&"x".repeat(TOKEN_BYTES + 1)), Err(Flaw::Shape));
}

#[test]
fn nothing_in_the_header_chooses_an_algorithm_or_a_key() {
    let none = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#), part(&payload()));
    assert_eq!(check(&none), Err(Flaw::Header));
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        assert_eq!(check(&signed_by(SECRET, &Header::new(algorithm), &payload())), Err(Flaw::Header), "{algorithm:?}");
    }
    let with = |change: fn(&mut Header)| {
        let mut header = Header::default();
        change(&mut header);
        check(&signed_by(SECRET, &header, &payload()))
    };
    assert_eq!(with(|header| header.jku = Some("https://evil.example".into())), Err(Flaw::Header));
    assert_eq!(with(|header| header.x5u = Some("https://evil.example".into())), Err(Flaw::Header));
    assert_eq!(with(|header| header.crit = Some(vec!["exp".into()])), Err(Flaw::Header));
    assert_eq!(with(|header| header.typ = Some("frontdesk-visitor+jwt".into())), Err(Flaw::Header));
    assert_eq!(with(|header| header.extras.insert("b64", false)), Err(Flaw::Header));
    assert!(with(|header| header.kid = Some("../../key".into())).is_ok(), "a name of a key is not looked at");
    assert!(with(|header| header.typ = None).is_ok());
}

fn part(claims: &Value) -> String {
    URL_SAFE_NO_PAD.encode(claims.to_string())
}

#[test]
fn times_are_whole_numbers_not_over_and_not_too_far() {
    let now = NOW / 1000;
    for exp in [now - 59, now + 1, now + LIFE_S + 60] {
        assert!(check(&signed(&with("exp", json!(exp)))).is_ok(), "{exp}");
    }
    for exp in [now - 60, now + LIFE_S + 61, 0, -1, i64::MAX] {
        assert_eq!(check(&signed(&with("exp", json!(exp)))), Err(Flaw::Time), "{exp}");
    }
    for exp in [json!((now + 60).to_string()), json!(now as f64 + 60.5), json!(1e300), json!(u64::MAX), json!(null)] {
        assert_eq!(check(&signed(&with("exp", exp.clone()))), Err(Flaw::Claims), "{exp}");
    }
    assert_eq!(check(&signed(&with("nbf", json!(now + 61)))), Err(Flaw::Time));
    assert!(check(&signed(&with("nbf", json!(now + 60)))).is_ok());
    let mut without = payload();
    without.as_object_mut().unwrap().remove("exp");
    assert_eq!(check(&signed(&without)), Err(Flaw::Claims));
}

#[test]
fn claims_have_types_and_ids_have_a_form() {
    for (name, value) in [
        ("sub", json!(7.5)),
        ("sub", json!(-7)),
        ("sub", json!(null)),
        ("vip", json!("yes")),
        ("vip", json!(1)),
        ("name", json!({})),
        ("skills", json!("returns")),
        ("skills", json!([1])),
    ] {
        assert_eq!(check(&signed(&with(name, value.clone()))), Err(Flaw::Claims), "{name} {value}");
    }
    for bad in ["", "   ", "a\nb", "a\u{0}", "\u{2028}", &"x".repeat(201)] {
        assert_eq!(check(&signed(&with("sub", json!(bad)))), Err(Flaw::Id), "{bad:?}");
    }
    // The same to a reader, and another customer: a letter of another alphabet, another form of the same letter.
    for id in ["\u{430}nn", "\u{e9}", "e\u{301}", " 7"] {
        assert_eq!(check(&signed(&with("sub", json!(id)))).unwrap().external_id, id);
    }
    assert!(check(&signed(&with("sub", json!("é".repeat(200))))).is_ok());
    let number = signed(&with("sub", json!(u64::MAX)));
    assert_eq!(check(&number).unwrap().external_id, u64::MAX.to_string());
    assert_eq!(claimed_id(&of_token(&number)), Some(u64::MAX.to_string()));
}

fn hmac_of(secret: &str, id: &str) -> String {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap().chain_update(id);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_id_with_its_hmac_proves_the_id_and_no_more() {
    let identity = |id: &str, hmac: &str| Identity {
        token: None,
        id: Some(id.to_owned()),
        hmac: Some(hmac.to_owned()),
        name: Some("Ann".to_owned()),
        email: Some("ann@example.com".to_owned()),
    };
    let secrets = ["another".to_owned(), SECRET.to_owned()];
    let good = hmac_of(SECRET, "7");
    for hmac in [good.clone(), good.to_uppercase()] {
        let proven = verify(&identity("7", &hmac), &secrets, NOW).unwrap();
        assert_eq!((proven.external_id.as_str(), proven.name.as_deref(), proven.vip), ("7", Some("Ann"), false));
    }
    assert_eq!(verify(&identity("8", &good), &secrets, NOW), Err(Flaw::Signature));
    assert_eq!(verify(&identity("7", &hmac_of("stranger", "7")), &secrets, NOW), Err(Flaw::Signature));
    for bad in ["", "0", &good[2..], &format!("{good}00"), &format!("+{}", &good[1..]), &"é".repeat(32)] {
        assert_eq!(verify(&identity("7", bad), &secrets, NOW), Err(Flaw::Shape), "{bad}");
    }
    assert_eq!(verify(&identity("", &hmac_of(SECRET, "")), &secrets, NOW), Err(Flaw::Id));
    let only_id = Identity { hmac: None, ..identity("7", &good) };
    assert_eq!(verify(&only_id, &secrets, NOW), Err(Flaw::Shape));
}

#[test]
fn the_claimed_id_is_read_without_proof() {
    assert_eq!(
        claimed_id(&of_token(&signed_by("stranger", &Header::default(), &payload()))),
        Some("customer-7".to_owned())
    );
    for none in ["", "a.b.c", &"x".repeat(TOKEN_BYTES + 1)] {
        assert_eq!(claimed_id(&of_token(none)), None);
    }
    assert_eq!(claimed_id(&Identity { token: None, id: Some("7".to_owned()), ..of_token("") }), Some("7".to_owned()));
}

#[test]
fn a_secret_opens_for_its_tenant_and_key_alone() {
    let keys = Keys::from_text(&URL_SAFE_NO_PAD.encode([7; 32])).unwrap();
    let (tenant, other) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
    let key = Uuid::from_u128(3);
    let made = new_secret(&keys, (tenant, key), Way::Token).unwrap();
    assert!(made.shown.starts_with("fdj_") && made.shown.len() == 47 && !made.sealed.contains(&made.shown));
    assert_eq!(keys.open_identity_secret(tenant, key, &made.sealed).unwrap(), made.shown);
    assert!(keys.open_identity_secret(other, key, &made.sealed).is_err());
    assert!(keys.open_identity_secret(tenant, Uuid::from_u128(4), &made.sealed).is_err());
    assert_ne!(made.shown, new_secret(&keys, (tenant, key), Way::Token).unwrap().shown);
}

fn of_hmac(secret: &str, id: &str) -> Identity {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap().chain_update(id);
    let hmac: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Identity { token: None, id: Some(id.to_owned()), hmac: Some(hmac), name: None, email: None }
}

#[test]
fn a_key_signs_in_its_own_way_alone() {
    for (secret, way, tokens, hmacs) in
        [("fdj_x", Way::Token, true, false), ("fdh_x", Way::Hmac, false, true), ("fdi_x", Way::Both, true, true)]
    {
        assert_eq!(Way::of(secret), way);
        let secrets = [secret.to_owned()];
        let token = verify(&of_token(&signed_by(secret, &Header::default(), &payload())), &secrets, NOW);
        assert_eq!(token.err(), (!tokens).then_some(Flaw::Signature), "{secret}");
        let hmac = verify(&of_hmac(secret, "customer-7"), &secrets, NOW);
        assert_eq!(hmac.err(), (!hmacs).then_some(Flaw::Signature), "{secret}");
    }
    assert_eq!(Way::NEW.map(|way| Way::from_text(way.as_str())), Way::NEW.map(Some));
    assert_eq!((Way::from_text("both"), Way::from_text("")), (None, None));
}
