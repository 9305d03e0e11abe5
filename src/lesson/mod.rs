//! A lesson is data: Markdown turned into steps, commands and checks.
