//! The words of watched addresses.

use vigia_core::Locale;
use vigia_store::BackfillState;

/// The words of one language.
pub(crate) struct AddressWords {
    /// Title of the page.
    pub(crate) title: &'static str,
    /// What is listed.
    pub(crate) hint: &'static str,
    /// There are none.
    pub(crate) none: &'static str,
    /// What to do about it.
    pub(crate) none_hint: &'static str,
    /// Before when an address was added.
    pub(crate) since: &'static str,
    /// Before the checkpoint from which on it is followed.
    pub(crate) live_from: &'static str,
    /// Before the checkpoint from which on nothing is missing.
    pub(crate) complete_from: &'static str,
    /// Label of how far a history is.
    pub(crate) progress: &'static str,
    /// Link to what happened to an address.
    pub(crate) activity: &'static str,
    /// Nothing below is fetched.
    pub(crate) no_history: &'static str,
    /// Link to further addresses.
    pub(crate) next: &'static str,
    /// Link to the first addresses.
    pub(crate) first: &'static str,
    /// Heading of how one is added.
    pub(crate) add: &'static str,
    /// What a wallet is asked for.
    pub(crate) wallet_hint: &'static str,
    /// The button that asks a wallet.
    pub(crate) wallet: &'static str,
    /// It takes script.
    pub(crate) wallet_script: &'static str,
    /// A signature was refused.
    pub(crate) refused: &'static str,
    /// Another account has the address.
    pub(crate) taken: &'static str,
    /// What operators may.
    pub(crate) name_hint: &'static str,
    /// Label of an account's external id.
    pub(crate) account: &'static str,
    /// Label of an address.
    pub(crate) address: &'static str,
    /// The button that adds it.
    pub(crate) watch: &'static str,
    /// There is no such account.
    pub(crate) no_account: &'static str,
    /// This is no address.
    pub(crate) no_address: &'static str,
    /// What was done.
    pub(crate) added: &'static str,
    /// It was watched before.
    pub(crate) known: &'static str,
    /// Waiting, running, complete, pruned, unproven, failed.
    states: [&'static str; 6],
}

impl AddressWords {
    /// How far a history is.
    pub(crate) fn state(&self, state: BackfillState) -> &'static str {
        self.states[match state {
            BackfillState::Waiting => 0,
            BackfillState::Running => 1,
            BackfillState::Complete => 2,
            BackfillState::Pruned => 3,
            BackfillState::Unproven => 4,
            BackfillState::Failed => 5,
        }]
    }
}

/// The words of a language.
pub(crate) fn address_words(locale: Locale) -> &'static AddressWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: AddressWords = AddressWords {
    title: "Direcciones",
    hint: "Las direcciones que se vigilan para tus cuentas, y hasta dónde llega su historia.",
    none: "Todavía no se vigila ninguna dirección",
    none_hint: "Aquí aparecen las direcciones de tus cuentas.",
    since: "añadida",
    live_from: "en vivo desde el checkpoint",
    complete_from: "nada falta desde el checkpoint",
    progress: "Avance de la historia",
    activity: "Actividad",
    no_history: "Solo desde que se vigila",
    next: "Siguientes",
    first: "Primeras",
    add: "Añadir una dirección",
    wallet_hint: "Tu monedero firma un mensaje para demostrar que la dirección es tuya. No cuesta nada y no envía ninguna transacción.",
    wallet: "Firmar con un monedero",
    wallet_script: "Para firmar con un monedero hace falta JavaScript.",
    refused: "Esa firma no vale. Inténtalo otra vez.",
    taken: "Esa dirección ya se vigila para otra cuenta.",
    name_hint: "Como operador puedes añadir cualquier dirección a cualquier cuenta que exista.",
    account: "Cuenta",
    address: "Dirección",
    watch: "Añadir",
    no_account: "No existe esa cuenta.",
    no_address: "Eso no es una dirección: 0x y de 1 a 64 cifras hexadecimales.",
    added: "Dirección añadida. Su historia llegará en un momento.",
    known: "Esa dirección ya se vigilaba para esta cuenta.",
    states: [
        "historia en espera",
        "trayendo la historia",
        "historia completa",
        "historia recortada: lo anterior ya no lo guarda nadie",
        "historia según un proveedor, sin prueba",
        "la historia no se pudo traer",
    ],
};

static EN: AddressWords = AddressWords {
    title: "Addresses",
    hint: "The addresses that are watched for your accounts, and how far their history goes.",
    none: "No address is watched yet",
    none_hint: "The addresses of your accounts will be here.",
    since: "added",
    live_from: "live from checkpoint",
    complete_from: "nothing is missing from checkpoint",
    progress: "Progress of the history",
    activity: "Activity",
    no_history: "Only since it is watched",
    next: "Next",
    first: "First",
    add: "Add an address",
    wallet_hint: "Your wallet signs a message to show that the address is yours. It costs nothing and sends no transaction.",
    wallet: "Sign with a wallet",
    wallet_script: "Signing with a wallet takes JavaScript.",
    refused: "That signature does not count. Try again.",
    taken: "That address is watched for another account already.",
    name_hint: "As an operator you may add any address to any account there is.",
    account: "Account",
    address: "Address",
    watch: "Add",
    no_account: "There is no such account.",
    no_address: "This is no address: 0x and 1 to 64 hexadecimal digits.",
    added: "Address added. Its history will be here in a moment.",
    known: "That address was watched for this account already.",
    states: [
        "history is waiting",
        "history is being fetched",
        "history is complete",
        "history is cut off: nobody keeps what was before",
        "history by a provider's word, without proof",
        "history could not be fetched",
    ],
};

static PT: AddressWords = AddressWords {
    title: "Endereços",
    hint: "Os endereços vigiados para as suas contas, e até onde vai a história deles.",
    none: "Ainda não se vigia nenhum endereço",
    none_hint: "Aqui aparecem os endereços das suas contas.",
    since: "adicionado",
    live_from: "ao vivo desde o checkpoint",
    complete_from: "nada falta desde o checkpoint",
    progress: "Andamento da história",
    activity: "Atividade",
    no_history: "Só desde que se vigia",
    next: "Próximos",
    first: "Primeiros",
    add: "Adicionar um endereço",
    wallet_hint: "A sua carteira assina uma mensagem para mostrar que o endereço é seu. Não custa nada e não envia nenhuma transação.",
    wallet: "Assinar com uma carteira",
    wallet_script: "Assinar com uma carteira precisa de JavaScript.",
    refused: "Essa assinatura não vale. Tente outra vez.",
    taken: "Esse endereço já é vigiado para outra conta.",
    name_hint: "Como operador você pode adicionar qualquer endereço a qualquer conta que exista.",
    account: "Conta",
    address: "Endereço",
    watch: "Adicionar",
    no_account: "Essa conta não existe.",
    no_address: "Isto não é um endereço: 0x e de 1 a 64 dígitos hexadecimais.",
    added: "Endereço adicionado. A história chega em um momento.",
    known: "Esse endereço já era vigiado para esta conta.",
    states: [
        "história à espera",
        "buscando a história",
        "história completa",
        "história cortada: o que veio antes ninguém guarda",
        "história segundo um provedor, sem prova",
        "não foi possível buscar a história",
    ],
};
