//! Why a transaction is kept, in words, one line for each watched target.

use vigia_core::{Locale, MatchReason, ReasonKind};

/// How a watched target is involved in a transaction, to be read after it.
pub(crate) fn reason_text(kind: ReasonKind, locale: Locale) -> &'static str {
    let [es, en, pt] = match kind {
        ReasonKind::Sender => [
            "envió la transacción",
            "sent the transaction",
            "enviou a transação",
        ],
        ReasonKind::GasPayer => ["pagó el gas", "paid for gas", "pagou o gas"],
        ReasonKind::BalanceOwner => ["cambió su saldo", "its balance changed", "seu saldo mudou"],
        ReasonKind::ObjectOwnerBefore => [
            "tenía un objeto que cambió",
            "had an object that changed",
            "tinha um objeto que mudou",
        ],
        ReasonKind::ObjectOwnerAfter => [
            "tiene un objeto que cambió",
            "has an object that changed",
            "tem um objeto que mudou",
        ],
        ReasonKind::CallPackage => [
            "se llamó a este paquete",
            "this package was called",
            "este pacote foi chamado",
        ],
        ReasonKind::CallModule => [
            "se llamó a este módulo",
            "this module was called",
            "este módulo foi chamado",
        ],
        ReasonKind::EventPackage => [
            "hubo un evento de este paquete",
            "an event of this package occurred",
            "houve um evento deste pacote",
        ],
        ReasonKind::EventModule => [
            "hubo un evento de este módulo",
            "an event of this module occurred",
            "houve um evento deste módulo",
        ],
        ReasonKind::EventType => [
            "hubo un evento de este tipo",
            "an event of this type occurred",
            "houve um evento deste tipo",
        ],
        ReasonKind::CoinType => [
            "se movió esta moneda",
            "this coin moved",
            "esta moeda foi movida",
        ],
    };
    match locale {
        Locale::Es => es,
        Locale::En => en,
        Locale::Pt => pt,
    }
}

/// Each target once with all its roles, in the order in which they are first named.
pub(crate) fn reasons_by_target(reasons: &[MatchReason]) -> Vec<(&str, Vec<ReasonKind>)> {
    let mut targets = Vec::<(&str, Vec<ReasonKind>)>::new();
    for reason in reasons {
        let known = targets
            .iter_mut()
            .find(|(target, _)| *target == reason.target);
        match known {
            None => targets.push((&reason.target, vec![reason.kind])),
            Some((_, roles)) if roles.contains(&reason.kind) => {}
            Some((_, roles)) => roles.push(reason.kind),
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const KINDS: [ReasonKind; 11] = [
        ReasonKind::Sender,
        ReasonKind::GasPayer,
        ReasonKind::BalanceOwner,
        ReasonKind::ObjectOwnerBefore,
        ReasonKind::ObjectOwnerAfter,
        ReasonKind::CallPackage,
        ReasonKind::CallModule,
        ReasonKind::EventPackage,
        ReasonKind::EventModule,
        ReasonKind::EventType,
        ReasonKind::CoinType,
    ];

    #[test]
    fn every_reason_has_words_of_its_own_in_every_language() {
        let mut seen = HashSet::new();
        for locale in [Locale::Es, Locale::En, Locale::Pt] {
            for kind in KINDS {
                let text = reason_text(kind, locale);
                assert!(
                    !text.is_empty() && !text.contains('_'),
                    "{kind:?} {locale:?}"
                );
                assert!(seen.insert(text), "{text:?} is said twice");
            }
        }
    }

    #[test]
    fn a_target_comes_once_with_its_roles() {
        let reason = |kind, target: &str| MatchReason {
            kind,
            target: target.to_owned(),
        };
        let reasons = [
            reason(ReasonKind::Sender, "0x1"),
            reason(ReasonKind::BalanceOwner, "0x2"),
            reason(ReasonKind::GasPayer, "0x1"),
            reason(ReasonKind::Sender, "0x1"),
        ];
        let expected = [
            ("0x1", vec![ReasonKind::Sender, ReasonKind::GasPayer]),
            ("0x2", vec![ReasonKind::BalanceOwner]),
        ];
        assert_eq!(reasons_by_target(&reasons), expected);
        assert_eq!(reasons_by_target(&[]), []);
    }
}
