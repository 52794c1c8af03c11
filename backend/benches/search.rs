//! How long full-text search takes among many messages, and how fast the index is filled.
//!
//! `cargo bench -p frontdesk --bench search -- [MESSAGES] [QUERIES OF EACH SHAPE]`; 200,000 and 50 by default. On
//! PostgreSQL with `DATABASE_URL=postgres://...` of an empty database. Texts are made up: words of 40,000, the most
//! frequent as frequent as in real texts (Zipf), one message of five Chinese, one of ten with an order number; ten
//! messages a conversation, over two years. A query is the whole action behind the page of transcripts: 50
//! conversations with the parts of their messages that are shown.

/// Where the data is.
mod place;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use domain::search::Query;
use frontdesk::actions::actor::Actor;
use frontdesk::actions::create_account::{NewAccount, create_account};
use frontdesk::actions::create_site::{NewSite, create_site};
use frontdesk::actions::create_tenant::{NewTenant, create_tenant};
use frontdesk::actions::find_transcripts::find_transcripts;
use frontdesk::actions::index_conversations::{index, missing, note_progress};
use frontdesk::app::App;
use frontdesk::auth::AgentIdentity;
use frontdesk::error::AppResult;
use frontdesk::server::open_app;
use frontdesk::store::Conn;
use frontdesk::store::conversation::{self, Conversation};
use frontdesk::store::entry::{self, Entry};
use frontdesk::store::site::Site;
use frontdesk::store::transcript::Filter;
use frontdesk::store::visitor::{self, Visitor};
use protocol::entry::{AuthorKind, EntryBody, Text};
use protocol::ids::{AgentId, Cmid, ConversationId, TenantId, VisitorId};
use protocol::state::{ConversationState, Role};
use uuid::Uuid;

/// Messages of a conversation.
const EACH: u64 = 10;
/// Words there are.
const WORDS: usize = 40_000;
/// Chinese words there are.
const PAIRS: usize = 20_000;
/// Conversations in one write.
const TOGETHER: u64 = 500;
/// From the first conversation to the last, in milliseconds.
const SPAN_MS: u64 = 2 * 365 * 86_400_000;
/// One conversation of so many is held by the one agent.
const HELD: u64 = 100;

fn main() -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(run())
}

