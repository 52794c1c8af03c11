//! Attachments: `POST /v1/files` stores one, `GET /v1/files/{id}` fetches one. What is served is never
//! shown as a page: always an attachment, sandboxed, its type not to be guessed (rules U1 to U3).

use std::time::Duration;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, Charset, ContentDisposition,
    DispositionParam, DispositionType, ExtendedValue, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use protocol::error::ErrorCode;
use protocol::frame::UploadReply;
use protocol::ids::{AttachmentId, ConversationId};
use protocol::limits::ATTACHMENT_BYTES;
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::body::too_slow;
use super::extract::Caller;
use crate::actions::content::Content;
use crate::actions::upload::{Upload, check, find_file, store_upload, too_large};
use crate::app::App;
use crate::auth::Principal;
use crate::auth::limiter::Rule;
use crate::error::{AppResult, Refusal};

/// Longest wait for the next piece of what is stored.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// Where an upload goes.
#[derive(Deserialize)]
pub struct UploadQuery {
    conversation: ConversationId,
    name: String,
}

/// Stores the body as a file of a conversation.
///
/// # Errors
/// Everything wrong with the request is refused before its body is read; the body is cut at the limit.
pub async fn upload(
    app: web::Data<App>,
    Caller(who): Caller,
    request: HttpRequest,
    query: web::Query<UploadQuery>,
    body: web::Payload,
) -> AppResult<web::Json<UploadReply>> {
    app.limiter.take_everywhere(Rule::Upload, &key(&who), app.clock.monotonic()).await?;
    check(&app, &who, query.conversation, &query.name).await?;
    let declared_length =
        request.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared_length.is_some_and(|length| length > ATTACHMENT_BYTES) {
        return Err(too_large());
    }
    let (file, open) = app.files.receive(&app.id().simple().to_string()).map_err(anyhow::Error::from)?;
    receive(File::from_std(open), body).await?;
    let declared = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let UploadQuery { conversation, name, .. } = query.into_inner();
    let upload = Upload { conversation, name, declared, file };
    let attachment = store_upload(app.into_inner(), who, upload).await?;
    Ok(web::Json(UploadReply { attachment }))
}

/// Writes a body to disk, never more than the limit. How fast it has to come: `body.rs`.
async fn receive(mut file: File, mut body: web::Payload) -> AppResult<()> {
    let mut size = 0u64;
    while let Some(part) = body.next().await {
        let part = part.map_err(|error| {
            let broken = || Refusal::field("file", ErrorCode::Malformed, "the upload broke off");
            too_slow(&error).unwrap_or_else(broken)
        })?;
        size += part.len() as u64;
        if size > ATTACHMENT_BYTES {
            return Err(too_large());
        }
        file.write_all(&part).await.map_err(anyhow::Error::from)?;
    }
    if size == 0 {
        return Err(Refusal::field("file", ErrorCode::Invalid, "the file is empty").into());
    }
    file.flush().await.map_err(anyhow::Error::from)?;
    Ok(())
}

/// Fetches a file. Who asks is checked each time; what belongs to somebody else does not exist.
///
/// # Errors
/// `unauthenticated` or `not_found`.
pub async fn download(
    app: web::Data<App>,
    Caller(who): Caller,
    id: web::Path<AttachmentId>,
) -> AppResult<HttpResponse> {
    serve(&app, &who, id.into_inner()).await
}

/// A file for somebody who proved who it is.
///
/// # Errors
/// `not_found`.
pub async fn serve(app: &App, who: &Principal, id: AttachmentId) -> AppResult<HttpResponse> {
    let (row, content) = find_file(app, who, id).await?;
    let length = u64::try_from(row.size).unwrap_or(0);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, row.media_type))
        .insert_header((CONTENT_DISPOSITION, attachment_named(&row.name)))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"))
        .insert_header((CACHE_CONTROL, "private, max-age=3600"))
        .no_chunking(length);
    Ok(response.streaming(stream(content)))
}

fn attachment_named(name: &str) -> ContentDisposition {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let exact =
        ExtendedValue { charset: Charset::Ext("UTF-8".into()), language_tag: None, value: name.as_bytes().into() };
    ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(plain), DispositionParam::FilenameExt(exact)],
    }
}

/// A file's bytes, read as fast as the reader takes them.
fn stream(content: Content) -> impl futures_util::Stream<Item = Result<web::Bytes, std::io::Error>> {
    futures_util::stream::try_unfold(content, |mut content| async {
        let bytes = timeout(READ_WITHIN, content.next()).await??;
        Ok(bytes.map(|bytes| (web::Bytes::from(bytes), content)))
    })
}

fn key(who: &Principal) -> String {
    match who {
        Principal::Visitor(visitor) => visitor.visitor.to_string(),
        Principal::Agent(agent) => agent.agent.to_string(),
    }
}
