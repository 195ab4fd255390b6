//! The words of accounts' webhook endpoints.

use vigia_core::Locale;

/// The words of one language.
pub(crate) struct EndpointWords {
    /// Title of the list.
    pub(crate) title: &'static str,
    /// What endpoints are.
    pub(crate) hint: &'static str,
    /// There are none.
    pub(crate) none: &'static str,
    /// What to do about it.
    pub(crate) none_hint: &'static str,
    /// The reader may manage none.
    pub(crate) not_yours: &'static str,
    /// Who could let them.
    pub(crate) not_yours_hint: &'static str,
    /// Accounts have no endpoints here.
    pub(crate) no_keeper: &'static str,
    /// What the operator has to do about it.
    pub(crate) no_keeper_hint: &'static str,
    /// Link to the form, and its title.
    pub(crate) new: &'static str,
    /// Label of the account.
    pub(crate) account: &'static str,
    /// Label of the address.
    pub(crate) url: &'static str,
    /// What it has to be.
    pub(crate) url_hint: &'static str,
    /// Label of what its owner calls it.
    pub(crate) label: &'static str,
    /// Label of its name, which it has for ever.
    pub(crate) name: &'static str,
    /// Legend of what it is told of.
    pub(crate) filter: &'static str,
    /// Label of the kinds of activities.
    pub(crate) kinds: &'static str,
    /// How they are written.
    pub(crate) kinds_hint: &'static str,
    /// Label of the types of coins.
    pub(crate) coins: &'static str,
    /// How they are written.
    pub(crate) coins_hint: &'static str,
    /// Label of the least amount.
    pub(crate) minimum: &'static str,
    /// In which units.
    pub(crate) minimum_hint: &'static str,
    /// Label of how often it is tried.
    pub(crate) per_second: &'static str,
    /// In place of a filter that lets all through.
    pub(crate) all: &'static str,
    /// Legend of how webhooks are signed.
    pub(crate) signature: &'static str,
    /// Receivers hold a public key.
    pub(crate) ed25519: &'static str,
    /// Receivers hold the same secret.
    pub(crate) hmac: &'static str,
    /// The button that makes one.
    pub(crate) create: &'static str,
    /// The button that keeps a change, and the title of its form.
    pub(crate) edit: &'static str,
    /// The button that keeps a change.
    pub(crate) save: &'static str,
    /// Link back without a change.
    pub(crate) back: &'static str,
    /// The button that sends a test.
    pub(crate) test: &'static str,
    /// Link to where it is removed, and the button there.
    pub(crate) remove: &'static str,
    /// What removing means.
    pub(crate) remove_hint: &'static str,
    /// Heading of the keys.
    pub(crate) keys: &'static str,
    /// What receivers do with them.
    pub(crate) keys_hint: &'static str,
    /// There is none that may be shown.
    pub(crate) keys_shared: &'static str,
    /// Keys cannot be used.
    pub(crate) keys_unusable: &'static str,
    /// The button that makes a new key.
    pub(crate) rotate: &'static str,
    /// The button that leaves the newest key alone.
    pub(crate) drop_old: &'static str,
    /// Title where a secret is shown.
    pub(crate) secret: &'static str,
    /// That it is shown this once.
    pub(crate) secret_hint: &'static str,
    /// Link on from there.
    pub(crate) secret_kept: &'static str,
    /// Label of the share of the last day that arrived.
    pub(crate) success: &'static str,
    /// Heading of the deliveries.
    pub(crate) deliveries: &'static str,
    /// Link to all of them.
    pub(crate) any_state: &'static str,
    /// There are none.
    pub(crate) no_deliveries: &'static str,
    /// The button that sends all dead ones again.
    pub(crate) replay_dead: &'static str,
    /// Title of one delivery.
    pub(crate) delivery: &'static str,
    /// It was never tried.
    pub(crate) no_attempts: &'static str,
    /// Before how the receiver's answer began.
    pub(crate) answer: &'static str,
    /// What was done.
    pub(crate) created: &'static str,
    /// What was done.
    pub(crate) changed: &'static str,
    /// What was done.
    pub(crate) removed: &'static str,
    /// What was done.
    pub(crate) enabled: &'static str,
    /// What was done.
    pub(crate) disabled: &'static str,
    /// What was done.
    pub(crate) retried: &'static str,
    /// There was nothing to do.
    pub(crate) nothing_done: &'static str,
    /// What was done.
    pub(crate) tested: &'static str,
    /// What was done.
    pub(crate) rotated: &'static str,
    /// What was done.
    pub(crate) dropped: &'static str,
    /// What was done.
    pub(crate) replayed: &'static str,
    /// Problems: address, label, kinds, coins, amount, attempts, account.
    wrong: [&'static str; 7],
    /// Anything else that is wrong.
    wrong_otherwise: &'static str,
}

impl EndpointWords {
    /// What is wrong with an argument, as GraphQL calls it.
    pub(crate) fn wrong(&self, argument: &str) -> &'static str {
        const ARGUMENTS: [&str; 7] = [
            "url",
            "label",
            "kinds",
            "coins",
            "minimumUnits",
            "perSecond",
            "account",
        ];
        let mut all = ARGUMENTS.into_iter().zip(self.wrong);
        let found = all.find(|(known, _)| *known == argument);
        found.map_or(self.wrong_otherwise, |(_, wrong)| wrong)
    }
}

