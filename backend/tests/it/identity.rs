//! Who a visitor is in the merchant's own system: what the merchant's server signs counts, nothing else does (J6).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{EncodingKey, Header};
use protocol::frame::VisitorReply;
use protocol::ids::ConversationId;
use protocol::state::VisitorProfile;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::panels::Reader;
use crate::people::{Agent, Visitor, become_visitor};
use crate::wire::{Client, Credentials, Over};
use crate::world::{Plan, Tenant, World};

/// A key of a tenant, as its server has it.
pub(crate) struct Key {
    /// Where it is revoked.
    revoke: String,
    secret: String,
}

impl Key {
    /// Has the owner make a key that signs tokens.
    pub(crate) async fn of(world: &World, tenant: &Tenant) -> Self {
        Self::signing(world, tenant, "jwt").await
    }

    /// Has the owner make a key that signs ids.
    async fn for_ids(world: &World, tenant: &Tenant) -> Self {
        Self::signing(world, tenant, "hmac").await
    }

    async fn signing(world: &World, tenant: &Tenant, way: &str) -> Self {
        let olga = Reader::signs_in(world, tenant.person("Olga")).await;
        let (status, page) = olga.sends("/admin/identity", &[("name", "Shop"), ("way", way)]).await;
        assert_eq!(status, 200, "{page}");
        let (_, rest) = page.split_once("<code id=\"secret\">").expect("a secret");
        let secret = rest.split('<').next().expect("an end").to_owned();
        // The newest of those that can be revoked stands last.
        let (_, revoke) = page.rsplit_once("action=\"/admin/identity/").expect("the key");
        let revoke = format!("/admin/identity/{}", revoke.split('"').next().expect("an end"));
        Self { revoke, secret }
    }

    async fn is_revoked(&self, world: &World, tenant: &Tenant) {
        let olga = Reader::signs_in(world, tenant.person("Olga")).await;
        assert_eq!(olga.sends(&self.revoke, &[]).await.0, 200);
    }

    /// One that no tenant has.
    fn made_up() -> Self {
        Self { revoke: String::new(), secret: "fdi_made-up".to_owned() }
    }

    /// A token with these claims, good for an hour unless they say otherwise.
    pub(crate) fn signs(&self, claims: Value) -> Value {
        let mut all = json!({"exp": now() + 3600});
        all.as_object_mut().expect("claims").extend(claims.as_object().expect("claims").clone());
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        json!({"token": jsonwebtoken::encode(&Header::default(), &all, &key).expect("a token")})
    }

    fn vouches(&self, id: &str) -> Value {
        json!({"id": id, "hmac": self.hmac(id).iter().map(|byte| format!("{byte:02x}")).collect::<String>(), "name": "Hal"})
    }

    fn hmac(&self, id: &str) -> Vec<u8> {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.secret.as_bytes()).expect("a key").chain_update(id);
        mac.finalize().into_bytes().to_vec()
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("a time")
}

/// Opens the widget of the first tenant with an identity.
async fn comes(world: &World, token: Option<&str>, identity: &Value) -> VisitorReply {
    let body = json!({"site": world.acme.site, "token": token, "identity": identity});
    let (status, text) = become_visitor(&world.url(), &world.origin(), &body).await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("a reply")
}

/// The same, connected.
async fn connects(world: &World, reply: VisitorReply, over: Over) -> Visitor {
    let mut visitor = Visitor::known(&world.url(), &world.origin(), reply);
    visitor.connect(over).await;
    visitor
}

/// What an agent is shown about the visitor of a conversation.
async fn profile(agent: &Agent, conversation: ConversationId) -> VisitorProfile {
    let line = |view: &crate::wire::View| view.summary(conversation).map(|_| ());
    agent.until("the line", line).await;
    agent.looks_at_visitor(conversation).await;
    agent.look(|view| view.profile.clone()).expect("a profile")
}

