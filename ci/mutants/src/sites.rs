// SPDX-License-Identifier: MIT OR Apache-2.0

//! Where in a file the mutants are: pieces of text, each inside another or beside it.

use std::collections::HashMap;
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr};

use crate::Failure;
use crate::mutant::{Genre, Mutant, Place};

/// A mutant, and what it puts in place.
pub type Change = (usize, String);

pub enum Form {
    /// Behind the brace that opens a function: an empty range.
    Return { changes: Vec<Change> },
    /// `left OP right`, both evaluated.
    Eager { left: Range<usize>, right: Range<usize>, operator: String, changes: Vec<Change>, compares: bool },
    /// `left && right` or `left || right`.
    Lazy { left: Range<usize>, right: Range<usize>, and: bool, id: usize },
    /// `left OP= right`.
    Assign { left: Range<usize>, right: Range<usize>, operator: String, changes: Vec<Change> },
    /// `!operand` or `-operand`.
    Unary { operand: Range<usize>, operator: String, id: usize },
    /// The guard of an arm; `arm` is not there if its mutant is on.
    Guard { changes: Vec<Change>, arm: Option<usize> },
    /// Behind the pattern of an arm without a guard: an empty range.
    Arm { id: usize },
    /// A struct expression; each mutant leaves out one of its fields, comma included.
    Fields { without: Vec<(usize, Range<usize>)> },
}

pub struct Site {
    pub range: Range<usize>,
    pub form: Form,
}

/// The sites of a file, and the mutants that have none.
pub fn find(source: &str, mutants: &[&Mutant]) -> Result<(Vec<Site>, Vec<usize>), Failure> {
    let file = syn::parse_file(source)?;
    let mut finder = Finder { at: HashMap::new(), sites: Vec::new() };
    for mutant in mutants.iter().filter(|mutant| !mutant.opaque) {
        let change = (mutant.id, mutant.replacement.clone());
        finder.at.entry((mutant.genre, mutant.start)).or_default().push(change);
    }
    finder.visit_file(&file);
    let mut left: Vec<usize> = finder.at.into_values().flatten().map(|(id, _)| id).collect();
    left.extend(mutants.iter().filter(|mutant| mutant.opaque).map(|mutant| mutant.id));
    Ok((finder.sites, left))
}

struct Finder {
    at: HashMap<(Genre, Place), Vec<Change>>,
    sites: Vec<Site>,
}

fn range(node: &impl Spanned) -> Range<usize> {
    node.span().byte_range()
}

/// Whether it is part of a chain with `let`, which is no expression that can stand alone.
fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => {
            matches!(binary.op, BinOp::And(_)) && (has_let(&binary.left) || has_let(&binary.right))
        }
        _ => false,
    }
}

impl Finder {
    fn take(&mut self, genre: Genre, node: &impl Spanned) -> Vec<Change> {
        let start = node.span().start();
        self.at.remove(&(genre, (start.line, start.column + 1))).unwrap_or_default()
    }

    fn add(&mut self, range: Range<usize>, form: Form) {
        self.sites.push(Site { range, form });
    }

    fn function(&mut self, block: &syn::Block) {
        let Some(first) = block.stmts.first() else { return };
        let changes = self.take(Genre::FnValue, first);
        if !changes.is_empty() {
            let brace = block.brace_token.span.open().byte_range().end;
            self.add(brace..brace, Form::Return { changes });
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.function(&node.block);
        visit::visit_item_fn(self, node);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.function(&node.block);
        visit::visit_impl_item_fn(self, node);
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        if let Some(block) = &node.default {
            self.function(block);
        }
        visit::visit_trait_item_fn(self, node);
    }

    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        let whole = range(node);
        let (left, right) = (range(&*node.left), range(&*node.right));
        let operator = operator_text(node.op);
        let in_chain = matches!(node.op, BinOp::And(_)) && (has_let(&node.left) || has_let(&node.right));
        if !in_chain {
            let changes = self.take(Genre::Binary, &node.op);
            match (node.op, changes.first()) {
                (_, None) => {}
                (BinOp::And(_) | BinOp::Or(_), Some(&(id, _))) => {
                    self.add(whole, Form::Lazy { left, right, and: operator == "&&", id });
                }
                _ if operator.ends_with('=') && !COMPARES.contains(&operator.as_str()) => {
                    self.add(whole, Form::Assign { left, right, operator, changes });
                }
                _ => {
                    let compares = COMPARES.contains(&operator.as_str());
                    self.add(whole, Form::Eager { left, right, operator, changes, compares });
                }
            }
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast syn::ExprUnary) {
        let operator = if matches!(node.op, syn::UnOp::Not(_)) { "!" } else { "-" };
        if let Some(&(id, _)) = self.take(Genre::Unary, &node.op).first() {
            self.add(range(node), Form::Unary { operand: range(&*node.expr), operator: operator.into(), id });
        }
        visit::visit_expr_unary(self, node);
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        let arm = self.take(Genre::Arm, node).first().map(|&(id, _)| id);
        match &node.guard {
            Some((_, guard)) if !has_let(guard) => {
                let changes = self.take(Genre::Guard, &**guard);
                if arm.is_some() || !changes.is_empty() {
                    self.add(range(&**guard), Form::Guard { changes, arm });
                }
            }
            Some(_) => {}
            None => {
                if let Some(id) = arm {
                    let end = range(&node.pat).end;
                    self.add(end..end, Form::Arm { id });
                }
            }
        }
        visit::visit_arm(self, node);
    }

    fn visit_expr_struct(&mut self, node: &'ast syn::ExprStruct) {
        let mut without = Vec::new();
        for pair in node.fields.pairs() {
            let end = pair.punct().map_or(range(pair.value()).end, |comma| range(comma).end);
            if let Some(&(id, _)) = self.take(Genre::Field, *pair.value()).first() {
                without.push((id, range(*pair.value()).start..end));
            }
        }
        if !without.is_empty() {
            self.add(range(node), Form::Fields { without });
        }
        visit::visit_expr_struct(self, node);
    }
}

const COMPARES: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

fn operator_text(op: BinOp) -> String {
    let text = match op {
        BinOp::Add(_) => "+",
        BinOp::Sub(_) => "-",
        BinOp::Mul(_) => "*",
        BinOp::Div(_) => "/",
        BinOp::Rem(_) => "%",
        BinOp::And(_) => "&&",
        BinOp::Or(_) => "||",
        BinOp::BitXor(_) => "^",
        BinOp::BitAnd(_) => "&",
        BinOp::BitOr(_) => "|",
        BinOp::Shl(_) => "<<",
        BinOp::Shr(_) => ">>",
        BinOp::Eq(_) => "==",
        BinOp::Lt(_) => "<",
        BinOp::Le(_) => "<=",
        BinOp::Ne(_) => "!=",
        BinOp::Ge(_) => ">=",
        BinOp::Gt(_) => ">",
        BinOp::AddAssign(_) => "+=",
        BinOp::SubAssign(_) => "-=",
        BinOp::MulAssign(_) => "*=",
        BinOp::DivAssign(_) => "/=",
        BinOp::RemAssign(_) => "%=",
        BinOp::BitXorAssign(_) => "^=",
        BinOp::BitAndAssign(_) => "&=",
        BinOp::BitOrAssign(_) => "|=",
        BinOp::ShlAssign(_) => "<<=",
        BinOp::ShrAssign(_) => ">>=",
        _ => "",
    };
    text.to_owned()
}
