use std::collections::HashMap;

use super::source::Flags;
use super::*;

fn load_with(flags: Flags, environment: &[(&str, &str)]) -> anyhow::Result<Config> {
    let environment: HashMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Source::with_environment(flags, move |name| environment.get(name).cloned())?)
}

fn load(environment: &[(&str, &str)]) -> anyhow::Result<Config> {
    load_with(Flags::default(), environment)
}

fn with_file<T>(text: &str, work: impl FnOnce(PathBuf) -> T) -> T {
    let path = std::env::temp_dir().join(format!("frontdesk-{}.toml", uuid::Uuid::new_v4()));
    std::fs::write(&path, text).unwrap();
    let result = work(path.clone());
    std::fs::remove_file(path).unwrap();
    result
}

#[test]
fn everything_has_a_default() {
    let config = load(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_origin(), "http://localhost:8080");
    assert_eq!(config.database.file(), Some(Path::new("data/frontdesk.db")));
    assert_eq!(config.secret_file, Path::new("data/keys"));
    assert!(config.rate_limits && config.smtp_url.is_none() && config.trusted_proxies.is_empty());
}

#[test]
fn flags_win_over_environment_over_file() {
    let file = "listen = \"127.0.0.1:1\"\ndata = \"from-file\"\ntrusted_proxies = [\"10.0.0.1\", \"10.0.0.2\"]\n";
    with_file(file, |path| {
        let flags = Flags { config: Some(path), listen: Some("127.0.0.1:3".into()), ..Flags::default() };
        let environment = [("FRONTDESK_LISTEN", "127.0.0.1:2"), ("FRONTDESK_DATA", "from-environment")];
        let config = load_with(flags.clone(), &environment).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.data, Path::new("from-environment"));
        assert_eq!(config.trusted_proxies.len(), 2);
        let config = load_with(Flags { listen: None, ..flags }, &[("FRONTDESK_DATA", "")]).unwrap();
        assert_eq!(config.listen.port(), 1);
        assert_eq!(config.data, Path::new("from-file"));
    });
}

#[test]
fn the_file_is_checked() {
    for (text, expected) in [
        ("listn = \"x\"", "listn"),
        ("listen = 8080", "must be a text"),
        ("listen = ", "is not TOML"),
        ("[server]\nlisten = \"x\"", "server"),
    ] {
        let error = with_file(text, |path| {
            load_with(Flags { config: Some(path), ..Flags::default() }, &[]).unwrap_err().to_string()
        });
        assert!(error.contains(expected), "{error}");
    }
    let missing = Flags { config: Some("/nowhere/frontdesk.toml".into()), ..Flags::default() };
    assert!(load_with(missing, &[]).unwrap_err().to_string().contains("/nowhere/frontdesk.toml"));
}

#[test]
fn a_wrong_value_is_refused_with_its_name_and_what_is_allowed() {
    for (name, value, allowed) in [
        ("FRONTDESK_LISTEN", "localhost", "IP:PORT"),
        ("FRONTDESK_LISTEN", "127.0.0.1:99999", "IP:PORT"),
        ("FRONTDESK_PUBLIC_URL", "chat.example.com", "https://"),
        ("FRONTDESK_PUBLIC_URL", "ftp://chat.example.com", "https://"),
        ("FRONTDESK_PUBLIC_URL", "https://chat.example.com/path", "https://"),
        ("FRONTDESK_PUBLIC_URL", "https://a:b@chat.example.com", "https://"),
        ("FRONTDESK_TRUSTED_PROXIES", "10.0.0.1, proxy", "networks"),
        ("FRONTDESK_SMTP_URL", "http://mail.example.com", "smtp://"),
        ("FRONTDESK_MAIL_FROM", "nobody", "e-mail address"),
        ("FRONTDESK_RATE_LIMITS", "no", "on, off"),
        ("DATABASE_URL", "mysql://db", "sqlite:PATH"),
        ("DATABASE_URL", "sqlite::memory:", "sqlite:PATH"),
        ("DATABASE_URL", "postgres://a:b@db", "HOST:PORT/DATABASE"),
        ("DATABASE_URL", "postgres://db/frontdesk", "HOST:PORT/DATABASE"),
        ("DATABASE_URL", "postgresql:///frontdesk", "HOST:PORT/DATABASE"),
    ] {
        let error = load(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(allowed), "{name}={value}: {error}");
    }
}

