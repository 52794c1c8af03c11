//! `frontdesk tenant export` and `frontdesk tenant import`: a tenant goes from one installation to another of either
//! kind and back, and nothing that is not a whole and honest file gets in.

use std::io::{Read, Write};
use std::process::Stdio;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::checker::stored;
use crate::migrate::transcript;
use crate::people::{Agent, in_conversation, sign_in_attempt};
use crate::uploads::{download, posting, uploaded};
use crate::wire::Over;
use crate::world::{Person, Plan, World};

/// A file as its members: name and content.
type Members = Vec<(String, Vec<u8>)>;

fn plan(on_postgres: bool) -> Plan {
    Plan { on_postgres, on_sqlite: !on_postgres, ..Plan::default() }.unlimited()
}

/// An installation of another merchant.
fn elsewhere(on_postgres: bool) -> World {
    World::prepare(Plan { slug: "host", agents: vec![], ..plan(on_postgres) })
}

/// Chooses a password by a link from the command line.
async fn chooses_password(world: &World, person: &Person) {
    let (good, link) = world.run(&["account", "reset-link", "--email", &person.email]);
    assert!(good, "{link}");
    let token = link.trim().rsplit_once('/').expect("a link").1;
    let body = url::form_urlencoded::Serializer::new(String::new()).append_pair("password", &person.password).finish();
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let answer = browser
        .post(format!("{}/setup/{token}", world.url()))
        .header("origin", world.origin())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 303);
}

fn export(world: &World, slug: &str, name: &str) -> (String, Value) {
    let file = world.file(name).to_str().expect("a path").to_owned();
    let (good, printed) = world.run(&["tenant", "export", slug, "--out", &file, "--json"]);
    assert!(good, "{printed}");
    (file, serde_json::from_str(&printed).expect("JSON"))
}

fn import(world: &World, file: &str, more: &[&str]) -> (bool, String) {
    world.run(&[&["tenant", "import", file], more].concat())
}

fn read(file: &str) -> Members {
    let mut archive = tar::Archive::new(std::fs::File::open(file).expect("the file"));
    let entries = archive.entries().expect("members");
    let members = entries.map(|entry| {
        let mut entry = entry.expect("a member");
        let name = entry.path().expect("a name").display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("its content");
        (name, content)
    });
    members.collect()
}

fn write(file: &str, members: &Members) {
    let mut tar = tar::Builder::new(std::fs::File::create(file).expect("a file"));
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        // By hand: the library refuses names that lead out of a folder.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, content.as_slice()).expect("a member");
    }
    tar.finish().expect("the end");
}

/// The content of a member.
fn member<'a>(members: &'a mut Members, name: &str) -> &'a mut Vec<u8> {
    let found = members.iter_mut().find(|(known, _)| known == name);
    &mut found.unwrap_or_else(|| panic!("no {name}")).1
}

/// Writes lengths and hashes anew, as somebody would who forges a file.
fn seal(members: &mut Members) {
    let mut manifest: Value = serde_json::from_slice(&members[0].1).expect("a manifest");
    for (number, (_, content)) in members.iter().enumerate().skip(1) {
        let stated = &mut manifest["members"][number - 1];
        stated["bytes"] = content.len().into();
        if stated["rows"].is_u64() {
            stated["rows"] = content.iter().filter(|byte| **byte == b'\n').count().into();
        }
        let hash: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        stated["sha256"] = hash.into();
    }
    members[0].1 = serde_json::to_vec(&manifest).expect("JSON");
}

/// Changes a text in a member and makes lengths and hashes fit again.
fn forged(members: &Members, name: &str, change: impl Fn(String) -> String) -> Members {
    let mut members = members.clone();
    let content = member(&mut members, name);
    *content = change(String::from_utf8(content.clone()).expect("text")).into_bytes();
    if name != "manifest.json" {
        seal(&mut members);
    }
    members
}

