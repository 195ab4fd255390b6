//! What activities are called.

use vigia_core::{Direction, Locale};

/// Names in Spanish, English and Portuguese.
type Names = [&'static str; 3];

/// The title of an activity: the words known here, else the kind's own.
pub(crate) fn kind_title(kind: &str, direction: Direction, locale: Locale) -> String {
    match names(kind, direction) {
        Some([es, en, pt]) => match locale {
            Locale::Es => es,
            Locale::En => en,
            Locale::Pt => pt,
        }
        .to_owned(),
        None => capitalised(&kind.replace('_', " ")),
    }
}

fn names(kind: &str, direction: Direction) -> Option<Names> {
    use Direction::{In, Neutral, Out};
    Some(match (kind, direction) {
        ("transfer", In) => ["Recibido", "Received", "Recebido"],
        ("transfer", Out) => ["Enviado", "Sent", "Enviado"],
        ("transfer", Neutral) => ["Movimiento propio", "Own movement", "Movimento próprio"],
        ("payment", In) => ["Cobro", "Payment received", "Pagamento recebido"],
        ("payment", _) => ["Pago", "Payment", "Pagamento"],
        ("payment_fee", _) => ["Comisión de pago", "Payment fee", "Taxa de pagamento"],
        ("conversion", _) => ["Conversión", "Conversion", "Conversão"],
        ("mint", _) => ["Depósito", "Deposit", "Depósito"],
        ("burn", _) => ["Retiro", "Withdrawal", "Saque"],
        ("trade_created", _) => ["Oferta publicada", "Trade offered", "Oferta publicada"],
        ("trade_accepted", _) => ["Oferta aceptada", "Trade accepted", "Oferta aceita"],
        ("trade_completed", _) => [
            "Intercambio completado",
            "Trade completed",
            "Troca concluída",
        ],
        ("trade_cancelled", _) => [
            "Intercambio cancelado",
            "Trade cancelled",
            "Troca cancelada",
        ],
        ("trade_disputed", _) => [
            "Intercambio en disputa",
            "Trade disputed",
            "Troca em disputa",
        ],
        ("trade_resolved", _) => ["Disputa resuelta", "Dispute resolved", "Disputa resolvida"],
        ("trade_expired", _) => ["Intercambio vencido", "Trade expired", "Troca expirada"],
        ("trade_refund", _) => [
            "Devolución del intercambio",
            "Trade refund",
            "Devolução da troca",
        ],
        ("trade_award", _) => ["Pago por disputa", "Dispute payout", "Pagamento da disputa"],
        ("fees_withdrawn", In) => ["Comisiones recibidas", "Fees received", "Taxas recebidas"],
        ("fees_withdrawn", _) => ["Comisiones retiradas", "Fees withdrawn", "Taxas retiradas"],
        ("fee_recipient_updated", _) => [
            "Cambio de receptor de comisiones",
            "Fee recipient changed",
            "Destinatário das taxas alterado",
        ],
        ("invitation_created", _) => ["Invitación enviada", "Invitation sent", "Convite enviado"],
        ("invitation_claimed", _) => [
            "Invitación aceptada",
            "Invitation claimed",
            "Convite aceito",
        ],
        ("invitation_reclaimed", _) => [
            "Invitación recuperada",
            "Invitation reclaimed",
            "Convite recuperado",
        ],
        ("address_frozen", _) => [
            "Dirección congelada",
            "Address frozen",
            "Endereço congelado",
        ],
        ("address_unfrozen", _) => [
            "Dirección descongelada",
            "Address unfrozen",
            "Endereço descongelado",
        ],
        ("contract_event", _) => ["Evento de contrato", "Contract event", "Evento de contrato"],
        ("transaction", _) => ["Transacción", "Transaction", "Transação"],
        _ => return None,
    })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_built_in_contracts_has_a_title() {
        let declared = |key: &'static str| {
            let parts = vigia_contracts::CONFIO.split(key).skip(1);
            parts.filter_map(|rest| rest.split('"').next())
        };
        let kinds: Vec<&str> = declared("kind = \"")
            .chain(declared("movement = \""))
            .collect();
        assert!(kinds.len() > 20, "{kinds:?}");
        for kind in kinds {
            for direction in [Direction::In, Direction::Out, Direction::Neutral] {
                assert!(names(kind, direction).is_some(), "{kind} has no title");
            }
        }
    }

    #[test]
    fn unknown_kinds_name_themselves() {
        let title = |kind| kind_title(kind, Direction::In, Locale::Pt);
        assert_eq!(title("payment"), "Pagamento recebido");
        assert_eq!(title("loan_repaid"), "Loan repaid");
        assert_eq!(title(""), "");
    }
}
