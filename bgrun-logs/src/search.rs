//! Which lines are wanted: found in large pieces of a log, not line by line.
//!
//! | room | what lives there |
//! |---|---|
//! | [`pattern`](mod@pattern) | a regular expression, and the lines that it matches |
//! | [`level`], [`fields`] | how bad a line says it is; what stands in its fields |
//! | [`filter`] | all conditions together |
//! | [`sieve`], [`long`] | one log as it comes, with the lines around those that are wanted |
//! | [`last`] | where the last wanted lines begin, found from the end |

mod fields;
mod filter;
mod last;
mod level;
mod long;
mod pattern;
mod sieve;

pub(crate) use filter::{Before, Filter};
pub(crate) use last::start_of_last;
pub(crate) use pattern::Pattern;
pub(crate) use sieve::{Context, Selected, Sieve};

use std::rc::Rc;

use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};

use crate::args::Args;

/// What is searched for in each log.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) filter: Rc<Filter>,
    context: Context,
    /// How many wanted lines of each log are shown.
    most: Option<u64>,
}

impl Search {
    /// What `args` ask for; nothing when every line is wanted.
    pub(crate) fn of(args: &Args) -> anyhow::Result<Option<Self>> {
        let has_context = [args.after_context, args.before_context, args.context] != [None; 3];
        if has_context && !args.has_conditions() {
            return Err(Failure::new(Exit::Usage, "lines around what? nothing is searched for")
                .hint("-A, -B and -C go with --grep, --level or --field")
                .into());
        }
        if !args.has_conditions() && args.head.is_none() {
            return Ok(None);
        }
        let pattern = match &args.grep[..] {
            [] => None,
            expressions => Some(pattern(expressions, args.ignore_case)?),
        };
        let field = |text: &String| {
            text.parse().map_err(|why: String| Failure::new(Exit::Usage, format!("--field: {why}")))
        };
        let fields = args.field.iter().map(field).collect::<Result<_, _>>()?;
        let filter = Filter::new(pattern, args.invert_match, args.level, fields);
        let around = args.context.unwrap_or(0);
        let context = Context {
            before: args.before_context.unwrap_or(around),
            after: args.after_context.unwrap_or(around),
        };
        Ok(Some(Self { filter: Rc::new(filter), context, most: args.head }))
    }

    /// The first line that matches one of these.
    pub(crate) fn first(expressions: &[String], ignores_case: bool) -> anyhow::Result<Self> {
        let pattern = pattern(expressions, ignores_case)?;
        let filter = Filter::new(Some(pattern), false, None, Vec::new());
        Ok(Self { filter: Rc::new(filter), context: Context::default(), most: Some(1) })
    }

    /// A sieve for one log.
    pub(crate) fn sieve(&self) -> Sieve {
        Sieve::new(Rc::clone(&self.filter), self.context, self.most)
    }
}

/// Compiles expressions from the command line.
pub(crate) fn pattern(expressions: &[String], ignores_case: bool) -> Result<Pattern, Failure> {
    Pattern::new(expressions, ignores_case).map_err(|why| {
        let is_wrong = |one: &&String| Pattern::new(std::slice::from_ref(*one), false).is_err();
        let wrong = expressions.iter().find(is_wrong).map_or("", String::as_str);
        let what = format!("'{}' is not a regular expression: {why}", safe(wrong));
        Failure::new(Exit::Usage, what)
    })
}