#[tokio::test]
async fn a_tenant_goes_to_the_other_kind_of_installation_and_back() {
    for to_postgres in [true, false] {
        let world = World::with(plan(!to_postgres)).await;
        let (vera, ann, conversation) = in_conversation(&world, Over::Socket).await;
        let content: Vec<u8> = (0..100_000u32).flat_map(|number| format!("{number}\n").into_bytes()).collect();
        let list = uploaded(&vera, conversation, ("list.txt", "text/plain"), content.clone()).await;
        vera.must(posting(conversation, list)).await;
        let same = uploaded(&ann, conversation, ("again.txt", "text/plain"), content.clone()).await;
        ann.must(posting(conversation, same)).await;
        ann.notes(conversation, "for agents only").await;
        vera.says("grüße, 你好 \u{1f375}").await;
        ann.sees(conversation, "grüße, 你好 \u{1f375}").await;
        let before = transcript(&world, conversation).await;
        let entries = stored(&world, conversation).await;
        // Beside the running server.
        let (file, manifest) = export(&world, "acme", "acme.tenant");
        assert_eq!(manifest["slug"], "acme");
        let whole = std::fs::read(&file).expect("the file");
        let holds = |text: &str| whole.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        assert!(holds("ann@acme.example") && !holds("$argon2") && !holds("password_hash"), "no secret is in it");

        let mut there = elsewhere(to_postgres);
        let (good, printed) = import(&there, &file, &["--json"]);
        assert!(good, "{printed}");
        let imported: Value = serde_json::from_str(&printed).expect("JSON");
        assert_eq!((&imported["conversations"], &imported["files"]), (&1.into(), &1.into()), "a content is there once");
        assert_eq!(imported["linked"], Value::Array(vec![]));
        let (good, printed) = import(&there, &file, &[]);
        assert!(!good && printed.contains("here already"), "{printed}");
        assert_eq!(stored(&there, conversation).await, entries);

        // Nobody can sign in before a password was chosen by the link.
        there.serve().await;
        let ann = world.acme.person("Ann").clone();
        let refused = sign_in_attempt(&there.url(), &there.origin(), &ann.email, &ann.password).await;
        assert!(!refused.status().is_success(), "{}", refused.status());
        there.acme = world.acme.clone();
        for person in there.acme.people.clone() {
            chooses_password(&there, &person).await;
        }
        assert_eq!(transcript(&there, conversation).await, before, "the same, byte for byte");
        let olga = Agent::signs_in(&there.url(), &there.origin(), &there.acme, "Olga").await;
        for file in [list, same] {
            let downloaded = download(&olga, file).await;
            assert_eq!(downloaded.status(), 200);
            assert_eq!(downloaded.bytes().await.expect("a body"), content);
        }
        // Exported again from there, every row is the same but those that the moves themselves wrote.
        let (again, _) = export(&there, "acme", "again.tenant");
        let (mut first, mut second) = (read(&file), read(&again));
        for skipped in ["manifest.json", "tables/audit.jsonl"] {
            first.retain(|(name, _)| name != skipped);
            second.retain(|(name, _)| name != skipped);
        }
        assert_eq!(first.len(), second.len());
        for ((name, one), (_, other)) in first.iter().zip(&second) {
            assert!(one == other, "{name}: {}\n{}", String::from_utf8_lossy(one), String::from_utf8_lossy(other));
        }
    }
}

