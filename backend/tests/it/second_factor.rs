//! The second step when signing in (rule A4): with an app, with a recovery code, and never around it.

use reqwest::header::COOKIE;
use reqwest::{Response, redirect::Policy};
use totp_rs::{Builder, Secret};

use crate::people::sign_in_attempt;
use crate::world::{Person, Plan, World};

/// A browser: cookies, no redirects followed.
pub(crate) struct Browser {
    http: reqwest::Client,
    base: String,
    origin: String,
}

impl Browser {
    fn new(world: &World) -> Self {
        Self::built(world, reqwest::Client::builder().cookie_store(true))
    }

    /// A browser that is signed in with this cookie.
    pub(crate) fn with_cookie(world: &World, cookie: &str) -> Self {
        let headers = [(COOKIE, cookie.parse().expect("a header value"))].into_iter().collect();
        Self::built(world, reqwest::Client::builder().default_headers(headers))
    }

    fn built(world: &World, http: reqwest::ClientBuilder) -> Self {
        let http = http.redirect(Policy::none()).build().expect("a client");
        Self { http, base: world.url(), origin: world.origin() }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let request = self.http.post(format!("{}{path}", self.base)).header("origin", &self.origin);
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        request.send().await.expect("an answer")
    }

    /// Enters the password; says where that leads.
    async fn signs_in(&self, person: &Person, password: &str) -> (u16, String) {
        let answer = self.post("/sign-in", &[("email", &person.email), ("password", password)]).await;
        (answer.status().as_u16(), leads_to(&answer))
    }

    /// Enters a code; says where that leads.
    async fn enters(&self, code: &str) -> (u16, String) {
        let answer = self.post("/sign-in/code", &[("code", code)]).await;
        (answer.status().as_u16(), leads_to(&answer))
    }

    async fn is_in(&self) -> bool {
        self.get("/v1/me").await.0 == 200
    }

    /// Turns the second step on; gives the secret and the recovery codes.
    pub(crate) async fn turns_it_on(&self, person: &Person) -> (Secret, Vec<String>) {
        let begun = self.post("/second-factor/begin", &[("password", &person.password)]).await;
        assert_eq!(begun.status(), 303);
        let (_, page) = self.get("/second-factor").await;
        let typed = between(&page, "<p class=\"secret mono\" dir=\"ltr\">", "</p>").replace(' ', "");
        assert!(page.contains("<svg class=\"scan\""), "{page}");
        let secret = Secret::try_from_base32(&typed).expect("a secret");
        let answer = self.post("/second-factor/confirm", &[("code", &code(&secret, 0))]).await;
        assert_eq!(answer.status(), 200);
        let page = answer.text().await.expect("a page");
        let codes: Vec<String> =
            page.split("<li>").skip(1).map(|rest| rest.split('<').next().expect("a code").to_owned()).collect();
        assert_eq!(codes.len(), 10, "{page}");
        (secret, codes)
    }
}

fn leads_to(answer: &Response) -> String {
    answer.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}")).1;
    rest.split_once(after).expect("an end").0
}

/// The app's code now, or some 30 s steps later.
fn code(secret: &Secret, later: u64) -> String {
    let totp = Builder::new().with_secret(secret.clone()).build().expect("a good secret");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    totp.generate(now + 30 * later).to_string()
}

#[tokio::test]
async fn a_password_alone_opens_nothing_once_it_is_on() {
    let world = World::with(Plan::default().unlimited()).await;
    let ann = world.acme.person("Ann").clone();
    let (first, other) = (Browser::new(&world), Browser::new(&world));
    assert_eq!(first.signs_in(&ann, &ann.password).await, (303, "/console".to_owned()));
    assert_eq!(other.signs_in(&ann, &ann.password).await, (303, "/console".to_owned()));

    assert_eq!(first.post("/second-factor/begin", &[("password", "not mine")]).await.status(), 401);
    assert!(first.get("/second-factor").await.1.contains("action=\"/second-factor/begin\""));
    let (secret, codes) = first.turns_it_on(&ann).await;
    assert!(first.is_in().await, "this browser stays signed in");
    assert!(!other.is_in().await, "every other is signed out");
    // The file of the database; a server's is not ours to read.
    if !crate::database::on_postgres() {
        let stored = std::fs::read(world.data().join("frontdesk.db-wal")).expect("the database");
        for secret in [secret.as_bytes(), secret.to_base32().as_bytes(), codes[0].as_bytes()] {
            assert!(!stored.windows(secret.len()).any(|bytes| bytes == secret), "nothing readable is stored");
        }
    }

    let browser = Browser::new(&world);
    assert_eq!(browser.signs_in(&ann, "wrong").await.0, 401);
    assert_eq!(browser.enters(&code(&secret, 1)).await, (303, "/sign-in".to_owned()), "without the password");
    assert_eq!(browser.signs_in(&ann, &ann.password).await, (303, "/sign-in/code".to_owned()));
    assert!(!browser.is_in().await, "a right password is half the way");
    for path in ["/console", "/admin", "/second-factor"] {
        assert_ne!(browser.get(path).await.0, 200, "{path}");
    }
    assert_eq!(browser.enters("000").await.0, 422);
    assert_eq!(browser.enters(&code(&secret, 9)).await.0, 422, "a code of another time");
    // The code that turned it on was used; the app's next one is good a step early.
    let next = code(&secret, 1);
    assert_eq!(browser.enters(&next).await, (303, "/console".to_owned()));
    assert!(browser.is_in().await);
    assert_eq!(browser.enters(&next).await, (303, "/sign-in".to_owned()), "the sign-in is over");

    let thief = Browser::new(&world);
    thief.signs_in(&ann, &ann.password).await;
    assert_eq!(thief.enters(&next).await.0, 422, "a code opens once");
    assert!(!thief.is_in().await);
    let typed = codes[0].to_uppercase().replace('-', " ");
    assert_eq!(thief.enters(&typed).await, (303, "/console".to_owned()), "a recovery code, however it is typed");
    let again = Browser::new(&world);
    again.signs_in(&ann, &ann.password).await;
    assert_eq!(again.enters(&codes[0]).await.0, 422, "once");
    assert_eq!(again.enters(&codes[1]).await.0, 303);
    assert!(again.get("/second-factor").await.1.contains(": 8."), "eight are left");
}

