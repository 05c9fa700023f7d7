//! `orgraph schema`

use super::output::{Failure, say};

pub fn run() -> Result<(), Failure> {
    say(orgraph::graphql::sdl().trim_end())
}
