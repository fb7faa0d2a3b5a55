//! Reading compressed archives at any place: those of ours by their members, any other
//! gzip or Zstandard file from its beginning on.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use flate2::bufread::{GzDecoder, MultiGzDecoder};
use ruzstd::decoding::StreamingDecoder;

use super::archive::Packing;
use super::extents;
use super::pack::{HEADER_BYTES, member_lengths};

/// How much is unpacked at once where there are no members.
const STEP_BYTES: usize = 256 << 10;

/// An open compressed archive.
pub(super) struct Unpacker {
    file: File,
    packing: Packing,
    members: Option<Vec<Member>>,
    /// What was unpacked last, and where it begins.
    unpacked: Vec<u8>,
    from: u64,
    stream: Option<Box<dyn Read + Send>>,
}

#[derive(Debug, Clone, Copy)]
struct Member {
    from: u64,
    length: u64,
    packed_from: u64,
    packed_length: u64,
}

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, packing, from, .. } = self;
        formatter
            .debug_struct("Unpacker")
            .field("file", file)
            .field("packing", packing)
            .field("from", from)
            .finish_non_exhaustive()
    }
}

impl Unpacker {
    pub(super) fn new(file: File, packing: Packing) -> Self {
        let members = match packing {
            Packing::Gzip => members(&file).ok().flatten(),
            _ => None,
        };
        Self { file, packing, members, unpacked: Vec::new(), from: 0, stream: None }
    }

    /// How much it holds.
    pub(super) fn length(&mut self) -> io::Result<u64> {
        if let Some(members) = &self.members {
            return Ok(members.last().map_or(0, |last| last.from + last.length));
        }
        self.rewind()?;
        while self.step()? {}
        Ok(self.from + self.unpacked.len() as u64)
    }

