//! Reading a record: the JSON object of one process.

use serde_json::Value;

/// Questions that tests ask of a record.
pub trait Record {
    /// The status; empty when the record has none.
    fn status(&self) -> &str;
    /// The name of the process.
    fn name(&self) -> &str;
    /// The main process; fails the test when the record names none.
    fn pid(&self) -> i32;
    /// The supervisor; fails the test when the record names none.
    fn supervisor(&self) -> i32;
    /// A field that holds text; fails the test when it does not.
    fn text(&self, field: &str) -> &str;
    /// A field that holds a whole number; fails the test when it does not.
    fn number(&self, field: &str) -> i64;
    /// The names of the fields.
    fn fields(&self) -> Vec<&str>;
    /// The only element of an array; fails the test when there are more or none.
    fn only(&self) -> &Value;
}

impl Record for Value {
    fn status(&self) -> &str {
        self["status"].as_str().unwrap_or_default()
    }

    #[track_caller]
    fn name(&self) -> &str {
        self.text("name")
    }

    #[track_caller]
    fn pid(&self) -> i32 {
        self.number("pid").try_into().expect("a pid fits")
    }

    #[track_caller]
    fn supervisor(&self) -> i32 {
        self.number("supervisor_pid").try_into().expect("a pid fits")
    }

    #[track_caller]
    fn text(&self, field: &str) -> &str {
        let Some(text) = self[field].as_str() else { panic!("no text in {field:?} of {self:#}") };
        text
    }

    #[track_caller]
    fn number(&self, field: &str) -> i64 {
        let Some(number) = self[field].as_i64() else {
            panic!("no number in {field:?} of {self:#}")
        };
        number
    }

    #[track_caller]
    fn fields(&self) -> Vec<&str> {
        let Some(object) = self.as_object() else { panic!("not an object: {self:#}") };
        object.keys().map(String::as_str).collect()
    }

    #[track_caller]
    fn only(&self) -> &Value {
        match self.as_array().map(Vec::as_slice) {
            Some([one]) => one,
            _ => panic!("not an array of one: {self:#}"),
        }
    }
}
