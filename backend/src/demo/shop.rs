//! The demo shop: static pages on an origin of their own, as a merchant's would be, with the one-tag
//! snippet and a strict Content Security Policy.

use actix_web::dev::Server;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};
use actix_web::{App, HttpResponse, HttpServer, web};
use std::net::SocketAddr;

/// Where the chat is served from, and the key of the shop's site.
#[derive(Clone)]
pub(super) struct Embed {
    /// Origin of the chat server.
    pub(super) origin: String,
    /// Public key of the site.
    pub(super) key: String,
}

/// Serves the shop on `listen`.
pub(super) fn serve(listen: SocketAddr, embed: Embed) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(embed.clone()))
            .route("/", page(include_str!("../../demo/index.html")))
            .route("/product", page(include_str!("../../demo/product.html")))
            .route("/checkout", page(include_str!("../../demo/checkout.html")))
            .route("/shop.css", web::get().to(style))
    });
    Ok(server.workers(1).disable_signals().bind(listen)?.run())
}

fn page(template: &'static str) -> actix_web::Route {
    web::get().to(move |embed: web::Data<Embed>| {
        let loader = format!("{}/w/{}.js", embed.origin, embed.key);
        let policy = format!(
            "default-src 'self'; script-src {0}; frame-src {0}; style-src 'self'; img-src 'self' data:; \
             require-trusted-types-for 'script'; base-uri 'none'; object-src 'none'",
            embed.origin
        );
        let body = template.replace("{{loader}}", &loader);
        async move {
            HttpResponse::Ok()
                .content_type(ContentType::html())
                .insert_header((CONTENT_SECURITY_POLICY, policy))
                .body(body)
        }
    })
}

async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("../../demo/shop.css"))
}
