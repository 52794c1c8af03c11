//! The site's colour as a style sheet of its own: pages have no inline style.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};

use super::Place;
use crate::app::App;
use crate::error::AppResult;

/// Above this a colour counts as light: the sum of its parts weighted as the eye does, of 255,000.
const LIGHT: u32 = 160_000;

/// `GET /chat/{key}/text/colors.css`
///
/// # Errors
/// `not_found`; when the database fails.
pub async fn colors(request: HttpRequest, app: web::Data<App>, key: web::Path<String>) -> AppResult<HttpResponse> {
    let place = Place::of(&app, &request, &key).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(style(&place.config.color)))
}

/// The style of an accent colour `#rrggbb`.
fn style(color: &str) -> String {
    let part = |at: usize| color.get(at..at + 2).and_then(|part| u32::from_str_radix(part, 16).ok());
    let (Some(red), Some(green), Some(blue)) = (part(1), part(3), part(5)) else { return String::new() };
    let light = red * 299 + green * 587 + blue * 114;
    let on_accent = if light > LIGHT { "#16181d" } else { "#fff" };
    format!(":root{{--accent:#{red:02x}{green:02x}{blue:02x};--on-accent:{on_accent}}}\n")
}

#[cfg(test)]
mod tests {
    use super::style;

    #[test]
    fn text_on_the_colour_can_be_read_and_nothing_else_gets_in() {
        assert_eq!(style("#1f6feb"), ":root{--accent:#1f6feb;--on-accent:#fff}\n");
        assert_eq!(style("#ffe08a"), ":root{--accent:#ffe08a;--on-accent:#16181d}\n");
        assert_eq!(style("red}*{"), "");
    }
}