#[tokio::test]
async fn what_the_merchant_signed_is_shown_to_agents_and_stays() {
    let world = World::with(Plan::default().unlimited()).await;
    let key = Key::of(&world, &world.acme).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let signed = key.signs(json!({
        "sub": "customer-7", "name": "Vera Vogel", "email": "vera@example.com", "vip": true, "language": "de",
    }));
    let reply = comes(&world, None, &signed).await;
    assert_eq!(reply.ignored, None);
    let vera = connects(&world, reply.clone(), Over::Socket).await;
    let conversation = vera.says("hello?").await.conversation.expect("a conversation");
    let shown = profile(&ann, conversation).await;
    assert_eq!(shown.external_id.as_deref(), Some("customer-7"));
    assert_eq!((shown.vip, shown.language.as_deref()), (Some(true), Some("de")));
    assert_eq!((shown.name.as_deref(), shown.email.as_deref()), (Some("Vera Vogel"), Some("vera@example.com")));

    // The same person in the same browser, with a newer token that says more.
    let again = comes(&world, Some(&reply.token), &key.signs(json!({"sub": "customer-7", "name": "Vera V."}))).await;
    assert_eq!((again.visitor, again.ignored), (reply.visitor, None));
    let shown = profile(&ann, conversation).await;
    assert_eq!((shown.name.as_deref(), shown.vip), (Some("Vera V."), None), "what is not said any more is over");
    assert_eq!(shown.email.as_deref(), Some("vera@example.com"), "what nobody took back stays");
    // Without an identity the token alone says who it is.
    let renewed = Visitor::returns(&world.url(), &world.origin(), &world.acme.site, Some(&reply.token)).await;
    assert_eq!(renewed.reply.visitor, reply.visitor);

    // The same person in another browser is nobody whose conversations are shown there.
    let elsewhere = comes(&world, None, &signed).await;
    assert_ne!(elsewhere.visitor, reply.visitor);
    let other = connects(&world, elsewhere, Over::Poll).await;
    let none = |view: &crate::wire::View| view.visitor.as_ref()?.conversations.is_empty().then_some(());
    other.until("no conversation", none).await;

    let ids = Key::for_ids(&world, &world.acme).await;
    let hal = comes(&world, None, &ids.vouches("customer-8")).await;
    assert_eq!(hal.ignored, None);
    let hal = connects(&world, hal, Over::Poll).await;
    let conversation = hal.says("me too").await.conversation.expect("a conversation");
    let shown = profile(&ann, conversation).await;
    assert_eq!((shown.external_id.as_deref(), shown.name.as_deref()), (Some("customer-8"), Some("Hal")));
}

#[tokio::test]
async fn what_is_not_valid_is_ignored_and_the_visitor_may_chat() {
    let world = World::with(Plan { second: true, ..Plan::default() }.unlimited()).await;
    let key = Key::of(&world, &world.acme).await;
    let revoked = Key::of(&world, &world.acme).await;
    revoked.is_revoked(&world, &world.acme).await;
    let other = Key::of(&world, world.other.as_ref().expect("another tenant")).await;
    let (ids, revoked_ids) = (Key::for_ids(&world, &world.acme).await, Key::for_ids(&world, &world.acme).await);
    revoked_ids.is_revoked(&world, &world.acme).await;
    let other_ids = Key::for_ids(&world, world.other.as_ref().expect("another tenant")).await;
    let unknown = Key::made_up();
    let (claims, expired) = (json!({"sub": "7", "vip": true}), json!({"sub": "7", "exp": now() - 61}));
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = format!("{}.{}.", part(json!({"alg": "none"})), part(json!({"sub": "7", "exp": now() + 60})));
    let invalid = [
        key.signs(expired),
        key.signs(json!({"sub": "7", "exp": now() + 31 * 24 * 3600})),
        key.signs(json!({"sub": ""})),
        key.signs(json!({"sub": "7", "exp": "soon"})),
        unknown.signs(claims.clone()),
        revoked.signs(claims.clone()),
        revoked_ids.vouches("7"),
        other.signs(claims.clone()),
        other_ids.vouches("7"),
        // Each way has keys of its own.
        key.vouches("7"),
        ids.signs(claims.clone()),
        json!({"token": none}),
        json!({"token": "nonsense"}),
        json!({"id": "7", "hmac": "00"}),
        json!({"id": "7"}),
        json!({}),
    ];
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    for identity in &invalid {
        let reply = comes(&world, None, identity).await;
        assert_eq!(reply.ignored.as_deref(), Some("identity"), "{identity}");
        let visitor = connects(&world, reply, Over::Socket).await;
        let conversation = visitor.says("hello?").await.conversation.expect("a conversation");
        let shown = profile(&ann, conversation).await;
        assert_eq!((shown.external_id, shown.vip), (None, None), "{identity}");
    }
    // The keys are each tenant's own, and the one that was not revoked goes on.
    assert_eq!(comes(&world, None, &key.signs(claims)).await.ignored, None);
    assert_eq!(world.count("select count(*) from visitor where external_id is not null").await, 1);
    // The log says why, and nothing that could be used.
    let log = world.log();
    assert!(log.contains("an identity was ignored"), "{log}");
    let shown = [&key.secret, &revoked.secret, &other.secret, &none];
    assert!(shown.iter().all(|secret| !log.contains(secret.as_str())), "{log}");
}

