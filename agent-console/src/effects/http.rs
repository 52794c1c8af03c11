//! Requests beside the connection.

use client::browser::{Request, send_request};
use protocol::codec::from_json;
use protocol::entry::File;
use protocol::error::ErrorCode;
use protocol::frame::{Problem, UploadReply};
use protocol::ids::{Cmid, ConversationId, TenantId};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Headers, RequestInit, Response};
use yew::Callback;

use super::{Files, place};
use crate::model::msg::Net;
use crate::model::{Me, Msg};

/// Asks who is signed in.
pub(super) fn load_me(tell: &Callback<Msg>) {
    let tell = tell.clone();
    let request = Request { path: "/v1/me", body: None, token: None };
    send_request(&request, move |status, text| {
        let net = match (status, Me::read(text)) {
            (200, Some(me)) => Net::Me(Some(me)),
            (401, _) => Net::Me(None),
            _ => Net::MeFailed,
        };
        tell.emit(Msg::Net(net));
    });
}

/// Ends the login and goes to the sign-in page.
pub(super) fn sign_out() {
    let request = Request { path: "/sign-out", body: Some("{}"), token: None };
    send_request(&request, |_, _| place::go("/sign-in"));
}

/// Uploads the file kept for a send.
pub(super) fn upload(tell: &Callback<Msg>, files: &Files, cmid: Cmid, to: (ConversationId, Option<TenantId>)) {
    let (conversation, Some(tenant)) = to else {
        return;
    };
    let Some(file) = files.borrow().get(&cmid).cloned() else {
        return;
    };
    let tell = tell.clone();
    spawn_local(async move {
        let name = String::from(js_sys::encode_uri_component(&file.name()));
        let path = format!("/v1/files?conversation={conversation}&tenant={tenant}&name={name}");
        let net = match send_file(&path, &file).await {
            Ok((status, text)) => outcome(cmid, status, &text, &file),
            Err(_) => Net::UploadBroken(cmid),
        };
        tell.emit(Msg::Net(net));
    });
}

async fn send_file(path: &str, file: &web_sys::File) -> Result<(u16, String), JsValue> {
    let headers = Headers::new()?;
    headers.set("X-Frontdesk", "1")?;
    let kind = file.type_();
    headers.set("Content-Type", if kind.is_empty() { "application/octet-stream" } else { &kind })?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(file);
    init.set_headers(&headers);
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response: Response = JsFuture::from(window.fetch_with_str_and_init(path, &init)).await?.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.status(), text.as_string().unwrap_or_default()))
}

fn outcome(cmid: Cmid, status: u16, text: &str, sent: &web_sys::File) -> Net {
    if (200..300).contains(&status)
        && let Some(reply) = from_json::<UploadReply>(text)
    {
        // As this computer sees it, until the entry comes and says what the server found.
        let file = File {
            attachment: reply.attachment,
            name: sent.name(),
            media_type: sent.type_(),
            // File sizes are whole and far below 2^53.
            size: sent.size() as u64,
            width: None,
            height: None,
        };
        return Net::Uploaded(cmid, Ok(file));
    }
    let code = from_json::<Problem>(text).map(|problem| problem.code);
    match (status, code) {
        // A proxy in front may say it without our words.
        (413, None) => Net::Uploaded(cmid, Err(ErrorCode::TooLarge)),
        (_, Some(code)) if !code.is_retryable() => Net::Uploaded(cmid, Err(code)),
        _ => Net::UploadBroken(cmid),
    }
}
