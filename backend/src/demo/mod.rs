//! `frontdesk demo`: the product with a demo tenant, and a demo shop on another origin that embeds it. Kept
//! between starts. Nothing has a fixed password: they are made on the first start and kept, readable only
//! for the owner of the data folder, so that every start can show them.

/// The people of the demo.
mod people;
/// The merchant's pages.
mod shop;

use std::io::Write;
use std::net::SocketAddr;

use anyhow::Context;
use clap::Args;

use crate::actions::actor::Actor;
use crate::actions::create_site::{NewSite, create_site};
use crate::actions::create_tenant::{NewTenant, create_tenant};
use crate::app::App;
use crate::config::Config;
use crate::server::Server;
use crate::server::signals::Signals;
use crate::store::EveryTenant;
use crate::store::site::{self, Site};
use crate::store::tenant::{self, Tenant};
use people::Person;

const SLUG: &str = "demo";

/// Where the demo shop listens.
#[derive(Debug, Args)]
pub struct Options {
    /// Address of the demo shop; another port makes it another origin, as a merchant's shop is.
    #[arg(long, default_value = "127.0.0.1:8081")]
    shop_listen: SocketAddr,
}

/// Serves until stopped.
pub(crate) async fn run(config: Config, options: Options) -> anyhow::Result<()> {
    let server = Server::start(config).await?;
    let signals = Signals::listen()?;
    let app = server.app();
    let shop_origin = format!("http://localhost:{}", options.shop_listen.port());
    let tenant = demo_tenant(app).await?;
    let people = people::ensure(app, &tenant).await?;
    let site = demo_site(app, &tenant, &shop_origin).await?;
    let embed = shop::Embed { origin: app.config.public_origin(), key: site.key };
    let shop = shop::serve(options.shop_listen, embed)
        .with_context(|| format!("cannot listen on {}; choose another with --shop-listen", options.shop_listen))?;
    let stop_shop = shop.handle();
    let shop = tokio::spawn(shop);
    greet(&app.config.public_origin(), &shop_origin, &people)?;
    server.wait(signals).await?;
    stop_shop.stop(true).await;
    shop.await??;
    Ok(())
}

async fn demo_tenant(app: &App) -> anyhow::Result<Tenant> {
    if let Some(tenant) = tenant::find_by_slug(&mut app.store.read(EveryTenant).await?, SLUG).await? {
        return Ok(tenant);
    }
    let new = NewTenant { name: "Pebble & Pine".to_owned(), slug: Some(SLUG.to_owned()) };
    Ok(create_tenant(app, &Actor::command_line(), new).await?)
}

/// The shop's site. Another port of the shop is another origin, and gets a site of its own.
async fn demo_site(app: &App, tenant: &Tenant, origin: &str) -> anyhow::Result<Site> {
    let sites = site::list(&mut app.store.read(tenant.id).await?, tenant.id).await?;
    let known = sites.into_iter().find(|site| site.origins.iter().any(|known| known == origin));
    if let Some(site) = known {
        return Ok(site);
    }
    let loopback = origin.replace("localhost", "127.0.0.1");
    let new =
        NewSite { tenant: tenant.id, name: "Pebble & Pine".to_owned(), origins: vec![origin.to_owned(), loopback] };
    Ok(create_site(app, &Actor::command_line(), new).await?)
}

fn greet(origin: &str, shop: &str, people: &[Person]) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "\nFrontdesk is ready.\n")?;
    writeln!(out, "  Demo shop       {shop}/")?;
    writeln!(out, "  Agent console   {origin}/console")?;
    writeln!(out, "  Admin panel     {origin}/admin")?;
    writeln!(out, "  Platform panel  {origin}/platform\n")?;
    writeln!(out, "  Sign in as              e-mail                   password")?;
    for person in people {
        writeln!(out, "  {:<22}  {:<23}  {}", person.role, person.email, person.password)?;
    }
    writeln!(out, "\n  Open the shop, ask something in the corner, and answer in the console.")?;
    writeln!(out, "  Stop with Ctrl-C; everything is kept.\n")?;
    out.flush()?;
    Ok(())
}