/// The words of a language.
pub(crate) fn endpoint_words(locale: Locale) -> &'static EndpointWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: EndpointWords = EndpointWords {
    title: "Webhooks",
    hint: "Direcciones a las que contamos lo que pasa en una cuenta, firmado, en cuanto pasa.",
    none: "Todavía no hay receptores",
    none_hint: "Crea uno para que otro sistema se entere de lo que pasa en tu cuenta.",
    not_yours: "No tienes webhooks que manejar",
    not_yours_hint: "Hace falta el permiso webhook en una cuenta; lo da quien administra la aplicación.",
    no_keeper: "Aquí las cuentas no tienen webhooks",
    no_keeper_hint: "El operador tiene que poner delivery.secret_key_files.",
    new: "Nuevo receptor",
    account: "Cuenta",
    url: "Dirección",
    url_hint: "https:// y en la internet pública",
    label: "Nombre",
    name: "Identificador",
    enabled: "Habilitado: se le dirá también lo ocurrido mientras tanto",
    disabled: "Deshabilitado: lo que ocurra se guarda para después",
    retried: "Se envía de nuevo",
    nothing_done: "No había nada que hacer",
    filter: "De qué se le avisa",
    kinds: "Tipos de actividad",
    kinds_hint: "Separados por comas, como payment, transfer. Vacío: todos.",
    coins: "Monedas",
    coins_hint: "Tipos como 0x2::sui::SUI, separados por comas. Vacío: todas.",
    minimum: "Monto mínimo",
    minimum_hint: "En unidades mínimas de la moneda. Vacío: cualquiera.",
    per_second: "Intentos por segundo, a lo sumo",
    all: "todo",
    signature: "Firma",
    ed25519: "Ed25519: el receptor tiene una clave pública, que no sirve para firmar",
    hmac: "HMAC-SHA256: el receptor tiene el mismo secreto",
    create: "Crear",
    edit: "Editar",
    save: "Guardar",
    back: "Volver sin cambiar nada",
    test: "Enviar una prueba",
    remove: "Eliminar",
    remove_hint: "No recibirá nada más y sus claves se olvidan. No se puede deshacer.",
    keys: "Claves de firma",
    keys_hint: "Con estas claves públicas el receptor comprueba que un webhook viene de aquí; la más nueva primero.",
    keys_shared: "La firma usa un secreto que solo se mostró una vez.",
    keys_unusable: "No se pueden usar sus claves; el registro del servidor dice por qué.",
    rotate: "Crear una clave nueva",
    drop_old: "Dejar solo la más nueva",
    secret: "Guarda este secreto ahora",
    secret_hint: "El receptor lo necesita para comprobar la firma. No lo volveremos a mostrar.",
    secret_kept: "Ya lo guardé",
    success: "Éxito en 24 h",
    deliveries: "Entregas",
    any_state: "Todas",
    no_deliveries: "No hay ninguna.",
    replay_dead: "Reenviar todas las perdidas",
    delivery: "Entrega",
    no_attempts: "Todavía no se intentó.",
    answer: "respuesta",
    created: "Creado: se le avisa de lo que pase desde ahora",
    changed: "Guardado",
    removed: "Eliminado",
    tested: "La prueba está en camino",
    rotated: "Clave nueva: los webhooks llevan también su firma",
    dropped: "Solo queda la clave más nueva",
    replayed: "Se reenvían las perdidas",
    wrong: [
        "Esa dirección no puede ser. Tiene que empezar con https:// y estar en la internet pública.",
        "Ese nombre es demasiado largo: caben 100 bytes.",
        "Los tipos de actividad son hasta 100 palabras de hasta 200 letras.",
        "Hay una moneda que no lo es. Los tipos son como 0x2::sui::SUI, hasta 100.",
        "El monto mínimo es un número entero de unidades mínimas.",
        "No puede ser esa cantidad de intentos por segundo.",
        "No manejas los webhooks de esa cuenta, o ya tiene todos los que puede tener.",
    ],
    wrong_otherwise: "Eso cambió hace un momento. Prueba de nuevo.",
};

