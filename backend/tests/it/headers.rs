//! What every answer carries: policies by kind of page, cookies, caching; what a suspended tenant may do; and
//! that no token or password reaches the log.

use protocol::command::{Command, LeaveMessage, SetPresence};
use protocol::error::ErrorCode;
use protocol::state::{Availability, Presence};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;

use crate::people::{cmid, code_of, message, sign_in, sign_in_attempt};
use crate::wire::{Credentials, Over};
use crate::world::{Plan, World};

fn http() -> reqwest::Client {
    reqwest::Client::builder().redirect(Policy::none()).build().expect("a client")
}

async fn get(world: &World, path: &str, cookie: Option<&str>) -> reqwest::Response {
    let mut request = http().get(format!("{}{path}", world.url()));
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    request.send().await.expect("an answer")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The sources of one directive of a policy.
fn directive<'a>(policy: &'a str, name: &str) -> Vec<&'a str> {
    let found = policy.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix(' '));
    found.map(|sources| sources.split(' ').filter(|source| !source.is_empty()).collect()).unwrap_or_default()
}

#[tokio::test]
async fn every_page_has_a_policy_without_inline_script_or_style() {
    let world = World::start().await;
    let olga = world.acme.person("Olga");
    let cookie = sign_in(&world.url(), &world.origin(), &olga.email, &olga.password).await;
    let site = &world.acme.site;
    let (frame, chat) = (format!("/frame/{site}"), format!("/chat/{site}"));
    let (entry, text) = (format!("/chat/{site}/text"), format!("/chat/{site}/text?here=1"));
    let pages = [
        "/",
        "/sign-in",
        "/forgot",
        "/setup/nothing",
        "/console",
        "/admin",
        "/admin/sites",
        "/admin/people",
        "/admin/transcripts",
        "/admin/offline",
        "/platform",
        "/no-such-page",
        frame.as_str(),
        chat.as_str(),
        entry.as_str(),
        text.as_str(),
        "/chat/nothing/text",
        "/back/nothing",
    ];
    for page in pages {
        let response = get(&world, page, Some(&cookie)).await;
        let policy = header(response.headers(), "content-security-policy").to_owned();
        assert_eq!(directive(&policy, "default-src"), ["'none'"], "{page}: {policy}");
        assert_eq!(directive(&policy, "require-trusted-types-for"), ["'script'"], "{page}: {policy}");
        assert_eq!(directive(&policy, "trusted-types"), ["'none'"], "{page}: {policy}");
        for never in ["'unsafe-inline'", "'unsafe-eval'", "*", "data: ", "http:"] {
            for kind in ["script-src", "style-src", "connect-src"] {
                assert!(!directive(&policy, kind).contains(&never), "{page}: {kind} has {never}: {policy}");
            }
        }
        assert_eq!(directive(&policy, "base-uri"), ["'none'"], "{page}: {policy}");
        assert_eq!(directive(&policy, "object-src"), ["'none'"], "{page}: {policy}");
        assert_eq!(header(response.headers(), "x-content-type-options"), "nosniff", "{page}");
        assert_eq!(header(response.headers(), "referrer-policy"), "no-referrer", "{page}");
        assert!(header(response.headers(), "cache-control").contains("no-store"), "{page}");
        let html = response.text().await.expect("text");
        assert!(!html.contains(" style=") && !html.contains(" onclick=") && !html.contains("<style"), "{page}: {html}");
        let inline = html.split("<script").skip(1).filter(|script| {
            let (tag, body) = script.split_once('>').unwrap_or((script, ""));
            let data = tag.contains("application/json");
            !data && !body.trim_start().starts_with("</script")
        });
        assert_eq!(inline.count(), 0, "{page} has a script in it: {html}");
    }
}

#[tokio::test]
async fn only_the_shop_may_frame_the_widget_and_nobody_the_rest() {
    let world = World::start().await;
    let ancestors = async |path: &str| {
        let response = get(&world, path, None).await;
        let policy = header(response.headers(), "content-security-policy").to_owned();
        directive(&policy, "frame-ancestors").join(" ")
    };
    let frame = ancestors(&format!("/frame/{}", world.acme.site)).await;
    assert_eq!(frame, format!("'self' {}", world.acme.origin));
    for path in ["/console", "/sign-in", "/admin", "/", "/v1/me", "/frame/no-such-site", "/healthz"] {
        assert_eq!(ancestors(path).await, "'none'", "{path}");
    }
    for path in ["", "/text", "/text?here=1", "/text/colors.css"] {
        assert_eq!(ancestors(&format!("/chat/{}{path}", world.acme.site)).await, "'none'", "{path}");
    }
}

