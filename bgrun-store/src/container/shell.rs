//! A line of shell as words, where it is one program and its arguments. What a shell would
//! expand stays as it is written: the shell still does it, and only where a word begins and
//! ends counts here.

use crate::container::Word;

/// The words of `line`. None: it is more than one simple command.
pub(super) fn words(line: &str) -> Option<Vec<Word>> {
    let mut words: Vec<Word> = Vec::new();
    let mut word: Option<Word> = None;
    let mut rest = line.trim_end().char_indices().peekable();
    while let Some((at, character)) = rest.next() {
        if matches!(character, ' ' | '\t') {
            words.extend(word.take());
            continue;
        }
        if character == '\\' && rest.peek().is_some_and(|(_, next)| *next == '\n') {
            rest.next();
            continue;
        }
        if character == '#' && word.is_none() {
            return None;
        }
        let word = word.get_or_insert_with(|| Word { text: String::new(), span: at..at });
        match character {
            '\n' | '|' | '&' | ';' | '<' | '>' | '(' | ')' => return None,
            '\'' => loop {
                match rest.next()?.1 {
                    '\'' => break,
                    quoted => word.text.push(quoted),
                }
            },
            '"' => loop {
                match rest.next()? {
                    (_, '"') => break,
                    (_, '\\') => word.text.push(rest.next()?.1),
                    (_, '$') => expansion(&mut rest, &mut word.text)?,
                    (_, '`') => substitution(&mut rest, &mut word.text)?,
                    (_, quoted) => word.text.push(quoted),
                }
            },
            '\\' => word.text.push(rest.next()?.1),
            '$' => expansion(&mut rest, &mut word.text)?,
            '`' => substitution(&mut rest, &mut word.text)?,
            plain => word.text.push(plain),
        }
        word.span.end = rest.peek().map_or(line.trim_end().len(), |(at, _)| *at);
    }
    words.extend(word);
    Some(words)
}

type Rest<'a> = std::iter::Peekable<std::str::CharIndices<'a>>;

/// `$NAME`, `${…}` or `$(…)`, behind the `$`.
fn expansion(rest: &mut Rest<'_>, text: &mut String) -> Option<()> {
    text.push('$');
    let closing = match rest.peek() {
        Some((_, '(')) => ')',
        Some((_, '{')) => '}',
        _ => return Some(()),
    };
    let opening = rest.next()?.1;
    text.push(opening);
    let mut depth = 1;
    while depth > 0 {
        let character = rest.next()?.1;
        depth += i32::from(character == opening) - i32::from(character == closing);
        text.push(character);
    }
    Some(())
}

/// Behind a backtick, to the next one.
fn substitution(rest: &mut Rest<'_>, text: &mut String) -> Option<()> {
    text.push('`');
    loop {
        let character = rest.next()?.1;
        text.push(character);
        if character == '`' {
            return Some(());
        }
    }
}