static EN: EndpointWords = EndpointWords {
    title: "Webhooks",
    hint: "Addresses that are told what happens in an account, signed, as soon as it does.",
    none: "No receivers yet",
    none_hint: "Create one to let another system know what happens in your account.",
    not_yours: "You have no webhooks to manage",
    not_yours_hint: "It takes the permission webhook for an account, which whoever runs the application gives.",
    no_keeper: "Accounts have no webhooks here",
    no_keeper_hint: "The operator has to set delivery.secret_key_files.",
    new: "New receiver",
    account: "Account",
    url: "Address",
    url_hint: "https:// and on the public internet",
    label: "Name",
    name: "Identifier",
    enabled: "Enabled: it is told what happened meanwhile, too",
    disabled: "Disabled: what happens is kept for later",
    retried: "It is sent again",
    nothing_done: "There was nothing to do",
    filter: "What it is told of",
    kinds: "Kinds of activities",
    kinds_hint: "Apart by commas, such as payment, transfer. Empty: all.",
    coins: "Coins",
    coins_hint: "Types such as 0x2::sui::SUI, apart by commas. Empty: all.",
    minimum: "Least amount",
    minimum_hint: "In the coin's minor units. Empty: any.",
    per_second: "Attempts in a second, at most",
    all: "everything",
    signature: "Signature",
    ed25519: "Ed25519: the receiver has a public key, which cannot sign",
    hmac: "HMAC-SHA256: the receiver has the same secret",
    create: "Create",
    edit: "Edit",
    save: "Save",
    back: "Back without a change",
    test: "Send a test",
    remove: "Remove",
    remove_hint: "It is told nothing more, and its keys are forgotten. This cannot be undone.",
    keys: "Signing keys",
    keys_hint: "With these public keys the receiver verifies that a webhook comes from here; the newest first.",
    keys_shared: "It is signed with a secret that was shown once.",
    keys_unusable: "Its keys cannot be used; the server's log says why.",
    rotate: "Make a new key",
    drop_old: "Keep the newest alone",
    secret: "Keep this secret now",
    secret_hint: "The receiver needs it to verify signatures. It is not shown again.",
    secret_kept: "I have kept it",
    success: "Success in 24 h",
    deliveries: "Deliveries",
    any_state: "All",
    no_deliveries: "There are none.",
    replay_dead: "Send all that were given up again",
    delivery: "Delivery",
    no_attempts: "It has not been tried yet.",
    answer: "answer",
    created: "Created: it is told what happens from now on",
    changed: "Saved",
    removed: "Removed",
    tested: "The test is on its way",
    rotated: "New key: webhooks carry its signature, too",
    dropped: "The newest key is left alone",
    replayed: "What was given up is sent again",
    wrong: [
        "This address cannot be. It has to begin with https:// and be on the public internet.",
        "This name is too long: there is room for 100 bytes.",
        "Kinds of activities are up to 100 words of up to 200 letters.",
        "One of the coins is none. Types are like 0x2::sui::SUI, up to 100.",
        "The least amount is a whole number of minor units.",
        "That many attempts in a second are not possible.",
        "You do not manage webhooks of this account, or it has as many as it can.",
    ],
    wrong_otherwise: "This was changed a moment ago. Try again.",
};

