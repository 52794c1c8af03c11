//! What a site belongs to and offers, and the keys a shop signs with.

use serde_json::{Value, json};

use super::{Form, department_of, id, olga, shows, site_form, site_path, texts, with_sales};
use crate::world::{Plan, World};

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
