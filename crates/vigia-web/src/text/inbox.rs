//! Words of the inbox.

use vigia_core::Locale;

/// Words of the inbox.
pub(crate) struct InboxWords {
    /// The button that marks everything as read.
    pub(crate) mark_all_read: &'static str,
    /// What is not read, for those who do not see its mark.
    pub(crate) unread: &'static str,
}

/// Those of a language.
pub(crate) fn inbox_words(locale: Locale) -> &'static InboxWords {
    match locale {
        Locale::Es => &ES,
        Locale::En => &EN,
        Locale::Pt => &PT,
    }
}

static ES: InboxWords = InboxWords {
    mark_all_read: "Marcar todo como leído",
    unread: "sin leer",
};

static EN: InboxWords = InboxWords {
    mark_all_read: "Mark all as read",
    unread: "unread",
};

static PT: InboxWords = InboxWords {
    mark_all_read: "Marcar tudo como lido",
    unread: "não lido",
};