#[tokio::test]
async fn a_shared_browser_shows_nobody_the_conversations_of_another() {
    let world = World::with(Plan::default().unlimited()).await;
    let key = Key::of(&world, &world.acme).await;
    let ids = Key::for_ids(&world, &world.acme).await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let person = |id: &str| key.signs(json!({"sub": id}));
    // Somebody nobody vouches for signs in to the shop in the middle of it.
    let stranger = comes(&world, None, &Value::Null).await;
    let vera = connects(&world, stranger.clone(), Over::Socket).await;
    let conversation = vera.says("before I signed in").await.conversation.expect("a conversation");
    let vera = comes(&world, Some(&stranger.token), &person("vera")).await;
    assert_eq!(vera.visitor, stranger.visitor);

    let expired = key.signs(json!({"sub": "vera", "exp": now() - 3600}));
    let kept = comes(&world, Some(&vera.token), &expired).await;
    assert_eq!((kept.visitor, kept.ignored.as_deref()), (vera.visitor, Some("identity")), "her own token says who");

    let unknown = Key::made_up();
    for (identity, ignored) in [
        (person("walt"), false),
        (key.signs(json!({"sub": "walt", "exp": now() - 3600})), true),
        (unknown.signs(json!({"sub": "walt"})), true),
        (json!({"token": "nonsense"}), true),
        (ids.vouches("VERA"), false),
    ] {
        let next = comes(&world, Some(&vera.token), &identity).await;
        assert_ne!(next.visitor, vera.visitor, "{identity}");
        assert_eq!(next.ignored.is_some(), ignored, "{identity}");
        let next = connects(&world, next, Over::Poll).await;
        let none = |view: &crate::wire::View| view.visitor.as_ref()?.conversations.is_empty().then_some(());
        next.until("nothing of hers", none).await;
        let fetch = protocol::command::Fetch { conversation, after: 0 };
        let answer = next.ask(protocol::command::Command::Fetch(fetch)).await;
        assert!(answer.is_err() && next.look(|view| view.texts(conversation).is_empty()), "{identity}");
    }
    let back = connects(&world, comes(&world, Some(&vera.token), &person("vera")).await, Over::Socket).await;
    back.sees("before I signed in").await;
}

