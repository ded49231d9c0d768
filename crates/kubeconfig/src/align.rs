//! What two lists have in common, in order.

/// A step from an old list to a new one, with the numbers of the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The old item stays.
    Keep(usize),
    /// The old item goes.
    Remove(usize),
    /// The new item comes.
    Insert(usize),
}

/// Above this product of lengths nothing in the middle is searched for.
const SEARCHED: usize = 1 << 20;

/// The steps, as few as possible (longest common subsequence).
pub(crate) fn align<A: PartialEq<B>, B>(old: &[A], new: &[B]) -> Vec<Step> {
    let same = |(a, b): &(&A, &B)| **a == **b;
    let head = old.iter().zip(new).take_while(same).count();
    let rest = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = rest.take_while(same).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let mut steps: Vec<Step> = (0..head).map(Step::Keep).collect();
    middle(&old[head..old_end], &new[head..new_end], head, &mut steps);
    steps.extend((old_end..old.len()).map(Step::Keep));
    steps
}

fn middle<A: PartialEq<B>, B>(old: &[A], new: &[B], from: usize, steps: &mut Vec<Step>) {
    let width = new.len() + 1;
    let searched = old.len().saturating_mul(new.len()) <= SEARCHED;
    // The length of the longest common part of what follows.
    let mut longest = vec![0_u32; if searched { (old.len() + 1) * width } else { 0 }];
    if searched {
        for i in (0..old.len()).rev() {
            for j in (0..new.len()).rev() {
                longest[i * width + j] = if old[i] == new[j] {
                    longest[(i + 1) * width + j + 1] + 1
                } else {
                    longest[(i + 1) * width + j].max(longest[i * width + j + 1])
                };
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let both = searched && i < old.len() && j < new.len();
        if both && old[i] == new[j] {
            steps.push(Step::Keep(from + i));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len()
            && (!both || longest[(i + 1) * width + j] >= longest[i * width + j + 1])
        {
            steps.push(Step::Remove(from + i));
            i += 1;
        } else {
            steps.push(Step::Insert(from + j));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_steps_lead_from_the_old_list_to_the_new(
            old in proptest::collection::vec(0_u8..4, 0..12),
            new in proptest::collection::vec(0_u8..4, 0..12),
        ) {
            let mut made = Vec::new();
            let mut gone = 0;
            for step in align(&old, &new) {
                match step {
                    Step::Keep(i) => { made.push(old[i]); prop_assert_eq!(i, gone); gone += 1; }
                    Step::Remove(i) => { prop_assert_eq!(i, gone); gone += 1; }
                    Step::Insert(j) => { prop_assert_eq!(j, made.len()); made.push(new[j]); }
                }
            }
            prop_assert_eq!(made, new);
            prop_assert_eq!(gone, old.len());
        }
    }
}
