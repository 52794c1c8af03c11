//! A merchant's shop: static pages on an origin of its own, as the pages of a real shop are. It notes every
//! request it gets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

#[derive(Default)]
struct Shelf {
    /// Path to content security policy and document.
    pages: HashMap<String, (Option<String>, String)>,
    asked: Vec<String>,
}

/// A running shop. It closes when the value goes.
pub(crate) struct Shop {
    port: u16,
    shelf: Arc<Mutex<Shelf>>,
    task: JoinHandle<()>,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shop {
    /// Opens a shop without pages.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let served = shelf.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(answer(client, served.clone()));
            }
        });
        Self { port, shelf, task }
    }

    /// The shop's origin.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The address of a page.
    pub(crate) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Puts a page that embeds `snippet` at the end of its body.
    pub(crate) fn sells(&self, path: &str, title: &str, snippet: &str) {
        self.puts(path, None, &document(title, snippet));
    }

    /// Puts a document with a content security policy.
    pub(crate) fn puts(&self, path: &str, policy: Option<&str>, document: &str) {
        let page = (policy.map(str::to_owned), document.to_owned());
        self.shelf.lock().expect("not poisoned").pages.insert(path.to_owned(), page);
    }

    /// Paths asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shelf.lock().expect("not poisoned").asked.clone()
    }
}

/// A shop page with something after its content.
pub(crate) fn document(title: &str, snippet: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"></head>\
         <body><h1>{title}</h1><p>Loose leaf, by the ounce.</p>\
         <a id=\"tea\" href=\"/tea\">Tea</a> <a id=\"checkout\" href=\"/checkout\">Checkout</a>\n{snippet}\n</body></html>"
    )
}

async fn answer(mut client: TcpStream, shelf: Arc<Mutex<Shelf>>) -> Option<()> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = client.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&buffer[..read]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1).unwrap_or("/");
    let path = target.split(['?', '#']).next().unwrap_or("/").to_owned();
    let page = {
        let mut shelf = shelf.lock().ok()?;
        shelf.asked.push(path.clone());
        shelf.pages.get(&path).cloned()
    };
    let reply = match page {
        Some((policy, document)) => {
            let policy = policy.map(|it| format!("content-security-policy: {it}\r\n")).unwrap_or_default();
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\n{policy}content-length: {}\r\nconnection: close\r\n\r\n{document}",
                document.len()
            )
        }
        None => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
    };
    client.write_all(reply.as_bytes()).await.ok()?;
    client.shutdown().await.ok()
}
