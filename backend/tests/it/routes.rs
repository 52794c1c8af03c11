//! Every route of the server: without credentials, with another tenant's account, with too small a role, and
//! with ids of others. The routes are read from the source, so that a new one fails this test until it is
//! listed here with who may use it.

use std::collections::BTreeSet;

use protocol::command::{Command, LeaveMessage};
use protocol::state::ConversationState;
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use uuid::Uuid;

use crate::database::both;
use crate::panels::Reader;
use crate::people::{cmid, sign_in};
use crate::tenancy::dump;
use crate::wire::Over;
use crate::world::{Person, Plan, World};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Everybody: what it shows or takes is public.
    Everybody,
    /// A visitor or agent who proves who it is; tested command by command elsewhere.
    Caller,
    /// Whoever is signed in.
    SignedIn,
    /// Every member of the tenant.
    Member,
    /// Supervisors and above.
    Supervisor,
    /// Admins and above.
    Admin,
    /// Operators of the installation.
    Operator,
}

/// What an `{id}` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Nothing,
    Site,
    Agent,
    Conversation,
    Message,
    Mail,
    Tenant,
    Attachment,
    Department,
    IdentityKey,
}

struct Route {
    method: &'static str,
    path: &'static str,
    who: For,
    of: Of,
    /// A form that would do something if it were allowed.
    form: &'static str,
}

const fn get(path: &'static str, who: For, of: Of) -> Route {
    Route { method: "get", path, who, of, form: "" }
}

const fn post(path: &'static str, who: For, of: Of, form: &'static str) -> Route {
    Route { method: "post", path, who, of, form }
}

const SITE: &str = "name=Taken&origins=http%3A%2F%2Fevil.example&color=%23112233&side=end&theme=auto&locale=&ask_name=off&\
    ask_email=off&typing_preview=on&greeting_en=&welcome_en=&offline_en=&greeting_zh=&welcome_zh=&offline_zh=";
const DEPARTMENT: &str = "name=Taken&listed=on&overflow=&overflow_after=2+min";
const PASSWORD: &str = "current=wrong-one&new=a-long-new-password&again=a-long-new-password";