#[expect(clippy::print_stdout, reason = "the result")]
async fn run() -> anyhow::Result<()> {
    let numbers: Vec<u64> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let number = |at: usize, default: u64| numbers.get(at).copied().unwrap_or(default);
    let (messages, queries) = (number(0, 200_000), number(1, 50));
    let folder = std::env::temp_dir().join(format!("frontdesk-search-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder)?;
    let app = open_app(place::config(&folder)?).await?;
    let texts = Arc::new(Texts::new());
    let shop = furnish(&app).await?;
    let conversations = messages / EACH;

    let began = Instant::now();
    fill(&app, &shop, &texts, conversations).await?;
    println!("{messages} messages in {conversations} conversations stored in {:.0} s", began.elapsed().as_secs_f64());
    let before = size(&folder);
    let began = Instant::now();
    read_in(&app, &shop).await?;
    let took = began.elapsed().as_secs_f64();
    println!("read into the index in {took:.0} s: {:.0} messages/s", messages as f64 / took);
    if let (Some(before), Some(after)) = (before, size(&folder)) {
        let (before, after) = (before as f64 / 1e6, after as f64 / 1e6);
        println!("database file: {before:.0} MB without the index, {after:.0} MB with it");
    }
    println!("{:44} {:>9} {:>9} {:>9} {:>6}", "shape", "p50 ms", "p95 ms", "longest", "found");
    let mut all = Vec::new();
    for (name, make) in SHAPES {
        let mut waits = Vec::new();
        let mut found = 0;
        for turn in 0..queries {
            let mut chance = Chance::new(turn * 1_000 + 7);
            let (words, filter) = make(&texts, &shop, &mut chance, conversations);
            let query = Query::parse(&words).with_context(|| format!("a query: {words}"))?;
            let began = Instant::now();
            let results = find_transcripts(&app, &shop.supervisor, &filter, &query, (None, 50)).await?;
            waits.push(began.elapsed());
            found += results.hits.len();
        }
        let mean = found as f64 / queries as f64;
        let [p50, p95, longest] = percentiles(&mut waits);
        println!("{name:44} {p50:>9.2} {p95:>9.2} {longest:>9.2} {mean:>6.1}");
        all.extend(waits);
    }
    let [p50, p95, longest] = percentiles(&mut all);
    println!("{:44} {p50:>9.2} {p95:>9.2} {longest:>9.2}", "all");
    app.store.close().await;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Bytes of the database, when it is a file.
fn size(folder: &Path) -> Option<u64> {
    let file = |name: &str| std::fs::metadata(folder.join(name)).map(|file| file.len()).ok();
    Some(file("frontdesk.db")? + file("frontdesk.db-wal").unwrap_or(0))
}

fn percentiles(waits: &mut [Duration]) -> [f64; 3] {
    waits.sort_unstable();
    [0.5, 0.95, 1.0].map(|share| {
        let index = (waits.len() as f64 * share) as usize;
        waits.get(index.min(waits.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64() * 1000.0
    })
}

/// A query and what narrows it.
type Shape = fn(&Texts, &Shop, &mut Chance, u64) -> (String, Filter);

const SHAPES: [(&str, Shape); 15] = [
    ("a rare word", |texts, _, chance, _| (texts.word(chance.among(20_000, WORDS)), Filter::default())),
    ("a word", |texts, _, chance, _| (texts.word(chance.among(500, 5_000)), Filter::default())),
    ("one of the 20 most frequent words", |texts, _, chance, _| (texts.word(chance.among(0, 20)), Filter::default())),
    ("two frequent words", |texts, _, chance, _| (texts.words(chance, &[(0, 20), (0, 20)]), Filter::default())),
    ("three words", |texts, _, chance, _| (texts.words(chance, &[(50, 2_000); 3]), Filter::default())),
    ("a frequent and a rare word", |texts, _, chance, _| {
        (texts.words(chance, &[(0, 20), (20_000, WORDS)]), Filter::default())
    }),
    ("the first three letters of a word", |texts, _, chance, _| {
        (texts.word(chance.among(500, 5_000)).chars().take(3).collect(), Filter::default())
    }),
    ("a frequent word, two letters of another", |texts, _, chance, _| {
        let start: String = texts.word(chance.among(50, 2_000)).chars().take(2).collect();
        (format!("{} {start}", texts.word(chance.among(0, 20))), Filter::default())
    }),
    ("an order number", |_, _, chance, conversations| {
        let message = chance.among(0, (conversations * EACH / 10) as usize) as u64 * 10;
        (order(message), Filter::default())
    }),
    ("a phrase of three words, as somebody wrote it", |texts, _, chance, conversations| {
        let text = texts.english(chance.among(0, conversations as usize) as u64 * EACH + 1);
        let words: Vec<_> = text.split(' ').take(3).collect();
        (format!("\"{}\"", words.join(" ")), Filter::default())
    }),
    ("a phrase of two frequent words", |texts, _, chance, _| {
        (format!("\"{}\"", texts.words(chance, &[(0, 50), (0, 50)])), Filter::default())
    }),
    ("a Chinese word", |texts, _, chance, _| (texts.pair(chance.among(100, 5_000)), Filter::default())),
    ("two Chinese words side by side", |texts, _, chance, conversations| {
        let text = texts.chinese(chance.among(0, conversations as usize) as u64 * EACH + 5);
        (text.chars().take(4).collect(), Filter::default())
    }),
    ("a frequent word, one agent of a hundred", |texts, shop, chance, _| {
        (texts.word(chance.among(0, 20)), Filter { agent: Some(shop.agent), ..Filter::default() })
    }),
    ("a frequent word, a week a year ago", |texts, shop, chance, _| {
        let from = shop.now - (SPAN_MS / 2) as i64;
        let filter = Filter { from: Some(from), until: Some(from + 7 * 86_400_000), ..Filter::default() };
        (texts.word(chance.among(0, 20)), filter)
    }),
];

/// Numbers that look random and are the same each time.
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn among(&mut self, from: usize, to: usize) -> usize {
        from + (self.next() % (to - from).max(1) as u64) as usize
    }
}

/// What people write.
struct Texts {
    /// Sums of how frequent words are, the most frequent first.
    zipf: Vec<f64>,
}

impl Texts {
    fn new() -> Self {
        let mut sum = 0.0;
        let zipf = (0..WORDS).map(|rank| {
            sum += 1.0 / (rank as f64 + 2.7);
            sum
        });
        Self { zipf: zipf.collect() }
    }

    fn rank(&self, chance: &mut Chance, most: usize) -> usize {
        let drawn = chance.next() as f64 / u64::MAX as f64 * self.zipf[most - 1];
        self.zipf.partition_point(|sum| *sum < drawn).min(most - 1)
    }

    /// The word with a rank: syllables, so that beginnings are shared.
    fn word(&self, rank: usize) -> String {
        let mut rest = rank + 70;
        let mut word = String::new();
        while rest > 0 {
            let syllable = rest % 70;
            word.push(char::from(b"bdfghklmnprstv"[syllable / 5]));
            word.push(char::from(b"aeiou"[syllable % 5]));
            rest /= 70;
        }
        word
    }

    fn pair(&self, rank: usize) -> String {
        let character = |number: usize| char::from_u32(0x4e00 + number as u32 % 3_000).unwrap_or('一');
        [character(rank * 7 % 2_999), character(rank * 13 + rank / 2_999)].iter().collect()
    }

    fn words(&self, chance: &mut Chance, ranks: &[(usize, usize)]) -> String {
        let words: Vec<_> = ranks.iter().map(|(from, to)| self.word(chance.among(*from, *to))).collect();
        words.join(" ")
    }

    fn english(&self, message: u64) -> String {
        let mut chance = Chance::new(message);
        let words: Vec<_> = (0..chance.among(4, 20)).map(|_| self.word(self.rank(&mut chance, WORDS))).collect();
        words.join(" ")
    }

    fn chinese(&self, message: u64) -> String {
        let mut chance = Chance::new(message);
        (0..chance.among(3, 12)).map(|_| self.pair(self.rank(&mut chance, PAIRS))).collect()
    }

    fn message(&self, message: u64) -> String {
        match message % 10 {
            0 => format!("{} {}", self.english(message), order(message)),
            5 | 6 => self.chinese(message),
            _ => self.english(message),
        }
    }
}

fn order(message: u64) -> String {
    format!("A-{:08}", message * 7919 % 100_000_000)
}

struct Shop {
    site: Site,
    supervisor: AgentIdentity,
    agent: AgentId,
    now: i64,
}

async fn furnish(app: &App) -> anyhow::Result<Shop> {
    let by = Actor::command_line();
    let tenant = create_tenant(app, &by, NewTenant { name: "Bench".to_owned(), slug: None }).await?;
    let new = NewSite { tenant: tenant.id, name: "Bench".to_owned(), origins: vec!["https://bench.test".to_owned()] };
    let site = create_site(app, &by, new).await?;
    let new = NewAccount {
        email: "agent@bench.test".to_owned(),
        name: "Agent".to_owned(),
        password: Uuid::new_v4().to_string(),
        operator: false,
        membership: Some((tenant.id, Role::Supervisor)),
    };
    let created = create_account(app, &by, new).await?;
    let agent = created.agent.context("the agent")?;
    let supervisor = AgentIdentity {
        tenant: tenant.id,
        agent,
        account: created.account.id,
        role: Role::Supervisor,
        name: "Agent".to_owned(),
        suspended: false,
    };
    Ok(Shop { site, supervisor, agent, now: app.now() })
}

async fn fill(app: &App, shop: &Shop, texts: &Arc<Texts>, conversations: u64) -> anyhow::Result<()> {
    let tenant = shop.supervisor.tenant;
    let visitor = visitor_row(shop, app);
    let row = visitor.clone();
    app.store.write(tenant, move |tx| Box::pin(async move { visitor::insert(tx, tenant, &row).await })).await?;
    let mut from = 0;
    while from < conversations {
        let to = (from + TOGETHER).min(conversations);
        let rows: Vec<_> = (from..to).map(|number| conversation_row(shop, &visitor, number, conversations)).collect();
        let texts = Arc::clone(texts);
        let job = (tenant, from, rows);
        app.store.write(tenant, move |tx| Box::pin(store(tx, texts, job))).await?;
        from = to;
    }
    Ok(())
}

/// Whose, the number of the first, and conversations.
type Batch = (TenantId, u64, Vec<Conversation>);

async fn store(tx: &mut Conn, texts: Arc<Texts>, (tenant, from, rows): Batch) -> AppResult<()> {
    for (number, row) in (from..).zip(rows) {
        conversation::insert(tx, tenant, &row).await?;
        for seq in 1..=EACH {
            let text = texts.message(number * EACH + seq - 1);
            entry::append(tx, tenant, row.id, &entry_row(row.created_at, seq, text)).await?;
        }
    }
    Ok(())
}

/// As the job does it.
async fn read_in(app: &App, shop: &Shop) -> anyhow::Result<()> {
    let tenant = shop.supervisor.tenant;
    let mut below = Some(Uuid::max());
    while let Some(from) = below {
        let page = missing(app, tenant, from).await?;
        for some in page.behind.chunks(32) {
            let mut left = some.to_vec();
            while !left.is_empty() {
                left = index(app, tenant, &left).await?.left;
            }
        }
        note_progress(app, tenant, page.back_to).await?;
        below = page.next;
    }
    note_progress(app, tenant, None).await?;
    Ok(())
}

fn visitor_row(shop: &Shop, app: &App) -> Visitor {
    Visitor::new(VisitorId(app.id()), shop.site.id, shop.now)
}

fn conversation_row(shop: &Shop, visitor: &Visitor, number: u64, of: u64) -> Conversation {
    let at = shop.now - (SPAN_MS - SPAN_MS * number / of.max(1)) as i64;
    let agent = number.is_multiple_of(HELD).then_some(shop.agent);
    let id = ConversationId(frontdesk::clock::new_id(at));
    let who = (shop.site.id, visitor.id);
    Conversation {
        state: ConversationState::Closed,
        agent_id: agent,
        last_seq: EACH as i64,
        message_at: Some(at),
        closed_at: Some(at),
        visitor_messages: EACH as i64,
        last_author: Some(AuthorKind::Visitor),
        ..Conversation::new(id, who, shop.site.department_id, Cmid(Uuid::new_v4()), at)
    }
}

fn entry_row(at: i64, seq: u64, text: String) -> Entry {
    let body = serde_json::to_string(&EntryBody::Message(Text { text })).unwrap_or_default();
    Entry {
        seq: seq as i64,
        kind: "message".to_owned(),
        audience: "everyone".to_owned(),
        author_kind: AuthorKind::Visitor,
        author_id: None,
        author_name: None,
        cmid: None,
        at,
        body: Some(body),
        salt: Some(vec![0; 16]),
        commitment: vec![0; 32],
        hash: vec![0; 32],
    }
}
