//! The words of the watch list.

use vigia_core::Locale;
use vigia_store::{AddressHistory, BackfillState};

use super::{count, words};

/// The words of one language.
pub(crate) struct WatchWords {
    /// Title of the list.
    pub(crate) title: &'static str,
    /// What is in it.
    pub(crate) hint: &'static str,
    /// Nothing is.
    pub(crate) none: &'static str,
    /// What to do about it.
    pub(crate) none_hint: &'static str,
    /// Nothing is that the filter asks for.
    pub(crate) none_such: &'static str,
    /// The same, and what to do about it.
    pub(crate) none_such_hint: &'static str,
    /// Label of the version of the list.
    pub(crate) version: &'static str,
    /// Heading of what pollers have in memory.
    pub(crate) pollers: &'static str,
    /// No poller has compared.
    pub(crate) no_pollers: &'static str,
    /// A poller has all of it.
    pub(crate) has_all: &'static str,
    /// A poller had differences, which were repaired.
    pub(crate) differed: &'static str,
    /// Entries that it did not have.
    pub(crate) missing: &'static str,
    /// Entries that it had too many.
    pub(crate) extra: &'static str,
    /// Label of the external id of an account.
    pub(crate) account: &'static str,
    /// Label of an address, or its beginning.
    pub(crate) address: &'static str,
    /// The beginning of an address is none.
    pub(crate) no_address: &'static str,
    /// Before the first checkpoint for which something is watched.
    pub(crate) live_from: &'static str,
    /// Before who added it.
    pub(crate) added_by: &'static str,
    /// The operators did.
    pub(crate) operator: &'static str,
    /// Link to its activity.
    pub(crate) activity: &'static str,
    /// Before how far its history is.
    pub(crate) history: &'static str,
    /// Its history is not fetched.
    pub(crate) no_history: &'static str,
    /// Before the checkpoint where something begins.
    pub(crate) from: &'static str,
    /// Before the checkpoint where something is.
    pub(crate) at: &'static str,
    /// Title and button of adding.
    pub(crate) add: &'static str,
    /// What adding does.
    pub(crate) add_hint: &'static str,
    /// Label of what is to be watched.
    pub(crate) target: &'static str,
    /// How it is written.
    pub(crate) target_hint: &'static str,
    /// Legend of what it is.
    pub(crate) kind: &'static str,
    /// What the account's field takes.
    pub(crate) account_hint: &'static str,
    /// Label of the account's name.
    pub(crate) name: &'static str,
    /// Legend of whose the account is.
    pub(crate) account_kind: &'static str,
    /// Label of the member.
    pub(crate) user: &'static str,
    /// What the member's field takes.
    pub(crate) user_hint: &'static str,
    /// Label of the member's language.
    pub(crate) locale: &'static str,
    /// Title and button of removing.
    pub(crate) remove: &'static str,
    /// What removing does.
    pub(crate) remove_hint: &'static str,
    /// That a source says so, and would add it again.
    pub(crate) remove_source: &'static str,
    /// Link back.
    pub(crate) back: &'static str,
    /// What was done.
    pub(crate) added: &'static str,
    /// What was done.
    pub(crate) unchanged: &'static str,
    /// What was done.
    pub(crate) removed: &'static str,
    /// Address, contract, coin.
    kinds: [&'static str; 3],
    /// Of a history: waiting, running, complete, pruned, unproven, failed.
    states: [&'static str; 6],
}

/// What is to be watched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetKind {
    Address,
    Contract,
    Coin,
}

impl TargetKind {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Address, Self::Contract, Self::Coin];

