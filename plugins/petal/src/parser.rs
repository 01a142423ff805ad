//! Tokens to a tree.

use crate::Mistake;
use crate::lexer::{Kind, Piece, Token};

/// Line and column, from 1.
pub type Place = (u32, u32);

/// Deeper nesting is not read: the parser calls itself.
const DEPTH_MAX: u32 = 200;

/// A type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// 64 bits, wrapping.
    Int,
    /// `true` or `false`.
    Bool,
    /// UTF-8 text.
    Str,
    /// No value.
    Nothing,
}

impl Type {
    /// Its word in the language.
    pub fn word(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Bool => "bool",
            Self::Str => "string",
            Self::Nothing => "nothing",
        }
    }
}

/// A function, or the handler, which is called `request`.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where its `fn` or `on` is.
    pub place: Place,
    /// Where its name is.
    pub name_place: Place,
    /// The line of its closing brace.
    pub end_line: u32,
    /// Names and types.
    pub parameters: Vec<(String, Type)>,
    /// What it gives.
    pub gives: Type,
    /// What it does.
    pub body: Vec<Statement>,
    /// It was written `on request`.
    pub is_handler: bool,
}

/// One statement.
#[derive(Debug)]
pub struct Statement {
    /// Where it begins.
    pub place: Place,
    /// What it does.
    pub kind: Doing,
}

/// What statements do.
#[derive(Debug)]
pub enum Doing {
    /// `let name = value`
    Let(String, Expression),
    /// `name = value`
    Set(String, Expression),
    /// `if`, `else`
    If(Expression, Vec<Statement>, Vec<Statement>),
    /// `while`
    While(Expression, Vec<Statement>),
    /// `return value`
    Return(Option<Expression>),
    /// `print value`
    Print(Expression),
    /// A call for its effect.
    Call(Expression),
}

/// One expression.
#[derive(Debug)]
pub struct Expression {
    /// Where it is: of an operation, its sign.
    pub place: Place,
    /// What it is.
    pub kind: Value,
}

