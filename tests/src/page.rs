//! What a person does on the page of the dashboard, whatever for: finds a row, chooses an action by
//! its words, puts another text into a field.

use crate::{Browser, json, key};

/// Where the row of a process is, or something in it.
pub fn row(name: &str, part: &str) -> String {
    format!("tr.process[data-name=\"{name}\"] {part}")
}

impl Browser {
    /// Finds an action in the palette by these words, and takes it.
    #[track_caller]
    pub fn choose(&self, words: &str) {
        self.until("!document.querySelector('dialog')");
        self.press_with(key::CONTROL, 'k');
        self.take(words);
    }

    /// The same in the menu of the process that is marked.
    #[track_caller]
    pub fn choose_in_menu(&self, words: &str) {
        self.press(['m']);
        self.take(words);
    }

    #[track_caller]
    fn take(&self, words: &str) {
        self.until("document.querySelector('dialog.palette')");
        self.press(words.chars().chain([key::ENTER]));
    }

    /// Puts a text in the place of what a field holds.
    #[track_caller]
    pub fn put(&self, field: &str, text: &str) {
        self.until(&format!("document.querySelector('{field}')"));
        let empty = "const e = document.querySelector(arguments[0]); e.value = ''; e.focus()";
        self.script(empty, &[json!(field)]);
        self.fill(field, text);
    }
}