const ROUTES: &[Route] = &[
    get("/", For::Everybody, Of::Nothing),
    get("/w/{file}", For::Everybody, Of::Nothing),
    get("/frame/{key}", For::Everybody, Of::Nothing),
    get("/chat/{key}", For::Everybody, Of::Nothing),
    get("/chat/{key}/text", For::Everybody, Of::Nothing),
    post("/chat/{key}/text", For::Everybody, Of::Nothing, "do=start&text=hello"),
    get("/chat/{key}/text/colors.css", For::Everybody, Of::Nothing),
    get("/chat/{key}/text/files/{id}", For::Caller, Of::Attachment),
    get("/back/{token}", For::Everybody, Of::Nothing),
    post("/back/{token}", For::Everybody, Of::Nothing, ""),
    get("/assets/{name}", For::Everybody, Of::Nothing),
    get("/sign-in", For::Everybody, Of::Nothing),
    post("/sign-in", For::Everybody, Of::Nothing, "email=a%40b.example&password=wrong-password"),
    get("/sign-in/code", For::Everybody, Of::Nothing),
    post("/sign-in/code", For::Everybody, Of::Nothing, "code=123456"),
    get("/second-factor", For::SignedIn, Of::Nothing),
    post("/second-factor/begin", For::SignedIn, Of::Nothing, "password=wrong-one"),
    post("/second-factor/confirm", For::SignedIn, Of::Nothing, "code=123456"),
    post("/second-factor/codes", For::SignedIn, Of::Nothing, "password=wrong-one"),
    post("/second-factor/off", For::SignedIn, Of::Nothing, "password=wrong-one"),
    get("/sign-out", For::Everybody, Of::Nothing),
    post("/sign-out", For::Everybody, Of::Nothing, ""),
    get("/setup/{token}", For::Everybody, Of::Nothing),
    post("/setup/{token}", For::Everybody, Of::Nothing, "password=a-long-new-password"),
    get("/forgot", For::Everybody, Of::Nothing),
    post("/forgot", For::Everybody, Of::Nothing, "email=nobody%40b.example"),
    get("/healthz", For::Everybody, Of::Nothing),
    get("/readyz", For::Everybody, Of::Nothing),
    post("/v1/visitor", For::Everybody, Of::Nothing, ""),
    get("/v1/ws", For::Caller, Of::Nothing),
    post("/v1/poll", For::Caller, Of::Nothing, ""),
    post("/v1/commands", For::Caller, Of::Nothing, ""),
    post("/v1/files", For::Caller, Of::Nothing, ""),
    get("/v1/files/{id}", For::Caller, Of::Attachment),
    get("/v1/me", For::SignedIn, Of::Nothing),
    get("/v1/probe", For::Caller, Of::Nothing),
    get("/console", For::SignedIn, Of::Nothing),
    get("/admin", For::Member, Of::Nothing),
    get("/admin/board", For::Supervisor, Of::Nothing),
    get("/admin/board.json", For::Supervisor, Of::Nothing),
    post("/admin/board/release", For::Supervisor, Of::Nothing, "agent=nobody"),
    post("/admin/switch", For::Member, Of::Nothing, "tenant=nothing"),
    get("/admin/sites", For::Admin, Of::Nothing),
    post("/admin/sites", For::Admin, Of::Nothing, SITE),
    get("/admin/sites/new", For::Admin, Of::Nothing),
    get("/admin/sites/{id}", For::Admin, Of::Site),
    post("/admin/sites/{id}", For::Admin, Of::Site, SITE),
    get("/admin/sites/{id}/preview", For::Admin, Of::Site),
    post("/admin/sites/{id}/{switch}", For::Admin, Of::Site, ""),
    get("/admin/people", For::Supervisor, Of::Nothing),
    get("/admin/people/invite", For::Admin, Of::Nothing),
    post("/admin/people/invite", For::Admin, Of::Nothing, "email=new%40acme.example&role=owner"),
    post("/admin/people/invite/withdraw", For::Admin, Of::Nothing, "email=new%40acme.example"),
    get("/admin/people/{id}", For::Admin, Of::Agent),
    post("/admin/people/{id}", For::Admin, Of::Agent, "name=Taken&role=owner&capacity=3"),
    post("/admin/people/{id}/{switch}", For::Admin, Of::Agent, ""),
    get("/admin/departments", For::Supervisor, Of::Nothing),
    post("/admin/departments", For::Admin, Of::Nothing, DEPARTMENT),
    get("/admin/departments/new", For::Admin, Of::Nothing),
    get("/admin/departments/{id}", For::Admin, Of::Department),
    post("/admin/departments/{id}", For::Admin, Of::Department, DEPARTMENT),
    get("/admin/departments/{id}/remove", For::Admin, Of::Department),
    post(
        "/admin/departments/{id}/remove",
        For::Admin,
        Of::Department,
        "successor=00000000-0000-4000-8000-000000000000",
    ),
    get("/admin/routing", For::Admin, Of::Nothing),
    post("/admin/routing", For::Admin, Of::Nothing, "capacity=3"),
    get("/admin/identity", For::Admin, Of::Nothing),
    post("/admin/identity", For::Admin, Of::Nothing, "name=Taken"),
    post("/admin/identity/{id}/revoke", For::Admin, Of::IdentityKey, ""),
    get("/admin/transcripts", For::Member, Of::Nothing),
    get("/admin/transcripts/{id}", For::Member, Of::Conversation),
    post("/admin/transcripts/{id}/export", For::Member, Of::Conversation, "format=json"),
    get("/admin/offline", For::Member, Of::Nothing),
    get("/admin/offline/{id}", For::Member, Of::Message),
    post("/admin/offline/{id}/answer", For::Member, Of::Message, "answer=taken"),
    post("/admin/offline/{id}/close", For::Member, Of::Message, ""),
    get("/admin/mail", For::Admin, Of::Nothing),
    post("/admin/mail/{id}/retry", For::Admin, Of::Mail, ""),
    get("/admin/audit", For::Admin, Of::Nothing),
    get("/admin/profile", For::Member, Of::Nothing),
    post("/admin/profile/password", For::Member, Of::Nothing, PASSWORD),
    post("/admin/profile/sign-out-everywhere", For::Member, Of::Nothing, ""),
    get("/platform", For::Operator, Of::Nothing),
    post("/platform/tenants", For::Operator, Of::Nothing, "name=Taken&slug=taken&email=a%40b.example"),
    get("/platform/tenants/new", For::Operator, Of::Nothing),
    get("/platform/tenants/{id}", For::Operator, Of::Tenant),
    post("/platform/tenants/{id}", For::Operator, Of::Tenant, "name=Taken"),
    get("/platform/tenants/{id}/suspend", For::Operator, Of::Tenant),
    post("/platform/tenants/{id}/suspend", For::Operator, Of::Tenant, ""),
    post("/platform/tenants/{id}/resume", For::Operator, Of::Tenant, ""),
    get("/platform/tenants/{id}/invite", For::Operator, Of::Tenant),
    post("/platform/tenants/{id}/invite", For::Operator, Of::Tenant, "email=a%40b.example&role=owner"),
    get("/platform/operators", For::Operator, Of::Nothing),
    get("/platform/health", For::Operator, Of::Nothing),
    post("/platform/health", For::Operator, Of::Nothing, ""),
    get("/platform/jobs", For::Operator, Of::Nothing),
    get("/platform/audit", For::Operator, Of::Nothing),
    get("/platform/profile", For::Operator, Of::Nothing),
    post("/platform/profile/password", For::Operator, Of::Nothing, PASSWORD),
    post("/platform/profile/sign-out-everywhere", For::Operator, Of::Nothing, ""),
];

