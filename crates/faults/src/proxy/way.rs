//! Bytes in one direction: a reader that stamps what comes with the time it is due, and a writer that lets it
//! out as the weather says.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::{End, Way, Weather};

/// Bytes read at once.
const CHUNK: usize = 32 * 1024;
/// Chunks on their way; the reader waits beyond that, and so does who sends.
const ON_THE_WAY: usize = 16;

/// One direction of one connection.
pub(super) struct Pump<'a> {
    weather: &'a watch::Sender<Weather>,
    moved: &'a AtomicU64,
    way: fn(&mut Weather) -> &mut Way,
    /// Everything is held back until the end of the stream.
    pub(super) whole: bool,
}

impl<'a> Pump<'a> {
    pub(super) fn new(
        weather: &'a watch::Sender<Weather>,
        moved: &'a AtomicU64,
        way: fn(&mut Weather) -> &mut Way,
    ) -> Self {
        Self { weather, moved, way, whole: false }
    }

    /// Moves `first` and then everything until the end of the stream or of the weather's patience.
    pub(super) async fn run<R, W>(&self, first: Vec<u8>, from: R, to: W) -> io::Result<End>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let (stamped, due) = mpsc::channel(ON_THE_WAY);
        let (read, written) = tokio::join!(self.read(first, from, stamped), self.write(due, to));
        read.and(written)
    }

    /// Ends when the stream does or the writer has.
    async fn read<R>(&self, first: Vec<u8>, mut from: R, stamped: mpsc::Sender<(Instant, Vec<u8>)>) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
    {
        let mut held = Vec::new();
        let mut due = Instant::now();
        let mut chunk = first;
        loop {
            if self.whole {
                held.append(&mut chunk);
            } else if !chunk.is_empty() {
                due = due.max(Instant::now() + self.delay());
                if stamped.send((due, std::mem::take(&mut chunk))).await.is_err() {
                    return Ok(());
                }
            }
            chunk.reserve(CHUNK);
            let read = tokio::select! {
                read = from.read_buf(&mut chunk) => read?,
                () = stamped.closed() => return Ok(()),
            };
            if read == 0 {
                if !held.is_empty() {
                    let _ = stamped.send((Instant::now() + self.delay(), held)).await;
                }
                return Ok(());
            }
        }
    }

    fn delay(&self) -> Duration {
        let way = self.look();
        way.latency + way.jitter.mul_f64(rand::random_range(0.0..=1.0))
    }

    async fn write<W>(&self, mut due: mpsc::Receiver<(Instant, Vec<u8>)>, mut to: W) -> io::Result<End>
    where
        W: AsyncWrite + Unpin,
    {
        while let Some((at, chunk)) = due.recv().await {
            sleep_until(at).await;
            let mut rest = chunk.as_slice();
            while !rest.is_empty() {
                let way = self.passable().await;
                if let Some(end) = self.over() {
                    return Ok(end);
                }
                if way.lost {
                    break;
                }
                let until = way.until.map_or(CHUNK, |(left, _)| left as usize);
                let at_rate = way.bytes_per_second.map_or(CHUNK, |rate| rate as usize / 20);
                let most = way.slice.unwrap_or(CHUNK).min(until).min(at_rate).max(1);
                let (now, later) = rest.split_at(rest.len().min(most));
                to.write_all(now).await?;
                rest = later;
                self.moved.fetch_add(now.len() as u64, Ordering::AcqRel);
                self.weather.send_if_modified(|weather| {
                    if let Some((left, _)) = &mut (self.way)(weather).until {
                        *left = left.saturating_sub(now.len() as u64);
                    }
                    false
                });
                if let Some(end) = self.over() {
                    return Ok(end);
                }
                if let Some(rate) = way.bytes_per_second {
                    sleep(Duration::from_secs_f64(now.len() as f64 / rate.max(1) as f64)).await;
                } else if way.slice.is_some() {
                    // Segments go out one by one only if the other side may read in between.
                    tokio::task::yield_now().await;
                }
            }
        }
        to.shutdown().await?;
        Ok(End::Fin)
    }

    /// How the connection ends, when all its bytes are used up.
    fn over(&self) -> Option<End> {
        match self.look().until {
            Some((0, end)) if end != End::Silence => Some(end),
            _ => None,
        }
    }

    /// Waits until a byte may move.
    async fn passable(&self) -> Way {
        let mut changes = self.weather.subscribe();
        loop {
            let way = self.look();
            let silent =
                matches!(way.until, Some((0, End::Silence))) || self.weather.borrow().cut == Some(End::Silence);
            if !way.paused && !silent {
                return way;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn look(&self) -> Way {
        let mut weather = self.weather.borrow().clone();
        (self.way)(&mut weather).clone()
    }
}
