//! The words of signing in and out.

use vigia_core::Locale;

/// The words of one language.
pub(crate) struct SignInWords {
    /// Title of the page.
    pub(crate) title: &'static str,
    /// Label of the name.
    pub(crate) name: &'static str,
    /// Label of the password.
    pub(crate) password: &'static str,
    /// The button.
    pub(crate) sign_in: &'static str,
    /// Name or password are wrong.
    pub(crate) refused: &'static str,
    /// Too many tries; `{minutes}` is filled in.
    pub(crate) too_many: &'static str,
    /// Too many people at once.
    pub(crate) busy: &'static str,
    /// The button for wallets.
    pub(crate) wallet: &'static str,
    /// There is no wallet.
    pub(crate) no_wallet: &'static str,
    /// What was signed does not count, or the address is nobody's.
    pub(crate) wallet_refused: &'static str,
    /// The wallet or the network failed.
    pub(crate) wallet_failed: &'static str,
    /// The button that ends the session.
    pub(crate) sign_out: &'static str,
}

/// The words of a language.
pub(crate) fn sign_in_words(locale: Locale) -> &'static SignInWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: SignInWords = SignInWords {
    title: "Iniciar sesión",
    name: "Usuario",
    password: "Contraseña",
    sign_in: "Entrar",
    refused: "El usuario o la contraseña no es correcto.",
    too_many: "Demasiados intentos con este usuario. Prueba de nuevo en {minutes} min.",
    busy: "Hay muchas personas entrando en este momento. Prueba de nuevo en unos segundos.",
    wallet: "Entrar con una billetera de Sui",
    no_wallet: "No se encontró ninguna billetera de Sui en este navegador.",
    wallet_refused: "Esta dirección o su firma no da acceso aquí.",
    wallet_failed: "No se pudo firmar. Prueba de nuevo.",
    sign_out: "Cerrar sesión",
};

static EN: SignInWords = SignInWords {
    title: "Sign in",
    name: "User",
    password: "Password",
    sign_in: "Sign in",
    refused: "The user or the password is not right.",
    too_many: "Too many attempts with this user. Try again in {minutes} min.",
    busy: "Many people are signing in at the moment. Try again in a few seconds.",
    wallet: "Sign in with Sui wallet",
    no_wallet: "No Sui wallet was found in this browser.",
    wallet_refused: "This address or its signature gives no access here.",
    wallet_failed: "It could not be signed. Try again.",
    sign_out: "Sign out",
};

static PT: SignInWords = SignInWords {
    title: "Entrar",
    name: "Usuário",
    password: "Senha",
    sign_in: "Entrar",
    refused: "O usuário ou a senha não está certo.",
    too_many: "Tentativas demais com este usuário. Tente de novo em {minutes} min.",
    busy: "Muitas pessoas estão entrando neste momento. Tente de novo em alguns segundos.",
    wallet: "Entrar com carteira Sui",
    no_wallet: "Nenhuma carteira Sui foi encontrada neste navegador.",
    wallet_refused: "Este endereço ou sua assinatura não dá acesso aqui.",
    wallet_failed: "Não foi possível assinar. Tente de novo.",
    sign_out: "Sair",
};
