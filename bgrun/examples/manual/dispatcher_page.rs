//! bgrun.1: what is true of all verbs, and what the dispatcher itself understands.

use crate::aliases::ALIASES;
use crate::names::VERBS;
use crate::text::{self, FILES};
use crate::variables;
use crate::verbs::Verb;
use clap_mangen::roff::{Roff, bold, italic, roman};
use std::io;

const DESCRIPTION: &str = "\
bgrun keeps programs running in the background, without a daemon. What is started \
with it goes on when the terminal is closed, writes its output to files, and has its \
end recorded. Each process has one small supervisor of its own, which sleeps until \
something happens to that process.

`bgrun VERB` executes the program `bgrun-VERB`, which is looked for beside bgrun and \
then on PATH. Any program with such a name is a verb. Without a verb, `bgrun` lists the \
processes, and `bgrun NAME` shows everything about one of them.

With `--json` the tools print JSON; with `-` in the place of names they read it from \
stdin. So they work together with jq, cron and programs in any language. stdout is \
data; messages are on stderr.

Processes are chosen by a name, a glob (`'api-*'`), a group (`@prod`), `--all`, or \
`-` for stdin.";

const OLDER: &str = "\
The flags of the older tool of this name still work and are translated: \
`bgrun --name web --command 'node server.js'`, `bgrun --stop web`, `bgrun web --logs`, \
`bgrun --restart-all`, `bgrun --kill-port 3000`, `bgrun --json` and the rest of them.";

const EXAMPLES: &str = "\
bgrun run web -- node server.js
    start a server under the name web
bgrun
    see what runs, and what has ended
bgrun logs -f web
    follow what it writes
bgrun restart web
    stop it and start it again
bgrun ls --json | jq 'map(select(.memory_bytes > 5e8))' | bgrun kill -
    stop everything that uses more than 500 MB
bgrun ls --json --env > stack.json; bgrun run - < stack.json
    save all processes, and start them from that file";

pub(crate) fn render(verbs: &[Verb]) -> io::Result<Vec<u8>> {
    let mut roff = Roff::default();
    roff.control("SH", ["NAME"]);
    roff.text([roman("bgrun - programs that keep running, without a daemon")]);
    synopsis(&mut roff);
    roff.control("SH", ["DESCRIPTION"]);
    text::paragraphs(&mut roff, DESCRIPTION);
    roff.control("SS", ["Verbs"]);
    for verb in VERBS.iter().filter(|verb| verbs.iter().any(|there| there.name == verb.name)) {
        text::tagged(&mut roff, &format!("bgrun {}", verb.name), verb.about);
    }
    roff.control("SS", ["Other words for them"]);
    let is_there = |verb: &str| verbs.iter().any(|there| there.name == verb);
    let aliases = ALIASES.iter().filter(|(_, verb, _)| is_there(verb));
    let aliases: Vec<_> = aliases.map(|(alias, ..)| (*alias, text::meaning_of(alias))).collect();
    for same in aliases.chunk_by(|(_, one), (_, other)| one == other) {
        let words: Vec<&str> = same.iter().map(|(alias, _)| *alias).collect();
        let meaning = format!("`bgrun {}`", same[0].1);
        text::tagged(&mut roff, &format!("bgrun {}", words.join(", ")), &meaning);
    }
    roff.control("SS", ["Older spelling"]);
    text::paragraphs(&mut roff, OLDER);
    options(&mut roff);
    roff.control("SH", ["EXIT STATUS"]);
    roff.text([roman("That of the verb. All of them use the same codes:")]);
    for (code, meaning) in text::exit_codes() {
        text::tagged(&mut roff, &code, &meaning);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for variable in variables::all() {
        text::tagged(&mut roff, &variable.name, &variable.meaning);
    }
    roff.control("SH", ["FILES"]);
    text::tagged_block(&mut roff, FILES);
    roff.control("SH", ["EXAMPLES"]);
    text::tagged_block(&mut roff, EXAMPLES);
    let mut pages: Vec<String> = verbs.iter().map(|verb| format!("bgrun-{}", verb.name)).collect();
    pages.sort();
    text::see_also(&mut roff, pages.iter().map(String::as_str));

    let mut page = text::title("bgrun");
    roff.to_writer(&mut page)?;
    Ok(page)
}

fn synopsis(roff: &mut Roff) {
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold("bgrun")]);
    roff.control("br", []);
    roff.text([bold("bgrun "), italic("NAME")]);
    roff.control("br", []);
    roff.text([bold("bgrun "), italic("VERB"), roman(" ["), italic("ARGUMENT"), roman("...]")]);
}

fn options(roff: &mut Roff) {
    roff.control("SH", ["OPTIONS"]);
    text::tagged(roff, "-h, --help, help", "Show the installed verbs.");
    text::tagged(roff, "help VERB", "Explain a verb, as `bgrun VERB --help` does.");
    text::tagged(roff, "-v, -V, --version", "Show the version.");
    text::tagged(roff, "--list-verbs", "Print every installed verb, one per line.");
}
