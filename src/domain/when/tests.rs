//! Times as people write them, in a table; and that nothing panics.

use proptest::prelude::*;

use super::*;

const BERLIN: &str = "Europe/Berlin";

/// Saturday 21 November 2026, 14:02 in Berlin.
fn now() -> UtcMs {
    UtcMs::parse_rfc3339("2026-11-21T14:02:00+01:00").unwrap()
}

fn read(text: &str) -> Result<When, WhenError> {
    parse(text, BERLIN, now(), Past::Refused)
}

fn trouble(text: &str, zone: &str) -> WhenError {
    parse(text, zone, now(), Past::Refused).expect_err(text)
}

#[test]
fn d_times_are_taken_as_people_write_them() {
    let table = [
        ("now", "2026-11-21T13:02:00Z", BERLIN),
        ("in 20m", "2026-11-21T13:22:00Z", BERLIN),
        ("in 1h 30m", "2026-11-21T14:32:00Z", BERLIN),
        ("in 2 days", "2026-11-23T13:02:00Z", BERLIN),
        ("18:30", "2026-11-21T17:30:00Z", BERLIN),
        ("today 18:30", "2026-11-21T17:30:00Z", BERLIN),
        ("tomorrow 9:30", "2026-11-22T08:30:00Z", BERLIN),
        ("Tomorrow at 9:30pm", "2026-11-22T20:30:00Z", BERLIN),
        ("9am tomorrow", "2026-11-22T08:00:00Z", BERLIN),
        ("12am tomorrow", "2026-11-21T23:00:00Z", BERLIN),
        ("noon tomorrow", "2026-11-22T11:00:00Z", BERLIN),
        ("fri 14:00", "2026-11-27T13:00:00Z", BERLIN),
        ("saturday 15:00", "2026-11-21T14:00:00Z", BERLIN),
        ("sat 9:00", "2026-11-28T08:00:00Z", BERLIN),
        (
            "fri 14:00 America/New_York",
            "2026-11-27T19:00:00Z",
            "America/New_York",
        ),
        (
            "fri 14:00 europe/london",
            "2026-11-27T14:00:00Z",
            "Europe/London",
        ),
        ("2026-11-24 09:00", "2026-11-24T08:00:00Z", BERLIN),
        ("2026-11-24T09:00", "2026-11-24T08:00:00Z", BERLIN),
        ("2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z", BERLIN),
        ("2026-11-24T09:00:00-05:00", "2026-11-24T14:00:00Z", BERLIN),
        ("2026-11-24 09:00 +05:30", "2026-11-24T03:30:00Z", BERLIN),
        ("2026-11-24 09:00 CET", "2026-11-24T08:00:00Z", BERLIN),
        ("2026-11-24 09:00 UTC", "2026-11-24T09:00:00Z", "UTC"),
    ];
    for (text, instant, zone) in table {
        let when = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(when.instant.to_string(), instant, "{text}");
        assert_eq!(when.zone, zone, "{text}");
    }
    assert_eq!(read("tomorrow 9:30").unwrap().civil, "2026-11-22T09:30:00");
    // An offset fixes the instant; the zone shows it.
    let far = read("2026-11-24T09:00:00-05:00").unwrap();
    assert_eq!(far.civil, "2026-11-24T15:00:00");
}

#[test]
fn d_what_has_passed_is_refused_with_a_way_on() {
    let error = trouble("9:30", BERLIN);
    assert_eq!(error.trouble, Trouble::Past);
    assert_eq!(
        error.to_string(),
        "9:30 has passed today. Write tomorrow 9:30, or now."
    );
    for text in [
        "today 9:30",
        "2026-11-20 09:00",
        "2026-11-21T13:01:00Z",
        "in -5m",
    ] {
        assert_eq!(trouble(text, BERLIN).trouble, Trouble::Past, "{text}");
    }
    let filter = parse("2026-11-20 09:00", BERLIN, now(), Past::Allowed).unwrap();
    assert_eq!(filter.instant.to_string(), "2026-11-20T08:00:00Z");
    assert!(parse("9:30", BERLIN, now(), Past::Allowed).unwrap().instant < now());
}

