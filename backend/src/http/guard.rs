//! What every request and response passes: the origin check, security headers, and errors as pages or as
//! problem documents.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError, web};
use protocol::codec::to_json;
use protocol::error::ErrorCode;
use protocol::frame::Problem;
use tracing::Instrument;

use super::class::{self, Class};
use super::to_its_end::ToItsEnd;
use super::trace::Trace;
use super::{body, csrf, extract, page};
use crate::app::App;
use crate::config::Config;
use crate::error::AppResult;

/// The middleware around every route.
///
/// # Errors
/// Only what a middleware further in could not turn into a response.
pub async fn guard(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let class = Class::of(request.path());
    body::limit_time(&mut request);
    let trace = Trace::begin(&request, extract::app(request.request()).ok().map(|app| &***app));
    let response = match admit(&request, class) {
        Err(error) => request.into_response(error.error_response()),
        Ok(()) if may_break_off(&request) => next.call(request).instrument(trace.span()).await?.map_into_boxed_body(),
        Ok(()) => ToItsEnd::new(next.call(request).instrument(trace.span())).await?.map_into_boxed_body(),
    };
    let mut response = finish(explain(response, class), class);
    trace.end(&mut response);
    Ok(response)
}

/// Whether a request is given up when its client hangs up. What changes something goes on to its end: between the commit
/// and telling others of it nothing may come. A poll changes nothing.
fn may_break_off(request: &ServiceRequest) -> bool {
    request.method().is_safe() || request.path() == "/v1/poll"
}

fn admit(request: &ServiceRequest, class: Class) -> AppResult<()> {
    let app = extract::app(request.request())?;
    admit_headers(request.method(), request.headers(), class, app)
}

/// As the middleware, for a request to the interface for programs that reached us past it.
///
/// # Errors
/// `forbidden` for a request that a foreign page may have made.
pub fn admit_program(method: &Method, headers: &HeaderMap, app: &App) -> AppResult<()> {
    admit_headers(method, headers, Class::Api, app)
}

/// The headers that every answer to a program carries.
pub fn program_headers(app: &App) -> HeaderMap {
    headers_of(Class::Api, &app.config)
}

/// The headers that every page carries.
pub fn page_headers(config: &Config) -> HeaderMap {
    headers_of(Class::Page, config)
}

/// The headers of a document for merchants' pages when there is no such site.
pub fn frame_headers(config: &Config) -> HeaderMap {
    headers_of(Class::Frame, config)
}

fn headers_of(class: Class, config: &Config) -> HeaderMap {
    let mut headers = HeaderMap::new();
    class::add_headers(&mut headers, class, config);
    headers
}

fn admit_headers(method: &Method, headers: &HeaderMap, class: Class, app: &App) -> AppResult<()> {
    // A program that is no browser and brings no cookie cannot be used by a foreign page.
    let program = class == Class::Api
        && !headers.contains_key(header::ORIGIN)
        && !headers.contains_key("sec-fetch-site")
        && !headers.contains_key(header::COOKIE);
    // Text browsers say neither origin nor site. Their forms carry a proof of their own: `chat::Visit`, or the link
    // itself.
    let text_browser = matches!(class, Class::Text | Class::Back)
        && !headers.contains_key(header::ORIGIN)
        && !headers.contains_key("sec-fetch-site");
    if program || text_browser { Ok(()) } else { csrf::check(method, headers, &app.config) }
}

/// Gives an error without a body for people one they can read.
fn explain(response: ServiceResponse<BoxBody>, class: Class) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match class {
        _ if class.is_html() && kind.starts_with("text/html") => response,
        _ if class.is_html() => to_page(response, class),
        Class::Api if kind.starts_with("application/json") => response,
        Class::Api => to_problem(response),
        _ => response,
    }
}

fn to_page(response: ServiceResponse<BoxBody>, class: Class) -> ServiceResponse<BoxBody> {
    let (request, old) = response.into_parts();
    let signing_in = request.path() == "/sign-in";
    let new = if old.status() == StatusCode::UNAUTHORIZED && request.method().is_safe() && !signing_in {
        let next: String = url::form_urlencoded::byte_serialize(request.path().as_bytes()).collect();
        HttpResponse::SeeOther().insert_header((header::LOCATION, format!("/sign-in?next={next}"))).finish()
    } else {
        let framed = matches!(class, Class::Frame);
        page::error(&request, old.status(), framed)
    };
    ServiceResponse::new(request, keep(new, &old))
}