#[tokio::test]
async fn who_the_merchant_says_goes_first_goes_first() {
    let plan = Plan { policy: json!({"capacity": 1}), agents: vec!["Ann"], ..Plan::default() };
    let world = World::with(plan.unlimited()).await;
    let key = Key::of(&world, &world.acme).await;
    let (_held, ann, _) = crate::people::in_conversation(&world, Over::Socket).await;
    let walt = connects(&world, comes(&world, None, &key.signs(json!({"sub": "walt"}))).await, Over::Socket).await;
    walt.asks("I was first").await;
    walt.waits_at(1).await;
    let liar = comes(&world, None, &json!({"token": "nonsense", "vip": true})).await;
    let liar = connects(&world, liar, Over::Poll).await;
    liar.asks("I say I am important").await;
    liar.waits_at(2).await;
    let vera = comes(&world, None, &key.signs(json!({"sub": "vera", "vip": true}))).await;
    let vera = connects(&world, vera, Over::Poll).await;
    let important = vera.asks("I am important").await;
    vera.waits_at(1).await;
    walt.waits_at(2).await;
    liar.waits_at(3).await;
    ann.closes(ann.look(|view| view.timelines.keys().next().copied()).expect("what she holds")).await;
    ann.is_offered_this(important).await;
}

#[tokio::test]
async fn an_identity_is_not_an_admission() {
    let world = World::with(Plan::default().unlimited()).await;
    let key = Key::of(&world, &world.acme).await;
    let signed = key.signs(json!({"sub": "7"}));
    let token = signed["token"].as_str().expect("a token").to_owned();
    // What the merchant signed is no token of a visitor, and the other way round.
    let mut client = Client::new(&world.url(), &world.origin(), Credentials::Token(token.clone()));
    let refused = client.try_connect(Over::Socket).await.is_err()
        || client.within(crate::basics::DEADLINE, |view| view.closed.is_some()).await;
    assert!(refused && client.look(|view| view.welcomes) == 0);
    let reply = comes(&world, Some(&token), &Value::Null).await;
    let swapped = comes(&world, None, &json!({"token": reply.token})).await;
    assert_eq!(swapped.ignored.as_deref(), Some("identity"));
    // A page that the site does not allow stays outside, whoever is signed in there.
    let body = json!({"site": world.acme.site, "origin": "http://evil.example", "identity": signed});
    assert_eq!(become_visitor(&world.url(), &world.origin(), &body).await.0, 403);
}

/// A customer calls themselves what the shop's server signs as an id, and the chat would take for a token of the owner.
#[tokio::test]
async fn what_a_shop_signs_as_an_id_is_no_token() {
    let world = World::with(Plan::default().unlimited()).await;
    let ids = Key::for_ids(&world, &world.acme).await;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"sub": "the-owner", "vip": true, "exp": now() + 3600});
    let name = format!("{}.{}", part(json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let token = format!("{name}.{}", URL_SAFE_NO_PAD.encode(ids.hmac(&name)));
    let reply = comes(&world, None, &json!({"token": token})).await;
    assert_eq!(reply.ignored.as_deref(), Some("identity"));
    assert_eq!(world.count("select count(*) from visitor where external_id is not null").await, 0);
}

#[tokio::test]
async fn a_key_from_before_there_was_a_choice_is_good_for_both_and_marked() {
    let world = World::with(Plan::default().unlimited()).await;
    let (tenant, id) = (world.acme.id, uuid::Uuid::now_v7());
    let keys = frontdesk::auth::keys::Keys::open(&world.data().join("keys")).expect("the keys of the installation");
    let key = Key { revoke: format!("/admin/identity/{id}/revoke"), secret: "fdi_made-long-ago".to_owned() };
    let sealed = keys.seal_identity_secret(tenant, id, &key.secret).expect("a sealed secret");
    let (owner, row) = (world.literal(tenant.0), world.literal(id));
    let insert = "insert into identity_key (tenant_id, id, name, secret, created_at) values";
    world.change(format!("{insert} ({owner}, {row}, 'Old', '{sealed}', 1)")).await;
    assert_eq!(comes(&world, None, &key.signs(json!({"sub": "7"}))).await.ignored, None);
    assert_eq!(comes(&world, None, &key.vouches("7")).await.ignored, None);

    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    let (_, page) = olga.opens("/admin/identity").await;
    let warned = "A key in use signs both tokens and customer numbers.";
    assert!(page.contains(warned) && page.contains("Tokens and customer numbers"), "{page}");
    key.is_revoked(&world, &world.acme).await;
    let (_, page) = olga.opens("/admin/identity").await;
    assert!(!page.contains(warned), "{page}");
}
