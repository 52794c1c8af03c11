//! `GET /assets/{name}`: files whose name changes with their content.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::assets;
use crate::error::{AppError, AppResult};

/// A built file, compressed as the browser allows.
///
/// # Errors
/// `not_found`.
pub async fn asset(request: HttpRequest, name: web::Path<String>) -> AppResult<HttpResponse> {
    let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let asset = assets::get(&name, accepted.unwrap_or_default()).ok_or_else(|| AppError::not_found("file"))?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.mime)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "accept-encoding"));
    if let Some(encoding) = asset.encoding {
        response.insert_header((header::CONTENT_ENCODING, encoding));
    }
    Ok(match asset.bytes {
        std::borrow::Cow::Borrowed(bytes) => response.body(bytes),
        std::borrow::Cow::Owned(bytes) => response.body(bytes),
    })
}