/// What expressions are.
#[derive(Debug)]
pub enum Value {
    /// A number.
    Integer(i64),
    /// `true`, `false`
    Truth(bool),
    /// Pieces of text to be joined.
    Text(Vec<Part>),
    /// A variable.
    Name(String),
    /// A call.
    Call(String, Vec<Expression>),
    /// `-value`, `not value`
    Prefix(&'static str, Box<Expression>),
    /// An operation on two values.
    Infix(&'static str, Box<Expression>, Box<Expression>),
}

/// A piece of a text.
#[derive(Debug)]
pub enum Part {
    /// As it is.
    Plain(String),
    /// A value, shown.
    Shown(Expression),
}

/// Operators, loosest first.
const LEVELS: [&[&str]; 5] = [
    &["or"],
    &["and"],
    &["==", "!=", "<=", ">=", "<", ">"],
    &["+", "-"],
    &["*", "/", "%"],
];

/// Reads a program.
///
/// # Errors
/// The first place where the text is not Petal.
pub fn program(tokens: Vec<Token>) -> Result<Vec<Function>, Mistake> {
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
    };
    let mut functions = Vec::new();
    while parser.token().kind != Kind::End {
        functions.push(parser.function()?);
    }
    Ok(functions)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

impl Parser {
    fn token(&self) -> &Token {
        // The last token is the end, and nothing goes past it.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Token {
        let token = self.token().clone();
        self.at += 1;
        token
    }

    fn is(&self, text: &str) -> bool {
        match &self.token().kind {
            Kind::Word(word) => word == text,
            Kind::Sign(sign) => *sign == text,
            _ => false,
        }
    }

    fn accept(&mut self, text: &str) -> bool {
        let is = self.is(text);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, text: &str) -> Result<Place, Mistake> {
        let place = self.token().place;
        if self.accept(text) {
            return Ok(place);
        }
        Err(self.surprise(&format!("`{text}`")))
    }

    fn surprise(&self, wanted: &str) -> Mistake {
        let found = match &self.token().kind {
            Kind::Word(word) => format!("`{word}`"),
            Kind::Integer(number) => format!("`{number}`"),
            Kind::Text(_) => "a text".to_owned(),
            Kind::Sign(sign) => format!("`{sign}`"),
            Kind::End => "the end".to_owned(),
        };
        Mistake::at(
            self.token().place,
            format!("expected {wanted}, found {found}"),
        )
    }

    fn word(&mut self, wanted: &str) -> Result<(String, Place), Mistake> {
        let token = self.token().clone();
        match token.kind {
            Kind::Word(word) => {
                self.at += 1;
                Ok((word, token.place))
            }
            _ => Err(self.surprise(wanted)),
        }
    }

    fn function(&mut self) -> Result<Function, Mistake> {
        let place = self.token().place;
        let is_handler = self.accept("on");
        if !is_handler && !self.accept("fn") {
            return Err(self.surprise("`fn` or `on request`"));
        }
        let (name, name_place) = self.word("a function's name")?;
        if is_handler && name != "request" {
            return Err(Mistake::at(name_place, "the only handler is `on request`"));
        }
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.is(")") {
            let (name, _) = self.word("a parameter's name")?;
            let ty = match is_handler {
                true => Type::Str,
                false => {
                    self.expect(":")?;
                    self.ty()?
                }
            };
            parameters.push((name, ty));
            if !self.accept(",") {
                break;
            }
        }
        self.expect(")")?;
        if is_handler && parameters.len() != 3 {
            return Err(Mistake::at(
                name_place,
                "write `on request(method, path, body)`",
            ));
        }
        let gives = match is_handler {
            true => Type::Str,
            false if self.accept("->") => self.ty()?,
            false => Type::Nothing,
        };
        let body = self.block()?;
        let end_line = self.tokens[self.at - 1].place.0;
        Ok(Function {
            name,
            place,
            name_place,
            end_line,
            parameters,
            gives,
            body,
            is_handler,
        })
    }

    fn ty(&mut self) -> Result<Type, Mistake> {
        let (word, place) = self.word("a type")?;
        match word.as_str() {
            "int" => Ok(Type::Int),
            "bool" => Ok(Type::Bool),
            "string" => Ok(Type::Str),
            _ => Err(Mistake::at(
                place,
                format!("there is no type `{word}`: the types are int, bool and string"),
            )),
        }
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Mistake>,
    ) -> Result<T, Mistake> {
        if self.depth == DEPTH_MAX {
            return Err(Mistake::at(self.token().place, "this is nested too deeply"));
        }
        self.depth += 1;
        let answer = read(self);
        self.depth -= 1;
        answer
    }

    fn block(&mut self) -> Result<Vec<Statement>, Mistake> {
        self.deeper(|parser| {
            parser.expect("{")?;
            let mut statements = Vec::new();
            while !parser.accept("}") {
                statements.push(parser.statement()?);
            }
            Ok(statements)
        })
    }

    fn statement(&mut self) -> Result<Statement, Mistake> {
        let place = self.token().place;
        let kind = if self.accept("let") {
            let (name, _) = self.word("a variable's name")?;
            self.expect("=")?;
            Doing::Let(name, self.expression()?)
        } else if self.accept("if") {
            self.branch()?
        } else if self.accept("while") {
            Doing::While(self.expression()?, self.block()?)
        } else if self.accept("return") {
            let is_bare = self.is("}");
            Doing::Return(if is_bare {
                None
            } else {
                Some(self.expression()?)
            })
        } else if self.accept("print") {
            Doing::Print(self.expression()?)
        } else {
            let follows = self.tokens.get(self.at + 1).map(|token| &token.kind);
            if follows == Some(&Kind::Sign("=")) {
                let (name, _) = self.word("a variable's name")?;
                self.expect("=")?;
                Doing::Set(name, self.expression()?)
            } else if follows == Some(&Kind::Sign("(")) {
                Doing::Call(self.expression()?)
            } else {
                return Err(self.surprise("a statement"));
            }
        };
        Ok(Statement { place, kind })
    }

    fn branch(&mut self) -> Result<Doing, Mistake> {
        let condition = self.expression()?;
        let then = self.block()?;
        let mut otherwise = Vec::new();
        if self.accept("else") {
            let place = self.token().place;
            if self.accept("if") {
                let kind = self.deeper(Self::branch)?;
                otherwise.push(Statement { place, kind });
            } else {
                otherwise = self.block()?;
            }
        }
        Ok(Doing::If(condition, then, otherwise))
    }

    fn expression(&mut self) -> Result<Expression, Mistake> {
        self.deeper(|parser| parser.level(0))
    }

    fn level(&mut self, level: usize) -> Result<Expression, Mistake> {
        let Some(signs) = LEVELS.get(level) else {
            return self.prefix();
        };
        let mut left = self.level(level + 1)?;
        let mut length = 0;
        while let Some(sign) = signs.iter().find(|sign| self.is(sign)) {
            let place = self.next().place;
            length += 1;
            if length > DEPTH_MAX {
                return Err(Mistake::at(place, "this is nested too deeply"));
            }
            let right = self.level(level + 1)?;
            left = Expression {
                place,
                kind: Value::Infix(sign, Box::new(left), Box::new(right)),
            };
        }
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Expression, Mistake> {
        let place = self.token().place;
        for sign in ["-", "not"] {
            if self.accept(sign) {
                let of = self.deeper(Self::prefix)?;
                return Ok(Expression {
                    place,
                    kind: Value::Prefix(sign, Box::new(of)),
                });
            }
        }
        let token = self.next();
        let kind = match token.kind {
            Kind::Integer(number) => Value::Integer(number),
            Kind::Text(pieces) => Value::Text(self.parts(pieces)?),
            Kind::Sign("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Kind::Word(word) if word == "true" || word == "false" => Value::Truth(word == "true"),
            Kind::Word(word) if self.accept("(") => {
                let mut arguments = Vec::new();
                while !self.is(")") {
                    arguments.push(self.expression()?);
                    if !self.accept(",") {
                        break;
                    }
                }
                self.expect(")")?;
                Value::Call(word, arguments)
            }
            Kind::Word(word) => Value::Name(word),
            Kind::Sign(_) | Kind::End => {
                self.at -= 1;
                return Err(self.surprise("a value"));
            }
        };
        Ok(Expression { place, kind })
    }

    fn parts(&mut self, pieces: Vec<Piece>) -> Result<Vec<Part>, Mistake> {
        let mut parts = Vec::new();
        for piece in pieces {
            parts.push(match piece {
                Piece::Plain(text) => Part::Plain(text),
                Piece::Source(tokens) => {
                    let mut inner = Parser {
                        tokens,
                        at: 0,
                        depth: self.depth,
                    };
                    let shown = inner.expression()?;
                    if inner.token().kind != Kind::End {
                        return Err(inner.surprise("`}`"));
                    }
                    Part::Shown(shown)
                }
            });
        }
        Ok(parts)
    }
}
