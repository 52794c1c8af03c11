//! What a file is, by looking at it. Its content, its name and what the sender called it must agree on one
//! of the types of an allow-list (rule U1); pictures are decoded and written anew, which drops places,
//! cameras and whatever else hides in them.

use std::io::Cursor;

use image::codecs::gif::{GifDecoder, GifEncoder, Repeat};
use image::codecs::jpeg::JpegEncoder;
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

/// Most pixels of a picture: 24 million, counted before anything is decoded.
const PIXELS: u64 = 24_000_000;
/// Most pixels of all pictures of an animation together.
const ANIMATION_PIXELS: u64 = 4 * PIXELS;
/// Quality of JPEG files written anew, 1 to 100.
const JPEG_QUALITY: u8 = 88;

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// The type is not on the list.
    #[error("files of this type are not accepted")]
    NotAccepted,
    /// Content, name and declared type contradict each other.
    #[error("the content is not what the name or type says")]
    Disagree,
    /// A picture has more pixels than allowed.
    #[error("the picture has more than {limit} pixels")]
    TooManyPixels {
        /// How many are allowed.
        limit: u64,
    },
    /// A picture cannot be decoded.
    #[error("the picture is damaged")]
    Damaged,
}

/// A file that was accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its type.
    pub media_type: &'static str,
    /// What to store.
    pub bytes: Vec<u8>,
    /// Width and height in pixels, for pictures.
    pub pixels: Option<(u32, u32)>,
}

struct Kind {
    media_type: &'static str,
    extensions: &'static [&'static str],
    /// Other names that browsers give it.
    aliases: &'static [&'static str],
    picture: Option<ImageFormat>,
}

const fn kind(media_type: &'static str, extensions: &'static [&'static str], aliases: &'static [&'static str]) -> Kind {
    Kind { media_type, extensions, aliases, picture: None }
}

const fn picture(media_type: &'static str, extensions: &'static [&'static str], format: ImageFormat) -> Kind {
    Kind { media_type, extensions, aliases: &[], picture: Some(format) }
}

const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const TEXT: &str = "text/plain";
const CSV: &str = "text/csv";

const ACCEPTED: &[Kind] = &[
    picture("image/png", &["png"], ImageFormat::Png),
    picture("image/jpeg", &["jpg", "jpeg"], ImageFormat::Jpeg),
    picture("image/gif", &["gif"], ImageFormat::Gif),
    picture("image/webp", &["webp"], ImageFormat::WebP),
    kind("application/pdf", &["pdf"], &[]),
    kind("application/zip", &["zip"], &["application/x-zip-compressed", "application/x-zip"]),
    kind(DOCX, &["docx"], &[]),
    kind(XLSX, &["xlsx"], &[]),
    kind(PPTX, &["pptx"], &[]),
    kind("application/vnd.oasis.opendocument.text", &["odt"], &[]),
    kind("application/vnd.oasis.opendocument.spreadsheet", &["ods"], &[]),
    kind("audio/mpeg", &["mp3"], &["audio/mp3"]),
    kind("video/mp4", &["mp4"], &[]),
    kind(TEXT, &["txt", "log"], &[]),
    kind(CSV, &["csv"], &[TEXT, "application/vnd.ms-excel", "application/csv"]),
];

/// Looks at a file. `name` is its cleaned name, `declared` the media type the sender gave, if any.
///
/// # Errors
/// Says which rule it breaks; nothing about the content itself.
pub fn inspect(bytes: Vec<u8>, name: &str, declared: Option<&str>) -> Result<Accepted, ContentError> {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let extension = extension.ok_or(ContentError::NotAccepted)?;
    let kind = ACCEPTED.iter().find(|kind| kind.extensions.contains(&extension.as_str()));
    let kind = kind.ok_or(ContentError::NotAccepted)?;
    if !declared_as(kind, declared) || !looks_like(kind, &bytes) {
        return Err(ContentError::Disagree);
    }
    match kind.picture {
        None => Ok(Accepted { media_type: kind.media_type, bytes, pixels: None }),
        Some(ImageFormat::Gif) => animation(&bytes),
        Some(format) => still(&bytes, format, kind.media_type),
    }
}

/// Browsers declare nothing, or "some bytes", for types they do not know.
fn declared_as(kind: &Kind, declared: Option<&str>) -> bool {
    let essence =
        declared.and_then(|declared| declared.split(';').next()).map(|essence| essence.trim().to_ascii_lowercase());
    match essence.as_deref() {
        None | Some("" | "application/octet-stream") => true,
        Some(essence) => essence == kind.media_type || kind.aliases.contains(&essence),
    }
}

fn looks_like(kind: &Kind, bytes: &[u8]) -> bool {
    let found = infer::get(bytes).map(|found| found.mime_type());
    match kind.media_type {
        // No magic number: text is what is UTF-8, has no NUL, and is nothing else.
        TEXT | CSV => found.is_none() && !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok(),
        // Some writers order the parts of these containers so that only the container can be seen.
        DOCX | XLSX | PPTX => found == Some(kind.media_type) || found == Some("application/zip"),
        media_type => found == Some(media_type),
    }
}

fn still(bytes: &[u8], format: ImageFormat, media_type: &'static str) -> Result<Accepted, ContentError> {
    let mut decoder = reader(bytes, format).into_decoder().map_err(damaged)?;
    check_pixels(decoder.dimensions())?;
    let orientation = decoder.orientation().map_err(damaged)?;
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    decoded.apply_orientation(orientation);
    let mut out = Cursor::new(Vec::new());
    match format {
        ImageFormat::Jpeg => {
            let plain = DynamicImage::ImageRgb8(decoded.to_rgb8());
            plain.write_with_encoder(JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY)).map_err(damaged)?;
        }
        format => decoded.write_to(&mut out, format).map_err(damaged)?,
    }
    let pixels = Some((decoded.width(), decoded.height()));
    Ok(Accepted { media_type, bytes: out.into_inner(), pixels })
}

fn animation(bytes: &[u8]) -> Result<Accepted, ContentError> {
    let size = reader(bytes, ImageFormat::Gif).into_dimensions().map_err(damaged)?;
    check_pixels(size)?;
    let each = u64::from(size.0) * u64::from(size.1);
    let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut out = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut out, 20);
    encoder.set_repeat(Repeat::Infinite).map_err(damaged)?;
    let mut total = 0;
    for frame in decoder.into_frames() {
        total += each;
        if total > ANIMATION_PIXELS {
            return Err(ContentError::TooManyPixels { limit: ANIMATION_PIXELS });
        }
        encoder.encode_frame(frame.map_err(damaged)?).map_err(damaged)?;
    }
    drop(encoder);
    Ok(Accepted { media_type: "image/gif", bytes: out, pixels: Some(size) })
}

fn reader(bytes: &[u8], format: ImageFormat) -> ImageReader<Cursor<&[u8]>> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    // Room for the pixels at 8 bytes each, and for the decoder.
    limits.max_alloc = Some(PIXELS * 8 + 64 * 1024 * 1024);
    reader.limits(limits);
    reader
}