fn to_problem(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let (request, old) = response.into_parts();
    let code = match old.status() {
        StatusCode::UNAUTHORIZED => ErrorCode::Unauthenticated,
        StatusCode::FORBIDDEN => ErrorCode::Forbidden,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => ErrorCode::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
        StatusCode::TOO_MANY_REQUESTS => ErrorCode::RateLimited,
        status if status.is_server_error() => ErrorCode::Unavailable,
        _ => ErrorCode::Malformed,
    };
    let message = old.status().canonical_reason().unwrap_or("refused").to_lowercase();
    let problem = Problem { code, message, field: None, limit: None, retry_after_ms: None };
    let new = HttpResponse::build(old.status()).content_type("application/json").body(to_json(&problem));
    ServiceResponse::new(request, keep(new, &old))
}

/// Takes over what the first response said besides its body.
fn keep(mut new: HttpResponse, old: &HttpResponse) -> HttpResponse {
    for name in [header::RETRY_AFTER, header::ALLOW, header::SET_COOKIE, header::UPGRADE] {
        for value in old.headers().get_all(&name) {
            new.headers_mut().append(name.clone(), value.clone());
        }
    }
    new
}

fn finish(mut response: ServiceResponse<BoxBody>, class: Class) -> ServiceResponse<BoxBody> {
    let Some(app) = response.request().app_data::<web::Data<App>>().cloned() else { return response };
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    if failed {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    class::add_headers(headers, class, &app.config);
    response
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::panic::AssertUnwindSafe;
    use std::rc::Rc;

    use actix_web::dev::Service;
    use actix_web::http::Method;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service};
    use actix_web::web;
    use futures_util::FutureExt;
    use tokio::sync::Notify;

    use super::guard;
    use crate::server::open_app;
    use crate::tests::Place;

    /// A handler that waits in the middle and says when it is through; its client hangs up meanwhile.
    async fn is_finished(app: &web::Data<crate::app::App>, method: Method, path: &'static str) -> bool {
        let (entered, gate, through) = (Rc::new(Notify::new()), Rc::new(Notify::new()), Rc::new(Cell::new(false)));
        let (e, g, t) = (Rc::clone(&entered), Rc::clone(&gate), Rc::clone(&through));
        let handler = move || {
            let (entered, gate, through) = (Rc::clone(&e), Rc::clone(&g), Rc::clone(&t));
            async move {
                entered.notify_one();
                gate.notified().await;
                through.set(true);
                "through"
            }
        };
        let routes = actix_web::App::new().app_data(app.clone()).wrap(from_fn(guard));
        let service = init_service(routes.route(path, web::route().to(handler))).await;
        let mut call = Box::pin(service.call(TestRequest::default().method(method).uri(path).to_request()));
        tokio::select! {
            _ = &mut call => panic!("it waits"),
            () = entered.notified() => {}
        }
        drop(call);
        gate.notify_one();
        // Whoever is left runs to its end: nothing else is waited for.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        through.get()
    }

    #[actix_web::test]
    async fn what_a_panic_says_is_not_for_the_client() {
        let place = Place::new("guard").await;
        let app = web::Data::from(open_app(place.config().await).await.unwrap());
        for method in [Method::POST, Method::GET] {
            let fails = async || -> &'static str { panic!("a secret") };
            let routes = actix_web::App::new().app_data(app.clone()).wrap(from_fn(guard));
            let service = init_service(routes.route("/v1/files", web::route().to(fails))).await;
            let call = service.call(TestRequest::default().method(method).uri("/v1/files").to_request());
            assert!(AssertUnwindSafe(call).catch_unwind().await.is_err(), "it is answered");
        }
    }

    #[actix_web::test]
    async fn what_changes_something_is_finished_when_its_client_has_gone() {
        let place = Place::new("guard").await;
        let app = web::Data::from(open_app(place.config().await).await.unwrap());
        assert!(is_finished(&app, Method::POST, "/v1/files").await);
        assert!(!is_finished(&app, Method::POST, "/v1/poll").await);
        assert!(!is_finished(&app, Method::GET, "/v1/files").await);
    }
}