#[tokio::test]
async fn codes_cannot_be_guessed() {
    let world = World::start().await;
    let ann = world.acme.person("Ann").clone();
    let first = Browser::new(&world);
    first.signs_in(&ann, &ann.password).await;
    first.turns_it_on(&ann).await;
    let thief = Browser::new(&world);
    thief.signs_in(&ann, &ann.password).await;
    for _ in 0..4 {
        assert_eq!(thief.enters("000000").await.0, 422);
    }
    assert_eq!(thief.enters("000000").await.0, 429, "with the one that turned it on, five");
    let another = Browser::new(&world);
    another.signs_in(&ann, &ann.password).await;
    assert_eq!(another.enters("000000").await.0, 429, "starting again does not help");
    assert!(!thief.is_in().await && !another.is_in().await);
}

#[tokio::test]
async fn a_waiting_sign_in_ends_after_five_wrong_codes() {
    let world = World::with(Plan::default().unlimited()).await;
    let ann = world.acme.person("Ann").clone();
    let first = Browser::new(&world);
    first.signs_in(&ann, &ann.password).await;
    let (secret, _) = first.turns_it_on(&ann).await;
    let browser = Browser::new(&world);
    browser.signs_in(&ann, &ann.password).await;
    for _ in 0..5 {
        assert_eq!(browser.enters("000000").await.0, 422);
    }
    assert_eq!(browser.enters(&code(&secret, 1)).await, (303, "/sign-in?done=code".to_owned()));
}

#[tokio::test]
async fn a_new_password_does_not_lead_around_it_and_the_command_line_takes_it_off() {
    let world = World::with(Plan::default().unlimited()).await;
    let ann = world.acme.person("Ann").clone();
    let first = Browser::new(&world);
    first.signs_in(&ann, &ann.password).await;
    first.turns_it_on(&ann).await;
    let (good, link) = world.run(&["account", "reset-link", "--email", &ann.email]);
    assert!(good, "{link}");
    let token = link.trim().rsplit_once('/').expect("a link").1;
    let browser = Browser::new(&world);
    let set = browser.post(&format!("/setup/{token}"), &[("password", "a new and longer one")]).await;
    assert_eq!(leads_to(&set), "/sign-in?done=reset");
    assert!(!browser.is_in().await);
    assert_eq!(browser.signs_in(&ann, "a new and longer one").await.1, "/sign-in/code");
    let (good, printed) = world.run(&["account", "reset-second-factor", "--email", &ann.email]);
    assert!(good, "{printed}");
    assert_eq!(browser.signs_in(&ann, "a new and longer one").await.1, "/console");
}

#[tokio::test]
async fn it_is_given_up_with_the_password_only() {
    let world = World::with(Plan::default().unlimited()).await;
    let ann = world.acme.person("Ann").clone();
    let browser = Browser::new(&world);
    browser.signs_in(&ann, &ann.password).await;
    let (_, old) = browser.turns_it_on(&ann).await;
    assert_eq!(browser.post("/second-factor/codes", &[("password", "not mine")]).await.status(), 401);
    let renewed = browser.post("/second-factor/codes", &[("password", &ann.password)]).await;
    assert_eq!(renewed.status(), 200);
    let other = Browser::new(&world);
    other.signs_in(&ann, &ann.password).await;
    assert_eq!(other.enters(&old[0]).await.0, 422, "the old recovery codes are void");
    assert_eq!(browser.post("/second-factor/off", &[("password", "not mine")]).await.status(), 401);
    assert_eq!(browser.post("/second-factor/off", &[("password", &ann.password)]).await.status(), 303);
    assert_eq!(Browser::new(&world).signs_in(&ann, &ann.password).await.1, "/console");
}

#[tokio::test]
async fn where_it_is_required_an_operator_does_nothing_before_it_is_on() {
    let mut plan = Plan { operator: true, ..Plan::default() }.unlimited();
    plan.environment.push(("FRONTDESK_OPERATOR_SECOND_FACTOR".to_owned(), "required".to_owned()));
    let world = World::with(plan).await;
    let otto = world.operator.clone().expect("an operator");
    let browser = Browser::new(&world);
    assert_eq!(browser.signs_in(&otto, &otto.password).await.1, "/second-factor");
    assert_eq!(browser.get("/platform").await.0, 403);
    browser.turns_it_on(&otto).await;
    assert_eq!(browser.get("/platform").await.0, 200);
    let off = browser.post("/second-factor/off", &[("password", &otto.password)]).await;
    assert_eq!(off.status(), 403);
    // Others are not asked.
    let olga = world.acme.person("Olga");
    assert_eq!(sign_in_attempt(&world.url(), &world.origin(), &olga.email, &olga.password).await.status(), 303);
}
