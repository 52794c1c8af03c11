//! Forms of the panels: whose they are, what they refuse and how they say so.

use protocol::ids::TenantId;
use serde_json::Value;

use crate::panels::Reader;
use crate::people::sign_in;
use crate::world::{Person, Plan, World};

async fn olga(world: &World) -> Reader {
    Reader::signs_in(world, world.acme.person("Olga")).await
}

/// The address of a page's form.
fn action(page: &str) -> String {
    let form = page.split("<main").nth(1).and_then(|main| main.split("<form").nth(1)).expect("a form");
    let action = form.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
    action.expect("its address").replace("&#38;", "&")
}

/// A link that is shown once, as a path.
fn link(world: &World, page: &str) -> String {
    let link = page.split("id=\"link\">").nth(1).and_then(|rest| rest.split('<').next());
    let link = link.unwrap_or_else(|| panic!("no link: {page}"));
    link.strip_prefix(&world.origin()).expect("a link of our own").to_owned()
}

/// The owner of the first tenant is an admin of the second too.
async fn in_both() -> (World, TenantId, TenantId) {
    let world = World::with(Plan { second: true, ..Plan::default() }.unlimited()).await;
    let (acme, other) = (world.acme.id, world.other.clone().expect("another tenant"));
    let theirs = Reader::signs_in(&world, other.person("Olga")).await;
    let invited = world.acme.person("Olga");
    let (status, page) = theirs.sends("/admin/people/invite", &[("email", &invited.email), ("role", "admin")]).await;
    assert_eq!(status, 200, "{page}");
    let reader = olga(&world).await;
    let (status, page) = reader.sends(&link(&world, &page), &[("password", &invited.password)]).await;
    assert!(status.is_success(), "{status}: {page}");
    (world, acme, other.id)
}

const SITES: &str = "select count(*) from site";
const SITE: [(&str, &str); 3] = [("name", "Second"), ("origins", "https://two.example"), ("color", "#0a7f5a")];

#[tokio::test]
async fn a_form_opened_for_one_tenant_is_not_saved_in_another() {
    let (world, acme, other) = in_both().await;
    let mut olga = olga(&world).await;
    olga.chooses(acme).await;
    let (_, page) = olga.opens("/admin/sites/new").await;
    let form = action(&page);
    olga.chooses(other).await;
    for (language, words) in [("en", "This form belongs to another tenant"), ("zh-CN", "此表单属于另一个租户")]
    {
        let (status, page) = olga.sends_in(language, &form, &SITE).await;
        assert_eq!(status, 409, "{page}");
        assert!(page.contains(words) && page.contains("acme") && page.contains("other"), "{page}");
        assert!(page.contains(&format!("name=\"tenant\" value=\"{acme}\"")), "the way back is missing: {page}");
    }
    // What says nothing, or nonsense, is not for whichever tenant happens to be chosen.
    for path in ["/admin/sites", "/admin/sites?tenant=nonsense", "/admin/sites?tenant="] {
        assert_eq!(olga.sends(path, &SITE).await.0, 409, "{path}");
    }
    assert_eq!(world.count(SITES).await, 2, "nothing was saved");
    olga.chooses(acme).await;
    let (status, page) = olga.sends(&form, &SITE).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("The site is ready."), "{page}");
    let pool = world.database().await;
    let owner: uuid::Uuid = crate::database::both!(&pool, it =>
        sqlx::query_scalar("select tenant_id from site where name = 'Second'").fetch_one(it).await)
    .expect("the site");
    pool.close().await;
    assert_eq!(owner, acme.0);
}

#[tokio::test]
async fn a_membership_that_ended_leaves_no_form_in_another_tenant() {
    let (world, acme, other) = in_both().await;
    let mut olga = olga(&world).await;
    olga.chooses(other).await;
    let (_, page) = olga.opens("/admin/sites/new").await;
    let theirs = action(&page);
    world.change("update agent set disabled_at = 1 where role = 'admin'").await;
    let (status, page) = olga.sends(&theirs, &SITE).await;
    assert_eq!(status, 409, "{page}");
    assert_eq!(olga.sends("/admin/sites", &SITE).await.0, 409, "of which tenant was the page?");
    assert_eq!(world.count(SITES).await, 2, "nothing was saved");
    // What is left is shown, and what is shown can be changed.
    let (status, page) = olga.opens("/admin/sites/new").await;
    assert_eq!(status, 200);
    assert!(page.contains(&format!("?tenant={acme}\"")), "{page}");
    assert_eq!(olga.sends(&action(&page), &SITE).await.0, 200);
    assert_eq!(world.count(SITES).await, 3);
}

#[tokio::test]
async fn own_texts_of_a_site_are_checked_before_anything_is_made() {
    let world = World::start().await;
    let olga = olga(&world).await;
    let (long, longest) = ("好".repeat(301), "好".repeat(300));
    let with = |text: &str, field: &str| {
        let mut form: Vec<(String, String)> =
            SITE.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        form.push((field.to_owned(), text.to_owned()));
        form
    };
    let send = async |path: &str, form: &[(String, String)]| {
        let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        olga.sends(path, &fields).await
    };
    let own = format!("/admin/sites/{}", world.site_id().await);
    for path in ["/admin/sites", own.as_str()] {
        for field in ["greeting_en", "welcome_zh", "offline_en"] {
            let (status, page) = send(path, &with(&long, field)).await;
            assert_eq!(status, 422, "{path} {field}: {page}");
            let error = format!("id=\"{field}-error\">Too long: at most 300 characters.");
            assert!(page.contains(&error) && page.contains(&long), "{path} {field}: {page}");
        }
    }
    assert_eq!(world.count(SITES).await, 1, "no site is half set up");
    let (status, page) = send("/admin/sites", &with(&longest, "greeting_en")).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("The site is ready.") && page.contains(&longest) && page.contains("#0a7f5a"), "{page}");
    let recorded = "select count(*) from audit where action like 'site.%'";
    assert_eq!(world.count(recorded).await, 2, "each site was made at once");
}

