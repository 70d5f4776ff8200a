//! Pictures: taken from forms and from scripts, and served for good.

use super::problem::Problem;
use crate::AppState;
use axum::{
    Extension, Json,
    body::Bytes,
    extract::{FromRequest, Multipart, Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use backend::pictures::UploadError;
use domain::{
    Error, PictureId,
    account::Viewer,
    picture::{self, PictureFile, PictureFormat, PictureKind, Refusal},
};
use serde_json::json;

/// The largest body: a picture, and the form around it.
pub(crate) const MAX_UPLOAD: usize = picture::MAX_BYTES as usize + 16 * 1024;
/// The largest frame of a running stream. The browser sends them small.
pub(crate) const MAX_PREVIEW: usize = 512 * 1024;

/// Nothing that stands under these addresses may ever act as a page.
const POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// `GET /pictures/{id}/{file}`. Who asks for WebP and also shows AVIF gets that, if it is there.
pub(crate) async fn get(
    State(state): State<AppState>,
    Path((id, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let not_found = || Problem(Error::not_found("picture"));
    let (Ok(id), Ok(file)) = (id.parse::<PictureId>(), file.parse::<PictureFile>()) else { return Err(not_found()) };
    let mut found = None;
    if file.format == PictureFormat::Webp && accepts(&headers, PictureFormat::Avif.media_type()) {
        let smaller = PictureFile { format: PictureFormat::Avif, ..file };
        // It is there only to save something: without it, for whatever reason, the other will do.
        found = state.backend.pictures.file(id, smaller).await.ok().flatten().map(|bytes| (smaller.format, bytes));
    }
    let (format, bytes) = match found {
        Some(found) => found,
        None => (file.format, state.backend.pictures.file(id, file).await?.ok_or_else(not_found)?),
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(header::CACHE_CONTROL, FOR_GOOD);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    Ok(response)
}

/// `POST /api/pictures/{kind}`, for a person or a stream: the file itself, or a form with it.
pub(crate) async fn post(
    State(state): State<AppState>,
    viewer: Option<Extension<Viewer>>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let (kind, viewer) = match authorize(&kind, viewer) {
        Ok(allowed) => allowed,
        Err(problem) => return problem.into_response(),
    };
    let uploaded = match file(&headers, request).await {
        Ok(file) => state.backend.pictures.upload(&viewer, kind, file).await,
        Err(refusal) => Err(refusal.into()),
    };
    match uploaded {
        Ok(_) if is_form(&headers) => back_to_settings(kind, "saved"),
        Ok(id) => created(id),
        Err(UploadError::Refused(refusal)) if is_form(&headers) => back_to_settings(kind, refusal.code()),
        Err(error) => refused(kind, error),
    }
}

/// `POST /api/pictures/preview`: a frame of what the viewer sends at the moment. That they send nothing any more is no error:
/// a frame may be on its way when a stream ends.
pub(crate) async fn post_preview(
    State(state): State<AppState>,
    viewer: Option<Extension<Viewer>>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let Some(Extension(viewer)) = viewer else { return Problem(Error::Unauthenticated).into_response() };
    let taken = match file(&headers, request).await {
        Ok(file) => state.backend.pictures.preview(&viewer, file).await,
        Err(refusal) => Err(refusal.into()),
    };
    match taken {
        Ok(Some(id)) => created(id),
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(PictureKind::Preview, error),
    }
}

fn created(id: PictureId) -> Response {
    (StatusCode::CREATED, Json(json!({ "picture": id }))).into_response()
}

/// `DELETE /api/pictures/{kind}`.
pub(crate) async fn delete(
    State(state): State<AppState>,
    viewer: Option<Extension<Viewer>>,
    Path(kind): Path<String>,
) -> Result<StatusCode, Problem> {
    let (kind, viewer) = authorize(&kind, viewer)?;
    state.backend.pictures.remove(&viewer, kind).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/pictures/{kind}/remove`: the same for forms, which cannot delete.
pub(crate) async fn post_remove(
    State(state): State<AppState>,
    viewer: Option<Extension<Viewer>>,
    Path(kind): Path<String>,
) -> Result<Response, Problem> {
    let (kind, viewer) = authorize(&kind, viewer)?;
    state.backend.pictures.remove(&viewer, kind).await?;
    Ok(back_to_settings(kind, "removed"))
}

fn authorize(kind: &str, viewer: Option<Extension<Viewer>>) -> Result<(PictureKind, Viewer), Problem> {
    let kind = match kind.parse() {
        Ok(kind @ (PictureKind::Avatar | PictureKind::Thumbnail)) => kind,
        Ok(PictureKind::Preview) | Err(_) => return Err(Error::not_found("kind of picture").into()),
    };
    let Extension(viewer) = viewer.ok_or(Error::Unauthenticated)?;
    Ok((kind, viewer))
}

/// The file in a request.
async fn file(headers: &HeaderMap, request: Request) -> Result<Bytes, Refusal> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let file = if essence.eq_ignore_ascii_case("multipart/form-data") {
        file_of_form(request).await?
    } else if picture::is_taken(essence) {
        Bytes::from_request(request, &()).await.map_err(|rejection| cut_short(rejection.status()))?
    } else {
        return Err(Refusal::WrongType);
    };
    if file.len() > picture::MAX_BYTES as usize { Err(Refusal::TooLarge) } else { Ok(file) }
}

/// The first file in a form. Its name is nobody's business.
async fn file_of_form(request: Request) -> Result<Bytes, Refusal> {
    let mut form = Multipart::from_request(request, &()).await.map_err(|_no_boundary| Refusal::WrongType)?;
    while let Some(field) = form.next_field().await.map_err(|error| cut_short(error.status()))? {
        if field.file_name().is_some() {
            return field.bytes().await.map_err(|error| cut_short(error.status()));
        }
    }
    Err(Refusal::Missing)
}

fn cut_short(status: StatusCode) -> Refusal {
    if status == StatusCode::PAYLOAD_TOO_LARGE { Refusal::TooLarge } else { Refusal::Unreadable }
}

/// Whether a form was sent without script, so that the answer must be a page.
fn is_form(headers: &HeaderMap) -> bool {
    accepts(headers, "text/html")
}

/// Whether a media type is named among those that are wanted.
fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains(media_type))
}

/// The page with the form again, and in its address a word on what became of it.
fn back_to_settings(kind: PictureKind, word: &str) -> Response {
    let kind = kind.slug();
    let location = format!("/settings?{kind}={word}#{kind}");
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

fn refused(kind: PictureKind, error: UploadError) -> Response {
    let refusal = match error {
        UploadError::Refused(refusal) => refusal,
        UploadError::Failed(error) => return Problem::from(error).into_response(),
    };
    let mut response = Problem(Error::invalid(kind.slug(), refusal.to_string())).into_response();
    match refusal {
        Refusal::TooLarge => *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::WrongType => {
            *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            // RFC 9110 section 12.5.1: what would be taken.
            response.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(picture::MEDIA_TYPES));
        }
        Refusal::Missing | Refusal::Unreadable | Refusal::TooManyPixels | Refusal::TooSmall => {}
    }
    response
}