#[test]
fn every_route_of_the_server_is_walked() {
    let mut found = BTreeSet::new();
    let top = include_str!("../../src/routes.rs");
    for part in top.split("resource(\"").skip(1) {
        let (path, rest) = part.split_once('"').expect("a path");
        for route in rest.split(".route(").skip(1) {
            found.insert((method_of(route), path.to_owned()));
        }
    }
    let panels = [
        ("/admin", include_str!("../../src/admin/mod.rs")),
        ("/platform", include_str!("../../src/admin/platform/mod.rs")),
    ];
    for (scope, source) in panels {
        for part in source.split(".route(\"").skip(1) {
            let (path, rest) = part.split_once("\", ").expect("a path");
            found.insert((method_of(rest), format!("{scope}{path}")));
        }
    }
    let walked: BTreeSet<(String, String)> =
        ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(found, walked, "routes that are not walked, or walked and gone");
}

fn method_of(route: &str) -> String {
    route.split('(').next().unwrap_or_default().trim().to_owned()
}

/// What belongs to the first tenant.
struct Things {
    site: Uuid,
    agent: Uuid,
    conversation: Uuid,
    message: Uuid,
    mail: Uuid,
    tenant: Uuid,
    department: Uuid,
    identity_key: Uuid,
}

impl Things {
    fn id(&self, of: Of) -> Uuid {
        match of {
            Of::Site => self.site,
            Of::Agent => self.agent,
            Of::Conversation => self.conversation,
            Of::Message => self.message,
            Of::Mail => self.mail,
            Of::Tenant => self.tenant,
            Of::Department => self.department,
            Of::IdentityKey => self.identity_key,
            Of::Attachment | Of::Nothing => Uuid::new_v4(),
        }
    }
}

async fn furnished() -> (World, Things) {
    let world = World::with(Plan { second: true, operator: true, ..Plan::default() }.unlimited()).await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    let leave = LeaveMessage {
        cmid: cmid(),
        conversation: None,
        name: "Vera".to_owned(),
        email: "vera@example.com".to_owned(),
        text: "a secret message".to_owned(),
        page: None,
        department: None,
    };
    let left = vera.must(Command::LeaveMessage(leave)).await;
    let mut ben = world.agent("Ben").await;
    ben.starts_work(Over::Socket).await;
    let mut walt = world.visitor().await;
    walt.connect(Over::Socket).await;
    let conversation = walt.asks("a secret question").await;
    ben.is_offered_this(conversation).await;
    ben.accepts(conversation).await;
    ben.closes(conversation).await;
    walt.sees_state(ConversationState::Closed).await;
    let olga = Reader::signs_in(&world, world.acme.person("Olga")).await;
    olga.sends("/admin/identity", &[("name", "Shop server"), ("way", "jwt")]).await;
    let pool = world.database().await;
    let one = async |sql: &'static str| -> Uuid {
        both!(&pool, it => sqlx::query_scalar(sql).bind(world.acme.id.0).fetch_one(it).await).expect("an id")
    };
    let things = Things {
        site: one("select id from site where tenant_id = $1").await,
        agent: ben.id().0,
        conversation: conversation.0,
        message: left.conversation.expect("its thread").0,
        mail: one("select id from outbox where tenant_id = $1").await,
        tenant: world.acme.id.0,
        department: one("select id from department where tenant_id = $1").await,
        identity_key: one("select id from identity_key where tenant_id = $1").await,
    };
    pool.close().await;
    (world, things)
}

async fn signed_in(world: &World, person: &Person) -> String {
    sign_in(&world.url(), &world.origin(), &person.email, &person.password).await
}

async fn ask(world: &World, route: &Route, id: Uuid, cookie: Option<&str>) -> Response {
    let path = route.path.replace("{id}", &id.to_string()).replace("{switch}", "disable").replace("{token}", "made-up");
    let method = if route.method == "get" { Method::GET } else { Method::POST };
    let http = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
    let mut request = http.request(method, format!("{}{path}", world.url())).header("accept", "text/html");
    if route.method == "post" {
        request = request
            .header("origin", world.origin())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(route.form);
    }
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    request.send().await.expect("an answer")
}