    /// The word of forms.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Contract => "contract",
            Self::Coin => "coin",
        }
    }

    /// The one of a word.
    pub(crate) fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl WatchWords {
    /// What a target is.
    pub(crate) fn kind_of(&self, kind: TargetKind) -> &'static str {
        self.kinds[match kind {
            TargetKind::Address => 0,
            TargetKind::Contract => 1,
            TargetKind::Coin => 2,
        }]
    }

    /// How far a history is.
    pub(crate) fn history_text(&self, history: &AddressHistory, locale: Locale) -> String {
        let state = self.states[match history.state {
            BackfillState::Waiting => 0,
            BackfillState::Running => 1,
            BackfillState::Complete => 2,
            BackfillState::Pruned => 3,
            BackfillState::Unproven => 4,
            BackfillState::Failed => 5,
        }];
        let number = |number| count(number, locale);
        let mut text = state.to_owned();
        if let Some((position, end)) = history
            .position
            .filter(|_| history.state == BackfillState::Running)
        {
            let (position, end) = (number(position), number(end));
            text += &format!(", {} {position} {} {end}", self.at, words(locale).of);
        } else if let Some(from) = history.complete_from {
            text += &format!(", {} {}", self.from, number(from));
        }
        text
    }
}

/// The words of a language.
pub(crate) fn watch_words(locale: Locale) -> &'static WatchWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: WatchWords = WatchWords {
    title: "Lo que se observa",
    hint: "Direcciones, contratos y monedas, en el orden en que se agregaron.",
    none: "Todavía no se observa nada",
    none_hint: "Agrega una dirección, un contrato o una moneda; desde el checkpoint siguiente se observa.",
    none_such: "No se observa nada así",
    none_such_hint: "Revisa el id de la cuenta o el comienzo de la dirección.",
    version: "Versión de la lista",
    pollers: "En memoria de los procesos que leen",
    no_pollers: "Ningún proceso ha comparado su lista en los últimos 10 minutos.",
    has_all: "tiene todo",
    differed: "difería, se reparó",
    missing: "le faltaban",
    extra: "le sobraban",
    account: "Id de la cuenta",
    address: "Dirección o su comienzo",
    no_address: "Eso no es el comienzo de una dirección (0x…).",
    live_from: "desde el checkpoint",
    added_by: "agregada por",
    operator: "un operador",
    activity: "Actividad",
    history: "Historial:",
    no_history: "Historial: no se pide",
    from: "desde",
    at: "en",
    add: "Observar",
    add_hint: "Vale desde el checkpoint siguiente a lo ya guardado; el historial se trae después.",
    target: "Qué",
    target_hint: "0x…; un contrato también 0xPAQUETE::módulo o 0xPAQUETE::módulo::Evento; una moneda 0xPAQUETE::módulo::NOMBRE.",
    kind: "Qué es",
    account_hint: "Tu clave de la cuenta; sin ella una dirección tiene una cuenta propia.",
    name: "Nombre de la cuenta",
    account_kind: "De quién es",
    user: "Id del miembro",
    user_hint: "Tu clave de quien pertenece a la cuenta; puede faltar.",
    locale: "Idioma del miembro",
    remove: "Dejar de observar",
    remove_hint: "Lo que ya se guardó se queda con su cuenta. Lo que pase después no se guarda ni se avisa a nadie.",
    remove_source: "La agrega una fuente: si la fuente la sigue nombrando, vuelve con el próximo refresco.",
    back: "Volver",
    added: "Se observa",
    unchanged: "Ya se observaba así",
    removed: "Ya no se observa",
    kinds: ["dirección", "contrato", "moneda"],
    states: [
        "en espera",
        "en curso",
        "completo",
        "solo lo más nuevo",
        "completo según un proveedor",
        "no se puede traer",
    ],
};

