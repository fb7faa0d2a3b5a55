//! The time index of a pair of logs: a small file of records of one size, each saying how
//! long both logs were at a moment of a run. It is written beside the path of the data, by
//! the supervisor, and whatever happens to it, no line is lost: only its time is.
//!
//! A byte was written between the record before it and the first one that reaches beyond
//! it; the time of that one is said to be its time. Records are at least a tenth of a second
//! apart while much is written.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::{FileId, extents};

/// Which of the two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// That of stdout.
    Out,
    /// That of stderr.
    Err,
}

/// How long both logs were at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// When, in milliseconds since 1970 (UTC).
    pub time_ms: u64,
    /// Whether nobody looked before: when what precedes it was written is not known.
    pub is_first_look: bool,
    /// The number of the run.
    pub run: u32,
    /// The logical end of the log of stdout.
    pub out: u64,
    /// The logical end of the log of stderr.
    pub err: u64,
}

/// The size of a record on disk.
pub const RECORD_BYTES: usize = 32;

/// An index of this size is thinned out: 16,384 records are half an hour of a program that
/// never stops writing.
const FULL_BYTES: u64 = 512 << 10;

const FIRST_LOOK: u64 = 1 << 63;

impl Record {
    fn bytes(&self) -> [u8; RECORD_BYTES] {
        let time = self.time_ms | if self.is_first_look { FIRST_LOOK } else { 0 };
        let mut bytes = [0; RECORD_BYTES];
        bytes[..8].copy_from_slice(&time.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.out.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.err.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.run.to_le_bytes());
        let check = check(&bytes[..28]);
        bytes[28..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// `None` where these bytes were never written as a record.
    fn of(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let half = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        if half(28)? != check(&bytes[..28]) {
            return None;
        }
        let time = word(0)?;
        Some(Self {
            time_ms: time & !FIRST_LOOK,
            is_first_look: time & FIRST_LOOK != 0,
            out: word(8)?,
            err: word(16)?,
            run: half(24)?,
        })
    }

    fn end(&self, side: Side) -> u64 {
        match side {
            Side::Out => self.out,
            Side::Err => self.err,
        }
    }
}

/// FNV-1a, by which a damaged record is told from a whole one.
fn check(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Adds a record to the index at `path`, and thins it out where it has become long: of
/// what is before `begin` (the logical begin of each log) only the last record is kept, and
/// of the older half of the others every second.
///
/// # Errors
/// No space: the times of some lines will not be known.
pub fn append(path: &Path, record: &Record, begin: impl FnOnce() -> (u64, u64)) -> io::Result<()> {
    let mut file = crate::private::open_to_append(path)?;
    let length = file.metadata()?.len();
    let torn = length % RECORD_BYTES as u64;
    if torn > 0 {
        file.set_len(length - torn)?;
    }
    if length >= FULL_BYTES {
        thin_out(path, begin())?;
        file = crate::private::open_to_append(path)?;
    }
    io::Write::write_all(&mut file, &record.bytes())
}

/// The last record of the index at `path`, if it can be read.
#[must_use]
pub fn last(path: &Path) -> Option<Record> {
    let file = File::open(path).ok()?;
    let count = file.metadata().ok()?.len() / RECORD_BYTES as u64;
    let mut bytes = [0; RECORD_BYTES];
    extents::read_at(&file, count.checked_sub(1)? * RECORD_BYTES as u64, &mut bytes).ok()?;
    Record::of(&bytes)
}

/// Replaces the index by one of about half its records, a few of them in memory at a time.
fn thin_out(path: &Path, begin: (u64, u64)) -> io::Result<()> {
    let old = File::open(path)?;
    let count = old.metadata()?.len() / RECORD_BYTES as u64;
    let new_path = super::journal::with_suffix(path, "-new");
    let new = crate::private::create_file(&new_path)?;
    let mut writer = io::BufWriter::with_capacity(4096, &new);
    let mut last_removed = None;
    let mut bytes = [0; RECORD_BYTES];
    let mut number = 0;
    for at in 0..count {
        if extents::read_at(&old, at * RECORD_BYTES as u64, &mut bytes)? < RECORD_BYTES {
            break;
        }
        let Some(record) = Record::of(&bytes) else { continue };
        if record.out <= begin.0 && record.err <= begin.1 && at + 1 < count {
            last_removed = Some(bytes);
            continue;
        }
        if let Some(anchor) = last_removed.take() {
            io::Write::write_all(&mut writer, &anchor)?;
        }
        number += 1;
        // What began a run, or followed a time nobody looked, stands for itself.
        if at >= count / 2 || number % 2 == 0 || record.is_first_look {
            io::Write::write_all(&mut writer, &bytes)?;
        }
    }
    io::Write::flush(&mut writer)?;
    drop(writer);
    std::fs::rename(&new_path, path)
}

/// What an index says.
#[derive(Debug, Default)]
pub struct Index {
    path: PathBuf,
    file: Option<FileId>,
    read_bytes: u64,
    /// In the order of writing. Their ends never decrease: where a log was cut, what was
    /// recorded before of the part that is gone counts as its new end.
    records: Vec<Record>,
    /// The last record as it was written.
    last: Option<Record>,
    /// In which run each log was seen to be cut last.
    cut_in: [Option<u32>; 2],
}

impl Index {
    /// Reads the index at `path`. One that is missing or damaged knows less, and that is
    /// all.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let mut index = Self { path: path.to_owned(), ..Self::default() };
        index.read_on();
        index
    }

    /// Reads what was added since; answers whether there was anything.
    pub fn read_on(&mut self) -> bool {
        let Ok(file) = File::open(&self.path) else { return false };
        let Ok(id) = FileId::of(&file) else { return false };
        if self.file != Some(id) {
            self.file = Some(id);
            self.read_bytes = 0;
            self.records.clear();
            (self.last, self.cut_in) = (None, [None; 2]);
        }
        let length = file.metadata().map_or(0, |data| data.len());
        let count = usize::try_from(length.saturating_sub(self.read_bytes)).unwrap_or(0);
        let mut bytes = vec![0; count / RECORD_BYTES * RECORD_BYTES];
        let read = extents::read_at(&file, self.read_bytes, &mut bytes).unwrap_or(0);
        let whole = &bytes[..read / RECORD_BYTES * RECORD_BYTES];
        self.read_bytes += whole.len() as u64;
        for record in whole.chunks_exact(RECORD_BYTES).filter_map(Record::of) {
            if let Some(last) = self.last.replace(record).filter(|last| last.run == record.run) {
                for (cut_in, side) in self.cut_in.iter_mut().zip([Side::Out, Side::Err]) {
                    if record.end(side) < last.end(side) {
                        *cut_in = Some(record.run);
                    }
                }
            }
            self.records.push(record);
        }
        let mut limit = (u64::MAX, u64::MAX);
        for record in self.records.iter_mut().rev() {
            limit = (limit.0.min(record.out), limit.1.min(record.err));
            (record.out, record.err) = limit;
        }
        !whole.is_empty()
    }

    /// Its records. Their ends never decrease.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// When the byte at `offset` was written: at this time, or up to one step before. In
    /// milliseconds since 1970 (UTC).
    #[must_use]
    pub fn time_at(&self, side: Side, offset: u64) -> Option<u64> {
        let record = &self.records[self.reaching(side, offset)?];
        (!record.is_first_look).then_some(record.time_ms)
    }

    /// The run that wrote the byte at `offset`.
    #[must_use]
    pub fn run_at(&self, side: Side, offset: u64) -> Option<u32> {
        let record = &self.records[self.reaching(side, offset)?];
        (!record.is_first_look).then_some(record.run)
    }

    /// Where what was written at `time_ms` or later begins; up to one step more. `None`:
    /// nothing is known to be that young.
    #[must_use]
    pub fn offset_at(&self, side: Side, time_ms: u64) -> Option<u64> {
        let first = self.records.iter().position(|record| record.time_ms >= time_ms)?;
        // Before the first record, nobody looked.
        Some(first.checked_sub(1).map_or(0, |before| self.records[before].end(side)))
    }

    /// The end of the last record: what is behind it has no time yet.
    #[must_use]
    pub fn end(&self, side: Side) -> u64 {
        self.records.last().map_or(0, |record| record.end(side))
    }

    /// Whether a log that ends at `end` now was cut during the latest run, or after it.
    #[must_use]
    pub fn was_cut(&self, side: Side, end: u64) -> bool {
        let cut_in = self.cut_in[usize::from(side == Side::Err)];
        self.last.is_some_and(|last| cut_in == Some(last.run) || last.end(side) > end)
    }

    /// The number of the first record that reaches beyond `offset`, if one before it does
    /// not.
    #[must_use]
    pub fn reaching(&self, side: Side, offset: u64) -> Option<usize> {
        let number = self.records.partition_point(|record| record.end(side) <= offset);
        (number > 0 && number < self.records.len()).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(time_ms: u64, out: u64, err: u64) -> Record {
        Record { time_ms, is_first_look: false, run: 1, out, err }
    }

    fn written(records: &[Record]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("web.idx");
        for record in records {
            append(&path, record, || (0, 0)).expect("append");
        }
        (directory, path)
    }

    #[test]
    fn a_record_survives_its_bytes_and_a_damaged_one_is_none() {
        for is_first_look in [false, true] {
            let record = Record { is_first_look, ..record(1_763_903_904_123, 7, u64::MAX) };
            let mut bytes = record.bytes();
            assert_eq!(Record::of(&bytes), Some(record));
            bytes[9] ^= 1;
            assert_eq!(Record::of(&bytes), None);
        }
        assert_eq!(Record::of(&[0; RECORD_BYTES]), None);
        assert_eq!(Record::of(&[]), None);
    }

    #[test]
    fn a_byte_has_the_time_of_the_record_that_reaches_beyond_it() {
        let (_directory, path) =
            written(&[record(100, 50, 0), record(200, 60, 0), record(300, 60, 10)]);
        let index = Index::read(&path);
        for (offset, time) in
            [(0, None), (49, None), (50, Some(200)), (59, Some(200)), (60, None), (99, None)]
        {
            assert_eq!(index.time_at(Side::Out, offset), time, "{offset}");
        }
        assert_eq!(index.time_at(Side::Err, 0), Some(300));
        assert_eq!(index.run_at(Side::Err, 9), Some(1));
    }

    #[test]
    fn a_time_has_the_offset_from_which_on_nothing_is_older() {
        let (_directory, path) =
            written(&[record(100, 0, 0), record(200, 60, 0), record(300, 90, 0)]);
        let index = Index::read(&path);
        for (time, offset) in [
            (0, Some(0)),
            (100, Some(0)),
            (101, Some(0)),
            (201, Some(60)),
            (300, Some(60)),
            (301, None),
        ] {
            assert_eq!(index.offset_at(Side::Out, time), offset, "{time}");
        }
    }

    #[test]
    fn what_was_recorded_of_a_part_that_was_cut_off_does_not_count() {
        let (_directory, path) = written(&[
            record(100, 0, 0),
            record(200, 500, 0),
            record(300, 0, 0),
            record(400, 20, 0),
        ]);
        let index = Index::read(&path);
        assert_eq!(index.time_at(Side::Out, 0), Some(400));
        assert_eq!(index.time_at(Side::Out, 19), Some(400));
        assert_eq!(index.time_at(Side::Out, 20), None);
    }

    #[test]
    fn a_cut_is_known_until_the_next_run() {
        let of_run = |run, record| Record { run, ..record };
        let (_directory, path) = written(&[record(100, 0, 0), record(200, 500, 7)]);
        assert!(!Index::read(&path).was_cut(Side::Out, 500));
        assert!(Index::read(&path).was_cut(Side::Out, 499));
        append(&path, &record(300, 20, 7), || (0, 0)).expect("append");
        append(&path, &record(400, 600, 7), || (0, 0)).expect("append");
        let index = Index::read(&path);
        assert!(index.was_cut(Side::Out, 600) && !index.was_cut(Side::Err, 7));
        append(&path, &of_run(2, record(500, 600, 0)), || (0, 0)).expect("append");
        let index = Index::read(&path);
        assert!(!index.was_cut(Side::Out, 600) && !index.was_cut(Side::Err, 0));
    }

    #[test]
    fn a_torn_or_damaged_record_costs_only_itself() {
        let (_directory, path) =
            written(&[record(100, 0, 0), record(200, 10, 0), record(300, 20, 0)]);
        let mut bytes = std::fs::read(&path).expect("read");
        bytes[RECORD_BYTES + 3] ^= 0xff;
        bytes.extend([1; 13]);
        std::fs::write(&path, bytes).expect("write");
        append(&path, &record(400, 30, 0), || (0, 0)).expect("append");
        let index = Index::read(&path);
        let times: Vec<_> = index.records().iter().map(|record| record.time_ms).collect();
        assert_eq!(times, [100, 300, 400]);
        assert_eq!(index.time_at(Side::Out, 5), Some(300));
    }

    #[test]
    fn a_missing_index_knows_nothing() {
        let index = Index::read(Path::new("/nowhere/web.idx"));
        assert_eq!(index.time_at(Side::Out, 0), None);
        assert_eq!(index.offset_at(Side::Out, 0), None);
    }

    #[test]
    fn an_index_stays_small_and_keeps_what_the_log_still_has() {
        let (_directory, path) = written(&[]);
        let mut index = Index::read(&path);
        for number in 0..40_000 {
            let begin = || (number / 2, 0);
            append(&path, &record(number * 100, number, 0), begin).expect("append");
            assert!(number % 4001 > 0 || index.read_on());
        }
        index.read_on();
        assert!(std::fs::metadata(&path).expect("look").len() <= FULL_BYTES);
        assert_eq!(index.end(Side::Out), 39_999);
        for offset in [20_000, 25_000, 39_990] {
            let time = index.time_at(Side::Out, offset).expect("known") / 100;
            assert!((offset..offset + 20).contains(&time), "{offset}: {time}");
        }
    }
}
