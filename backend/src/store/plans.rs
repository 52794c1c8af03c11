//! What every round of the dispatcher reads costs as much as what is open, not as much as what ever was.

use sqlx::{AssertSqlSafe, Row};

use super::{Conn, EveryTenant, Store, conversation, offer, routing_decision, standing};

#[tokio::test]
async fn a_round_reads_what_is_open_and_nothing_else() {
    let folder = std::env::temp_dir().join(format!("frontdesk-plans-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    let store = Store::open_sqlite(&folder.join("frontdesk.db")).await.unwrap();
    let texts = [
        conversation::QUEUE,
        conversation::ACTIVE,
        standing::QUEUE,
        standing::LENGTHS,
        standing::OFFERED,
        standing::HELD,
        offer::REJECTIONS,
        routing_decision::EXPLAINED,
    ];
    let Conn::Sqlite(mut conn) = store.read(EveryTenant).await.unwrap() else { panic!("not SQLite") };
    for text in texts {
        let explain = sqlx::query(AssertSqlSafe(format!("explain query plan {text}"))).bind("tenant");
        let steps: Vec<String> =
            explain.fetch_all(&mut *conn).await.unwrap().iter().map(|row| row.get("detail")).collect();
        // Open conversations first, and whatever belongs to them by their key.
        assert!(steps[0].contains("conversation_state (tenant_id=? AND state=?)"), "{text}: {steps:?}");
        let looks = |step: &&String| step.starts_with("SCAN") || step.starts_with("SEARCH");
        let found = |step: &String| step.contains("state=?") || step.contains("conversation_id=?");
        assert!(steps.iter().filter(looks).all(found), "{text}: {steps:?}");
    }
    drop(conn);
    store.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
}
