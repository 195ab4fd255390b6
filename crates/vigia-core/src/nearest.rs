//! Which word somebody may have meant who wrote another: hints for messages about bad input.

/// The candidate that is nearest to `word`, where one is near enough to be what was meant; of two equally near,
/// the first.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let near = candidates
        .into_iter()
        .map(|candidate| (edit_distance(candidate, word), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    (near.0 <= 2 + word.len() / 3).then_some(near.1)
}

/// Levenshtein distance, by the usual table of one row.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        assert_eq!(edit_distance("", "añb"), 3);
        assert_eq!(edit_distance("listen", "lisen"), 1);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }

    #[test]
    fn far_words_are_no_hint() {
        assert_eq!(nearest("mony", ["who", "money"]), Some("money"));
        assert_eq!(nearest("abcdefgh", ["who", "money"]), None);
        assert_eq!(nearest("a", []), None);
    }
}
