//! A page that stays open: its end is sent when the session ends.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use tokio::time::{Instant, timeout_at};

use super::reader::Reader;
use crate::error::AppResult;
use crate::http::chat::{Form, Pages, Place, Way};
use crate::realtime::hub::ConnectionGuard;
use crate::realtime::session::Lingering;

/// Something is sent at least this often: networks cut what is silent, and a browser that is gone is noticed.
const KEEP: Duration = Duration::from_secs(20);
/// A page is sent anew after this long. Whoever leaves one open for days does not hold a session for days.
const WHOLE: Duration = Duration::from_secs(60 * 60);
/// A page that ended is loaded again after this many seconds; spread, because a restart ends them all.
const AGAIN_S: std::ops::Range<u32> = 2..8;
/// Sent when there is nothing to say.
const NOTHING: &str = "<!-- -->\n";

/// A page on its way.
pub(super) struct Live {
    reader: Reader,
    place: Place,
    proof: String,
    form: Form,
    /// The state shown last.
    shown: String,
    next: Next,
    until: Instant,
    #[expect(dead_code, reason = "keeps the visitor present for a while after the page ended")]
    presence: Lingering,
    #[expect(dead_code, reason = "counts the connection until it is dropped")]
    counted: ConnectionGuard,
}

/// What is sent next.
enum Next {
    Head(String),
    News,
    Nothing,
}

impl Live {
    /// Answers with the page as it is now, and goes on.
    ///
    /// # Errors
    /// When a template fails.
    pub(super) fn begin(
        counted: ConnectionGuard,
        mut reader: Reader,
        place: Place,
        proof: String,
    ) -> AppResult<HttpResponse> {
        let (form, thread, presence) = (Form::new(), reader.take(), reader.linger());
        let pages = Pages::new(&place, &proof, &form);
        let (head, tail) = pages.thread(&thread, &Way::Live(rand::random_range(AGAIN_S)))?;
        let shown = pages.state(&thread, 0)?;
        let (next, until) = (Next::Head(head), Instant::now() + WHOLE);
        let live = Self { reader, place, proof, form, shown, next, until, presence, counted };
        let mut response = HttpResponse::Ok()
            .content_type("text/html; charset=utf-8")
            // Proxies that gather answers would show nothing until the end.
            .insert_header(("x-accel-buffering", "no"))
            .force_close()
            .streaming(live.pieces(tail));
        // The end of the connection is the end of the page: of one that a killed server left unfinished a browser
        // would say that loading failed, and load it no more.
        response.head_mut().no_chunking(true);
        Ok(response)
    }

    fn pieces(self, tail: String) -> impl Stream<Item = std::io::Result<Bytes>> {
        stream::unfold((Some(self), tail), |(live, tail)| async {
            let mut live = live?;
            match live.piece().await {
                Ok(Some(piece)) => Some((Ok(Bytes::from(piece)), (Some(live), tail))),
                Ok(None) => Some((Ok(Bytes::from(tail)), (None, String::new()))),
                Err(error) => Some((Err(std::io::Error::other(error.to_string())), (None, String::new()))),
            }
        })
    }

    /// The next piece; `None` when the page is over.
    async fn piece(&mut self) -> AppResult<Option<String>> {
        match std::mem::replace(&mut self.next, Next::News) {
            Next::Head(head) => return Ok(Some(head)),
            Next::News => {}
            Next::Nothing => return Ok(None),
        }
        loop {
            self.reader.hear().await;
            let news = self.news()?;
            if self.reader.is_over() || Instant::now() >= self.until {
                self.next = Next::Nothing;
                return Ok(Some(news));
            }
            if !news.is_empty() {
                return Ok(Some(news));
            }
            let silent = self.until.min(Instant::now() + KEEP);
            if timeout_at(silent, self.reader.ready()).await.is_err() {
                return Ok(Some(NOTHING.to_owned()));
            }
        }
    }

    /// What was heard and is not shown yet.
    fn news(&mut self) -> AppResult<String> {
        let thread = self.reader.take();
        let pages = Pages::new(&self.place, &self.proof, &self.form);
        let mut news = if thread.items.is_empty() { String::new() } else { pages.entries(&thread)? };
        // The position of the last entry is in the forms of a state, and no news by itself.
        let state = pages.state(&thread, 0)?;
        if state != self.shown {
            news.push_str(&pages.state(&thread, self.reader.seq())?);
            self.shown = state;
        }
        Ok(news)
    }
}
