//! Chains of operators, `a + b + c + ...`, along which nothing recurses.

use std::ops::ControlFlow;

use smallvec::SmallVec;

use super::{Node, Rewriter, Visitor, Walk};
use crate::ast::{Binary, Expr};

type Flow = ControlFlow<()>;

impl<'a> Node<'a> for Binary<'a> {
    fn walk(&self, visitor: &mut dyn Visitor<'a>) -> Flow {
        let mut spine: SmallVec<[&Binary<'a>; 8]> = SmallVec::new();
        spine.push(self);
        let mut at = self;
        loop {
            let Expr::Binary(left) = &at.left else {
                at.left.walk(visitor)?;
                break;
            };
            match visitor.expr(&at.left) {
                Walk::Stop => return ControlFlow::Break(()),
                Walk::Over => break,
                Walk::Into => {
                    spine.push(left);
                    at = left;
                }
            }
        }
        spine.iter().rev().try_for_each(|link| link.right.walk(visitor))
    }

    fn rewrite(&self, rewriter: &mut dyn Rewriter<'a>) -> Option<Self> {
        let mut spine: SmallVec<[&Binary<'a>; 8]> = SmallVec::new();
        spine.push(self);
        let mut at = self;
        let mut left = loop {
            let Expr::Binary(next) = &at.left else { break at.left.rewrite(rewriter) };
            if let Some(replaced) = rewriter.expr(&at.left) {
                break Some(replaced);
            }
            spine.push(next);
            at = next;
        };
        while let Some(link) = spine.pop() {
            let right = link.right.rewrite(rewriter);
            let changed = (left.is_some() || right.is_some()).then(|| Binary {
                op: link.op,
                left: left.unwrap_or(link.left),
                right: right.unwrap_or(link.right),
            });
            if spine.is_empty() {
                return changed;
            }
            left = changed.map(|link| Expr::Binary(rewriter.arena().node(link)));
        }
        None
    }
}
