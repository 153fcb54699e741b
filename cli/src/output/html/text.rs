//! Text inside markup.

use std::fmt::{self, Display, Formatter};

/// Text that is no markup, in elements and in quoted attributes.
pub(super) struct Text<'a>(pub &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                _ => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_stays_text() {
        let text = Text("<b a=\"1\">&amp;").to_string();
        assert_eq!(text, "&lt;b a=&quot;1&quot;&gt;&amp;amp;");
    }
}
