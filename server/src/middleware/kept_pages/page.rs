//! A rendered page, cut where its nonce stood, so that another can be put there without looking or compressing again.

use axum::http::{HeaderMap, header};
use flate2::{Compress, Compression, Crc, FlushCompress};
use std::time::{Duration, Instant};

/// The head of a file (RFC 1952): deflated, no name, no time, any system.
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The last block, without content (RFC 1951, section 3.2.4).
const LAST_BLOCK: [u8; 5] = [1, 0, 0, 0xff, 0xff];
/// Room for the head, the end, and a block around each nonce.
const OVERHEAD: usize = 64;

pub(super) struct Page {
    pub(super) headers: HeaderMap,
    /// When rendering it began. What it shows was read after that.
    pub(super) began: Instant,
    /// How long that took, with what it read.
    pub(super) cost: Duration,
    first: Piece,
    /// Before each of them stands the nonce.
    others: Vec<Piece>,
}

/// What is the same in every response.
struct Piece {
    html: Vec<u8>,
    /// Deflated so that it ends with a whole byte and looks back at nothing before it.
    deflated: Vec<u8>,
}

impl Page {
    /// Cuts a page where the nonce stands with which it was rendered.
    pub(super) fn new(mut headers: HeaderMap, html: &[u8], nonce: &str, began: Instant) -> Self {
        headers.remove(header::CONTENT_LENGTH);
        let mut pieces = cut(html, nonce.as_bytes()).into_iter().map(Piece::new);
        let first = pieces.next().unwrap_or_else(|| Piece::new(html));
        Self { headers, began, cost: began.elapsed(), first, others: pieces.collect() }
    }

    /// How many bytes it takes to keep.
    pub(super) fn len(&self) -> usize {
        self.pieces().map(|piece| piece.html.len() + piece.deflated.len()).sum()
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        std::iter::once(&self.first).chain(&self.others)
    }

    pub(super) fn html(&self, nonce: &str) -> Vec<u8> {
        let mut page = Vec::with_capacity(self.len());
        page.extend_from_slice(&self.first.html);
        for piece in &self.others {
            page.extend_from_slice(nonce.as_bytes());
            page.extend_from_slice(&piece.html);
        }
        page
    }

    /// The same compressed: what was deflated before, with each nonce in a block of its own that is not compressed.
    pub(super) fn gzip(&self, nonce: &str) -> Vec<u8> {
        let (mut file, mut sum) = (Vec::with_capacity(self.len() + OVERHEAD), Crc::new());
        file.extend_from_slice(&GZIP_HEAD);
        file.extend_from_slice(&self.first.deflated);
        sum.update(&self.first.html);
        let length = u16::try_from(nonce.len()).unwrap_or_default();
        for piece in &self.others {
            file.push(0);
            file.extend_from_slice(&length.to_le_bytes());
            file.extend_from_slice(&(!length).to_le_bytes());
            file.extend_from_slice(nonce.as_bytes());
            file.extend_from_slice(&piece.deflated);
            sum.update(nonce.as_bytes());
            sum.update(&piece.html);
        }
        file.extend_from_slice(&LAST_BLOCK);
        file.extend_from_slice(&sum.sum().to_le_bytes());
        file.extend_from_slice(&sum.amount().to_le_bytes());
        file
    }
}

impl Piece {
    fn new(html: &[u8]) -> Self {
        Self { html: html.to_vec(), deflated: deflate(html) }
    }
}

fn deflate(html: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    // What cannot be compressed grows by a few bytes for each 16 kB.
    let mut deflated = Vec::with_capacity(html.len() + html.len() / 1000 + OVERHEAD);
    let _is_done = compress.compress_vec(html, &mut deflated, FlushCompress::Sync);
    deflated
}

/// The parts between the marks.
fn cut<'a>(text: &'a [u8], mark: &[u8]) -> Vec<&'a [u8]> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.windows(mark.len().max(1)).position(|window| window == mark) {
        let (part, from_mark) = rest.split_at(at);
        parts.push(part);
        rest = from_mark.get(mark.len()..).unwrap_or_default();
    }
    parts.push(rest);
    parts
}

/// Whether who asks can read gzip (RFC 9110, section 12.5.3). Who does not say so gets the page as it is.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_some_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::{Page, takes_gzip};
    use axum::http::{HeaderMap, HeaderValue, header};
    use flate2::read::GzDecoder;
    use std::{io::Read, time::Instant};

    fn unpack(file: &[u8]) -> String {
        let mut text = String::new();
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_page_is_the_same_but_for_its_nonce() {
        let lessons = "<p>lesson</p>".repeat(5000);
        for html in [
            "NONCE".to_owned(),
            "no mark".to_owned(),
            "<script nonce=\"NONCE\"></script><script nonce=\"NONCE\">".to_owned(),
            format!("NONCE{lessons}NONCENONCE{lessons}"),
        ] {
            let page = Page::new(HeaderMap::new(), html.as_bytes(), "NONCE", Instant::now());
            for nonce in ["AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBB"] {
                let expected = html.replace("NONCE", nonce);
                assert!(page.html(nonce) == expected.as_bytes());
                assert!(unpack(&page.gzip(nonce)) == expected);
            }
        }
    }

    #[test]
    fn what_is_kept_is_compressed() {
        let page = Page::new(HeaderMap::new(), "<p>lesson</p>".repeat(5000).as_bytes(), "NONCE", Instant::now());
        assert!(page.gzip("A").len() < 1000);
        // Random letters do not compress, and are kept all the same.
        let noise: String =
            (0..40_000_u32).map(|n| char::from(b'0' + u8::try_from(n.wrapping_mul(2_654_435_761) >> 26).unwrap())).collect();
        let page = Page::new(HeaderMap::new(), noise.as_bytes(), "NONCE", Instant::now());
        assert!(unpack(&page.gzip("A")) == noise);
    }

    #[test]
    fn gzip_is_for_who_takes_it() {
        for (accepted, expected) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("GZIP", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000", false),
            ("br", false),
            ("*", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(takes_gzip(&headers), expected, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
