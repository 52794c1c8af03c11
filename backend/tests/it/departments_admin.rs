//! Departments, routing, people's work, sites and identity keys in the tenant's panel and on the command line: every
//! form's happy way, what it refuses and where it says so, and that no tenant reaches into another.

use protocol::ids::{ConversationId, TenantId};
use protocol::state::{Availability, ConversationState};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::basics::eventually;
use crate::database::both;
use crate::panels::Reader;
use crate::people::{Agent, Visitor};
use crate::wire::Over;
use crate::world::{Plan, World};

/// A form that is sent, by field.
struct Form(Vec<(String, String)>);

impl Form {
    /// A department that is always open, with nobody in it.
    fn department(name: &str) -> Self {
        Self::of(&[("name", name), ("listed", "on"), ("overflow", ""), ("overflow_after", "2 min")])
    }

    fn of(fields: &[(&str, &str)]) -> Self {
        Self(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    async fn goes(&self, reader: &Reader, path: &str) -> (StatusCode, String) {
        let fields: Vec<(&str, &str)> = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        reader.sends(path, &fields).await
    }

    /// Is sent and taken; gives the page that follows.
    async fn is_taken(&self, reader: &Reader, path: &str) -> String {
        let (status, page) = self.goes(reader, path).await;
        assert_eq!(status, 200, "{path}: {page}");
        page
    }

    /// Is sent and shown again with words about what is wrong.
    async fn is_refused(&self, reader: &Reader, path: &str, words: &str) {
        let (status, page) = self.goes(reader, path).await;
        assert_eq!(status, 422, "{path}: {page}");
        let text = page.replace("&#62;", ">").replace("&gt;", ">");
        assert!(text.contains(words), "{path} does not say {words}: {page}");
    }
}

async fn olga(world: &World) -> Reader {
    Reader::signs_in(world, world.acme.person("Olga")).await
}

async fn shows(reader: &Reader, path: &str, words: &[&str]) -> String {
    let (status, page) = reader.opens(path).await;
    assert_eq!(status, 200, "{path}: {page}");
    for text in words {
        assert!(page.contains(text), "{path} does not show {text}: {page}");
    }
    page
}

async fn id(world: &World, tenant: TenantId, sql: &'static str, name: &str) -> Uuid {
    let pool = world.database().await;
    let found = both!(&pool, it => sqlx::query_scalar(sql).bind(tenant.0).bind(name).fetch_one(it).await);
    pool.close().await;
    found.unwrap_or_else(|error| panic!("{name}: {error}"))
}

async fn department_of(world: &World, tenant: TenantId, name: &str) -> Uuid {
    id(world, tenant, "select id from department where tenant_id = $1 and name = $2", name).await
}

async fn department(world: &World, name: &str) -> Uuid {
    department_of(world, world.acme.id, name).await
}

async fn person(world: &World, name: &str) -> Uuid {
    id(world, world.acme.id, "select id from agent where tenant_id = $1 and name = $2", name).await
}

async fn texts(world: &World, sql: &'static str, name: &str) -> Option<String> {
    let pool = world.database().await;
    let found: Option<Option<String>> =
        both!(&pool, it => sqlx::query_scalar(sql).bind(world.acme.id.0).bind(name).fetch_optional(it).await)
            .expect("a text");
    pool.close().await;
    found.flatten()
}

/// What a department has stored in a column of JSON.
async fn stored(world: &World, column: &str, name: &str) -> Value {
    let sql = match column {
        "settings" => "select settings from department where tenant_id = $1 and name = $2",
        "hours" => "select hours from department where tenant_id = $1 and name = $2",
        _ => "select overflow from department where tenant_id = $1 and name = $2",
    };
    texts(world, sql, name).await.map_or(Value::Null, |text| serde_json::from_str(&text).expect("JSON"))
}

async fn at_work(world: &World, name: &str) -> Agent {
    let mut agent = world.agent(name).await;
    agent.starts_work(Over::Socket).await;
    agent
}

async fn asking(world: &World, text: &str) -> (Visitor, ConversationId) {
    let mut visitor = world.visitor().await;
    visitor.connect(Over::Socket).await;
    let conversation = visitor.asks(text).await;
    (visitor, conversation)
}

#[tokio::test]
async fn a_department_is_made_shown_and_changed() {
    let world = World::start().await;
    let olga = olga(&world).await;
    let support = department(&world, "Support").await;
    let (ann, ben) = (person(&world, "Ann").await, person(&world, "Ben").await);
    let form = Form::department("Sales & returns")
        .with(format!("member-{ann}"), "0")
        .with(format!("member-{ben}"), "3")
        .with("hours_on", "on")
        .with("time_zone", "Europe/Berlin")
        .with("hours_mon", "9-12, 13:00-18:00")
        .with("holidays", "2026-12-25 Christmas: closed\n2026-12-24: 10-14")
        .with("overflow", support.to_string())
        .with("overflow_after", "90 s")
        .with("max_queue", "5")
        .with("max_wait_ms", "1 h")
        .with("sticky", "false")
        .with("strategy", "broadcast");
    let page = form.is_taken(&olga, "/admin/departments").await;
    for text in ["The department is ready.", "Sales &#38; returns", "Overflows to", "Ben"] {
        assert!(page.contains(text), "the list does not show {text}: {page}");
    }
    let settings = json!({"strategy": "broadcast", "sticky": false, "max_queue": 5, "max_wait_ms": 3_600_000});
    assert_eq!(stored(&world, "settings", "Sales & returns").await, settings);
    assert_eq!(stored(&world, "overflow", "Sales & returns").await, json!({"to": support, "after_ms": 90_000}));
    let hours = stored(&world, "hours", "Sales & returns").await;
    assert_eq!(hours["week"][1], json!({"day": "mon", "from": 780, "to": 1080}));
    assert_eq!(hours["holidays"][0], json!({"date": "2026-12-25", "name": "Christmas", "blocks": []}));

    let sales = department(&world, "Sales & returns").await;
    let path = format!("/admin/departments/{sales}");
    let shown = [
        "value=\"09:00-12:00, 13:00-18:00\"",
        "2026-12-25 Christmas: closed",
        "value=\"90 s\"",
        "value=\"1 h\"",
        "As everywhere (100)",
        "<option value=\"3\" selected>Priority 3",
    ];
    shows(&olga, &path, &shown).await;

    // Ben goes, nobody helps any more, a setting is given back; who is not in the form stays.
    let form = Form::department("Sales").with(format!("member-{ben}"), "").with("max_queue", "7");
    form.is_taken(&olga, &path).await;
    assert_eq!(stored(&world, "settings", "Sales").await, json!({"max_queue": 7}));
    assert_eq!(stored(&world, "overflow", "Sales").await, Value::Null);
    assert_eq!(stored(&world, "hours", "Sales").await, Value::Null);
    let members = "select count(*) from department_agent m join department d on d.id = m.department_id \
        and d.tenant_id = m.tenant_id where d.name = 'Sales'";
    assert_eq!(world.count(members).await, 1);
    shows(&olga, "/admin/audit", &["Department created", "Department changed", "max_queue: 5 → 7"]).await;
    shows(&olga, "/admin/routing", &["Departments with settings of their own:", "Sales"]).await;
}

#[tokio::test]
async fn a_department_form_says_what_is_wrong_and_keeps_what_was_typed() {
    let world = World::with(Plan { second: true, ..Plan::default() }).await;
    let olga = olga(&world).await;
    let other = world.other.clone().expect("another tenant");
    let foreign = department_of(&world, other.id, "Support").await.to_string();
    let nobody = format!("member-{}", Uuid::new_v4());
    let hours = |form: Form| form.with("hours_on", "on").with("time_zone", "Asia/Shanghai");
    let long = "x".repeat(81);
    let cases = [
        (Form::department(" "), "Please fill this in."),
        (Form::department(&long), "at most 80 characters"),
        (Form::department("SUPPORT"), "This is taken already."),
        (Form::department("Sales").with("max_queue", "0"), "From 1 to 10000."),
        (Form::department("Sales").with("max_queue", "many"), "From 1 to 10000."),
        (Form::department("Sales").with("offer_deadline_ms", "1 h"), "From 5 s to 10 min."),
        (Form::department("Sales").with("offer_deadline_ms", "soon"), "A length of time, such as 30 s"),
        (Form::department("Sales").with("strategy", "best"), "This is not valid."),
        (Form::department("Sales").with("overflow", foreign), "This department is not there any more."),
        (hours(Form::department("Sales")).with("hours_tue", "9-12, 11-14"), "Two parts of this day overlap."),
        (hours(Form::department("Sales")).with("hours_tue", "9 to 5"), "is not a time such as"),
        (hours(Form::department("Sales")).with("hours_tue", "18-9"), "must end after it begins"),
        (hours(Form::department("Sales")).with("time_zone", "Mars/Olympus"), "This time zone is not known."),
        (hours(Form::department("Sales")).with("holidays", "2026-02-30: closed"), "There is no such day."),
        (hours(Form::department("Sales")).with("holidays", "2026-12-24: closed\n2026-12-24: 9-12"), "stands twice"),
        (Form::department("Sales").with(nobody, "0"), "This is not valid."),
        (Form::department("Sales").with(format!("member-{}", Uuid::nil()), "11"), "This is not valid."),
    ];
    for (form, words) in cases {
        form.is_refused(&olga, "/admin/departments", words).await;
    }
    let evil = "\"'></textarea></title><script>alert(1)</script><img src=x onerror=alert(1)>";
    let form = hours(Form::department(evil)).with("holidays", evil).with("hours_mon", evil).with("max_queue", evil);
    let (status, page) = form.goes(&olga, "/admin/departments").await;
    assert_eq!(status, 422);
    crate::panels::harmless("the form shown again", &page);
    assert_eq!(world.count("select count(*) from department").await, 2);
}

#[tokio::test]
async fn departments_do_not_overflow_in_a_circle() {
    let world = World::start().await;
    let olga = olga(&world).await;
    let support = department(&world, "Support").await;
    Form::department("Sales").with("overflow", support.to_string()).is_taken(&olga, "/admin/departments").await;
    let sales = department(&world, "Sales").await;
    Form::department("Night").with("overflow", sales.to_string()).is_taken(&olga, "/admin/departments").await;
    let night = department(&world, "Night").await;
    let path = format!("/admin/departments/{support}");
    let words = "That would be a circle: Support → Night → Sales → Support.";
    Form::department("Support").with("overflow", night.to_string()).is_refused(&olga, &path, words).await;
    let itself = Form::department("Support").with("overflow", support.to_string());
    itself.is_refused(&olga, &path, "This department is not there any more.").await;
    assert_eq!(stored(&world, "overflow", "Support").await, Value::Null);
}

#[tokio::test]
async fn hours_that_change_reach_visitors_at_once() {
    let world = World::start().await;
    let olga = olga(&world).await;
    let _ann = at_work(&world, "Ann").await;
    let mut vera = world.visitor().await;
    vera.connect(Over::Socket).await;
    vera.is_told(Availability::Online).await;
    let path = format!("/admin/departments/{}", department(&world, "Support").await);
    let closed = Form::department("Support").with("hours_on", "on").with("time_zone", "UTC");
    closed.is_taken(&olga, &path).await;
    vera.is_told(Availability::Offline).await;
    shows(&olga, "/admin/departments", &["Closed"]).await;
    Form::department("Support").is_taken(&olga, &path).await;
    vera.is_told(Availability::Online).await;
    shows(&olga, "/admin/departments", &["Always open"]).await;
}

/// A world in which the site belongs to Sales with Ann, beside Support with everybody; and Sales' id.
async fn with_sales(world: &World, olga: &Reader) -> Uuid {
    let ann = person(world, "Ann").await;
    Form::department("Sales").with(format!("member-{ann}"), "0").is_taken(olga, "/admin/departments").await;
    let sales = department(world, "Sales").await;
    site_form(world).with("department", sales.to_string()).is_taken(olga, &site_path(world).await).await;
    sales
}

async fn site_path(world: &World) -> String {
    format!("/admin/sites/{}", world.site_id().await)
}

fn site_form(world: &World) -> Form {
    Form::of(&[
        ("name", "Shop"),
        ("origins", &world.acme.origin),
        ("color", "#2f55d4"),
        ("side", "end"),
        ("theme", "auto"),
        ("ask_name", "optional"),
        ("ask_email", "optional"),
        ("typing_preview", "on"),
    ])
}

#[tokio::test]
async fn removing_a_department_hands_over_everything_in_it() {
    let world = World::with(Plan { policy: json!({"capacity": 1}), ..Plan::default() }).await;
    let olga = olga(&world).await;
    let sales = with_sales(&world, &olga).await;
    let support = department(&world, "Support").await;
    Form::department("Night").with("overflow", sales.to_string()).is_taken(&olga, "/admin/departments").await;

    let ann = at_work(&world, "Ann").await;
    let (vera, held) = asking(&world, "held").await;
    ann.is_offered_this(held).await;
    ann.accepts(held).await;
    let (walt, first) = asking(&world, "first").await;
    walt.waits_at(1).await;
    let (xena, second) = asking(&world, "second").await;
    xena.waits_at(2).await;

    let path = format!("/admin/departments/{sales}/remove");
    let moves =
        ["2 conversations that wait", "one conversation that is being answered", "one site", "the overflow of another"];
    shows(&olga, &path, &moves).await;
    let to = |id: Uuid| Form::of(&[("successor", &id.to_string())]);
    Form::of(&[("successor", "")]).is_refused(&olga, &path, "Choose the department that takes over.").await;
    to(sales).is_refused(&olga, &path, "Choose the department that takes over.").await;
    to(Uuid::new_v4()).is_refused(&olga, &path, "Choose the department that takes over.").await;
    to(support).is_taken(&olga, &path).await;

    // They are in Support's queue now, in their order, and Ben may take them.
    walt.waits_at(1).await;
    xena.waits_at(2).await;
    let ben = at_work(&world, "Ben").await;
    ben.is_offered_this(first).await;
    ben.accepts(first).await;
    ben.closes(first).await;
    ben.is_offered_this(second).await;
    vera.is_served_by("Ann").await;
    let left = "select count(*) from conversation c join department d on d.id = c.department_id \
        and d.tenant_id = c.tenant_id where d.name <> 'Support'";
    assert_eq!(world.count(left).await, 0);
    let row = "select count(*) from department where removed_at is not null and successor_id is not null";
    assert_eq!(world.count(row).await, 1);
    assert_eq!(stored(&world, "overflow", "Night").await["to"], json!(support));
    let (_walt, third) = asking(&world, "after it").await;
    ben.accepts(second).await;
    ben.closes(second).await;
    ben.is_offered_this(third).await;

    assert_eq!(olga.opens(&format!("/admin/departments/{sales}")).await.0, 404);
    let page = shows(&olga, "/admin/departments", &["Support", "Night"]).await;
    assert!(!page.contains("Sales"), "{page}");
    shows(&olga, "/admin/audit", &["Department removed"]).await;
}

#[tokio::test]
async fn who_comes_back_to_a_removed_department_stands_in_line() {
    let world = World::with(Plan { policy: json!({"capacity": 1}), ..Plan::default() }).await;
    let olga = olga(&world).await;
    let sales = with_sales(&world, &olga).await;
    let support = department(&world, "Support").await;
    let ann = at_work(&world, "Ann").await;
    let (walt, early) = asking(&world, "early").await;
    ann.is_offered_this(early).await;
    ann.accepts(early).await;
    ann.closes(early).await;
    walt.sees_state(ConversationState::Closed).await;
    let to_support = Form::of(&[("successor", &support.to_string())]);
    to_support.is_taken(&olga, &format!("/admin/departments/{sales}/remove")).await;

    let (_vera, held) = asking(&world, "held").await;
    ann.is_offered_this(held).await;
    ann.accepts(held).await;
    let (xena, first) = asking(&world, "first").await;
    xena.waits_at(1).await;
    walt.says("I am back").await;
    let there = "select count(*) from conversation c join department d on d.tenant_id = c.tenant_id \
        and d.id = c.department_id where d.name = 'Support' and c.state = 'waiting' and c.queued_at is not null";
    eventually("he is in Support's queue", async || (world.count(there).await == 2).then_some(())).await;
    walt.waits_at(2).await;
    xena.waits_at(1).await;
    let ahead = "select count(*) from conversation where at_head";
    let known = "select count(*) from conversation where state = 'waiting' and last_agent is not null";
    assert_eq!((world.count(ahead).await, world.count(known).await), (0, 1), "he has his place and his agent");
    // Ann talked to him before, and still the first comes first.
    ann.closes(held).await;
    ann.is_offered_this(first).await;
}

#[tokio::test]
async fn the_last_department_stays() {
    let world = World::start().await;
    let olga = olga(&world).await;
    let path = format!("/admin/departments/{}/remove", department(&world, "Support").await);
    shows(&olga, &path, &["This is the last department"]).await;
    let (_, page) = Form::of(&[("successor", &Uuid::new_v4().to_string())]).goes(&olga, &path).await;
    assert!(page.contains("There must be a department"), "{page}");
    assert_eq!(world.count("select count(*) from department where removed_at is null").await, 1);
}

/// The form of the settings as the page shows it, with some fields changed.
async fn routing_form(olga: &Reader, change: &[(&str, &str)]) -> Form {
    let page = shows(olga, "/admin/routing", &["Who is asked"]).await;
    let mut fields = Vec::new();
    for setting in domain::policy::SETTINGS {
        let given = change.iter().find(|(name, _)| *name == setting.name).map(|(_, value)| (*value).to_owned());
        let start = format!("id=\"{}\"", setting.name);
        let control = page.split(&start).nth(1).unwrap_or_else(|| panic!("no field {}", setting.name));
        let own = control.split("<div class=\"field\"").next().unwrap_or_default();
        let shown = match setting.kind {
            domain::policy::Kind::Flag => {
                own.split('>').next().is_some_and(|tag| tag.contains("checked")).then(|| "on".to_owned())
            }
            domain::policy::Kind::Choice(_) => own
                .split("<option value=\"")
                .skip(1)
                .find(|option| option.contains(" selected>"))
                .map(|option| option.split('"').next().unwrap_or_default().to_owned()),
            domain::policy::Kind::Number { .. } => {
                own.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned)
            }
        };
        if let Some(value) = given.or(shown).filter(|value| !value.is_empty()) {
            fields.push((setting.name.to_owned(), value));
        }
    }
    Form(fields)
}

#[tokio::test]
async fn settings_are_shown_and_typed_as_people_say_them() {
    let world = World::start().await;
    let olga = olga(&world).await;
    shows(
        &olga,
        "/admin/routing",
        &["value=\"30 s\"", "value=\"20 min\"", "value=\"24 h\"", "From 5 s to 10 min; usually 30 s."],
    )
    .await;
    // What is shown is taken as it is.
    routing_form(&olga, &[]).await.is_taken(&olga, "/admin/routing").await;
    let change = [
        ("offer_deadline_ms", "20"),
        ("max_wait_ms", "1.5 h"),
        ("capacity", "4"),
        ("strategy", "longest_idle"),
        ("sticky", ""),
    ];
    let page = routing_form(&olga, &change).await.is_taken(&olga, "/admin/routing").await;
    assert!(page.contains("Saved.") && page.contains("value=\"90 min\""), "{page}");
    let (_, said, _) = world.feed(&["tenant", "set", "acme", "--json"], "");
    let settings: Value = serde_json::from_str(&said).expect("JSON");
    for (name, value) in [
        ("offer_deadline_ms", json!(20_000)),
        ("max_wait_ms", json!(5_400_000)),
        ("capacity", json!(4)),
        ("strategy", json!("longest_idle")),
        ("sticky", json!(false)),
        ("max_queue", json!(100)),
    ] {
        assert_eq!(settings[name], value, "{name}");
    }
    assert_eq!(world.count("select count(*) from agent where capacity = 4").await, 3);
    shows(&olga, "/admin/audit", &["Settings changed", "capacity: 6 → 4"]).await;
}

#[tokio::test]
async fn a_wrong_setting_is_refused_next_to_its_field() {
    let world = World::start().await;
    let olga = olga(&world).await;
    for (name, value, words) in [
        ("capacity", "0", "From 1 to 50."),
        ("capacity", "51", "From 1 to 50."),
        ("capacity", "2.5", "From 1 to 50."),
        ("max_queue", "99999999999999999999", "From 1 to 10000."),
        ("vip_priority", "-1", "From 0 to 10."),
        ("offer_deadline_ms", "11 min", "From 5 s to 10 min."),
        ("offer_deadline_ms", "later", "A length of time, such as 30 s"),
        ("reopen_window_ms", "31 d", "From 0 s to 30 d."),
        ("strategy", "best", "This is not valid."),
    ] {
        let form = routing_form(&olga, &[(name, value)]).await;
        let (status, page) = form.goes(&olga, "/admin/routing").await;
        assert_eq!(status, 422, "{name} {value}");
        let error = format!("id=\"{name}-error\">{words}");
        assert!(page.contains(&error), "{name} {value}: {page}");
    }
    Form::of(&[]).is_refused(&olga, "/admin/routing", "Please fill this in.").await;
    let (_, said, _) = world.feed(&["tenant", "set", "acme", "--json"], "");
    assert_eq!(serde_json::from_str::<Value>(&said).expect("JSON")["capacity"], json!(6));
}

#[tokio::test]
async fn people_have_their_own_number_languages_skills_and_departments() {
    let world = World::start().await;
    let olga = olga(&world).await;
    let sales = with_sales(&world, &olga).await;
    let support = department(&world, "Support").await;
    let ben = person(&world, "Ben").await;
    let path = format!("/admin/people/{ben}");
    let form = || Form::of(&[("name", "Ben"), ("role", "agent")]);
    let right = form()
        .with("capacity", "3")
        .with("languages", "EN, zh_cn，de")
        .with("skills", "Billing; returns, billing")
        .with(format!("department-{sales}"), "2")
        .with(format!("department-{support}"), "");
    right.is_taken(&olga, &path).await;
    let text = |sql| texts(&world, sql, "Ben");
    let languages = text("select languages from agent where tenant_id = $1 and name = $2").await;
    assert_eq!(languages.as_deref(), Some(r#"["en","zh-CN","de"]"#));
    let skills = text("select skills from agent where tenant_id = $1 and name = $2").await;
    assert_eq!(skills.as_deref(), Some(r#"["billing","returns"]"#));
    assert_eq!(world.count("select count(*) from agent where own_capacity = 3 and capacity = 3").await, 1);
    shows(&olga, &path, &["value=\"3\"", "en, zh-CN, de", "billing, returns", "Departments"]).await;
    shows(&olga, "/admin/people", &["0 / 3", "0 / 6"]).await;

    for (name, value, words) in [
        ("capacity", "0", "From 1 to 50."),
        ("capacity", "51", "From 1 to 50."),
        ("languages", "klingon language", "Languages such as en"),
        ("languages", "aa,bb,cc,dd,ee,ff,gg,hh,ii,jj,kk", "at most 10"),
        ("skills", &"x".repeat(31), "Words of up to 30 characters"),
        ("role", "king", "This is not valid."),
        ("name", " ", "Please fill this in."),
        ("department-00000000-0000-4000-8000-000000000000", "1", "This department is not there any more."),
        ("department-nonsense", "1", "This is not valid."),
    ] {
        form().with(name, value).is_refused(&olga, &path, words).await;
    }
    // Back to everybody's number, and what is not in the form stays.
    form().with("capacity", "").is_taken(&olga, &path).await;
    assert_eq!(world.count("select count(*) from agent where own_capacity is null and capacity = 6").await, 3);
    let own = "select count(*) from department_agent m join agent a on a.id = m.agent_id \
        and a.tenant_id = m.tenant_id where a.name = 'Ben' and m.priority = 2";
    assert_eq!(world.count(own).await, 1);
    shows(&olga, "/admin/audit", &["Sales (2)", "capacity: 3 → –"]).await;
}

/// Ann holds a conversation; its visitor and its id.
async fn held(ann: &Agent, world: &World, text: &str) -> (Visitor, ConversationId) {
    let (visitor, conversation) = asking(world, text).await;
    ann.is_offered_this(conversation).await;
    ann.accepts(conversation).await;
    (visitor, conversation)
}

#[tokio::test]
async fn who_is_disabled_leaves_nothing_behind() {
    let world = World::with(Plan { agents: vec!["Ann", "Ben", "Cat"], ..Plan::default() }).await;
    let olga = olga(&world).await;
    let ann = at_work(&world, "Ann").await;
    let (vera, one) = held(&ann, &world, "one").await;
    let (_walt, two) = held(&ann, &world, "two").await;
    let ben = at_work(&world, "Ben").await;
    let (ann_id, cat_id) = (person(&world, "Ann").await, person(&world, "Cat").await);
    let path = format!("/admin/people/{ann_id}");
    let page = shows(&olga, &path, &["2 conversations are open with this person.", "to Ben (0 of 6 taken)"]).await;
    assert!(!page.contains("to Cat"), "Cat is not there: {page}");
    let to = |id: Uuid| Form::of(&[("to", &id.to_string())]);
    to(cat_id).is_refused(&olga, &format!("{path}/disable"), "This colleague is not there now.").await;
    to(ann_id).is_refused(&olga, &format!("{path}/disable"), "This colleague is not there now.").await;
    assert_eq!(world.count("select count(*) from agent where disabled_at is not null").await, 0);
    to(ben.id().0).is_taken(&olga, &format!("{path}/disable")).await;
    vera.is_served_by("Ben").await;
    for conversation in [one, two] {
        ben.sees_state(conversation, ConversationState::Active).await;
    }
    // Now Ben goes, to the queue: Cat gets both, in their order.
    shows(&olga, &format!("/admin/people/{}", ben.id()), &["2 conversations are open with this person."]).await;
    Form::of(&[("to", "")]).is_taken(&olga, &format!("/admin/people/{}/disable", ben.id())).await;
    vera.sees_state(ConversationState::Waiting).await;
    let cat = at_work(&world, "Cat").await;
    cat.is_offered_this(one).await;
    cat.accepts(one).await;
    vera.is_served_by("Cat").await;
    cat.is_offered_this(two).await;
    let reasons = "select count(*) from entry where body like '%agent_disabled%'";
    assert_eq!(world.count(reasons).await, 2);
    shows(&olga, "/admin/people", &["Disabled"]).await;
}

#[tokio::test]
async fn a_site_has_a_department_and_offers_some() {
    let world = World::with(Plan { second: true, ..Plan::default() }).await;
    let olga = olga(&world).await;
    let path = site_path(&world).await;
    let (_, page) = olga.opens(&path).await;
    assert!(!page.contains("ask_department"), "one department is no choice: {page}");
    let sales = with_sales(&world, &olga).await;
    let form = site_form(&world).with("department", sales.to_string()).with("ask_department", "required");
    let page = form.with("offered", sales.to_string()).is_taken(&olga, &path).await;
    assert!(page.contains(&format!("value=\"{sales}\" checked")), "{page}");
    let config = texts(&world, "select config from site where tenant_id = $1 and name = $2", "Shop").await;
    let config: Value = serde_json::from_str(&config.expect("a configuration")).expect("JSON");
    assert_eq!((&config["ask_department"], &config["departments"]), (&json!("required"), &json!([sales])));
    let other = world.other.clone().expect("another tenant");
    let foreign = department_of(&world, other.id, "Support").await.to_string();
    let form = || site_form(&world).with("ask_department", "off");
    let gone = "This department is not there any more.";
    form().with("department", foreign.clone()).is_refused(&olga, &path, gone).await;
    form().with("offered", foreign).is_refused(&olga, &path, gone).await;
    // A form of somebody who opened it before there was a choice changes nothing of it.
    site_form(&world).is_taken(&olga, &path).await;
    let again = texts(&world, "select config from site where tenant_id = $1 and name = $2", "Shop").await;
    let again: Value = serde_json::from_str(&again.expect("a configuration")).expect("JSON");
    assert_eq!(again["departments"], json!([sales]));
}

#[tokio::test]
async fn the_secret_of_an_identity_key_is_shown_once() {
    let world = World::start().await;
    let olga = olga(&world).await;
    shows(&olga, "/admin/identity", &["No key yet", "jwt.sign"]).await;
    Form::of(&[("name", " "), ("way", "jwt")]).is_refused(&olga, "/admin/identity", "Please fill this in.").await;
    for way in ["", "both"] {
        Form::of(&[("name", "Shop server"), ("way", way)]).is_refused(&olga, "/admin/identity", "Please choose.").await;
    }
    let page = Form::of(&[("name", "Shop server"), ("way", "jwt")]).is_taken(&olga, "/admin/identity").await;
    let secret = page.split("id=\"secret\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a secret");
    assert!(secret.len() >= 40, "{secret}");
    let page = shows(&olga, "/admin/identity", &["Shop server", "Valid", ">Tokens (JWT)</td>"]).await;
    assert!(!page.contains(secret), "it is shown again");
    let sealed =
        texts(&world, "select secret from identity_key where tenant_id = $1 and name = $2", "Shop server").await;
    assert!(!sealed.expect("a key").contains(secret), "it lies open in the database");
    assert!(!world.log().contains(secret), "it is in the log");
    let key =
        id(&world, world.acme.id, "select id from identity_key where tenant_id = $1 and name = $2", "Shop server")
            .await;
    let path = format!("/admin/identity/{key}/revoke");
    let page = Form::of(&[]).is_taken(&olga, &path).await;
    assert!(page.contains("The key is revoked.") && page.contains("Revoked"), "{page}");
    assert_eq!(Form::of(&[]).goes(&olga, &path).await.0, 404, "it cannot be revoked twice");
    let page = shows(&olga, "/admin/audit", &["Identity key created", "Identity key revoked"]).await;
    assert!(!page.contains(secret), "it is in the audit log");
    for number in 0..10 {
        Form::of(&[("name", &format!("key {number}")), ("way", "hmac")]).is_taken(&olga, "/admin/identity").await;
    }
    let more = Form::of(&[("name", "too many"), ("way", "jwt")]);
    more.is_refused(&olga, "/admin/identity", "There are 10 keys in use").await;
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[tokio::test]
async fn the_command_line_sets_up_departments() {
    let world = World::prepare(Plan { second: true, ..Plan::default() });
    let run = |arguments: &[&str]| {
        let (done, said, error) = world.feed(arguments, "");
        assert!(done, "{arguments:?}: {error}");
        said
    };
    let refused = |arguments: &[&str], words: &str| {
        let (done, said) = world.run(arguments);
        assert!(!done && said.contains(words), "{arguments:?}: {said}");
    };
    let create = "department create --tenant acme Sales max_queue=5 max_wait_ms=10min --member Ann:2 --overflow support \
        --overflow-after 30s --json";
    let made: Value = serde_json::from_str(&run(&words(create))).expect("JSON");
    assert_eq!(made["settings"], json!({"max_queue": 5, "max_wait_ms": 600_000}));
    assert_eq!(made["overflow"]["after_ms"], json!(30_000));
    assert_eq!(made["members"], json!([{"name": "Ann", "priority": 2}]));
    let hours = world.file("hours.json");
    let week = json!({"time_zone": "Asia/Shanghai", "week": [{"day": "mon", "from": 540, "to": 1080}]});
    std::fs::write(&hours, week.to_string()).expect("a file");
    let hours = hours.display().to_string();
    let set = words("department set --tenant acme sales max_queue= --listed false --json --hours");
    let set = [&set[..], &[hours.as_str()]].concat();
    let changed: Value = serde_json::from_str(&run(&set)).expect("JSON");
    assert_eq!(changed["settings"], json!({"max_wait_ms": 600_000}));
    assert_eq!((&changed["listed"], &changed["hours"]["time_zone"]), (&json!(false), &json!("Asia/Shanghai")));
    assert!(run(&["department", "list", "--tenant", "acme"]).contains("Sales"));
    assert!(!run(&["department", "list", "--tenant", "other"]).contains("Sales"));

    let set = ["department", "set", "--tenant", "acme"];
    let with = |rest: &[&'static str]| [&set[..], rest].concat();
    refused(&with(&["Sales", "capacity=3"]), "capacity is the same for all departments");
    refused(&with(&["Sales", "max_queue=0"]), "max_queue must be between 1 and 10000");
    refused(&with(&["Sales", "colour=1"]), "there is no setting \"colour\"");
    refused(&with(&["Nowhere", "max_queue=1"]), "there is no department \"Nowhere\"");
    refused(&with(&["Support", "--overflow", "Sales"]), "circle: Support > Sales > Support");
    refused(&with(&["Sales", "--member", "Zoe"]), "nobody is called \"Zoe\"");
    refused(&["tenant", "set", "acme", "capacity=51"], "capacity must be between 1 and 50");
    refused(&["tenant", "set", "acme", "capacity="], "capacity needs a value");
    refused(&["tenant", "set", "acme", "offer_deadline_ms=1h"], "offer_deadline_ms must be between 5000 and 600000");
    run(&["tenant", "set", "acme", "offer_deadline_ms=20s", "vip_priority=5", "show_estimate=false"]);
    run(&["department", "remove", "--tenant", "acme", "Sales", "--successor", "Support"]);
    let successor = ["department", "remove", "--tenant", "acme", "Support", "--successor", "Support"];
    refused(&successor, "keeps at least one department");
}