static EN: WatchWords = WatchWords {
    title: "Watch list",
    hint: "Addresses, contracts and coins, in the order in which they were added.",
    none: "Nothing is watched yet",
    none_hint: "Add an address, a contract or a coin; it is watched from the next checkpoint on.",
    none_such: "Nothing like this is watched",
    none_such_hint: "Look at the id of the account, or the beginning of the address.",
    version: "Version of the list",
    pollers: "In memory of the processes that read",
    no_pollers: "No process has compared its list in the last 10 minutes.",
    has_all: "has all of it",
    differed: "differed, repaired",
    missing: "missing",
    extra: "too many",
    account: "Id of the account",
    address: "Address, or how it begins",
    no_address: "This is not how an address (0x…) begins.",
    live_from: "from checkpoint",
    added_by: "added by",
    operator: "an operator",
    activity: "Activity",
    history: "History:",
    no_history: "History: not asked for",
    from: "from",
    at: "at",
    add: "Watch",
    add_hint: "It holds from the checkpoint after what is stored; history is fetched afterwards.",
    target: "What",
    target_hint: "0x…; a contract also 0xPACKAGE::module or 0xPACKAGE::module::Event; a coin 0xPACKAGE::module::NAME.",
    kind: "What it is",
    account_hint: "Your key of the account; without one an address has an account of its own.",
    name: "Name of the account",
    account_kind: "Whose it is",
    user: "Id of the member",
    user_hint: "Your key of who belongs to the account; it may be left out.",
    locale: "Language of the member",
    remove: "Watch no longer",
    remove_hint: "What is stored stays with its account. What happens afterwards is neither stored nor told to anybody.",
    remove_source: "A source adds it: while the source names it, it comes back with the next refresh.",
    back: "Back",
    added: "It is watched",
    unchanged: "It was watched so already",
    removed: "It is watched no longer",
    kinds: ["address", "contract", "coin"],
    states: [
        "waiting",
        "under way",
        "complete",
        "the newer part alone",
        "complete by a provider's word",
        "cannot be fetched",
    ],
};

static PT: WatchWords = WatchWords {
    title: "O que se observa",
    hint: "Endereços, contratos e moedas, na ordem em que foram adicionados.",
    none: "Ainda não se observa nada",
    none_hint: "Adicione um endereço, um contrato ou uma moeda; é observado a partir do próximo checkpoint.",
    none_such: "Não se observa nada assim",
    none_such_hint: "Confira o id da conta ou o começo do endereço.",
    version: "Versão da lista",
    pollers: "Na memória dos processos que leem",
    no_pollers: "Nenhum processo comparou sua lista nos últimos 10 minutos.",
    has_all: "tem tudo",
    differed: "diferia, foi reparado",
    missing: "faltavam",
    extra: "sobravam",
    account: "Id da conta",
    address: "Endereço ou seu começo",
    no_address: "Isso não é o começo de um endereço (0x…).",
    live_from: "desde o checkpoint",
    added_by: "adicionado por",
    operator: "um operador",
    activity: "Atividade",
    history: "Histórico:",
    no_history: "Histórico: não é pedido",
    from: "desde",
    at: "em",
    add: "Observar",
    add_hint: "Vale a partir do checkpoint seguinte ao que já está guardado; o histórico vem depois.",
    target: "O quê",
    target_hint: "0x…; um contrato também 0xPACOTE::módulo ou 0xPACOTE::módulo::Evento; uma moeda 0xPACOTE::módulo::NOME.",
    kind: "O que é",
    account_hint: "Sua chave da conta; sem ela um endereço tem uma conta própria.",
    name: "Nome da conta",
    account_kind: "De quem é",
    user: "Id do membro",
    user_hint: "Sua chave de quem pertence à conta; pode faltar.",
    locale: "Idioma do membro",
    remove: "Deixar de observar",
    remove_hint: "O que já foi guardado fica com sua conta. O que acontecer depois não é guardado nem avisado a ninguém.",
    remove_source: "Uma fonte o adiciona: enquanto a fonte o nomear, volta na próxima atualização.",
    back: "Voltar",
    added: "É observado",
    unchanged: "Já era observado assim",
    removed: "Já não é observado",
    kinds: ["endereço", "contrato", "moeda"],
    states: [
        "à espera",
        "em andamento",
        "completo",
        "só o mais novo",
        "completo segundo um provedor",
        "não pode ser trazido",
    ],
};
