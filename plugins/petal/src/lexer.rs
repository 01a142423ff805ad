//! Text to tokens.

use crate::Mistake;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword.
    Word(String),
    /// A number.
    Integer(i64),
    /// A text, without its quotes: pieces of plain text and of source between braces, each with its place.
    Text(Vec<Piece>),
    /// An operator or a bracket.
    Sign(&'static str),
    /// The end of the file.
    End,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it is.
    Plain(String),
    /// An expression whose value goes here.
    Source(Vec<Token>),
}

/// A token and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Line and column, from 1.
    pub place: (u32, u32),
}

/// Longer signs first.
const SIGNS: [&str; 21] = [
    "->", "==", "!=", "<=", ">=", "(", ")", "{", "}", ",", ":", "+", "-", "*", "/", "%", "<", ">",
    "=", "[", "]",
];

/// Splits a text into tokens; the last one is [`Kind::End`].
///
/// # Errors
/// A character that begins no token, a text without its end, a number too large.
pub fn tokens(text: &str) -> Result<Vec<Token>, Mistake> {
    Lexer {
        rest: text,
        place: (1, 1),
    }
    .all(false)
}

struct Lexer<'a> {
    rest: &'a str,
    place: (u32, u32),
}

impl Lexer<'_> {
    /// All tokens up to the end, or, within a text, up to the brace that closes.
    fn all(&mut self, is_inside: bool) -> Result<Vec<Token>, Mistake> {
        let mut tokens = Vec::new();
        loop {
            self.skip_space();
            let place = self.place;
            let Some(first) = self.rest.chars().next() else {
                tokens.push(Token {
                    kind: Kind::End,
                    place,
                });
                return Ok(tokens);
            };
            let kind = if first.is_ascii_digit() {
                self.integer()?
            } else if first.is_alphabetic() || first == '_' {
                Kind::Word(self.take_while(|one| one.is_alphanumeric() || one == '_'))
            } else if first == '"' {
                self.advance();
                self.text(place)?
            } else if is_inside && first == '}' {
                self.advance();
                tokens.push(Token {
                    kind: Kind::End,
                    place,
                });
                return Ok(tokens);
            } else {
                let sign = SIGNS.iter().find(|sign| self.rest.starts_with(**sign));
                let Some(sign) = sign else {
                    return Err(Mistake::at(
                        place,
                        format!("`{first}` begins nothing that Petal knows"),
                    ));
                };
                sign.chars().for_each(|_| self.advance());
                Kind::Sign(sign)
            };
            tokens.push(Token { kind, place });
        }
    }

    fn advance(&mut self) {
        let mut characters = self.rest.chars();
        match characters.next() {
            Some('\n') => self.place = (self.place.0 + 1, 1),
            Some(_) => self.place.1 += 1,
            None => {}
        }
        self.rest = characters.as_str();
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(next) = self.rest.chars().next().filter(|next| belongs(*next)) {
            taken.push(next);
            self.advance();
        }
        taken
    }

    fn skip_space(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if !self.rest.starts_with('#') {
                return;
            }
            self.take_while(|one| one != '\n');
        }
    }

    fn integer(&mut self) -> Result<Kind, Mistake> {
        let place = self.place;
        let digits = self.take_while(|one| one.is_ascii_digit() || one == '_');
        let digits: String = digits.chars().filter(|one| *one != '_').collect();
        digits
            .parse()
            .map(Kind::Integer)
            .map_err(|_| Mistake::at(place, format!("`{digits}` does not fit an int of 64 bits")))
    }

    fn text(&mut self, begin: (u32, u32)) -> Result<Kind, Mistake> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        loop {
            let next = self.rest.chars().next();
            if matches!(next, None | Some('\n')) {
                return Err(Mistake::at(
                    begin,
                    "this text has no closing quote on its line",
                ));
            }
            self.advance();
            match next {
                Some('"') => {
                    pieces.push(Piece::Plain(plain));
                    return Ok(Kind::Text(pieces));
                }
                Some('{') => {
                    pieces.push(Piece::Plain(std::mem::take(&mut plain)));
                    pieces.push(Piece::Source(self.all(true)?));
                }
                Some('\\') => {
                    let escaped = self.rest.chars().next();
                    let place = self.place;
                    self.advance();
                    plain.push(match escaped {
                        Some('n') => '\n',
                        Some('t') => '\t',
                        Some(same @ ('"' | '\\' | '{' | '}')) => same,
                        _ => {
                            return Err(Mistake::at(
                                place,
                                "the escapes are \\n \\t \\\" \\\\ \\{ \\}",
                            ));
                        }
                    });
                }
                Some(other) => plain.push(other),
                None => {}
            }
        }
    }
}
