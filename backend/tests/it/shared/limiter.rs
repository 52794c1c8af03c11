//! The contract of limits, for both implementations, and what only several nodes have.

use std::sync::Arc;

use frontdesk::auth::limiter::local::LocalBuckets;
use frontdesk::auth::limiter::redis::RedisBuckets;
use frontdesk::auth::limiter::{Buckets, Rule};
use uuid::Uuid;

use super::{installation, open, until};
use crate::redis_server::RedisServer;

/// How many of 40 are allowed, by turns at both.
async fn allowed(one: &dyn Buckets, two: &dyn Buckets, rule: Rule, key: &str) -> usize {
    let mut allowed = 0;
    for number in 0..40 {
        let at = if number % 2 == 0 { one } else { two };
        allowed += usize::from(at.take(rule, key, 0).await.is_ok());
    }
    allowed
}

/// What everybody may rely on who asks at `one` and `two`, which count together.
async fn contract(one: &dyn Buckets, two: &dyn Buckets) {
    let key = Uuid::new_v4().to_string();
    assert_eq!(allowed(one, two, Rule::SignInAccount, &key).await, 10);
    let refusal = two.take(Rule::SignInAccount, &key, 0).await.expect_err("one too many");
    let wait = refusal.retry_after_ms.expect("a time");
    assert!((50_000..=60_000).contains(&wait), "one a minute: {wait}");
    assert!(two.take(Rule::SignInAccount, "somebody else", 0).await.is_ok());
    assert!(one.take(Rule::SignInIp, &key, 0).await.is_ok(), "another rule");
    assert_eq!(allowed(one, two, Rule::SecondFactor, &key).await, 5);
}

#[tokio::test]
async fn inside_one_process() {
    let buckets = LocalBuckets::default();
    contract(&buckets, &buckets).await;
}

#[tokio::test]
async fn over_redis() {
    let (server, name) = (RedisServer::start(), installation());
    let one = RedisBuckets::new(open(&server, &name).await);
    contract(&one, &one).await;
}

#[tokio::test]
async fn two_nodes_count_together_and_alone_by_half_while_redis_is_away() {
    let (server, name) = (RedisServer::start(), installation());
    let (first, second) = (open(&server, &name).await, open(&server, &name).await);
    let (one, two) = (RedisBuckets::new(Arc::clone(&first)), RedisBuckets::new(Arc::clone(&second)));
    contract(&one, &two).await;
    let keys = server.cli(&["KEYS", "*"]);
    assert!(keys.contains("limit:SignInAccount:") && !keys.contains("somebody"), "{keys}");
    server.freeze();
    assert_eq!(allowed(&one, &two, Rule::SignInAccount, "ann@shop.example").await, 10, "five each");
    until("it is noticed", || !first.is_up() && !second.is_up()).await;
    assert_eq!(allowed(&one, &two, Rule::SignInAccount, "ben@shop.example").await, 10, "five each");
    assert_eq!(allowed(&one, &two, Rule::NewConversation, "vera").await, 12, "six each");
    server.thaw();
    until("it is back", || first.is_up() && second.is_up()).await;
    assert_eq!(allowed(&one, &two, Rule::SignInAccount, "cem@shop.example").await, 10);
}
