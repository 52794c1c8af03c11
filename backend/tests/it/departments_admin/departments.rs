//! Departments: made, shown, changed; what is refused, and that changed hours reach visitors at once.

use protocol::state::Availability;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Form, department, department_of, olga, person, shows, stored};
use crate::wire::Over;
use crate::world::{Plan, World};

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
    let _ann = world.at_work("Ann").await;
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