fn check_pixels((width, height): (u32, u32)) -> Result<(), ContentError> {
    if u64::from(width) * u64::from(height) > PIXELS {
        return Err(ContentError::TooManyPixels { limit: PIXELS });
    }
    Ok(())
}

fn damaged(_: ImageError) -> ContentError {
    ContentError::Damaged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut out, ImageFormat::Png).unwrap();
        out.into_inner()
    }

    #[test]
    fn a_picture_is_written_anew_without_what_hides_in_it() {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(3, 2).write_to(&mut out, ImageFormat::Jpeg).unwrap();
        let mut bytes = out.into_inner();
        // A comment segment right after the start marker, where cameras put theirs.
        let secret = b"home address";
        let mut segment = vec![0xff, 0xfe, 0, secret.len() as u8 + 2];
        segment.extend_from_slice(secret);
        bytes.splice(2..2, segment);
        let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
        assert!(holds(&bytes));
        let accepted = inspect(bytes, "a.JPG", Some("image/jpeg")).unwrap();
        assert_eq!((accepted.media_type, accepted.pixels), ("image/jpeg", Some((3, 2))));
        assert!(!holds(&accepted.bytes));
    }

    #[test]
    fn content_name_and_declared_type_must_agree() {
        let refused = |bytes: &[u8], name, declared| inspect(bytes.to_vec(), name, declared).unwrap_err();
        assert_eq!(refused(&png(1, 1), "a.jpg", None), ContentError::Disagree);
        assert_eq!(refused(&png(1, 1), "a.png", Some("text/html")), ContentError::Disagree);
        assert_eq!(refused(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg", None), ContentError::NotAccepted);
        assert_eq!(refused(b"<html><script>", "a.html", None), ContentError::NotAccepted);
        assert_eq!(refused(b"MZ\x90\0", "a.exe", None), ContentError::NotAccepted);
        assert_eq!(refused(b"MZ\x90\0", "a.txt", None), ContentError::Disagree);
        assert_eq!(refused(b"a\0b", "a.txt", None), ContentError::Disagree);
        assert_eq!(refused(b"plain", "noextension", None), ContentError::NotAccepted);
        assert_eq!(refused(b"\x89PNG\r\n\x1a\nrubbish", "a.png", None), ContentError::Damaged);
    }

    #[test]
    fn common_documents_are_taken_as_they_are() {
        let text = inspect("Grüße".as_bytes().to_vec(), "note.txt", Some("text/plain; charset=utf-8")).unwrap();
        assert_eq!((text.media_type, text.bytes.as_slice()), ("text/plain", "Grüße".as_bytes()));
        assert_eq!(inspect(b"%PDF-1.7\n".to_vec(), "a.pdf", None).unwrap().media_type, "application/pdf");
        let table = inspect(b"a,b\n1,2\n".to_vec(), "a.csv", Some("application/vnd.ms-excel")).unwrap();
        assert_eq!(table.media_type, "text/csv");
    }

    #[test]
    fn a_pixel_flood_is_refused_before_it_is_decoded() {
        // The header says 50,000 x 50,000; nothing of that size is in the file.
        let mut bytes = png(1, 1);
        bytes[16..20].copy_from_slice(&50_000u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&50_000u32.to_be_bytes());
        let error = inspect(bytes, "a.png", None).unwrap_err();
        assert!(matches!(error, ContentError::TooManyPixels { .. } | ContentError::Damaged), "{error:?}");
    }
}
