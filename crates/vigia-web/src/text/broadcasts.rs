//! The words of broadcasts.

use vigia_core::{AccountKind, Locale};
use vigia_store::BroadcastState;

/// The words of one language.
pub(crate) struct BroadcastWords {
    /// Title of the list.
    pub(crate) title: &'static str,
    /// What is in it.
    pub(crate) hint: &'static str,
    /// Nothing is.
    pub(crate) none: &'static str,
    /// What would be.
    pub(crate) none_hint: &'static str,
    /// Link to a new one, and the title of its form.
    pub(crate) new: &'static str,
    /// Before when one ended.
    pub(crate) ended: &'static str,
    /// Opens what is said.
    pub(crate) texts: &'static str,
    /// Before to whom.
    pub(crate) to: &'static str,
    /// To all.
    pub(crate) everybody: &'static str,
    /// Before languages that are read.
    pub(crate) readers_of: &'static str,
    /// What is to be written.
    pub(crate) texts_hint: &'static str,
    /// Label of a first line.
    pub(crate) text_title: &'static str,
    /// Label of a text.
    pub(crate) text_body: &'static str,
    /// Label of the kind of account of whoever is told.
    pub(crate) account_kind: &'static str,
    /// Members of any, or of none.
    pub(crate) any_account: &'static str,
    /// Label of users by name.
    pub(crate) users: &'static str,
    /// How what is asked for goes together.
    pub(crate) segment_hint: &'static str,
    /// Label of the rate.
    pub(crate) rate: &'static str,
    /// Title and button of the preview.
    pub(crate) preview: &'static str,
    /// That nothing is sent yet.
    pub(crate) preview_hint: &'static str,
    /// The button that begins.
    pub(crate) start: &'static str,
    /// The button that goes back to the form.
    pub(crate) change: &'static str,
    /// Link back.
    pub(crate) back: &'static str,
    /// What was done.
    pub(crate) started: &'static str,
    /// Running, stopped, done.
    states: [&'static str; 3],
    /// Members of personal accounts, of business accounts.
    members: [&'static str; 2],
    /// What is wrong: the texts, the segment, the rate.
    wrong: [&'static str; 3],
}

impl BroadcastWords {
    /// How far a broadcast is.
    pub(crate) fn state(&self, state: BroadcastState) -> &'static str {
        self.states[match state {
            BroadcastState::Running => 0,
            BroadcastState::Stopped => 1,
            BroadcastState::Done => 2,
        }]
    }

    /// Whose accounts' members.
    pub(crate) fn members_of(&self, kind: AccountKind) -> &'static str {
        self.members[match kind {
            AccountKind::Personal => 0,
            AccountKind::Business => 1,
        }]
    }

    /// What is wrong.
    pub(crate) fn wrong(&self, argument: &str) -> &'static str {
        self.wrong[match argument {
            "texts" => 0,
            "segment" => 1,
            _ => 2,
        }]
    }
}

/// The words of a language.
pub(crate) fn broadcast_words(locale: Locale) -> &'static BroadcastWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: BroadcastWords = BroadcastWords {
    title: "Comunicados",
    hint: "Los más recientes primero; los envían los procesos que trabajan.",
    none: "Todavía no se ha comunicado nada",
    none_hint: "Un comunicado llega al buzón de cada usuario una vez, y a sus dispositivos como cada uno quiere.",
    new: "Nuevo comunicado",
    ended: "terminó",
    texts: "Lo que dice",
    to: "Para",
    everybody: "todos los usuarios",
    readers_of: "quienes leen",
    texts_hint: "En un idioma al menos. Quien lee otro recibe el primero que haya: español, inglés, portugués.",
    text_title: "Título",
    text_body: "Texto",
    account_kind: "Miembros de",
    any_account: "cualquier cuenta",
    users: "Solo estos usuarios, un identificador por línea",
    segment_hint: "Quien recibe cumple todo lo que se pida; sin pedir nada son todos.",
    rate: "Usuarios por segundo, como máximo",
    preview: "Vista previa",
    preview_hint: "Así se leerá. Todavía no se ha enviado nada.",
    start: "Enviar",
    change: "Cambiar",
    back: "Volver",
    started: "Comenzó: aquí se ve cuánto lleva",
    states: ["en curso", "detenido", "terminado"],
    members: ["cuentas personales", "cuentas de negocio"],
    wrong: [
        "Los textos no están bien:",
        "Los destinatarios no están bien:",
        "La velocidad no está bien:",
    ],
};

static EN: BroadcastWords = BroadcastWords {
    title: "Broadcasts",
    hint: "The newest first; processes that work send them.",
    none: "Nothing was broadcast yet",
    none_hint: "A broadcast comes to the inbox of each user once, and to their devices as each wants it.",
    new: "New broadcast",
    ended: "ended",
    texts: "What it says",
    to: "To",
    everybody: "all users",
    readers_of: "who read",
    texts_hint: "In one language at least. Who reads another gets the first there is: Spanish, English, Portuguese.",
    text_title: "Title",
    text_body: "Text",
    account_kind: "Members of",
    any_account: "any account",
    users: "Only these users, an id a line",
    segment_hint: "Who is told has all that is asked for; where nothing is, all are.",
    rate: "Users in a second, at most",
    preview: "Preview",
    preview_hint: "This is how it will be read. Nothing is sent yet.",
    start: "Send",
    change: "Change",
    back: "Back",
    started: "It has begun: how far it is can be seen here",
    states: ["under way", "stopped", "done"],
    members: ["personal accounts", "business accounts"],
    wrong: [
        "The texts are not right:",
        "Whom it is for is not right:",
        "The rate is not right:",
    ],
};

static PT: BroadcastWords = BroadcastWords {
    title: "Comunicados",
    hint: "Os mais recentes primeiro; os processos que trabalham os enviam.",
    none: "Nada foi comunicado ainda",
    none_hint: "Um comunicado chega à caixa de cada usuário uma vez, e aos seus dispositivos como cada um quer.",
    new: "Novo comunicado",
    ended: "terminou",
    texts: "O que diz",
    to: "Para",
    everybody: "todos os usuários",
    readers_of: "quem lê",
    texts_hint: "Em um idioma ao menos. Quem lê outro recebe o primeiro que houver: espanhol, inglês, português.",
    text_title: "Título",
    text_body: "Texto",
    account_kind: "Membros de",
    any_account: "qualquer conta",
    users: "Só estes usuários, um identificador por linha",
    segment_hint: "Quem recebe cumpre tudo o que se pede; sem pedir nada são todos.",
    rate: "Usuários por segundo, no máximo",
    preview: "Prévia",
    preview_hint: "É assim que será lido. Nada foi enviado ainda.",
    start: "Enviar",
    change: "Mudar",
    back: "Voltar",
    started: "Começou: aqui se vê quanto já foi",
    states: ["em andamento", "parado", "terminado"],
    members: ["contas pessoais", "contas de negócio"],
    wrong: [
        "Os textos não estão certos:",
        "Os destinatários não estão certos:",
        "A velocidade não está certa:",
    ],
};