fn is_refusal(response: &Response) -> bool {
    let status = response.status().as_u16();
    let to = response.headers().get("location").and_then(|it| it.to_str().ok()).unwrap_or_default();
    matches!(status, 400..=499) || (status == 303 && to.starts_with("/sign-in"))
}

#[tokio::test]
async fn without_credentials_only_public_routes_answer() {
    let (world, things) = furnished().await;
    let before = dump(&world, world.acme.id).await;
    for route in ROUTES.iter().filter(|route| route.who != For::Everybody) {
        for cookie in [None, Some("frontdesk=made-up")] {
            let response = ask(&world, route, things.id(route.of), cookie).await;
            assert!(is_refusal(&response), "{} {}: {}", route.method, route.path, response.status());
            let text = response.text().await.expect("text");
            assert!(!text.contains("a secret") && !text.contains("@acme.example"), "{}: {text}", route.path);
        }
    }
    assert_eq!(dump(&world, world.acme.id).await, before);
}

#[tokio::test]
async fn what_belongs_to_another_tenant_does_not_exist() {
    let (world, things) = furnished().await;
    let other = world.other.clone().expect("another tenant");
    let owner = signed_in(&world, other.person("Olga")).await;
    let before = dump(&world, world.acme.id).await;
    let owners = [For::Member, For::Supervisor, For::Admin];
    let named = ROUTES.iter().filter(|route| owners.contains(&route.who) && route.of != Of::Nothing);
    for route in named {
        let (id, unknown) = (things.id(route.of), Uuid::new_v4());
        let response = ask(&world, route, id, Some(&owner)).await;
        let at_random = ask(&world, route, unknown, Some(&owner)).await;
        assert_eq!(response.status(), 404, "{} {}", route.method, route.path);
        assert_eq!(at_random.status(), 404, "{} {}", route.method, route.path);
        let body = response.text().await.expect("text").replace(&id.to_string(), "ID");
        let random = at_random.text().await.expect("text").replace(&unknown.to_string(), "ID");
        assert_eq!(body, random, "{} {}: the answers tell that it exists", route.method, route.path);
        assert!(!body.contains("a secret"), "{}: {body}", route.path);
    }
    for list in
        ROUTES.iter().filter(|route| owners.contains(&route.who) && route.of == Of::Nothing && route.method == "get")
    {
        let text = ask(&world, list, Uuid::new_v4(), Some(&owner)).await.text().await.expect("text");
        assert!(!text.contains("a secret") && !text.contains("@acme.example"), "{}: {text}", list.path);
        assert!(!text.contains(&things.tenant.to_string()), "{}: {text}", list.path);
    }
    assert_eq!(dump(&world, world.acme.id).await, before);
}

#[tokio::test]
async fn a_role_opens_what_the_table_of_rights_says_and_no_more() {
    let (world, things) = furnished().await;
    let ann = signed_in(&world, world.acme.person("Ann")).await;
    let before = dump(&world, world.acme.id).await;
    for route in ROUTES.iter().filter(|route| [For::Supervisor, For::Admin, For::Operator].contains(&route.who)) {
        let response = ask(&world, route, things.id(route.of), Some(&ann)).await;
        assert_eq!(response.status(), 403, "an agent: {} {}", route.method, route.path);
    }
    // Agents read the transcripts of what they held; Ben held this one.
    for route in ROUTES.iter().filter(|route| route.of == Of::Conversation) {
        let response = ask(&world, route, things.conversation, Some(&ann)).await;
        assert!(
            [403, 404].contains(&response.status().as_u16()),
            "{} {}: {}",
            route.method,
            route.path,
            response.status()
        );
    }
    let olga = signed_in(&world, world.acme.person("Olga")).await;
    for route in ROUTES.iter().filter(|route| route.who == For::Operator) {
        let response = ask(&world, route, things.id(route.of), Some(&olga)).await;
        assert_eq!(response.status(), 403, "an owner: {} {}", route.method, route.path);
    }
    assert_eq!(dump(&world, world.acme.id).await, before);
}

#[tokio::test]
async fn every_page_opens_for_those_it_is_for() {
    let (world, things) = furnished().await;
    let olga = signed_in(&world, world.acme.person("Olga")).await;
    let otto = signed_in(&world, world.operator.as_ref().expect("an operator")).await;
    for route in ROUTES.iter().filter(|route| route.method == "get") {
        let cookie = match route.who {
            For::Everybody | For::Caller => continue,
            For::Operator => &otto,
            _ => &olga,
        };
        let response = ask(&world, route, things.id(route.of), Some(cookie)).await;
        assert_eq!(response.status(), 200, "{}", route.path);
    }
}