#[tokio::test]
async fn the_loader_says_only_what_everybody_may_know() {
    let world = World::with(Plan { second: true, ..Plan::default() }).await;
    let loader = get(&world, &format!("/w/{}.js", world.acme.site), None).await;
    assert_eq!(loader.status(), 200);
    assert!(header(loader.headers(), "content-type").starts_with("text/javascript"));
    assert_eq!(header(loader.headers(), "cross-origin-resource-policy"), "cross-origin");
    assert!(header(loader.headers(), "cache-control").contains("max-age"));
    assert!(loader.headers().get("set-cookie").is_none(), "a loader sets no cookie");
    let script = loader.text().await.expect("a script");
    let other = world.other.as_ref().expect("another tenant");
    let tenant = world.acme.id.to_string();
    let secrets = [tenant.as_str(), other.site.as_str(), "@acme.example", "Ann", "Olga", "password"];
    for secret in secrets {
        assert!(!script.contains(secret), "the loader says {secret}");
    }
    let unknown = get(&world, "/w/nothing.js", None).await;
    assert_eq!(unknown.status(), 404);
    assert!(header(unknown.headers(), "content-type").starts_with("text/javascript"));
}

#[tokio::test]
async fn a_cookie_signs_in_and_no_other_answer_sets_one() {
    let world = World::start().await;
    let ann = world.acme.person("Ann");
    let signed = sign_in_attempt(&world.url(), &world.origin(), &ann.email, &ann.password).await;
    let set: Vec<&str> = signed.headers().get_all("set-cookie").iter().filter_map(|it| it.to_str().ok()).collect();
    assert_eq!(set.len(), 1, "{set:?}");
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(set[0].contains(flag), "{}", set[0]);
    }
    for path in ["/", "/sign-in", "/healthz", "/console", "/v1/me"] {
        let response = get(&world, path, None).await;
        assert!(response.headers().get("set-cookie").is_none(), "{path}");
    }
    let wrong = sign_in_attempt(&world.url(), &world.origin(), &ann.email, "wrong password").await;
    let unknown = sign_in_attempt(&world.url(), &world.origin(), "nobody@acme.example", "wrong password").await;
    assert_eq!((wrong.status(), unknown.status()), (wrong.status(), wrong.status()));
    assert!(wrong.status().is_client_error(), "{}", wrong.status());
    let (wrong, unknown) = (wrong.text().await.expect("text"), unknown.text().await.expect("text"));
    let blank = |page: &str, address: &str| page.replace(address, "ADDRESS");
    assert_eq!(blank(&wrong, &ann.email), blank(&unknown, "nobody@acme.example"), "an address is confirmed");
}

#[tokio::test]
async fn behind_https_the_cookie_is_bound_to_the_host_and_encryption() {
    let world = World::prepare(Plan::default());
    let origin = "https://chat.example";
    world.serve_as(origin).await;
    let ann = world.acme.person("Ann");
    let signed = sign_in_attempt(&world.url(), origin, &ann.email, &ann.password).await;
    let set = header(signed.headers(), "set-cookie").to_owned();
    assert!(set.starts_with("__Host-") && set.contains("Secure"), "{set}");
    assert!(header(signed.headers(), "strict-transport-security").contains("max-age"));
    // The same cookie opens a socket: both halves of the server agree on its name.
    let cookie = set.split(';').next().expect("a cookie").to_owned();
    let credentials = Credentials::Cookie(cookie, Some(world.acme.id));
    let mut console = crate::wire::Client::new(&world.url(), origin, credentials);
    console.connect(Over::Socket).await;
}

#[tokio::test]
async fn forms_of_other_sites_change_nothing() {
    let world = World::start().await;
    let olga = world.acme.person("Olga");
    let cookie = sign_in(&world.url(), &world.origin(), &olga.email, &olga.password).await;
    let own = world.origin();
    let senders: [&[(&str, &str)]; 6] = [
        &[],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("origin", own.as_str()), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-site")],
    ];
    let chat = format!("/chat/{}/text", world.acme.site);
    let paths =
        ["/sign-out", "/admin/profile/sign-out-everywhere", "/v1/commands", "/v1/poll", "/v1/visitor", chat.as_str()];
    for path in paths {
        // Text browsers say nothing of where a form comes from: `textpage.rs` tests what protects theirs.
        for sender in senders.into_iter().filter(|sender| path != chat || !sender.is_empty()) {
            let mut request = http()
                .post(format!("{}{path}", world.url()))
                .header("cookie", &cookie)
                .header("content-type", "application/x-www-form-urlencoded");
            for (name, value) in sender {
                request = request.header(*name, *value);
            }
            let response = request.body("x=1").send().await.expect("an answer");
            assert_eq!(response.status(), 403, "{path} from {sender:?}");
        }
    }
    let still = get(&world, "/v1/me", Some(&cookie)).await;
    assert_eq!(still.status(), 200, "still signed in");
}