    /// Reads from the unpacked offset `at` on; fewer bytes than fit only at the end.
    pub(super) fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = at + filled as u64;
            let Some(inside) = self.unpack(at)? else { break };
            let there = &self.unpacked[inside..];
            let count = there.len().min(buffer.len() - filled);
            buffer[filled..filled + count].copy_from_slice(&there[..count]);
            filled += count;
        }
        Ok(filled)
    }

    /// Sees to it that the byte at `at` is unpacked; answers where. `None`: it ends before.
    fn unpack(&mut self, at: u64) -> io::Result<Option<usize>> {
        let end = |one: &Self| one.from + one.unpacked.len() as u64;
        if at < self.from || at >= end(self) {
            if let Some(members) = &self.members {
                let holds = |one: &&Member| one.from <= at && at < one.from + one.length;
                let Some(member) = members.iter().find(holds).copied() else { return Ok(None) };
                self.unpack_member(member)?;
            } else {
                if self.stream.is_none() || at < self.from {
                    self.rewind()?;
                }
                while at >= end(self) {
                    if !self.step()? {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(usize::try_from(at - self.from).ok())
    }

    fn unpack_member(&mut self, member: Member) -> io::Result<()> {
        let size = |length| usize::try_from(length).map_err(io::Error::other);
        let mut packed = vec![0; size(member.packed_length)?];
        extents::read_at(&self.file, member.packed_from, &mut packed)?;
        self.unpacked.clear();
        self.from = member.from;
        GzDecoder::new(&packed[..]).take(member.length).read_to_end(&mut self.unpacked)?;
        if self.unpacked.len() < size(member.length)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn rewind(&mut self) -> io::Result<()> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        let file = BufReader::with_capacity(64 << 10, file);
        self.unpacked.clear();
        self.from = 0;
        self.stream = Some(match self.packing {
            Packing::Zstd => Box::new(Frames { file: Some(file), frame: None }),
            _ => Box::new(MultiGzDecoder::new(file)),
        });
        Ok(())
    }

    /// Unpacks what follows; answers whether there was anything.
    fn step(&mut self) -> io::Result<bool> {
        let Some(stream) = &mut self.stream else { return Ok(false) };
        let from = self.from + self.unpacked.len() as u64;
        let mut unpacked = std::mem::take(&mut self.unpacked);
        unpacked.clear();
        stream.take(STEP_BYTES as u64).read_to_end(&mut unpacked)?;
        if unpacked.is_empty() {
            self.from = from;
            return Ok(false);
        }
        (self.unpacked, self.from) = (unpacked, from);
        Ok(true)
    }
}

/// The members of a file that was packed here; `None` of any other.
fn members(file: &File) -> io::Result<Option<Vec<Member>>> {
    let size = file.metadata()?.len();
    let (mut members, mut from, mut packed_from) = (Vec::new(), 0, 0);
    let mut header = [0; HEADER_BYTES];
    while packed_from < size {
        extents::read_at(file, packed_from, &mut header)?;
        let Some((packed_length, length)) = member_lengths(&header) else { return Ok(None) };
        let is_possible = packed_length >= HEADER_BYTES as u64
            && packed_length <= size - packed_from
            && length <= super::pack::MEMBER_BYTES as u64;
        if !is_possible {
            return Ok(None);
        }
        members.push(Member { from, length, packed_from, packed_length });
        from += length;
        packed_from += packed_length;
    }
    Ok(Some(members))
}

/// The frames of a Zstandard file, one after the other.
struct Frames {
    file: Option<BufReader<File>>,
    frame: Option<StreamingDecoder<BufReader<File>, ruzstd::decoding::FrameDecoder>>,
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let count = frame.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
            }
            if let Some(frame) = self.frame.take() {
                self.file = Some(frame.into_inner());
            }
            let Some(mut file) = self.file.take() else { return Ok(0) };
            if io::BufRead::fill_buf(&mut file)?.is_empty() {
                return Ok(0);
            }
            self.frame = Some(StreamingDecoder::new(file).map_err(io::Error::other)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn text() -> Vec<u8> {
        (0..200_000_u32).flat_map(|number| format!("{number}\n").into_bytes()).collect()
    }

    fn is_read_at_any_place(mut unpacker: Unpacker, text: &[u8]) {
        assert_eq!(unpacker.length().expect("length"), text.len() as u64);
        let mut buffer = vec![0; 100_000];
        for at in [0, 1_200_000, 1_048_570, 5, 300_000, text.len() - 10, text.len()] {
            let count = unpacker.read_at(at as u64, &mut buffer).expect("read");
            assert_eq!(count, buffer.len().min(text.len() - at), "{at}");
            assert!(buffer[..count] == text[at..at + count], "{at}");
        }
    }

    #[test]
    fn what_was_packed_here_is_read_by_its_members() {
        let directory = tempfile::tempdir().expect("directory");
        let (raw, packed) = (directory.path().join("raw"), directory.path().join("packed"));
        std::fs::write(&raw, text()).expect("write");
        super::super::pack::pack(&File::open(&raw).expect("open"), &packed).expect("pack");
        let unpacker = Unpacker::new(File::open(&packed).expect("open"), Packing::Gzip);
        assert!(unpacker.members.as_ref().is_some_and(|members| members.len() == 2));
        is_read_at_any_place(unpacker, &text());
        let mut whole = Vec::new();
        let file = BufReader::new(File::open(&packed).expect("open"));
        MultiGzDecoder::new(file).read_to_end(&mut whole).expect("any other reader");
        assert!(whole == text());
    }

    #[test]
    fn any_gzip_file_is_read() {
        let mut file = tempfile::tempfile().expect("file");
        for half in text().chunks(700_000) {
            let mut encoder = GzEncoder::new(&mut file, Compression::fast());
            encoder.write_all(half).expect("write");
            encoder.finish().expect("finish");
        }
        is_read_at_any_place(Unpacker::new(file, Packing::Gzip), &text());
    }

    #[test]
    fn any_zstandard_file_is_read() {
        use ruzstd::encoding::{CompressionLevel, compress_to_vec};
        let mut file = tempfile::tempfile().expect("file");
        for half in text().chunks(700_000) {
            let packed = compress_to_vec(half, CompressionLevel::Fastest);
            file.write_all(&packed).expect("write");
        }
        is_read_at_any_place(Unpacker::new(file, Packing::Zstd), &text());
    }

    #[test]
    fn a_damaged_file_is_an_error_and_no_other_text() {
        let file = tempfile::tempfile().expect("file");
        (&file).write_all(b"this is no gzip file").expect("write");
        assert!(Unpacker::new(file, Packing::Gzip).read_at(0, &mut [0; 8]).is_err());
    }
}
