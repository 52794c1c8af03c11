//! RFC 6455 and 3629, case by case, by a client that writes its own bytes. Numbers are those of the Autobahn test
//! suite, whose vectors these are. Where that suite wants an echo, the product gives its own sign that exactly one
//! whole text arrived: a text that is no command is refused with id 0, once for each message. What the protocol does
//! not want (binary frames, messages over 64 KiB) has to be refused with its code.

/// What is sent, and what has to come of it.
mod case;
/// Groups 1 to 5: lengths, pings, reserved bits and opcodes, fragments.
mod framing;
/// Group 6: text that is UTF-8, and text that is not.
mod utf8;
/// Group 7: the end of a connection.
mod closing;
/// Groups 9 and 10, with our limit: long messages, many messages.
mod limits;
/// Heads of frames that will never come (F23).
mod announced;
/// Frames of somebody who means harm (F23).
mod hostile;
/// A client of bytes.
mod raw;

use futures_util::future::join_all;

use case::Case;
use raw::Raw;

use crate::world::{Plan, World};

/// Cases that run at the same time.
const AT_ONCE: usize = 16;

#[tokio::test]
async fn every_case_ends_as_it_should() {
    let world = World::with(Plan::default().unlimited()).await;
    let vera = world.visitor().await;
    let groups =
        [framing::cases(), utf8::cases(), closing::cases(), limits::cases(), announced::cases(), hostile::cases()];
    let (mut failures, mut count) = (Vec::new(), 0);
    let cases: Vec<Case> = groups.into_iter().flatten().collect();
    for some in cases.chunks(AT_ONCE) {
        let runs = some.iter().map(|case| run(&world, &vera.reply.token, case));
        for (case, outcome) in some.iter().zip(join_all(runs).await) {
            count += 1;
            if let Err(why) = outcome {
                failures.push(format!("{}: {why}", case.id));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(world.count("select count(*) from entry").await, 0, "a case has written something");
}

async fn run(world: &World, token: &str, case: &Case) -> Result<(), String> {
    let mut raw = Raw::greeted(world, token).await;
    for part in &case.parts {
        // A server that has seen enough may hang up before everything is written.
        if raw.write(part).await.is_err() {
            break;
        }
    }
    let outcome = raw.read_to_the_end(case.end.is_open()).await;
    case.judge(&outcome.ok_or("the connection did not end")?)
}
