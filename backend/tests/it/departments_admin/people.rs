//! People: what they may take, and what becomes of what they hold.

use protocol::state::ConversationState;
use uuid::Uuid;

use super::{Form, department, olga, person, shows, texts, with_sales};
use crate::world::{Plan, World};

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

#[tokio::test]
async fn who_is_disabled_leaves_nothing_behind() {
    let world = World::with(Plan { agents: vec!["Ann", "Ben", "Cat"], ..Plan::default() }).await;
    let olga = olga(&world).await;
    let ann = world.at_work("Ann").await;
    let (vera, one) = world.held(&ann, "one").await;
    let (_walt, two) = world.held(&ann, "two").await;
    let ben = world.at_work("Ben").await;
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
    let cat = world.at_work("Cat").await;
    cat.is_offered_this(one).await;
    cat.accepts(one).await;
    vera.is_served_by("Cat").await;
    cat.is_offered_this(two).await;
    let reasons = "select count(*) from entry where body like '%agent_disabled%'";
    assert_eq!(world.count(reasons).await, 2);
    shows(&olga, "/admin/people", &["Disabled"]).await;
}
