//! `frontdesk backup` and `frontdesk restore`: a copy taken beside a running server, a disk that is lost, and
//! clients that have seen more than what comes back (F37).

use std::path::Path;

use protocol::event::ResetReason;
use serde_json::Value;

use crate::checker::{acked, answer_of, check, stored};
use crate::people::{cmid, in_conversation, message};
use crate::uploads::{download, posting, uploaded};
use crate::wire::{BOTH, Over};
use crate::world::World;

/// A path as an argument.
fn shown(path: &Path) -> String {
    path.to_str().expect("a path").to_owned()
}

/// Takes a backup of a world into a file and gives what the command printed.
fn back_up(world: &World, name: &str) -> (String, Value) {
    let file = shown(&world.file(name));
    let (good, printed) = world.run(&["backup", "--to", &file, "--json"]);
    assert!(good, "{printed}");
    (file, serde_json::from_str(&printed).expect("JSON"))
}

#[tokio::test]
async fn f37_clients_that_saw_more_than_the_backup_start_over_and_lose_nothing_unsent() {
    for over in BOTH {
        let world = World::start().await;
        let (mut vera, mut ann, conversation) = in_conversation(&world, over).await;
        let kept = cmid();
        let ack = vera.must(message(Some(conversation), kept, "before the backup")).await;
        let kept = acked("vera", &[ack]);
        ann.sees(conversation, "before the backup").await;

        let (file, manifest) = back_up(&world, "backup.tar");
        let entries = stored(&world, conversation).await.len();
        assert_eq!(manifest["counts"]["entries"], entries);
        for number in 1..=3 {
            vera.says(&format!("after the backup {number}")).await;
        }
        ann.sees(conversation, "after the backup 3").await;
        vera.sees("after the backup 3").await;
        let ahead = vera.look(|view| view.cursors()).remove(0);
        assert!(ahead.seq > entries as u64);

        world.kill9();
        vera.vanish();
        ann.vanish();
        std::fs::remove_dir_all(world.data()).expect("the disk is lost");
        let (good, printed) = world.run(&["restore", &file]);
        assert!(good, "{printed}");
        world.serve().await;
        assert_eq!(stored(&world, conversation).await.len(), entries, "what the backup held");

        // The same send from the outbox, which was acknowledged before the backup, and one that never was.
        vera.connect(over).await;
        ann.connect(over).await;
        for client in [&*vera, &*ann] {
            client
                .until("a reset", |view| (view.resets.last()?.reason == ResetReason::EpochChanged).then_some(()))
                .await;
        }
        let again = vera.must(message(Some(conversation), kept.cmid, "before the backup")).await;
        assert_eq!(vec![answer_of(&again)], kept.answers, "the same answer as before the backup");
        let unsent = cmid();
        let first = vera.must(message(Some(conversation), unsent, "from the outbox")).await;
        let second = vera.must(message(Some(conversation), unsent, "from the outbox")).await;
        assert_eq!(first.seq, second.seq);
        ann.opens(conversation).await;
        ann.sees(conversation, "from the outbox").await;
        vera.sees("from the outbox").await;
        let texts = vera.look(|view| view.texts(conversation));
        assert!(!texts.iter().any(|text| text.starts_with("after the backup")), "{texts:?}");
        let sent = [kept, acked("vera", &[first, second])];
        check(&world, conversation, &sent, &[&vera, &ann]).await;
    }
}