#[tokio::test]
async fn a_suspended_tenant_is_unavailable_and_read_only_and_keeps_everything() {
    let world = World::start().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Poll).await;
    let conversation = vera.asks("hello?").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    ann.says(conversation, "one moment").await;
    vera.sees("one moment").await;
    let before = world.count("select count(*) from entry").await;
    let mut late = world.visitor().await;
    let (done, report) = world.run(&["tenant", "suspend", &world.acme.slug]);
    assert!(done, "{report}");
    let frame = get(&world, &format!("/frame/{}", world.acme.site), None).await;
    assert_eq!(frame.status(), 200);
    assert!(frame.text().await.expect("text").contains("unavailable"), "the frame does not say so");
    let refused = ask_to_visit(&world).await;
    assert_eq!(refused["code"], "tenant_suspended", "{refused}");
    late.try_connect(Over::Socket).await.expect("a socket");
    let code = late.until("the socket is closed", |view| view.closed).await;
    let why = late.look(|view| view.refusals.last().map(|refused| refused.code));
    assert_eq!((code, why), (4403, Some(ErrorCode::TenantSuspended)));
    let leave = LeaveMessage {
        cmid: cmid(),
        conversation: None,
        name: "Lee".to_owned(),
        email: "lee@example.com".to_owned(),
        text: "hello?".to_owned(),
        page: None,
        department: None,
    };
    for command in [Command::LeaveMessage(leave), message(None, cmid(), "hello?")] {
        assert!(vera.ask(command).await.is_err(), "a visitor who was connected before goes on");
    }
    let mut desk = ann.another_tab();
    desk.connect(Over::Socket).await;
    desk.until("a suspended desk", |view| view.agent.as_ref().filter(|it| it.suspended).map(|_| ())).await;
    desk.opens(conversation).await;
    desk.sees(conversation, "one moment").await;
    let refused = desk.ask(message(Some(conversation), cmid(), "still here")).await;
    assert_eq!(code_of(refused), ErrorCode::TenantSuspended);
    let refused = desk.ask(Command::SetPresence(SetPresence { presence: Presence::Online, pause: None })).await;
    assert_eq!(code_of(refused), ErrorCode::TenantSuspended);
    assert_eq!(world.count("select count(*) from entry").await, before, "nothing was deleted or added");
    let (done, report) = world.run(&["tenant", "resume", &world.acme.slug]);
    assert!(done, "{report}");
    late.connect(Over::Socket).await;
    late.is_told(Availability::Online).await;
    let mut back = vera.another_tab();
    back.connect(Over::Poll).await;
    back.says("thank you for waiting").await;
    ann.connect(Over::Socket).await;
    ann.opens(conversation).await;
    ann.sees(conversation, "thank you for waiting").await;
}

/// Somebody new who wants to be a visitor.
async fn ask_to_visit(world: &World) -> serde_json::Value {
    let request = http()
        .post(format!("{}/v1/visitor", world.url()))
        .header("origin", world.origin())
        .json(&serde_json::json!({ "site": world.acme.site }));
    request.send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn no_token_password_or_message_reaches_the_log() {
    let world = World::start().await;
    let mut ann = world.agent("Ann").await;
    ann.starts_work(Over::Socket).await;
    let mut vera = world.visitor().await;
    let mut poller = world.visitor().await;
    vera.connect(Over::Socket).await;
    poller.connect(Over::Poll).await;
    let conversation = vera.asks("my card number is 4000123412341234").await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    ann.says(conversation, "never write that here").await;
    vera.sees("never write that here").await;
    poller.asks("another secret of mine").await;
    let ann_person = world.acme.person("Ann");
    sign_in_attempt(&world.url(), &world.origin(), &ann_person.email, "almost-the-password").await;
    get(&world, "/v1/me", Some("frontdesk=made-up-cookie")).await;
    get(&world, "/setup/made-up-link", None).await;
    get(&world, "/back/made-up-way", None).await;
    vera.send_raw("{\"id\":5,\"command\":{\"type\":\"nonsense\",\"token\":\"made-up-token\"}}");
    vera.until("a refusal", |view| (!view.refusals.is_empty()).then_some(())).await;
    world.restart().await;
    world.sigterm();
    world.ended().await;
    let log = world.log();
    assert!(log.contains("stopping"), "the log was kept: {log}");
    let cookie = ann.cookie();
    let cookie = cookie.split('=').nth(1).expect("a value");
    let keys = std::fs::read_to_string(world.data().join("keys")).expect("the keys");
    let mut secrets = vec![
        ann_person.password.as_str(),
        cookie,
        vera.reply.token.as_str(),
        poller.reply.token.as_str(),
        "almost-the-password",
        "made-up-cookie",
        "made-up-link",
        "made-up-way",
        "made-up-token",
        "4000123412341234",
        "another secret of mine",
        "never write that here",
        "@acme.example",
    ];
    secrets.extend(keys.split(['"', '\n', ' ', ':', ',']).filter(|part| part.len() > 20));
    for secret in secrets {
        assert!(!log.contains(secret), "the log says {secret}: {log}");
    }
}
