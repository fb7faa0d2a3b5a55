//! Restart policies: what is started again, how often, and who has the last word.
