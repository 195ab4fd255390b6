//! What is wrong with files of texts, in words that say how to mend it.

use std::fmt;
use std::path::PathBuf;

/// Problems that one message shows; how many more there are is said.
pub const TEXT_PROBLEMS_SHOWN_MAX: usize = 50;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextProblem {
    /// The file's name.
    pub file: String,
    /// The line, from 1, where it is in one.
    pub line: Option<usize>,
    /// The id of the message, where it is in one.
    pub message: Option<String>,
    /// What is wrong, and how to mend it.
    pub problem: String,
}

impl fmt::Display for TextProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ", {message}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// A directory of texts that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TextsError {
    /// The directory or a file of it cannot be read.
    #[error("cannot read the texts in {}", path.display())]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// All that is wrong with the files.
    #[error("{}", listed(.0))]
    Problems(Vec<TextProblem>),
}

fn listed(problems: &[TextProblem]) -> String {
    let count = problems.len();
    let mut text = match count {
        1 => "the texts have a problem:".to_owned(),
        _ => format!("the texts have {count} problems:"),
    };
    for problem in problems.iter().take(TEXT_PROBLEMS_SHOWN_MAX) {
        text += &format!("\n  {problem}");
    }
    if count > TEXT_PROBLEMS_SHOWN_MAX {
        text += &format!("\n  and {} more", count - TEXT_PROBLEMS_SHOWN_MAX);
    }
    text
}