#[tokio::test]
async fn a_new_site_with_a_department_that_is_gone_is_not_made() {
    let world = World::start().await;
    let olga = olga(&world).await;
    let form = [&SITE[..], &[("department", "01997c00-0000-7000-8000-000000000071")]].concat();
    let (status, page) = olga.sends("/admin/sites", &form).await;
    assert_eq!(status, 422, "{page}");
    assert!(page.contains("value=\"Second\""), "{page}");
    assert_eq!(world.count(SITES).await, 1, "no site is half set up");
}

#[tokio::test]
async fn too_many_is_not_called_too_long() {
    let world = World::start().await;
    let olga = olga(&world).await;
    let origins = (0..51).map(|n| format!("https://s{n}.example")).collect::<Vec<_>>().join("\n");
    let (status, page) = olga.sends("/admin/sites", &[SITE[0], ("origins", &origins), SITE[2]]).await;
    assert_eq!(status, 422, "{page}");
    assert!(page.contains("At most 50.") && !page.contains("50 characters"), "{page}");
}

/// Somebody whom the command line makes a member.
async fn member(world: &World, name: &str, role: &str) -> Reader {
    let person = Person {
        name: name.to_owned(),
        email: format!("{}@acme.example", name.to_lowercase()),
        password: "a-long-password-of-an-admin".to_owned(),
    };
    let new = ["account", "create", "--name", name, "--email", &person.email, "--tenant", "acme", "--role", role];
    let (made, _, error) = world.feed(&new, &person.password);
    assert!(made, "{error}");
    let _ = sign_in(&world.url(), &world.origin(), &person.email, &person.password).await;
    Reader::signs_in(world, &person).await
}

#[tokio::test]
async fn an_admin_does_not_undo_the_invitation_of_an_owner() {
    let world = World::with(Plan::default().unlimited()).await;
    let (olga, adam) = (olga(&world).await, member(&world, "Adam", "admin").await);
    let boss = [("email", "boss@acme.example"), ("role", "owner")];
    let (_, page) = olga.sends("/admin/people/invite", &boss).await;
    let path = link(&world, &page);
    let (status, page) = adam.sends("/admin/people/invite/withdraw", &boss[..1]).await;
    assert_eq!(status, 403, "{page}");
    let (status, page) = adam.sends("/admin/people/invite", &[boss[0], ("role", "agent")]).await;
    assert_eq!(status, 422, "{page}");
    assert!(page.contains("Somebody above you has invited this person already."), "{page}");
    assert_eq!(olga.opens(&path).await.0, 200, "the owner's link is void");
    let (_, people) = adam.opens("/admin/people").await;
    assert!(people.contains("boss@acme.example") && !people.contains("/invite/withdraw"), "{people}");
    // Below owners an admin may.
    adam.sends("/admin/people/invite", &[("email", "new@acme.example"), ("role", "agent")]).await;
    assert_eq!(adam.sends("/admin/people/invite/withdraw", &[("email", "new@acme.example")]).await.0, 200);
    olga.sends("/admin/people/invite/withdraw", &boss[..1]).await;
    assert_ne!(olga.opens(&path).await.0, 200, "an owner may");
}

#[tokio::test]
async fn an_operator_invites_nobody_as_nothing() {
    let world = World::with(Plan { operator: true, ..Plan::default() }).await;
    let otto = Reader::signs_in(&world, world.operator.as_ref().expect("an operator")).await;
    let path = format!("/platform/tenants/{}/invite", world.acme.id);
    for role in ["", "emperor"] {
        let (status, page) = otto.sends(&path, &[("email", "new@acme.example"), ("role", role)]).await;
        assert_eq!(status, 422, "{role}: {page}");
        assert!(page.contains("id=\"role-error\""), "{role}: {page}");
    }
    assert_eq!(world.count("select count(*) from login_link").await, 0);
    assert_eq!(otto.sends(&path, &[("email", "new@acme.example"), ("role", "agent")]).await.0, 200);
}

#[tokio::test]
async fn the_audit_log_shows_what_was_taken_out() {
    let world = World::start().await;
    let olga = olga(&world).await;
    let own = format!("/admin/sites/{}", world.site_id().await);
    let with = [&SITE[..], &[("locale", "en")]].concat();
    assert_eq!(olga.sends(&own, &with).await.0, 200);
    assert_eq!(olga.sends(&own, &SITE).await.0, 200);
    let (_, page) = olga.opens("/admin/audit").await;
    assert!(page.contains("locale: en → –"), "{page}");
    let pool = world.database().await;
    let detail: String = crate::database::both!(&pool, it =>
        sqlx::query_scalar("select detail from audit where action = 'site.changed' order by at desc, id desc limit 1")
            .fetch_one(it).await)
    .expect("a record");
    pool.close().await;
    let detail: Value = serde_json::from_str(&detail).expect("JSON");
    assert_eq!(detail["after"]["config"].get("locale"), None, "what is not there is left out: {detail}");
}