static PT: EndpointWords = EndpointWords {
    title: "Webhooks",
    hint: "Endereços aos quais contamos o que acontece numa conta, assinado, assim que acontece.",
    none: "Ainda não há receptores",
    none_hint: "Crie um para que outro sistema saiba o que acontece na sua conta.",
    not_yours: "Você não tem webhooks para gerir",
    not_yours_hint: "É preciso a permissão webhook numa conta; quem a dá é quem administra o aplicativo.",
    no_keeper: "Aqui as contas não têm webhooks",
    no_keeper_hint: "O operador tem de definir delivery.secret_key_files.",
    new: "Novo receptor",
    account: "Conta",
    url: "Endereço",
    url_hint: "https:// e na internet pública",
    label: "Nome",
    name: "Identificador",
    enabled: "Habilitado: receberá também o que houve nesse meio-tempo",
    disabled: "Desabilitado: o que houver fica guardado para depois",
    retried: "É enviada de novo",
    nothing_done: "Não havia nada a fazer",
    filter: "Do que ele é avisado",
    kinds: "Tipos de atividade",
    kinds_hint: "Separados por vírgulas, como payment, transfer. Vazio: todos.",
    coins: "Moedas",
    coins_hint: "Tipos como 0x2::sui::SUI, separados por vírgulas. Vazio: todas.",
    minimum: "Valor mínimo",
    minimum_hint: "Em unidades mínimas da moeda. Vazio: qualquer um.",
    per_second: "Tentativas por segundo, no máximo",
    all: "tudo",
    signature: "Assinatura",
    ed25519: "Ed25519: o receptor tem uma chave pública, que não serve para assinar",
    hmac: "HMAC-SHA256: o receptor tem o mesmo segredo",
    create: "Criar",
    edit: "Editar",
    save: "Salvar",
    back: "Voltar sem mudar nada",
    test: "Enviar um teste",
    remove: "Remover",
    remove_hint: "Não receberá mais nada e suas chaves são esquecidas. Não dá para desfazer.",
    keys: "Chaves de assinatura",
    keys_hint: "Com estas chaves públicas o receptor confere que um webhook vem daqui; a mais nova primeiro.",
    keys_shared: "A assinatura usa um segredo que só foi mostrado uma vez.",
    keys_unusable: "Suas chaves não podem ser usadas; o registro do servidor diz por quê.",
    rotate: "Criar uma chave nova",
    drop_old: "Deixar só a mais nova",
    secret: "Guarde este segredo agora",
    secret_hint: "O receptor precisa dele para conferir a assinatura. Não será mostrado de novo.",
    secret_kept: "Já guardei",
    success: "Sucesso em 24 h",
    deliveries: "Entregas",
    any_state: "Todas",
    no_deliveries: "Não há nenhuma.",
    replay_dead: "Reenviar todas as abandonadas",
    delivery: "Entrega",
    no_attempts: "Ainda não foi tentada.",
    answer: "resposta",
    created: "Criado: é avisado do que acontecer a partir de agora",
    changed: "Salvo",
    removed: "Removido",
    tested: "O teste está a caminho",
    rotated: "Chave nova: os webhooks levam também sua assinatura",
    dropped: "Só fica a chave mais nova",
    replayed: "As abandonadas são reenviadas",
    wrong: [
        "Esse endereço não pode ser. Tem de começar com https:// e estar na internet pública.",
        "Esse nome é longo demais: cabem 100 bytes.",
        "Os tipos de atividade são até 100 palavras de até 200 letras.",
        "Há uma moeda que não é. Os tipos são como 0x2::sui::SUI, até 100.",
        "O valor mínimo é um número inteiro de unidades mínimas.",
        "Não pode haver tantas tentativas por segundo.",
        "Você não gere os webhooks dessa conta, ou ela já tem todos os que pode ter.",
    ],
    wrong_otherwise: "Isso mudou há um instante. Tente de novo.",
};
