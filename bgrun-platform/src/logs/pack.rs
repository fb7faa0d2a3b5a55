//! Compressing an archive: gzip, in members of a mebibyte each, so that a reader finds any
//! place without unpacking all that is before it. To `zcat` it is one file.
//!
//! Each member says in a field of its header how long it is, packed and unpacked, as BGZF
//! does (RFC 1952, 2.3.1.1; field `BG`).

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};

use super::extents;

/// How much is packed in one member.
pub(super) const MEMBER_BYTES: usize = 1 << 20;

/// The field in the header of a member: packed and unpacked length, 4 bytes each.
const FIELD: [u8; 4] = [b'B', b'G', 8, 0];

/// Where that field begins: behind the fixed header and the length of all fields.
const FIELD_AT: usize = 12;

/// The part of a header that tells how long its member is.
pub(super) const HEADER_BYTES: usize = FIELD_AT + FIELD.len() + 8;

/// The lengths of a member, packed and unpacked, if its header tells.
pub(super) fn member_lengths(header: &[u8; HEADER_BYTES]) -> Option<(u64, u64)> {
    let number = |at: usize| Some(u32::from_le_bytes(header.get(at..at + 4)?.try_into().ok()?));
    let is_ours = header.starts_with(&[0x1f, 0x8b]) && header[FIELD_AT..].starts_with(&FIELD);
    if !is_ours {
        return None;
    }
    Some((number(FIELD_AT + 4)?.into(), number(FIELD_AT + 8)?.into()))
}

/// Packs `from` into the new file `to`, durably.
///
/// # Errors
/// No space left; `to` is not whole then.
pub(super) fn pack(from: &File, to: &Path) -> io::Result<()> {
    let mut new = crate::private::create_file(to)?;
    let mut raw = vec![0; MEMBER_BYTES];
    let mut at = 0;
    loop {
        let count = extents::read_at(from, at, &mut raw)?;
        if count == 0 {
            break;
        }
        new.write_all(&member(&raw[..count])?)?;
        at += count as u64;
    }
    new.sync_all()
}

fn member(raw: &[u8]) -> io::Result<Vec<u8>> {
    let field = [&FIELD[..], &[0; 8]].concat();
    let builder = GzBuilder::new().extra(field);
    let mut packed = Vec::with_capacity(raw.len() / 4);
    builder.read(raw, Compression::default()).read_to_end(&mut packed)?;
    for (at, length) in [(FIELD_AT + 4, packed.len()), (FIELD_AT + 8, raw.len())] {
        let length = u32::try_from(length).map_err(io::Error::other)?;
        packed[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }
    Ok(packed)
}
