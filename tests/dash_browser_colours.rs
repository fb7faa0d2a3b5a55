//! The colours of logs: what a program chose is kept, and can be read in both themes.

use tests::*;

/// Words, and the codes before them.
const WORDS: [(&str, &str); 20] = [
    ("on yellow", "48;5;226"),
    ("on teal", "48;2;20;80;120"),
    ("orange", "38;5;208"),
    ("yellow", "38;5;226"),
    ("navy", "38;5;17"),
    ("red inverted", "7;31"),
    ("inverted", "7"),
    ("blue inverted back", "7;44;27"),
    ("white on blue", "97;44"),
    ("black on white", "30;47"),
    ("black on black", "30;40"),
    ("grey on grey", "38;2;100;100;100;48;2;120;120;120"),
    ("red by colons", "38:2::255:0:0"),
    ("green by colons", "38:2:0:128:0"),
    ("orange by colons", "38:5:208"),
    ("curly", "4:3"),
    ("underlined in red", "4;58;2;255;0;0"),
    ("faint", "2"),
    ("faint red", "2;31"),
    ("plain again", "38:2::255:0:0;48;5;226;0"),
];

/// Shows all of them, and the sixteen before and behind words, on both streams.
fn show_words(home: &Home) -> (Dashboard, Browser) {
    let mut script = String::new();
    for (words, codes) in WORDS {
        script.push_str(&format!("printf '\\033[{codes}m%s\\033[0m\\n' '{words}'\n"));
    }
    script.push_str(
        "for s in 1 2; do for n in 0 1 2 3 4 5 6 7; do printf '\\033[3%smwords \\033[9%smbright \
         \\033[0;4%smbehind \\033[10%smbright\\033[0m\\n' $n $n $n $n >&$s; done; done\n\
         exec sleep 60\n",
    );
    home.script("colours.sh", &script);
    home.verb("run", ["-q", "colours", "--", "sh", "colours.sh"]).ok();
    let dashboard = Dashboard::start(home);
    let browser = Browser::at(home, &dashboard);
    browser.view("#/logs/colours");
    browser.until(&format!("document.querySelectorAll('.log-line').length > {}", WORDS.len() + 15));
    (dashboard, browser)
}

fn choose(browser: &Browser, theme: &str) {
    browser.script("document.documentElement.dataset.theme = arguments[0]", &[json!(theme)]);
}

#[test]
fn every_colour_can_be_read_in_both_themes_and_when_it_is_found() {
    let home = Home::new();
    let (_dashboard, browser) = show_words(&home);
    for address in ["#/logs/colours", "#/logs/colours?find=bright|red|yellow"] {
        browser.view("#/");
        browser.until("!document.querySelector('.log-line')");
        browser.view(address);
        // Every hit is marked, the first of a line too.
        let hits = if address.contains("find") { 38 } else { 0 };
        browser.until(&format!(
            "document.querySelectorAll('.log-line').length > 20 && \
             document.querySelectorAll('.log-line mark').length === {hits}"
        ));
        for theme in ["light", "dark"] {
            choose(&browser, theme);
            browser.screenshot(&format!("colours-{}-{theme}", address.len()));
            assert_eq!(browser.violations(), Vec::<Value>::new(), "{address} {theme}");
        }
    }
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_program_gets_the_colours_that_it_asked_for() {
    let home = Home::new();
    let (_dashboard, browser) = show_words(&home);
    choose(&browser, "light");
    let look = |words: &str| {
        let body = "const all = [...document.querySelectorAll('.log-line .text')]; \
            const text = all.find(one => one.textContent === arguments[0]); \
            const style = getComputedStyle(text.querySelector('span') ?? text); \
            return [style.color, style.backgroundColor, style.textDecorationLine]";
        let look = browser.script(body, &[json!(words)]);
        [0, 1, 2].map(|at| look[at].as_str().expect("a style").to_owned())
    };
    let none = "rgba(0, 0, 0, 0)";
    let [text, ..] = look("plain again");
    let [red, white, black] = ["rgb(179, 38, 30)", "rgb(255, 255, 255)", "rgb(0, 0, 0)"];
    assert_eq!(look("on yellow")[..2], [black, "rgb(255, 255, 0)"]);
    assert_eq!(look("on teal")[..2], [white, "rgb(20, 80, 120)"]);
    assert_eq!(look("red inverted")[..2], [white, red]);
    assert_eq!(look("inverted")[..2], [white, &text]);
    assert_eq!(look("white on blue")[..2], [white, "rgb(31, 85, 196)"]);
    assert_eq!(look("black on white")[..2], [black, "rgb(198, 202, 208)"]);
    assert_ne!(look("black on black")[0], black);
    for words in ["red by colons", "green by colons", "orange by colons", "faint", "faint red"] {
        let [colour, behind, _] = look(words);
        assert!(colour != text && behind == none, "{words}: {colour} on {behind}");
    }
    assert_eq!(look("orange by colons"), look("orange"));
    assert_eq!(look("curly"), [&text, none, "underline"]);
    assert_eq!(look("underlined in red"), [&text, none, "underline"]);
    assert_eq!(look("plain again")[1], none);
}