/// A file with everything a tenant may have, and the world it is from, which does not run any more.
async fn furnished() -> (World, String) {
    let world = World::with(plan(false)).await;
    let (vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let list = uploaded(&vera, conversation, ("list.txt", "text/plain"), b"1 kg of tea".to_vec()).await;
    vera.must(posting(conversation, list)).await;
    let (file, _) = export(&world, "acme", "acme.tenant");
    world.kill9();
    (world, file)
}

const COUNTS: &str = "select (select count(*) from tenant) + (select count(*) from account) * 1000 \
     + (select count(*) from entry) * 1000000 + (select count(*) from attachment_part) * 1000000000";

/// What is done to a file, the file, and what is said about it.
type Case = (&'static str, Members, &'static str);

/// Changes the first `from` in a member.
fn line(members: &Members, name: &str, from: &str, to: &str) -> Members {
    forged(members, name, |text| text.replacen(from, to, 1))
}

/// Gives a member another name, in the manifest too.
fn renamed(members: &Members, from: &str, to: &str) -> Members {
    let mut changed = forged(members, "manifest.json", |text| text.replace(from, to));
    let place = changed.iter().position(|(name, _)| name == from).expect("the member");
    changed[place].0 = to.to_owned();
    changed
}

/// Files that are not whole, not ours, or hold what no file has.
fn not_whole(members: &Members) -> Vec<Case> {
    let content = members.iter().map(|(name, _)| name).find(|name| name.starts_with("files/")).expect("a content");
    let mut way_out = members.clone();
    way_out[1].0 = "../../etc/passwd".to_owned();
    let mut changed = members.clone();
    member(&mut changed, content)[0] ^= 1;
    let mut another_row = members.clone();
    let place = member(&mut another_row, "tables/entry.jsonl");
    *place = String::from_utf8(place.clone()).expect("text").replace("hello?", "jello?").into_bytes();
    let manifest = |change: &dyn Fn(String) -> String| forged(members, "manifest.json", change);
    let more = [members.clone(), vec![("more".to_owned(), b"x".to_vec())]].concat();
    vec![
        ("a lost end", members[..members.len() - 1].to_vec(), "cut off"),
        ("only a manifest", members[..1].to_vec(), "cut off"),
        ("no manifest", members[1..].to_vec(), "no manifest"),
        ("a backup", manifest(&|text| text.replace("frontdesk-tenant", "other")), "something else"),
        ("a later layout", line(members, "manifest.json", "\"format\": 1", "\"format\": 2"), "layout 2"),
        ("a newer build", manifest(&|text| text.replace("\"schema\": ", "\"schema\": 9")), "newer"),
        ("a changed content", changed, "was changed"),
        ("another row", another_row, "was changed"),
        ("a way out", way_out, "../../etc/passwd"),
        ("a stated way out", renamed(members, "tables/tenant.jsonl", "../tenant.jsonl"), "../tenant.jsonl"),
        ("an absolute path", renamed(members, content, "/etc/passwd"), "/etc/passwd"),
        ("secrets", renamed(members, "tables/offer.jsonl", "tables/second_factor.jsonl"), "second_factor"),
        ("two the same", renamed(members, "tables/offer.jsonl", "tables/site.jsonl"), "tables/site.jsonl"),
        ("more than stated", more, "\"more\""),
    ]
}

/// Files whose rows say what they must not.
fn not_honest(members: &Members, id: &str) -> Vec<Case> {
    let other = "018f0000-0000-7000-8000-000000000001";
    let (tenant, site, account) = ("tables/tenant.jsonl", "tables/site.jsonl", "tables/account.jsonl");
    let foreign = |name: &str| forged(members, name, |text| text.replace(id, other));
    let long = format!("{{\"id\":\"{}\"}}\n", "x".repeat(1024 * 1024));
    let number = line(members, "tables/visitor.jsonl", "\"token_version\":", "\"token_version\":\"1\",\"x\":");
    vec![
        ("somebody else's row", foreign("tables/visitor.jsonl"), "another tenant"),
        ("somebody else's tenant", foreign(tenant), "another tenant"),
        ("two tenants", forged(members, tenant, |text| text.repeat(2)), "it has 2 tenants"),
        ("a login of nobody", forged(members, account, |text| stranger(&text) + &text), "nobody who is a member"),
        ("a password", line(members, account, "{", "{\"password_hash\":\"x\","), "password_hash"),
        ("an operator", line(members, account, "{", "{\"is_operator\":true,"), "is_operator"),
        ("a member without login", line(members, account, "\"id\":\"0", "\"id\":\"1"), "no login"),
        ("a strange column", line(members, site, "{", "{\"evil\":1,"), "evil"),
        ("no JSON", line(members, site, "{", "["), "no object of JSON"),
        ("a missing column", line(members, site, "\"name\"", "\"browser\""), "browser"),
        ("a text and a strange column", number, "unknown column \"x\""),
        (
            "a null",
            line(members, site, "\"created_at\":", "\"created_at\":null,\"created_at\":null,\"disabled_at\":"),
            "created_at",
        ),
        ("an endless line", forged(members, site, |text| long.clone() + &text), "larger than 1048576"),
    ]
}

/// Somebody more.
fn stranger(accounts: &str) -> String {
    let first = accounts.split_inclusive('\n').next().expect("a login");
    first.replace("\"id\":\"0", "\"id\":\"1").replace("@acme.example", "@nowhere.example")
}

/// Files that only the database, or the product when it reads them back, can refuse.
fn not_sound(members: &Members, key: &str) -> Vec<Case> {
    let (site, entries) = ("tables/site.jsonl", "tables/entry.jsonl");
    let unknown = line(members, "tables/conversation.jsonl", "\"active\"", "\"actives\"");
    let nowhere = forged(members, site, |text| text.replacen("\"department_id\":\"0", "\"department_id\":\"1", 1));
    let astray = |text: String| {
        let last = text.lines().last().expect("an entry").replace("\"conversation_id\":\"0", "\"conversation_id\":\"1");
        format!("{text}{last}\n")
    };
    vec![
        ("an entry of no conversation", forged(members, entries, astray), "do not fit"),
        (
            "a site that embeds anywhere",
            line(members, site, "http://shop.example", "http://*; script-src *"),
            "origins",
        ),
        ("a key that is code", forged(members, site, |text| text.replace(key, "../../x")), "site key"),
        ("a site without department", nowhere, "do not fit"),
        ("an unknown state", unknown, "do not fit"),
        ("a changed entry", line(members, entries, "hello?", "jello?"), "was changed"),
        ("a lost entry", forged(members, entries, |text| text.split_inclusive('\n').skip(1).collect()), "is missing"),
    ]
}

/// A file with a name so long that it needs a member of its own.
fn stretched(members: &Members) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in [("manifest.json", members[0].1.as_slice()), (&"x".repeat(300), b"x")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.append_data(&mut header, name, content).expect("a member");
    }
    tar.into_inner().expect("the end")
}