#[tokio::test]
async fn a_restore_brings_files_and_keys_back_and_keeps_what_it_replaces() {
    let world = World::start().await;
    let (mut vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let content = b"tea, black, 100 g\n".to_vec();
    let attachment = uploaded(&vera, conversation, ("list.txt", "text/plain"), content.clone()).await;
    vera.must(posting(conversation, attachment)).await;
    let (file, manifest) = back_up(&world, "first.tar");
    assert_eq!(manifest["files"], 1);
    vera.says("only in the replaced one").await;
    let entries = stored(&world, conversation).await.len();

    let (good, printed) = world.run(&["restore", &file, "--replace"]);
    assert!(!good && printed.contains("another server is running"), "{printed}");
    world.kill9();
    let (good, printed) = world.run(&["restore", &file]);
    assert!(!good && printed.contains("--replace"), "{printed}");
    assert_eq!(stored(&world, conversation).await.len(), entries, "a refused restore changes nothing");
    std::fs::remove_dir_all(world.data().join("files")).expect("the files are lost");
    let (good, printed) = world.run(&["restore", &file, "--replace", "--json"]);
    assert!(good, "{printed}");
    let printed: Value = serde_json::from_str(&printed).expect("JSON");
    let replaced = Path::new(printed["replaced"].as_str().expect("a folder")).join("frontdesk.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(replaced).read_only(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.expect("the replaced database opens");
    let held: i64 = sqlx::query_scalar("select count(*) from entry").fetch_one(&pool).await.expect("a number");
    pool.close().await;
    assert_eq!(held, entries as i64);

    world.serve().await;
    assert_eq!(stored(&world, conversation).await.len(), entries - 1);
    // The visitor's token was signed with the keys of the backup, and still opens the door.
    vera.vanish();
    vera.connect(Over::Socket).await;
    vera.sees("hello?").await;
    let downloaded = download(&vera, attachment).await;
    assert_eq!(downloaded.status(), 200);
    assert_eq!(downloaded.bytes().await.expect("a body"), content);
}

#[tokio::test]
async fn what_is_not_a_whole_backup_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let (_vera, _ann, conversation) = in_conversation(&world, Over::Socket).await;
    let (file, _) = back_up(&world, "good.tar");
    let entries = stored(&world, conversation).await.len();
    let (good, printed) = world.run(&["backup", "--to", &file]);
    assert!(!good && printed.contains("exists"), "{printed}");
    world.kill9();
    let whole = std::fs::read(&file).expect("the backup");
    let place = whole.windows(6).rposition(|bytes| bytes == b"hello?").expect("the message is in it");
    let mut altered = whole.clone();
    altered[place] = b'j';
    let damaged: [(&str, Vec<u8>, &str); 5] = [
        ("cut.tar", whole[..whole.len() / 2].to_vec(), "cut off"),
        ("altered.tar", altered, "was changed"),
        ("empty.tar", Vec::new(), "is empty"),
        ("text.tar", b"not a backup at all".repeat(100), "not a backup"),
        ("newer.tar", newer(&whole), "layout"),
    ];
    for (name, bytes, why) in damaged {
        let path = world.file(name);
        std::fs::write(&path, bytes).expect("a file");
        let (good, printed) = world.run(&["restore", &shown(&path), "--replace"]);
        assert!(!good && printed.contains(why), "{name}: {printed}");
        assert_eq!(stored(&world, conversation).await.len(), entries, "{name}");
    }
    let (good, printed) = world.run(&["restore", &shown(&world.file("nowhere.tar"))]);
    assert!(!good, "{printed}");
    world.serve().await;
}

/// The same backup as a later version might write it. The digits keep the length of the member.
fn newer(whole: &[u8]) -> Vec<u8> {
    let text = b"\"format\": 1";
    let place = whole.windows(text.len()).position(|bytes| bytes == text).expect("a format");
    let mut changed = whole.to_vec();
    changed[place + text.len() - 1] = b'9';
    changed
}

#[tokio::test]
async fn a_second_server_on_the_same_database_is_refused() {
    let world = World::start().await;
    let (good, printed) = world.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(!good && printed.contains("another server is running on the database"), "{printed}");
}

#[tokio::test]
async fn a_history_put_back_by_other_means_gets_a_new_name() {
    let world = World::start().await;
    let (mut vera, _ann, _) = in_conversation(&world, Over::Socket).await;
    world.kill9();
    vera.vanish();
    let (good, printed) = world.run(&["restore", "--renew-history"]);
    assert!(good, "{printed}");
    world.serve().await;
    vera.connect(Over::Socket).await;
    vera.until("a reset", |view| (view.resets.last()?.reason == ResetReason::EpochChanged).then_some(())).await;
    vera.sees("hello?").await;
}
