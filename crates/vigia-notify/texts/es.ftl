### The built-in texts in Spanish (of Latin America). A message is named as its kind; `.title` is the first line
### of a push, `.hidden` stands in for the text where amounts are not shown. docs/texts.md lists the variables.

## Stand in where a kind has no text of its own, and where a text fails

generic = Hay novedades en tu cuenta
    .title = { $has-account ->
            [yes] { $account }
           *[no] Novedades
        }

generic-in = { $has-who ->
        [yes] Recibiste { $money } de { $who }
       *[no] Recibiste { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinero recibido
        }
    .hidden = { $has-who ->
            [yes] Recibiste dinero de { $who }
           *[no] Recibiste dinero
        }

generic-out = { $has-who ->
        [yes] Enviaste { $money } a { $who }
       *[no] Enviaste { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinero enviado
        }
    .hidden = { $has-who ->
            [yes] Enviaste dinero a { $who }
           *[no] Enviaste dinero
        }

an-amount = una cantidad

## Money

send-received = { $has-who ->
        [yes] Recibiste { $money } de { $who }
       *[no] Recibiste { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinero recibido
        }
    .hidden = { $has-who ->
            [yes] Recibiste dinero de { $who }
           *[no] Recibiste dinero
        }

send-from-external = { $has-who ->
        [yes] Recibiste { $money } de { $who }
       *[no] Recibiste { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinero recibido
        }
    .hidden = { $has-who ->
            [yes] Recibiste dinero de { $who }
           *[no] Recibiste dinero
        }

send-sent = { $has-who ->
        [yes] Enviaste { $money } a { $who }
       *[no] Enviaste { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinero enviado
        }
    .hidden = { $has-who ->
            [yes] Enviaste dinero a { $who }
           *[no] Enviaste dinero
        }

payment-received = { $has-who ->
        [yes] Te pagaron { $money }: { $who }
       *[no] Te pagaron { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Pago recibido
        }
    .hidden = { $has-who ->
            [yes] Recibiste un pago de { $who }
           *[no] Recibiste un pago
        }

payment-sent = { $has-who ->
        [yes] Pagaste { $money } a { $who }
       *[no] Pagaste { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Pago enviado
        }
    .hidden = { $has-who ->
            [yes] Hiciste un pago a { $who }
           *[no] Hiciste un pago
        }

invoice-paid = La factura de { $business } fue pagada: { $money }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Factura pagada
        }
    .hidden = La factura de { $business } fue pagada

usdc-deposit-completed = Tu depósito de { $money } está listo
    .title = { $has-account ->
            [yes] { $account }
           *[no] Depósito listo
        }
    .hidden = Tu depósito está listo

usdc-withdrawal-completed = Tu retiro de { $money } está listo
    .title = { $has-account ->
            [yes] { $account }
           *[no] Retiro listo
        }
    .hidden = Tu retiro está listo

## Invitations

send-invitation-sent = Enviaste una invitación con { $money }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Invitación enviada
        }
    .hidden = Enviaste una invitación con dinero

send-invitation-claimed = { $has-who ->
        [yes] { $who } aceptó tu invitación
       *[no] Tu invitación fue aceptada
    }
    .title = Invitación aceptada

send-invitation-expired = Tu invitación venció: recuperaste { $money }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Invitación vencida
        }
    .hidden = Tu invitación venció: recuperaste tu dinero

## Trades

p2p-trade-started = { $has-who ->
        [yes] Comenzó tu intercambio con { $who }
       *[no] Comenzó tu intercambio
    }
    .title = Intercambio

p2p-offer-accepted = { $has-who ->
        [yes] { $who } aceptó tu oferta
       *[no] Tu oferta fue aceptada
    }
    .title = Oferta aceptada

p2p-crypto-released = { $has-who ->
        [yes] Recibiste { $money } de tu intercambio con { $who }
       *[no] Recibiste { $money } de tu intercambio
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinero recibido
        }
    .hidden = { $has-who ->
            [yes] Recibiste dinero de tu intercambio con { $who }
           *[no] Recibiste dinero de tu intercambio
        }

p2p-trade-completed = { $has-who ->
        [yes] Tu intercambio con { $who } se completó
       *[no] Tu intercambio se completó
    }
    .title = Intercambio completado

p2p-trade-cancelled = { $has-who ->
        [yes] Tu intercambio con { $who } se canceló
       *[no] Tu intercambio se canceló
    }
    .title = Intercambio cancelado

p2p-trade-disputed = { $has-who ->
        [yes] Tu intercambio con { $who } está en disputa
       *[no] Tu intercambio está en disputa
    }
    .title = Intercambio en disputa

## Many at once

digest-received = { $count ->
        [1] Un depósito: { $money }
       *[other] { $count } depósitos: { $money }
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Dinero recibido
        }
    .hidden = { $count ->
            [1] Recibiste un depósito
           *[other] Recibiste { $count } depósitos
        }

digest = { $count ->
        [1] Una novedad en tu cuenta
       *[other] { $count } novedades en tu cuenta
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Novedades
        }

summary = { $count ->
        [1] Mientras no estabas hubo una novedad en tu cuenta
       *[other] Mientras no estabas hubo { $count } novedades en tu cuenta
    }
    .title = { $has-account ->
            [yes] { $account }
           *[no] Resumen
        }

## Security

security-alert = Aviso de seguridad sobre tu cuenta
    .title = Aviso de seguridad

new-sign-in = Se inició sesión en tu cuenta desde { $client }: { $time }. Si no fuiste tú, cambia tu contraseña
    .title = Nuevo inicio de sesión

password-changed = Se cambió tu contraseña: { $time }. Si no fuiste tú, pide ayuda de inmediato
    .title = Contraseña cambiada

new-device = Se agregó un dispositivo a tu cuenta ({ $platform }): { $time }. Si no fuiste tú, quítalo
    .title = Nuevo dispositivo

## Receivers of notifications

webhook-disabled = El webhook { $endpoint } se desactivó: { $reason }
    .title = Webhook desactivado

webhook-enabled = El webhook { $endpoint } está activo de nuevo
    .title = Webhook activado

endpoint-test = Esta es una notificación de prueba
    .title = Prueba