fn refuses(world: &World, cases: &[Case]) {
    let path = world.file("case.tenant").to_str().expect("a path").to_owned();
    for (what, members, why) in cases {
        write(&path, members);
        let (good, printed) = import(world, &path, &[]);
        assert!(!good && printed.contains(why), "{what}: expected {why:?}: {printed}");
        assert!(!printed.contains("panicked"), "{what}: {printed}");
    }
}

#[tokio::test]
async fn what_is_no_whole_and_honest_file_is_refused_and_changes_nothing() {
    let (world, file) = furnished().await;
    let members = read(&file);
    let id = world.acme.id.to_string();
    for there in [elsewhere(false), elsewhere(true)] {
        let before = there.count(COUNTS).await;
        if !there.is_on_postgres() {
            // Refused before the database is asked.
            refuses(&there, &not_whole(&members));
            refuses(&there, &not_honest(&members, &id));
            let whole = std::fs::read(&file).expect("the file");
            let path = there.file("case.tenant").to_str().expect("a path").to_owned();
            let long = stretched(&members);
            for bytes in [&whole[..whole.len() / 2], b"not a tar at all, only a text".as_slice(), b"", &long] {
                std::fs::write(&path, bytes).expect("a file");
                let (good, printed) = import(&there, &path, &[]);
                assert!(!good && printed.contains("was not taken in"), "{printed}");
            }
            assert!(!import(&there, "/nowhere/acme.tenant", &[]).0);
        }
        refuses(&there, &not_sound(&members, &world.acme.site));
        assert_eq!(there.count(COUNTS).await, before, "nothing was changed");
        let names = std::fs::read_dir(there.data()).expect("the data folder").flatten().map(|entry| entry.file_name());
        let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with("importing")).collect();
        assert!(left.is_empty(), "{left:?}");
        assert!(!there.data().join("files").join(&id).exists(), "no content of it is left");
        // The honest file gets in afterwards.
        let (good, printed) = import(&there, &file, &[]);
        assert!(good, "{printed}");
    }
}

#[tokio::test]
async fn names_that_are_taken_and_people_who_are_known_are_refused() {
    let (world, file) = furnished().await;
    let there = elsewhere(true);
    let (ann, olga) = (world.acme.person("Ann").clone(), world.acme.person("Olga").clone());
    // Somebody here has Ann's address, another password, and is not in any tenant.
    let (good, printed) = there.run(&["tenant", "create", "acme"]);
    assert!(good, "{printed}");
    let (good, printed) = import(&there, &file, &[]);
    assert!(!good && printed.contains("short name \"acme\" is taken"), "{printed}");

    let there = elsewhere(true);
    let mut child = there
        .command()
        .args(["account", "create", "--name", "Ann", "--email", &ann.email, "--operator"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("frontdesk runs");
    child.stdin.take().expect("its input").write_all(b"another password\n").expect("a password");
    assert!(child.wait().expect("its end").success());
    let hash = "select count(*) from account where password_hash is not null";
    let before = there.count(hash).await;
    let (good, printed) = import(&there, &file, &[]);
    assert!(!good && printed.contains(&ann.email) && printed.contains("--link"), "{printed}");
    assert!(!printed.contains(&olga.email), "{printed}");
    assert_eq!(there.count("select count(*) from tenant").await, 1);
    let (good, printed) = import(&there, &file, &["--link", &ann.email, "--json"]);
    assert!(good, "{printed}");
    let imported: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(imported["linked"], serde_json::json!([ann.email]));
    assert_eq!(there.count(hash).await, before, "the login here keeps its password, the new ones have none");
    let one = "select count(*) from account where email = 'ann@acme.example'";
    assert_eq!(there.count(one).await, 1);

    // Another tenant here has the key of its site.
    let third = elsewhere(false);
    let members = read(&file);
    let taken = forged(&members, "tables/site.jsonl", |text| text.replace(&world.acme.site, &third.acme.site));
    let path = third.file("taken.tenant").to_str().expect("a path").to_owned();
    write(&path, &taken);
    let (good, printed) = import(&third, &path, &[]);
    assert!(!good && printed.contains(&third.acme.site) && printed.contains("taken"), "{printed}");
    let (good, printed) = third.run(&["tenant", "export", "nobody", "--out", &path]);
    assert!(!good && printed.contains("no tenant"), "{printed}");
    let (good, printed) = third.run(&["tenant", "export", "host", "--out", &path]);
    assert!(!good && printed.contains("exists"), "{printed}");
}
