//! A department that is removed hands over all it has.

use protocol::state::ConversationState;
use serde_json::json;
use uuid::Uuid;

use super::{Form, department, olga, shows, stored, with_sales};
use crate::basics::eventually;
use crate::world::{Plan, World};

#[tokio::test]
async fn removing_a_department_hands_over_everything_in_it() {
    let world = World::with(Plan { policy: json!({"capacity": 1}), ..Plan::default() }).await;
    let olga = olga(&world).await;
    let sales = with_sales(&world, &olga).await;
    let support = department(&world, "Support").await;
    Form::department("Night").with("overflow", sales.to_string()).is_taken(&olga, "/admin/departments").await;

    let ann = world.at_work("Ann").await;
    let (vera, held) = world.asking("held").await;
    ann.is_offered_this(held).await;
    ann.accepts(held).await;
    let (walt, first) = world.asking("first").await;
    walt.waits_at(1).await;
    let (xena, second) = world.asking("second").await;
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
    let ben = world.at_work("Ben").await;
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
    let (_walt, third) = world.asking("after it").await;
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
    let ann = world.at_work("Ann").await;
    let (walt, early) = world.asking("early").await;
    ann.is_offered_this(early).await;
    ann.accepts(early).await;
    ann.closes(early).await;
    walt.sees_state(ConversationState::Closed).await;
    let to_support = Form::of(&[("successor", &support.to_string())]);
    to_support.is_taken(&olga, &format!("/admin/departments/{sales}/remove")).await;

    let (_vera, held) = world.asking("held").await;
    ann.is_offered_this(held).await;
    ann.accepts(held).await;
    let (xena, first) = world.asking("first").await;
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