#[test]
fn d_what_is_no_time_is_said_so() {
    for text in [
        "",
        "  ",
        "soon",
        "25:00",
        "9",
        "9:5",
        "tomorrow tomorrow 9:00",
        "13pm",
        "\u{1b}[2J",
    ] {
        assert_eq!(
            trouble(text, BERLIN).trouble,
            Trouble::NotUnderstood,
            "{text:?}"
        );
    }
    assert_eq!(trouble("tomorrow", BERLIN).trouble, Trouble::NoTime);
    assert_eq!(
        trouble("tomorrow 9:00 Mars/Base", BERLIN).trouble,
        Trouble::UnknownZone
    );
    assert_eq!(
        trouble("tomorrow 9:00 PST", BERLIN).trouble,
        Trouble::UnknownZone
    );
    assert_eq!(
        trouble("tomorrow 9:00", "Nowhere").trouble,
        Trouble::UnknownZone
    );
    assert_eq!(trouble("in 99999999d", BERLIN).trouble, Trouble::TooFar);
}

#[test]
fn row_34_a_time_the_clocks_skip_is_refused_naming_the_gap() {
    let error = trouble("2027-03-28 02:30", BERLIN);
    assert_eq!(error.trouble, Trouble::Gap);
    assert_eq!(
        error.to_string(),
        "2027-03-28 02:30 does not exist in Europe/Berlin: the clocks go from 02:00 to 03:00 \
         there that day. Write 2027-03-28 03:30, or an earlier time."
    );
    assert!(read("2027-03-28 03:00").is_ok() && read("2027-03-28 01:59").is_ok());
    // Half an hour on Lord Howe.
    let howe = trouble("2027-10-03 02:10", "Australia/Lord_Howe");
    assert!(howe.to_string().contains("from 02:00 to 02:30"), "{howe}");
}

#[test]
fn row_34_a_time_that_comes_twice_asks_which_and_takes_the_answer() {
    let error = trouble("2027-10-31 02:30", BERLIN);
    assert_eq!(error.trouble, Trouble::Fold);
    assert_eq!(
        error.to_string(),
        "2027-10-31 02:30 comes twice in Europe/Berlin. Write 2027-10-31 02:30 +02:00 (CEST) \
         for the first or 2027-10-31 02:30 +01:00 (CET) for the second."
    );
    let table = [
        ("2027-10-31 02:30 +02:00", "2027-10-31T00:30:00Z"),
        ("2027-10-31 02:30 CEST", "2027-10-31T00:30:00Z"),
        ("2027-10-31 02:30+01:00", "2027-10-31T01:30:00Z"),
        ("2027-10-31 02:30 cet", "2027-10-31T01:30:00Z"),
    ];
    for (text, instant) in table {
        assert_eq!(read(text).unwrap().instant.to_string(), instant, "{text}");
        assert_eq!(read(text).unwrap().civil, "2027-10-31T02:30:00");
    }
}

#[test]
fn c4_days_keep_the_clock_time_and_hours_do_not() {
    let berlin = zone(BERLIN).unwrap();
    let start = UtcMs::parse_rfc3339("2027-03-27T09:00:00+01:00").unwrap();
    let moved = |text: &str| parse_shift(text).unwrap().from(start, &berlin).unwrap();
    assert_eq!(moved("3d").civil, "2027-03-30T09:00:00");
    assert_eq!(moved("72h").civil, "2027-03-30T10:00:00");
    assert_eq!(moved("-1d").civil, "2027-03-26T09:00:00");
    assert_eq!(moved("+1w 2h").civil, "2027-04-03T11:00:00");
    let gap = UtcMs::parse_rfc3339("2027-03-27T02:30:00+01:00").unwrap();
    let error = parse_shift("1d").unwrap().from(gap, &berlin).unwrap_err();
    assert_eq!(error.trouble, Trouble::Gap);
    for text in [
        "",
        "-",
        "3",
        "d",
        "3x",
        "h3",
        "3d-1h",
        "99999999999999999999h",
    ] {
        assert!(parse_shift(text).is_err(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn d_no_text_makes_it_panic(
        text in "\\PC{0,40}|([0-9:+-]{0,6}[ T]?){0,4}(mon|in|Z|CET|Europe/Berlin|d|h|é)?",
        at in prop::num::i64::ANY,
    ) {
        for zone in [BERLIN, "America/St_Johns", "UTC"] {
            let _ = parse(&text, zone, UtcMs(at), Past::Allowed);
            let _ = parse(&text, zone, now(), Past::Refused);
        }
        let _ = parse_shift(&text);
    }

    #[test]
    fn d_what_is_written_as_a_clock_time_reads_back(minutes in 1i64..500_000) {
        let at = UtcMs(now().0 + minutes * 60_000);
        let civil = at.timestamp().to_zoned(zone(BERLIN).unwrap()).datetime();
        let text = civil.strftime("%Y-%m-%d %H:%M").to_string();
        match read(&text) {
            Ok(when) => prop_assert_eq!(when.instant, at),
            Err(error) => prop_assert_eq!(error.trouble, Trouble::Fold),
        }
    }
}
