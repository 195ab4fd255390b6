//! The built-in texts, in Spanish, English and Portuguese.

use vigia_core::{Address, Direction, Locale, NotificationText, RenderInput};

/// Texts that come with vigia.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltInTexts;

/// One message in all languages. `{money}`, `{who}` and `{id}` are replaced; a phrase in brackets
/// is left out when what it needs is not known.
struct Message {
    kind: &'static str,
    es: &'static str,
    en: &'static str,
    pt: &'static str,
}

const fn message(
    kind: &'static str,
    es: &'static str,
    en: &'static str,
    pt: &'static str,
) -> Message {
    Message { kind, es, en, pt }
}

const MESSAGES: &[Message] = &[
    message(
        "SEND_RECEIVED",
        "Recibiste {money}[ de {who}]",
        "You received {money}[ from {who}]",
        "Você recebeu {money}[ de {who}]",
    ),
    message(
        "SEND_FROM_EXTERNAL",
        "Recibiste {money}[ de {who}]",
        "You received {money}[ from {who}]",
        "Você recebeu {money}[ de {who}]",
    ),
    message(
        "SEND_SENT",
        "Enviaste {money}[ a {who}]",
        "You sent {money}[ to {who}]",
        "Você enviou {money}[ para {who}]",
    ),
    message(
        "PAYMENT_RECEIVED",
        "Te pagaron {money}[: {who}]",
        "You were paid {money}[ by {who}]",
        "Você recebeu um pagamento de {money}[ de {who}]",
    ),
    message(
        "PAYMENT_SENT",
        "Pagaste {money}[ a {who}]",
        "You paid {money}[ to {who}]",
        "Você pagou {money}[ para {who}]",
    ),
    message(
        "SEND_INVITATION_SENT",
        "Enviaste una invitación con {money}",
        "You sent an invitation with {money}",
        "Você enviou um convite com {money}",
    ),
    message(
        "SEND_INVITATION_CLAIMED",
        "[{who} aceptó tu invitación|Tu invitación fue aceptada]",
        "[{who} accepted your invitation|Your invitation was accepted]",
        "[{who} aceitou seu convite|Seu convite foi aceito]",
    ),
    message(
        "SEND_INVITATION_EXPIRED",
        "Tu invitación venció: recuperaste {money}",
        "Your invitation expired: {money} came back to you",
        "Seu convite expirou: {money} voltou para você",
    ),
    message(
        "P2P_TRADE_STARTED",
        "Comenzó tu intercambio[ con {who}]",
        "Your trade[ with {who}] has started",
        "Sua troca[ com {who}] começou",
    ),
    message(
        "P2P_OFFER_ACCEPTED",
        "[{who} aceptó tu oferta|Tu oferta fue aceptada]",
        "[{who} accepted your offer|Your offer was accepted]",
        "[{who} aceitou sua oferta|Sua oferta foi aceita]",
    ),
    message(
        "P2P_CRYPTO_RELEASED",
        "Recibiste {money} de tu intercambio[ con {who}]",
        "You received {money} from your trade[ with {who}]",
        "Você recebeu {money} da sua troca[ com {who}]",
    ),
    message(
        "P2P_TRADE_COMPLETED",
        "Tu intercambio[ con {who}] se completó",
        "Your trade[ with {who}] is complete",
        "Sua troca[ com {who}] foi concluída",
    ),
    message(
        "P2P_TRADE_CANCELLED",
        "Tu intercambio[ con {who}] se canceló",
        "Your trade[ with {who}] was cancelled",
        "Sua troca[ com {who}] foi cancelada",
    ),
    message(
        "P2P_TRADE_DISPUTED",
        "Tu intercambio[ con {who}] está en disputa",
        "Your trade[ with {who}] is in dispute",
        "Sua troca[ com {who}] está em disputa",
    ),
    message(
        "USDC_DEPOSIT_COMPLETED",
        "Tu depósito de {money} está listo",
        "Your deposit of {money} is complete",
        "Seu depósito de {money} está pronto",
    ),
    message(
        "USDC_WITHDRAWAL_COMPLETED",
        "Tu retiro de {money} está listo",
        "Your withdrawal of {money} is complete",
        "Seu saque de {money} está pronto",
    ),
    message(
        "SECURITY_ALERT",
        "Aviso de seguridad sobre tu cuenta",
        "Security alert about your account",
        "Alerta de segurança sobre sua conta",
    ),
];

/// For kinds without a text of their own: a contract file may name any.
const FALLBACK_IN: Message = message(
    "",
    "Recibiste {money}[ de {who}]",
    "You received {money}[ from {who}]",
    "Você recebeu {money}[ de {who}]",
);
const FALLBACK_OUT: Message = message(
    "",
    "Enviaste {money}[ a {who}]",
    "You sent {money}[ to {who}]",
    "Você enviou {money}[ para {who}]",
);
const FALLBACK: Message = message(
    "",
    "Hay novedades en tu cuenta",
    "There is news about your account",
    "Há novidades na sua conta",
);

