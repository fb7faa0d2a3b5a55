//! Points in time as people say them: `10m`, `14:03`, `2026-11-23`, RFC 3339.

use bgrun_platform::args::duration;
use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, Zoned};

/// What `text` means at `now`, whose time zone counts where `text` names none. A time of day
/// without a date is the last one that has passed.
pub(crate) fn moment(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let zone = now.time_zone();
    let local = |civil: DateTime| civil.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
    let ago = duration(text).ok().and_then(|ago| now.timestamp().checked_sub(ago).ok());
    if let Some(moment) = ago.or_else(|| text.parse::<Timestamp>().ok()) {
        return Ok(moment);
    }
    let civil = if is_time_of_day(text) {
        let time = text.parse::<Time>().map_err(|error| error.to_string());
        time.map(|time| {
            let today = now.date().to_datetime(time);
            let is_to_come = today > now.datetime();
            if is_to_come { today.yesterday_at_same_time() } else { today }
        })
    } else if text.contains(':') {
        text.parse::<DateTime>().map_err(|error| error.to_string())
    } else {
        text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)).map_err(|error| error.to_string())
    };
    civil.ok().and_then(|civil| local(civil).ok()).ok_or_else(|| {
        let text = bgrun_platform::text::safe(text);
        format!("'{text}' is no time (10m, 14:03, 2026-11-23, 2026-11-23T14:03:00Z)")
    })
}

/// Whether `text` says no day.
pub(crate) fn is_time_of_day(text: &str) -> bool {
    text.contains(':') && !text.contains('-')
}

trait Yesterday {
    fn yesterday_at_same_time(self) -> Self;
}

impl Yesterday for DateTime {
    fn yesterday_at_same_time(self) -> Self {
        self.yesterday().map_or(self, |yesterday| yesterday.date().to_datetime(self.time()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_say_a_time() {
        let now: Zoned = "2026-11-23T15:00:00+01:00[+01:00]".parse().expect("a time");
        for (text, expected) in [
            ("10m", "2026-11-23T13:50:00Z"),
            ("90", "2026-11-23T13:58:30Z"),
            ("1h30m", "2026-11-23T12:30:00Z"),
            ("14:03", "2026-11-23T13:03:00Z"),
            ("14:03:05.5", "2026-11-23T13:03:05.5Z"),
            ("16:00", "2026-11-22T15:00:00Z"),
            ("2026-11-23", "2026-11-22T23:00:00Z"),
            ("2026-11-20 08:15", "2026-11-20T07:15:00Z"),
            ("2026-11-20T08:15:30", "2026-11-20T07:15:30Z"),
            ("2026-11-20T08:15:30Z", "2026-11-20T08:15:30Z"),
            ("2026-11-20T08:15:30.250+02:00", "2026-11-20T06:15:30.25Z"),
        ] {
            let expected: Timestamp = expected.parse().expect("a time");
            assert_eq!(moment(text, &now), Ok(expected), "{text}");
        }
        for wrong in ["", "soon", "25:00", "2026-13-01", "10 minutes ago", "14"] {
            let is_duration = wrong == "14";
            assert_eq!(moment(wrong, &now).is_ok(), is_duration, "{wrong}");
        }
    }
}