#[test]
fn errors_do_not_show_passwords() {
    let error = load(&[("FRONTDESK_PUBLIC_URL", "https://name:hidden@chat.example.com")]).unwrap_err().to_string();
    assert!(!error.contains("hidden"), "{error}");
}

#[test]
fn mail_needs_a_sender() {
    let error = load(&[("FRONTDESK_SMTP_URL", "smtp://localhost:25")]).unwrap_err().to_string();
    assert!(error.contains("FRONTDESK_MAIL_FROM"), "{error}");
    let sender = ("FRONTDESK_MAIL_FROM", "Shop <chat@shop.example>");
    assert!(load(&[("FRONTDESK_SMTP_URL", "smtp://localhost:25"), sender]).is_ok());
}

#[test]
fn database_addresses() {
    for (value, path) in [
        ("sqlite:x.db", "x.db"),
        ("sqlite://x.db", "x.db"),
        ("sqlite:///var/x.db?mode=rwc", "/var/x.db"),
        ("sqlite:/var/x.db", "/var/x.db"),
    ] {
        assert_eq!(load(&[("DATABASE_URL", value)]).unwrap().database.file(), Some(Path::new(path)));
    }
}

#[test]
fn a_database_server() {
    let url = ("DATABASE_URL", "postgres://frontdesk:hidden@db.example:5433/chat?sslmode=verify-full");
    let config = load(&[url, ("FRONTDESK_DATABASE_LANES", "8"), ("FRONTDESK_DATABASE_TIMEOUT", "9")]).unwrap();
    let database::Database::Postgres(settings) = &config.database else { panic!("{:?}", config.database) };
    assert_eq!(settings.place(), "db.example:5433/chat");
    assert_eq!((settings.lanes, settings.connections, settings.timeout.as_secs()), (8, 16, 9));
    assert!(!format!("{config:?}").contains("hidden"));
    for (name, value) in [
        ("FRONTDESK_DATABASE_LANES", "0"),
        ("FRONTDESK_DATABASE_CONNECTIONS", "many"),
        ("FRONTDESK_DATABASE_TIMEOUT", "301"),
        ("FRONTDESK_DATABASE_OWNER_URL", "sqlite:x.db"),
    ] {
        let error = load(&[url, (name, value)]).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn a_free_port_becomes_part_of_the_public_address() {
    let mut config = load(&[("FRONTDESK_LISTEN", "127.0.0.1:0")]).unwrap();
    config.bound(4321);
    assert_eq!(config.public_origin(), "http://localhost:4321");
    let mut config =
        load(&[("FRONTDESK_LISTEN", "127.0.0.1:0"), ("FRONTDESK_PUBLIC_URL", "https://chat.example.com")]).unwrap();
    config.bound(4321);
    assert_eq!(config.public_origin(), "https://chat.example.com");
}

#[test]
fn redis_goes_with_postgres_only() {
    let redis = ("REDIS_URL", "redis://frontdesk:hidden@cache.example");
    let postgres = ("DATABASE_URL", "postgres://frontdesk@db.example/chat");
    let config = load(&[redis, postgres]).unwrap();
    assert_eq!(config.redis.as_ref().map(redis::Redis::place).as_deref(), Some("cache.example:6379"));
    assert!(!format!("{config:?}").contains("hidden"));
    let alone = load(&[redis]).unwrap_err().to_string();
    assert!(alone.contains("REDIS_URL") && alone.contains("SQLite") && !alone.contains("hidden"), "{alone}");
    let wrong = load(&[("REDIS_URL", "redis+cluster://x:hidden@a/1"), postgres]).unwrap_err().to_string();
    assert!(wrong.contains("REDIS_URL") && !wrong.contains("hidden"), "{wrong}");
}

#[test]
fn the_secret_is_hidden() {
    let config = load(&[("FRONTDESK_SECRET", "c2VjcmV0")]).unwrap();
    assert_eq!(config.secret, Some(Hidden("c2VjcmV0".to_owned())));
    assert!(!format!("{config:?}").contains("c2VjcmV0"));
}