impl NotificationText for BuiltInTexts {
    fn render(&self, input: &RenderInput<'_>, locale: Locale) -> String {
        let known = MESSAGES
            .iter()
            .find(|message| message.kind == input.kind.as_str());
        let message = known.unwrap_or(match (input.direction, &input.money) {
            (Direction::In, Some(_)) => &FALLBACK_IN,
            (Direction::Out, Some(_)) => &FALLBACK_OUT,
            _ => &FALLBACK,
        });
        let template = match locale {
            Locale::Es => message.es,
            Locale::En => message.en,
            Locale::Pt => message.pt,
        };
        let who = input
            .counterparty_name
            .map(ToOwned::to_owned)
            .or_else(|| input.counterparty.as_ref().map(short_address));
        let money = input
            .money
            .clone()
            .unwrap_or_else(|| unknown_amount(locale).to_owned());
        fill(template, &money, who.as_deref())
    }
}

fn unknown_amount(locale: Locale) -> &'static str {
    match locale {
        Locale::Es => "una cantidad",
        Locale::En => "an amount",
        Locale::Pt => "um valor",
    }
}

/// `0x12…ab`: enough to recognise, short enough for a lock screen.
fn short_address(address: &Address) -> String {
    let text = address.to_string();
    format!("{}…{}", &text[..4], &text[text.len() - 2..])
}

/// Fills a template: `[with {who}|without]` keeps the part that fits what is known.
fn fill(template: &str, money: &str, who: Option<&str>) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('[') {
        let (phrase, after) = after.split_once(']').unwrap_or((after, ""));
        let (with, without) = phrase.split_once('|').unwrap_or((phrase, ""));
        filled.push_str(before);
        filled.push_str(if who.is_some() { with } else { without });
        rest = after;
    }
    filled.push_str(rest);
    // One pass over the template's own places: a name that contains "{money}" stays a name.
    let mut text = String::with_capacity(filled.len());
    let mut rest = filled.as_str();
    while let Some(at) = rest.find('{') {
        text.push_str(&rest[..at]);
        let place = &rest[at..];
        let (value, skip) = if place.starts_with("{money}") {
            (money, "{money}".len())
        } else if place.starts_with("{who}") {
            (who.unwrap_or_default(), "{who}".len())
        } else {
            ("{", 1)
        };
        text.push_str(value);
        rest = &place[skip..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use vigia_core::NotificationKind;

    use super::*;

    fn render(kind: &str, money: Option<&str>, who: Option<&str>, locale: Locale) -> String {
        let input = RenderInput {
            kind: &NotificationKind::new(kind),
            direction: Direction::In,
            money: money.map(ToOwned::to_owned),
            counterparty_name: who,
            counterparty: None,
            business_id: None,
        };
        BuiltInTexts.render(&input, locale)
    }

    #[test]
    fn reads_as_people_write() {
        let mut bytes = [0u8; 32];
        (bytes[0], bytes[31]) = (0x12, 0xab);
        let input = RenderInput {
            kind: &NotificationKind::new("SEND_FROM_EXTERNAL"),
            direction: Direction::In,
            money: Some("5.00 cUSD".to_owned()),
            counterparty_name: None,
            counterparty: Some(Address::new(bytes)),
            business_id: None,
        };
        let text = |locale| BuiltInTexts.render(&input, locale);
        assert_eq!(text(Locale::Es), "Recibiste 5.00 cUSD de 0x12…ab");
        assert_eq!(text(Locale::En), "You received 5.00 cUSD from 0x12…ab");
        assert_eq!(text(Locale::Pt), "Você recebeu 5.00 cUSD de 0x12…ab");
    }

    #[test]
    fn leaves_out_what_is_not_known() {
        let es = |kind, who| render(kind, Some("1.00 SUI"), who, Locale::Es);
        assert_eq!(es("SEND_RECEIVED", None), "Recibiste 1.00 SUI");
        assert_eq!(es("P2P_OFFER_ACCEPTED", None), "Tu oferta fue aceptada");
        assert_eq!(
            es("P2P_OFFER_ACCEPTED", Some("Ana")),
            "Ana aceptó tu oferta"
        );
        assert_eq!(
            render("SEND_RECEIVED", None, None, Locale::En),
            "You received an amount"
        );
        assert_eq!(
            render("NO_SUCH_KIND", None, None, Locale::Pt),
            "Há novidades na sua conta"
        );
    }

    #[test]
    fn names_are_not_templates() {
        let text = render(
            "SEND_RECEIVED",
            Some("1.00 SUI"),
            Some("{money}[x]"),
            Locale::Es,
        );
        assert_eq!(text, "Recibiste 1.00 SUI de {money}[x]");
    }

    #[test]
    fn every_message_fills_in_every_language() {
        for message in MESSAGES {
            for locale in [Locale::Es, Locale::En, Locale::Pt] {
                for who in [None, Some("Ana")] {
                    let text = render(message.kind, Some("2.50 cUSD"), who, locale);
                    let clean = !text.contains(['[', ']', '{', '}', '|']) && !text.contains("  ");
                    assert!(
                        clean && !text.is_empty(),
                        "{} {locale:?}: {text}",
                        message.kind
                    );
                }
            }
        }
    }
}
